/* Taking values apart as a binding says: arguments of :in and results of functions. */
#ifndef STOA_TXD_QUERY_BIND_H
#define STOA_TXD_QUERY_BIND_H

#include "txd/query/budget.h"
#include "txd/query/parse.h"
#include "txd/query/relation.h"

/*
 * Appends to `relation`, which has all variables of the binding among its columns, the rows that
 * the value gives. `row` holds a value for each column and `set` which of them are there already:
 * a variable that is set before must agree. Both are as before on return.
 * Errors (incorrect): the value has not the shape of the binding.
 */
bool bind_value(const struct binding *binding, const struct value *value, struct relation *relation,
                struct value *row, bool *set, struct arena *arena, struct budget *budget,
                struct error *err) MUST_USE;

#endif
