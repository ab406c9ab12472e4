#include "gateway/room.h"

#include "common/clock.h"
#include "gateway/forward.h"
#include "gateway/session.h"
#include "proto/bus.h"

#include <stdio.h>
#include <stdlib.h>

#define ROOMS_MAX      4096
#define FORGET_US      30000000
#define LOG_TIMEOUT_MS 30000
#define RING_BYTES_MIN ((size_t)8 << 20)

bool room_name_valid(struct bytes name)
{
    if (name.len == 0 || name.len > LIMIT_GRAPH_NAME_BYTES)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!letter && (i == 0 || (c != '_' && c != '-')))
            return false;
    }
    return true;
}

/* --- the relay's --- */

static void on_log(void *arg, const struct value *answer, const struct error *error)
{
    struct room *room = arg;
    const struct value *messages = error ? NULL : value_get(answer, "txs");

    room->fetching = false;
    if (error && (error->kind == ERROR_NOT_FOUND || error->kind == ERROR_CONFLICT) &&
        room->relay.positioned && uuid_equal(&room->fetch_epoch, &room->relay.epoch))
        relay_break(&room->relay);
    if (!messages || !value_is_sequence(messages) || !room->relay.positioned ||
        !uuid_equal(&room->fetch_epoch, &room->relay.epoch))
        relay_log_failed(&room->relay);
    else /* from the t that was asked for; what has come otherwise since is passed over */
        relay_log(&room->relay, room->fetch_from, messages->items, messages->count,
                  (uint32_t)bus_number(answer, "t"), bus_text(answer, "checksum"));
    room_settle(room);
}

static void fetch_log(void *arg, uint32_t from)
{
    struct room *room = arg;
    const struct forward_log log = { .graph = bytes_of(room->name),
                                     .epoch = room->relay.epoch,
                                     .from = from };

    room->fetching = true;
    room->fetch_epoch = room->relay.epoch;
    room->fetch_from = from;
    forward_log(room->gateway->bus, &log, on_log, room);
}

static void on_advanced(void *arg)
{
    struct room *room = arg;

    room->advanced = true;
}

static void on_broken(void *arg)
{
    struct room *room = arg;

    room->broken = true;
}

static const struct relay_operations relay_operations = {
    .fetch = fetch_log,
    .advanced = on_advanced,
    .broken = on_broken,
};

/* --- presence --- */

static struct value presence_message(const char *key, const struct value *rest, struct arena *arena)
{
    struct value_builder map = { 0 };

    value_builder_entry(&map, arena, "type", value_string(BYTES("presence")));
    if (key) {
        value_builder_entry(&map, arena, "full", value_boolean(true));
        value_builder_entry(&map, arena, key, *rest);
    } else {
        for (uint32_t i = 0; i < 2 * rest->count; i++)
            value_builder_add(&map, arena, rest->items[i]);
    }
    return value_builder_end(&map, VALUE_MAP);
}

/* Sends the message to the sessions that have had the full set, or to those that have not. */
static void send_presence(struct room *room, const struct value *message, bool full)
{
    struct blob *encoded[ENCODINGS] = { 0 };

    for (struct session *at = room->sessions; at; at = at->next) {
        if (!(full ? at->wants_presence : at->told_presence))
            continue;
        if (!encoded[at->encoding])
            encoded[at->encoding] = encode_blob(at->encoding, message);
        session_send(at, encoded[at->encoding]);
        if (full) {
            at->wants_presence = false;
            at->told_presence = true;
        }
    }
    for (size_t i = 0; i < ENCODINGS; i++)
        blob_release(encoded[i]);
}

static void tell_presence(void *arg, const struct value *changes)
{
    struct room *room = arg;
    struct arena arena = { 0 };
    bool newcomers = false;

    if (changes) {
        struct value message = presence_message(NULL, changes, &arena);
        send_presence(room, &message, false);
    }
    for (struct session *at = room->sessions; at; at = at->next)
        newcomers = newcomers || at->wants_presence;
    if (newcomers) {
        struct value sessions = presence_full(room->presence, &arena);
        struct value message = presence_message("sessions", &sessions, &arena);
        send_presence(room, &message, true);
    }
    arena_release(&arena);
}

static const struct presence_operations presence_operations = { .tell = tell_presence };

/* --- following the feed --- */

static struct bytes topic_of(const struct room *room, char topic[LIMIT_GRAPH_NAME_BYTES + 3])
{
    int len = snprintf(topic, LIMIT_GRAPH_NAME_BYTES + 3, BUS_TOPIC_GRAPH "%s", room->name);

    return (struct bytes){ topic, (size_t)len };
}

/* Twice what may wait for a socket: one that falls behind little by little must be seen to be slow
 * (feed.c) while what it was not sent is still here, and not be served from the log for ever. */
static size_t ring_bytes(const struct settings *settings)
{
    size_t bytes = 2 * (size_t)settings->socket_queue_bytes;

    return bytes > RING_BYTES_MIN ? bytes : RING_BYTES_MIN;
}

static void follow(struct room *room)
{
    char topic[LIMIT_GRAPH_NAME_BYTES + 3];

    room->following = true;
    relay_open(&room->relay, ring_bytes(room->gateway->settings), &relay_operations, room);
    pages_open(&room->pages, room->gateway->bus, room->name);
    room->presence =
        presence_graph_open(room->gateway->presence, room->name, &presence_operations, room);
    bus_subscribe(room->gateway->bus, topic_of(room, topic));
}

static void unfollow(struct room *room)
{
    char topic[LIMIT_GRAPH_NAME_BYTES + 3];

    if (!room->following)
        return;
    room->following = false;
    bus_unsubscribe(room->gateway->bus, topic_of(room, topic));
    presence_graph_close(room->presence);
    room->presence = NULL;
    pages_close(&room->pages);
    relay_close(&room->relay);
}

void room_answered(struct room *room, struct session *session)
{
    if (session->answered)
        return;
    session->answered = true;
    session->answered_next = room->answered;
    room->answered = session;
}

static void forget_answered(struct room *room, const struct session *session)
{
    struct session **at = &room->answered;

    while (*at && *at != session)
        at = &(*at)->answered_next;
    if (*at)
        *at = session->answered_next;
}

void room_enter(struct room *room, struct session *session)
{
    if (!room->following)
        follow(room);
    session_unlink(session, &room->gateway->opened);
    session->room = room;
    session_link(session, &room->sessions);
    room->sessions_count++;
}

void room_leave(struct room *room, struct session *session)
{
    forget_answered(room, session);
    session_unlink(session, &room->sessions);
    session->room = NULL;
    room->sessions_count--;
    room->used_us = clock_monotonic_us();
}

static void feed_dropped(struct room *room)
{
    room->dropped = true;
    relay_break(&room->relay);
}

/* relay_tx() for what the feed brings, relay_answer() for what an answer does. */
typedef void (*take_tx)(struct relay *relay, const struct uuid *epoch, uint32_t t,
                        struct bytes checksum, struct bytes message);

/* Those of a message, when it has any. Each is [t, checksum, message]. */
static void take_transactions(struct room *room, const struct uuid *epoch,
                              const struct value *message, take_tx take)
{
    const struct value *txs = value_get(message, "txs");

    for (uint32_t i = 0; txs && txs->type == VALUE_VECTOR && i < txs->count; i++) {
        const struct value *tx = &txs->items[i];
        if (tx->type == VALUE_VECTOR && tx->count == 3 && tx->items[0].type == VALUE_LONG &&
            tx->items[1].type == VALUE_STRING && tx->items[2].type == VALUE_BYTES)
            take(&room->relay, epoch, (uint32_t)tx->items[0].number, tx->items[1].text,
                 tx->items[2].text);
    }
}

static void on_lane_answer(void *arg, const struct value *answer)
{
    struct uuid epoch;
    struct error error;

    if (bus_field_uuid(answer, "epoch", true, &epoch, &error))
        take_transactions(arg, &epoch, answer, relay_answer);
}

void room_feed(struct room *room, const struct value *message)
{
    struct bytes type = bus_text(message, "type"), checksum = bus_text(message, "checksum");
    uint32_t t = (uint32_t)bus_number(message, "t");
    struct uuid epoch;
    struct error error;

    if (!room->following)
        return;
    if (bytes_equal(type, BYTES("presence"))) {
        presence_feed(room->presence, message);
    } else if (bytes_equal(type, BYTES("dropped"))) {
        feed_dropped(room);
    } else if (bus_field_uuid(message, "epoch", true, &epoch, &error)) {
        if (bytes_equal(type, BYTES("txs")))
            take_transactions(room, &epoch, message, relay_tx);
        else if (bytes_equal(type, BYTES("head")))
            relay_head(&room->relay, &epoch, t, checksum);
    }
}

/* Sessions that are only just asking how to get in step learn it of the new graph. */
static void end_sessions(struct room *room)
{
    for (struct session *next, *at = room->sessions; at; at = next) {
        next = at->next;
        if (at->state != SESSION_SNAPSHOT && at->state != SESSION_FEED)
            continue;
        if (room->dropped)
            session_end(at, CLOSE_GOING_AWAY, "the graph was dropped");
        else
            session_end(at, CLOSE_RESTART, "the graph has another log");
    }
}

/* Those whose results are there; what is not sent now stays on the list. */
static void tell_answered(struct room *room, int64_t now_us)
{
    struct session *next, *at = room->answered;

    room->answered = NULL;
    for (; at; at = next) {
        next = at->answered_next;
        at->answered = false;
        if (session_own(at) == PACE_OWN_ANSWERED)
            session_advanced(at, now_us);
        else if (outbox_held_t(&at->outbox))
            room_answered(room, at);
    }
}

/* True when some are left to be told later, in *wait_us at the latest. */
static bool tell_all(struct room *room, int64_t now_us, int64_t *wait_us)
{
    bool left = false;

    for (struct session *next, *at = room->sessions; at; at = next) {
        next = at->next;
        if (pace_tells(&room->pace, session_own(at), at->told_us, now_us, wait_us))
            session_advanced(at, now_us);
        else
            left = true;
    }
    return left;
}

void room_settle(struct room *room)
{
    int64_t now_us = clock_monotonic_us(), wait_us = INT64_MAX;

    if (room->broken)
        end_sessions(room);
    room->broken = room->dropped = false;
    tell_answered(room, now_us);
    if (!room->advanced)
        return;
    if (pace_due(&room->pace, room->sessions_count, now_us, &wait_us))
        room->advanced = tell_all(room, now_us, &wait_us);
    if (wait_us < INT64_MAX)
        room->gateway->loop.within(room->gateway->loop.arg, wait_us);
}

/* --- life --- */

bool room_get(struct gateway *gateway, struct bytes name, struct room **out, struct error *err)
{
    struct room *room = room_find(gateway, name);

    if (!room_name_valid(name))
        return fail(err, ERROR_INCORRECT, "\"%.*s\" is no graph's name: [a-z0-9][a-z0-9_-]{0,62}",
                    BYTES_ARG(name));
    if (!room && gateway->rooms.count >= ROOMS_MAX)
        return fail(err, ERROR_BUSY, "%d graphs are in use on this gateway; try again later",
                    ROOMS_MAX);
    if (!room) {
        room = xcalloc(1, sizeof(*room));
        room->gateway = gateway;
        memcpy(room->name, name.data, name.len);
        for (size_t i = 0; i < ROOM_LANES; i++)
            lane_open(&room->lanes[i], gateway->bus, room->name, on_lane_answer, room);
        hashmap_put(&gateway->rooms, name, room);
    }
    room->used_us = clock_monotonic_us();
    *out = room;
    return true;
}

struct room *room_find(const struct gateway *gateway, struct bytes name)
{
    return hashmap_get(&gateway->rooms, name);
}

struct lane *room_lane(struct room *room, struct bytes key)
{
    return &room->lanes[bytes_hash(key) % ROOM_LANES];
}

static bool is_idle(const struct room *room)
{
    bool idle = room->sessions_count == 0 && !room->fetching;

    for (size_t i = 0; i < ROOM_LANES; i++)
        idle = idle && lane_is_idle(&room->lanes[i]);
    return idle;
}

bool room_tick(struct room *room)
{
    int64_t now = clock_monotonic_us();

    if (room->following) {
        relay_tick(&room->relay);
        pages_tick(&room->pages);
    }
    for (struct session *next, *at = room->sessions; at; at = next) {
        next = at->next;
        session_tick(at, now);
    }
    room_settle(room);
    if (!is_idle(room) || now < room->used_us + FORGET_US)
        return true;
    room_close(room);
    return false;
}

void room_close(struct room *room)
{
    unfollow(room);
    for (size_t i = 0; i < ROOM_LANES; i++)
        lane_close(&room->lanes[i]);
    free(room);
}
