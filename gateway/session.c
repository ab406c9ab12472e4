#include "gateway/session.h"

#include "common/clock.h"
#include "common/log.h"
#include "gateway/auth.h"
#include "gateway/forward.h"
#include "gateway/metrics.h"
#include "proto/bus.h"
#include "proto/message.h"
#include "proto/mp.h"

#include <assert.h>
#include <stdlib.h>

/* Messages are joined into frames of about this size. */
#define FRAME_BYTES_MAX (256 << 10)

/* More of the log or a snapshot is fetched once less than this waits. */
#define LOW_WATER_BYTES (256 << 10)

#define SYNC_TIMEOUT_MS   10000
#define SYNC_PATIENCE_MS  1500
#define QUERY_PATIENCE_MS 1500
#define LOG_TIMEOUT_MS    30000
#define FETCH_AGAIN_US    500000

struct outgoing {
    struct outgoing *next;
    uint32_t after_t; /* of a held result */
    struct blob *blob;
};

struct request {
    struct request *next, **at;
    struct session *session; /* NULL: it is gone */
    struct room *room;
    int64_t started_us;
    bool transacts;
    struct value id; /* a string's text is behind the struct */
};

struct early {
    struct early *next;
    bool binary;
    uint32_t index; /* of the first message that was not handled, in a vector of them */
    size_t len;
    char data[];
};

/* --- what is sent --- */

static void wake(struct session *session)
{
    session->operations->wake(session->socket);
}

static void outbox_clear(struct session *session)
{
    struct outbox *outbox = &session->outbox;

    while (outbox->head) {
        struct outgoing *item = outbox->head;
        outbox->head = item->next;
        blob_release(item->blob);
        free(item);
    }
    outbox->tail = &outbox->head;
    metrics_add(METRIC_QUEUE_BYTES, -(int64_t)outbox->bytes);
    outbox->bytes = 0;
}

static void end_slow(struct session *session)
{
    if (session->state == SESSION_ENDING)
        return;
    metrics_add(METRIC_SLOW_CLOSES, 1);
    session_end(session, CLOSE_TRY_LATER, "reads too slowly");
    outbox_clear(session);
}

/* Takes over the item and its blob. */
static void outbox_push(struct session *session, struct outgoing *item)
{
    struct outbox *outbox = &session->outbox;

    item->next = NULL;
    *outbox->tail = item;
    outbox->tail = &item->next;
    outbox->bytes += item->blob->len;
    metrics_add(METRIC_QUEUE_BYTES, (int64_t)item->blob->len);
    wake(session);
}

static struct outgoing *outgoing_new(struct blob *blob)
{
    struct outgoing *item = xmalloc(sizeof(*item));

    *item = (struct outgoing){ .blob = blob };
    return item;
}

void session_send(struct session *session, struct blob *message)
{
    if (session->state == SESSION_ENDING)
        return;
    if (session->outbox.bytes > (size_t)session->gateway->settings->socket_queue_bytes)
        end_slow(session);
    else
        outbox_push(session, outgoing_new(blob_retain(message)));
}

static void send_value(struct session *session, const struct value *value)
{
    struct blob *blob = encode_blob(session->encoding, value);

    session_send(session, blob);
    blob_release(blob);
}

/* `re` NULL: there is no request to name. */
static void send_error(struct session *session, const struct value *re, const struct error *error)
{
    struct arena arena = { 0 };
    struct value_builder map = { 0 };

    value_builder_entry(&map, &arena, "type", value_string(BYTES("error")));
    if (re)
        value_builder_entry(&map, &arena, "re", *re);
    value_builder_entry(&map, &arena, "code", value_string(bytes_of(error_code(error->kind))));
    value_builder_entry(&map, &arena, "message", value_string(bytes_of(error->message)));
    struct value message = value_builder_end(&map, VALUE_MAP);
    send_value(session, &message);
    metrics_add(METRIC_ERRORS_OUT, 1);
    arena_release(&arena);
}

void session_end(struct session *session, enum close_code code, const char *reason)
{
    if (session->state == SESSION_ENDING)
        return;
    if (session->state == SESSION_GREETED) /* or the client's own close would not be read */
        session->operations->pause(session->socket, false);
    session->state = SESSION_ENDING;
    session->close_code = (uint16_t)code;
    session->close_reason = reason;
    session->ended_us = clock_monotonic_us();
    wake(session);
}

bool session_ended(const struct session *session, uint16_t *code, const char **reason)
{
    if (session->state != SESSION_ENDING || session->outbox.head)
        return false;
    *code = session->close_code;
    *reason = session->close_reason;
    return true;
}

/* --- results that wait for their tx --- */

static void hold(struct session *session, uint32_t t, struct blob *blob)
{
    struct outgoing **at = &session->held, *item = outgoing_new(blob);

    while (*at && (*at)->after_t <= t)
        at = &(*at)->next;
    item->after_t = t;
    item->next = *at;
    *at = item;
    session->held_count++;
}

static void release_held(struct session *session)
{
    while (session->held && session->held->after_t < session->next_t) {
        struct outgoing *item = session->held;
        session->held = item->next;
        session->held_count--;
        outbox_push(session, item);
    }
}

/* The client is given t and what went before it. */
static void passed(struct session *session, uint32_t t)
{
    session->next_t = t + 1;
    release_held(session);
}

/* --- catching up from the log --- */

static bool in_ring(const struct session *session)
{
    const struct relay *relay = &session->room->relay;

    return relay->positioned && session->next_t >= relay_first_t(relay) &&
           session->next_t <= relay->t;
}

static bool needs_log(const struct session *session)
{
    const struct relay *relay = &session->room->relay;

    return relay->positioned && session->next_t < relay_first_t(relay);
}

static struct request *request_new(struct session *session, const struct value *id);
static struct session *request_finish(struct request *request);

/* What a page of the log brings; false when it brings what it should not. */
static bool take_log(struct session *session, const struct value *messages)
{
    if (!messages || !value_is_sequence(messages))
        return false;
    for (uint32_t i = 0; i < messages->count; i++) {
        if (messages->items[i].type != VALUE_BYTES)
            return false;
        struct blob *blob = encode_message(session->encoding, messages->items[i].text);
        if (!blob)
            return false;
        outbox_push(session, outgoing_new(blob));
        passed(session, session->next_t);
    }
    return true;
}

static void pump(struct session *session);

static void on_log(void *arg, const struct value *answer, const struct error *error)
{
    struct session *session = request_finish(arg);

    if (!session)
        return;
    session->fetching = false;
    if (session->state != SESSION_FEED)
        return;
    if (error && (error->kind == ERROR_UNAVAILABLE || error->kind == ERROR_BUSY))
        session->fetch_again_us = clock_monotonic_us() + FETCH_AGAIN_US;
    else if (error)
        session_end(session, CLOSE_RESTART, "the log cannot be read on; begin again");
    else if (!take_log(session, value_get(answer, "txs")))
        session_end(session, CLOSE_FAULT, "the log holds what cannot be read");
    else
        pump(session);
}

static void fetch_log(struct session *session)
{
    struct buffer text = { 0 };
    struct error error;
    struct value none = value_nil(), epoch = value_uuid(session->epoch);

    mp_write_map(&text, 4);
    mp_write_string(&text, BYTES("type"));
    mp_write_string(&text, BYTES("log"));
    mp_write_string(&text, BYTES("graph"));
    mp_write_string(&text, bytes_of(session->graph));
    mp_write_string(&text, BYTES("epoch"));
    mp_write(&text, &epoch);
    mp_write_string(&text, BYTES("from"));
    mp_write_long(&text, session->next_t);
    session->fetching = true;
    struct bus_call call = { .request = buffer_bytes(&text),
                             .class = BUS_QUICK,
                             .repeatable = true,
                             .timeout_ms = LOG_TIMEOUT_MS,
                             .patience_ms = LOG_TIMEOUT_MS,
                             .fn = on_log,
                             .arg = request_new(session, &none) };
    if (!bus_request(session->gateway->bus, &call, &error))
        on_log(call.arg, NULL, &error);
    buffer_release(&text);
}

/* --- a snapshot --- */

static void send_synced(struct session *session)
{
    struct arena arena = { 0 };
    struct value_builder map = { 0 };

    value_builder_entry(&map, &arena, "type", value_string(BYTES("synced")));
    value_builder_entry(&map, &arena, "t", value_long(session->snapshot_t));
    value_builder_entry(&map, &arena, "checksum",
                        value_string(bytes_of(session->snapshot_checksum)));
    struct value message = value_builder_end(&map, VALUE_MAP);
    send_value(session, &message);
    arena_release(&arena);
    if (session->state != SESSION_SNAPSHOT)
        return;
    session->state = SESSION_FEED;
    passed(session, session->snapshot_t);
}

static void on_page(void *arg, struct blob *message, struct bytes after, const struct error *error)
{
    struct session *session = arg;

    session->page_asked = false;
    if (session->state != SESSION_SNAPSHOT)
        return;
    if (error) {
        send_error(session, NULL, error);
        session_end(session, error->kind == ERROR_FAULT ? CLOSE_FAULT : CLOSE_TRY_LATER,
                    "the snapshot cannot be read on");
        return;
    }
    session->page = message ? blob_retain(message) : NULL;
    blob_release(session->page_after);
    session->page_after = blob_new(after);
    session->page_ready = true;
    pump(session);
}

static void ask_page(struct session *session, struct bytes after)
{
    struct page_key key = { .epoch = session->epoch, .t = session->snapshot_t, .after = after };

    session->page_asked = true;
    pages_get(&session->room->pages, &key, session->encoding, on_page, session);
}

/* One page is in the outbox, one is read ahead, and the next is asked for when there is room. */
static void pump_snapshot(struct session *session)
{
    if (!session->page_ready || session->outbox.bytes > LOW_WATER_BYTES)
        return;
    struct blob *after = blob_retain(session->page_after);
    if (session->page)
        session_send(session, session->page);
    blob_release(session->page);
    session->page = NULL;
    session->page_ready = false;
    if (after->len == 0)
        send_synced(session);
    else if (session->state == SESSION_SNAPSHOT)
        ask_page(session, blob_bytes(after));
    blob_release(after);
}

/* Sees to it that there is something to send, if there is anything. */
static void pump(struct session *session)
{
    if (session->state == SESSION_SNAPSHOT)
        pump_snapshot(session);
    if (session->state != SESSION_FEED) /* without a welcome there is no room either */
        return;
    if (needs_log(session) && !session->fetching && session->outbox.bytes <= LOW_WATER_BYTES &&
        clock_monotonic_us() >= session->fetch_again_us)
        fetch_log(session);
    if (session->state == SESSION_FEED && in_ring(session))
        wake(session);
}

enum pace_own session_own(const struct session *session)
{
    if (session->held && session->held->after_t <= session->room->relay.t)
        return PACE_OWN_ANSWERED;
    return session->held || session->transacts_count ? PACE_OWN_OPEN : PACE_OWN_NONE;
}

void session_advanced(struct session *session, int64_t now_us)
{
    const struct settings *settings = session->gateway->settings;

    session->told_us = now_us;
    if (session->state != SESSION_FEED)
        return;
    if (session->live &&
        relay_lag_bytes(&session->room->relay, session->next_t) + session->outbox.bytes >
            (uint64_t)settings->socket_queue_bytes)
        end_slow(session);
    else
        pump(session);
}

/* --- filling frames --- */

static bool fits(const struct frame *frame, size_t len)
{
    return frame->count == 0 || frame_size(frame) + len <= FRAME_BYTES_MAX;
}

static bool fill_from_outbox(struct session *session, struct frame *frame)
{
    struct outbox *outbox = &session->outbox;
    struct outgoing *item = outbox->head;

    if (!fits(frame, item->blob->len))
        return false;
    frame_add(frame, blob_bytes(item->blob));
    outbox->head = item->next;
    if (!outbox->head)
        outbox->tail = &outbox->head;
    outbox->bytes -= item->blob->len;
    metrics_add(METRIC_QUEUE_BYTES, -(int64_t)item->blob->len);
    blob_release(item->blob);
    free(item);
    return true;
}

static bool fill_from_relay(struct session *session, struct frame *frame)
{
    struct bytes message = relay_message(&session->room->relay, session->next_t, session->encoding);

    if (message.len == 0) {
        session_end(session, CLOSE_FAULT, "a transaction cannot be encoded");
        return false;
    }
    if (!fits(frame, message.len))
        return false;
    frame_add(frame, message);
    passed(session, session->next_t);
    return true;
}

bool session_fill(struct session *session, struct frame *frame)
{
    bool more = true;

    while (more) {
        if (session->outbox.head)
            more = fill_from_outbox(session, frame);
        else if (session->state == SESSION_FEED && in_ring(session))
            more = fill_from_relay(session, frame);
        else
            break;
    }
    if (frame->count == 0)
        return false;
    session->sent_us = clock_monotonic_us();
    if (session->state == SESSION_FEED && session->next_t == session->room->relay.t + 1)
        session->live = true;
    if (session->outbox.head)
        wake(session);
    pump(session);
    return true;
}

/* --- requests --- */

static struct request *request_new(struct session *session, const struct value *id)
{
    size_t len = id->type == VALUE_STRING ? id->text.len : 0;
    struct request *request = xmalloc(sizeof(*request) + len);

    *request = (struct request){ .next = session->requests,
                                 .at = &session->requests,
                                 .session = session,
                                 .room = session->room,
                                 .started_us = clock_monotonic_us(),
                                 .id = *id };
    if (len) {
        memcpy(request + 1, id->text.data, len);
        request->id.text.data = (const char *)(request + 1);
    }
    if (request->next)
        request->next->at = &request->next;
    session->requests = request;
    session->requests_count += id->type != VALUE_NIL;
    return request;
}

/* Forgets the request; NULL when its session is gone. */
static struct session *request_finish(struct request *request)
{
    struct session *session = request->session;

    if (session) {
        *request->at = request->next;
        if (request->next)
            request->next->at = request->at;
        session->requests_count -= request->id.type != VALUE_NIL;
        session->transacts_count -= request->transacts;
    }
    free(request);
    return session;
}

static bool id_is_open(const struct session *session, const struct value *id)
{
    for (const struct request *at = session->requests; at; at = at->next)
        if (value_equal(&at->id, id))
            return true;
    return false;
}

static void begin_result(struct value_builder *map, struct arena *arena,
                         const struct request *request)
{
    struct value id = value_copy(arena, &request->id);

    value_builder_entry(map, arena, "type", value_string(BYTES("result")));
    value_builder_entry(map, arena, "re", id);
}

/* The error that a request ended with. */
static void finish_failed(struct request *request, const struct error *error)
{
    struct arena arena = { 0 };
    struct value id = value_copy(&arena, &request->id);
    struct session *session = request_finish(request);

    if (session)
        send_error(session, &id, error);
    arena_release(&arena);
}

/* --- transact --- */

static void on_transacted(void *arg, const struct value *result, const struct error *error)
{
    struct request *request = arg;
    struct session *session = request->session;
    struct arena arena = { 0 };
    struct value_builder map = { 0 };

    if (error) {
        finish_failed(request, error);
        return;
    }
    if (!session || session->state == SESSION_ENDING) {
        request_finish(request);
        return;
    }
    uint32_t t = (uint32_t)bus_number(result, "t");
    begin_result(&map, &arena, request);
    forward_result(&map, &arena, result, session->encoding == ENCODING_JSON);
    struct value message = value_builder_end(&map, VALUE_MAP);
    struct blob *blob = encode_blob(session->encoding, &message);
    request_finish(request);
    hold(session, t, blob);
    release_held(session);
    if (session->held)
        room_answered(session->room, session);
    relay_expect(&session->room->relay, t);
    arena_release(&arena);
}

static void start_transact(struct session *session, const struct message *message,
                           struct request *request)
{
    struct buffer text = { 0 };
    struct error error;
    struct lane *lane = room_lane(session->room, bytes_of(session->id));

    request->transacts = true;
    session->transacts_count++;
    forward_transaction(&text, message, blob_bytes(session->user), bytes_of(session->id));
    if (!lane_add(lane, buffer_bytes(&text), on_transacted, request, &error))
        finish_failed(request, &error);
    buffer_release(&text);
}

/* --- query, pull, index --- */

static void on_answered(void *arg, const struct value *answer, const struct error *error)
{
    struct request *request = arg;
    struct arena arena = { 0 };
    struct value_builder map = { 0 };

    metrics_observe(HISTOGRAM_QUERY, clock_monotonic_us() - request->started_us);
    if (error) {
        finish_failed(request, error);
        return;
    }
    begin_result(&map, &arena, request);
    forward_answer(&map, &arena, answer);
    struct value message = value_builder_end(&map, VALUE_MAP);
    struct session *session = request_finish(request);
    if (session)
        send_value(session, &message);
    arena_release(&arena);
}

static void start_read(struct session *session, const struct message *message,
                       struct request *request)
{
    struct buffer text = { 0 };
    struct error error;

    forward_read(&text, message, bytes_of(session->graph));
    struct bus_call call = { .request = buffer_bytes(&text),
                             .class = BUS_SLOW,
                             .repeatable = true,
                             .timeout_ms = forward_read_timeout_ms(message),
                             .patience_ms = QUERY_PATIENCE_MS,
                             .fn = on_answered,
                             .arg = request };
    if (!bus_request(session->gateway->bus, &call, &error))
        on_answered(request, NULL, &error);
    buffer_release(&text);
}

/* --- hello --- */

static void handle_early(struct session *session);

static void end_failed_hello(struct session *session, const struct value *id,
                             const struct error *error)
{
    bool later = error->kind == ERROR_UNAVAILABLE || error->kind == ERROR_BUSY;

    send_error(session, id, error);
    session_end(session,
                error->kind == ERROR_FORBIDDEN ? CLOSE_FORBIDDEN
                : later                        ? CLOSE_TRY_LATER
                                               : CLOSE_POLICY,
                "the hello failed");
}

static struct value limits_value(const struct session *session, struct arena *arena)
{
    struct value_builder map = { 0 };

    value_builder_entry(&map, arena, "frame_bytes",
                        value_long(session->gateway->settings->frame_bytes));
    value_builder_entry(&map, arena, "tx_ops", value_long(LIMIT_TX_OPS));
    value_builder_entry(&map, arena, "in_flight", value_long(LIMIT_IN_FLIGHT));
    return value_builder_end(&map, VALUE_MAP);
}

static void send_welcome(struct session *session, const struct value *id, struct bytes sync,
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
    value_builder_entry(&map, &arena, "sync", value_string(sync));
    value_builder_entry(&map, &arena, "server", value_string(BYTES("stoa " STOA_VERSION)));
    value_builder_entry(&map, &arena, "ping_ms", value_long(session->gateway->settings->ping_ms));
    value_builder_entry(&map, &arena, "limits", limits_value(session, &arena));
    struct value message = value_builder_end(&map, VALUE_MAP);
    send_value(session, &message);
    arena_release(&arena);
}

static void send_snapshot_head(struct session *session, const struct value *answer)
{
    struct arena arena = { 0 };
    struct value_builder map = { 0 };
    const struct value *schema = value_get(answer, "schema");

    value_builder_entry(&map, &arena, "type", value_string(BYTES("snapshot")));
    value_builder_entry(&map, &arena, "t", value_long(session->snapshot_t));
    value_builder_entry(&map, &arena, "count", value_long(bus_number(answer, "count")));
    value_builder_entry(&map, &arena, "schema",
                        schema ? *schema : value_collection(VALUE_MAP, NULL, 0));
    struct value message = value_builder_end(&map, VALUE_MAP);
    send_value(session, &message);
    arena_release(&arena);
}

static void begin_sync(struct session *session, const struct value *answer, struct bytes sync)
{
    uint32_t t = (uint32_t)bus_number(answer, "t");

    if (bytes_equal(sync, BYTES("snapshot"))) {
        session->state = SESSION_SNAPSHOT;
        session->snapshot_t = t;
        checksum_copy(session->snapshot_checksum, bus_text(answer, "checksum"));
        send_snapshot_head(session, answer);
        ask_page(session, (struct bytes){ 0 });
        return;
    }
    session->state = SESSION_FEED;
    if (bytes_equal(sync, BYTES("none")))
        session->next_t = t + 1;
    pump(session);
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

static void on_sync(void *arg, const struct value *answer, const struct error *error)
{
    struct request *request = arg;
    struct arena arena = { 0 };
    struct value id = value_copy(&arena, &request->id);
    int64_t started_us = request->started_us;
    struct session *session = request_finish(request);
    struct error fault;

    if (session && session->state == SESSION_GREETED) {
        struct bytes sync = error ? (struct bytes){ 0 } : bus_text(answer, "sync");
        if (!error && !bus_field_uuid(answer, "epoch", true, &session->epoch, &fault))
            error = &fault;
        if (error) {
            end_failed_hello(session, &id, error);
        } else {
            metrics_observe(HISTOGRAM_SYNC, clock_monotonic_us() - started_us);
            metrics_add(METRIC_SESSIONS, 1);
            relay_position(&session->room->relay, &session->epoch,
                           (uint32_t)bus_number(answer, "t"), bus_text(answer, "checksum"));
            send_welcome(session, &id, sync, (uint32_t)bus_number(answer, "t"));
            join_presence(session);
            begin_sync(session, answer, sync);
            handle_early(session);
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
                             .timeout_ms = SYNC_TIMEOUT_MS,
                             .patience_ms = SYNC_PATIENCE_MS,
                             .fn = on_sync,
                             .arg = request_new(session, message->fields[FIELD_ID]) };
    if (!bus_request(session->gateway->bus, &call, &error))
        on_sync(call.arg, NULL, &error);
    buffer_release(&text);
}

static void handle_hello(struct session *session, const struct message *message)
{
    const struct value *id = message->fields[FIELD_ID], *since = message->fields[FIELD_SINCE];
    struct value none = value_collection(VALUE_MAP, NULL, 0), user;
    struct arena arena = { 0 };
    struct error error;
    struct room *room;

    if (session->gateway->draining) {
        fail(&error, ERROR_UNAVAILABLE, "this gateway is going away");
        end_failed_hello(session, id, &error);
    } else if (!auth_check(message, &arena, &user, &error) ||
               !room_get(session->gateway, bytes_of(session->graph), &room, &error)) {
        end_failed_hello(session, id, &error);
    } else {
        const struct value *state = message->fields[FIELD_STATE];
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

static bool may_ask(struct session *session, const struct value *id, struct error *err)
{
    if (session->draining)
        return fail(err, ERROR_UNAVAILABLE, "this gateway is going away; connect again");
    if (id_is_open(session, id))
        return fail(err, ERROR_INCORRECT, "\"id\" is that of another request that is still open");
    if (session->requests_count + session->held_count >= LIMIT_IN_FLIGHT)
        return fail(err, ERROR_BUSY, "%d requests of this socket wait for their answers already",
                    LIMIT_IN_FLIGHT);
    return true;
}

static void handle_request(struct session *session, const struct message *message)
{
    const struct value *id = message->fields[FIELD_ID];
    struct error error;

    if (!may_ask(session, id, &error)) {
        send_error(session, id, &error);
        return;
    }
    struct request *request = request_new(session, id);
    if (message->type == MESSAGE_TRANSACT)
        start_transact(session, message, request);
    else
        start_read(session, message, request);
}

static void handle_first(struct session *session, const struct value *map)
{
    struct message message;
    struct error error;

    if (!message_is(map, MESSAGE_HELLO))
        session_end(session, CLOSE_NO_HELLO_FIRST, "the first message is hello");
    else if (!message_read(map, &message, &error))
        end_failed_hello(session, message_id(map), &error);
    else
        handle_hello(session, &message);
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
        send_error(session, message_id(map), &error);
    else if (message.type == MESSAGE_HELLO)
        session_end(session, CLOSE_SECOND_HELLO, "a second hello");
    else if (message.type == MESSAGE_PRESENCE)
        presence_update(session->room->presence, session->id, message.fields[FIELD_STATE]);
    else
        handle_request(session, &message);
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
        end_failed_hello(session, id, error);
    else
        send_error(session, id, error);
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

/* For browsers, which see no pings. It says what this socket was sent, not what txd has. */
static void send_heartbeat(struct session *session)
{
    const struct relay *relay = &session->room->relay;
    struct arena arena = { 0 };
    struct value_builder map = { 0 };

    value_builder_entry(&map, &arena, "type", value_string(BYTES("heartbeat")));
    value_builder_entry(&map, &arena, "t", value_long(relay->t));
    value_builder_entry(&map, &arena, "checksum", value_string(bytes_of(relay->checksum)));
    struct value message = value_builder_end(&map, VALUE_MAP);
    send_value(session, &message);
    arena_release(&arena);
}

static bool is_answered(const struct session *session)
{
    return session->requests_count == 0 && session->held_count == 0;
}

void session_tick(struct session *session, int64_t now_us)
{
    const struct settings *settings = session->gateway->settings;

    if (session->state == SESSION_OPENED &&
        now_us > session->opened_us + settings->hello_seconds * 1000000)
        session_end(session, CLOSE_HELLO_TIMEOUT, "no hello");
    if (session->draining && (is_answered(session) || now_us > session->gateway->drain_until_us))
        session_end(session, CLOSE_RESTART, "this gateway is going away");
    if (session->state != SESSION_FEED && session->state != SESSION_SNAPSHOT)
        return;
    pump(session);
    if (session->state == SESSION_FEED && session->live && !session->outbox.head &&
        session->next_t == session->room->relay.t + 1 && *session->room->relay.checksum &&
        now_us > session->sent_us + settings->ping_ms * 1000)
        send_heartbeat(session);
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
    send_value(session, &message);
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
    session->outbox.tail = &session->outbox.head;
    session->opened_us = session->sent_us = session->tokens_us = clock_monotonic_us();
    session->tokens = (double)gateway->settings->rate_limit;
    session_link(session, &gateway->opened);
    return session;
}

void session_close(struct session *session)
{
    if (session->room) {
        if (session->wants_presence || session->told_presence) {
            metrics_add(METRIC_SESSIONS, -1);
            presence_leave(session->room->presence, session->id);
        }
        pages_cancel(&session->room->pages, session);
        room_leave(session->room, session);
    } else {
        session_unlink(session, &session->gateway->opened);
    }
    for (struct request *at = session->requests; at; at = at->next)
        at->session = NULL;
    while (session->held) {
        struct outgoing *item = session->held;
        session->held = item->next;
        blob_release(item->blob);
        free(item);
    }
    outbox_clear(session);
    free_early(session);
    blob_release(session->user);
    blob_release(session->presence);
    blob_release(session->page);
    blob_release(session->page_after);
    free(session);
}
