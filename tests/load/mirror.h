/*
 * The datoms that a client holds, kept in step by snapshot and tx messages as PROTOCOL.md says.
 * It believes nothing: a datom added twice, or taken away though it is not there, is an error.
 * Zero-initialised is empty and ready.
 */
#ifndef STOA_TESTS_LOAD_MIRROR_H
#define STOA_TESTS_LOAD_MIRROR_H

#include "common/buffer.h"
#include "common/hashmap.h"
#include "proto/value.h"

struct mirror {
    struct hashmap datoms; /* MessagePack of [e a v] -> its tx, an int64_t in `txs` */
    struct arena txs;
    uint64_t checksum; /* PROTOCOL.md's */
    struct buffer key, scratch;
};

void mirror_release(struct mirror *mirror);

/* Adds the [e a v tx] of a `datoms` message. */
bool mirror_load(struct mirror *mirror, const struct value *datoms, struct error *err) MUST_USE;

/* Applies the [e a v added] of a `tx` message whose transaction entity is `tx`. */
bool mirror_apply(struct mirror *mirror, const struct value *datoms, int64_t tx,
                  struct error *err) MUST_USE;

/* Appends all datoms as an EDN vector of [e a v tx], sorted, one a line. */
void mirror_write(const struct mirror *mirror, struct buffer *out);

#endif
