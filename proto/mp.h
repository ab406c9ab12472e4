/*
 * MessagePack (github.com/msgpack/msgpack, spec.md) in and out, with the extension types of
 * PROTOCOL.md: 1 keyword, 2 symbol, 3 uuid, 4 set (an encoded array), -1 timestamp.
 *
 * What we write is packed by msgpack-c, integers in their shortest form. What we read comes from
 * strangers and is read by a cursor of our own that checks each count against the bytes left
 * before it allocates, and limits depth (msgpack-c's unpacker allocates what a header claims).
 */
#ifndef STOA_PROTO_MP_H
#define STOA_PROTO_MP_H

#include "common/buffer.h"
#include "proto/value.h"

/* Reads one value that fills `bytes`. Strings and keywords point into `bytes`, which must live as
 * long as the value; the rest is in `arena`. Errors (incorrect) name what and the byte offset. */
bool mp_read(struct bytes bytes, struct arena *arena, struct value *out,
             struct error *err) MUST_USE;

/* The length of the one value at the head of `bytes`, without building it. */
bool mp_skip(struct bytes bytes, size_t *len, struct error *err) MUST_USE;

/* True when `bytes` are one whole value by MessagePack's own rules, also where mp_read() refuses
 * what it stands for: an integer beyond 64 bits with sign, an extension that is none of ours. */
bool mp_formed(struct bytes bytes) MUST_USE;

/* The encoded value that the map at the head of `map` has under the string; empty when it has none
 * or is no map. */
struct bytes mp_entry(struct bytes map, struct bytes key);

void mp_write(struct buffer *out, const struct value *value);

/* Piecewise, for messages that are assembled without building a value. */
void mp_write_array(struct buffer *out, uint32_t count);
void mp_write_map(struct buffer *out, uint32_t count);
void mp_write_nil(struct buffer *out);
void mp_write_boolean(struct buffer *out, bool boolean);
void mp_write_long(struct buffer *out, int64_t number);
void mp_write_string(struct buffer *out, struct bytes text);
void mp_write_bytes(struct buffer *out, struct bytes bytes);

/* A datom up to its value: an array of `count` items, of which these are the first two. */
void mp_begin_datom(struct buffer *out, uint32_t count, uint32_t e, struct bytes ident);

/* Makes an array of the `count` values that were written from `start` on, for who does not know
 * before how many there are. */
void mp_wrap_array(struct buffer *out, size_t start, uint32_t count);

/*
 * The canonical encoding: as mp_write(), with integral doubles that fit an int64 as integers, and
 * the items of sets and entries of maps sorted by their own encoded bytes. Checksums are over it;
 * collections are compared by it.
 */
void mp_write_canonical(struct buffer *out, const struct value *value);

/*
 * Puts the items of sets and the entries of maps in the order of the canonical encoding, in place
 * and all the way down; those that it gives the same bytes, as 1 and 1.0, in the order of their own
 * encoding. So equal values become the same items in the same order. Datom values are sorted on
 * their way in, so that whoever gets one can take the checksum over it as it comes.
 */
void mp_sort(struct value *value);

/*
 * What one datom adds to the checksum of PROTOCOL.md: XXH32 with seed 0 in the high half and with
 * seed 1 in the low half, of the canonical [e a v tx]. Sums are modulo 2^32 in each half: use
 * checksum_add() and checksum_subtract(). `scratch` is cleared and used.
 */
uint64_t mp_datom_checksum(struct buffer *scratch, uint32_t e, struct bytes ident,
                           const struct value *v, uint32_t tx);

static inline uint64_t checksum_add(uint64_t sum, uint64_t datom)
{
    return (uint64_t)((uint32_t)(sum >> 32) + (uint32_t)(datom >> 32)) << 32 |
           ((uint32_t)sum + (uint32_t)datom);
}

static inline uint64_t checksum_subtract(uint64_t sum, uint64_t datom)
{
    return (uint64_t)((uint32_t)(sum >> 32) - (uint32_t)(datom >> 32)) << 32 |
           (uint32_t)((uint32_t)sum - (uint32_t)datom);
}

#endif
