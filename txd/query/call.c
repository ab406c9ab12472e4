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

bool call_predicate(struct execution *execution, const struct frame *frame,
                    const struct clause *clause, struct bindings *bindings, struct error *err)
{
    struct relation *rows;
    struct prepared prepared;
    size_t count = 0;
    bool ok = true;

    if (!gather(execution, clause, bindings, &rows, err) ||
        !prepare(execution, frame, clause, rows, &prepared, err))
        return false;
    uint32_t *picked = xmalloc((rows->rows + 1) * sizeof(*picked));
    for (size_t row = 0; ok && row < rows->rows; row++) {
        struct value result;
        ok = evaluate(&prepared, rows, row, &result, err);
        if (ok && value_is_truthy(&result))
            picked[count++] = (uint32_t)row;
    }
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
