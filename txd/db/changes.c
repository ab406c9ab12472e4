#include "txd/db/changes.h"

#include <pthread.h>
#include <stdlib.h>

/* All segments of a graph, with their values: a thousand ordinary transactions and more. */
#define CHANGES_BYTES_MAX ((size_t)1 << 20)

#define SEGMENT_DATOMS 256

struct segment {
    struct segment *next;
    uint32_t count;
    struct datom datoms[SEGMENT_DATOMS];
    struct arena arena; /* of their values */
};

struct changes {
    pthread_mutex_t mutex;
    struct segment *oldest, *newest;
    size_t bytes;
    uint32_t known_after; /* the changes of all later t are here */
};

struct changes *changes_new(uint32_t t)
{
    struct changes *changes = xcalloc(1, sizeof(*changes));

    pthread_mutex_init(&changes->mutex, NULL);
    changes->known_after = t;
    return changes;
}

static uint32_t last_t(const struct segment *segment)
{
    return segment->datoms[segment->count - 1].t;
}

static size_t segment_bytes(const struct segment *segment)
{
    return sizeof(*segment) + segment->arena.used;
}

static void drop_oldest(struct changes *changes)
{
    struct segment *segment = changes->oldest;

    changes->oldest = segment->next;
    if (!changes->oldest)
        changes->newest = NULL;
    changes->known_after = last_t(segment);
    changes->bytes -= segment_bytes(segment);
    arena_release(&segment->arena);
    free(segment);
}

void changes_free(struct changes *changes)
{
    if (!changes)
        return;
    while (changes->oldest)
        drop_oldest(changes);
    pthread_mutex_destroy(&changes->mutex);
    free(changes);
}

static struct segment *add_segment(struct changes *changes)
{
    struct segment *segment = xcalloc(1, sizeof(*segment));

    if (changes->newest)
        changes->newest->next = segment;
    else
        changes->oldest = segment;
    changes->newest = segment;
    changes->bytes += segment_bytes(segment);
    return segment;
}

void changes_add(struct changes *changes, const struct datom *datom)
{
    pthread_mutex_lock(&changes->mutex);
    struct segment *segment = changes->newest;
    if (!segment || segment->count == SEGMENT_DATOMS)
        segment = add_segment(changes);
    size_t before = segment->arena.used;
    struct datom *copy = &segment->datoms[segment->count++];
    *copy = *datom;
    copy->v = value_copy(&segment->arena, &datom->v);
    changes->bytes += segment->arena.used - before;
    while (changes->bytes > CHANGES_BYTES_MAX)
        drop_oldest(changes);
    pthread_mutex_unlock(&changes->mutex);
}

static void list_add(struct change_list *list, struct arena *arena, const struct datom *datom)
{
    if (list->count == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 16;
        struct datom *datoms = ARENA_ARRAY(arena, struct datom, cap);
        if (list->count)
            memcpy(datoms, list->datoms, list->count * sizeof(*datoms));
        list->datoms = datoms;
        list->cap = cap;
    }
    struct datom *copy = &list->datoms[list->count++];
    *copy = *datom;
    copy->v = value_copy(arena, &datom->v);
}

bool changes_list(struct changes *changes, uint16_t a, uint32_t since, uint32_t t, size_t count_max,
                  struct arena *arena, struct change_list *out)
{
    *out = (struct change_list){ 0 };
    pthread_mutex_lock(&changes->mutex);
    bool known = since >= changes->known_after;
    for (struct segment *segment = changes->oldest; known && segment; segment = segment->next) {
        if (last_t(segment) <= since)
            continue;
        for (uint32_t i = 0; known && i < segment->count; i++) {
            const struct datom *datom = &segment->datoms[i];
            if (datom->a != a || datom->t <= since || datom->t > t)
                continue;
            known = out->count < count_max;
            if (known)
                list_add(out, arena, datom);
        }
    }
    pthread_mutex_unlock(&changes->mutex);
    return known;
}
