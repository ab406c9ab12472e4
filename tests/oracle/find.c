/* The elements of :find over the rows of all variables: groups, aggregates and pulls. */
#include "tests/oracle/answer.h"
#include "tests/oracle/ready.h"

#include <math.h>
#include <stdlib.h>

/* ---- aggregates ---- */

static int by_value(const void *a, const void *b)
{
    return value_compare(a, b);
}

static double real(const struct value *value)
{
    return value->type == VALUE_LONG ? (double)value->number : value->real;
}

static size_t distinct(struct value *values, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        size_t j = 0;
        while (j < kept && !value_equal(&values[j], &values[i]))
            j++;
        if (j == kept)
            values[kept++] = values[i];
    }
    return kept;
}

static struct value quotient(double sum, double by, bool longs)
{
    double result = sum / by;

    return longs && result == floor(result) ? value_long((int64_t)result) : value_double(result);
}

/* Those that want numbers. Sums are small enough to be exact as doubles. */
static bool of_numbers(struct bytes name, struct value *values, size_t count, struct value *out,
                       struct error *err)
{
    bool longs = true;
    double sum = 0, squares = 0;

    for (size_t i = 0; i < count; i++) {
        if (values[i].type != VALUE_LONG && values[i].type != VALUE_DOUBLE)
            return fail(err, ERROR_INCORRECT, "no number");
        longs = longs && values[i].type == VALUE_LONG;
        sum += real(&values[i]);
        squares += real(&values[i]) * real(&values[i]);
    }
    double n = (double)count, variance = (n * squares - sum * sum) / (n * n);
    if (bytes_equal(name, BYTES("sum"))) {
        *out = longs ? value_long((int64_t)sum) : value_double(sum);
    } else if (bytes_equal(name, BYTES("avg"))) {
        *out = quotient(sum, n, longs);
    } else if (bytes_equal(name, BYTES("variance"))) {
        *out = quotient(n * squares - sum * sum, n * n, longs);
    } else if (bytes_equal(name, BYTES("stddev"))) {
        *out = value_double(sqrt(variance > 0 ? variance : 0));
    } else { /* median */
        qsort(values, count, sizeof(*values), by_value);
        if (count % 2)
            *out = values[count / 2];
        else
            *out = quotient(real(&values[count / 2 - 1]) + real(&values[count / 2]), 2, longs);
    }
    return true;
}

static struct value collection(enum value_type type, const struct value *values, size_t count,
                               struct arena *arena)
{
    struct value *items = ARENA_ARRAY(arena, struct value, count + 1);

    if (count)
        memcpy(items, values, count * sizeof(*items));
    return value_collection(type, items, (uint32_t)count);
}

static bool aggregate(struct bytes name, int64_t n, struct value *values, size_t count,
                      struct arena *arena, struct value *out, struct error *err)
{
    bool min = bytes_equal(name, BYTES("min")), max = bytes_equal(name, BYTES("max"));
    size_t taken = (size_t)n < count ? (size_t)n : count;

    if (bytes_equal(name, BYTES("count"))) {
        *out = value_long((int64_t)count);
    } else if (bytes_equal(name, BYTES("count-distinct"))) {
        *out = value_long((int64_t)distinct(values, count));
    } else if (bytes_equal(name, BYTES("distinct"))) {
        *out = collection(VALUE_SET, values, distinct(values, count), arena);
    } else if (min || max) {
        qsort(values, count, sizeof(*values), by_value);
        if (n)
            *out = collection(VALUE_VECTOR, min ? values : values + count - taken, taken, arena);
        else
            *out = min ? values[0] : values[count - 1];
    } else {
        return of_numbers(name, values, count, out, err);
    }
    return true;
}

/* ---- elements ---- */

static bool is_pull(const struct value *element)
{
    return element->type == VALUE_LIST && value_is_symbol(&element->items[0], "pull");
}

static bool is_aggregate(const struct value *element)
{
    return element->type == VALUE_LIST && !is_pull(element);
}

static const struct value *element_variable(const struct value *element)
{
    if (is_pull(element))
        return &element->items[element->count - 2];
    return element->type == VALUE_LIST ? &element->items[element->count - 1] : element;
}

static bool well_formed(const struct value *element)
{
    uint32_t last = element->count - 1;

    if (element->type != VALUE_LIST)
        return form_is_variable(element);
    if (element->count < 2 || element->items[0].type != VALUE_SYMBOL)
        return false;
    if (is_pull(element))
        return element->count == 3 && form_is_variable(&element->items[1]) &&
               (form_is_variable(&element->items[2]) || pull_well_formed(&element->items[2]));
    return form_is_variable(&element->items[last]) &&
           (element->count == 2 || element->items[1].type == VALUE_LONG);
}

static bool find_columns(const struct solutions *table, const struct value *elements,
                         uint32_t count, uint32_t *columns, struct error *err)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!well_formed(&elements[i]))
            return fail(err, ERROR_INCORRECT, "no such element of :find");
        const struct value *variable = element_variable(&elements[i]);
        columns[i] = solutions_column(table, variable->text);
        if (columns[i] == SOLUTIONS_NO_COLUMN)
            return fail(err, ERROR_INCORRECT, "a variable of :find is not bound");
    }
    return true;
}

/* The rows of the variables of :find and :with alone. */
static bool narrow(struct question *question, const struct value *elements, uint32_t count,
                   const struct value *with, const struct solutions *table, struct solutions *out,
                   struct error *err)
{
    struct arena *arena = question->arena;
    struct names names = { 0 };

    for (uint32_t i = 0; i < count; i++)
        clause_variables(&elements[i], false, arena, &names);
    for (uint32_t i = 0; i < with->count; i++)
        if (!form_is_variable(&with->items[i]))
            return fail(err, ERROR_INCORRECT, ":with names variables");
    for (uint32_t i = 0, before; i < with->count; i++) {
        before = names.count;
        names_add(&names, arena, with->items[i].text);
        if (names.count == before)
            return fail(err, ERROR_INCORRECT, ":with names a variable again");
    }
    struct value *cells = ARENA_ARRAY(arena, struct value, names.count + 1);
    *out = (struct solutions){ .names = names.items, .width = names.count };
    for (uint32_t i = 0; i < names.count; i++)
        if (solutions_column(table, names.items[i]) == SOLUTIONS_NO_COLUMN)
            return fail(err, ERROR_INCORRECT, "a variable of :find or :with is not bound");
    for (size_t row = 0; row < table->rows; row++) {
        for (uint32_t i = 0; i < names.count; i++)
            cells[i] = solutions_row(table, row)[solutions_column(table, names.items[i])];
        solutions_add(out, cells, arena);
    }
    return true;
}

struct finder {
    struct question *question;
    const struct value *elements;
    uint32_t count;
    const uint32_t *columns;
    const struct solutions *rows;
};

static bool same_group(const struct finder *finder, size_t a, size_t b)
{
    for (uint32_t i = 0; i < finder->count; i++)
        if (!is_aggregate(&finder->elements[i]) &&
            !value_equal(&solutions_row(finder->rows, a)[finder->columns[i]],
                         &solutions_row(finder->rows, b)[finder->columns[i]]))
            return false;
    return true;
}

static bool find_item(const struct finder *finder, uint32_t i, const size_t *group, size_t count,
                      struct value *out, struct error *err)
{
    const struct value *element = &finder->elements[i];
    struct arena *arena = finder->question->arena;
    const struct solutions *rows = finder->rows;

    *out = solutions_row(rows, group[0])[finder->columns[i]];
    if (is_pull(element)) {
        struct value entity = *out, pattern = element->items[element->count - 1];
        if (form_is_variable(&pattern))
            pattern = solutions_row(rows, group[0])[solutions_column(rows, pattern.text)];
        return answer_pull(finder->question, &pattern, &entity, out, err);
    }
    if (!is_aggregate(element))
        return true;
    struct value *values = ARENA_ARRAY(arena, struct value, count);
    for (size_t j = 0; j < count; j++)
        values[j] = solutions_row(rows, group[j])[finder->columns[i]];
    int64_t n = element->count == 3 ? element->items[1].number : 0;
    return aggregate(element->items[0].text, n, values, count, arena, out, err);
}

bool answer_find(struct question *question, const struct value *elements, uint32_t count,
                 const struct value *with, const struct solutions *table, struct value *out,
                 struct error *err)
{
    struct arena *arena = question->arena;
    uint32_t *columns = ARENA_ARRAY(arena, uint32_t, count + 1);
    struct value_builder found = { 0 };
    struct solutions rows;
    bool aggregated = false;

    if (!narrow(question, elements, count, with, table, &rows, err) ||
        !find_columns(&rows, elements, count, columns, err))
        return false;
    struct finder finder = { question, elements, count, columns, &rows };
    bool *taken = ARENA_ARRAY(arena, bool, rows.rows + 1);
    size_t *group = ARENA_ARRAY(arena, size_t, rows.rows + 1);
    for (uint32_t i = 0; i < count; i++)
        aggregated = aggregated || is_aggregate(&elements[i]);
    for (size_t row = 0; row < rows.rows; row++) {
        struct value *items = ARENA_ARRAY(arena, struct value, count);
        size_t size = 0;
        if (taken[row])
            continue;
        for (size_t other = row; other < (aggregated ? rows.rows : row + 1); other++) {
            if (!same_group(&finder, row, other))
                continue;
            taken[other] = true;
            group[size++] = other;
        }
        if (!question_work(question, rows.rows, err))
            return false;
        for (uint32_t i = 0; i < count; i++)
            if (!find_item(&finder, i, group, size, &items[i], err))
                return false;
        value_builder_add(&found, arena, value_collection(VALUE_VECTOR, items, count));
    }
    *out = value_builder_end(&found, VALUE_VECTOR);
    return true;
}
