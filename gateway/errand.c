#include "gateway/errand.h"

#include "common/clock.h"
#include "gateway/forward.h"
#include "gateway/reading.h"
#include "gateway/session_send.h"
#include "proto/bus.h"

#include <stdlib.h>

struct errand *errand_open(struct session *session, const struct value *id)
{
    size_t len = id && id->type == VALUE_STRING ? id->text.len : 0;
    struct errand *errand = xmalloc(sizeof(*errand) + len);

    *errand = (struct errand){ .next = session->errands,
                               .at = &session->errands,
                               .session = session,
                               .started_us = clock_monotonic_us(),
                               .id = id ? *id : value_nil() };
    if (len) {
        memcpy(errand + 1, id->text.data, len);
        errand->id.text.data = (const char *)(errand + 1);
    }
    if (errand->next)
        errand->next->at = &errand->next;
    session->errands = errand;
    session->requests_count += errand->id.type != VALUE_NIL;
    return errand;
}

struct session *errand_close(struct errand *errand)
{
    struct session *session = errand->session;

    if (session) {
        *errand->at = errand->next;
        if (errand->next)
            errand->next->at = errand->at;
        session->requests_count -= errand->id.type != VALUE_NIL;
        session->transacts_count -= errand->transacts;
    }
    free(errand);
    return session;
}

void errands_abandon(struct session *session)
{
    for (struct errand *next, *at = session->errands; at; at = next) {
        next = at->next;
        at->session = NULL;
        if (at->reading) {
            reading_cancel(at->reading);
            errand_close(at);
        }
    }
    session->errands = NULL;
}

static void begin_result(struct value_builder *map, struct arena *arena,
                         const struct errand *errand)
{
    struct value id = value_copy(arena, &errand->id);

    value_builder_entry(map, arena, "type", value_string(BYTES("result")));
    value_builder_entry(map, arena, "re", id);
}

/* The error that an errand ended with. */
static void close_failed(struct errand *errand, const struct error *error)
{
    struct arena arena = { 0 };
    struct value id = value_copy(&arena, &errand->id);
    struct session *session = errand_close(errand);

    if (session)
        session_send_error(session, &id, error);
    arena_release(&arena);
}

/* --- transact --- */

/* What it was committed as, or refused on, goes to the client before the answer. */
static void on_transacted(void *arg, const struct value *result, const struct error *error)
{
    struct errand *errand = arg;
    struct session *session = errand->session;
    struct arena arena = { 0 };
    struct value_builder map = { 0 };

    if (!result) {
        close_failed(errand, error);
        return;
    }
    if (!session || session->state == SESSION_ENDING) {
        errand_close(errand);
        return;
    }
    uint32_t t = (uint32_t)bus_number(result, "t");
    struct value message;
    if (error) {
        message = session_error_message(&arena, &errand->id, error);
    } else {
        begin_result(&map, &arena, errand);
        forward_result(&map, &arena, result, session->encoding == ENCODING_JSON);
        message = value_builder_end(&map, VALUE_MAP);
    }
    errand_close(errand);
    session_send_after(session, t, &message);
    relay_expect(&session->room->relay, t);
    arena_release(&arena);
}

static void start_transact(struct errand *errand, const struct message *message)
{
    struct session *session = errand->session;
    struct buffer text = { 0 };
    struct error error;
    struct lane *lane = room_lane(session->room, bytes_of(session->id));

    errand->transacts = true;
    session->transacts_count++;
    struct uuid tx_id =
        forward_transaction(&text, message, blob_bytes(session->user), bytes_of(session->id));
    if (!lane_add(lane, &tx_id, buffer_bytes(&text), on_transacted, errand, &error))
        close_failed(errand, &error);
    buffer_release(&text);
}

/* --- query, pull, index --- */

static void on_answered(void *arg, const struct value *answer, const struct error *error)
{
    struct errand *errand = arg;
    struct arena arena = { 0 };
    struct value_builder map = { 0 };

    if (error) {
        close_failed(errand, error);
        return;
    }
    begin_result(&map, &arena, errand);
    forward_answer(&map, &arena, answer);
    struct value message = value_builder_end(&map, VALUE_MAP);
    struct session *session = errand_close(errand);
    if (session)
        session_send_value(session, &message);
    arena_release(&arena);
}

static void start_reading(struct errand *errand, const struct message *message)
{
    struct session *session = errand->session;
    struct reading *reading =
        reading_start(session->gateway, message, bytes_of(session->graph), on_answered, errand);

    if (reading) /* else the errand is over */
        errand->reading = reading;
}

/* --- what may be asked --- */

static bool id_is_open(const struct session *session, const struct value *id)
{
    for (const struct errand *at = session->errands; at; at = at->next)
        if (value_equal(&at->id, id))
            return true;
    return false;
}

static bool may_ask(const struct session *session, const struct value *id, struct error *err)
{
    if (session->draining)
        return fail(err, ERROR_UNAVAILABLE, "this gateway is going away; connect again");
    if (id_is_open(session, id))
        return fail(err, ERROR_INCORRECT, "\"id\" is that of another request that is still open");
    if (session->requests_count + session->outbox.held_count >= LIMIT_IN_FLIGHT)
        return fail(err, ERROR_BUSY, "%d requests of this socket wait for their answers already",
                    LIMIT_IN_FLIGHT);
    return true;
}

void errand_start(struct session *session, const struct message *message)
{
    const struct value *id = message->fields[FIELD_ID];
    struct error error;

    if (!may_ask(session, id, &error)) {
        session_send_error(session, id, &error);
        return;
    }
    struct errand *errand = errand_open(session, id);
    if (message->type == MESSAGE_TRANSACT)
        start_transact(errand, message);
    else
        start_reading(errand, message);
}
