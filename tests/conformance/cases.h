/*
 * The cases recorded from DataScript's own test suite, one a line: [op args expected namespace].
 * They are no part of the project; CASES_FILE names them, or they lie beside the source tree in
 * ../shared/conformance/datascript-cases.edn.
 *
 * A database of a case is loaded into a fresh graph as it stands, entity and transaction ids
 * kept, so that what a transaction or a query gives can be compared with what was recorded.
 */
#ifndef STOA_TESTS_CONFORMANCE_CASES_H
#define STOA_TESTS_CONFORMANCE_CASES_H

#include "txd/db/graph.h"

#define CASES_SKIPPED 77 /* exit code of a test that could not run */

struct cases {
    struct buffer text;
    size_t at;
    uint32_t line;
    uint32_t left_out;
};

struct recorded { /* a case; its values are in the arena given to cases_next() */
    uint32_t line;
    struct bytes op; /* "transact", "q", ... */
    const struct value *args;
    uint32_t arg_count;
    const struct value *expected;
    struct bytes suite; /* "datascript.test.upsert" */
};

/* False when the file is not there. */
bool cases_open(struct cases *cases) MUST_USE;
void cases_close(struct cases *cases);

/* The next case; false at the end. Lines that hold Clojure's own objects cannot be read: they are
 * named, counted and left out. */
bool cases_next(struct cases *cases, struct arena *arena, struct recorded *out) MUST_USE;

/* A graph in a temporary folder. */
struct fixture {
    char dir[64];
    struct store_shared *shared;
    struct graph *graph;
    uint32_t max_tx; /* the :max-tx of what was loaded */
};

/*
 * Loads a database {:schema {..} :datoms [[e a v tx] ..] :max-tx n :max-eid n} into a new graph
 * with flexibility :read, and publishes it, so that graph_snapshot() sees it. Keys of the schema
 * that DataScript does not know are left out.
 */
bool fixture_open(const struct value *database, struct fixture *out, struct error *err) MUST_USE;
void fixture_close(struct fixture *fixture); /* accepts NULL and the half-open */

/*
 * What the graph holds as a sorted vector of [e a v tx]: the datoms of user entities and, of
 * transaction entities, those that clients wrote.
 */
bool fixture_datoms(const struct fixture *fixture, struct arena *arena, struct value *out,
                    struct error *err) MUST_USE;

/* Sorts [e a v tx] vectors for comparing. */
void datoms_sort(struct value *datoms);

#endif
