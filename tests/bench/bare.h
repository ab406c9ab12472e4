/*
 * What the disk and RocksDB do without Stoa: the measure for its own figures, taken in the same
 * run on the same disk.
 */
#ifndef STOA_TESTS_BENCH_BARE_H
#define STOA_TESTS_BENCH_BARE_H

#include "common/error.h"
#include "tests/bench/latency.h"

/* Appends 4 KiB to a file in `dir` and calls fdatasync(), `count` times. */
bool bare_sync(const char *dir, size_t count, struct latency *out, struct error *err) MUST_USE;

/*
 * Finds the graph that txd left below `data_dir`, and writes the keys of its transactions from
 * `t_min` on again, in their order, into an empty RocksDB in `dir`: `batch` transactions in one
 * synced write.
 */
bool bare_replay(const char *data_dir, const char *dir, uint32_t t_min, size_t batch,
                 size_t *transactions, size_t *keys, double *seconds, struct error *err) MUST_USE;

#endif
