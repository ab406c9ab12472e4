/*
 * Rows in the making: what is known of each column of a table so far. Binding a form to a value
 * makes of one row as many as there are ways to do it.
 */
#ifndef STOA_TESTS_ORACLE_ROW_H
#define STOA_TESTS_ORACLE_ROW_H

#include "common/error.h"
#include "tests/oracle/solutions.h"

struct row {
    const struct solutions *table; /* whose columns these are */
    struct value *cells;
    bool *set;
};

struct row_list {
    struct row *items;
    size_t count, cap;
};

bool form_is_variable(const struct value *form); /* ?x */
bool form_is_source(const struct value *form);   /* $x */

/* A row for `table`, whose first columns are those of `from`, with what row number `i` has. */
struct row row_begin(const struct solutions *table, const struct solutions *from, size_t i,
                     struct arena *arena);

/* Gives the variable the value; false when it has another. */
bool row_assign(struct row *row, struct bytes name, struct value value);

/* The value of a variable or a constant; NULL: a variable that is not bound. */
const struct value *row_value(const struct row *row, const struct value *term);

/* Adds to `out` the rows that there are with `value` bound to `form`: ?x, _, [?x ?y], [?x ...] or
 * [[?x ?y]], nested in any way. Errors (incorrect): the value has not that shape. */
bool row_bind(const struct row *row, const struct value *form, const struct value *value,
              struct arena *arena, struct row_list *out, struct error *err) MUST_USE;

/* A copy, and the list of one. */
void row_list_add(struct row_list *rows, const struct row *row, struct arena *arena);

#endif
