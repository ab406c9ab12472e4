#include "txd/tx/table.h"

#define BUCKETS_MIN 32

static void grow(struct table *table, struct arena *arena)
{
    size_t size = table->size ? table->size * 4 : BUCKETS_MIN;
    struct chain **buckets = ARENA_ARRAY(arena, struct chain *, size);

    for (size_t i = 0; i < table->size; i++) {
        for (struct chain *at = table->buckets[i], *next; at; at = next) {
            next = at->next;
            at->next = buckets[at->hash & (size - 1)];
            buckets[at->hash & (size - 1)] = at;
        }
    }
    table->buckets = buckets;
    table->size = size;
}

void table_add(struct table *table, struct arena *arena, struct chain *entry, uint64_t hash)
{
    if (table->count >= table->size)
        grow(table, arena);
    struct chain **bucket = &table->buckets[hash & (table->size - 1)];
    entry->hash = hash;
    entry->next = *bucket;
    *bucket = entry;
    table->count++;
}
