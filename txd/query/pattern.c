#include "txd/query/pattern.h"

#include "proto/edn.h"
#include "txd/query/explain.h"
#include "txd/query/functions.h"
#include "txd/query/probe.h"
#include "txd/query/scan.h"

/* Datoms out of a column that is neither unique nor counted by value: one in so many has a given
 * value. */
#define GUESS_PER_VALUE 64

/* ---- putting in what is known ---- */

/* The value of a position, when a constant or a variable with one value gives it. */
static bool position_value(const struct clause *clause, const struct bindings *bindings,
                           uint32_t position, struct value *out)
{
    if (position >= clause->term_count)
        return false;
    const struct term *term = &clause->terms[position];
    if (term->type == TERM_CONSTANT) {
        *out = term->value;
        return true;
    }
    if (term->type != TERM_VARIABLE)
        return false;
    const struct relation *relation = bindings_find(bindings, term->id);
    if (!relation || relation->rows != 1)
        return false;
    *out = column_get(&relation->columns[relation_column(relation, term->id)], 0);
    return true;
}

/* A missing entity is an error where it was written down, and no match where it came by a
 * variable. */
static bool put_entity(struct pattern *pattern, const struct value *value, bool strict,
                       uint32_t *out, struct error *err)
{
    bool found;

    if (strict)
        return source_entity_strict(pattern->source, value, out, err);
    if (!source_entity(pattern->source, value, &found, out, err))
        return false;
    pattern->impossible |= !found;
    return true;
}

static bool put_attribute(struct execution *execution, struct pattern *pattern,
                          const struct value *value)
{
    pattern->attribute = source_attribute(pattern->source, value, execution->arena, NULL);
    pattern->impossible |= !pattern->attribute;
    return true;
}

static bool put_value(struct pattern *pattern, const struct value *value, bool strict,
                      struct error *err)
{
    bool found = value->type != VALUE_NIL;
    bool names = value->type == VALUE_KEYWORD || value_is_sequence(value);

    pattern->v = *value;
    if (pattern->attribute && pattern->attribute->type == TYPE_REF && strict && names) {
        uint32_t e;
        if (!source_entity_strict(pattern->source, value, &e, err))
            return false;
        pattern->v = value_long(e);
    } else if (pattern->attribute && !source_value(pattern->source, pattern->attribute, value,
                                                   &found, &pattern->v, err)) {
        return false;
    }
    pattern->impossible |= !found;
    return true;
}

static bool put_tx(struct pattern *pattern, const struct value *value, bool strict,
                   struct error *err)
{
    uint32_t e = 0;

    if (!put_entity(pattern, value, strict, &e, err))
        return false;
    if (!pattern->impossible && entity_is_tx(e))
        pattern->t = e - TX_ENTITY_BASE;
    else
        pattern->impossible = true;
    return true;
}

static bool put(struct execution *execution, struct pattern *pattern, uint32_t position,
                const struct value *value, bool strict, struct error *err)
{
    switch ((enum position)position) {
    case POSITION_E:
        return put_entity(pattern, value, strict, &pattern->e, err);
    case POSITION_A:
        return put_attribute(execution, pattern, value);
    case POSITION_V:
        return put_value(pattern, value, strict, err);
    case POSITION_T:
        return put_tx(pattern, value, strict, err);
    case POSITION_ADDED:
        pattern->impossible |= value->type != VALUE_BOOLEAN;
        pattern->added = value->type == VALUE_BOOLEAN && value->boolean;
        return true;
    case POSITIONS:
        break;
    }
    return true;
}

/* Narrows the bounds by what a predicate wants of the variable: (< ?v 5), (>= 3 ?v). */
static void put_bound(struct pattern *pattern, const struct clause *predicate, uint32_t variable,
                      const struct bindings *bindings)
{
    static const struct {
        const char *name, *turned; /* when the variable is the second argument */
        bool low;
        int64_t step;
    } comparisons[] = {
        { "<", ">", false, -1 },
        { "<=", ">=", false, 0 },
        { ">", "<", true, 1 },
        { ">=", "<=", true, 0 },
    };
    bool second = predicate->term_count == 2 && predicate->terms[1].type == TERM_VARIABLE &&
                  predicate->terms[1].id == variable;
    struct value limit;

    if (predicate->term_count != 2 || predicate->terms[!second].type == TERM_SOURCE ||
        (!second &&
         (predicate->terms[0].type != TERM_VARIABLE || predicate->terms[0].id != variable)) ||
        !position_value(predicate, bindings, !second, &limit) || limit.type != VALUE_LONG)
        return;
    for (size_t i = 0; i < ARRAY_LEN(comparisons); i++) {
        const char *name = second ? comparisons[i].turned : comparisons[i].name;
        int64_t bound;
        if (strcmp(name, predicate->function->name) != 0 ||
            __builtin_add_overflow(limit.number, comparisons[i].step, &bound))
            continue;
        pattern->bounded = true;
        if (comparisons[i].low && bound > pattern->low)
            pattern->low = bound;
        if (!comparisons[i].low && bound < pattern->high)
            pattern->high = bound;
    }
}

/* The bounds that the clauses which are left put on the value, when it is not bound yet. They only
 * save work: the predicates are run all the same. */
static void put_bounds(struct pattern *pattern, const struct frame *frame,
                       const struct bindings *bindings)
{
    uint32_t variable = pattern->variables[POSITION_V];

    pattern->low = INT64_MIN;
    pattern->high = INT64_MAX;
    if (variable == NO_VARIABLE || bindings_find(bindings, variable))
        return;
    for (uint32_t i = 0; i < frame->left_count; i++)
        if (frame->left[i]->type == CLAUSE_PREDICATE)
            put_bound(pattern, frame->left[i], variable, bindings);
}

static bool prepare(struct execution *execution, const struct frame *frame,
                    const struct clause *clause, struct source *source,
                    const struct bindings *bindings, struct pattern *out, struct error *err)
{
    static const enum position order[] = { POSITION_A, POSITION_E, POSITION_V, POSITION_T,
                                           POSITION_ADDED }; /* a value depends on its attribute */

    *out = (struct pattern){ .source = source };
    if (clause->term_count > POSITIONS)
        return fail_clause(err, ERROR_INCORRECT, execution->arena, &clause->form,
                           "more than entity, attribute, value, tx and added");
    for (uint32_t i = 0; i < POSITIONS; i++) {
        uint32_t position = order[i];
        struct value value;
        bool given = position < clause->term_count;
        bool variable = given && clause->terms[position].type == TERM_VARIABLE;
        out->variables[position] = variable ? clause->terms[position].id : NO_VARIABLE;
        out->known[position] = position_value(clause, bindings, position, &value);
        if (!out->known[position])
            continue;
        out->variables[position] = NO_VARIABLE;
        if (!put(execution, out, position, &value, !variable, err))
            return fail_in(err, "clause %.*s",
                           BYTES_ARG(edn_excerpt(execution->arena, &clause->form)));
    }
    bool e_constant = clause->terms[0].type == TERM_CONSTANT;
    bool a_constant = clause->term_count > 1 && clause->terms[1].type == TERM_CONSTANT;
    out->user_only = !e_constant && !a_constant;
    put_bounds(out, frame, bindings);
    return true;
}

/* ---- estimates ---- */

struct relation *pattern_relation(const struct pattern *pattern, const struct bindings *bindings,
                                  enum position position)
{
    uint32_t variable = pattern->variables[position];

    return variable == NO_VARIABLE ? NULL : bindings_find(bindings, variable);
}

uint64_t pattern_per_entity(const struct pattern *pattern)
{
    return !pattern->attribute ? 12 : pattern->attribute->many ? 8 : 1;
}

/* Datoms of the attribute that have one value. */
uint64_t pattern_per_value(const struct pattern *pattern)
{
    if (pattern->attribute && pattern->attribute->unique != UNIQUE_NONE)
        return 1;
    return source_count(pattern->source, pattern->attribute) / GUESS_PER_VALUE + 1;
}

/* ---- variables that name entities ---- */

/* Whether the values of the variable are anything but ids. */
static bool needs_resolving(const struct bindings *bindings, uint32_t variable)
{
    const struct relation *relation =
        variable == NO_VARIABLE ? NULL : bindings_find(bindings, variable);

    return relation && relation->columns[relation_column(relation, variable)].type != COLUMN_LONG;
}

/* Puts beside the variable a column of the entities that its values name; rows that name none go.
 */
static bool resolve_variable(struct execution *execution, const struct source *source,
                             struct bindings *bindings, uint32_t variable, uint32_t resolved,
                             struct error *err)
{
    if (bindings_find(bindings, resolved))
        return true;
    struct relation *relation = bindings_find(bindings, variable);
    uint32_t column = relation_column(relation, variable);
    uint32_t *picked = ARENA_ARRAY(execution->arena, uint32_t, relation->rows);
    struct column entities = { .longs = ARENA_ARRAY(execution->arena, int64_t, relation->rows) };
    size_t count = 0;

    for (size_t row = 0; row < relation->rows; row++) {
        bool found;
        uint32_t e;
        struct value value = column_get(&relation->columns[column], row);
        if (!budget_turn(&execution->budget, err) ||
            !source_entity(source, &value, &found, &e, err))
            return false;
        if (!found)
            continue;
        entities.longs[count] = e;
        picked[count++] = (uint32_t)row;
    }
    struct relation *kept = relation_pick(execution->arena, relation, picked, count);
    *relation = *relation_with_column(execution->arena, kept, resolved, entities);
    return true;
}

static bool resolve_positions(struct execution *execution, struct pattern *pattern,
                              struct bindings *bindings, struct error *err)
{
    bool ref = pattern->attribute && pattern->attribute->type == TYPE_REF;
    static const enum position positions[] = { POSITION_E, POSITION_T, POSITION_V };

    for (size_t i = 0; i < ARRAY_LEN(positions); i++) {
        uint32_t *variable = &pattern->variables[positions[i]];
        if ((positions[i] == POSITION_V && !ref) || !needs_resolving(bindings, *variable))
            continue;
        uint32_t resolved = RESOLVED(*variable, (uint32_t)(pattern->source - execution->sources));
        if (!resolve_variable(execution, pattern->source, bindings, *variable, resolved, err))
            return false;
        *variable = resolved;
    }
    return true;
}

/* ---- collections as sources ---- */

/* Whether the tuple has what the pattern writes down; fills `row` by column. */
static bool match_tuple(const struct clause *clause, const struct value *tuple,
                        const struct relation *relation, struct value *row)
{
    if (!value_is_sequence(tuple) || tuple->count < clause->term_count)
        return false;
    for (uint32_t i = 0; i < clause->term_count; i++) {
        const struct term *term = &clause->terms[i];
        const struct value *item = &tuple->items[i];
        if (term->type == TERM_CONSTANT && !value_equal(&term->value, item))
            return false;
        if (term->type == TERM_VARIABLE) {
            uint32_t first = 0;
            while (clause->terms[first].type != TERM_VARIABLE ||
                   clause->terms[first].id != term->id)
                first++;
            if (first < i && !value_equal(&tuple->items[first], item))
                return false;
            row[relation_column(relation, term->id)] = *item;
        }
    }
    return true;
}

static bool read_tuples(struct execution *execution, const struct source *source,
                        const struct clause *clause, struct relation **out, struct error *err)
{
    struct relation *relation =
        relation_new(execution->arena, clause->variables.ids, clause->variables.count);
    struct value *row = ARENA_ARRAY(execution->arena, struct value, relation->width);

    for (uint32_t i = 0; i < source->tuples.count; i++) {
        if (match_tuple(clause, &source->tuples.items[i], relation, row))
            relation_append(relation, execution->arena, row);
        if (!budget_turn(&execution->budget, err))
            return false;
    }
    *out = relation;
    return true;
}

/* ---- the whole ---- */

/* The extent of the pattern's attribute, when it is in memory or, for one that would read so many
 * keys without it, worth having there; else NULL. */
static bool extent_of(struct execution *execution, const struct pattern *pattern, uint64_t reads,
                      struct extent **out, struct error *err)
{
    *out = NULL;
    return pattern->impossible || !pattern->attribute ||
           source_extent(pattern->source, pattern->attribute, reads, execution->arena,
                         &execution->budget, out, err);
}

/* The rows that a scan gives. */
static uint64_t scan_rows(const struct pattern *pattern, const struct bindings *bindings)
{
    const struct relation *entities = pattern_relation(pattern, bindings, POSITION_E);
    const struct relation *values = pattern_relation(pattern, bindings, POSITION_V);
    uint64_t rows = entities ? entities->rows : values ? values->rows : 1;

    if (entities || pattern->known[POSITION_E])
        return rows * pattern_per_entity(pattern);
    if (values || pattern->known[POSITION_V])
        return rows * pattern_per_value(pattern);
    return source_count(pattern->source, pattern->attribute);
}

/* Whether the pattern has no variable that is bound, where others are: what it finds would wait to
 * be joined. */
static bool is_apart(const struct pattern *pattern, const struct bindings *bindings)
{
    for (int i = 0; i < POSITIONS; i++)
        if (pattern_relation(pattern, bindings, (enum position)i))
            return false;
    return bindings->count > 0;
}

bool pattern_estimate(struct execution *execution, const struct frame *frame,
                      const struct clause *clause, const struct bindings *bindings,
                      struct pattern_cost *out, struct error *err)
{
    struct pattern pattern;
    struct extent *extent;
    struct probe probe = { .driver = PROBE_NONE };
    uint32_t number;

    if (!frame_source(execution, frame, clause, &number, err))
        return false;
    struct source *source = &execution->sources[number];
    if (!source->is_graph) {
        *out = (struct pattern_cost){ source->tuples.count, source->tuples.count };
        return true;
    }
    if (!prepare(execution, frame, clause, source, bindings, &pattern, err) ||
        !extent_of(execution, &pattern, 0, &extent, err))
        return false;
    *out = (struct pattern_cost){ 0 };
    if (pattern.impossible)
        return true;
    if (extent)
        probe = probe_choose(&pattern, extent, bindings);
    struct scan scan = scan_choose(&pattern, bindings);
    *out = probe.driver != PROBE_NONE
               ? probe.cost
               : (struct pattern_cost){ scan.read, scan_rows(&pattern, bindings) };
    if (is_apart(&pattern, bindings))
        out->rows += out->rows / 2;
    return true;
}

static void explain(struct execution *execution, const struct probe *probe, const struct scan *scan)
{
    static const char *const indexes[] = { [INDEX_EAVT] = "store, eavt",
                                           [INDEX_AEVT] = "store, aevt",
                                           [INDEX_AVET] = "store, avet",
                                           [INDEX_VAET] = "store, vaet" };
    static const char *const components[] = { "all of it", "by one component", "by two components",
                                              "by three components" };
    struct explain *out = execution->explain;

    if (!out)
        return;
    out->note = (struct bytes){ 0 };
    if (probe->driver != PROBE_NONE) {
        out->method = probe_driver_name(probe->driver);
        return;
    }
    out->method = indexes[scan->index];
    out->note = arena_printf(out->arena, "%s%s", components[scan->count],
                             scan->loop != POSITIONS ? ", once for each value" : "");
}

bool pattern_run(struct execution *execution, const struct frame *frame,
                 const struct clause *clause, struct bindings *bindings, struct error *err)
{
    struct pattern pattern;
    struct relation *found;
    struct extent *extent;
    struct probe probe = { .driver = PROBE_NONE };
    uint32_t number;

    if (!frame_source(execution, frame, clause, &number, err))
        return false;
    struct source *source = &execution->sources[number];
    if (!source->is_graph) {
        if (execution->explain)
            execution->explain->method = "collection";
        return read_tuples(execution, source, clause, &found, err) &&
               bindings_join(execution, bindings, found, err);
    }
    if (!prepare(execution, frame, clause, source, bindings, &pattern, err) ||
        !resolve_positions(execution, &pattern, bindings, err))
        return false;
    struct scan scan = scan_choose(&pattern, bindings);
    if (!extent_of(execution, &pattern, scan.read, &extent, err))
        return false;
    if (extent)
        probe = probe_choose(&pattern, extent, bindings);
    explain(execution, &probe, &scan);
    if (probe.driver != PROBE_NONE)
        return probe_run(execution, &probe, bindings, err);
    return scan_run(execution, &pattern, &scan, bindings, &found, err) &&
           bindings_join(execution, bindings, found, err);
}
