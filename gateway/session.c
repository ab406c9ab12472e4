#include "gateway/session.h"

#include "common/clock.h"
#include "gateway/errand.h"
#include "gateway/feed.h"
#include "gateway/hello.h"
#include "gateway/metrics.h"
#include "gateway/session_send.h"
#include "proto/message.h"

#include <assert.h>
#include <stdlib.h>

struct early {
    struct early *next;
    bool binary;
    uint32_t index; /* of the first message that was not handled, in a vector of them */
    size_t len;
    char data[];
};

/* --- messages --- */

/* A bucket that holds one second's messages. */
static bool within_rate(struct session *session)
{
    int64_t rate = session->gateway->settings->rate_limit, now = clock_monotonic_us();

    if (rate == 0)
        return true;
    session->tokens += (double)(now - session->tokens_us) * (double)rate / 1e6;
    session->tokens_us = now;
    if (session->tokens > (double)rate)
        session->tokens = (double)rate;
    if (session->tokens < 1)
        return false;
    session->tokens -= 1;
    return true;
}

static void handle_early(struct session *session);

static void handle_first(struct session *session, const struct value *map)
{
    struct message message;
    struct error error;

    if (!message_is(map, MESSAGE_HELLO))
        session_end(session, CLOSE_NO_HELLO_FIRST, "the first message is hello");
    else if (!message_read(map, &message, &error))
        hello_refuse(session, message_id(map), &error);
    else
        hello_start(session, &message, handle_early);
}

static void handle(struct session *session, const struct value *map)
{
    struct message message;
    struct error error;

    metrics_add(METRIC_MESSAGES_IN, 1);
    if (session->state == SESSION_OPENED) {
        handle_first(session, map);
        return;
    }
    bool ok = message_read(map, &message, &error);
    if (!within_rate(session)) {
        fail(&error, ERROR_BUSY, "more than %lld messages a second; try again later",
             (long long)session->gateway->settings->rate_limit);
        ok = false;
    }
    if (!ok)
        session_send_error(session, message_id(map), &error);
    else if (message.type == MESSAGE_HELLO)
        session_end(session, CLOSE_SECOND_HELLO, "a second hello");
    else if (message.type == MESSAGE_PRESENCE)
        presence_update(session->room->presence, session->id, message.fields[FIELD_STATE]);
    else
        errand_start(session, &message);
}

/* --- frames --- */

/* Keeps what came before the welcome. */
static void keep_early(struct session *session, struct bytes frame, bool binary, uint32_t index)
{
    struct early **at = &session->early;

    session->early_bytes += frame.len;
    if (session->early_bytes > (size_t)session->gateway->settings->frame_bytes) {
        session_end(session, CLOSE_POLICY, "too much before the welcome");
        return;
    }
    while (*at)
        at = &(*at)->next;
    *at = xmalloc(sizeof(**at) + frame.len);
    **at = (struct early){ .binary = binary, .index = index, .len = frame.len };
    memcpy((*at)->data, frame.data, frame.len);
}

static void receive_from(struct session *session, struct bytes frame, bool binary, uint32_t index);

static void free_early(struct session *session)
{
    while (session->early) {
        struct early *early = session->early;
        session->early = early->next;
        free(early);
    }
    session->early_bytes = 0;
}

static void handle_early(struct session *session)
{
    struct early *early = session->early;

    session->early = NULL;
    session->early_bytes = 0;
    while (early) {
        struct early *next = early->next;
        if (session->state != SESSION_ENDING)
            receive_from(session, (struct bytes){ early->data, early->len }, early->binary,
                         early->index);
        free(early);
        early = next;
    }
    session->operations->pause(session->socket, false);
}

/* A frame that is formed as it should be holds a mistake of one message, which is answered. */
static void refuse_frame(struct session *session, struct bytes frame, const struct error *error)
{
    struct arena arena = { 0 };
    struct bytes text;
    struct value value;
    struct error ignored;
    const struct value *id = NULL;

    if (!decode_formed(frame, session->encoding, &text)) {
        session_end(session, CLOSE_NOT_DECODED, "the frame cannot be decoded");
        return;
    }
    if (text.len && decode_value(text, session->encoding, &arena, &value, &ignored) &&
        message_id_valid(&value))
        id = &value;
    if (session->state == SESSION_OPENED)
        hello_refuse(session, id, error);
    else
        session_send_error(session, id, error);
    arena_release(&arena);
}

static void receive_from(struct session *session, struct bytes frame, bool binary, uint32_t index)
{
    struct arena arena = session->gateway->arena;
    struct value value;
    struct error error;

    if (binary != (session->encoding == ENCODING_MSGPACK)) {
        session_end(session, CLOSE_NOT_ACCEPTED,
                    binary ? "binary on stoa.v1.json" : "text on stoa.v1.msgpack");
        return;
    }
    session->gateway->arena = (struct arena){ 0 }; /* ours until we give it back */
    if (!decode_value(frame, session->encoding, &arena, &value, &error)) {
        refuse_frame(session, frame, &error);
    } else if (!value_is_sequence(&value)) {
        handle(session, &value);
    } else {
        for (; index < value.count && session->state != SESSION_ENDING; index++) {
            if (session->state == SESSION_GREETED) {
                keep_early(session, frame, binary, index);
                break;
            }
            handle(session, &value.items[index]);
        }
    }
    arena_reset(&arena);
    arena_release(&session->gateway->arena);
    session->gateway->arena = arena;
}

void session_receive(struct session *session, struct bytes frame, bool binary)
{
    metrics_add(METRIC_BYTES_IN, (int64_t)frame.len);
    if (session->state == SESSION_ENDING)
        return;
    if (session->state == SESSION_GREETED)
        keep_early(session, frame, binary, 0);
    else
        receive_from(session, frame, binary, 0);
    if (session->room)
        room_settle(session->room);
}

/* --- time --- */

static bool is_answered(const struct session *session)
{
    return session->requests_count == 0 && session->outbox.held_count == 0;
}

/* Nobody sees it any more. */
static void leave_presence(struct session *session)
{
    if (!session->wants_presence && !session->told_presence)
        return;
    session->wants_presence = session->told_presence = false;
    metrics_add(METRIC_SESSIONS, -1);
    presence_leave(session->room->presence, session->id);
}

void session_tick(struct session *session, int64_t now_us)
{
    const struct settings *settings = session->gateway->settings;

    if (session->state == SESSION_ENDING) /* its socket may stay until the client has read all */
        leave_presence(session);
    if (session->state == SESSION_OPENED &&
        now_us > session->opened_us + settings->hello_seconds * 1000000)
        session_end(session, CLOSE_HELLO_TIMEOUT, "no hello");
    if (session->draining && (is_answered(session) || now_us > session->gateway->drain_until_us))
        session_end(session, CLOSE_RESTART, "this gateway is going away");
    if (session->state != SESSION_FEED && session->state != SESSION_SNAPSHOT)
        return;
    feed_pump(session);
    feed_heartbeat(session, now_us);
}

void session_drain(struct session *session, int64_t retry_ms)
{
    struct arena arena = { 0 };
    struct value_builder map = { 0 };

    if (session->draining || session->state == SESSION_ENDING)
        return;
    session->draining = true;
    value_builder_entry(&map, &arena, "type", value_string(BYTES("goaway")));
    value_builder_entry(&map, &arena, "retry_ms", value_long(retry_ms));
    struct value message = value_builder_end(&map, VALUE_MAP);
    session_send_value(session, &message);
    arena_release(&arena);
    if (is_answered(session))
        session_end(session, CLOSE_RESTART, "this gateway is going away");
}

/* --- life --- */

void session_link(struct session *session, struct session **list)
{
    session->next = *list;
    session->previous = NULL;
    if (session->next)
        session->next->previous = session;
    *list = session;
}

void session_unlink(struct session *session, struct session **list)
{
    if (session->previous)
        session->previous->next = session->next;
    else
        *list = session->next;
    if (session->next)
        session->next->previous = session->previous;
}

struct session *session_open(struct gateway *gateway, struct bytes graph, enum encoding encoding,
                             const struct session_operations *operations, void *socket)
{
    struct session *session = xcalloc(1, sizeof(*session));
    struct uuid id = uuid_random();

    assert(room_name_valid(graph));
    session->gateway = gateway;
    session->operations = operations;
    session->socket = socket;
    session->encoding = encoding;
    memcpy(session->graph, graph.data, graph.len);
    uuid_format(&id, session->id);
    outbox_open(&session->outbox);
    session->opened_us = session->sent_us = session->tokens_us = clock_monotonic_us();
    session->tokens = (double)gateway->settings->rate_limit;
    session_link(session, &gateway->opened);
    return session;
}

void session_close(struct session *session)
{
    if (session->room) {
        leave_presence(session);
        pages_cancel(&session->room->pages, session);
        room_leave(session->room, session);
    } else {
        session_unlink(session, &session->gateway->opened);
    }
    errands_abandon(session);
    outbox_clear(&session->outbox);
    free_early(session);
    blob_release(session->user);
    blob_release(session->presence);
    blob_release(session->page);
    blob_release(session->page_after);
    free(session);
}
