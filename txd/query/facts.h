/*
 * What an entity has: its values by attribute, and who refers to it. Out of extents where all that
 * is asked for is in memory, else by a walk over the store.
 */
#ifndef STOA_TXD_QUERY_FACTS_H
#define STOA_TXD_QUERY_FACTS_H

#include "txd/query/source.h"

/* Whom to ask, for any number of entities. */
struct facts_reader {
    struct source *source; /* a graph; not history */
    struct arena *arena;
    struct budget *budget;
    struct extent **all; /* of every attribute that has datoms, in order of id; NULL: not yet */
    uint32_t all_count;
    uint32_t misses; /* entities that were read from the store for want of `all` */
};

/* What is asked for. */
struct facts_wish {
    bool all;                                  /* every attribute */
    const struct attribute *const *attributes; /* these, besides */
    uint32_t count;
    uint64_t (*wanted)(const void *arg, uint16_t a); /* how many values at most; 0: none */
    const void *arg;
};

/* The values [at, end) of one attribute. */
struct facts_group {
    uint16_t a;
    size_t at, end;
};

struct facts {
    struct value_builder values; /* in the order of an index */
    struct facts_group *groups;  /* in order of attribute when `all` was asked for */
    size_t count, cap;
};

/* Zero-initialised `out`. All that is in it lives as long as the arena. */
bool facts_read(struct facts_reader *reader, uint32_t e, const struct facts_wish *wish,
                struct facts *out, struct error *err) MUST_USE;

/* NULL when the entity has none. */
const struct facts_group *facts_group(const struct facts *facts, uint16_t a);

/* The first `limit` entities that refer to `e` by the attribute, ascending. */
bool facts_referrers(struct facts_reader *reader, uint32_t e, const struct attribute *attribute,
                     uint64_t limit, struct value_builder *out, struct error *err) MUST_USE;

#endif
