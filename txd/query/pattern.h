/*
 * Data patterns: how the datoms that a pattern matches are come by, what that costs, and reading
 * them. A pattern is read with the fewest keys: through the index whose leading components are
 * known, or once for each value that a variable has (a loop), or by a scan that is joined
 * afterwards.
 */
#ifndef STOA_TXD_QUERY_PATTERN_H
#define STOA_TXD_QUERY_PATTERN_H

#include "txd/query/execute.h"

/* In keys read; opening a cursor counts as COST_SEEK of them. */
struct pattern_cost {
    uint64_t read; /* keys to read */
    uint64_t rows; /* rows that are there afterwards */
};

#define COST_SEEK 20

bool pattern_estimate(struct execution *execution, const struct frame *frame,
                      const struct clause *clause, const struct bindings *bindings,
                      struct pattern_cost *out, struct error *err) MUST_USE;

/* Reads the datoms and joins them. */
bool pattern_run(struct execution *execution, const struct frame *frame,
                 const struct clause *clause, struct bindings *bindings,
                 struct error *err) MUST_USE;

#endif
