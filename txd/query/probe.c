#include "txd/query/probe.h"

#include <assert.h>
#include <stdlib.h>

/* What going through rows in memory costs, in keys of the store. */
#define ROWS_PER_KEY 16

/* Postings of more rows than this are made for an attribute that the store has by value only when
 * reading there would have cost as much. */
#define POSTINGS_FREE_ROWS 16384

const char *probe_driver_name(enum probe_driver driver)
{
    static const char *const names[] = {
        [PROBE_NONE] = "none",
        [PROBE_ENTITY] = "column, one entity",
        [PROBE_ENTITIES] = "column, merged by entity",
        [PROBE_VALUE] = "column, one value",
        [PROBE_VALUES] = "column, merged by value",
        [PROBE_RANGE] = "column, a range of values",
        [PROBE_ALL] = "column, all of it",
    };

    return names[driver];
}

/* ---- choosing ---- */

static bool is_variable(const struct pattern *pattern, enum position position)
{
    return pattern->variables[position] != NO_VARIABLE;
}

/* A variable may stand for entity and value both, and nowhere else twice. */
static bool repeats_oddly(const struct pattern *pattern)
{
    for (int i = POSITION_T; i < POSITIONS; i++)
        for (int j = 0; j < i; j++)
            if (pattern->variables[i] != NO_VARIABLE &&
                pattern->variables[i] == pattern->variables[j])
                return true;
    return false;
}

/* The postings, when they are there or worth making for reading `rows` of them. */
static const struct postings *postings_for(struct extent *extent, const struct pattern *pattern,
                                           uint64_t rows)
{
    const struct attribute *attribute = pattern->attribute;
    bool in_store = attribute_in_avet(attribute) || attribute->type == TYPE_REF;
    bool there = atomic_load_explicit(&extent->postings, memory_order_relaxed) != NULL;

    if (!there && in_store && extent->count > POSTINGS_FREE_ROWS) {
        uint64_t wanted = atomic_fetch_add(&extent->wanted, rows) + rows;
        if (wanted < extent->count / ROWS_PER_KEY)
            return NULL;
    }
    return extent_postings(extent);
}

static uint64_t average(uint64_t rows, uint64_t groups)
{
    return groups ? (rows + groups - 1) / groups : 0;
}

static uint64_t count_of(struct rows rows)
{
    return rows.end - rows.begin;
}

/* Rows with the known value. */
static bool value_rows(const struct pattern *pattern, struct extent *extent, uint64_t *out)
{
    const struct postings *postings = postings_for(extent, pattern, COST_SEEK);
    int64_t number;

    if (!postings)
        return false;
    *out = extent_number(extent, &pattern->v, &number)
               ? count_of(grouping_find(&postings->values, number))
               : 0;
    return true;
}

static void choose_entities(struct probe *probe, struct relation *relation)
{
    const struct extent *extent = probe->extent;
    uint64_t rows = relation->rows * average(extent->count, extent->entity_count), match;

    if (probe->pattern->known[POSITION_V] && value_rows(probe->pattern, probe->extent, &match))
        rows = extent->count ? rows * match / extent->count + 1 : 0;
    probe->driver = PROBE_ENTITIES;
    probe->with = relation;
    probe->cost = (struct pattern_cost){ relation->rows / ROWS_PER_KEY, rows };
}

static bool choose_values(struct probe *probe, struct relation *relation)
{
    const struct postings *postings =
        postings_for(probe->extent, probe->pattern, relation->rows * COST_SEEK);

    if (!postings)
        return false;
    uint64_t rows = relation->rows * average(probe->extent->count, postings->distinct);
    if (probe->driver != PROBE_NONE && rows >= probe->cost.rows)
        return true;
    probe->driver = PROBE_VALUES;
    probe->with = relation;
    probe->cost = (struct pattern_cost){ relation->rows / ROWS_PER_KEY, rows };
    return true;
}

/* Without a relation to go by. */
static void choose_alone(struct probe *probe)
{
    const struct pattern *pattern = probe->pattern;
    struct extent *extent = probe->extent;
    const struct postings *postings;
    uint64_t rows = extent->count;

    if (pattern->known[POSITION_E]) {
        probe->driver = PROBE_ENTITY;
        rows = count_of(extent_rows_of(extent, pattern->e));
    } else if (pattern->known[POSITION_V]) {
        probe->driver = value_rows(pattern, extent, &rows) ? PROBE_VALUE : PROBE_NONE;
    } else if (pattern->bounded && !extent->dictionary &&
               (postings = postings_for(extent, pattern, extent->count / ROWS_PER_KEY))) {
        probe->driver = PROBE_RANGE;
        rows = count_of(postings_range(postings, pattern->low, pattern->high));
    } else {
        probe->driver = PROBE_ALL;
    }
    probe->cost = (struct pattern_cost){ rows / ROWS_PER_KEY, rows };
}

struct probe probe_choose(const struct pattern *pattern, struct extent *extent,
                          const struct bindings *bindings)
{
    struct probe probe = { .driver = PROBE_NONE, .pattern = pattern, .extent = extent };
    struct relation *entities = pattern_relation(pattern, bindings, POSITION_E);
    struct relation *values = pattern_relation(pattern, bindings, POSITION_V);

    if (repeats_oddly(pattern))
        return probe;
    if (pattern_relation(pattern, bindings, POSITION_T) ||
        pattern_relation(pattern, bindings, POSITION_ADDED))
        entities = values = NULL; /* joined afterwards, as a whole */
    if (entities)
        choose_entities(&probe, entities);
    if (values && values != entities && !pattern->known[POSITION_E] &&
        !choose_values(&probe, values) && !entities)
        return probe;
    if (probe.driver == PROBE_NONE)
        choose_alone(&probe);
    return probe;
}

/* ---- matching ---- */

/* The values of a column as an extent numbers them. */
struct numbers {
    const int64_t *of;
    const bool *none; /* where there is no number; NULL: nowhere */
};

/* The pairs that match: row with[i] of the relation and row rows[i] of the extent. */
struct matching {
    struct execution *execution;
    const struct probe *probe;
    const struct pattern *pattern;
    const struct extent *extent;
    uint32_t since;
    bool filtered;   /* rows must pass() */
    bool has_number; /* the value is known: */
    int64_t number;
    bool self;             /* entity and value are one variable */
    bool once;             /* nothing is bound: one row is as good as many */
    struct numbers wanted; /* PROBE_ENTITIES: the values that the relation has already */
    uint32_t *with, *rows;
    size_t count, cap;
    bool each_once; /* with[i] is i so far */
};

static bool passes(const struct matching *matching, uint32_t row)
{
    const struct pattern *pattern = matching->pattern;
    const struct extent *extent = matching->extent;

    if (matching->has_number && extent_number_at(extent, row) != matching->number)
        return false;
    if (matching->self && extent->longs[row] != extent->es[row])
        return false;
    if (pattern->bounded && !extent->dictionary &&
        (extent->longs[row] < pattern->low || extent->longs[row] > pattern->high))
        return false;
    if (pattern->known[POSITION_T] && extent->ts[row] != pattern->t)
        return false;
    if (pattern->known[POSITION_ADDED] &&
        (extent->added ? extent->added[row] : true) != pattern->added)
        return false;
    return (matching->since == 0 || extent->ts[row] > matching->since) &&
           (!pattern->user_only || entity_is_user(extent->es[row]));
}

static void reserve(struct matching *matching, size_t more)
{
    if (matching->count + more <= matching->cap)
        return;
    size_t cap = matching->cap ? matching->cap * 2 : 64;
    while (cap < matching->count + more)
        cap *= 2;
    matching->rows = xrealloc(matching->rows, cap * sizeof(*matching->rows));
    if (matching->probe->with)
        matching->with = xrealloc(matching->with, cap * sizeof(*matching->with));
    matching->cap = cap;
}

static bool check(const struct matching *matching, struct error *err)
{
    struct budget *budget = &matching->execution->budget;

    return ++budget->turns % BUDGET_TURNS != 0 || budget_rows(budget, matching->count, err);
}

/* The items of [begin, end), through `rows` when it is not NULL, beside row `with`. */
static inline void match(struct matching *matching, uint32_t with, struct rows range,
                         const uint32_t *rows)
{
    for (uint32_t i = range.begin; i < range.end; i++) {
        uint32_t row = rows ? rows[i] : i;
        if (matching->filtered && !passes(matching, row))
            continue;
        if (matching->wanted.of &&
            extent_number_at(matching->extent, row) != matching->wanted.of[with])
            continue;
        if (matching->with) {
            matching->with[matching->count] = with;
            matching->each_once &= matching->count == with;
        }
        matching->rows[matching->count++] = row;
        if (matching->once)
            break;
    }
}

static bool match_entities(struct matching *matching, struct error *err)
{
    const struct relation *with = matching->probe->with;
    uint32_t variable = matching->pattern->variables[POSITION_E];
    const struct column *column = &with->columns[relation_column(with, variable)];
    const bool *none = matching->wanted.none;

    assert(with->columns && column->type == COLUMN_LONG);
    for (size_t row = 0; row < with->rows; row++) {
        struct rows range = extent_rows_of(matching->extent, column->longs[row]);
        reserve(matching, range.end - range.begin + 1);
        if (!none || !none[row])
            match(matching, (uint32_t)row, range, NULL);
        if (!check(matching, err))
            return false;
    }
    return true;
}

/* The numbers of a relation's column in the extent. */
static bool numbers_of(struct matching *matching, const struct column *column, size_t rows,
                       struct numbers *out, struct error *err)
{
    const struct extent *extent = matching->extent;
    struct arena *arena = matching->execution->arena;

    if (column->type == COLUMN_LONG && !extent->dictionary) {
        *out = (struct numbers){ column->longs, NULL };
        return true;
    }
    int64_t *of = arena_alloc(arena, rows * sizeof(*of));
    bool *none = NULL,
         same = column->type == COLUMN_CODE && column->dictionary == extent->dictionary;
    if (!same)
        none = ARENA_ARRAY(arena, bool, rows);
    for (size_t row = 0; row < rows; row++) {
        if (same) {
            of[row] = column->codes[row];
            continue;
        }
        struct value value = column_get(column, row);
        none[row] = !extent_number(extent, &value, &of[row]);
        if (!budget_turn(&matching->execution->budget, err))
            return false;
    }
    *out = (struct numbers){ of, none };
    return true;
}

static const struct column *value_column(const struct matching *matching)
{
    const struct relation *with = matching->probe->with;
    uint32_t variable = matching->pattern->variables[POSITION_V];
    uint32_t column =
        with && variable != NO_VARIABLE ? relation_column(with, variable) : COLUMN_NONE;

    return column == COLUMN_NONE ? NULL : &with->columns[column];
}

static bool match_values(struct matching *matching, struct error *err)
{
    const struct postings *postings = extent_postings(matching->probe->extent);
    size_t rows = matching->probe->with->rows;
    struct numbers numbers;

    if (!numbers_of(matching, value_column(matching), rows, &numbers, err))
        return false;
    for (size_t row = 0; row < rows; row++) {
        if (numbers.none && numbers.none[row])
            continue;
        struct rows range = grouping_find(&postings->values, numbers.of[row]);
        reserve(matching, range.end - range.begin + 1);
        match(matching, (uint32_t)row, range, postings->rows);
        if (!check(matching, err))
            return false;
    }
    return true;
}

/* In pieces, so that limits are looked at on the way. */
static bool match_range(struct matching *matching, struct rows range, const uint32_t *rows,
                        struct error *err)
{
    while (range.begin < range.end && !(matching->once && matching->count)) {
        struct rows piece = { range.begin, range.end };
        if (piece.end - piece.begin > BUDGET_TURNS)
            piece.end = piece.begin + BUDGET_TURNS;
        reserve(matching, piece.end - piece.begin);
        match(matching, 0, piece, rows);
        range.begin = piece.end;
        if (!budget_rows(&matching->execution->budget, matching->count, err))
            return false;
    }
    return true;
}

static bool match_alone(struct matching *matching, struct error *err)
{
    const struct pattern *pattern = matching->pattern;
    const struct postings *postings;

    switch (matching->probe->driver) {
    case PROBE_ENTITY:
        return match_range(matching, extent_rows_of(matching->extent, pattern->e), NULL, err);
    case PROBE_VALUE:
        postings = extent_postings(matching->probe->extent);
        return match_range(matching, grouping_find(&postings->values, matching->number),
                           postings->rows, err);
    case PROBE_RANGE:
        postings = extent_postings(matching->probe->extent);
        return match_range(matching, postings_range(postings, pattern->low, pattern->high),
                           postings->rows, err);
    case PROBE_NONE:
    case PROBE_ENTITIES:
    case PROBE_VALUES:
    case PROBE_ALL:
        break;
    }
    return match_range(matching, (struct rows){ 0, matching->extent->count }, NULL, err);
}

/* ---- gathering ---- */

/* Whether the position's variable is one that the relation does not have. */
static bool is_new(const struct matching *matching, enum position position)
{
    const struct pattern *pattern = matching->pattern;
    const struct relation *with = matching->probe->with;
    uint32_t variable = pattern->variables[position];

    if (variable == NO_VARIABLE || (position == POSITION_V && matching->self))
        return false;
    return !with || relation_column(with, variable) == COLUMN_NONE;
}

static struct column gather_column(struct matching *matching, enum position position)
{
    const struct extent *extent = matching->extent;
    struct arena *arena = matching->execution->arena;
    struct column column = { .type = COLUMN_LONG };
    size_t count = matching->count;

    if (position == POSITION_V && extent->dictionary) {
        column = (struct column){ .type = COLUMN_CODE, .dictionary = extent->dictionary };
        column.codes = arena_alloc(arena, count * sizeof(*column.codes));
        for (size_t i = 0; i < count; i++)
            column.codes[i] = extent->codes[matching->rows[i]];
        return column;
    }
    if (position == POSITION_ADDED) {
        column = (struct column){ .type = COLUMN_VALUE };
        column.values = arena_alloc(arena, count * sizeof(*column.values));
        for (size_t i = 0; i < count; i++)
            column.values[i] =
                value_boolean(extent->added ? extent->added[matching->rows[i]] : true);
        return column;
    }
    column.longs = arena_alloc(arena, count * sizeof(*column.longs));
    for (size_t i = 0; i < count; i++) {
        uint32_t row = matching->rows[i];
        column.longs[i] = position == POSITION_E   ? (int64_t)extent->es[row]
                          : position == POSITION_V ? extent->longs[row]
                                                   : (int64_t)TX_ENTITY_BASE + extent->ts[row];
    }
    return column;
}

/* Whether no two pairs give the same row. */
static bool is_distinct(const struct matching *matching)
{
    const struct probe *probe = matching->probe;
    bool e = probe->driver == PROBE_ENTITIES || probe->driver == PROBE_ENTITY ||
             is_new(matching, POSITION_E);
    bool v = matching->has_number || matching->self || value_column(matching) ||
             is_new(matching, POSITION_V);
    bool history = matching->extent->added != NULL;

    if (probe->with && !probe->with->distinct)
        return false;
    if (matching->once)
        return true;
    if (history)
        return e && v && is_variable(matching->pattern, POSITION_T) &&
               is_variable(matching->pattern, POSITION_ADDED);
    return e && (v || matching->extent->single);
}

static struct relation *gather(struct matching *matching)
{
    struct arena *arena = matching->execution->arena;
    const struct relation *with = matching->probe->with;
    uint32_t width = with ? with->width : 0, variables_max = width + POSITIONS;
    uint32_t *variables = ARENA_ARRAY(arena, uint32_t, variables_max);
    struct column *columns = ARENA_ARRAY(arena, struct column, variables_max);
    bool as_it_is = with && matching->each_once && matching->count == with->rows;

    for (uint32_t i = 0; i < width; i++) {
        variables[i] = with->variables[i];
        columns[i] = as_it_is
                         ? with->columns[i]
                         : column_pick(arena, &with->columns[i], matching->with, matching->count);
    }
    for (int i = 0; i < POSITIONS; i++) {
        if (!is_new(matching, (enum position)i))
            continue;
        variables[width] = matching->pattern->variables[i];
        columns[width++] = gather_column(matching, (enum position)i);
    }
    struct relation *relation = relation_new(arena, variables, width);
    relation->columns = columns;
    relation->rows = relation->cap = matching->count;
    relation->distinct = is_distinct(matching);
    return relation;
}

/* ---- the whole ---- */

/* False: nothing can match. */
static bool begin(struct execution *execution, const struct probe *probe, struct matching *out)
{
    const struct pattern *pattern = probe->pattern;
    const struct extent *extent = probe->extent;
    const bool *known = pattern->known;

    *out = (struct matching){ .execution = execution,
                              .probe = probe,
                              .pattern = pattern,
                              .extent = extent,
                              .since = pattern->source->db.since,
                              .each_once = true };
    out->has_number = known[POSITION_V];
    if (out->has_number && !extent_number(extent, &pattern->v, &out->number))
        return false;
    out->self = is_variable(pattern, POSITION_E) &&
                pattern->variables[POSITION_E] == pattern->variables[POSITION_V];
    if (out->self && extent->dictionary)
        return false;
    out->once = true;
    for (int i = 0; i < POSITIONS; i++)
        out->once = out->once && !is_new(out, (enum position)i);
    bool by_value = probe->driver == PROBE_VALUE || probe->driver == PROBE_RANGE;
    out->filtered = (out->has_number && !by_value) || out->self || known[POSITION_T] ||
                    known[POSITION_ADDED] || out->since > 0 || pattern->user_only ||
                    (pattern->bounded && !extent->dictionary && !by_value);
    return true;
}

static bool find(struct matching *matching, struct error *err)
{
    const struct probe *probe = matching->probe;
    const struct column *column = value_column(matching);

    reserve(matching, probe->with ? probe->with->rows : 1);
    if (probe->driver == PROBE_VALUES)
        return match_values(matching, err);
    if (probe->driver != PROBE_ENTITIES)
        return match_alone(matching, err);
    return (!column || matching->self ||
            numbers_of(matching, column, probe->with->rows, &matching->wanted, err)) &&
           match_entities(matching, err);
}

bool probe_run(struct execution *execution, const struct probe *probe, struct bindings *bindings,
               struct error *err)
{
    struct budget *budget = &execution->budget;
    struct matching matching;
    struct relation *found;
    bool ok = true;

    if (begin(execution, probe, &matching))
        ok = find(&matching, err);
    ok = ok && budget_rows(budget, matching.count, err);
    if (ok) {
        found = gather(&matching);
        ok = join_distinct(found, execution->arena, budget, &found, err);
    }
    free(matching.with);
    free(matching.rows);
    if (ok && probe->with)
        bindings_take(bindings, probe->with);
    return ok && bindings_join(execution, bindings, found, err);
}
