/*
 * Writers that each keep one transaction of five datoms under way, on one thread and through one
 * gateway. A writer on a WebSocket is also a subscriber of the graph, as every client is: what all
 * write is sent to all. A writer over HTTP is not, and shows the way to the disk alone.
 */
#ifndef STOA_TESTS_BENCH_WRITERS_H
#define STOA_TESTS_BENCH_WRITERS_H

#include "tests/bench/latency.h"
#include "tests/load/world.h"

/* Declares the attributes that the transactions use. */
bool writers_prepare(const struct world *world, struct error *err) MUST_USE;

enum transport { TRANSPORT_MSGPACK, TRANSPORT_JSON, TRANSPORT_HTTP };

struct writers_result {
    struct latency latency;    /* the caller releases it */
    double per_second;         /* acknowledged */
    double txd_us, gateway_us; /* processor time a transaction */
    double load_us;            /* that of this program, with what the kernel does for it */
    double frames, bytes;      /* that the gateway sent to all, a transaction */
};

/* Lets `count` writers work for `seconds` after a warm-up. */
bool writers_run(const struct world *world, unsigned count, enum transport transport,
                 double seconds, struct writers_result *out, struct error *err) MUST_USE;

#endif
