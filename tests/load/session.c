#include "tests/load/session.h"

#include "common/clock.h"
#include "proto/mp.h"
#include "proto/transit.h"

#include <stdio.h>

void session_encode(bool json, const struct value *message, struct buffer *out)
{
    if (json)
        transit_write(out, message);
    else
        mp_write(out, message);
}

void session_send(struct session *session, const struct value *message)
{
    struct buffer text = { 0 };

    session_encode(session->json, message, &text);
    ws_send(&session->ws, buffer_bytes(&text));
    buffer_release(&text);
}

static void send_hello(struct session *session, const struct session_hello *hello)
{
    struct arena arena = { 0 };
    struct value_builder user = { 0 }, message = { 0 };

    value_builder_entry(&user, &arena, "name", value_string(bytes_of(hello->user)));
    value_builder_entry(&message, &arena, "type", value_string(BYTES("hello")));
    value_builder_entry(&message, &arena, "id", value_long(0));
    value_builder_entry(&message, &arena, "user", value_builder_end(&user, VALUE_MAP));
    if (hello->sync)
        value_builder_entry(&message, &arena, "sync", value_string(bytes_of(hello->sync)));
    if (hello->has_since) {
        value_builder_entry(&message, &arena, "epoch", value_uuid(hello->epoch));
        value_builder_entry(&message, &arena, "since", value_long(hello->since));
    }
    struct value value = value_builder_end(&message, VALUE_MAP);
    session_send(session, &value);
    arena_release(&arena);
}

bool session_open(struct session *session, uint16_t port, const char *graph, bool json,
                  const struct session_hello *hello, struct error *err)
{
    char path[128];

    *session = (struct session){ .json = json };
    snprintf(path, sizeof(path), "/v1/graphs/%s/socket", graph);
    if (!ws_open(&session->ws, port, path, json ? "stoa.v1.json" : "stoa.v1.msgpack", err))
        return false;
    send_hello(session, hello);
    return true;
}

void session_close(struct session *session)
{
    ws_close(&session->ws);
    arena_release(&session->arena);
    session->messages = value_nil();
    session->next = 0;
}

void session_transact(struct session *session, int64_t id, const struct uuid *tx_id,
                      const struct value *forms)
{
    struct arena arena = { 0 };
    struct value_builder message = { 0 };

    value_builder_entry(&message, &arena, "type", value_string(BYTES("transact")));
    value_builder_entry(&message, &arena, "id", value_long(id));
    value_builder_entry(&message, &arena, "tx_id", value_uuid(*tx_id));
    value_builder_entry(&message, &arena, "tx_data", *forms);
    struct value value = value_builder_end(&message, VALUE_MAP);
    session_send(session, &value);
    arena_release(&arena);
}

/* Decodes the next frame into `messages`. */
static bool next_frame(struct session *session, bool *found, struct error *err)
{
    struct bytes payload;
    struct value value;

    arena_reset(&session->arena);
    session->messages = value_nil();
    session->next = 0;
    if (!ws_next(&session->ws, &payload, found, err))
        return false;
    if (!*found)
        return true;
    if (!(session->json ? transit_read(payload, &session->arena, &value, err)
                        : mp_read(payload, &session->arena, &value, err))) {
        err->kind = ERROR_FAULT;
        return fail_in(err, "a frame from the server");
    }
    if (!value_is_sequence(&value)) {
        struct value *one = ARENA_NEW(&session->arena, struct value);
        *one = value;
        value = value_collection(VALUE_VECTOR, one, 1);
    }
    session->messages = value;
    return true;
}

bool session_next(struct session *session, struct value *message, bool *found, struct error *err)
{
    while (session->next >= session->messages.count) {
        if (!next_frame(session, found, err))
            return false;
        if (!*found)
            return true;
    }
    *message = session->messages.items[session->next++];
    *found = true;
    return true;
}

bool session_await(struct session *session, int64_t deadline_us, struct value *message,
                   struct error *err)
{
    for (;;) {
        bool found;
        if (!session_next(session, message, &found, err))
            return false;
        if (found)
            return true;
        int64_t left_us = deadline_us - clock_monotonic_us();
        if (left_us <= 0)
            return fail(err, ERROR_INTERRUPTED, "no message has come in time");
        if (!ws_wait(&session->ws, (int)(left_us / 1000) + 1, err) || !ws_fill(&session->ws, err))
            return false;
    }
}

bool session_await_type(struct session *session, const char *type, int64_t deadline_us,
                        struct value *message, struct error *err)
{
    do {
        if (!session_await(session, deadline_us, message, err))
            return fail_in(err, "waiting for %s", type);
    } while (!session_is(message, type));
    return true;
}

bool session_is(const struct value *message, const char *type)
{
    const struct value *found = value_get(message, "type");

    return found && found->type == VALUE_STRING && bytes_equal(found->text, bytes_of(type));
}

int64_t session_number(const struct value *message, const char *field, int64_t missing)
{
    const struct value *found = value_get(message, field);

    return found && found->type == VALUE_LONG ? found->number : missing;
}
