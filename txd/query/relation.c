#include "txd/query/relation.h"

#include <assert.h>

struct relation *relation_new(struct arena *arena, const uint32_t *variables, uint32_t width)
{
    struct relation *relation = ARENA_NEW(arena, struct relation);

    relation->width = width;
    relation->variables = ARENA_ARRAY(arena, uint32_t, width);
    relation->columns = ARENA_ARRAY(arena, struct column, width);
    for (uint32_t i = 0; i < width; i++)
        relation->variables[i] = variables[i];
    return relation;
}

uint32_t relation_column(const struct relation *relation, uint32_t variable)
{
    for (uint32_t i = 0; i < relation->width; i++)
        if (relation->variables[i] == variable)
            return i;
    return COLUMN_NONE;
}

static size_t cell_bytes(enum column_type type)
{
    static const size_t bytes[] = { [COLUMN_LONG] = sizeof(int64_t),
                                    [COLUMN_VALUE] = sizeof(struct value),
                                    [COLUMN_CODE] = sizeof(uint32_t) };

    return bytes[type];
}

void relation_reserve(struct relation *relation, struct arena *arena, size_t more)
{
    size_t needed = relation->rows + more;

    if (needed <= relation->cap)
        return;
    size_t cap = relation->cap ? relation->cap * 2 : 8;
    if (cap < needed)
        cap = needed;
    for (uint32_t i = 0; i < relation->width; i++) {
        struct column *column = &relation->columns[i];
        size_t bytes = cell_bytes(column->type);
        void *cells = arena_alloc(arena, cap * bytes);
        if (relation->rows)
            memcpy(cells, column->longs, relation->rows * bytes);
        column->longs = cells;
    }
    relation->cap = cap;
}

/* Turns a column into one of values; `rows` of them are set. */
static void column_box(struct arena *arena, struct column *column, size_t rows, size_t cap)
{
    struct value *values = arena_alloc(arena, cap * sizeof(*values));

    for (size_t i = 0; i < rows; i++)
        values[i] = column_get(column, i);
    column->type = COLUMN_VALUE;
    column->values = values;
}

void relation_set_value(struct relation *relation, struct arena *arena, uint32_t column, size_t row,
                        const struct value *value)
{
    struct column *cells = &relation->columns[column];

    assert(row < relation->cap);
    if (cells->type == COLUMN_LONG && value->type == VALUE_LONG) {
        cells->longs[row] = value->number;
        return;
    }
    if (cells->type != COLUMN_VALUE)
        column_box(arena, cells, relation->rows, relation->cap);
    cells->values[row] = *value;
}

uint64_t column_hash(const struct column *column, size_t row)
{
    if (column->type == COLUMN_LONG)
        return number_hash((uint64_t)column->longs[row]);
    bool coded = column->type == COLUMN_CODE;
    const struct value *value =
        coded ? &column->dictionary->values[column->codes[row]] : &column->values[row];
    if (value->type == VALUE_LONG)
        return number_hash((uint64_t)value->number);
    return coded ? column->dictionary->hashes[column->codes[row]] : value_hash(value);
}

bool column_equal(const struct column *a, size_t row_a, const struct column *b, size_t row_b)
{
    if (column_comparable(a, b))
        return column_number(a, row_a) == column_number(b, row_b);
    struct value left = column_get(a, row_a), right = column_get(b, row_b);
    if (left.type != right.type)
        return false;
    if (left.type == VALUE_LONG)
        return left.number == right.number;
    if (left.type == VALUE_STRING || left.type == VALUE_KEYWORD)
        return left.text.len == right.text.len &&
               (left.text.data == right.text.data || bytes_equal(left.text, right.text));
    return value_equal(&left, &right);
}

void relation_append(struct relation *relation, struct arena *arena, const struct value *values)
{
    relation_reserve(relation, arena, 1);
    for (uint32_t i = 0; i < relation->width; i++)
        relation_set_value(relation, arena, i, relation->rows, &values[i]);
    relation->rows++;
}

struct column column_pick(struct arena *arena, const struct column *from, const uint32_t *picked,
                          size_t count)
{
    struct column column = { .type = from->type, .dictionary = from->dictionary };

    column.longs = arena_alloc(arena, count * cell_bytes(from->type));
    switch (from->type) {
    case COLUMN_LONG:
        for (size_t i = 0; i < count; i++)
            column.longs[i] = from->longs[picked[i]];
        break;
    case COLUMN_VALUE:
        for (size_t i = 0; i < count; i++)
            column.values[i] = from->values[picked[i]];
        break;
    case COLUMN_CODE:
        for (size_t i = 0; i < count; i++)
            column.codes[i] = from->codes[picked[i]];
        break;
    }
    return column;
}

struct relation *relation_pick(struct arena *arena, const struct relation *from,
                               const uint32_t *picked, size_t count)
{
    struct relation *relation = relation_new(arena, from->variables, from->width);

    for (uint32_t i = 0; i < from->width; i++)
        relation->columns[i] = column_pick(arena, &from->columns[i], picked, count);
    relation->rows = relation->cap = count;
    relation->distinct = from->distinct;
    return relation;
}

struct relation *relation_project(struct arena *arena, const struct relation *from,
                                  const uint32_t *variables, uint32_t width)
{
    struct relation *relation = relation_new(arena, variables, width);

    for (uint32_t i = 0; i < width; i++) {
        uint32_t column = relation_column(from, variables[i]);
        assert(column != COLUMN_NONE);
        relation->columns[i] = from->columns[column];
    }
    relation->rows = relation->cap = from->rows;
    relation->distinct = from->distinct && width == from->width;
    return relation;
}

struct relation *relation_slice(struct arena *arena, const struct relation *from, size_t first,
                                size_t end)
{
    struct relation *relation = relation_new(arena, from->variables, from->width);

    assert(first <= end && end <= from->rows);
    for (uint32_t i = 0; i < from->width; i++) {
        relation->columns[i] = from->columns[i];
        if (end == first)
            relation->columns[i].longs = NULL;
        else if (from->columns[i].type == COLUMN_LONG)
            relation->columns[i].longs += first;
        else if (from->columns[i].type == COLUMN_VALUE)
            relation->columns[i].values += first;
        else
            relation->columns[i].codes += first;
    }
    relation->rows = relation->cap = end - first;
    relation->distinct = from->distinct;
    return relation;
}

struct relation *relation_with_column(struct arena *arena, const struct relation *from,
                                      uint32_t variable, struct column column)
{
    uint32_t *variables = ARENA_ARRAY(arena, uint32_t, from->width + 1);

    if (from->width)
        memcpy(variables, from->variables, from->width * sizeof(*variables));
    variables[from->width] = variable;
    struct relation *relation = relation_new(arena, variables, from->width + 1);
    if (from->width)
        memcpy(relation->columns, from->columns, from->width * sizeof(*from->columns));
    relation->columns[from->width] = column;
    relation->rows = relation->cap = from->rows;
    relation->distinct = from->distinct;
    return relation;
}
