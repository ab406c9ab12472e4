#include "gateway/feed.h"

#include "common/clock.h"
#include "gateway/errand.h"
#include "gateway/forward.h"
#include "gateway/session_send.h"
#include "proto/bus.h"

/* Messages are joined into frames of about this size. */
#define FRAME_BYTES_MAX (256 << 10)

/* More of the log or a snapshot is fetched once less than this waits. */
#define LOW_WATER_BYTES (256 << 10)

#define FETCH_AGAIN_US 500000

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
        outbox_push_page(&session->outbox, blob);
        blob_release(blob);
        session_passed(session, session->next_t);
    }
    session_wake(session);
    return true;
}

static void on_log(void *arg, const struct value *answer, const struct error *error)
{
    struct session *session = errand_close(arg);

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
        feed_pump(session);
}

static void fetch_log(struct session *session)
{
    const struct forward_log log = { .graph = bytes_of(session->graph),
                                     .epoch = session->epoch,
                                     .from = session->next_t };

    session->live = false; /* it may take its time again */
    session->fetching = true;
    forward_log(session->gateway->bus, &log, on_log, errand_open(session, NULL));
}

/* --- a snapshot --- */

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
    session_send_value(session, &message);
    arena_release(&arena);
}

static void send_synced(struct session *session)
{
    struct arena arena = { 0 };
    struct value_builder map = { 0 };

    value_builder_entry(&map, &arena, "type", value_string(BYTES("synced")));
    value_builder_entry(&map, &arena, "t", value_long(session->snapshot_t));
    value_builder_entry(&map, &arena, "checksum",
                        value_string(bytes_of(session->snapshot_checksum)));
    struct value message = value_builder_end(&map, VALUE_MAP);
    session_send_value(session, &message);
    arena_release(&arena);
    if (session->state != SESSION_SNAPSHOT)
        return;
    session->state = SESSION_FEED;
    session_passed(session, session->snapshot_t);
}

static void on_page(void *arg, struct blob *message, struct bytes after, const struct error *error)
{
    struct session *session = arg;

    if (session->state != SESSION_SNAPSHOT)
        return;
    if (error) {
        session_send_error(session, NULL, error);
        session_end(session, error->kind == ERROR_FAULT ? CLOSE_FAULT : CLOSE_TRY_LATER,
                    "the snapshot cannot be read on");
        return;
    }
    session->page = message ? blob_retain(message) : NULL;
    blob_release(session->page_after);
    session->page_after = blob_new(after);
    session->page_ready = true;
    feed_pump(session);
}

static void ask_page(struct session *session, struct bytes after)
{
    struct page_key key = { .epoch = session->epoch, .t = session->snapshot_t, .after = after };

    pages_get(&session->room->pages, &key, session->encoding, on_page, session);
}

/* One page is in the outbox, one is read ahead, and the next is asked for when there is room. */
static void pump_snapshot(struct session *session)
{
    if (!session->page_ready || session->outbox.bytes > LOW_WATER_BYTES)
        return;
    struct blob *after = blob_retain(session->page_after);
    if (session->page) {
        outbox_push_page(&session->outbox, session->page);
        session_wake(session);
    }
    blob_release(session->page);
    session->page = NULL;
    session->page_ready = false;
    if (after->len == 0)
        send_synced(session);
    else
        ask_page(session, blob_bytes(after));
    blob_release(after);
}

/* --- being fed --- */

void feed_begin(struct session *session, const struct value *answer, struct bytes how)
{
    uint32_t t = (uint32_t)bus_number(answer, "t");

    if (bytes_equal(how, BYTES("snapshot"))) {
        session->state = SESSION_SNAPSHOT;
        session->snapshot_t = t;
        session->next_t = 0; /* what the client had counts no more: results wait for `synced` */
        checksum_copy(session->snapshot_checksum, bus_text(answer, "checksum"));
        send_snapshot_head(session, answer);
        ask_page(session, (struct bytes){ 0 });
        return;
    }
    session->state = SESSION_FEED;
    if (bytes_equal(how, BYTES("none")))
        session->next_t = t + 1;
    feed_pump(session);
}

void feed_pump(struct session *session)
{
    if (session->state == SESSION_SNAPSHOT)
        pump_snapshot(session);
    if (session->state != SESSION_FEED) /* without a welcome there is no room either */
        return;
    if (needs_log(session) && !session->fetching && session->outbox.bytes <= LOW_WATER_BYTES &&
        clock_monotonic_us() >= session->fetch_again_us)
        fetch_log(session);
    if (session->state == SESSION_FEED && in_ring(session))
        session_wake(session);
}

enum pace_own session_own(const struct session *session)
{
    uint32_t held_t = outbox_held_t(&session->outbox);

    if (held_t && held_t <= session->room->relay.t)
        return PACE_OWN_ANSWERED;
    return held_t || session->transacts_count ? PACE_OWN_OPEN : PACE_OWN_NONE;
}

/*
 * One that is in step may not fall far behind what it was told before. The message that is next
 * does not count, however large, nor does what has come since; who has taken all that was before
 * is no slow reader even when this is more than the ring holds, and goes on from the log.
 */
static bool is_slow(const struct session *session)
{
    const struct relay *relay = &session->room->relay;
    uint64_t bytes_max = (uint64_t)session->gateway->settings->socket_queue_bytes;
    uint64_t lag = relay_bytes(relay, session->next_t + 1, session->told_t);

    return session->live && (lag > bytes_max || outbox_behind(&session->outbox) + lag > bytes_max);
}

void session_advanced(struct session *session, int64_t now_us)
{
    session->told_us = now_us;
    if (session->state != SESSION_FEED)
        return;
    if (is_slow(session)) {
        session_end_slow(session);
        return;
    }
    session->told_t = session->room->relay.t;
    feed_pump(session);
}

static bool fill_from_relay(struct session *session, struct frame *frame)
{
    struct bytes message = relay_message(&session->room->relay, session->next_t, session->encoding);

    if (message.len == 0) {
        session_end(session, CLOSE_FAULT, "a transaction cannot be encoded");
        return false;
    }
    if (!frame_fits(frame, message.len, FRAME_BYTES_MAX))
        return false;
    frame_add(frame, message);
    session_passed(session, session->next_t);
    return true;
}

bool session_fill(struct session *session, struct frame *frame)
{
    bool more = true;

    while (more) {
        if (!outbox_empty(&session->outbox))
            more = outbox_take(&session->outbox, frame, FRAME_BYTES_MAX);
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
    if (!outbox_empty(&session->outbox))
        session_wake(session);
    feed_pump(session);
    return true;
}

/* It says what this socket was sent, not what txd has. */
static void send_heartbeat(struct session *session)
{
    const struct relay *relay = &session->room->relay;
    struct arena arena = { 0 };
    struct value_builder map = { 0 };

    value_builder_entry(&map, &arena, "type", value_string(BYTES("heartbeat")));
    value_builder_entry(&map, &arena, "t", value_long(relay->t));
    value_builder_entry(&map, &arena, "checksum", value_string(bytes_of(relay->checksum)));
    struct value message = value_builder_end(&map, VALUE_MAP);
    session_send_value(session, &message);
    arena_release(&arena);
}

void feed_heartbeat(struct session *session, int64_t now_us)
{
    const struct relay *relay;

    if (session->state != SESSION_FEED || !session->live || !outbox_empty(&session->outbox))
        return;
    relay = &session->room->relay;
    if (session->next_t == relay->t + 1 && *relay->checksum &&
        now_us > session->sent_us + session->gateway->settings->ping_ms * 1000)
        send_heartbeat(session);
}
