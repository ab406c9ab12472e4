/* Latencies of one run, and what is said of them. Zero-initialised is empty and ready. */
#ifndef STOA_TESTS_BENCH_LATENCY_H
#define STOA_TESTS_BENCH_LATENCY_H

#include "common/bytes.h"

struct latency {
    int64_t *us;
    size_t count, cap;
};

void latency_add(struct latency *latency, int64_t us);
void latency_release(struct latency *latency);

/* The latency that `percent` of them do not pass, in milliseconds; 0 when there are none. */
double latency_ms(struct latency *latency, double percent);

#endif
