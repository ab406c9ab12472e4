/*
 * One history on all sides: a graph of txd that was told it, the naive evaluator's database made
 * from that graph's log, and what of it is to be sent to DataScript.
 */
#ifndef STOA_TESTS_ORACLE_WORLD_H
#define STOA_TESTS_ORACLE_WORLD_H

#include "tests/oracle/database.h"
#include "tests/oracle/graph.h"

struct world {
    struct oracle_graph graph;
    struct database database;
};

/* `history` is a sequence of tx_data. What is refused changes nothing, and is no error. */
void world_open(struct world *world, const struct value *history);

/* Tells a world more. */
void world_transact(struct world *world, const struct value *history);

/* A world that begins as an import of what `from` holds, with its schema. */
void world_import(struct world *world, const struct world *from);
void world_close(struct world *world);

/* The schema and the datoms [e a v tx] at a moment without history, as DataScript takes them. */
struct value world_schema(const struct world *world, struct arena *arena);
struct value world_datoms(const struct world *world, const struct moment *moment,
                          struct arena *arena);

#endif
