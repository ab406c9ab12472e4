#include "txd/query/call.h"

#include "proto/edn.h"
#include "txd/query/bind.h"
#include "txd/query/clause.h"
#include "txd/query/functions.h"

#include <stdlib.h>

/* A call made ready for the rows of one relation. */
struct prepared {
    struct call call;
    const struct clause *clause;
    struct value *args; /* constants are in place */
    uint32_t *columns;  /* of each argument; COLUMN_NONE: a constant */
    uint32_t count;     /* without the source */
};

static bool prepare(struct execution *execution, const struct frame *frame,
                    const struct clause *clause, const struct relation *rows, struct prepared *out,
                    struct error *err)
{
    const struct function *function = clause->function;
    uint32_t first = 0, source;

    *out = (struct prepared){ .call = { .arena = execution->arena,
                                        .budget = &execution->budget,
                                        .regexes = execution->regexes },
                              .clause = clause };
    if (function->takes_source) {
        bool given = clause->term_count > 0 && clause->terms[0].type == TERM_SOURCE;
        if (given)
            source = clause->terms[first++].id;
        else if (!frame_source(execution, frame, clause, &source, err))
            return false;
        out->call.source = &execution->sources[source];
    }
    out->count = clause->term_count - first;
    out->args = ARENA_ARRAY(execution->arena, struct value, out->count);
    out->columns = ARENA_ARRAY(execution->arena, uint32_t, out->count);
    for (uint32_t i = 0; i < out->count; i++) {
        const struct term *term = &clause->terms[first + i];
        bool variable = term->type == TERM_VARIABLE;
        out->columns[i] = variable ? relation_column(rows, term->id) : COLUMN_NONE;
        out->args[i] = term->value;
    }
    return true;
}

static bool evaluate(struct prepared *prepared, const struct relation *rows, size_t row,
                     struct value *out, struct error *err)
{
    for (uint32_t i = 0; i < prepared->count; i++)
        if (prepared->columns[i] != COLUMN_NONE)
            prepared->args[i] = column_get(&rows->columns[prepared->columns[i]], row);
    if (!prepared->clause->function->fn(&prepared->call, prepared->args, prepared->count, out,
                                        err)) {
        if (err->kind == ERROR_INTERRUPTED)
            return false;
        struct bytes form = edn_excerpt(prepared->call.arena, &prepared->clause->form);
        return fail_in(err, "clause %.*s", BYTES_ARG(form));
    }
    return budget_turn(prepared->call.budget, err);
}

/* The rows that a call starts from; a relation of no columns and one row when it needs none. */
static bool gather(struct execution *execution, const struct clause *clause,
                   struct bindings *bindings, struct relation **out, struct error *err)
{
    if (!bindings_merge(execution, bindings, &clause->required, out, err))
        return false;
    if (!*out) {
        *out = relation_new(execution->arena, NULL, 0);
        (*out)->rows = 1;
    }
    return true;
}

/* ---- comparisons of longs, a column at a time ---- */

/* Which of <, =, > holds of two longs, as bits, that a comparison lets through. */
enum { ORDER_LESS = 1, ORDER_EQUAL = 2, ORDER_MORE = 4 };

static const struct {
    const char *name;
    int orders;
} comparisons[] = {
    { "<", ORDER_LESS },
    { "<=", ORDER_LESS | ORDER_EQUAL },
    { "=", ORDER_EQUAL },
    { "==", ORDER_EQUAL },
    { ">", ORDER_MORE },
    { ">=", ORDER_MORE | ORDER_EQUAL },
    { "not=", ORDER_LESS | ORDER_MORE },
    { "!=", ORDER_LESS | ORDER_MORE },
};

/* An argument that is a long in every row: `step` 0 is a constant. */
struct longs {
    const int64_t *at;
    size_t step;
};

static bool longs_of(const struct prepared *prepared, const struct relation *rows, uint32_t i,
                     struct longs *out)
{
    uint32_t column = prepared->columns[i];

    if (column == COLUMN_NONE) {
        *out = (struct longs){ &prepared->args[i].number, 0 };
        return prepared->args[i].type == VALUE_LONG;
    }
    *out = (struct longs){ rows->columns[column].longs, 1 };
    return rows->columns[column].type == COLUMN_LONG;
}

/* False when the predicate is not of this kind. */
static bool pick_compared(const struct prepared *prepared, const struct relation *rows,
                          uint32_t *picked, size_t *count)
{
    struct longs a, b;
    size_t i = 0;

    while (i < ARRAY_LEN(comparisons) &&
           strcmp(comparisons[i].name, prepared->clause->function->name) != 0)
        i++;
    if (i == ARRAY_LEN(comparisons) || prepared->count != 2 || !longs_of(prepared, rows, 0, &a) ||
        !longs_of(prepared, rows, 1, &b))
        return false;
    int orders = comparisons[i].orders;
    for (size_t row = 0; row < rows->rows; row++) {
        int64_t left = a.at[row * a.step], right = b.at[row * b.step];
        int order = (left < right) * ORDER_LESS + (left == right) * ORDER_EQUAL +
                    (left > right) * ORDER_MORE;
        picked[*count] = (uint32_t)row;
        *count += (order & orders) != 0;
    }
    return true;
}

/* ---- predicates of one coded column: once for each code ---- */

/* The only column that the predicate depends on, when it is of codes, of which there are no more
 * than rows; else NULL. */
static const struct column *coded_column(const struct prepared *prepared,
                                         const struct relation *rows)
{
    const struct column *column = NULL;

    if (prepared->clause->function->takes_source)
        return NULL;
    for (uint32_t i = 0; i < prepared->count; i++) {
        if (prepared->columns[i] == COLUMN_NONE)
            continue;
        const struct column *next = &rows->columns[prepared->columns[i]];
        if (next->type != COLUMN_CODE || (column && column != next) ||
            next->dictionary->count > rows->rows)
            return NULL;
        column = next;
    }
    return column;
}

static bool pick_coded(struct prepared *prepared, const struct relation *rows,
                       const struct column *column, uint32_t *picked, size_t *count,
                       struct error *err)
{
    enum { UNKNOWN, FALSE, TRUE };
    uint8_t *known = ARENA_ARRAY(prepared->call.arena, uint8_t, column->dictionary->count);

    for (size_t row = 0; row < rows->rows; row++) {
        uint8_t *answer = &known[column->codes[row]];
        if (*answer == UNKNOWN) {
            struct value result;
            if (!evaluate(prepared, rows, row, &result, err))
                return false;
            *answer = value_is_truthy(&result) ? TRUE : FALSE;
        }
        if (*answer == TRUE)
            picked[(*count)++] = (uint32_t)row;
    }
    return true;
}

/* ---- the whole ---- */

/* The rows of which the predicate is true. */
static bool pick(struct prepared *prepared, const struct relation *rows, uint32_t *picked,
                 size_t *count, struct error *err)
{
    const struct column *column = coded_column(prepared, rows);

    if (pick_compared(prepared, rows, picked, count))
        return true;
    if (column)
        return pick_coded(prepared, rows, column, picked, count, err);
    for (size_t row = 0; row < rows->rows; row++) {
        struct value result;
        if (!evaluate(prepared, rows, row, &result, err))
            return false;
        if (value_is_truthy(&result))
            picked[(*count)++] = (uint32_t)row;
    }
    return true;
}

bool call_predicate(struct execution *execution, const struct frame *frame,
                    const struct clause *clause, struct bindings *bindings, struct error *err)
{
    struct relation *rows;
    struct prepared prepared;
    size_t count = 0;

    if (!gather(execution, clause, bindings, &rows, err) ||
        !prepare(execution, frame, clause, rows, &prepared, err))
        return false;
    uint32_t *picked = xmalloc((rows->rows + 1) * sizeof(*picked));
    bool ok = pick(&prepared, rows, picked, &count, err);
    if (ok && clause->required.count == 0 && count == 0)
        ok = bindings_join(execution, bindings, relation_new(execution->arena, NULL, 0), err);
    else if (ok && count < rows->rows)
        *rows = *relation_pick(execution->arena, rows, picked, count);
    free(picked);
    return ok;
}

/* The distinct arguments, each with what the function gives for it. */
bool call_function(struct execution *execution, const struct frame *frame,
                   const struct clause *clause, struct bindings *bindings, struct error *err)
{
    struct relation *rows;
    struct prepared prepared;
    struct id_set variables = { 0 };
    struct arena *arena = execution->arena;

    if (!gather(execution, clause, bindings, &rows, err))
        return false;
    rows = relation_project(arena, rows, clause->required.ids, clause->required.count);
    if (!join_distinct(rows, arena, &execution->budget, &rows, err) ||
        !prepare(execution, frame, clause, rows, &prepared, err))
        return false;
    id_set_add_all(&variables, arena, &clause->required);
    binding_variables(clause->binding, arena, &variables);
    struct relation *results = relation_new(arena, variables.ids, variables.count);
    struct value *row = ARENA_ARRAY(arena, struct value, variables.count);
    bool *set = ARENA_ARRAY(arena, bool, variables.count);
    for (uint32_t i = 0; i < clause->required.count; i++)
        set[i] = true;
    for (size_t at = 0; at < rows->rows; at++) {
        struct value result;
        for (uint32_t i = 0; i < clause->required.count; i++)
            row[i] = column_get(&rows->columns[i], at);
        if (!evaluate(&prepared, rows, at, &result, err))
            return false;
        if (result.type != VALUE_NIL && !bind_value(clause->binding, &result, results, row, set,
                                                    arena, &execution->budget, err))
            return fail_in(err, "clause %.*s", BYTES_ARG(edn_excerpt(arena, &clause->form)));
    }
    return bindings_join(execution, bindings, results, err);
}
