/*
 * A relation: rows over variables, held as columns. A column is an array of int64 as long as all
 * its values are longs (entity ids, counts, numbers: most joins are on these), and becomes an array
 * of values with the first one that is not. What comes out of an extent (txd/db/extent.h) and is no
 * long is an array of codes in the extent's dictionary.
 *
 * Invariants: the variables of a relation are distinct; every column has `cap` places of which
 * `rows` are set; a relation of no columns means true (rows > 0) or false. Columns may be shared
 * between relations once they are filled, so a filled relation is never written to again, except by
 * the one who appends to it (rules). In a relation that is `distinct` no row is there twice; in
 * another one may be.
 *
 * All memory is in the arena of the query, also what values point to, or is held by it (extents).
 */
#ifndef STOA_TXD_QUERY_RELATION_H
#define STOA_TXD_QUERY_RELATION_H

#include "txd/db/dictionary.h"

enum column_type { COLUMN_LONG, COLUMN_VALUE, COLUMN_CODE };

struct column {
    enum column_type type;
    union {
        int64_t *longs;
        struct value *values;
        uint32_t *codes;
    };
    const struct dictionary *dictionary; /* COLUMN_CODE */
};

struct relation {
    uint32_t width;
    uint32_t *variables;
    struct column *columns;
    size_t rows, cap;
    bool distinct;
};

#define COLUMN_NONE UINT32_MAX

/* An empty relation; the variables are copied. */
struct relation *relation_new(struct arena *arena, const uint32_t *variables, uint32_t width);

/* The column of a variable, or COLUMN_NONE. */
uint32_t relation_column(const struct relation *relation, uint32_t variable);

/* Makes room for `more` rows behind `rows`. */
void relation_reserve(struct relation *relation, struct arena *arena, size_t more);

/* Sets a cell of a row that there is room for. The value is not copied. */
void relation_set_value(struct relation *relation, struct arena *arena, uint32_t column, size_t row,
                        const struct value *value);

static inline void relation_set_long(struct relation *relation, struct arena *arena,
                                     uint32_t column, size_t row, int64_t number)
{
    if (relation->columns[column].type == COLUMN_LONG) {
        relation->columns[column].longs[row] = number;
    } else {
        struct value value = value_long(number);
        relation_set_value(relation, arena, column, row, &value);
    }
}

static inline struct value column_get(const struct column *column, size_t row)
{
    return column->type == COLUMN_LONG    ? value_long(column->longs[row])
           : column->type == COLUMN_VALUE ? column->values[row]
                                          : column->dictionary->values[column->codes[row]];
}

/* A number that is the same for equal values of two columns which are `column_comparable`: both of
 * longs, or both of codes in one dictionary. */
static inline int64_t column_number(const struct column *column, size_t row)
{
    return column->type == COLUMN_LONG ? column->longs[row] : (int64_t)column->codes[row];
}

static inline bool column_comparable(const struct column *a, const struct column *b)
{
    return (a->type == COLUMN_LONG && b->type == COLUMN_LONG) ||
           (a->type == COLUMN_CODE && b->type == COLUMN_CODE && a->dictionary == b->dictionary);
}

/* Agrees with column_equal(), whatever the types of the columns. */
uint64_t column_hash(const struct column *column, size_t row);
bool column_equal(const struct column *a, size_t row_a, const struct column *b, size_t row_b);

/* Appends a row of `width` values. */
void relation_append(struct relation *relation, struct arena *arena, const struct value *values);

/* A relation with the rows `picked` of `from`, each at most once, over the same variables. */
struct relation *relation_pick(struct arena *arena, const struct relation *from,
                               const uint32_t *picked, size_t count);

/* Fills a column of `count` places with the rows `picked` of `from`. */
struct column column_pick(struct arena *arena, const struct column *from, const uint32_t *picked,
                          size_t count);

/* A relation over some of the columns, which are shared and not copied. Rows may now repeat. */
struct relation *relation_project(struct arena *arena, const struct relation *from,
                                  const uint32_t *variables, uint32_t width);

/* The rows [first, end) of a relation, sharing its columns. */
struct relation *relation_slice(struct arena *arena, const struct relation *from, size_t first,
                                size_t end);

/* The same columns and one more, which holds `rows` values and is taken over. */
struct relation *relation_with_column(struct arena *arena, const struct relation *from,
                                      uint32_t variable, struct column column);

#endif
