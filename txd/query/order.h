/*
 * The order of values in queries, and sorting by it within a query's limits.
 *
 * All values have one order (order_compare): nil, booleans, numbers by value (1 and 1.0 are
 * equal; NaN follows all numbers and equals itself), instants, uuids, strings by bytes, keywords by
 * namespace and then name (those without one first), symbols likewise, bytes, then vectors and
 * lists item by item (a vector and a list of equal items are equal), sets, maps.
 */
#ifndef STOA_TXD_QUERY_ORDER_H
#define STOA_TXD_QUERY_ORDER_H

#include "txd/query/budget.h"

int order_compare(const struct value *a, const struct value *b);

typedef int order_fn(const void *a, const void *b, const void *arg);

/* Sorts `count` items of `size` bytes; equal ones stay in their order. Errors: interrupted. */
bool order_sort(void *items, size_t count, size_t size, order_fn *compare, const void *arg,
                struct budget *budget, struct error *err) MUST_USE;

/* Moves distinct values to the front; *kept is how many there are. They are then sorted by
 * order_compare(), which puts 1 and 1.0 side by side, though they are two. */
bool order_distinct(struct value *values, size_t count, struct budget *budget, size_t *kept,
                    struct error *err) MUST_USE;

/* Sorts values by order_compare(). */
bool order_sort_values(struct value *values, size_t count, struct budget *budget,
                       struct error *err) MUST_USE;

#endif
