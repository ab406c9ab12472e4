#include "txd/query/query.h"

#include "common/clock.h"
#include "proto/edn.h"
#include "txd/query/bind.h"
#include "txd/query/clause.h"
#include "txd/query/database.h"
#include "txd/query/execute.h"
#include "txd/query/explain.h"
#include "txd/query/find.h"
#include "txd/query/plan.h"
#include "txd/query/pull.h"
#include "txd/query/regex.h"
#include "txd/query/rules.h"

static bool bind_input(struct execution *execution, uint32_t input, struct bindings *bindings,
                       struct error *err)
{
    const struct binding *binding = &execution->query->inputs[input];
    struct arena *arena = execution->arena;
    struct id_set variables = { 0 };

    binding_variables(binding, arena, &variables);
    struct relation *relation = relation_new(arena, variables.ids, variables.count);
    struct value *row = ARENA_ARRAY(arena, struct value, variables.count);
    bool *set = ARENA_ARRAY(arena, bool, variables.count);
    return bind_value(binding, &execution->query->arguments[input], relation, row, set, arena,
                      &execution->budget, err) &&
           join_distinct(relation, arena, &execution->budget, &relation, err) &&
           bindings_join(execution, bindings, relation, err);
}

static bool open_inputs(struct execution *execution, const struct databases *databases,
                        struct bindings *bindings, struct error *err)
{
    const struct query *query = execution->query;

    for (uint32_t i = 0; i < query->input_count; i++) {
        const struct binding *input = &query->inputs[i];
        bool ok = budget_check(&execution->budget, err); /* a database may have a transaction */
        if (ok && input->type == BINDING_SOURCE)
            ok = database_open(databases, query->sources[input->id], &query->arguments[i],
                               &execution->sources[input->id], err);
        else if (ok && input->type != BINDING_RULES)
            ok = bind_input(execution, i, bindings, err) || fail_in(err, ":in");
        if (!ok)
            return false;
    }
    return true;
}

/* What the request says wins over what the query says. */
static bool give_result(struct execution *execution, const struct query_request *request,
                        const struct bindings *bindings, int64_t begun_ns, struct value *out,
                        struct error *err)
{
    const struct query *query = execution->query;

    if (!find_result(execution, bindings, request->offset ? request->offset : query->offset,
                     request->limit ? request->limit : query->limit, out, err))
        return false;
    if (execution->explain) {
        bool many = query->find_type == FIND_RELATION || query->find_type == FIND_COLLECTION;
        uint64_t rows = many ? out->count : out->type != VALUE_NIL;
        *out = explain_value(execution->explain, rows, begun_ns);
    }
    return true;
}

/* With the query's own :timeout. */
static struct query_limits limit_time(const struct query_limits *limits, const struct query *query)
{
    struct query_limits own = *limits;
    int64_t asked_us = clock_monotonic_us() + (int64_t)query->timeout_ms * 1000;

    if (query->timeout_ms > 0 && limits->deadline_max_us > limits->deadline_us)
        own.deadline_us = limits->deadline_max_us;
    if (query->timeout_ms > 0 && asked_us < own.deadline_us)
        own.deadline_us = asked_us;
    return own;
}

bool query_run(const struct snapshot *snapshot, const struct query_request *request,
               const struct query_limits *limits, struct arena *arena, struct value *out,
               struct error *err)
{
    struct execution *execution = ARENA_NEW(arena, struct execution);
    struct query *query;
    struct bindings bindings = { 0 };
    struct databases databases = { snapshot, .graphs = request->graphs, .arena = arena };
    struct explain explain;
    int64_t begun_ns = request->explain ? clock_monotonic_ns() : 0;

    if (!query_basis_db(snapshot, &request->basis, &databases.db, err) ||
        !query_parse(&request->query, &request->args, arena, &query, err) ||
        !rules_check(query, err))
        return false;
    plan_sort(query);
    struct query_limits own = limit_time(limits, query);
    execution->arena = arena;
    execution->budget = (struct budget){ .limits = &own, .arena = arena };
    execution->query = query;
    if (request->explain) {
        explain_open(&explain, arena);
        execution->explain = &explain;
    }
    execution->sources = ARENA_ARRAY(arena, struct source, query->source_count);
    execution->regexes = regex_cache_open();
    struct frame frame = { .source = query->default_source };
    struct id_set wanted = find_variables(query, arena);
    bool ok = open_inputs(execution, &databases, &bindings, err) &&
              execute_conjunction(execution, &frame, &query->where, &wanted, &bindings, err) &&
              give_result(execution, request, &bindings, begun_ns, out, err);
    for (uint32_t i = 0; i < query->source_count; i++)
        database_close(&execution->sources[i]);
    regex_cache_close(execution->regexes);
    return ok;
}

/* ---- pull ---- */

static bool check_eid(struct arena *arena, const struct value *eid, struct error *err)
{
    if (eid->type == VALUE_LONG || eid->type == VALUE_KEYWORD ||
        (value_is_sequence(eid) && eid->count == 2 &&
         (eid->items[0].type == VALUE_KEYWORD || eid->items[0].type == VALUE_STRING)))
        return true;
    struct bytes text = edn_excerpt(arena, eid);
    return fail(err, ERROR_INCORRECT, "%.*s is no entity: give an id, a lookup ref or an ident",
                BYTES_ARG(text));
}

static bool pull_many(struct puller *puller, struct pull_pattern *pattern, const struct value *eids,
                      struct value *out, struct error *err)
{
    if (!value_is_sequence(eids))
        return fail(err, ERROR_INCORRECT, "pull of many takes a list of entities, given a %s",
                    value_type_name(eids->type));
    struct value *items = ARENA_ARRAY(puller->reader.arena, struct value, eids->count);
    for (uint32_t i = 0; i < eids->count; i++)
        if (!check_eid(puller->reader.arena, &eids->items[i], err) ||
            !pull_entity(puller, pattern, &eids->items[i], &items[i], err))
            return false;
    *out = value_collection(VALUE_VECTOR, items, eids->count);
    return true;
}

bool pull_run(const struct snapshot *snapshot, const struct pull_request *request,
              const struct query_limits *limits, struct arena *arena, struct value *out,
              struct error *err)
{
    struct budget budget = { .limits = limits, .arena = arena };
    struct pull_pattern *pattern;
    struct source source;
    struct db db;

    if (request->basis.history)
        return fail(err, ERROR_INCORRECT, "an entity has no one state in history: pull as of a t");
    if (!query_basis_db(snapshot, &request->basis, &db, err))
        return false;
    source_graph(&source, snapshot, &db);
    struct puller puller = { { .source = &source, .arena = arena, .budget = &budget },
                             regex_cache_open() };
    bool ok = pull_parse(&puller, &request->pattern, &pattern, err);
    if (ok && request->many)
        ok = pull_many(&puller, pattern, &request->eid, out, err);
    else if (ok)
        ok = check_eid(arena, &request->eid, err) &&
             pull_entity(&puller, pattern, &request->eid, out, err);
    regex_cache_close(puller.regexes);
    return ok;
}
