/*
 * Writers that each keep one transaction of five datoms under way, on one thread and through one
 * gateway. A writer is also a subscriber of the graph, as every client is.
 */
#ifndef STOA_TESTS_BENCH_WRITERS_H
#define STOA_TESTS_BENCH_WRITERS_H

#include "tests/bench/latency.h"
#include "tests/load/world.h"

/* Declares the attributes that the transactions use. */
bool writers_prepare(const struct world *world, struct error *err) MUST_USE;

/* Lets `count` writers work for `seconds` after a warm-up; *per_second is what was acknowledged. */
bool writers_run(const struct world *world, unsigned count, bool json, double seconds,
                 struct latency *latency, double *per_second, struct error *err) MUST_USE;

#endif
