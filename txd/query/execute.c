#include "txd/query/execute.h"

#include "proto/edn.h"
#include "txd/query/call.h"
#include "txd/query/explain.h"
#include "txd/query/pattern.h"
#include "txd/query/plan.h"
#include "txd/query/rules.h"

#include <assert.h>

/* ---- bindings ---- */

struct relation *bindings_find(const struct bindings *bindings, uint32_t variable)
{
    for (uint32_t i = 0; i < bindings->count; i++)
        if (relation_column(bindings->relations[i], variable) != COLUMN_NONE)
            return bindings->relations[i];
    return NULL;
}

bool bindings_have_all(const struct bindings *bindings, const struct id_set *variables)
{
    for (uint32_t i = 0; i < variables->count; i++)
        if (!bindings_find(bindings, variables->ids[i]))
            return false;
    return true;
}

static void bindings_add(struct execution *execution, struct bindings *bindings,
                         struct relation *relation)
{
    if (bindings->count == bindings->cap) {
        bindings->cap = bindings->cap ? bindings->cap * 2 : 8;
        struct relation **relations =
            ARENA_ARRAY(execution->arena, struct relation *, bindings->cap);
        for (uint32_t i = 0; i < bindings->count; i++)
            relations[i] = bindings->relations[i];
        bindings->relations = relations;
    }
    bindings->relations[bindings->count++] = relation;
}

static bool has_any(const struct relation *relation, const uint32_t *variables, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (relation_column(relation, variables[i]) != COLUMN_NONE)
            return true;
    return false;
}

/* The index of the smallest relation that has any of the variables; UINT32_MAX: none has. */
static uint32_t smallest(const struct bindings *bindings, const uint32_t *variables, uint32_t count)
{
    uint32_t best = UINT32_MAX;

    for (uint32_t i = 0; i < bindings->count; i++)
        if (has_any(bindings->relations[i], variables, count) &&
            (best == UINT32_MAX || bindings->relations[i]->rows < bindings->relations[best]->rows))
            best = i;
    return best;
}

static struct relation *take(struct bindings *bindings, uint32_t i)
{
    assert(i < bindings->count && bindings->relations);
    struct relation *relation = bindings->relations[i];

    bindings->relations[i] = bindings->relations[--bindings->count];
    return relation;
}

void bindings_take(struct bindings *bindings, const struct relation *relation)
{
    uint32_t i = 0;

    while (bindings->relations[i] != relation)
        i++;
    take(bindings, i);
}

bool bindings_join(struct execution *execution, struct bindings *bindings,
                   struct relation *relation, struct error *err)
{
    uint32_t i, width = relation->width;
    const uint32_t *variables = relation->variables; /* what it came with, not what it gathers */

    while ((i = smallest(bindings, variables, width)) != UINT32_MAX)
        if (!join_natural(take(bindings, i), relation, execution->arena, &execution->budget,
                          &relation, err))
            return false;
    bindings_add(execution, bindings, relation);
    return true;
}

bool bindings_merge(struct execution *execution, struct bindings *bindings,
                    const struct id_set *variables, struct relation **out, struct error *err)
{
    struct relation *merged = NULL;
    uint32_t i;

    while ((i = smallest(bindings, variables->ids, variables->count)) != UINT32_MAX) {
        struct relation *next = take(bindings, i);
        if (!merged)
            merged = next;
        else if (!join_natural(merged, next, execution->arena, &execution->budget, &merged, err))
            return false;
    }
    if (merged)
        bindings_add(execution, bindings, merged);
    *out = merged;
    return true;
}

/* Those of `variables` that the relation has. */
static struct id_set shared(struct execution *execution, const struct relation *relation,
                            const struct id_set *variables)
{
    struct id_set set = { 0 };

    for (uint32_t i = 0; i < variables->count; i++)
        if (relation_column(relation, variables->ids[i]) != COLUMN_NONE)
            id_set_add(&set, execution->arena, variables->ids[i]);
    return set;
}

/* The distinct rows of the relation over the variables of the set that it has. */
static bool narrow(struct execution *execution, const struct relation *relation,
                   const struct id_set *variables, struct relation **out, struct error *err)
{
    struct id_set kept = shared(execution, relation, variables);
    struct relation *narrowed = relation_project(execution->arena, relation, kept.ids, kept.count);

    return join_distinct(narrowed, execution->arena, &execution->budget, out, err);
}

bool bindings_collect(struct execution *execution, const struct bindings *bindings,
                      const struct id_set *variables, struct relation **out, struct error *err)
{
    struct relation *result = relation_new(execution->arena, NULL, 0), *part;

    result->rows = 1;
    for (uint32_t i = 0; i < bindings->count; i++) {
        if (!narrow(execution, bindings->relations[i], variables, &part, err))
            return false;
        if (part->width == 0 && part->rows > 0)
            continue;
        if (result->width == 0 && result->rows > 0)
            result = part;
        else if (!join_natural(result, part, execution->arena, &execution->budget, &result, err))
            return false;
    }
    *out = result;
    return true;
}

bool bindings_pass(struct execution *execution, const struct bindings *bindings,
                   const struct id_set *variables, struct bindings *out, struct error *err)
{
    *out = (struct bindings){ 0 };
    for (uint32_t i = 0; i < bindings->count; i++) {
        struct relation *part;
        if (!narrow(execution, bindings->relations[i], variables, &part, err))
            return false;
        if (part->width > 0)
            bindings_add(execution, out, part);
    }
    return true;
}

bool frame_source(const struct execution *execution, const struct frame *frame,
                  const struct clause *clause, uint32_t *out, struct error *err)
{
    *out = clause->source == SOURCE_IMPLICIT ? frame->source : clause->source;
    if (*out == SOURCE_IMPLICIT)
        return fail_clause(err, ERROR_INCORRECT, execution->arena, &clause->form,
                           "there is no source $ in :in, which is needed");
    return true;
}

/* ---- not and or ---- */

/* The frame inside a clause that may name a source for what is in it. */
static struct frame inner_frame(const struct frame *frame, const struct clause *clause)
{
    struct frame inner = *frame;

    if (clause->source != SOURCE_IMPLICIT)
        inner.source = clause->source;
    return inner;
}

static bool run_not(struct execution *execution, const struct frame *frame,
                    const struct clause *clause, struct bindings *bindings, struct error *err)
{
    struct frame inner = inner_frame(frame, clause);
    struct relation *rows, *matched;
    struct bindings passed;

    if (!bindings_merge(execution, bindings, &clause->variables, &rows, err))
        return false;
    assert(rows); /* plan_next() chose it */
    struct id_set bound = shared(execution, rows, &clause->variables);
    if (!bindings_pass(execution, bindings, &bound, &passed, err) ||
        !execute_conjunction(execution, &inner, clause->branches, &bound, &passed, err) ||
        !bindings_collect(execution, &passed, &bound, &matched, err) ||
        !join_anti(rows, matched, execution->arena, &execution->budget, &matched, err))
        return false;
    *rows = *matched;
    return true;
}

static bool run_branch(struct execution *execution, const struct frame *frame,
                       const struct clause *clause, const struct conjunction *branch,
                       const struct bindings *bindings, struct row_set *rows, struct error *err)
{
    const struct id_set *variables = &clause->variables;
    struct bindings passed;
    struct relation *result;

    if (!bindings_pass(execution, bindings, variables, &passed, err) ||
        !execute_conjunction(execution, frame, branch, variables, &passed, err) ||
        !bindings_collect(execution, &passed, variables, &result, err))
        return false;
    for (uint32_t i = 0; i < variables->count; i++) {
        if (relation_column(result, variables->ids[i]) != COLUMN_NONE)
            continue;
        if (result->rows == 0)
            return true; /* it stopped before it came so far */
        struct bytes name = query_variable_name(execution->query, variables->ids[i]);
        struct bytes form = edn_excerpt(execution->arena, &clause->form);
        return fail(err, ERROR_INCORRECT,
                    "cannot resolve %.*s in clause %.*s: a branch does not "
                    "bind it",
                    BYTES_ARG(name), BYTES_ARG(form));
    }
    return row_set_add(rows, result, execution->arena, &execution->budget, err);
}

static bool run_or(struct execution *execution, const struct frame *frame,
                   const struct clause *clause, struct bindings *bindings, struct error *err)
{
    struct frame inner = inner_frame(frame, clause);
    struct row_set rows;

    row_set_init(&rows, execution->arena, clause->variables.ids, clause->variables.count);
    for (uint32_t i = 0; i < clause->branch_count; i++)
        if (!run_branch(execution, &inner, clause, &clause->branches[i], bindings, &rows, err))
            return false;
    return bindings_join(execution, bindings, rows.rows, err);
}

/* ---- the whole ---- */

static bool run_clause(struct execution *execution, const struct frame *frame,
                       const struct clause *clause, struct bindings *bindings, struct error *err)
{
    switch (clause->type) {
    case CLAUSE_PATTERN:
        return pattern_run(execution, frame, clause, bindings, err);
    case CLAUSE_PREDICATE:
        return call_predicate(execution, frame, clause, bindings, err);
    case CLAUSE_FUNCTION:
        return call_function(execution, frame, clause, bindings, err);
    case CLAUSE_RULE:
        return rules_run(execution, frame, clause, bindings, err);
    case CLAUSE_NOT:
        return run_not(execution, frame, clause, bindings, err);
    case CLAUSE_OR:
        break;
    }
    return run_or(execution, frame, clause, bindings, err);
}

/* The rows of what a clause has bound. */
static uint64_t rows_of(const struct bindings *bindings, const struct clause *clause)
{
    uint64_t rows = 1;
    bool found = false;

    for (uint32_t i = 0; i < bindings->count; i++) {
        const struct relation *relation = bindings->relations[i];
        if (relation->rows == 0 && !found)
            rows = 0;
        if (!has_any(relation, clause->variables.ids, clause->variables.count))
            continue;
        rows = found && rows > relation->rows ? rows : relation->rows;
        found = true;
    }
    return rows;
}

static bool run_explained(struct execution *execution, const struct frame *frame,
                          const struct clause *clause, struct bindings *bindings, struct error *err)
{
    static const char *const methods[] = {
        [CLAUSE_PREDICATE] = "filter", [CLAUSE_FUNCTION] = "function",    [CLAUSE_RULE] = "rule",
        [CLAUSE_NOT] = "anti-join",    [CLAUSE_OR] = "union of branches",
    };
    struct explain *explain = execution->explain;
    struct pattern_cost cost = { .rows = EXPLAIN_UNKNOWN };

    if (!explain)
        return run_clause(execution, frame, clause, bindings, err);
    if (clause->type == CLAUSE_PATTERN &&
        !pattern_estimate(execution, frame, clause, bindings, &cost, err))
        return false;
    struct explain_step *step = explain_begin(explain, clause, cost.rows);
    if (!run_clause(execution, frame, clause, bindings, err))
        return false;
    if (clause->type != CLAUSE_PATTERN) {
        explain->method = methods[clause->type];
        explain->note = (struct bytes){ 0 };
    }
    explain_end(explain, step, rows_of(bindings, clause));
    return true;
}

static bool is_needed(uint32_t variable, const struct id_set *wanted,
                      const struct clause *const *clauses, uint32_t count)
{
    variable = RESOLVED_OF(variable);
    if (id_set_has(wanted, variable))
        return true;
    for (uint32_t i = 0; i < count; i++)
        if (id_set_has(&clauses[i]->variables, variable))
            return true;
    return false;
}

/* Drops the columns that nothing needs any more, and the rows that have become the same. */
static bool drop_unneeded(struct execution *execution, struct bindings *bindings,
                          const struct id_set *wanted, const struct clause *const *clauses,
                          uint32_t count, struct error *err)
{
    for (uint32_t i = 0; i < bindings->count; i++) {
        struct relation *relation = bindings->relations[i];
        struct id_set kept = { 0 };
        for (uint32_t j = 0; j < relation->width; j++)
            if (is_needed(relation->variables[j], wanted, clauses, count))
                id_set_add(&kept, execution->arena, relation->variables[j]);
        if (kept.count == relation->width)
            continue;
        relation = relation_project(execution->arena, relation, kept.ids, kept.count);
        if (!join_distinct(relation, execution->arena, &execution->budget, &bindings->relations[i],
                           err))
            return false;
    }
    return true;
}

static bool run_clauses(struct execution *execution, const struct frame *frame,
                        const struct conjunction *conjunction, const struct id_set *wanted,
                        struct bindings *bindings, struct error *err)
{
    uint32_t count = conjunction->count, next = 0;
    const struct clause **left = ARENA_ARRAY(execution->arena, const struct clause *, count);
    struct frame own = *frame;

    for (uint32_t i = 0; i < count; i++)
        left[i] = &conjunction->clauses[i];
    own.left = left;
    while (count > 0) {
        own.left_count = count;
        if (!budget_check(&execution->budget, err) ||
            !plan_next(execution, &own, left, count, bindings, &next, err) ||
            !run_explained(execution, &own, left[next], bindings, err))
            return false;
        count--;
        memmove(&left[next], &left[next + 1], (count - next) * sizeof(struct clause *));
        if (!drop_unneeded(execution, bindings, wanted, left, count, err))
            return false;
    }
    return true;
}

bool execute_conjunction(struct execution *execution, const struct frame *frame,
                         const struct conjunction *conjunction, const struct id_set *wanted,
                         struct bindings *bindings, struct error *err)
{
    if (execution->depth == CONJUNCTION_DEPTH_MAX)
        return fail(err, ERROR_INTERRUPTED,
                    "the query passed its limit of %d clauses and rules in one another: nest less",
                    CONJUNCTION_DEPTH_MAX);
    execution->depth++;
    bool ok = run_clauses(execution, frame, conjunction, wanted, bindings, err);
    execution->depth--;
    return ok;
}
