/* Collections. Strings count as collections where Clojure's do. */
#include "txd/query/functions.h"

#include "common/limits.h"

#define RANGE_MAX 1000000 /* items that `range` may give */

/* What a collection that functions make may hold in all. What is in it several times counts as
 * often: memory holds it once, but whoever goes through the value meets it each time. */
#define VALUES_MAX (1 << 20)

/* Takes from *left as many values as there are inside of this one; false when there are more, or
 * more than `depth_max` collections in one another. */
static bool fits(const struct value *value, uint32_t depth_max, size_t *left)
{
    size_t items = value->type == VALUE_MAP ? 2 * (size_t)value->count : value->count;

    if (!value_is_collection(value) || items == 0)
        return true;
    if (depth_max == 0 || items > *left)
        return false;
    *left -= items;
    for (size_t i = 0; i < items; i++)
        if (!fits(&value->items[i], depth_max - 1, left))
            return false;
    return true;
}

/* Whether the arguments may be put into a collection. */
static bool check_items(const char *function, const struct value *args, uint32_t count,
                        struct error *err)
{
    size_t left = VALUES_MAX;

    for (uint32_t i = 0; i < count; i++)
        if (!fits(&args[i], LIMIT_KEPT_DEPTH, &left))
            return fail(err, ERROR_INCORRECT,
                        "%s: more than %d collections in one another, or %d values in all",
                        function, LIMIT_KEPT_DEPTH, VALUES_MAX);
    return true;
}

static struct value sequence(struct call *call, enum value_type type, const struct value *items,
                             uint32_t count)
{
    struct value *copy = ARENA_ARRAY(call->arena, struct value, count);

    if (count)
        memcpy(copy, items, count * sizeof(*copy));
    return value_collection(type, copy, count);
}

BUILT_IN(vector)
{
    if (!check_items("vector", args, count, err))
        return false;
    *out = sequence(call, VALUE_VECTOR, args, count);
    return true;
}

BUILT_IN(list)
{
    if (!check_items("list", args, count, err))
        return false;
    *out = sequence(call, VALUE_LIST, args, count);
    return true;
}

static bool make_set(struct call *call, const char *function, const struct value *items,
                     uint32_t count, struct value *out, struct error *err)
{
    size_t kept;

    if (!check_items(function, items, count, err))
        return false;
    struct value all = sequence(call, VALUE_SET, items, count);
    if (!order_distinct(all.items, count, call->budget, &kept, err))
        return false;
    all.count = (uint32_t)kept;
    *out = all;
    return true;
}

BUILT_IN(hash_set)
{
    return make_set(call, "hash-set", args, count, out, err);
}

static bool need_items(struct call *call, const char *name, const struct value *value,
                       struct error *err)
{
    if (!value_is_collection(value) || value->type == VALUE_MAP)
        return fail_argument(err, call->arena, name, value, "a vector, list or set");
    return true;
}

BUILT_IN(set)
{
    if (args->type == VALUE_NIL)
        return make_set(call, "set", NULL, 0, out, err);
    return need_items(call, "set", args, err) &&
           make_set(call, "set", args->items, args->count, out, err);
}

BUILT_IN(hash_map)
{
    struct value_builder builder = { 0 };

    if (count % 2)
        return fail(err, ERROR_INCORRECT, "hash-map takes keys and values, given %u", count);
    if (!check_items("hash-map", args, count, err))
        return false;
    for (uint32_t i = 0; i < count; i += 2) {
        size_t at = 0;
        while (at < builder.count && !value_equal(&builder.items[at], &args[i]))
            at += 2;
        if (at < builder.count) {
            builder.items[at + 1] = args[i + 1];
        } else {
            value_builder_add(&builder, call->arena, args[i]);
            value_builder_add(&builder, call->arena, args[i + 1]);
        }
    }
    *out = value_builder_end(&builder, VALUE_MAP);
    return true;
}

static bool length(struct call *call, const char *name, const struct value *value, int64_t *out,
                   struct error *err)
{
    *out = 0;
    if (value->type == VALUE_STRING) {
        for (size_t i = 0; i < value->text.len; i++)
            *out += ((uint8_t)value->text.data[i] & 0xc0) != 0x80;
    } else if (value_is_collection(value)) {
        *out = value->count;
    } else if (value->type != VALUE_NIL) {
        return fail_argument(err, call->arena, name, value, "a string or a collection");
    }
    return true;
}

BUILT_IN(count_of)
{
    int64_t n;

    if (!length(call, "count", args, &n, err))
        return false;
    *out = value_long(n);
    return true;
}

BUILT_IN(is_empty)
{
    int64_t n;

    if (!length(call, "empty?", args, &n, err))
        return false;
    *out = value_boolean(n == 0);
    return true;
}

BUILT_IN(not_empty)
{
    int64_t n;

    if (!length(call, "not-empty", args, &n, err))
        return false;
    *out = n ? args[0] : value_nil();
    return true;
}

/* What a collection holds under a key; NULL: nothing. */
static const struct value *look_up(const struct value *collection, const struct value *key)
{
    uint32_t step = collection->type == VALUE_MAP ? 2 : 1;

    if (value_is_sequence(collection))
        return key->type == VALUE_LONG && key->number >= 0 && key->number < collection->count
                   ? &collection->items[key->number]
                   : NULL;
    if (!value_is_collection(collection))
        return NULL;
    for (uint32_t i = 0; i < collection->count * step; i += step)
        if (value_equal(&collection->items[i], key))
            return &collection->items[i + step - 1];
    return NULL;
}

BUILT_IN(get)
{
    const struct value *found = look_up(&args[0], &args[1]);

    *out = found ? *found : count == 3 ? args[2] : value_nil();
    return true;
}

BUILT_IN(contains)
{
    if (!value_is_collection(&args[0]) && args[0].type != VALUE_NIL)
        return fail_argument(err, call->arena, "contains?", &args[0], "a collection first");
    *out = value_boolean(look_up(&args[0], &args[1]) != NULL);
    return true;
}

/* The item number `n` of a vector, list or set; of nil there is none. */
static bool item_at(struct call *call, const char *function, const struct value *items, int64_t n,
                    struct value *out, struct error *err)
{
    if (items->type != VALUE_NIL && !need_items(call, function, items, err))
        return false;
    bool there = items->type != VALUE_NIL && n >= 0 && n < items->count;
    *out = there ? items->items[n] : value_nil();
    return true;
}

BUILT_IN(first)
{
    return item_at(call, "first", args, 0, out, err);
}

BUILT_IN(second)
{
    return item_at(call, "second", args, 1, out, err);
}

BUILT_IN(last)
{
    return item_at(call, "last", args, (int64_t)args->count - 1, out, err);
}

BUILT_IN(nth)
{
    if (args[1].type != VALUE_LONG)
        return fail_argument(err, call->arena, "nth", &args[1], "a long as its second argument");
    if (!item_at(call, "nth", &args[0], args[1].number, out, err))
        return false;
    if (count == 3 &&
        (args[0].type == VALUE_NIL || args[1].number < 0 || args[1].number >= args[0].count))
        *out = args[2];
    return true;
}

BUILT_IN(range)
{
    int64_t from = count > 1 ? args[0].number : 0, to = args[count > 1].number;
    int64_t step = count > 2 ? args[2].number : 1;
    struct value_builder builder = { 0 };

    for (uint32_t i = 0; i < count; i++)
        if (args[i].type != VALUE_LONG)
            return fail_argument(err, call->arena, "range", &args[i], "longs");
    if (step == 0)
        return fail(err, ERROR_INCORRECT, "range: a step of 0 never ends");
    while (step > 0 ? from < to : from > to) {
        if (builder.count == RANGE_MAX)
            return fail(err, ERROR_INCORRECT, "range gives at most %d numbers", RANGE_MAX);
        if (!budget_turn(call->budget, err))
            return false;
        value_builder_add(&builder, call->arena, value_long(from));
        if (!budget_turn(call->budget, err))
            return false;
        if (__builtin_add_overflow(from, step, &from))
            break;
    }
    *out = value_builder_end(&builder, VALUE_LIST);
    return true;
}

static bool map_part(struct call *call, const char *name, const struct value *map, uint32_t part,
                     struct value *out, struct error *err)
{
    if (map->type != VALUE_MAP)
        return fail_argument(err, call->arena, name, map, "a map");
    struct value *items = ARENA_ARRAY(call->arena, struct value, map->count);
    for (uint32_t i = 0; i < map->count; i++)
        items[i] = map->items[2 * (size_t)i + part];
    *out = map->count ? value_collection(VALUE_LIST, items, map->count) : value_nil();
    return true;
}

BUILT_IN(keys)
{
    return map_part(call, "keys", args, 0, out, err);
}

BUILT_IN(vals)
{
    return map_part(call, "vals", args, 1, out, err);
}

/* A tuple as its parts: what it is bound to takes it apart. */
BUILT_IN(untuple)
{
    if (!value_is_sequence(args))
        return fail_argument(err, call->arena, "untuple", args, "a tuple");
    *out = args[0];
    return true;
}

const struct function functions_collection[] = {
    { "array-map", hash_map, 0, ARGUMENTS_MAX, false },
    { "contains?", contains, 2, 2, false },
    { "count", count_of, 1, 1, false },
    { "empty?", is_empty, 1, 1, false },
    { "first", first, 1, 1, false },
    { "get", get, 2, 3, false },
    { "hash-map", hash_map, 0, ARGUMENTS_MAX, false },
    { "hash-set", hash_set, 0, ARGUMENTS_MAX, false },
    { "keys", keys, 1, 1, false },
    { "last", last, 1, 1, false },
    { "list", list, 0, ARGUMENTS_MAX, false },
    { "not-empty", not_empty, 1, 1, false },
    { "nth", nth, 2, 3, false },
    { "range", range, 1, 3, false },
    { "second", second, 1, 1, false },
    { "set", set, 1, 1, false },
    { "tuple", vector, 0, ARGUMENTS_MAX, false },
    { "untuple", untuple, 1, 1, false },
    { "vals", vals, 1, 1, false },
    { "vector", vector, 0, ARGUMENTS_MAX, false },
    { 0 },
};
