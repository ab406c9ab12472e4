#include "txd/paging.h"

#include "common/clock.h"

#include <pthread.h>
#include <stdlib.h>

struct held {
    struct snapshot *snapshot; /* NULL: free */
    int64_t used_us;
};

struct paging {
    pthread_mutex_t mutex;
    struct held held[PAGING_SNAPSHOTS_MAX];
};

struct paging *paging_open(void)
{
    struct paging *paging = xcalloc(1, sizeof(*paging));

    pthread_mutex_init(&paging->mutex, NULL);
    return paging;
}

void paging_close(struct paging *paging)
{
    if (!paging)
        return;
    for (size_t i = 0; i < PAGING_SNAPSHOTS_MAX; i++)
        snapshot_release(paging->held[i].snapshot);
    pthread_mutex_destroy(&paging->mutex);
    free(paging);
}

static struct held *find(struct paging *paging, const struct graph *graph, uint32_t t)
{
    for (size_t i = 0; i < PAGING_SNAPSHOTS_MAX; i++) {
        struct held *held = &paging->held[i];
        if (held->snapshot && held->snapshot->graph == graph && held->snapshot->t == t)
            return held;
    }
    return NULL;
}

/* A free place, or the one that was used longest ago. */
static struct held *oldest(struct paging *paging)
{
    struct held *found = &paging->held[0];

    for (size_t i = 0; i < PAGING_SNAPSHOTS_MAX && found->snapshot; i++)
        if (!paging->held[i].snapshot || paging->held[i].used_us < found->used_us)
            found = &paging->held[i];
    return found;
}

void paging_hold(struct paging *paging, struct snapshot *snapshot)
{
    struct snapshot *ended = NULL;

    if (!schema_has_no_history(snapshot->schema))
        return;
    pthread_mutex_lock(&paging->mutex);
    struct held *held = find(paging, snapshot->graph, snapshot->t);
    if (!held) {
        held = oldest(paging);
        ended = held->snapshot;
        held->snapshot = snapshot_retain(snapshot);
    }
    held->used_us = clock_monotonic_us();
    pthread_mutex_unlock(&paging->mutex);
    snapshot_release(ended); /* the last one of its graph closes it, which takes time */
}

struct snapshot *paging_find(struct paging *paging, const struct graph *graph, uint32_t t)
{
    struct snapshot *found = NULL;

    pthread_mutex_lock(&paging->mutex);
    struct held *held = find(paging, graph, t);
    if (held) {
        held->used_us = clock_monotonic_us();
        found = snapshot_retain(held->snapshot);
    }
    pthread_mutex_unlock(&paging->mutex);
    return found;
}

void paging_expire(struct paging *paging)
{
    struct snapshot *ended[PAGING_SNAPSHOTS_MAX];
    int64_t until_us = clock_monotonic_us() - (int64_t)PAGING_LEASE_MS * 1000;
    size_t count = 0;
    struct error ignored;

    pthread_mutex_lock(&paging->mutex);
    for (size_t i = 0; i < PAGING_SNAPSHOTS_MAX; i++) {
        struct held *held = &paging->held[i];
        if (held->snapshot &&
            (held->used_us < until_us || !graph_check(held->snapshot->graph, &ignored))) {
            ended[count++] = held->snapshot;
            held->snapshot = NULL;
        }
    }
    pthread_mutex_unlock(&paging->mutex);
    while (count > 0)
        snapshot_release(ended[--count]);
}
