#include "tests/oracle/row.h"

bool form_is_variable(const struct value *form)
{
    return form->type == VALUE_SYMBOL && form->text.data[0] == '?';
}

bool form_is_source(const struct value *form)
{
    return form->type == VALUE_SYMBOL && form->text.data[0] == '$';
}

static struct row row_empty(const struct solutions *table, struct arena *arena)
{
    return (struct row){ table, ARENA_ARRAY(arena, struct value, table->width + 1),
                         ARENA_ARRAY(arena, bool, table->width + 1) };
}

struct row row_begin(const struct solutions *table, const struct solutions *from, size_t i,
                     struct arena *arena)
{
    struct row row = row_empty(table, arena);

    for (uint32_t column = 0; column < from->width; column++) {
        row.cells[column] = solutions_row(from, i)[column];
        row.set[column] = true;
    }
    return row;
}

bool row_assign(struct row *row, struct bytes name, struct value value)
{
    uint32_t column = solutions_column(row->table, name);

    if (row->set[column])
        return value_equal(&row->cells[column], &value);
    row->cells[column] = value;
    row->set[column] = true;
    return true;
}

const struct value *row_value(const struct row *row, const struct value *term)
{
    if (!form_is_variable(term))
        return term;
    uint32_t column = solutions_column(row->table, term->text);
    return column != SOLUTIONS_NO_COLUMN && row->set[column] ? &row->cells[column] : NULL;
}

void row_list_add(struct row_list *rows, const struct row *row, struct arena *arena)
{
    struct row copy = row_empty(row->table, arena);

    memcpy(copy.cells, row->cells, row->table->width * sizeof(*copy.cells));
    memcpy(copy.set, row->set, row->table->width * sizeof(*copy.set));
    if (rows->count == rows->cap) {
        size_t cap = rows->cap ? 2 * rows->cap : 4;
        struct row *grown = ARENA_ARRAY(arena, struct row, cap);
        for (size_t i = 0; i < rows->count; i++)
            grown[i] = rows->items[i];
        rows->items = grown;
        rows->cap = cap;
    }
    rows->items[rows->count++] = copy;
}

/* Each item is bound in the rows that the ones before it leave. */
static bool bind_tuple(const struct row *row, const struct value *form, const struct value *value,
                       struct arena *arena, struct row_list *out, struct error *err)
{
    struct row_list left = { 0 };

    if (!value_is_sequence(value) || value->count < form->count)
        return fail(err, ERROR_INCORRECT, "no tuple, or too short a one");
    row_list_add(&left, row, arena);
    for (uint32_t i = 0; i < form->count; i++) {
        struct row_list next = { 0 };
        for (size_t j = 0; j < left.count; j++)
            if (!row_bind(&left.items[j], &form->items[i], &value->items[i], arena, &next, err))
                return false;
        left = next;
    }
    for (size_t j = 0; j < left.count; j++)
        row_list_add(out, &left.items[j], arena);
    return true;
}

bool row_bind(const struct row *row, const struct value *form, const struct value *value,
              struct arena *arena, struct row_list *out, struct error *err)
{
    bool sequence = value_is_sequence(form) && form->count > 0;
    bool collection = sequence && form->count == 2 && value_is_symbol(&form->items[1], "...");
    bool relation = sequence && form->count == 1 && value_is_sequence(&form->items[0]);

    if (collection || relation) {
        if (!value_is_collection(value) || value->type == VALUE_MAP)
            return fail(err, ERROR_INCORRECT, "no collection");
        for (uint32_t i = 0; i < value->count; i++)
            if (!row_bind(row, &form->items[0], &value->items[i], arena, out, err))
                return false;
        return true;
    }
    if (sequence)
        return bind_tuple(row, form, value, arena, out, err);
    struct row_list one = { 0 };
    row_list_add(&one, row, arena);
    if (!form_is_variable(form) || row_assign(&one.items[0], form->text, *value))
        row_list_add(out, &one.items[0], arena);
    return true;
}
