/*
 * The graphs of a data directory: DIR/LOCK (held by one txd), DIR/graphs/NAME/ (one RocksDB each),
 * DIR/tmp/ (graphs being made or removed; emptied on open). A graph appears under its name by one
 * rename. It goes by one too, or, while someone still reads it, first by a file DROPPED in its
 * folder, so that its files stay where RocksDB looks for them until the last reader lets go.
 * Graphs are opened when asked for; the ones idle longest are closed when more than `open_max` are
 * open.
 */
#ifndef STOA_TXD_DB_CATALOG_H
#define STOA_TXD_DB_CATALOG_H

#include "txd/db/graph.h"

struct catalog;

struct catalog_options {
    size_t cache_bytes;        /* RocksDB's block cache, all graphs together */
    size_t write_buffer_bytes; /* memtables of one graph */
    uint32_t open_max;         /* graphs held open */
};

/* Locks and opens the directory, making it when it is not there, and the graph `main` with
 * flexibility :read. Errors: busy when another process holds it; fault. */
bool catalog_open(const char *dir, const struct catalog_options *options, struct catalog **out,
                  struct error *err) MUST_USE;

/* Closes the open graphs and waits for dropped ones; nobody else may hold one any more. Accepts
 * NULL. */
void catalog_close(struct catalog *catalog);

/* True for [a-z0-9][a-z0-9_-]{0,62}; else incorrect, naming it. */
bool graph_name_check(struct bytes name, struct error *err) MUST_USE;

/* The graph, opened when it is not and retained. Errors: not-found, fault. */
bool catalog_get(struct catalog *catalog, struct bytes name, struct graph **out,
                 struct error *err) MUST_USE;

/* The graph, retained, when it is open; else NULL. Never waits for the disk. */
struct graph *catalog_get_open(struct catalog *catalog, struct bytes name);

/* True when there is a graph of that name. Does not open it. */
bool catalog_exists(struct catalog *catalog, struct bytes name);

/* Makes a graph. *created is false when it was there with the same flexibility; conflict when it
 * was there with another; busy when one of that name was dropped and is still being read. */
bool catalog_create(struct catalog *catalog, struct bytes name, enum flexibility flexibility,
                    bool *created, struct error *err) MUST_USE;

/* Drops a graph: gone by its name at once; its files when the last reader lets go. */
bool catalog_drop(struct catalog *catalog, struct bytes name, struct error *err) MUST_USE;

/* The names, sorted, in `arena`. */
bool catalog_list(struct catalog *catalog, struct arena *arena, struct bytes **names, size_t *count,
                  struct error *err) MUST_USE;

/* A folder below DIR/tmp for a graph that is being built; the name in `path`. */
void catalog_temporary(struct catalog *catalog, char *path, size_t path_bytes);

/* Moves a built graph in under a name. Errors: conflict when the name is taken. */
bool catalog_adopt(struct catalog *catalog, const char *path, struct bytes name,
                   struct error *err) MUST_USE;

/* How many graphs are open now. */
size_t catalog_open_count(struct catalog *catalog);

/* Calls `fn` with the durable snapshot of every graph that is open, without opening any. */
void catalog_each_open(struct catalog *catalog, void (*fn)(const struct snapshot *, void *),
                       void *arg);

struct store_shared *catalog_shared(struct catalog *catalog);

#endif
