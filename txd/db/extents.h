/*
 * The extents of a graph's attributes that are worth having in memory (extent.h): a cache between
 * queries and the store. Reads at any basis may be served from it, and give what the store gives.
 *
 * An extent is read when queries have read as much of the attribute from the store as that costs,
 * so no query waits for more than it would have read itself, twice over. What later transactions
 * change is put into it by the same rule, from `changes`. The extents of all graphs of the process
 * share one limit; the ones not used for longest go first.
 *
 * Safe from any thread.
 */
#ifndef STOA_TXD_DB_EXTENTS_H
#define STOA_TXD_DB_EXTENTS_H

#include "txd/db/extent.h"

struct extents;

/* How much memory the extents of all graphs may take; 0: none are kept. At first
 * LIMIT_EXTENT_BYTES. */
void extents_limit(size_t bytes);

/* What they take now. */
size_t extents_bytes(void);

/* `changes` must outlive it. */
struct extents *extents_new(struct changes *changes);
void extents_free(struct extents *extents); /* accepts NULL */

/* What a read would cost without the extent. */
struct extent_demand {
    uint64_t reads;  /* keys that it would read from the store */
    uint64_t datoms; /* about how many datoms the attribute has now */
    extent_check_fn check;
    void *arg;
};

/*
 * The attribute's extent at the basis of `db` without its `since`, retained; NULL when it is not
 * there and not worth reading yet. `db` must be of a snapshot.
 */
bool extents_get(struct extents *extents, const struct db *db, const struct attribute *attribute,
                 const struct extent_demand *demand, struct extent **out,
                 struct error *err) MUST_USE;

#endif
