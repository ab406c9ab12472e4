#include "txd/query/pattern.h"

#include "proto/edn.h"

#include <stdlib.h>

enum position { POSITION_E, POSITION_A, POSITION_V, POSITION_T, POSITION_ADDED, POSITIONS };

#define NO_VARIABLE UINT32_MAX

/* The variable that stands for the entities which the values of `v` name (lookup refs, idents). */
#define RESOLVED(v) ((v) | 0x80000000u)

/* Datoms out of a column that is neither unique nor counted by value: one in so many has a given
 * value. */
#define GUESS_PER_VALUE 64

/* A pattern with all that is known put in. */
struct pattern {
    struct source *source;
    bool impossible; /* what is known can match nothing */
    bool known[POSITIONS];
    uint32_t e;
    const struct attribute *attribute; /* known[POSITION_A] */
    struct value v;
    uint32_t t;
    bool added;
    uint32_t variables[POSITIONS]; /* NO_VARIABLE: known, or not asked for */
    bool user_only;                /* PROTOCOL.md, "tx": attributes and transactions hidden */
};

/* How the datoms are read. */
struct access {
    enum index index;
    uint32_t count; /* leading components that are known or looped over */
    uint32_t loop;  /* the position of the variable looped over; POSITIONS: none */
    uint64_t read;  /* estimates */
};

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
        pattern->added = value->boolean;
        return true;
    case POSITIONS:
        break;
    }
    return true;
}

static bool prepare(struct execution *execution, struct source *source, const struct clause *clause,
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
    return true;
}

/* ---- choosing the access ---- */

static uint64_t per_entity(const struct pattern *pattern)
{
    return !pattern->attribute ? 12 : pattern->attribute->many ? 8 : 1;
}

/* Datoms of the attribute that have one value. */
static uint64_t per_value(const struct pattern *pattern)
{
    if (pattern->attribute && pattern->attribute->unique != UNIQUE_NONE)
        return 1;
    return source_count(pattern->source, pattern->attribute) / GUESS_PER_VALUE + 1;
}

static bool value_is_indexed(const struct pattern *pattern)
{
    return pattern->attribute &&
           (attribute_in_avet(pattern->attribute) || pattern->attribute->type == TYPE_REF);
}

static enum index value_index(const struct pattern *pattern)
{
    return pattern->attribute->type == TYPE_REF ? INDEX_VAET : INDEX_AVET;
}

static void consider(struct access *best, struct access candidate)
{
    if (candidate.read < best->read)
        *best = candidate;
}

/* Rows of the relation that binds the position's variable. */
static bool loop_rows(const struct pattern *pattern, const struct bindings *bindings,
                      uint32_t position, uint64_t *rows)
{
    uint32_t variable = pattern->variables[position];
    const struct relation *relation =
        variable == NO_VARIABLE ? NULL : bindings_find(bindings, variable);

    *rows = relation ? relation->rows : 0;
    return relation != NULL;
}

static struct access choose(const struct pattern *pattern, const struct bindings *bindings)
{
    const bool *known = pattern->known;
    uint64_t total = source_count(pattern->source, pattern->attribute), rows;
    uint32_t leading = known[POSITION_A] ? 2 : 1;
    struct access best = { .index = known[POSITION_A] ? INDEX_AEVT : INDEX_EAVT,
                           .count = known[POSITION_A],
                           .loop = POSITIONS,
                           .read = COST_SEEK + total };

    if (known[POSITION_E])
        consider(&best,
                 (struct access){ INDEX_EAVT, known[POSITION_A] && known[POSITION_V] ? 3 : leading,
                                  POSITIONS, COST_SEEK + per_entity(pattern) });
    if (loop_rows(pattern, bindings, POSITION_E, &rows))
        consider(&best,
                 (struct access){ INDEX_EAVT, known[POSITION_A] && known[POSITION_V] ? 3 : leading,
                                  POSITION_E, rows * (COST_SEEK + per_entity(pattern)) });
    if (known[POSITION_V] && value_is_indexed(pattern))
        consider(&best, (struct access){ value_index(pattern), known[POSITION_E] ? 3 : 2, POSITIONS,
                                         COST_SEEK + per_value(pattern) });
    if (loop_rows(pattern, bindings, POSITION_V, &rows) && value_is_indexed(pattern))
        consider(&best, (struct access){ value_index(pattern), known[POSITION_E] ? 3 : 2,
                                         POSITION_V, rows * (COST_SEEK + per_value(pattern)) });
    if (loop_rows(pattern, bindings, POSITION_A, &rows))
        consider(&best, (struct access){ INDEX_AEVT, 1, POSITION_A,
                                         rows * (COST_SEEK + total / GUESS_PER_VALUE + 1) });
    return best;
}

/* ---- reading datoms ---- */

/* What is being read into: the relation, and which of its columns each position fills. */
struct reading {
    struct execution *execution;
    const struct pattern *pattern;
    struct relation *relation;
    uint32_t columns[POSITIONS]; /* COLUMN_NONE: not asked for */
    uint32_t repeats[POSITIONS]; /* an earlier position with the same variable, or itself */
};

/* A text that lives as long as the query; equal ones met lately are the same bytes. */
static struct bytes intern(struct execution *execution, struct bytes text)
{
    struct bytes *slot = &execution->interned[bytes_hash(text) % INTERNED];

    if (!slot->data || !bytes_equal(*slot, text))
        *slot = arena_copy(execution->arena, text);
    return *slot;
}

static struct value keep(struct execution *execution, const struct value *value)
{
    if (value->type == VALUE_STRING || value->type == VALUE_KEYWORD)
        return value_text(value->type, intern(execution, value->text));
    return value_copy(execution->arena, value);
}

static bool matches(const struct pattern *pattern, const struct datom *datom)
{
    const bool *known = pattern->known;

    return (!known[POSITION_E] || datom->e == pattern->e) &&
           (!known[POSITION_A] || datom->a == pattern->attribute->id) &&
           (!known[POSITION_T] || datom->t == pattern->t) &&
           (!known[POSITION_ADDED] || datom->added == pattern->added) &&
           (!pattern->user_only || entity_is_user(datom->e)) &&
           (!known[POSITION_V] || value_equal(&datom->v, &pattern->v));
}

static struct value datom_position(struct reading *reading, const struct datom *datom,
                                   uint32_t position)
{
    switch ((enum position)position) {
    case POSITION_E:
        return value_long(datom->e);
    case POSITION_A:
        return source_ident(reading->pattern->source, datom->a, reading->execution->arena);
    case POSITION_V:
        return datom->v;
    case POSITION_T:
        return value_long((int64_t)TX_ENTITY_BASE + datom->t);
    case POSITION_ADDED:
    case POSITIONS:
        break;
    }
    return value_boolean(datom->added);
}

static bool repeats_agree(struct reading *reading, const struct datom *datom)
{
    for (uint32_t i = 0; i < POSITIONS; i++) {
        if (reading->repeats[i] == i)
            continue;
        struct value here = datom_position(reading, datom, i);
        struct value there = datom_position(reading, datom, reading->repeats[i]);
        if (!value_equal(&here, &there))
            return false;
    }
    return true;
}

static void append(struct reading *reading, const struct datom *datom)
{
    struct relation *relation = reading->relation;
    struct arena *arena = reading->execution->arena;
    const uint32_t *columns = reading->columns;

    relation_reserve(relation, arena, 1);
    if (columns[POSITION_E] != COLUMN_NONE)
        relation_set_long(relation, arena, columns[POSITION_E], relation->rows, datom->e);
    if (columns[POSITION_V] != COLUMN_NONE) {
        if (datom->v.type == VALUE_LONG) {
            relation_set_long(relation, arena, columns[POSITION_V], relation->rows,
                              datom->v.number);
        } else {
            struct value value = keep(reading->execution, &datom->v);
            relation_set_value(relation, arena, columns[POSITION_V], relation->rows, &value);
        }
    }
    static const enum position others[] = { POSITION_A, POSITION_T, POSITION_ADDED };
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (columns[others[i]] == COLUMN_NONE)
            continue;
        struct value value = datom_position(reading, datom, others[i]);
        relation_set_value(relation, arena, columns[others[i]], relation->rows, &value);
    }
    relation->rows++;
}

static bool read_prefix(struct reading *reading, enum index index, const struct components *prefix,
                        struct error *err)
{
    const struct pattern *pattern = reading->pattern;
    struct budget *budget = &reading->execution->budget;
    struct cursor *cursor = cursor_open(&pattern->source->db, index, prefix, NULL, false);
    struct datom datom;
    bool ok = true;

    while (ok && cursor_next(cursor, &datom)) {
        if (index == INDEX_EAVT && pattern->user_only && datom.e > USER_ENTITY_MAX)
            break; /* all that follow are hidden */
        if (matches(pattern, &datom) && repeats_agree(reading, &datom))
            append(reading, &datom);
        ok = ++budget->turns % BUDGET_TURNS != 0 ||
             budget_rows(budget, reading->relation->rows, err);
    }
    ok = ok && cursor_check(cursor, err);
    cursor_close(cursor);
    return ok;
}

/* One round of a loop: the prefix with the value put in at the looped position. */
static bool read_looped(struct reading *reading, const struct access *access,
                        const struct value *value, struct error *err)
{
    const struct pattern *pattern = reading->pattern;
    struct components prefix = { .count = access->count,
                                 .e = pattern->e,
                                 .a = pattern->attribute ? pattern->attribute->id : 0,
                                 .v = pattern->v };

    if (access->loop == POSITION_E) {
        if (value->type != VALUE_LONG || value->number < 0 || value->number > INT32_MAX)
            return true;
        prefix.e = (uint32_t)value->number;
    } else if (access->loop == POSITION_A) {
        const struct attribute *attribute =
            source_attribute(pattern->source, value, reading->execution->arena, NULL);
        if (!attribute)
            return true;
        prefix.a = attribute->id;
    } else {
        bool found;
        if (!source_value(pattern->source, pattern->attribute, value, &found, &prefix.v, err))
            return false;
        if (!found)
            return true;
    }
    return budget_turn(&reading->execution->budget, err) &&
           read_prefix(reading, access->index, &prefix, err);
}

static int by_number(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* Goes through the values of a variable, each once; ids in order, since keys are in order too. */
static bool read_loop(struct reading *reading, const struct access *access,
                      const struct bindings *bindings, struct error *err)
{
    uint32_t variable = reading->pattern->variables[access->loop];
    struct relation *values = bindings_find(bindings, variable);
    struct execution *execution = reading->execution;
    bool ok = true;

    values = relation_project(execution->arena, values, &variable, 1);
    if (values->columns[0].type == COLUMN_LONG) {
        int64_t *sorted = xmalloc((values->rows + 1) * sizeof(*sorted));
        if (values->rows)
            memcpy(sorted, values->columns[0].longs, values->rows * sizeof(*sorted));
        qsort(sorted, values->rows, sizeof(*sorted), by_number);
        for (size_t i = 0; ok && i < values->rows; i++) {
            struct value value = value_long(sorted[i]);
            ok = (i > 0 && sorted[i] == sorted[i - 1]) || read_looped(reading, access, &value, err);
        }
        free(sorted);
        return ok;
    }
    if (!join_distinct(values, execution->arena, &execution->budget, &values, err))
        return false;
    for (size_t i = 0; ok && i < values->rows; i++) {
        struct value value = column_get(&values->columns[0], i);
        ok = read_looped(reading, access, &value, err);
    }
    return ok;
}

static bool read_graph(struct reading *reading, const struct bindings *bindings, struct error *err)
{
    const struct pattern *pattern = reading->pattern;

    if (pattern->impossible)
        return true;
    struct access access = choose(pattern, bindings);
    if (access.loop != POSITIONS)
        return read_loop(reading, &access, bindings, err);
    struct components prefix = { .count = access.count,
                                 .e = pattern->e,
                                 .a = pattern->attribute ? pattern->attribute->id : 0,
                                 .v = pattern->v };
    return read_prefix(reading, access.index, &prefix, err);
}

/* ---- variables that name entities ---- */

/* Whether the values of the variable are anything but ids. */
static bool needs_resolving(const struct bindings *bindings, uint32_t variable)
{
    const struct relation *relation =
        variable == NO_VARIABLE ? NULL : bindings_find(bindings, variable);

    return relation && relation->columns[relation_column(relation, variable)].type == COLUMN_VALUE;
}

/* Puts beside the variable a column of the entities that its values name; rows that name none go.
 */
static bool resolve_variable(struct execution *execution, const struct source *source,
                             struct bindings *bindings, uint32_t variable, struct error *err)
{
    if (bindings_find(bindings, RESOLVED(variable)))
        return true;
    struct relation *relation = bindings_find(bindings, variable);
    uint32_t column = relation_column(relation, variable);
    uint32_t *picked = ARENA_ARRAY(execution->arena, uint32_t, relation->rows);
    struct column entities = { .longs = ARENA_ARRAY(execution->arena, int64_t, relation->rows) };
    size_t count = 0;

    for (size_t row = 0; row < relation->rows; row++) {
        bool found;
        uint32_t e;
        if (!budget_turn(&execution->budget, err) ||
            !source_entity(source, &relation->columns[column].values[row], &found, &e, err))
            return false;
        if (!found)
            continue;
        entities.longs[count] = e;
        picked[count++] = (uint32_t)row;
    }
    struct relation *kept = relation_pick(execution->arena, relation, picked, count);
    *relation = *relation_with_column(execution->arena, kept, RESOLVED(variable), entities);
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
        if (!resolve_variable(execution, pattern->source, bindings, *variable, err))
            return false;
        *variable = RESOLVED(*variable);
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

bool pattern_estimate(struct execution *execution, const struct frame *frame,
                      const struct clause *clause, const struct bindings *bindings,
                      struct pattern_cost *out, struct error *err)
{
    struct pattern pattern;
    uint32_t number;
    uint64_t rows;

    if (!frame_source(execution, frame, clause, &number, err))
        return false;
    struct source *source = &execution->sources[number];
    if (!source->is_graph) {
        *out = (struct pattern_cost){ source->tuples.count, source->tuples.count };
        return true;
    }
    if (!prepare(execution, source, clause, bindings, &pattern, err))
        return false;
    *out = (struct pattern_cost){ 0 };
    if (pattern.impossible)
        return true;
    out->read = choose(&pattern, bindings).read;
    if (loop_rows(&pattern, bindings, POSITION_E, &rows))
        out->rows = rows * per_entity(&pattern);
    else if (loop_rows(&pattern, bindings, POSITION_V, &rows))
        out->rows = rows * per_value(&pattern);
    else
        out->rows = out->read;
    return true;
}

bool pattern_run(struct execution *execution, const struct frame *frame,
                 const struct clause *clause, struct bindings *bindings, struct error *err)
{
    struct pattern pattern;
    struct reading reading = { .execution = execution, .pattern = &pattern };
    uint32_t number, variables[POSITIONS], width = 0;

    if (!frame_source(execution, frame, clause, &number, err))
        return false;
    struct source *source = &execution->sources[number];
    if (!source->is_graph)
        return read_tuples(execution, source, clause, &reading.relation, err) &&
               bindings_join(execution, bindings, reading.relation, err);
    if (!prepare(execution, source, clause, bindings, &pattern, err) ||
        !resolve_positions(execution, &pattern, bindings, err))
        return false;
    for (uint32_t i = 0; i < POSITIONS; i++) {
        uint32_t first = 0;
        reading.repeats[i] = i;
        reading.columns[i] = COLUMN_NONE;
        if (pattern.variables[i] == NO_VARIABLE)
            continue;
        while (pattern.variables[first] != pattern.variables[i])
            first++;
        reading.repeats[i] = first;
        if (first == i) {
            reading.columns[i] = width;
            variables[width++] = pattern.variables[i];
        }
    }
    reading.relation = relation_new(execution->arena, variables, width);
    return read_graph(&reading, bindings, err) &&
           budget_rows(&execution->budget, reading.relation->rows, err) &&
           bindings_join(execution, bindings, reading.relation, err);
}
