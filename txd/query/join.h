/*
 * Set-at-a-time operations on relations by hashing: join, anti-join, distinct, and a table of
 * distinct rows that grows (rules). Values are equal as value_equal() says: 1 is not 1.0.
 */
#ifndef STOA_TXD_QUERY_JOIN_H
#define STOA_TXD_QUERY_JOIN_H

#include "txd/query/budget.h"
#include "txd/query/relation.h"

/*
 * The natural join: rows of `a` and `b` that agree on the variables they share; without any, their
 * product. The columns are those of `a`, then those of `b` that `a` has not.
 */
bool join_natural(const struct relation *a, const struct relation *b, struct arena *arena,
                  struct budget *budget, struct relation **out, struct error *err) MUST_USE;

/* The rows of `a` that agree with no row of `b` on the variables they share. Without any, all of
 * `a` when `b` is empty, else none. */
bool join_anti(const struct relation *a, const struct relation *b, struct arena *arena,
               struct budget *budget, struct relation **out, struct error *err) MUST_USE;

/* The relation with each row once; the first of equals stays. */
bool join_distinct(const struct relation *relation, struct arena *arena, struct budget *budget,
                   struct relation **out, struct error *err) MUST_USE;

/* A growing set of rows. `rows` is its content, in the order in which rows came. */
struct row_set {
    struct relation *rows;
    uint32_t *slots; /* row + 1, or 0 */
    size_t mask;     /* slots - 1; 0: none yet */
};

void row_set_init(struct row_set *set, struct arena *arena, const uint32_t *variables,
                  uint32_t width);

/* Adds the rows of `relation` that are not there; it has all the set's variables, in any order. */
bool row_set_add(struct row_set *set, const struct relation *relation, struct arena *arena,
                 struct budget *budget, struct error *err) MUST_USE;

#endif
