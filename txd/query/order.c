#include "txd/query/order.h"

#include <stdlib.h>

#define RUN 8 /* items sorted by insertion before runs are merged */

/* The namespace of a keyword or symbol, and its name behind it. */
static void split_name(struct bytes text, struct bytes *space, struct bytes *name)
{
    const char *slash = text.len > 1 ? memchr(text.data, '/', text.len) : NULL;

    *space = (struct bytes){ 0 };
    *name = text;
    if (slash) {
        space->data = text.data;
        space->len = (size_t)(slash - text.data);
        name->data = slash + 1;
        name->len = text.len - space->len - 1;
    }
}

static int compare_names(struct bytes a, struct bytes b)
{
    struct bytes space_a, space_b, name_a, name_b;

    split_name(a, &space_a, &name_a);
    split_name(b, &space_b, &name_b);
    int order = bytes_compare(space_a, space_b);
    return order ? order : bytes_compare(name_a, name_b);
}

int order_compare(const struct value *a, const struct value *b)
{
    if (a->type == VALUE_LONG && b->type == VALUE_LONG)
        return (a->number > b->number) - (a->number < b->number);
    if (value_is_sequence(a) && value_is_sequence(b)) {
        for (uint32_t i = 0; i < a->count && i < b->count; i++) {
            int order = order_compare(&a->items[i], &b->items[i]);
            if (order)
                return order;
        }
        return (a->count > b->count) - (a->count < b->count);
    }
    if (a->type == b->type && (a->type == VALUE_KEYWORD || a->type == VALUE_SYMBOL))
        return compare_names(a->text, b->text);
    return value_compare(a, b);
}

/* ---- sorting ---- */

struct sorting {
    char *from, *to; /* each round merges runs of the one into the other */
    size_t count, size;
    order_fn *compare;
    const void *arg;
    struct budget *budget;
};

static int compare_at(const struct sorting *sorting, const char *items, size_t a, size_t b)
{
    return sorting->compare(items + a * sorting->size, items + b * sorting->size, sorting->arg);
}

/* Sorts the items [begin, end) of `from`; `to` has room for the one being moved. */
static void insert_run(struct sorting *sorting, size_t begin, size_t end)
{
    size_t size = sorting->size;

    for (size_t i = begin + 1; i < end; i++) {
        size_t j = i;
        memcpy(sorting->to, sorting->from + i * size, size);
        while (j > begin &&
               sorting->compare(sorting->from + (j - 1) * size, sorting->to, sorting->arg) > 0)
            j--;
        memmove(sorting->from + (j + 1) * size, sorting->from + j * size, (i - j) * size);
        memcpy(sorting->from + j * size, sorting->to, size);
    }
}

/* Merges [begin, middle) and [middle, end) of `from` into `to`. */
static bool merge_runs(struct sorting *sorting, size_t begin, size_t middle, size_t end,
                       struct error *err)
{
    size_t left = begin, right = middle;

    for (size_t at = begin; at < end; at++) {
        bool first =
            right == end || (left < middle && compare_at(sorting, sorting->from, left, right) <= 0);
        size_t taken = first ? left++ : right++;
        memcpy(sorting->to + at * sorting->size, sorting->from + taken * sorting->size,
               sorting->size);
        if (!budget_turn(sorting->budget, err))
            return false;
    }
    return true;
}

static bool merge_all(struct sorting *sorting, struct error *err)
{
    size_t count = sorting->count;

    for (size_t i = 0; i < count; i += RUN) {
        insert_run(sorting, i, i + RUN < count ? i + RUN : count);
        if (!budget_turn(sorting->budget, err))
            return false;
    }
    for (size_t run = RUN; run < count; run *= 2) {
        for (size_t i = 0; i < count; i += 2 * run) {
            size_t middle = i + run < count ? i + run : count;
            size_t end = middle + run < count ? middle + run : count;
            if (!merge_runs(sorting, i, middle, end, err))
                return false;
        }
        char *swap = sorting->from;
        sorting->from = sorting->to;
        sorting->to = swap;
    }
    return true;
}

bool order_sort(void *items, size_t count, size_t size, order_fn *compare, const void *arg,
                struct budget *budget, struct error *err)
{
    if (count < 2)
        return true;
    if (!budget_bytes(budget, (uint64_t)count * size, err))
        return false;
    char *scratch = xmalloc(count * size);
    struct sorting sorting = { items, scratch, count, size, compare, arg, budget };
    bool ok = merge_all(&sorting, err);
    if (ok && sorting.from != items)
        memcpy(items, sorting.from, count * size);
    free(scratch);
    return ok;
}

static int by_order(const void *a, const void *b, const void *arg)
{
    (void)arg;
    return order_compare(a, b);
}

bool order_sort_values(struct value *values, size_t count, struct budget *budget, struct error *err)
{
    return order_sort(values, count, sizeof(*values), by_order, NULL, budget, err);
}

bool order_distinct(struct value *values, size_t count, struct budget *budget, size_t *kept,
                    struct error *err)
{
    *kept = 0;
    if (!order_sort_values(values, count, budget, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        bool seen = false;
        for (size_t j = *kept; j-- > 0 && !seen && order_compare(&values[j], &values[i]) == 0;)
            seen = value_equal(&values[j], &values[i]);
        if (!seen)
            values[(*kept)++] = values[i];
        if (!budget_turn(budget, err))
            return false;
    }
    return true;
}
