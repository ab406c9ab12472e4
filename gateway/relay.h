/*
 * One graph's log as the gateway passes it on: transactions in order of t, with no gap, whatever
 * the feed drops. The last ones are kept in a ring, encoded; a session that is in step holds
 * only the t that it wants next and reads from the ring.
 *
 * Invariants: the ring holds every t from `first_t` to `t` of one epoch; `t` only grows. What the
 * feed brings ahead of t+1 waits in `ahead` while the log is asked for what lies between.
 *
 * The relay asks for the log by its `fetch` operation and is told the outcome by relay_log() or
 * relay_log_failed(); it knows neither the bus nor the sockets.
 */
#ifndef STOA_GATEWAY_RELAY_H
#define STOA_GATEWAY_RELAY_H

#include "common/uuid.h"
#include "gateway/encode.h"

#define CHECKSUM_TEXT_BYTES 17 /* 16 hex digits and a NUL */

struct relay_operations {
    void (*fetch)(void *arg, uint32_t from); /* ask txd for the log from this t on */
    void (*advanced)(void *arg);             /* t has grown */
    void (*broken)(void *arg);               /* another epoch: everyone must begin again */
};

struct relay_tx {
    uint32_t t;
    char checksum[CHECKSUM_TEXT_BYTES]; /* after t; empty when it is not known */
    uint64_t before;                    /* message bytes that passed before this one */
    struct blob *encoded[ENCODINGS];    /* MessagePack always, JSON once someone wants it */
};

struct relay_ring {
    struct relay_tx *slots;
    uint32_t cap, head, count;
    size_t bytes; /* as MessagePack */
};

struct relay {
    size_t bytes_max; /* of the ring */
    const struct relay_operations *operations;
    void *arg;
    bool positioned;
    struct uuid epoch;
    uint32_t t; /* the last one passed on */
    char checksum[CHECKSUM_TEXT_BYTES];
    uint64_t passed; /* message bytes, ever */
    struct relay_ring ring;
    struct relay_ring ahead;
    bool fetching;
    uint32_t known_t;       /* txd is at least here */
    int64_t behind_us;      /* since when t is less than known_t; 0: it is not */
    int64_t fetch_again_us; /* after a fetch that failed */
    int64_t heard_us;       /* when the feed last said anything of the graph */
};

/* The ring holds `bytes_max` bytes of messages as MessagePack; the last one whatever its size. */
void relay_open(struct relay *relay, size_t bytes_max, const struct relay_operations *operations,
                void *arg);
void relay_close(struct relay *relay);

/* Where the graph stands, as txd said to a client that is about to follow the relay. The first
 * time the relay begins there; another epoch breaks it. */
void relay_position(struct relay *relay, const struct uuid *epoch, uint32_t t,
                    struct bytes checksum);

/* A transaction of the feed; copies `message`. */
void relay_tx(struct relay *relay, const struct uuid *epoch, uint32_t t, struct bytes checksum,
              struct bytes message);

/* A transaction that an answer brought. It is passed on when it is the next, and left to the feed,
 * which brings it too, when it is not; copies `message`. */
void relay_answer(struct relay *relay, const struct uuid *epoch, uint32_t t, struct bytes checksum,
                  struct bytes message);

/* The feed's word on where the log ends. Whatever it has not brought by now, it dropped. An end
 * that the relay is beyond makes it ask for what follows: there is nothing when txd's log has gone
 * back. */
void relay_head(struct relay *relay, const struct uuid *epoch, uint32_t t, struct bytes checksum);

/* txd has this t, and the feed should bring it in a moment. */
void relay_expect(struct relay *relay, uint32_t t);

/* The outcome of a fetch: `count` messages from t `from` on, the log's end and its checksum. */
void relay_log(struct relay *relay, uint32_t from, const struct value *messages, uint32_t count,
               uint32_t end_t, struct bytes checksum);
void relay_log_failed(struct relay *relay);

/* The graph that was followed is no more. */
void relay_break(struct relay *relay);

/* Fetches what has been missing for too long, and asks for the log when the feed is silent: heads
 * come every second, but word that a graph was dropped comes only once. */
void relay_tick(struct relay *relay);

/* The first t in the ring; t+1 when it is empty. */
uint32_t relay_first_t(const struct relay *relay);

/* The message of t, which is in the ring; valid until the relay next changes. Empty when it
 * cannot be encoded. */
struct bytes relay_message(struct relay *relay, uint32_t t, enum encoding encoding);

/* The bytes of the messages from t `from` to `to`, 0 when there are none; UINT64_MAX when they are
 * not all in the ring any more. */
uint64_t relay_bytes(const struct relay *relay, uint32_t from, uint32_t to);

/* Copies up to 16 hex digits. */
void checksum_copy(char out[CHECKSUM_TEXT_BYTES], struct bytes text);

#endif
