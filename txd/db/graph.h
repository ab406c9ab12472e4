/*
 * One graph: its store, what is known of its head, and the snapshot that readers see.
 *
 * A graph has one writer at a time. The writer alone reads and changes `head`, and writes the
 * store; after a batch it takes a snapshot of what it wrote (graph_snapshot_take), and once that is
 * durable graph_publish() makes it what readers get. Everything else is safe from any thread.
 *
 * Metadata, under key 'M' name: "format" u32 (2), "epoch" uuid:16, "flexibility" u8, "base" u32
 * (t of an import, else 0), "counts" (per-attribute counts and the t they are of; saved now and
 * then, and brought up from the log on open), "head" (checksum u64, next ids u32 u32 and datoms u64
 * at the base; the log has the later ones). Integers are big-endian.
 */
#ifndef STOA_TXD_DB_GRAPH_H
#define STOA_TXD_DB_GRAPH_H

#include "common/uuid.h"
#include "txd/db/extents.h"
#include "txd/db/index.h"
#include "txd/db/log.h"

#include <stdatomic.h>

/* What the next transaction builds on. */
struct head {
    uint32_t t;              /* the last transaction; 0 in a new graph */
    uint32_t next_e, next_a; /* free ids */
    uint64_t checksum;       /* of what clients hold (mp.h) */
    uint64_t datoms;         /* how many datoms clients hold: those of user entities */
    int64_t instant_ms;      /* of the last transaction; the next is not earlier */
    struct schema *schema;   /* retained */
};

/* Datoms per attribute, for the planner. Immutable, shared by reference. */
struct counts {
    atomic_int references;
    uint32_t size;     /* attribute ids 0 .. size-1 */
    uint64_t datoms[]; /* current datoms of each */
};

struct graph;

/* A durable state of the graph. Retained by whoever reads it; never changes. */
struct snapshot {
    atomic_int references;
    struct graph *graph; /* retained, once for each reference that is not the graph's own */
    struct store_view *view;
    struct schema *schema;
    struct counts *counts;
    struct extents *extents; /* the graph's; NULL when this is not what the graph holds */
    uint32_t t;
    uint32_t next_e, next_a; /* as in the head */
    uint64_t checksum;
    uint64_t datoms;
    int64_t instant_ms;
    struct snapshot *under; /* what this one adds a transaction to that is not committed; NULL */
};

/* Opens the graph in `dir`. Retained once for the caller. */
bool graph_open(struct store_shared *shared, const char *name, const char *dir, struct graph **out,
                struct error *err) MUST_USE;

/* Makes an empty graph in `dir`, which does not exist: durable when this returns. */
bool graph_create(struct store_shared *shared, const char *dir, enum flexibility flexibility,
                  struct error *err) MUST_USE;

/*
 * Makes the store of a graph that begins at t `base` with the user datoms it holds (none, or those
 * of an import) into a graph: built-in attributes, metadata with a new epoch, all durable when this
 * returns. Of `head` the ids, checksum and datoms are used; `counts` are those of what the store
 * holds, without the built-in attributes.
 */
struct graph_origin {
    enum flexibility flexibility;
    uint32_t base;
    struct head head;
    const uint64_t *counts;
    uint32_t counts_size;
};
bool graph_initialise(struct store *store, const struct graph_origin *origin,
                      struct error *err) MUST_USE;

struct graph *graph_retain(struct graph *graph);
void graph_release(struct graph *graph); /* the last one closes it; accepts NULL */

/* How many references there are now. */
int graph_references(const struct graph *graph);

/* Calls `fn` once after the graph has been closed by its last release, on that thread. */
void graph_on_close(struct graph *graph, void (*fn)(void *arg), void *arg);

const char *graph_name(const struct graph *graph);
struct store *graph_store(struct graph *graph);
struct uuid graph_epoch(const struct graph *graph);
enum flexibility graph_flexibility(const struct graph *graph);
uint32_t graph_base(const struct graph *graph); /* t of the import it began with; 0: none */

/* The head; only the graph's writer may use it. */
struct head *graph_head(struct graph *graph);

/* Adds to the count of an attribute, for the next snapshot; only the writer. */
void graph_count(struct graph *graph, uint16_t a, int64_t difference);

/* What the writer keeps of the graph between transactions; NULL until it is set, once. `release`
 * is called with it when the graph closes. */
void *graph_memory(const struct graph *graph);
void graph_set_memory(struct graph *graph, void *memory, void (*release)(void *memory));

/* Where the writer adds what each transaction changes, before the snapshot of it is taken. */
struct changes *graph_changes(struct graph *graph);

/* What the writer has written so far, for graph_publish(). Saves the counts now and then; when that
 * fails the graph is stopped, which graph_check() tells. */
struct snapshot *graph_snapshot_take(struct graph *graph);

/* Makes a durable snapshot what readers get; takes over the reference. */
void graph_publish(struct graph *graph, struct snapshot *snapshot);

/* The last durable snapshot, retained. */
struct snapshot *graph_snapshot(struct graph *graph);
struct snapshot *snapshot_retain(struct snapshot *snapshot);
void snapshot_release(struct snapshot *snapshot); /* accepts NULL */

/* The snapshot as it would be after one more transaction, whose writes are in the batch and which
 * leaves the schema as `schema`. Nothing is written. To be read by one thread. */
struct snapshot *snapshot_with(struct snapshot *under, struct store_batch *batch,
                               struct schema *schema);

/* The database value of a snapshot at its own t, and of the writer's head. */
struct db snapshot_db(const struct snapshot *snapshot);
struct db graph_writer_db(struct graph *graph);

/* After a failed write or sync nothing is known: the graph answers `reason` until it is opened
 * again. Keeps the first reason. Dropping a graph stops it likewise, with not-found. */
void graph_stop(struct graph *graph, const struct error *reason);

/* True while the graph may be written and read; else `err` says why not. */
bool graph_check(struct graph *graph, struct error *err) MUST_USE;

#endif
