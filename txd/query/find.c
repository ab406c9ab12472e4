#include "txd/query/find.h"

#include "proto/edn.h"
#include "txd/query/aggregates.h"
#include "txd/query/order.h"
#include "txd/query/pull.h"

#define AGGREGATE_N_MAX 100000 /* what (rand n ?x) may give, which asks for memory by itself */

/* An element of :find, ready for the rows. */
struct column_maker {
    const struct find_element *element;
    uint32_t column; /* of its variable */
    struct puller puller;
    struct pull_pattern *pattern; /* of a pull; NULL: it comes by a variable, and is read by row */
    struct value *made;           /* of each group, when the result is ordered by it; else NULL */
};

/* Rows that agree on everything that is not aggregated: order[at .. end). */
struct groups {
    uint32_t *order; /* rows, group after group */
    size_t *ends;
    size_t count;
};

struct id_set find_variables(const struct query *query, struct arena *arena)
{
    struct id_set set = { 0 };

    for (uint32_t i = 0; i < query->element_count; i++) {
        const struct find_element *element = &query->elements[i];
        id_set_add(&set, arena, element->variable);
        for (uint32_t j = 0; j < element->argument_count; j++)
            if (element->arguments[j].type == TERM_VARIABLE)
                id_set_add(&set, arena, element->arguments[j].id);
        if (element->type == ELEMENT_PULL && element->pattern.type == TERM_VARIABLE)
            id_set_add(&set, arena, element->pattern.id);
    }
    id_set_add_all(&set, arena, &query->with);
    return set;
}

/* ---- groups ---- */

static bool has_aggregates(const struct query *query)
{
    for (uint32_t i = 0; i < query->element_count; i++)
        if (query->elements[i].type == ELEMENT_AGGREGATE)
            return true;
    return false;
}

/* The variables by which rows are grouped: of what is not aggregated. */
static struct id_set group_variables(const struct query *query, struct arena *arena)
{
    struct id_set set = { 0 };

    for (uint32_t i = 0; i < query->element_count; i++)
        if (query->elements[i].type != ELEMENT_AGGREGATE)
            id_set_add(&set, arena, query->elements[i].variable);
    return set;
}

static uint64_t key_hash(const struct column *columns, uint32_t width, size_t row)
{
    uint64_t hash = 0;

    for (uint32_t i = 0; i < width; i++)
        hash = (hash << 5 | hash >> 59) * 0x9e3779b97f4a7c15u + column_hash(&columns[i], row);
    return hash;
}

static bool key_equal(const struct column *columns, uint32_t width, size_t a, size_t b)
{
    for (uint32_t i = 0; i < width; i++)
        if (!column_equal(&columns[i], a, &columns[i], b))
            return false;
    return true;
}

/* Numbers the groups in the order of their first rows; *group_of is the number of each row. */
static bool number_groups(struct execution *execution, const struct relation *keys,
                          uint32_t **group_of, size_t *count, struct error *err)
{
    struct arena *arena = execution->arena;
    size_t size = 16;

    while (size < keys->rows * 2)
        size *= 2;
    uint32_t *slots = ARENA_ARRAY(arena, uint32_t, size); /* a row of the group + 1 */
    uint32_t *numbers = ARENA_ARRAY(arena, uint32_t, keys->rows);
    *count = 0;
    for (size_t row = 0; row < keys->rows; row++) {
        size_t slot = key_hash(keys->columns, keys->width, row) & (size - 1);
        while (slots[slot] && !key_equal(keys->columns, keys->width, slots[slot] - 1, row))
            slot = (slot + 1) & (size - 1);
        if (!slots[slot]) {
            slots[slot] = (uint32_t)row + 1;
            numbers[row] = (uint32_t)(*count)++;
        } else {
            numbers[row] = numbers[slots[slot] - 1];
        }
        if (!budget_turn(&execution->budget, err))
            return false;
    }
    *group_of = numbers;
    return true;
}

static bool make_groups(struct execution *execution, const struct relation *rows,
                        struct groups *out, struct error *err)
{
    struct arena *arena = execution->arena;
    struct id_set variables = group_variables(execution->query, arena);
    struct relation *keys = relation_project(arena, rows, variables.ids, variables.count);
    uint32_t *group_of;

    if (!number_groups(execution, keys, &group_of, &out->count, err))
        return false;
    size_t *starts = ARENA_ARRAY(arena, size_t, out->count + 1);
    for (size_t row = 0; row < rows->rows; row++)
        starts[group_of[row] + 1]++;
    for (size_t i = 0; i < out->count; i++)
        starts[i + 1] += starts[i];
    out->order = ARENA_ARRAY(arena, uint32_t, rows->rows);
    for (size_t row = 0; row < rows->rows; row++)
        out->order[starts[group_of[row]]++] = (uint32_t)row;
    out->ends = starts; /* each start has moved to its group's end */
    return true;
}

/* ---- elements ---- */

static bool prepare_pull(struct execution *execution, struct column_maker *maker, struct error *err)
{
    const struct find_element *element = maker->element;
    uint32_t source =
        element->source == SOURCE_IMPLICIT ? execution->query->default_source : element->source;

    if (source == SOURCE_IMPLICIT || !execution->sources[source].is_graph) {
        struct bytes form = edn_excerpt(execution->arena, &element->form);
        return fail(err, ERROR_INCORRECT, "pull needs the graph as its source in :find %.*s",
                    BYTES_ARG(form));
    }
    if (execution->sources[source].db.history)
        return fail(err, ERROR_INCORRECT,
                    "an entity has no one state in history: pull as of a t, in :find %.*s",
                    BYTES_ARG(edn_excerpt(execution->arena, &element->form)));
    maker->puller = (struct puller){ { .source = &execution->sources[source],
                                       .arena = execution->arena,
                                       .budget = &execution->budget },
                                     execution->regexes };
    return element->pattern.type != TERM_CONSTANT ||
           pull_parse(&maker->puller, &element->pattern.value, &maker->pattern, err);
}

static bool make_pull(struct column_maker *maker, const struct relation *rows, size_t row,
                      struct value *out, struct error *err)
{
    struct value entity = column_get(&rows->columns[maker->column], row);
    struct pull_pattern *pattern = maker->pattern;

    if (!pattern) {
        uint32_t column = relation_column(rows, maker->element->pattern.id);
        struct value form = column_get(&rows->columns[column], row);
        if (!pull_parse(&maker->puller, &form, &pattern, err))
            return false;
    }
    return pull_entity(&maker->puller, pattern, &entity, out, err);
}

/* The n of (min n ?x). */
static bool aggregate_argument(struct execution *execution, const struct find_element *element,
                               const struct relation *rows, size_t row, uint32_t *out,
                               struct error *err)
{
    *out = 0;
    if (element->argument_count == 0 && !element->aggregate->argument_required)
        return true;
    struct value n = value_nil();
    if (element->argument_count == 1) {
        const struct term *term = &element->arguments[0];
        n = term->type == TERM_VARIABLE
                ? column_get(&rows->columns[relation_column(rows, term->id)], row)
                : term->value;
    }
    if (n.type == VALUE_LONG && n.number > 0 && n.number <= AGGREGATE_N_MAX) {
        *out = (uint32_t)n.number;
        return true;
    }
    struct bytes form = edn_excerpt(execution->arena, &element->form);
    return fail(err, ERROR_INCORRECT,
                "the first argument must be a number from 1 to %d in :find "
                "%.*s",
                AGGREGATE_N_MAX, BYTES_ARG(form));
}

static bool make_aggregate(struct execution *execution, const struct column_maker *maker,
                           const struct relation *rows, const uint32_t *group, size_t count,
                           struct value *out, struct error *err)
{
    const struct find_element *element = maker->element;
    size_t looked_at = element->aggregate->counts ? 0 : count;
    struct value *values = ARENA_ARRAY(execution->arena, struct value, looked_at);
    uint32_t n;

    if (!aggregate_argument(execution, element, rows, group[0], &n, err))
        return false;
    for (size_t i = 0; i < looked_at; i++)
        values[i] = column_get(&rows->columns[maker->column], group[i]);
    if (!element->aggregate->fn(values, count, n, execution->arena, &execution->budget, out, err))
        return fail_in(err, ":find %.*s", BYTES_ARG(edn_excerpt(execution->arena, &element->form)));
    return budget_check(&execution->budget, err);
}

/* ---- rows of the result ---- */

struct finding {
    struct execution *execution;
    const struct relation *rows;
    struct column_maker *makers;
    bool aggregated;
    struct groups groups; /* without aggregates only their count: each row is one */
};

/* The rows of a group; `single` is room for the number of the only one. */
static const uint32_t *group_rows(const struct finding *finding, size_t group, uint32_t *single,
                                  size_t *count)
{
    *single = (uint32_t)group;
    *count = 1;
    if (!finding->aggregated)
        return single;
    size_t at = group > 0 ? finding->groups.ends[group - 1] : 0;
    *count = finding->groups.ends[group] - at;
    return finding->groups.order + at;
}

/* One row of the result, out of the rows of a group. */
static bool make_row(struct finding *finding, size_t number, struct value *items, struct error *err)
{
    const struct query *query = finding->execution->query;
    uint32_t single;
    size_t count;
    const uint32_t *group = group_rows(finding, number, &single, &count);

    for (uint32_t i = 0; i < query->element_count; i++) {
        struct column_maker *maker = &finding->makers[i];
        bool ok = true;
        switch (maker->element->type) {
        case ELEMENT_VARIABLE:
            items[i] = column_get(&finding->rows->columns[maker->column], group[0]);
            break;
        case ELEMENT_PULL:
            ok = make_pull(maker, finding->rows, group[0], &items[i], err);
            break;
        case ELEMENT_AGGREGATE:
            if (maker->made)
                items[i] = maker->made[number];
            else
                ok = make_aggregate(finding->execution, maker, finding->rows, group, count,
                                    &items[i], err);
            break;
        }
        if (!ok)
            return false;
    }
    return budget_turn(&finding->execution->budget, err);
}

/* A row as the find spec shows it: a vector, a map, or its only item. */
static struct value shape_row(struct finding *finding, struct value *items)
{
    const struct query *query = finding->execution->query;
    uint32_t count = query->element_count;

    if (query->find_type == FIND_COLLECTION || query->find_type == FIND_SCALAR)
        return items[0];
    if (!query->keys)
        return value_collection(VALUE_VECTOR, items, count);
    struct value *map = ARENA_ARRAY(finding->execution->arena, struct value, (size_t)2 * count);
    for (uint32_t i = 0; i < count; i++) {
        map[2 * (size_t)i] = query->keys[i];
        map[2 * (size_t)i + 1] = items[i];
    }
    return value_collection(VALUE_MAP, map, count);
}

static bool prepare_makers(struct finding *finding, struct error *err)
{
    const struct query *query = finding->execution->query;

    finding->makers =
        ARENA_ARRAY(finding->execution->arena, struct column_maker, query->element_count);
    for (uint32_t i = 0; i < query->element_count; i++) {
        struct column_maker *maker = &finding->makers[i];
        maker->element = &query->elements[i];
        maker->column = relation_column(finding->rows, maker->element->variable);
        if (maker->element->type == ELEMENT_PULL && !prepare_pull(finding->execution, maker, err))
            return false;
    }
    return true;
}

/* Which rows of the result are asked for: [*first, *end) of `total`. */
static void page(const struct query *query, size_t total, uint64_t offset, uint64_t limit,
                 size_t *first, size_t *end)
{
    bool one = query->find_type == FIND_TUPLE || query->find_type == FIND_SCALAR;

    offset = one ? 0 : offset;
    *first = offset > total ? total : (size_t)offset;
    *end = total;
    if (one && total > 1)
        *end = 1;
    else if (!one && limit > 0 && limit < total - *first)
        *end = *first + (size_t)limit;
}

/* ---- :order-by ---- */

/* What the groups are compared by: the keys of :order-by, then the variables of :find, so that an
 * order is whole and pages do not overlap. */
struct ordering {
    const struct value **columns; /* of each key, a value for each group */
    bool *descends;
    uint32_t count;
};

static int compare_groups(const void *a, const void *b, const void *arg)
{
    const struct ordering *ordering = arg;
    const uint32_t *left = a, *right = b;

    for (uint32_t i = 0; i < ordering->count; i++) {
        const struct value *column = ordering->columns[i];
        int order = order_compare(&column[*left], &column[*right]);
        if (order)
            return ordering->descends[i] ? -order : order;
    }
    return 0;
}

/* The values of one element for all groups. */
static bool make_column(struct finding *finding, uint32_t element, struct error *err)
{
    struct execution *execution = finding->execution;
    struct column_maker *maker = &finding->makers[element];

    if (maker->made)
        return true;
    if (!budget_room(&execution->budget, finding->groups.count, 1, err))
        return false;
    struct value *made = ARENA_ARRAY(execution->arena, struct value, finding->groups.count);
    for (size_t i = 0; i < finding->groups.count; i++) {
        uint32_t single;
        size_t count;
        const uint32_t *group = group_rows(finding, i, &single, &count);
        if (maker->element->type == ELEMENT_VARIABLE)
            made[i] = column_get(&finding->rows->columns[maker->column], group[0]);
        else if (!make_aggregate(execution, maker, finding->rows, group, count, &made[i], err))
            return false;
        if (!budget_turn(&execution->budget, err))
            return false;
    }
    maker->made = made;
    return true;
}

static bool add_key(struct finding *finding, struct ordering *ordering, uint32_t element,
                    bool descends, struct error *err)
{
    if (!make_column(finding, element, err))
        return false;
    ordering->columns[ordering->count] = finding->makers[element].made;
    ordering->descends[ordering->count++] = descends;
    return true;
}

/* *out: the groups in the order that is asked for; NULL: in any. */
static bool sort_groups(struct finding *finding, uint32_t **out, struct error *err)
{
    struct execution *execution = finding->execution;
    const struct query *query = execution->query;
    struct arena *arena = execution->arena;
    uint32_t most = query->order_count + query->element_count;
    struct ordering ordering = { .columns = ARENA_ARRAY(arena, const struct value *, most),
                                 .descends = ARENA_ARRAY(arena, bool, most) };

    *out = NULL;
    if (query->order_count == 0)
        return true;
    for (uint32_t i = 0; i < query->order_count; i++)
        if (!add_key(finding, &ordering, query->order[i].element, query->order[i].descends, err))
            return false;
    for (uint32_t i = 0; i < query->element_count; i++)
        if (query->elements[i].type == ELEMENT_VARIABLE &&
            !add_key(finding, &ordering, i, false, err))
            return false;
    *out = ARENA_ARRAY(arena, uint32_t, finding->groups.count);
    for (size_t i = 0; i < finding->groups.count; i++)
        (*out)[i] = (uint32_t)i;
    return order_sort(*out, finding->groups.count, sizeof(**out), compare_groups, &ordering,
                      &execution->budget, err);
}

/* ---- the whole ---- */

static bool make_rows(struct finding *finding, uint64_t offset, uint64_t limit, struct value *out,
                      struct error *err)
{
    struct execution *execution = finding->execution;
    const struct query *query = execution->query;
    uint32_t *order;
    size_t first, end, width = query->element_count;

    finding->aggregated = has_aggregates(query);
    finding->groups.count = finding->rows->rows;
    if ((finding->aggregated && !make_groups(execution, finding->rows, &finding->groups, err)) ||
        !sort_groups(finding, &order, err))
        return false;
    page(query, finding->groups.count, offset, limit, &first, &end);
    if (!budget_room(&execution->budget, end - first, width + 1, err))
        return false;
    /* Not cleared, since each is set below. */
    struct value *items = arena_alloc(execution->arena, (end - first) * width * sizeof(*items));
    struct value *result = arena_alloc(execution->arena, (end - first) * sizeof(*result));
    for (size_t i = first; i < end; i++) {
        struct value *row = items + (i - first) * width;
        if (!make_row(finding, order ? order[i] : i, row, err))
            return false;
        result[i - first] = shape_row(finding, row);
    }
    if (query->find_type == FIND_RELATION || query->find_type == FIND_COLLECTION)
        *out = value_collection(VALUE_VECTOR, result, (uint32_t)(end - first));
    else
        *out = end > first ? result[0] : value_nil();
    return true;
}

bool find_result(struct execution *execution, const struct bindings *bindings, uint64_t offset,
                 uint64_t limit, struct value *out, struct error *err)
{
    struct finding finding = { .execution = execution };
    struct id_set variables = find_variables(execution->query, execution->arena);
    struct relation *rows;

    if (!bindings_collect(execution, bindings, &variables, &rows, err))
        return false;
    if (rows->rows == 0) /* it may lack columns, when execution came to nothing early */
        rows = relation_new(execution->arena, variables.ids, variables.count);
    finding.rows = rows;
    return prepare_makers(&finding, err) && make_rows(&finding, offset, limit, out, err);
}
