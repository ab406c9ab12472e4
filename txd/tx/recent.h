/*
 * The present value of attributes that are written again and again: the text of the block that
 * someone is typing in. Each change leaves a tombstone in the index, and RocksDB walks over all of
 * them to find the one value that is there; the writer, who put it there, remembers it instead.
 *
 * Held by the graph for its one writer, from its first change of a value on. Only datoms of
 * cardinality one that were replaced or retracted are remembered, and no collections, so new
 * entities pass it by. It is fixed in size: what falls on the same slot takes it over.
 */
#ifndef STOA_TXD_TX_RECENT_H
#define STOA_TXD_TX_RECENT_H

#include "common/buffer.h"
#include "proto/value.h"

struct recent;

struct recent *recent_new(void);
void recent_free(void *recent); /* accepts NULL */

/* Forgets everything: the schema has changed. */
void recent_clear(struct recent *recent);

/* A datom has been retracted: the entity has no value of the attribute. */
void recent_retracted(struct recent *recent, uint32_t e, uint16_t a);

/* A datom has been added at t. Kept only where recent_retracted() has made room for it. */
void recent_added(struct recent *recent, uint32_t e, uint16_t a, const struct value *v, uint32_t t);

/* True when it is known what the store holds of (e, a): *present with *v (in `arena`) and *t, or
 * nothing. */
bool recent_find(const struct recent *recent, uint32_t e, uint16_t a, struct arena *arena,
                 bool *present, struct value *v, uint32_t *t) MUST_USE;

#endif
