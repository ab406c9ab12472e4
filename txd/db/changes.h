/*
 * The datoms of a graph's last transactions, in memory: by them what was read of an attribute at
 * one t is brought up to a later one (extents.h) without reading the store again. The writer adds,
 * readers ask; safe from any thread. Bounded: what is oldest goes first.
 */
#ifndef STOA_TXD_DB_CHANGES_H
#define STOA_TXD_DB_CHANGES_H

#include "txd/db/cursor.h"

struct changes;

/* Knows all that comes after `t`. */
struct changes *changes_new(uint32_t t);
void changes_free(struct changes *changes); /* accepts NULL */

/*
 * Adds what a transaction changed: datom->t is its t, which never goes back, also for a retraction.
 * It must be added before anyone has a snapshot with that t. The value is copied.
 */
void changes_add(struct changes *changes, const struct datom *datom);

/* The changes of an attribute after `since` up to `t`, in the order they came. */
struct change_list {
    struct datom *datoms; /* in the arena, with their values */
    size_t count, cap;
};

/* False when they are not known any more, or are more than `count_max`. */
bool changes_list(struct changes *changes, uint16_t a, uint32_t since, uint32_t t, size_t count_max,
                  struct arena *arena, struct change_list *out);

#endif
