#include "gateway/hello.h"

#include "common/clock.h"
#include "gateway/auth.h"
#include "gateway/errand.h"
#include "gateway/feed.h"
#include "gateway/metrics.h"
#include "gateway/session_send.h"
#include "proto/bus.h"
#include "proto/mp.h"

#define TIMEOUT_MS  10000
#define PATIENCE_MS 1500

void hello_refuse(struct session *session, const struct value *id, const struct error *error)
{
    bool later = error->kind == ERROR_UNAVAILABLE || error->kind == ERROR_BUSY;

    session_send_error(session, id, error);
    session_end(session,
                error->kind == ERROR_FORBIDDEN ? CLOSE_FORBIDDEN
                : later                        ? CLOSE_TRY_LATER
                                               : CLOSE_POLICY,
                "the hello failed");
}

/* --- the welcome --- */

static struct value limits_value(const struct session *session, struct arena *arena)
{
    struct value_builder map = { 0 };

    value_builder_entry(&map, arena, "frame_bytes",
                        value_long(session->gateway->settings->frame_bytes));
    value_builder_entry(&map, arena, "tx_ops", value_long(LIMIT_TX_OPS));
    value_builder_entry(&map, arena, "in_flight", value_long(LIMIT_IN_FLIGHT));
    return value_builder_end(&map, VALUE_MAP);
}

static void send_welcome(struct session *session, const struct value *id, struct bytes how,
                         uint32_t t)
{
    struct arena arena = { 0 };
    struct value_builder map = { 0 };

    value_builder_entry(&map, &arena, "type", value_string(BYTES("welcome")));
    value_builder_entry(&map, &arena, "re", *id);
    value_builder_entry(&map, &arena, "session", value_string(bytes_of(session->id)));
    value_builder_entry(&map, &arena, "graph", value_string(bytes_of(session->graph)));
    value_builder_entry(&map, &arena, "epoch", value_uuid(session->epoch));
    value_builder_entry(&map, &arena, "t", value_long(t));
    value_builder_entry(&map, &arena, "sync", value_string(how));
    value_builder_entry(&map, &arena, "server", value_string(BYTES("stoa " STOA_VERSION)));
    value_builder_entry(&map, &arena, "ping_ms", value_long(session->gateway->settings->ping_ms));
    value_builder_entry(&map, &arena, "limits", limits_value(session, &arena));
    struct value message = value_builder_end(&map, VALUE_MAP);
    session_send_value(session, &message);
    arena_release(&arena);
}

static void join_presence(struct session *session)
{
    struct arena arena = { 0 };
    struct value user, state;
    struct error error;

    session->wants_presence = true;
    if (mp_read(blob_bytes(session->user), &arena, &user, &error) &&
        mp_read(blob_bytes(session->presence), &arena, &state, &error))
        presence_join(session->room->presence, session->id, &user, &state);
    blob_release(session->presence);
    session->presence = NULL;
    arena_release(&arena);
}

static void welcome(struct session *session, const struct value *id, const struct value *answer)
{
    struct bytes how = bus_text(answer, "sync");
    uint32_t t = (uint32_t)bus_number(answer, "t");

    metrics_add(METRIC_SESSIONS, 1);
    relay_position(&session->room->relay, &session->epoch, t, bus_text(answer, "checksum"));
    send_welcome(session, id, how, t);
    join_presence(session);
    feed_begin(session, answer, how);
    session->welcomed(session);
}

/* --- the hello --- */

static void on_sync(void *arg, const struct value *answer, const struct error *error)
{
    struct errand *errand = arg;
    struct arena arena = { 0 };
    struct value id = value_copy(&arena, &errand->id);
    int64_t started_us = errand->started_us;
    struct session *session = errand_close(errand);
    struct error fault;

    if (session && session->state == SESSION_GREETED) {
        if (!error && !bus_field_uuid(answer, "epoch", true, &session->epoch, &fault))
            error = &fault;
        if (error) {
            hello_refuse(session, &id, error);
        } else {
            metrics_observe(HISTOGRAM_SYNC, clock_monotonic_us() - started_us);
            welcome(session, &id, answer);
        }
    }
    arena_release(&arena);
}

static void ask_sync(struct session *session, const struct message *message)
{
    struct buffer text = { 0 };
    struct error error;
    struct uuid epoch;
    bool has_epoch = message_uuid(message, FIELD_EPOCH, &epoch);

    mp_write_map(&text, 3u + has_epoch + (message->fields[FIELD_SINCE] != NULL));
    mp_write_string(&text, BYTES("type"));
    mp_write_string(&text, BYTES("sync"));
    mp_write_string(&text, BYTES("graph"));
    mp_write_string(&text, bytes_of(session->graph));
    mp_write_string(&text, BYTES("sync"));
    mp_write_string(&text, message_text(message, FIELD_SYNC, "auto"));
    if (message->fields[FIELD_SINCE]) {
        mp_write_string(&text, BYTES("since"));
        mp_write(&text, message->fields[FIELD_SINCE]);
    }
    if (has_epoch) {
        struct value value = value_uuid(epoch);
        mp_write_string(&text, BYTES("epoch"));
        mp_write(&text, &value);
    }
    struct bus_call call = { .request = buffer_bytes(&text),
                             .class = BUS_QUICK,
                             .repeatable = true,
                             .timeout_ms = TIMEOUT_MS,
                             .patience_ms = PATIENCE_MS,
                             .fn = on_sync,
                             .arg = errand_open(session, message->fields[FIELD_ID]) };
    if (!bus_request(session->gateway->bus, &call, &error))
        on_sync(call.arg, NULL, &error);
    buffer_release(&text);
}

void hello_start(struct session *session, const struct message *message,
                 void (*welcomed)(struct session *session))
{
    const struct value *id = message->fields[FIELD_ID], *since = message->fields[FIELD_SINCE];
    struct value none = value_collection(VALUE_MAP, NULL, 0), user;
    struct arena arena = { 0 };
    struct error error;
    struct room *room;

    if (session->gateway->draining) {
        fail(&error, ERROR_UNAVAILABLE, "this gateway is going away");
        hello_refuse(session, id, &error);
    } else if (!auth_check(message, &arena, &user, &error) ||
               !room_get(session->gateway, bytes_of(session->graph), &room, &error)) {
        hello_refuse(session, id, &error);
    } else {
        const struct value *state = message->fields[FIELD_STATE];
        session->welcomed = welcomed;
        session->user = encode_blob(ENCODING_MSGPACK, &user);
        session->presence = encode_blob(ENCODING_MSGPACK, state ? state : &none);
        session->state = SESSION_GREETED;
        session->next_t = since && since->number < UINT32_MAX ? (uint32_t)since->number + 1 : 0;
        session->operations->pause(session->socket, true);
        room_enter(room, session); /* before txd is asked, so that the feed misses nothing */
        ask_sync(session, message);
    }
    arena_release(&arena);
}
