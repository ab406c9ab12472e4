/* Predicates and functions in :where, evaluated over the rows of what is known. */
#ifndef STOA_TXD_QUERY_CALL_H
#define STOA_TXD_QUERY_CALL_H

#include "txd/query/execute.h"

/* Keeps the rows for which the predicate is neither nil nor false. */
bool call_predicate(struct execution *execution, const struct frame *frame,
                    const struct clause *clause, struct bindings *bindings,
                    struct error *err) MUST_USE;

/* Binds what the function gives; rows for which it gives nil go. */
bool call_function(struct execution *execution, const struct frame *frame,
                   const struct clause *clause, struct bindings *bindings,
                   struct error *err) MUST_USE;

#endif
