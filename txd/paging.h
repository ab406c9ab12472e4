/*
 * Snapshots that clients are being sent page by page, held until they have them.
 *
 * Any t can be read at any time from the indexes alone (page.h), but for what :db/noHistory
 * forgets: when such a value changes between two pages, the snapshot at t would lack it, and the
 * client's checksum would not be the one of `synced`. So a snapshot of a graph with such attributes
 * is held from its `sync` until PAGING_LEASE_MS after its last page. Without that, or after it, or
 * over PAGING_SNAPSHOTS_MAX, pages are read as of t, and a client that missed something finds out
 * by its checksum and synchronises again.
 */
#ifndef STOA_TXD_PAGING_H
#define STOA_TXD_PAGING_H

#include "txd/db/graph.h"

/* Longer than a gateway waits between two pages for a socket that takes nothing. */
#define PAGING_LEASE_MS 60000

/* Of all graphs. Each keeps RocksDB from dropping what was overwritten since. */
#define PAGING_SNAPSHOTS_MAX 64

struct paging;

struct paging *paging_open(void);
void paging_close(struct paging *paging); /* accepts NULL */

/* Holds the snapshot if its graph has attributes without history. Retains it. */
void paging_hold(struct paging *paging, struct snapshot *snapshot);

/* The snapshot of the graph at t, retained, if it is held; else NULL. */
struct snapshot *paging_find(struct paging *paging, const struct graph *graph, uint32_t t);

/* Lets go of what no page was asked of for the lease, and of graphs that were stopped or dropped.
 * Call about once a second. */
void paging_expire(struct paging *paging);

#endif
