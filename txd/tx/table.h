/*
 * A hash table of structs that carry their own link, in an arena: adding never fails and nothing
 * is freed. Several entries may have one hash; the caller compares keys.
 *
 *     for (struct chain *at = table_first(&table, hash); at; at = table_next(at))
 */
#ifndef STOA_TXD_TX_TABLE_H
#define STOA_TXD_TX_TABLE_H

#include "common/arena.h"

struct chain { /* the first member of what the table holds */
    struct chain *next;
    uint64_t hash;
};

struct table {
    struct chain **buckets;
    size_t count, size; /* size: a power of two, or 0 */
};

static inline struct chain *table_same(struct chain *at, uint64_t hash)
{
    while (at && at->hash != hash)
        at = at->next;
    return at;
}

static inline struct chain *table_first(const struct table *table, uint64_t hash)
{
    return table->size ? table_same(table->buckets[hash & (table->size - 1)], hash) : NULL;
}

static inline struct chain *table_next(struct chain *at)
{
    return table_same(at->next, at->hash);
}

/* Must not be called during a walk over the same hash: growing relinks the entries. */
void table_add(struct table *table, struct arena *arena, struct chain *entry, uint64_t hash);

#endif
