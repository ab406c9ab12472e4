#include "common/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_BYTES_MIN ((size_t)4096)
#define BLOCK_BYTES_MAX ((size_t)1 << 20)

struct arena_block {
    struct arena_block *next;
    size_t used, cap;
    alignas(max_align_t) char data[];
};

void *arena_alloc(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->blocks;
    size_t aligned = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);

    assert(aligned >= size);
    if (!block || block->cap - block->used < aligned) {
        size_t cap = block ? block->cap * 2 : BLOCK_BYTES_MIN;
        if (cap > BLOCK_BYTES_MAX)
            cap = BLOCK_BYTES_MAX;
        if (cap < aligned)
            cap = aligned;
        struct arena_block *fresh = xmalloc(sizeof(*fresh) + cap);
        fresh->used = 0;
        fresh->cap = cap;
        fresh->next = block;
        arena->blocks = block = fresh;
    }
    void *result = block->data + block->used;
    block->used += aligned;
    arena->used += aligned;
    return result;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        abort();
    return memset(arena_alloc(arena, total), 0, total);
}

struct bytes arena_copy(struct arena *arena, struct bytes bytes)
{
    char *data = arena_alloc(arena, bytes.len);

    if (bytes.len)
        memcpy(data, bytes.data, bytes.len);
    return (struct bytes){ data, bytes.len };
}

struct bytes arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    char *data = arena_alloc(arena, (size_t)len + 1);
    vsnprintf(data, (size_t)len + 1, format, again);
    va_end(again);
    return (struct bytes){ data, (size_t)len };
}

struct arena_hold {
    struct arena_hold *next;
    void (*release)(void *held);
    void *held;
};

void arena_hold(struct arena *arena, void (*release)(void *held), void *held)
{
    struct arena_hold *hold = arena_alloc(arena, sizeof(*hold));

    *hold = (struct arena_hold){ arena->holds, release, held };
    arena->holds = hold;
}

static void let_go(struct arena *arena)
{
    for (const struct arena_hold *hold = arena->holds; hold; hold = hold->next)
        hold->release(hold->held);
    arena->holds = NULL;
}

void arena_reset(struct arena *arena)
{
    let_go(arena);
    if (!arena->blocks)
        return;
    struct arena_block *kept = arena->blocks;
    while (kept->next) {
        struct arena_block *next = kept->next->next;
        free(kept->next);
        kept->next = next;
    }
    if (kept->cap > BLOCK_BYTES_MAX) { /* one huge request must not hold its memory for ever */
        free(kept);
        arena->blocks = NULL;
    } else {
        kept->used = 0;
    }
    arena->used = 0;
}

void arena_release(struct arena *arena)
{
    let_go(arena);
    while (arena->blocks) {
        struct arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
    arena->used = 0;
}
