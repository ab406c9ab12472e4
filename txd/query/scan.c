#include "txd/query/scan.h"

#include <stdlib.h>

/* Of the datoms, one in so many has an attribute that is given by a variable. */
#define GUESS_PER_ATTRIBUTE 64

/* ---- choosing ---- */

static bool value_is_indexed(const struct pattern *pattern)
{
    return pattern->attribute &&
           (attribute_in_avet(pattern->attribute) || pattern->attribute->type == TYPE_REF);
}

static enum index value_index(const struct pattern *pattern)
{
    return pattern->attribute->type == TYPE_REF ? INDEX_VAET : INDEX_AVET;
}

static void consider(struct scan *best, struct scan candidate)
{
    if (candidate.read < best->read)
        *best = candidate;
}

static bool loop_rows(const struct pattern *pattern, const struct bindings *bindings,
                      enum position position, uint64_t *rows)
{
    const struct relation *relation = pattern_relation(pattern, bindings, position);

    *rows = relation ? relation->rows : 0;
    return relation != NULL;
}

struct scan scan_choose(const struct pattern *pattern, const struct bindings *bindings)
{
    const bool *known = pattern->known;
    uint64_t total = source_count(pattern->source, pattern->attribute), rows;
    uint32_t leading = known[POSITION_A] ? 2 : 1;
    struct scan best = { .index = known[POSITION_A] ? INDEX_AEVT : INDEX_EAVT,
                         .count = known[POSITION_A],
                         .loop = POSITIONS,
                         .read = COST_SEEK + total };

    if (known[POSITION_E])
        consider(&best,
                 (struct scan){ INDEX_EAVT, known[POSITION_A] && known[POSITION_V] ? 3 : leading,
                                POSITIONS, COST_SEEK + pattern_per_entity(pattern) });
    if (loop_rows(pattern, bindings, POSITION_E, &rows))
        consider(&best,
                 (struct scan){ INDEX_EAVT, known[POSITION_A] && known[POSITION_V] ? 3 : leading,
                                POSITION_E, rows * (COST_SEEK + pattern_per_entity(pattern)) });
    if (known[POSITION_V] && value_is_indexed(pattern))
        consider(&best, (struct scan){ value_index(pattern), known[POSITION_E] ? 3 : 2, POSITIONS,
                                       COST_SEEK + pattern_per_value(pattern) });
    if (loop_rows(pattern, bindings, POSITION_V, &rows) && value_is_indexed(pattern))
        consider(&best, (struct scan){ value_index(pattern), known[POSITION_E] ? 3 : 2, POSITION_V,
                                       rows * (COST_SEEK + pattern_per_value(pattern)) });
    if (loop_rows(pattern, bindings, POSITION_A, &rows))
        consider(&best, (struct scan){ INDEX_AEVT, 1, POSITION_A,
                                       rows * (COST_SEEK + total / GUESS_PER_ATTRIBUTE + 1) });
    return best;
}

/* ---- reading ---- */

/* What is being read into: the relation, and which of its columns each position fills. */
struct reading {
    struct execution *execution;
    const struct pattern *pattern;
    struct relation *relation;
    uint16_t a;                  /* the id of the pattern's attribute; 0: it has none */
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

static bool matches(const struct reading *reading, const struct datom *datom)
{
    const struct pattern *pattern = reading->pattern;
    const bool *known = pattern->known;

    return (!known[POSITION_E] || datom->e == pattern->e) &&
           (!known[POSITION_A] || datom->a == reading->a) &&
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
        if (matches(reading, &datom) && repeats_agree(reading, &datom))
            append(reading, &datom);
        ok = ++budget->turns % BUDGET_TURNS != 0 ||
             budget_rows(budget, reading->relation->rows, err);
    }
    ok = ok && cursor_check(cursor, err);
    cursor_close(cursor);
    return ok;
}

/* One round of a loop: the prefix with the value put in at the looped position. */
static bool read_looped(struct reading *reading, const struct scan *scan, const struct value *value,
                        struct error *err)
{
    const struct pattern *pattern = reading->pattern;
    struct components prefix = {
        .count = scan->count, .e = pattern->e, .a = reading->a, .v = pattern->v
    };

    if (scan->loop == POSITION_E) {
        if (value->type != VALUE_LONG || value->number < 0 || value->number > INT32_MAX)
            return true;
        prefix.e = (uint32_t)value->number;
    } else if (scan->loop == POSITION_A) {
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
           read_prefix(reading, scan->index, &prefix, err);
}

static int by_number(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* Goes through the values of a variable, each once; ids in order, since keys are in order too. */
static bool read_loop(struct reading *reading, const struct scan *scan,
                      const struct bindings *bindings, struct error *err)
{
    uint32_t variable = reading->pattern->variables[scan->loop];
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
            ok = (i > 0 && sorted[i] == sorted[i - 1]) || read_looped(reading, scan, &value, err);
        }
        free(sorted);
        return ok;
    }
    if (!join_distinct(values, execution->arena, &execution->budget, &values, err))
        return false;
    for (size_t i = 0; ok && i < values->rows; i++) {
        struct value value = column_get(&values->columns[0], i);
        ok = read_looped(reading, scan, &value, err);
    }
    return ok;
}

/* Which columns the positions fill; a variable that stands at two of them has one. */
static struct relation *open_columns(struct reading *reading)
{
    const struct pattern *pattern = reading->pattern;
    uint32_t variables[POSITIONS], width = 0;

    for (uint32_t i = 0; i < POSITIONS; i++) {
        uint32_t first = 0;
        reading->repeats[i] = i;
        reading->columns[i] = COLUMN_NONE;
        if (pattern->variables[i] == NO_VARIABLE)
            continue;
        while (pattern->variables[first] != pattern->variables[i])
            first++;
        reading->repeats[i] = first;
        if (first == i) {
            reading->columns[i] = width;
            variables[width++] = pattern->variables[i];
        }
    }
    return relation_new(reading->execution->arena, variables, width);
}

bool scan_run(struct execution *execution, const struct pattern *pattern, const struct scan *scan,
              const struct bindings *bindings, struct relation **out, struct error *err)
{
    struct reading reading = { .execution = execution,
                               .pattern = pattern,
                               .a = pattern->attribute ? pattern->attribute->id : 0 };
    struct components prefix = {
        .count = scan->count, .e = pattern->e, .a = reading.a, .v = pattern->v
    };

    reading.relation = *out = open_columns(&reading);
    if (pattern->impossible)
        return true;
    return (scan->loop != POSITIONS ? read_loop(&reading, scan, bindings, err)
                                    : read_prefix(&reading, scan->index, &prefix, err)) &&
           budget_rows(&execution->budget, reading.relation->rows, err);
}
