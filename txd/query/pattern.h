/*
 * Data patterns: how the datoms that a pattern matches are come by, what that costs, and which
 * variables they bind. A pattern is matched with an attribute's extent when it is in memory
 * (probe.h); else it is read from the store with the fewest keys (scan.h).
 */
#ifndef STOA_TXD_QUERY_PATTERN_H
#define STOA_TXD_QUERY_PATTERN_H

#include "txd/query/execute.h"

enum position { POSITION_E, POSITION_A, POSITION_V, POSITION_T, POSITION_ADDED, POSITIONS };

#define NO_VARIABLE UINT32_MAX

/* The variable that stands for the entities which the values of a variable name (lookup refs,
 * idents) in one source; and the variable again. */
#define RESOLVED(variable, source) (0x80000000u | (source) << 16 | (variable))
#define RESOLVED_OF(variable)      ((variable)&0x80000000u ? (variable)&0xffffu : (variable))

/* A pattern with all that is known put in. */
struct pattern {
    struct source *source;
    bool impossible; /* what is known can match nothing */
    bool known[POSITIONS];
    uint32_t e;
    const struct attribute *attribute; /* known[POSITION_A] */
    struct value v;
    uint32_t t;
    bool added;
    uint32_t variables[POSITIONS]; /* NO_VARIABLE: known, or not asked for */
    bool user_only;                /* PROTOCOL.md, "tx": attributes and transactions hidden */
    bool bounded;                  /* predicates that are left want a long from low to high */
    int64_t low, high;
};

/* In keys read; opening a cursor counts as COST_SEEK of them. */
struct pattern_cost {
    uint64_t read; /* keys to read */
    uint64_t rows; /* rows that are there afterwards */
};

#define COST_SEEK 20

/* The relation that binds the variable of a position; NULL: none does. */
struct relation *pattern_relation(const struct pattern *pattern, const struct bindings *bindings,
                                  enum position position);

/* Datoms that one entity has, and that have one value, when nothing better is known. */
uint64_t pattern_per_entity(const struct pattern *pattern);
uint64_t pattern_per_value(const struct pattern *pattern);

bool pattern_estimate(struct execution *execution, const struct frame *frame,
                      const struct clause *clause, const struct bindings *bindings,
                      struct pattern_cost *out, struct error *err) MUST_USE;

/* Finds the datoms and joins them. */
bool pattern_run(struct execution *execution, const struct frame *frame,
                 const struct clause *clause, struct bindings *bindings,
                 struct error *err) MUST_USE;

#endif
