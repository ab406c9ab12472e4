/*
 * A hash map from bytes to a pointer. Open addressing, linear probing, keys copied.
 * Zero-initialised is empty and ready.
 */
#ifndef STOA_COMMON_HASHMAP_H
#define STOA_COMMON_HASHMAP_H

#include "common/bytes.h"

struct hashmap_entry {
    uint64_t hash;
    struct bytes key; /* owned by the map; data is NULL where the slot is empty */
    void *value;
};

struct hashmap {
    struct hashmap_entry *slots;
    size_t count; /* entries that are there */
    size_t cap;   /* slots, a power of two, or 0 */
};

/* Frees the map and its keys; what the values point to is the caller's. */
void hashmap_release(struct hashmap *map);

/* The value, or NULL when the key is not there. */
void *hashmap_get(const struct hashmap *map, struct bytes key);

/* Sets the value, which is not NULL; returns the one that was there before, or NULL. */
void *hashmap_put(struct hashmap *map, struct bytes key, void *value);

/* Removes the key; returns the value that was there, or NULL. */
void *hashmap_remove(struct hashmap *map, struct bytes key);

/*
 * Visits every entry: for (size_t at = 0; (entry = hashmap_next(map, &at));). In no order; the map
 * must not change meanwhile.
 */
struct hashmap_entry *hashmap_next(const struct hashmap *map, size_t *at);

#endif
