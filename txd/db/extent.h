/*
 * The extent of an attribute: all its datoms at one basis, as arrays side by side, in the order of
 * aevt. It never changes once it is made, so any number of threads read it; what later transactions
 * change makes another one out of it.
 *
 *   es      the entities, ascending
 *   ts      when each datom was asserted (a retraction, in history: when it was retracted)
 *   longs   the values, when all are longs; else
 *   codes   their numbers in `dictionary`
 *   added   only in history: false for retractions
 *
 * Rows of one entity are found by `starts` where entities are dense, else by bisection. Rows of one
 * value are found by its postings, which are made when first asked for.
 */
#ifndef STOA_TXD_DB_EXTENT_H
#define STOA_TXD_DB_EXTENT_H

#include "txd/db/changes.h"
#include "txd/db/dictionary.h"

#include <pthread.h>

/* Keys (longs) that are grouped: group i of `count` has the items [starts[i], starts[i + 1]). */
struct grouping {
    bool dense;       /* group i is of the key first + i */
    int64_t first;    /* dense only */
    uint32_t count;   /* groups; dense: some are empty */
    int64_t *keys;    /* ascending, one a group; NULL when dense */
    uint32_t *starts; /* count + 1 */
};

/* Rows by value: a grouping by long or code, and the rows, those of one value ascending. */
struct postings {
    struct grouping values;
    uint32_t *rows;
    uint32_t distinct; /* values that have rows */
};

struct rows { /* [begin, end) */
    uint32_t begin, end;
};

struct extent {
    atomic_int references;
    uint16_t a;
    uint32_t count;
    uint32_t *es, *ts;
    bool *added;
    struct dictionary *dictionary; /* NULL: longs */
    union {
        int64_t *longs;
        uint32_t *codes;
    };
    uint32_t entity_count;
    bool single; /* no entity has two rows */
    struct grouping entities;
    pthread_mutex_t mutex; /* of making postings */
    _Atomic(struct postings *) postings;
    atomic_ullong wanted; /* what reading the store for want of postings has cost, in keys */
};

/* Called now and then while an extent is read; false ends the reading, with a reason. */
typedef bool (*extent_check_fn)(void *arg, struct error *err);

/* Reads the attribute's datoms at the basis of `db`, without its `since`. */
bool extent_read(const struct db *db, uint16_t a, extent_check_fn check, void *arg,
                 struct extent **out, struct error *err) MUST_USE;

/* What `extent`, which is not of history, is after the changes, which are in order of t. NULL when
 * it must be read anew: a first value that is no long among longs. */
struct extent *extent_apply(const struct extent *extent, const struct change_list *changes);

struct extent *extent_retain(struct extent *extent);
void extent_release(struct extent *extent); /* accepts NULL */

/* The memory that it holds, also that of postings, made or not. */
size_t extent_bytes(const struct extent *extent);

/* Made on the first call, which takes the time of sorting the values. */
const struct postings *extent_postings(struct extent *extent);

/* The rows, in postings->rows, of the values from `low` to `high`; of longs only. */
struct rows postings_range(const struct postings *postings, int64_t low, int64_t high);

/* The value as the extent numbers it: itself, or its code; false when no datom has it. */
bool extent_number(const struct extent *extent, const struct value *value, int64_t *out);

static inline struct value extent_value(const struct extent *extent, uint32_t row)
{
    return extent->dictionary ? extent->dictionary->values[extent->codes[row]]
                              : value_long(extent->longs[row]);
}

/* What extent_number() would give for the row's value. */
static inline int64_t extent_number_at(const struct extent *extent, uint32_t row)
{
    return extent->dictionary ? (int64_t)extent->codes[row] : extent->longs[row];
}

/* The first of the sorted keys that is `key` or above; grouping->count: none. Not of a dense one.
 */
static inline uint32_t grouping_search(const struct grouping *grouping, int64_t key)
{
    uint32_t low = 0, high = grouping->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (grouping->keys[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The items of a key; none: an empty range. */
static inline struct rows grouping_find(const struct grouping *grouping, int64_t key)
{
    if (grouping->dense) {
        uint64_t at = (uint64_t)key - (uint64_t)grouping->first;
        if (at >= grouping->count)
            return (struct rows){ 0, 0 };
        return (struct rows){ grouping->starts[at], grouping->starts[at + 1] };
    }
    uint32_t group = grouping_search(grouping, key);
    if (group == grouping->count || grouping->keys[group] != key)
        return (struct rows){ 0, 0 };
    return (struct rows){ grouping->starts[group], grouping->starts[group + 1] };
}

static inline struct rows extent_rows_of(const struct extent *extent, int64_t e)
{
    return grouping_find(&extent->entities, e);
}

#endif
