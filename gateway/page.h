/*
 * Pages of snapshots, shared by the sessions that read the same one at about the same time: each
 * page is asked of txd once and encoded once for each encoding.
 */
#ifndef STOA_GATEWAY_PAGE_H
#define STOA_GATEWAY_PAGE_H

#include "common/uuid.h"
#include "gateway/bus.h"
#include "gateway/encode.h"

struct page;

struct pages {
    struct bus *bus;
    const char *graph;
    struct page *head;
    size_t bytes;
};

/* A page of the snapshot of `epoch` at `t`, behind `after`, which is empty for the first. */
struct page_key {
    struct uuid epoch;
    uint32_t t;
    struct bytes after;
};

/*
 * `message` is the page as a `datoms` message, NULL when it holds none; `after` is where to go on,
 * empty at the end. Both last as long as the call. On error `error` is not NULL.
 */
typedef void (*page_fn)(void *arg, struct blob *message, struct bytes after,
                        const struct error *error);

void pages_open(struct pages *pages, struct bus *bus, const char *graph);
void pages_close(struct pages *pages);

/* Calls `fn` exactly once, perhaps before this returns, unless it is cancelled. */
void pages_get(struct pages *pages, const struct page_key *key, enum encoding encoding, page_fn fn,
               void *arg);

/* `fn` is not called for `arg` any more. */
void pages_cancel(struct pages *pages, const void *arg);

/* Forgets what nobody has asked for lately. */
void pages_tick(struct pages *pages);

#endif
