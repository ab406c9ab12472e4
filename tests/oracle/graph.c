#include "tests/oracle/graph.h"

#include "txd/db/folder.h"
#include "txd/db/import.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CACHE_BYTES        ((size_t)8 << 20)
#define WRITE_BUFFER_BYTES ((size_t)4 << 20)

void oracle_die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(2);
}

static void open_files(struct oracle_graph *graph)
{
    char folder[ORACLE_DIR_BYTES + 8];
    struct error err;

    snprintf(folder, sizeof(folder), "%s/graph", graph->dir);
    if (!graph_open(graph->shared, "oracle", folder, &graph->graph, &err))
        oracle_die("%s: %s", folder, err.message);
}

static void make_dir(struct oracle_graph *graph)
{
    const char *tmp = getenv("TMPDIR");

    *graph = (struct oracle_graph){ 0 };
    snprintf(graph->dir, sizeof(graph->dir), "%.100s/stoa-oracle-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(graph->dir))
        oracle_die("cannot make the folder %s", graph->dir);
}

void oracle_graph_open(struct oracle_graph *graph)
{
    char folder[ORACLE_DIR_BYTES + 8];
    struct error err;

    make_dir(graph);
    snprintf(folder, sizeof(folder), "%s/graph", graph->dir);
    graph->shared = store_shared_open(CACHE_BYTES, WRITE_BUFFER_BYTES);
    if (!graph_create(graph->shared, folder, FLEXIBILITY_READ, &err))
        oracle_die("%s: %s", folder, err.message);
    open_files(graph);
}

void oracle_graph_import(struct oracle_graph *graph, struct bytes text)
{
    static const struct catalog_options options = { CACHE_BYTES, WRITE_BUFFER_BYTES, 4 };
    struct import *import;
    struct error err;
    uint64_t datoms;
    uint32_t t;

    make_dir(graph);
    if (!catalog_open(graph->dir, &options, &graph->catalog, &err) ||
        !import_open(graph->catalog, BYTES("imported"), &import, &err) ||
        !import_feed(import, text, &err) || !import_finish(import, &datoms, &t, &err) ||
        !catalog_get(graph->catalog, BYTES("imported"), &graph->graph, &err))
        oracle_die("%s: %.*s", err.message, BYTES_ARG(text));
    import_close(import);
}

bool oracle_graph_transact(struct oracle_graph *graph, const struct value *tx_data,
                           struct arena *arena, struct tx_result *out, struct error *err)
{
    struct tx_request request = { .tx_data = *tx_data };

    if (!tx_transact(graph->graph, &request, arena, out, err))
        return false;
    graph_publish(graph->graph, graph_snapshot_take(graph->graph));
    return true;
}

void oracle_graph_reopen(struct oracle_graph *graph)
{
    graph_release(graph->graph);
    open_files(graph);
}

void oracle_graph_unlink(struct oracle_graph *graph)
{
    struct error err;
    int tries = 100; /* RocksDB may be removing a file of its own at the same time */

    while (!folder_remove(graph->dir, &err))
        if (--tries == 0)
            oracle_die("%s", err.message);
}

void oracle_graph_close(struct oracle_graph *graph)
{
    graph_release(graph->graph);
    if (graph->shared)
        store_shared_close(graph->shared);
    catalog_close(graph->catalog);
    oracle_graph_unlink(graph);
}
