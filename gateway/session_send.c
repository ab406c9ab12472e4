#include "gateway/session_send.h"

#include "gateway/metrics.h"

void session_wake(struct session *session)
{
    session->operations->wake(session->socket);
}

void session_end_slow(struct session *session)
{
    if (session->state == SESSION_ENDING)
        return;
    metrics_add(METRIC_SLOW_CLOSES, 1);
    session_end(session, CLOSE_TRY_LATER, "reads too slowly");
    outbox_clear(&session->outbox);
}

void session_send(struct session *session, struct blob *message)
{
    if (session->state == SESSION_ENDING)
        return;
    if (outbox_behind(&session->outbox) > (size_t)session->gateway->settings->socket_queue_bytes) {
        session_end_slow(session);
        return;
    }
    outbox_push(&session->outbox, message);
    session_wake(session);
}

void session_send_value(struct session *session, const struct value *value)
{
    struct blob *blob = encode_blob(session->encoding, value);

    session_send(session, blob);
    blob_release(blob);
}

struct value session_error_message(struct arena *arena, const struct value *re,
                                   const struct error *error)
{
    struct value_builder map = { 0 };

    metrics_add(METRIC_ERRORS_OUT, 1);
    value_builder_entry(&map, arena, "type", value_string(BYTES("error")));
    if (re)
        value_builder_entry(&map, arena, "re", value_copy(arena, re));
    value_builder_entry(&map, arena, "code", value_string(bytes_of(error_code(error->kind))));
    value_builder_entry(&map, arena, "message", value_string(bytes_of(error->message)));
    return value_builder_end(&map, VALUE_MAP);
}

void session_send_error(struct session *session, const struct value *re, const struct error *error)
{
    struct arena arena = { 0 };
    struct value message = session_error_message(&arena, re, error);

    session_send_value(session, &message);
    arena_release(&arena);
}

static void release_held(struct session *session)
{
    if (outbox_release(&session->outbox, session->next_t))
        session_wake(session);
}

void session_send_after(struct session *session, uint32_t t, const struct value *message)
{
    struct blob *blob = encode_blob(session->encoding, message);

    outbox_hold(&session->outbox, t, blob);
    blob_release(blob);
    release_held(session);
    if (outbox_held_t(&session->outbox))
        room_answered(session->room, session);
}

void session_passed(struct session *session, uint32_t t)
{
    session->next_t = t + 1;
    release_held(session);
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
    session_wake(session);
}

bool session_ended(const struct session *session, uint16_t *code, const char **reason)
{
    if (session->state != SESSION_ENDING || !outbox_empty(&session->outbox))
        return false;
    *code = session->close_code;
    *reason = session->close_reason;
    return true;
}
