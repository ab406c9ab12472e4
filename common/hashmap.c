#include "common/hashmap.h"

#include <assert.h>
#include <stdlib.h>

/* The map made the copy, so it may take away its const. */
static void key_free(struct bytes key)
{
    union {
        const char *data;
        void *memory;
    } copy = { .data = key.data };

    free(copy.memory);
}

void hashmap_release(struct hashmap *map)
{
    for (size_t i = 0; i < map->cap; i++)
        key_free(map->slots[i].key);
    free(map->slots);
    *map = (struct hashmap){ 0 };
}

/* The slot that holds the key, or the empty one where it would go. */
static size_t slot_of(const struct hashmap *map, uint64_t hash, struct bytes key)
{
    size_t mask = map->cap - 1, at = (size_t)hash & mask;

    while (map->slots[at].key.data &&
           !(map->slots[at].hash == hash && bytes_equal(map->slots[at].key, key)))
        at = (at + 1) & mask;
    return at;
}

static void grow(struct hashmap *map)
{
    struct hashmap bigger = { .cap = map->cap ? map->cap * 2 : 16, .count = map->count };

    bigger.slots = xcalloc(bigger.cap, sizeof(*bigger.slots));
    for (size_t i = 0; i < map->cap; i++)
        if (map->slots[i].key.data)
            bigger.slots[slot_of(&bigger, map->slots[i].hash, map->slots[i].key)] = map->slots[i];
    free(map->slots);
    *map = bigger;
}

void *hashmap_get(const struct hashmap *map, struct bytes key)
{
    return map->count ? map->slots[slot_of(map, bytes_hash(key), key)].value : NULL;
}

void *hashmap_put(struct hashmap *map, struct bytes key, void *value)
{
    assert(value);
    if ((map->count + 1) * 4 > map->cap * 3)
        grow(map);
    uint64_t hash = bytes_hash(key);
    struct hashmap_entry *slot = &map->slots[slot_of(map, hash, key)];
    void *before = slot->value;
    if (!slot->key.data) {
        char *copy = xmalloc(key.len);
        if (key.len)
            memcpy(copy, key.data, key.len);
        slot->hash = hash;
        slot->key = (struct bytes){ copy, key.len };
        map->count++;
    }
    slot->value = value;
    return before;
}

void *hashmap_remove(struct hashmap *map, struct bytes key)
{
    if (!map->count)
        return NULL;
    size_t mask = map->cap - 1, at = slot_of(map, bytes_hash(key), key);
    void *value = map->slots[at].value;
    if (!map->slots[at].key.data)
        return NULL;
    key_free(map->slots[at].key);
    map->count--;
    for (size_t next = at;;) { /* move back what probed past the hole */
        map->slots[at] = (struct hashmap_entry){ 0 };
        for (;;) {
            next = (next + 1) & mask;
            if (!map->slots[next].key.data)
                return value;
            size_t home = (size_t)map->slots[next].hash & mask;
            if (((next - home) & mask) >= ((next - at) & mask))
                break;
        }
        map->slots[at] = map->slots[next];
        at = next;
    }
}

struct hashmap_entry *hashmap_next(const struct hashmap *map, size_t *at)
{
    while (*at < map->cap) {
        struct hashmap_entry *entry = &map->slots[(*at)++];
        if (entry->key.data)
            return entry;
    }
    return NULL;
}
