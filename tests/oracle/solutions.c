#include "tests/oracle/solutions.h"

void solutions_begin(struct solutions *table, struct arena *arena)
{
    static const struct value nothing;

    *table = (struct solutions){ 0 };
    solutions_add(table, &nothing, arena);
}

void solutions_like(struct solutions *table, const struct solutions *from,
                    const struct bytes *names, uint32_t count, struct arena *arena)
{
    *table = (struct solutions){ .names = ARENA_ARRAY(arena, struct bytes, from->width + count) };
    for (uint32_t i = 0; i < from->width; i++)
        table->names[table->width++] = from->names[i];
    for (uint32_t i = 0; i < count; i++)
        if (solutions_column(table, names[i]) == SOLUTIONS_NO_COLUMN)
            table->names[table->width++] = names[i];
}

uint32_t solutions_column(const struct solutions *table, struct bytes name)
{
    for (uint32_t i = 0; i < table->width; i++)
        if (bytes_equal(table->names[i], name))
            return i;
    return SOLUTIONS_NO_COLUMN;
}

const struct value *solutions_row(const struct solutions *table, size_t row)
{
    return table->cells + row * table->width;
}

static uint64_t row_hash(const struct solutions *table, const struct value *row)
{
    uint64_t hash = 0;

    for (uint32_t i = 0; i < table->width; i++)
        hash = (hash ^ value_hash(&row[i])) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}

static bool row_equal(const struct solutions *table, const struct value *a, const struct value *b)
{
    for (uint32_t i = 0; i < table->width; i++)
        if (!value_equal(&a[i], &b[i]))
            return false;
    return true;
}

/* The slot of the row, or the empty one where it belongs. */
static uint32_t *slot_of(const struct solutions *table, const struct value *row)
{
    size_t slot = row_hash(table, row) & (table->slot_count - 1);

    while (table->slots[slot] &&
           !row_equal(table, solutions_row(table, table->slots[slot] - 1), row))
        slot = (slot + 1) & (table->slot_count - 1);
    return &table->slots[slot];
}

static void grow(struct solutions *table, struct arena *arena)
{
    size_t cap = table->cap ? 2 * table->cap : 8;
    struct value *cells = ARENA_ARRAY(arena, struct value, cap * table->width + 1);

    for (size_t i = 0; i < table->rows * table->width; i++)
        cells[i] = table->cells[i];
    table->cells = cells;
    table->cap = cap;
    table->slot_count = 2 * cap;
    table->slots = ARENA_ARRAY(arena, uint32_t, table->slot_count);
    for (size_t row = 0; row < table->rows; row++)
        *slot_of(table, solutions_row(table, row)) = (uint32_t)row + 1;
}

bool solutions_add(struct solutions *table, const struct value *row, struct arena *arena)
{
    if (table->rows == table->cap)
        grow(table, arena);
    uint32_t *slot = slot_of(table, row);
    if (*slot)
        return false;
    for (uint32_t i = 0; i < table->width; i++)
        table->cells[table->rows * table->width + i] = row[i];
    *slot = (uint32_t)++table->rows;
    return true;
}
