/*
 * Whether every clause can come to run: what it needs is bound by :in, by a rule's head, or by
 * another clause that can run before it. Decided from the query alone, so that a query is refused
 * whatever the data are.
 */
#ifndef STOA_TXD_QUERY_BOUND_H
#define STOA_TXD_QUERY_BOUND_H

#include "txd/query/parse.h"

/* Errors (incorrect) name a clause that can never run and a variable that it lacks. */
bool bound_check(const struct query *query, struct arena *arena, struct error *err) MUST_USE;

#endif
