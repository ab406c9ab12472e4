/*
 * The client's end of one WebSocket (RFC 6455) over TCP, small and quick enough to measure with.
 * Connecting blocks; after it nothing does: what is sent waits in a buffer for ws_flush(), and
 * ws_fill() takes what has come. Pings are answered by ws_next(). Frames are masked with a mask of
 * zeros, which a test may do: it saves a pass over the bytes.
 */
#ifndef STOA_TESTS_LOAD_WS_H
#define STOA_TESTS_LOAD_WS_H

#include "common/buffer.h"
#include "common/error.h"

struct ws {
    int fd;      /* -1: closed */
    bool binary; /* how messages are sent */
    int status;  /* why the other end closed, as 1012; 0: it did not say */
    struct buffer in;
    size_t in_at; /* bytes of `in` that are used up */
    struct buffer out;
    size_t out_at;
    struct buffer joined; /* the fragments of a message that is not whole yet */
    bool in_fragments;
};

/* Connects to 127.0.0.1 and upgrades. Errors: unavailable when no one is there or the answer takes
 * over five seconds; incorrect with the HTTP status when the upgrade is refused. */
bool ws_open(struct ws *ws, uint16_t port, const char *path, const char *subprotocol,
             struct error *err) MUST_USE;

/* Closes without a word; accepts a closed one. */
void ws_close(struct ws *ws);

/* Queues a message. */
void ws_send(struct ws *ws, struct bytes payload);

/* Writes what the socket takes. */
bool ws_flush(struct ws *ws, struct error *err) MUST_USE;

/* True when there is something that ws_flush() has not written. */
bool ws_pending(const struct ws *ws);

/* Takes what has come. Errors: unavailable, when the connection is at its end. */
bool ws_fill(struct ws *ws, struct error *err) MUST_USE;

/* The next whole message, valid until the next call; *found is false when more must come. Errors:
 * unavailable when the other end has closed, with its status; fault on a frame that may not be. */
bool ws_next(struct ws *ws, struct bytes *payload, bool *found, struct error *err) MUST_USE;

/* Waits until the socket can be read, for `timeout_ms` at most; writes what waits meanwhile. */
bool ws_wait(struct ws *ws, int timeout_ms, struct error *err) MUST_USE;

#endif
