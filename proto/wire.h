/*
 * One end of a connection of the bus: whole messages over TCP, as nng's sockets exchange them
 * (nanomsg's RFC "SP TCP mapping"). Each end first sends 00 "SP" 00, its protocol in 16 bits and
 * 00 00; then a message is its length in 64 bits, big-endian, and its bytes.
 *
 * After the connecting nothing blocks: what the socket does not take waits in a buffer for
 * wire_flush(). For one thread at a time. A connection that is broken is found out by
 * wire_receive(); what is sent to it until then is lost.
 */
#ifndef STOA_PROTO_WIRE_H
#define STOA_PROTO_WIRE_H

#include "common/buffer.h"
#include "common/error.h"

/* What a socket is to the one at the other end. */
enum wire_protocol {
    WIRE_PUB = 0x20,
    WIRE_SUB = 0x21,
    WIRE_REQ = 0x30,
    WIRE_REP = 0x31,
};

struct wire {
    int fd; /* -1: closed */
    enum wire_protocol peer;
    bool greeted; /* the other end is what it should be */
    struct buffer in;
    size_t taken; /* bytes of `in` that are used up */
    struct buffer out;
    size_t sent; /* bytes of `out` that have left */
};

/* Whether `url` is tcp://HOST:PORT. Errors: incorrect. */
bool wire_check_url(const char *url, struct error *err) MUST_USE;

/* Looks the host up and connects, which may block for that long and for as long as the look-up
 * takes. The descriptor does not block. Errors: incorrect; unavailable. */
bool wire_dial(const char *url, int timeout_ms, int *fd, struct error *err) MUST_USE;

/* Takes a connected descriptor over and greets. */
void wire_open(struct wire *wire, int fd, enum wire_protocol own, enum wire_protocol peer);

/* Accepts a closed one. */
void wire_close(struct wire *wire);

/* Takes some of what has come. Errors: unavailable, when the connection is at its end. */
bool wire_receive(struct wire *wire, struct error *err) MUST_USE;

/*
 * The next whole message, valid until the next wire_receive(); *found is false when more must come.
 * Errors: fault when it is longer than LIMIT_BUS_BYTES and its envelope, or when the other end is
 * not one of the bus.
 */
bool wire_next(struct wire *wire, struct bytes *message, bool *found, struct error *err) MUST_USE;

/* The same without taking it, for looking ahead: *at is how far, 0 at first. */
bool wire_peek(struct wire *wire, size_t *at, struct bytes *message, bool *found,
               struct error *err) MUST_USE;

/* Sends head and body as one message, at once as far as the socket takes them. */
void wire_send(struct wire *wire, struct bytes head, struct bytes body);

/* Sends what waits. */
void wire_flush(struct wire *wire);

/* Bytes that wait. */
static inline size_t wire_waiting(const struct wire *wire)
{
    return wire->out.len - wire->sent;
}

#endif
