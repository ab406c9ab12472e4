/*
 * A graph of its own for a program that is no cmocka test: in a temporary folder, with nothing in
 * it but what it is told. What cannot be set up ends the program with a message.
 */
#ifndef STOA_TESTS_ORACLE_GRAPH_H
#define STOA_TESTS_ORACLE_GRAPH_H

#include "txd/db/catalog.h"
#include "txd/tx/tx.h"

#define ORACLE_DIR_BYTES 128

struct oracle_graph {
    char dir[ORACLE_DIR_BYTES];
    struct store_shared *shared; /* NULL: the catalog's */
    struct catalog *catalog;     /* of an import */
    struct graph *graph;
};

/* An empty graph with flexibility :read, below TMPDIR or /tmp. */
void oracle_graph_open(struct oracle_graph *graph);

/* A graph that begins as an import of `text` (import.h). */
void oracle_graph_import(struct oracle_graph *graph, struct bytes text);

/* Commits, and lets readers see it. */
bool oracle_graph_transact(struct oracle_graph *graph, const struct value *tx_data,
                           struct arena *arena, struct tx_result *out, struct error *err) MUST_USE;

/* Reads the graph, which is no import, again from its files, as after a restart. */
void oracle_graph_reopen(struct oracle_graph *graph);

/* Removes its folder while it is open, so that nothing is left behind however the process ends.
 * The graph must be small, and may only be read. */
void oracle_graph_unlink(struct oracle_graph *graph);

/* Closes it and removes its folder. */
void oracle_graph_close(struct oracle_graph *graph);

/* Ends the program. */
__attribute__((noreturn, format(printf, 1, 2))) void oracle_die(const char *format, ...);

#endif
