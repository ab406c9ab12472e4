/*
 * Forms of a query as they were written. In what comes as data lists have become vectors
 * (MessagePack has no lists); here the calls among them are lists again, so that errors and explain
 * quote [(< ?x 3)] and not [[< ?x 3]]. What came as text is as it was written.
 */
#ifndef STOA_TXD_QUERY_WRITTEN_H
#define STOA_TXD_QUERY_WRITTEN_H

#include "txd/query/clause.h"

/* A call: (count ?x). Any other form is given back as it is. */
struct value written_call(const struct parser *parser, const struct value *form);

/* A clause, with the clauses inside of it; lists are left as they are. */
struct value written_clause(const struct parser *parser, const struct value *form);

/* A branch of a rule: [(name ?variable ..) clause ..]. */
struct value written_rule(const struct parser *parser, const struct value *form);

#endif
