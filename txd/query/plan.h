/*
 * Which clause is next. Decided after every clause, from the rows that are there and the counts of
 * attributes, never from the order written:
 *
 *   - predicates and functions as soon as what they need is bound in one relation; when it is in
 *     several, which would multiply, only when nothing cheaper is left;
 *   - patterns, rules and `or` by what they read and what they leave;
 *   - `not` once no other clause can bind any more of its variables.
 */
#ifndef STOA_TXD_QUERY_PLAN_H
#define STOA_TXD_QUERY_PLAN_H

#include "txd/query/execute.h"

/* Puts the clauses of a query into an order of their own, so that how they were written does not
 * even decide between equals. */
void plan_sort(struct query *query);

/* Among `count` clauses that are left, the index of the next. Errors (incorrect): none can ever
 * run; names a clause and the variable that nothing binds. */
bool plan_next(struct execution *execution, const struct frame *frame,
               const struct clause *const *clauses, uint32_t count, const struct bindings *bindings,
               uint32_t *out, struct error *err) MUST_USE;

#endif
