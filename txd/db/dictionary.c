#include "txd/db/dictionary.h"

#include <assert.h>
#include <stdlib.h>

/* A chain of dictionaries is copied into one when it gets longer, so that texts which nothing
 * refers to any more go away some time. */
#define DEPTH_MAX 32

struct dictionary *dictionary_new(void)
{
    struct dictionary *dictionary = xcalloc(1, sizeof(*dictionary));

    atomic_init(&dictionary->references, 1);
    return dictionary;
}

static void place(struct dictionary *dictionary, uint32_t code)
{
    size_t slot = dictionary->hashes[code] & dictionary->mask;

    while (dictionary->slots[slot])
        slot = (slot + 1) & dictionary->mask;
    dictionary->slots[slot] = code + 1;
}

/* Makes room for `count` values and keeps at least half of the slots free. */
static void reserve(struct dictionary *dictionary, uint32_t count)
{
    if (count <= dictionary->cap)
        return;
    uint32_t cap = dictionary->cap ? dictionary->cap : 8;
    while (cap < count)
        cap *= 2;
    dictionary->values = xrealloc(dictionary->values, cap * sizeof(*dictionary->values));
    dictionary->hashes = xrealloc(dictionary->hashes, cap * sizeof(*dictionary->hashes));
    dictionary->cap = cap;
    free(dictionary->slots);
    dictionary->slots = xcalloc((size_t)cap * 2, sizeof(*dictionary->slots));
    dictionary->mask = (size_t)cap * 2 - 1;
    for (uint32_t code = 0; code < dictionary->count; code++)
        place(dictionary, code);
}

struct dictionary *dictionary_extend(struct dictionary *shorter)
{
    struct dictionary *dictionary = dictionary_new();
    bool copy = shorter->depth >= DEPTH_MAX;

    reserve(dictionary, shorter->count + 1);
    for (uint32_t code = 0; code < shorter->count; code++) {
        dictionary->values[code] =
            copy ? value_copy(&dictionary->arena, &shorter->values[code]) : shorter->values[code];
        dictionary->hashes[code] = shorter->hashes[code];
        dictionary->count++;
        place(dictionary, code);
    }
    if (!copy) {
        dictionary->shorter = dictionary_retain(shorter);
        dictionary->depth = shorter->depth + 1;
    }
    return dictionary;
}

struct dictionary *dictionary_retain(struct dictionary *dictionary)
{
    atomic_fetch_add(&dictionary->references, 1);
    return dictionary;
}

void dictionary_release(struct dictionary *dictionary)
{
    while (dictionary && atomic_fetch_sub(&dictionary->references, 1) == 1) {
        struct dictionary *shorter = dictionary->shorter;
        free(dictionary->values);
        free(dictionary->hashes);
        free(dictionary->slots);
        arena_release(&dictionary->arena);
        free(dictionary);
        dictionary = shorter;
    }
}

static uint32_t find(const struct dictionary *dictionary, const struct value *value, uint64_t hash)
{
    if (!dictionary->slots)
        return CODE_NONE;
    for (size_t slot = hash & dictionary->mask; dictionary->slots[slot];
         slot = (slot + 1) & dictionary->mask) {
        uint32_t code = dictionary->slots[slot] - 1;
        if (dictionary->hashes[code] == hash && value_equal(&dictionary->values[code], value))
            return code;
    }
    return CODE_NONE;
}

uint32_t dictionary_find(const struct dictionary *dictionary, const struct value *value)
{
    return find(dictionary, value, value_hash(value));
}

uint32_t dictionary_add(struct dictionary *dictionary, const struct value *value)
{
    uint64_t hash = value_hash(value);
    uint32_t code = find(dictionary, value, hash);

    if (code != CODE_NONE)
        return code;
    assert(dictionary->count < CODE_NONE - 1);
    reserve(dictionary, dictionary->count + 1);
    code = dictionary->count++;
    dictionary->values[code] = value_copy(&dictionary->arena, value);
    dictionary->hashes[code] = hash;
    place(dictionary, code);
    return code;
}

size_t dictionary_bytes(const struct dictionary *dictionary)
{
    return sizeof(*dictionary) + dictionary->arena.used +
           dictionary->cap * (sizeof(struct value) + sizeof(uint64_t) + 2 * sizeof(uint32_t));
}
