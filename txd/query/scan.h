/*
 * Reading the datoms of a pattern from the store, with the fewest keys: through the index whose
 * leading components are known, or once for each value that a variable has (a loop), or by a walk
 * over more than is wanted.
 */
#ifndef STOA_TXD_QUERY_SCAN_H
#define STOA_TXD_QUERY_SCAN_H

#include "txd/query/pattern.h"

struct scan {
    enum index index;
    uint32_t count; /* leading components that are known or looped over */
    uint32_t loop;  /* the position of the variable looped over; POSITIONS: none */
    uint64_t read;  /* about how many keys, as struct pattern_cost counts them */
};

/* The cheapest. */
struct scan scan_choose(const struct pattern *pattern, const struct bindings *bindings);

/* Reads what the pattern matches: a relation over its variables. */
bool scan_run(struct execution *execution, const struct pattern *pattern, const struct scan *scan,
              const struct bindings *bindings, struct relation **out, struct error *err) MUST_USE;

#endif
