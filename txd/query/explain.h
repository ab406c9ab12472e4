/*
 * What a query did, for people: each clause in the order in which it was run, how its rows were
 * come by, how many were expected and found, and the time. Clauses inside `not`, `or` and rules
 * follow the one they are in, deeper by one; what is run again and again is one step.
 */
#ifndef STOA_TXD_QUERY_EXPLAIN_H
#define STOA_TXD_QUERY_EXPLAIN_H

#include "txd/query/parse.h"

struct explain_step;

/* Of one query. Zero-initialised but for the arena. */
struct explain {
    struct arena *arena;
    struct explain_step *first, **end;
    uint32_t depth;
    const char *method; /* set by who runs a clause; static */
    struct bytes note;  /* more of it, in the arena; may be empty */
};

#define EXPLAIN_UNKNOWN UINT64_MAX

void explain_open(struct explain *explain, struct arena *arena);

/* A clause begins and ends; what is begun between is inside it. `estimated` rows may be unknown. */
struct explain_step *explain_begin(struct explain *explain, const struct clause *clause,
                                   uint64_t estimated);
void explain_end(struct explain *explain, struct explain_step *step, uint64_t rows);

/* {"steps" [{"clause" "[?e :a ?v]" "method" "column, one value" "estimated" 12 "rows" 10 "runs" 1
 * "us" 3.4 "depth" 0} ..] "rows" n "us" t}; `rows` of the result, found since `begun_ns`. */
struct value explain_value(const struct explain *explain, uint64_t rows, int64_t begun_ns);

#endif
