#include "txd/query/plan.h"

#include "proto/edn.h"
#include "txd/query/pattern.h"
#include "txd/query/rules.h"

#include <stdlib.h>

#define COST_NEVER  UINT64_MAX
#define COST_LAST   (COST_NEVER - 1) /* only when nothing else can run */
#define COST_BRANCH 1000             /* of starting an `or` or a rule */
#define COST_OF_ROW 64               /* of going through one with a row */

static int by_form(const void *a, const void *b)
{
    const struct clause *left = a, *right = b;

    return value_compare(&left->form, &right->form);
}

static void sort_conjunction(struct conjunction *conjunction)
{
    for (uint32_t i = 0; i < conjunction->count; i++)
        for (uint32_t j = 0; j < conjunction->clauses[i].branch_count; j++)
            sort_conjunction(&conjunction->clauses[i].branches[j]);
    if (conjunction->count > 1)
        qsort(conjunction->clauses, conjunction->count, sizeof(*conjunction->clauses), by_form);
}

void plan_sort(struct query *query)
{
    sort_conjunction(&query->where);
    for (uint32_t i = 0; i < query->rule_count; i++)
        for (uint32_t j = 0; j < query->rules[i].branch_count; j++)
            sort_conjunction(&query->rules[i].branches[j].body);
}

static uint64_t times(uint64_t a, uint64_t b)
{
    uint64_t product;

    return __builtin_mul_overflow(a, b, &product) ? COST_LAST : product;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
    uint64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? COST_LAST : sum;
}

/* The rows that the relations of the variables would have together, and in how many they are. */
static uint64_t product_rows(const struct bindings *bindings, const struct id_set *variables,
                             uint32_t *relations)
{
    uint64_t rows = 1;

    *relations = 0;
    for (uint32_t i = 0; i < bindings->count; i++) {
        const struct relation *relation = bindings->relations[i];
        for (uint32_t j = 0; j < variables->count; j++) {
            if (relation_column(relation, variables->ids[j]) == COLUMN_NONE)
                continue;
            rows = times(rows, relation->rows);
            ++*relations;
            break;
        }
    }
    return rows;
}

static uint64_t cost_call(const struct clause *clause, const struct bindings *bindings)
{
    uint32_t relations;

    if (!bindings_have_all(bindings, &clause->required))
        return COST_NEVER;
    uint64_t rows = product_rows(bindings, &clause->required, &relations);
    return relations < 2 ? 0 : rows;
}

/* Whether a clause that is left can still bind a variable of the `not` that is not bound yet. */
static bool not_must_wait(const struct clause *clause, const struct clause *const *clauses,
                          uint32_t count, const struct bindings *bindings)
{
    for (uint32_t i = 0; i < clause->variables.count; i++) {
        uint32_t variable = clause->variables.ids[i];
        if (bindings_find(bindings, variable))
            continue;
        for (uint32_t j = 0; j < count; j++)
            if (clauses[j]->type != CLAUSE_NOT && clauses[j]->type != CLAUSE_PREDICATE &&
                id_set_has(&clauses[j]->variables, variable))
                return true;
    }
    return false;
}

static uint64_t cost_not(const struct clause *clause, const struct clause *const *clauses,
                         uint32_t count, const struct bindings *bindings)
{
    uint32_t relations;

    if (not_must_wait(clause, clauses, count, bindings))
        return COST_NEVER;
    uint64_t rows = product_rows(bindings, &clause->variables, &relations);
    return relations == 0 ? COST_NEVER : times(rows, relations);
}

/* A rule or an `or`: cheap with few rows to start from, and everything when nothing is bound. */
static uint64_t cost_branches(const struct execution *execution, const struct clause *clause,
                              const struct bindings *bindings)
{
    uint32_t relations;
    uint64_t rows = product_rows(bindings, &clause->variables, &relations);

    if (!bindings_have_all(bindings, &clause->required))
        return COST_NEVER;
    if (relations > 0)
        return plus(COST_BRANCH, times(rows, COST_OF_ROW));
    uint64_t all = COST_BRANCH;
    for (uint32_t i = 0; i < execution->query->source_count; i++)
        if (execution->sources[i].is_graph)
            all = plus(all, source_count(&execution->sources[i], NULL));
    return times(all, 2);
}

static bool is_of_graph(const struct execution *execution, const struct frame *frame,
                        const struct clause *clause)
{
    uint32_t source;
    struct error err;

    return clause->type == CLAUSE_PATTERN &&
           frame_source(execution, frame, clause, &source, &err) &&
           execution->sources[source].is_graph;
}

/* Whether another pattern that is left finds the entity of this one as an attribute, by its ident:
 * that must be first, since an ident names an entity, but an id no attribute. */
static bool pattern_must_wait(const struct execution *execution, const struct frame *frame,
                              const struct clause *clause, const struct clause *const *clauses,
                              uint32_t count, const struct bindings *bindings)
{
    if (!is_of_graph(execution, frame, clause))
        return false;
    const struct term *entity = &clause->terms[POSITION_E];
    if (entity->type != TERM_VARIABLE || bindings_find(bindings, entity->id))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (clauses[i] == clause || clauses[i]->term_count <= POSITION_A)
            continue;
        const struct term *attribute = &clauses[i]->terms[POSITION_A];
        if (attribute->type == TERM_VARIABLE && attribute->id == entity->id &&
            is_of_graph(execution, frame, clauses[i]))
            return true;
    }
    return false;
}

static bool cost_of(struct execution *execution, const struct frame *frame,
                    const struct clause *const *clauses, uint32_t count, uint32_t i,
                    const struct bindings *bindings, uint64_t *out, struct error *err)
{
    struct pattern_cost cost;

    switch (clauses[i]->type) {
    case CLAUSE_PATTERN:
        if (!pattern_estimate(execution, frame, clauses[i], bindings, &cost, err))
            return false;
        *out = plus(plus(cost.read, cost.rows), 1);
        return true;
    case CLAUSE_PREDICATE:
    case CLAUSE_FUNCTION:
        *out = cost_call(clauses[i], bindings);
        return true;
    case CLAUSE_NOT:
        *out = cost_not(clauses[i], clauses, count, bindings);
        return true;
    case CLAUSE_RULE:
        if (rules_call_cost(frame, clauses[i], bindings, out))
            return true;
        break;
    case CLAUSE_OR:
        break;
    }
    *out = cost_branches(execution, clauses[i], bindings);
    return true;
}

static bool fail_unresolved(const struct execution *execution, const struct clause *clause,
                            const struct bindings *bindings, struct error *err)
{
    struct bytes form = edn_excerpt(execution->arena, &clause->form);
    const struct id_set *needed =
        clause->type == CLAUSE_NOT ? &clause->variables : &clause->required;

    for (uint32_t i = 0; i < needed->count; i++) {
        if (bindings_find(bindings, needed->ids[i]))
            continue;
        struct bytes name = query_variable_name(execution->query, needed->ids[i]);
        return fail(err, ERROR_INCORRECT, "cannot resolve %.*s in clause %.*s: bound by no clause",
                    BYTES_ARG(name), BYTES_ARG(form));
    }
    return fail(err, ERROR_INCORRECT, "clause %.*s shares no bound variable with what is around it",
                BYTES_ARG(form));
}

bool plan_next(struct execution *execution, const struct frame *frame,
               const struct clause *const *clauses, uint32_t count, const struct bindings *bindings,
               uint32_t *out, struct error *err)
{
    uint64_t best = COST_NEVER, cost = COST_NEVER;
    uint32_t stuck = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (!cost_of(execution, frame, clauses, count, i, bindings, &cost, err))
            return false;
        if (cost < best &&
            pattern_must_wait(execution, frame, clauses[i], clauses, count, bindings))
            cost = COST_LAST;
        if (cost < best) {
            best = cost;
            *out = i;
        }
        if (clauses[stuck]->type == CLAUSE_NOT) /* it only waits for another that cannot run */
            stuck = i;
    }
    return best < COST_NEVER || fail_unresolved(execution, clauses[stuck], bindings, err);
}
