/*
 * Queries as tables: data, a query, its arguments, and the rows or the error that come of it. Rows
 * are compared as a set. Each query is also run with its clauses in random orders, and as data that
 * came in MessagePack, which must make no difference.
 */
#ifndef STOA_TESTS_UNIT_QUERY_CASE_H
#define STOA_TESTS_UNIT_QUERY_CASE_H

#include "tests/unit/tx_case.h"
#include "txd/query/query.h"

struct query_case {
    const char *query;    /* EDN, list form */
    const char *args;     /* EDN, a vector; NULL: none */
    const char *expected; /* EDN; NULL: an error is expected */
    const char *code;     /* of the error */
    const char *says;     /* what its message has in it */
};

/* Limits that no test of something else comes near. */
struct query_limits query_limits_wide(void);

/* A graph after each of `transactions`, EDN: a vector of tx_data; the first is t 1. */
void query_fixture_open(struct tx_fixture *fixture, const char *transactions);

/* What a snapshot shows, with or without its extents; not to be released. */
struct snapshot query_seen(const struct snapshot *snapshot, bool extents);

/* Fails the test unless it goes well. */
struct value query_must(struct tx_fixture *fixture, const struct query_request *request,
                        struct arena *arena);

/* Fails the test, quoting `what`, unless they are equal; vectors of rows as sets, but in order when
 * a list is expected. */
void query_expect(const char *what, const struct value *actual, const char *expected,
                  struct arena *arena);

void query_cases_run(const char *transactions, const struct query_case *cases, size_t count);

#endif
