/*
 * Which databases a read looks into: the graph at the basis that the request names, and what is
 * given for a source in :in:
 *
 *   nil                       the request's own graph at the request's basis
 *   {"db": {"graph": "x", "as_of": 5, "since": 3, "history": true, "with": tx_data}}
 *                             a graph at a basis of its own; every field may be left out (in EDN
 *                             {:db {:as-of 5}}). Without "graph" it is the request's own
 *   a collection              of tuples, or a map, whose entries are tuples of two
 */
#ifndef STOA_TXD_QUERY_DATABASE_H
#define STOA_TXD_QUERY_DATABASE_H

#include "txd/query/query.h"
#include "txd/query/source.h"

/* What the sources of one query are opened with. */
struct databases {
    const struct snapshot *snapshot; /* of the request's own graph */
    struct db db;                    /* of it, at the request's basis */
    const struct query_graphs *graphs;
    struct arena *arena;
};

/* `name`: of the source, for messages. What it opens is closed by database_close(). Errors: as
 * query_basis_db() and query_graphs; incorrect when the argument is none of the above. */
bool database_open(const struct databases *databases, struct bytes name,
                   const struct value *argument, struct source *out, struct error *err) MUST_USE;
void database_close(struct source *source); /* accepts the zeroed */

#endif
