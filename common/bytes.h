/*
 * A run of bytes owned by someone else. Never NUL-terminated by promise. Whoever hands one out
 * says how long the bytes live.
 */
#ifndef STOA_COMMON_BYTES_H
#define STOA_COMMON_BYTES_H

#include "common/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const char *data;
    size_t len;
};

/* A string literal as bytes, without its NUL. */
#define BYTES(literal) ((struct bytes){ "" literal, sizeof(literal) - 1 })

/* For printf's "%.*s"; long texts are cut at 200 bytes, as messages quote what they name. */
#define BYTES_ARG(b) ((b).len > 200 ? 200 : (int)(b).len), ((b).data ? (b).data : "")

static inline struct bytes bytes_of(const char *text)
{
    return (struct bytes){ text, strlen(text) };
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Order by unsigned bytes, a prefix first: <0, 0, >0. */
int bytes_compare(struct bytes a, struct bytes b);

bool bytes_starts_with(struct bytes text, struct bytes prefix);

/* True when `text` is well-formed UTF-8; else *offset is where the first bad sequence starts. */
bool bytes_utf8_valid(struct bytes text, size_t *offset);

/* 64-bit hash (XXH3), seeded anew in every process: strangers choose many of our keys. */
uint64_t bytes_hash(struct bytes text);

/* The same of a number. */
uint64_t number_hash(uint64_t number);

/* Big-endian integers, as keys hold them. */
static inline void store_u16be(uint8_t *out, uint16_t n)
{
    out[0] = (uint8_t)(n >> 8);
    out[1] = (uint8_t)n;
}

static inline void store_u32be(uint8_t *out, uint32_t n)
{
    store_u16be(out, (uint16_t)(n >> 16));
    store_u16be(out + 2, (uint16_t)n);
}

static inline void store_u64be(uint8_t *out, uint64_t n)
{
    store_u32be(out, (uint32_t)(n >> 32));
    store_u32be(out + 4, (uint32_t)n);
}

static inline uint16_t load_u16be(const uint8_t *in)
{
    return (uint16_t)(in[0] << 8 | in[1]);
}

static inline uint32_t load_u32be(const uint8_t *in)
{
    return (uint32_t)load_u16be(in) << 16 | load_u16be(in + 2);
}

static inline uint64_t load_u64be(const uint8_t *in)
{
    return (uint64_t)load_u32be(in) << 32 | load_u32be(in + 4);
}

#endif
