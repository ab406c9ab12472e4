/*
 * Rules, evaluated from the call down and only for what is asked: each rule that is called with a
 * certain set of arguments bound has a table of the inputs it was asked for and the answers found
 * so far, and all tables are brought up together until nothing is added (query-subquery, Vieille
 * 1986; semi-naive: each round goes through what the round before added).
 *
 * Which arguments of a call inside a rule are bound is decided once for each table: those that the
 * rule's own bound arguments lead to. So `ancestor` with one end bound asks for ancestors of what
 * it reaches, and never for all.
 */
#ifndef STOA_TXD_QUERY_RULES_H
#define STOA_TXD_QUERY_RULES_H

#include "txd/query/execute.h"

/* Incorrect when a rule depends on the negation of itself. */
bool rules_check(const struct query *query, struct error *err) MUST_USE;

/* A call of a rule, from a query or from inside another rule. */
bool rules_run(struct execution *execution, const struct frame *frame, const struct clause *clause,
               struct bindings *bindings, struct error *err) MUST_USE;

/* For a call inside a rule that is being evaluated: true, and what it costs; UINT64_MAX while it
 * cannot run. */
bool rules_call_cost(const struct frame *frame, const struct clause *clause,
                     const struct bindings *bindings, uint64_t *out);

#endif
