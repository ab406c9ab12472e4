#include "txd/query/aggregates.h"

#include "proto/edn.h"
#include "txd/query/functions.h"

#include <math.h>
#include <stdlib.h>

#define AGGREGATE(name)                                                                            \
    static bool name(struct value *values, size_t count, __attribute__((unused)) uint32_t n,       \
                     __attribute__((unused)) struct arena *arena,                                  \
                     __attribute__((unused)) struct budget *budget, struct value *out,             \
                     __attribute__((unused)) struct error *err)

static struct value collect(const struct value *values, size_t count, enum value_type type,
                            struct arena *arena)
{
    struct value *items = ARENA_ARRAY(arena, struct value, count);

    if (count)
        memcpy(items, values, count * sizeof(*items));
    return value_collection(type, items, (uint32_t)count);
}

static bool check_numbers(const char *aggregate, const struct value *values, size_t count,
                          bool *longs, struct arena *arena, struct error *err)
{
    *longs = true;
    for (size_t i = 0; i < count; i++) {
        if (values[i].type != VALUE_LONG && values[i].type != VALUE_DOUBLE)
            return fail_argument(err, arena, aggregate, &values[i], "numbers");
        *longs = *longs && values[i].type == VALUE_LONG;
    }
    return true;
}

static double as_double(const struct value *value)
{
    return value->type == VALUE_LONG ? (double)value->number : value->real;
}

static double total(const struct value *values, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += as_double(&values[i]);
    return sum;
}

/* The sum of longs, when it fits. */
static bool total_long(const struct value *values, size_t count, int64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < count; i++)
        if (__builtin_add_overflow(*out, values[i].number, out))
            return false;
    return true;
}

AGGREGATE(average)
{
    bool longs;
    int64_t sum;

    if (!check_numbers("avg", values, count, &longs, arena, err))
        return false;
    if (longs && total_long(values, count, &sum))
        *out = number_divide(sum, (int64_t)count);
    else
        *out = value_double(total(values, count) / (double)count);
    return true;
}

AGGREGATE(count_all)
{
    (void)values;
    *out = value_long((int64_t)count);
    return true;
}

AGGREGATE(count_distinct)
{
    size_t kept;

    if (!order_distinct(values, count, budget, &kept, err))
        return false;
    *out = value_long((int64_t)kept);
    return true;
}

AGGREGATE(distinct)
{
    size_t kept;

    if (!order_distinct(values, count, budget, &kept, err))
        return false;
    *out = collect(values, kept, VALUE_SET, arena);
    return true;
}

AGGREGATE(maximum)
{
    if (n) {
        size_t kept = n < count ? n : count;
        if (!order_sort_values(values, count, budget, err))
            return false;
        *out = collect(values + count - kept, kept, VALUE_VECTOR, arena);
        return true;
    }
    *out = values[0];
    for (size_t i = 1; i < count; i++)
        if (order_compare(&values[i], out) > 0)
            *out = values[i];
    return true;
}

AGGREGATE(minimum)
{
    if (n) {
        if (!order_sort_values(values, count, budget, err))
            return false;
        *out = collect(values, n < count ? n : count, VALUE_VECTOR, arena);
        return true;
    }
    *out = values[0];
    for (size_t i = 1; i < count; i++)
        if (order_compare(&values[i], out) < 0)
            *out = values[i];
    return true;
}

AGGREGATE(median)
{
    bool longs;
    int64_t sum;

    if (!check_numbers("median", values, count, &longs, arena, err) ||
        !order_sort_values(values, count, budget, err))
        return false;
    const struct value *low = &values[(count - 1) / 2], *high = &values[count / 2];
    if (count % 2)
        *out = *low;
    else if (longs && !__builtin_add_overflow(low->number, high->number, &sum))
        *out = number_divide(sum, 2);
    else
        *out = value_double((as_double(low) + as_double(high)) / 2);
    return true;
}

/* The mean of squares less the square of the mean, exactly when all are longs and it fits. */
AGGREGATE(variance)
{
    bool longs;
    int64_t sum, squares = 0, square, product;
    bool exact;

    if (!check_numbers("variance", values, count, &longs, arena, err))
        return false;
    exact = longs && count < INT32_MAX && total_long(values, count, &sum);
    for (size_t i = 0; exact && i < count; i++)
        exact = !__builtin_mul_overflow(values[i].number, values[i].number, &square) &&
                !__builtin_add_overflow(squares, square, &squares);
    exact = exact && !__builtin_mul_overflow(squares, (int64_t)count, &product) &&
            !__builtin_mul_overflow(sum, sum, &square) &&
            !__builtin_sub_overflow(product, square, &product);
    if (exact) {
        *out = number_divide(product, (int64_t)count * (int64_t)count);
        return true;
    }
    double mean = total(values, count) / (double)count, deviation = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = as_double(&values[i]) - mean;
        deviation += difference * difference;
    }
    *out = value_double(deviation / (double)count);
    return true;
}

AGGREGATE(standard_deviation)
{
    if (!variance(values, count, n, arena, budget, out, err))
        return false;
    *out = value_double(sqrt(as_double(out)));
    return true;
}

AGGREGATE(sum_of)
{
    bool longs;
    int64_t sum;

    if (!check_numbers("sum", values, count, &longs, arena, err))
        return false;
    if (!longs)
        *out = value_double(total(values, count));
    else if (total_long(values, count, &sum))
        *out = value_long(sum);
    else
        return fail(err, ERROR_INCORRECT, "sum: the result does not fit a 64-bit integer");
    return true;
}

AGGREGATE(any)
{
    if (n == 0) {
        *out = values[(size_t)random() % count];
        return true;
    }
    struct value *items = ARENA_ARRAY(arena, struct value, n);
    for (uint32_t i = 0; i < n; i++)
        items[i] = values[(size_t)random() % count];
    *out = value_collection(VALUE_VECTOR, items, n);
    return true;
}

/* n of the values, each at most once (Fisher and Yates). */
AGGREGATE(sample)
{
    size_t kept;

    if (!order_distinct(values, count, budget, &kept, err))
        return false;
    size_t taken = n < kept ? n : kept;
    for (size_t i = 0; i < taken; i++) {
        size_t j = i + (size_t)random() % (kept - i);
        struct value swap = values[i];
        values[i] = values[j];
        values[j] = swap;
    }
    *out = collect(values, taken, VALUE_VECTOR, arena);
    return true;
}

static const struct aggregate table[] = {
    { "avg", average, 0, false, false },
    { "count", count_all, 0, false, true },
    { "count-distinct", count_distinct, 0, false, false },
    { "distinct", distinct, 0, false, false },
    { "max", maximum, 1, false, false },
    { "median", median, 0, false, false },
    { "min", minimum, 1, false, false },
    { "rand", any, 1, false, false },
    { "sample", sample, 1, true, false },
    { "stddev", standard_deviation, 0, false, false },
    { "sum", sum_of, 0, false, false },
    { "variance", variance, 0, false, false },
};

const struct aggregate *aggregate_find(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (bytes_equal(name, bytes_of(table[i].name)))
            return &table[i];
    return NULL;
}
