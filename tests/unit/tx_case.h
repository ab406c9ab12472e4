/*
 * Transactions as tables: what a graph is told first, one transaction, and the datoms or the error
 * that come of it. After each case, the graph's checksum, counts and indexes are checked against
 * one another, and after an error that nothing has changed and the graph still takes transactions.
 */
#ifndef STOA_TESTS_UNIT_TX_CASE_H
#define STOA_TESTS_UNIT_TX_CASE_H

#include "tests/unit/scratch.h"
#include "txd/tx/tx.h"

struct tx_case {
    const char *before;  /* EDN: a vector of tx_data, each transacted; NULL: none */
    const char *tx;      /* EDN: tx_data */
    const char *after;   /* EDN: a set of all [e a v]; e is :tx for the transaction's own */
    const char *tempids; /* EDN: a map; NULL: not looked at */
    const char *code;    /* of the error expected in place of `after` */
    const char *says;    /* what its message has in it */
};

/* A fresh graph in a temporary folder. */
struct tx_fixture {
    char dir[SCRATCH_BYTES];
    struct store_shared *shared;
    struct graph *graph;
};

void tx_fixture_open(struct tx_fixture *fixture, enum flexibility flexibility);
void tx_fixture_reopen(struct tx_fixture *fixture); /* the same graph, from its files */
void tx_fixture_close(struct tx_fixture *fixture);

/* EDN that must be readable. */
struct value tx_edn(const char *text, struct arena *arena);

/* Transacts EDN. */
bool tx_transact_edn(struct tx_fixture *fixture, const char *tx_data, struct arena *arena,
                     struct tx_result *out, struct error *err);

/* Fails the test unless it goes well. */
struct tx_result tx_must(struct tx_fixture *fixture, const char *tx_data, struct arena *arena);

/* Fails the test unless the datoms are these: EDN, a set of [e a v]. */
void tx_expect(struct tx_fixture *fixture, const char *datoms, struct arena *arena);

/* Fails the test unless checksum, counts and all indexes agree. */
void tx_verify(struct tx_fixture *fixture);

void tx_cases_run(const struct tx_case *cases, size_t count, const char *schema,
                  enum flexibility flexibility);

#endif
