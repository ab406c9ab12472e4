/*
 * A client of the protocol stoa.v1 over one WebSocket: writes its requests in either encoding and
 * reads what comes message by message, frames with several taken apart.
 */
#ifndef STOA_TESTS_LOAD_SESSION_H
#define STOA_TESTS_LOAD_SESSION_H

#include "proto/value.h"
#include "tests/load/ws.h"

struct session {
    struct ws ws;
    bool json;
    struct arena arena;    /* of the frame that is being read */
    struct value messages; /* of that frame: a vector */
    uint32_t next;
};

struct session_hello {
    const char *user;
    const char *sync; /* NULL: auto */
    bool has_since;
    struct uuid epoch; /* with since */
    int64_t since;
};

/* Connects and queues the hello (id 0). Errors as of ws_open(). */
bool session_open(struct session *session, uint16_t port, const char *graph, bool json,
                  const struct session_hello *hello, struct error *err) MUST_USE;
void session_close(struct session *session);

void session_send(struct session *session, const struct value *message);

/* Queues a transact; `forms` is a vector of forms. */
void session_transact(struct session *session, int64_t id, const struct uuid *tx_id,
                      const struct value *forms);

/* Appends a message in the session's encoding. */
void session_encode(bool json, const struct value *message, struct buffer *out);

/* The next message of what has come; valid until the next call. Errors as of ws_next(), and fault
 * on a frame that cannot be decoded. */
bool session_next(struct session *session, struct value *message, bool *found,
                  struct error *err) MUST_USE;

/* Waits for the next message until `deadline_us` of clock_monotonic_us(). Errors: also interrupted
 * when it has not come by then. */
bool session_await(struct session *session, int64_t deadline_us, struct value *message,
                   struct error *err) MUST_USE;

/* Waits for a message of this type and leaves out the others. */
bool session_await_type(struct session *session, const char *type, int64_t deadline_us,
                        struct value *message, struct error *err) MUST_USE;

/* True when the message's `type` is this one. */
bool session_is(const struct value *message, const char *type);

/* The number of a message's field, or `missing`. */
int64_t session_number(const struct value *message, const char *field, int64_t missing);

#endif
