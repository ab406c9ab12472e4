/* :find: from the rows that were found to the shape that was asked for. */
#ifndef STOA_TXD_QUERY_FIND_H
#define STOA_TXD_QUERY_FIND_H

#include "txd/query/execute.h"

/* Everything that :find and :with mention: what execution must keep. */
struct id_set find_variables(const struct query *query, struct arena *arena);

/*
 * A vector of vectors (relation), a vector (collection, tuple), a value (scalar), or maps with
 * :keys; a tuple or scalar of nothing is nil. `limit` 0: all; both apply to rows of relations and
 * collections.
 */
bool find_result(struct execution *execution, const struct bindings *bindings, uint64_t offset,
                 uint64_t limit, struct value *out, struct error *err) MUST_USE;

#endif
