/*
 * The distinct values of a column, each with a number (its code). A dictionary that is shared
 * between threads never changes: who has more values to add makes another one out of it, in which
 * the old codes mean the same.
 *
 * Values are the same as value_equal() says: 1 is not 1.0.
 */
#ifndef STOA_TXD_DB_DICTIONARY_H
#define STOA_TXD_DB_DICTIONARY_H

#include "proto/value.h"

#include <stdatomic.h>

struct dictionary {
    atomic_int references;
    uint32_t count, cap;
    struct value *values; /* by code */
    uint64_t *hashes;     /* of value_hash(), by code */
    uint32_t *slots;      /* code + 1, or 0 */
    size_t mask;
    struct arena arena;         /* what values point to, of those that were added here */
    struct dictionary *shorter; /* retained: it holds what the first values point to; or NULL */
    uint32_t depth;             /* how many are behind `shorter` */
};

#define CODE_NONE UINT32_MAX

/* An empty dictionary, for the caller to fill. */
struct dictionary *dictionary_new(void);

/* One that goes on from `shorter`, which stays as it is. */
struct dictionary *dictionary_extend(struct dictionary *shorter);

struct dictionary *dictionary_retain(struct dictionary *dictionary);
void dictionary_release(struct dictionary *dictionary); /* accepts NULL */

/* The value's code, or CODE_NONE. */
uint32_t dictionary_find(const struct dictionary *dictionary, const struct value *value);

/* The value's code; it is copied in when it is new. Only while nobody else has the dictionary. */
uint32_t dictionary_add(struct dictionary *dictionary, const struct value *value);

/* The memory that it holds by itself. */
size_t dictionary_bytes(const struct dictionary *dictionary);

#endif
