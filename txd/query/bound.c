#include "txd/query/bound.h"

#include "proto/edn.h"
#include "txd/query/clause.h"

#include <stdlib.h>

struct checking {
    const struct query *query;
    struct arena *arena;
};

static void bind_all(bool *bound, const struct id_set *variables)
{
    for (uint32_t i = 0; i < variables->count; i++)
        bound[variables->ids[i]] = true;
}

/* The first variable that is not bound; UINT32_MAX: all are. */
static uint32_t first_unbound(const bool *bound, const struct id_set *variables)
{
    for (uint32_t i = 0; i < variables->count; i++)
        if (!bound[variables->ids[i]])
            return variables->ids[i];
    return UINT32_MAX;
}

static bool any_bound(const bool *bound, const struct id_set *variables)
{
    for (uint32_t i = 0; i < variables->count; i++)
        if (bound[variables->ids[i]])
            return true;
    return false;
}

/* Adds to `bound` what clauses bind once they can run, until no more comes to it. */
static void bind_clauses(const struct conjunction *conjunction, bool *bound)
{
    bool *done = xcalloc(conjunction->count + 1, sizeof(*done)), more = true;

    while (more) {
        more = false;
        for (uint32_t i = 0; i < conjunction->count; i++) {
            const struct clause *clause = &conjunction->clauses[i];
            bool binds = clause->type != CLAUSE_NOT && clause->type != CLAUSE_PREDICATE;
            if (done[i] || !binds || first_unbound(bound, &clause->required) != UINT32_MAX)
                continue;
            bind_all(bound, &clause->variables);
            done[i] = more = true;
        }
    }
    free(done);
}

static bool fail_unbound(const struct checking *checking, const struct clause *clause,
                         uint32_t variable, struct error *err)
{
    struct bytes form = edn_excerpt(checking->arena, &clause->form);

    if (variable == UINT32_MAX)
        return fail(err, ERROR_INCORRECT,
                    "clause %.*s shares no bound variable with what is around it", BYTES_ARG(form));
    return fail(err, ERROR_INCORRECT, "cannot resolve %.*s in clause %.*s: bound by no clause",
                BYTES_ARG(query_variable_name(checking->query, variable)), BYTES_ARG(form));
}

static bool check(struct checking *checking, const struct conjunction *conjunction,
                  const bool *outer, struct error *err);

/* Each clause by itself, with what all of them bind; then what is inside them. */
static bool check_clauses(struct checking *checking, const struct conjunction *conjunction,
                          const bool *bound, struct error *err)
{
    for (uint32_t i = 0; i < conjunction->count; i++) {
        const struct clause *clause = &conjunction->clauses[i];
        uint32_t missing = first_unbound(bound, &clause->required);
        if (missing != UINT32_MAX)
            return fail_unbound(checking, clause, missing, err);
        if (clause->type == CLAUSE_NOT && !any_bound(bound, &clause->variables))
            return fail_unbound(checking, clause, first_unbound(bound, &clause->variables), err);
    }
    for (uint32_t i = 0; i < conjunction->count; i++)
        for (uint32_t j = 0; j < conjunction->clauses[i].branch_count; j++)
            if (!check(checking, &conjunction->clauses[i].branches[j], bound, err))
                return false;
    return true;
}

/* `outer`: what is bound around the conjunction. */
static bool check(struct checking *checking, const struct conjunction *conjunction,
                  const bool *outer, struct error *err)
{
    uint32_t count = checking->query->variable_count;
    bool *bound = xmalloc(count + 1);

    memcpy(bound, outer, count * sizeof(*bound));
    bind_clauses(conjunction, bound);
    bool ok = check_clauses(checking, conjunction, bound, err);
    free(bound);
    return ok;
}

/* What a rule's head or :in binds. */
static bool check_from(struct checking *checking, const struct conjunction *conjunction,
                       const struct id_set *outer, struct error *err)
{
    bool *bound = xcalloc(checking->query->variable_count + 1, sizeof(*bound));

    bind_all(bound, outer);
    bool ok = check(checking, conjunction, bound, err);
    free(bound);
    return ok;
}

bool bound_check(const struct query *query, struct arena *arena, struct error *err)
{
    struct checking checking = { query, arena };
    struct id_set inputs = { 0 };

    for (uint32_t i = 0; i < query->input_count; i++)
        binding_variables(&query->inputs[i], arena, &inputs);
    if (!check_from(&checking, &query->where, &inputs, err))
        return false;
    for (uint32_t i = 0; i < query->rule_count; i++) {
        const struct rule *rule = &query->rules[i];
        for (uint32_t j = 0; j < rule->branch_count; j++) {
            struct id_set head = { .ids = rule->branches[j].head, .count = rule->arity };
            if (!check_from(&checking, &rule->branches[j].body, &head, err))
                return fail_in(err, "rule %.*s", BYTES_ARG(rule->name));
        }
    }
    return true;
}
