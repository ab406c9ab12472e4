#include "txd/query/query.h"

#include "proto/edn.h"
#include "txd/query/bind.h"
#include "txd/query/clause.h"
#include "txd/query/execute.h"
#include "txd/query/find.h"
#include "txd/query/pull.h"
#include "txd/query/regex.h"
#include "txd/query/rules.h"

static bool check_t(const struct snapshot *snapshot, const char *name, uint32_t t,
                    struct error *err)
{
    uint32_t base = graph_base(snapshot->graph);

    if (t > snapshot->t)
        return fail(err, ERROR_NOT_FOUND, "%s %u is beyond the graph's t %u", name, t, snapshot->t);
    if (t < base)
        return fail(err, ERROR_NOT_FOUND,
                    "%s %u is below the graph's base: it was imported at t %u", name, t, base);
    return true;
}

bool query_basis_db(const struct snapshot *snapshot, const struct query_basis *basis,
                    struct db *out, struct error *err)
{
    struct db db = snapshot_db(snapshot);

    if (basis->has_as_of) {
        if (!check_t(snapshot, "as_of", basis->as_of, err))
            return false;
        db.as_of = basis->as_of;
    }
    if (basis->has_since) {
        if (!check_t(snapshot, "since", basis->since, err))
            return false;
        db.since = basis->since;
    }
    db.history = basis->history;
    *out = db;
    return true;
}

/* ---- query ---- */

static bool open_source(struct execution *execution, const struct snapshot *snapshot,
                        const struct db *db, uint32_t input, struct error *err)
{
    const struct binding *binding = &execution->query->inputs[input];
    const struct value *argument = &execution->query->arguments[input];
    struct source *source = &execution->sources[binding->id];

    if (argument->type == VALUE_NIL) {
        source_graph(source, snapshot, db);
        return true;
    }
    if (!value_is_sequence(argument) && argument->type != VALUE_SET)
        return fail(
            err, ERROR_INCORRECT, "the source %.*s must be a collection of tuples, given a %s",
            BYTES_ARG(execution->query->sources[binding->id]), value_type_name(argument->type));
    source->tuples = *argument;
    return true;
}

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

static bool open_inputs(struct execution *execution, const struct snapshot *snapshot,
                        const struct db *db, struct bindings *bindings, struct error *err)
{
    const struct query *query = execution->query;

    execution->sources = ARENA_ARRAY(execution->arena, struct source, query->source_count);
    for (uint32_t i = 0; i < query->input_count; i++) {
        bool ok = true;
        if (query->inputs[i].type == BINDING_SOURCE)
            ok = open_source(execution, snapshot, db, i, err);
        else if (query->inputs[i].type != BINDING_RULES)
            ok = bind_input(execution, i, bindings, err) || fail_in(err, ":in");
        if (!ok)
            return false;
    }
    return true;
}

/* An explicit limit of the request wins over the query's own, which may be 0: no rows. */
static bool give_result(struct execution *execution, const struct query_request *request,
                        const struct bindings *bindings, struct value *out, struct error *err)
{
    const struct query *query = execution->query;
    uint64_t offset = request->offset ? request->offset : query->offset;
    bool rows = query->find_type == FIND_RELATION || query->find_type == FIND_COLLECTION;

    if (request->limit == 0 && query->has_limit && query->limit == 0 && rows) {
        *out = value_collection(VALUE_VECTOR, NULL, 0);
        return true;
    }
    return find_result(execution, bindings, offset, request->limit ? request->limit : query->limit,
                       out, err);
}

bool query_run(const struct snapshot *snapshot, const struct query_request *request,
               const struct query_limits *limits, struct arena *arena, struct value *out,
               struct error *err)
{
    struct execution *execution = ARENA_NEW(arena, struct execution);
    struct query *query;
    struct bindings bindings = { 0 };
    struct db db;

    execution->arena = arena;
    execution->budget = (struct budget){ .limits = limits, .arena = arena };
    if (!query_basis_db(snapshot, &request->basis, &db, err) ||
        !query_parse(&request->query, &request->args, arena, &query, err) ||
        !rules_check(query, err))
        return false;
    execution->query = query;
    execution->regexes = regex_cache_open();
    struct frame frame = { .source = query->default_source };
    struct id_set wanted = find_variables(query, arena);
    bool ok = open_inputs(execution, snapshot, &db, &bindings, err) &&
              execute_conjunction(execution, &frame, &query->where, &wanted, &bindings, err) &&
              give_result(execution, request, &bindings, out, err);
    regex_cache_close(execution->regexes);
    return ok;
}

/* ---- pull ---- */

static bool check_eid(struct arena *arena, const struct value *eid, struct error *err)
{
    if (eid->type == VALUE_LONG || eid->type == VALUE_KEYWORD ||
        (value_is_sequence(eid) && eid->count == 2))
        return true;
    struct bytes text = edn_excerpt(arena, eid);
    return fail(err, ERROR_INCORRECT, "%.*s is no entity: give an id, a lookup ref or an ident",
                BYTES_ARG(text));
}

static bool pull_many(const struct puller *puller, struct pull_pattern *pattern,
                      const struct value *eids, struct value *out, struct error *err)
{
    if (!value_is_sequence(eids))
        return fail(err, ERROR_INCORRECT, "pull of many takes a list of entities, given a %s",
                    value_type_name(eids->type));
    struct value *items = ARENA_ARRAY(puller->arena, struct value, eids->count);
    for (uint32_t i = 0; i < eids->count; i++)
        if (!check_eid(puller->arena, &eids->items[i], err) ||
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
    struct puller puller = { &source, arena, &budget, regex_cache_open() };
    bool ok = pull_parse(&puller, &request->pattern, &pattern, err);
    if (ok && request->many)
        ok = pull_many(&puller, pattern, &request->eid, out, err);
    else if (ok)
        ok = check_eid(arena, &request->eid, err) &&
             pull_entity(&puller, pattern, &request->eid, out, err);
    regex_cache_close(puller.regexes);
    return ok;
}
