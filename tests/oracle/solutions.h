/*
 * The rows that the naive evaluator has so far: a column for each variable that is bound. Rows are
 * distinct; values are the same as value_equal() says.
 */
#ifndef STOA_TESTS_ORACLE_SOLUTIONS_H
#define STOA_TESTS_ORACLE_SOLUTIONS_H

#include "proto/value.h"

struct solutions {
    struct bytes *names;
    uint32_t width;
    struct value *cells; /* row after row */
    size_t rows, cap;
    uint32_t *slots; /* row + 1, or 0 */
    size_t slot_count;
};

#define SOLUTIONS_NO_COLUMN UINT32_MAX

/* No columns and one row: what is known before anything is. */
void solutions_begin(struct solutions *table, struct arena *arena);

/* The columns of `from` and those of `names` that it lacks; no rows. */
void solutions_like(struct solutions *table, const struct solutions *from,
                    const struct bytes *names, uint32_t count, struct arena *arena);

uint32_t solutions_column(const struct solutions *table, struct bytes name);

/* Adds the row unless it is there. Returns whether it was added. */
bool solutions_add(struct solutions *table, const struct value *row, struct arena *arena);

const struct value *solutions_row(const struct solutions *table, size_t row);

#endif
