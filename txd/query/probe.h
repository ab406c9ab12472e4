/*
 * Matching a pattern with the extent of its attribute (txd/db/extent.h), which is in memory: row by
 * row of what is known, through the extent's entities or the postings of its values, or through the
 * extent alone. Nothing is hashed, and nothing is copied before it is known to match.
 */
#ifndef STOA_TXD_QUERY_PROBE_H
#define STOA_TXD_QUERY_PROBE_H

#include "txd/query/pattern.h"

enum probe_driver {
    PROBE_NONE,     /* the store is the better way */
    PROBE_ENTITY,   /* the extent's rows of one entity */
    PROBE_ENTITIES, /* of the entity in each row of a relation */
    PROBE_VALUE,    /* the postings of one value */
    PROBE_VALUES,   /* of the value in each row of a relation */
    PROBE_RANGE,    /* of all values between two bounds */
    PROBE_ALL,
};

/* How a pattern is matched. */
struct probe {
    enum probe_driver driver;
    const struct pattern *pattern;
    struct extent *extent;
    struct relation *with; /* of PROBE_ENTITIES and PROBE_VALUES */
    struct pattern_cost cost;
};

/* The best way; PROBE_NONE also for a pattern that no extent can answer. */
struct probe probe_choose(const struct pattern *pattern, struct extent *extent,
                          const struct bindings *bindings);

/* Matches, and joins what is found to the bindings. */
bool probe_run(struct execution *execution, const struct probe *probe, struct bindings *bindings,
               struct error *err) MUST_USE;

/* For people: "entities of a relation", ... */
const char *probe_driver_name(enum probe_driver driver);

#endif
