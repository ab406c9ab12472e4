/*
 * Memory for one request: handed out piece by piece, given back all at once. Zero-initialised is
 * empty and ready. Not for threads to share.
 */
#ifndef STOA_COMMON_ARENA_H
#define STOA_COMMON_ARENA_H

#include "common/bytes.h"

struct arena_block;
struct arena_hold;

struct arena {
    struct arena_block *blocks; /* the one in use first */
    struct arena_hold *holds;   /* what arena_hold() was given */
    size_t used;                /* bytes handed out since the last reset, for memory limits */
};

/* `size` bytes aligned for any type, not cleared. Never NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* An array of `count` times `size` bytes, cleared. */
void *arena_calloc(struct arena *arena, size_t count, size_t size);

struct bytes arena_copy(struct arena *arena, struct bytes bytes);
struct bytes arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

/* Calls `release` with `held` when the arena is reset or released: for what is not in the arena,
 * but what is in it points to. */
void arena_hold(struct arena *arena, void (*release)(void *held), void *held);

/* Gives back everything but one block, which is kept for the next request. */
void arena_reset(struct arena *arena);
void arena_release(struct arena *arena);

#define ARENA_NEW(arena, type)          ((type *)arena_calloc((arena), 1, sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_calloc((arena), (count), sizeof(type)))

#endif
