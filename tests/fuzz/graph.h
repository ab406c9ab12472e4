/*
 * The graph that queries and pulls are fuzzed over: small, with something of every kind in it, and
 * a past. Limits are small too, so that many inputs are run in a second.
 */
#ifndef STOA_TESTS_FUZZ_GRAPH_H
#define STOA_TESTS_FUZZ_GRAPH_H

#include "tests/fuzz/fuzz.h"
#include "txd/query/query.h"

/* One read of an input, with everything but the text in `choice`: the basis, and the rest as the
 * target likes. */
typedef bool fuzz_run_fn(const struct snapshot *snapshot, const struct value *input, uint8_t choice,
                         const struct query_limits *limits, struct arena *arena, struct value *out,
                         struct error *err);

/*
 * The first byte is the choice and the rest EDN, which is given to `run`. What it gives must be a
 * value that can be written and read; what it refuses, refused with words and for no fault of ours.
 * Either has to come soon, and with little memory.
 */
void fuzz_read(const uint8_t *data, size_t size, fuzz_run_fn *run);

/* The graph itself. Whoever writes to it must leave it as it was. */
struct graph *fuzz_graph(void);

/* The basis that the lowest three bits of a choice stand for. */
struct query_basis fuzz_basis(uint8_t choice);

#endif
