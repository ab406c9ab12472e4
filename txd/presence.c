/*
 * Sessions are held by graph; each knows its gateway. Publishing happens under the mutex, so that
 * messages leave in the order of their seq.
 */
#include "txd/presence.h"

#include "common/clock.h"
#include "common/hashmap.h"
#include "common/log.h"
#include "proto/bus.h"
#include "proto/mp.h"
#include "txd/writer.h"

#include <stdlib.h>

struct session {
    struct uuid gateway;
    struct buffer user, state; /* encoded */
    bool marked;               /* seen in the full announcement at hand */
};

struct room { /* the sessions of one graph */
    int64_t seq;
    struct hashmap sessions; /* id -> struct session */
};

struct gateway {
    struct uuid id;
    int64_t heard_us;
};

struct presence {
    struct server *server;
    struct uuid incarnation;
    pthread_mutex_t mutex;
    struct hashmap rooms;    /* graph -> struct room */
    struct hashmap gateways; /* uuid -> struct gateway */
};

/* What changed in one room, on its way to the feed. */
struct changes {
    struct buffer joined, updated, left;
    uint32_t joined_count, updated_count, left_count;
};

static const struct value empty = { .type = VALUE_VECTOR };

static void changes_release(struct changes *changes)
{
    buffer_release(&changes->joined);
    buffer_release(&changes->updated);
    buffer_release(&changes->left);
}

static void session_free(struct session *session)
{
    buffer_release(&session->user);
    buffer_release(&session->state);
    free(session);
}

/* Encodes `value` (nil when NULL) into `slot`; true when that changed it. */
static bool slot_set(struct buffer *slot, const struct value *value)
{
    struct value nil = value_nil();
    struct buffer fresh = { 0 };

    mp_write(&fresh, value ? value : &nil);
    if (bytes_equal(buffer_bytes(&fresh), buffer_bytes(slot))) {
        buffer_release(&fresh);
        return false;
    }
    buffer_release(slot);
    *slot = fresh;
    return true;
}

/* {"session", "state"}, with `user` when asked. */
static void write_session(struct buffer *out, struct bytes id, const struct session *session,
                          bool user)
{
    mp_write_map(out, user ? 3 : 2);
    mp_write_string(out, BYTES("session"));
    mp_write_string(out, id);
    if (user) {
        mp_write_string(out, BYTES("user"));
        buffer_append_bytes(out, buffer_bytes(&session->user));
    }
    mp_write_string(out, BYTES("state"));
    buffer_append_bytes(out, buffer_bytes(&session->state));
}

static void session_joins(struct room *room, struct uuid gateway, const struct value *announced,
                          bool mark, struct changes *changes)
{
    struct bytes id = bus_text(announced, "session");
    struct session *session = hashmap_get(&room->sessions, id);
    bool fresh = !session || !uuid_equal(&session->gateway, &gateway);

    if (!session) {
        session = xcalloc(1, sizeof(*session));
        hashmap_put(&room->sessions, id, session);
    }
    session->gateway = gateway;
    session->marked = mark;
    bool changed = slot_set(&session->user, value_get(announced, "user"));
    changed = slot_set(&session->state, value_get(announced, "state")) || changed;
    if (fresh || changed) {
        write_session(&changes->joined, id, session, true);
        changes->joined_count++;
    }
}

static void session_updates(struct room *room, const struct value *announced,
                            struct changes *changes)
{
    struct bytes id = bus_text(announced, "session");
    struct session *session = hashmap_get(&room->sessions, id);

    if (session && slot_set(&session->state, value_get(announced, "state"))) {
        write_session(&changes->updated, id, session, false);
        changes->updated_count++;
    }
}

static void session_leaves(struct room *room, struct bytes id, struct changes *changes)
{
    struct session *session = hashmap_remove(&room->sessions, id);

    if (!session)
        return;
    mp_write_string(&changes->left, id);
    changes->left_count++;
    session_free(session);
}

/* Ends the sessions of the gateway that are not marked (with `all`, marked or not). */
static void sessions_sweep(struct room *room, struct uuid gateway, bool all,
                           struct changes *changes)
{
    struct arena arena = { 0 };
    struct value_builder gone = { 0 };
    struct hashmap_entry *entry;

    for (size_t at = 0; (entry = hashmap_next(&room->sessions, &at));) {
        struct session *session = entry->value;
        if (uuid_equal(&session->gateway, &gateway) && (all || !session->marked))
            value_builder_add(&gone, &arena, value_string(arena_copy(&arena, entry->key)));
        session->marked = false;
    }
    for (size_t i = 0; i < gone.count; i++)
        session_leaves(room, gone.items[i].text, changes);
    arena_release(&arena);
}

static void write_list(struct buffer *out, struct bytes name, const struct buffer *items,
                       uint32_t count)
{
    mp_write_string(out, name);
    mp_write_array(out, count);
    buffer_append_bytes(out, buffer_bytes(items));
}

static void publish(struct presence *presence, struct bytes graph, struct room *room,
                    struct changes *changes)
{
    struct value incarnation = value_uuid(presence->incarnation);
    struct buffer message = { 0 };
    struct arena arena = { 0 };

    if (changes->joined_count || changes->updated_count || changes->left_count) {
        mp_write_map(&message, 6);
        mp_write_string(&message, BYTES("type"));
        mp_write_string(&message, BYTES("presence"));
        mp_write_string(&message, BYTES("incarnation"));
        mp_write(&message, &incarnation);
        mp_write_string(&message, BYTES("seq"));
        mp_write_long(&message, ++room->seq);
        write_list(&message, BYTES("joined"), &changes->joined, changes->joined_count);
        write_list(&message, BYTES("updated"), &changes->updated, changes->updated_count);
        write_list(&message, BYTES("left"), &changes->left, changes->left_count);
        server_publish(presence->server, graph_topic(&arena, graph), buffer_bytes(&message));
    }
    changes_release(changes);
    buffer_release(&message);
    arena_release(&arena);
}

static struct room *room_of(struct presence *presence, struct bytes graph)
{
    struct room *room = hashmap_get(&presence->rooms, graph);

    if (!room) {
        room = xcalloc(1, sizeof(*room));
        hashmap_put(&presence->rooms, graph, room);
    }
    return room;
}

static const struct value *list_of(const struct value *map, const char *name)
{
    const struct value *list = value_get(map, name);

    return list && list->type == VALUE_VECTOR ? list : &empty;
}

static void room_announce(struct presence *presence, struct uuid gateway, struct bytes graph,
                          const struct value *announced, bool full)
{
    struct room *room = room_of(presence, graph);
    struct changes changes = { 0 };
    const struct value *joined = list_of(announced, "joined"),
                       *updated = list_of(announced, "updated"), *left = list_of(announced, "left");

    for (uint32_t i = 0; i < joined->count; i++)
        session_joins(room, gateway, &joined->items[i], full, &changes);
    for (uint32_t i = 0; i < updated->count; i++)
        session_updates(room, &updated->items[i], &changes);
    for (uint32_t i = 0; i < left->count; i++)
        if (left->items[i].type == VALUE_STRING)
            session_leaves(room, left->items[i].text, &changes);
    if (full)
        sessions_sweep(room, gateway, false, &changes);
    publish(presence, graph, room, &changes);
}

/* Of a full announcement: rooms that it does not name hold no session of the gateway. */
static void rooms_sweep(struct presence *presence, struct uuid gateway, const struct value *graphs)
{
    struct hashmap_entry *entry;

    for (size_t at = 0; (entry = hashmap_next(&presence->rooms, &at));) {
        struct changes changes = { 0 };
        bool named = false;
        for (uint32_t i = 0; graphs && i < graphs->count && !named; i++)
            named = bytes_equal(graphs->items[(size_t)2 * i].text, entry->key);
        if (named)
            continue;
        sessions_sweep(entry->value, gateway, true, &changes);
        publish(presence, entry->key, entry->value, &changes);
    }
}

static void gateway_heard(struct presence *presence, struct uuid id)
{
    struct bytes key = { (const char *)id.octets, sizeof(id.octets) };
    struct gateway *gateway = hashmap_get(&presence->gateways, key);

    if (!gateway) {
        gateway = xcalloc(1, sizeof(*gateway));
        gateway->id = id;
        hashmap_put(&presence->gateways, key, gateway);
    }
    gateway->heard_us = clock_monotonic_us();
}

static bool graphs_check(const struct value *graphs, struct error *err)
{
    if (graphs && graphs->type != VALUE_MAP)
        return fail(err, ERROR_INCORRECT, "\"graphs\" must be a map");
    for (uint32_t i = 0; graphs && i < graphs->count; i++)
        if (graphs->items[(size_t)2 * i].type != VALUE_STRING)
            return fail(err, ERROR_INCORRECT, "a key of \"graphs\" is no string");
    return true;
}

void presence_announce(struct presence *presence, struct request *request)
{
    const struct value *graphs = value_get(&request->body, "graphs");
    struct value incarnation = value_uuid(presence->incarnation);
    struct uuid gateway;
    struct error err;
    bool full = false;

    if (graphs && graphs->type == VALUE_NIL)
        graphs = NULL;
    if (!bus_field_uuid(&request->body, "gateway", true, &gateway, &err) ||
        !bus_field_flag(&request->body, "full", &full, &err) || !graphs_check(graphs, &err)) {
        server_reply_error(request, &err);
        return;
    }
    pthread_mutex_lock(&presence->mutex);
    gateway_heard(presence, gateway);
    for (uint32_t i = 0; graphs && i < graphs->count; i++)
        room_announce(presence, gateway, graphs->items[(size_t)2 * i].text,
                      &graphs->items[(size_t)2 * i + 1], full);
    if (full)
        rooms_sweep(presence, gateway, graphs);
    pthread_mutex_unlock(&presence->mutex);
    mp_write_map(&request->reply, 1);
    mp_write_string(&request->reply, BYTES("incarnation"));
    mp_write(&request->reply, &incarnation);
    server_reply(request);
}

void presence_read(struct presence *presence, struct request *request)
{
    struct value incarnation = value_uuid(presence->incarnation);
    struct buffer *reply = &request->reply;
    struct hashmap_entry *entry;
    struct bytes graph;
    struct error err;

    if (!bus_field_text(&request->body, "graph", true, &graph, &err)) {
        server_reply_error(request, &err);
        return;
    }
    pthread_mutex_lock(&presence->mutex);
    struct room *room = hashmap_get(&presence->rooms, graph);
    mp_write_map(reply, 3);
    mp_write_string(reply, BYTES("incarnation"));
    mp_write(reply, &incarnation);
    mp_write_string(reply, BYTES("seq"));
    mp_write_long(reply, room ? room->seq : 0);
    mp_write_string(reply, BYTES("sessions"));
    mp_write_array(reply, room ? (uint32_t)room->sessions.count : 0);
    for (size_t at = 0; room && (entry = hashmap_next(&room->sessions, &at));)
        write_session(reply, entry->key, entry->value, true);
    pthread_mutex_unlock(&presence->mutex);
    server_reply(request);
}

void presence_expire(struct presence *presence)
{
    int64_t limit_us = clock_monotonic_us() - (int64_t)BUS_LEASE_MS * 1000;
    struct hashmap_entry *entry;
    char text[UUID_TEXT_BYTES];

    pthread_mutex_lock(&presence->mutex);
    for (size_t at = 0; (entry = hashmap_next(&presence->gateways, &at));) {
        struct gateway *gateway = entry->value;
        if (gateway->heard_us >= limit_us)
            continue;
        log_warn("gateway %s is silent: its sessions end", uuid_format(&gateway->id, text));
        rooms_sweep(presence, gateway->id, NULL);
        hashmap_remove(&presence->gateways,
                       (struct bytes){ (const char *)gateway->id.octets, sizeof(gateway->id) });
        free(gateway);
        at = 0; /* the map changed */
    }
    pthread_mutex_unlock(&presence->mutex);
}

struct presence *presence_open(struct server *server, struct uuid incarnation)
{
    struct presence *presence = xcalloc(1, sizeof(*presence));

    presence->server = server;
    presence->incarnation = incarnation;
    pthread_mutex_init(&presence->mutex, NULL);
    return presence;
}

void presence_close(struct presence *presence)
{
    struct hashmap_entry *entry, *inner;

    if (!presence)
        return;
    for (size_t at = 0; (entry = hashmap_next(&presence->rooms, &at));) {
        struct room *room = entry->value;
        for (size_t i = 0; (inner = hashmap_next(&room->sessions, &i));)
            session_free(inner->value);
        hashmap_release(&room->sessions);
        free(room);
    }
    for (size_t at = 0; (entry = hashmap_next(&presence->gateways, &at));)
        free(entry->value);
    hashmap_release(&presence->rooms);
    hashmap_release(&presence->gateways);
    pthread_mutex_destroy(&presence->mutex);
    free(presence);
}
