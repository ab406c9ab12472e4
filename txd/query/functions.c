#include "txd/query/functions.h"

#include "proto/edn.h"

static const struct function *const tables[] = {
    functions_collection, functions_graph, functions_logic, functions_number, functions_string,
};

const struct function *function_find(struct bytes name)
{
    static const char *const prefixes[] = { "clojure.core/", "clojure.string/" };

    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        struct bytes prefix = bytes_of(prefixes[i]);
        if (bytes_starts_with(name, prefix))
            name = (struct bytes){ name.data + prefix.len, name.len - prefix.len };
    }
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        for (const struct function *function = tables[i]; function->name; function++)
            if (bytes_equal(name, bytes_of(function->name)))
                return function;
    return NULL;
}

bool fail_argument(struct error *err, struct arena *arena, const char *function,
                   const struct value *value, const char *wanted)
{
    struct bytes text = edn_excerpt(arena, value);

    return fail(err, ERROR_INCORRECT, "%s takes %s, given the %s %.*s", function, wanted,
                value_type_name(value->type), BYTES_ARG(text));
}

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

struct value number_divide(int64_t a, int64_t b)
{
    if (b != 0 && b != -1 && a % b == 0)
        return value_long(a / b);
    return value_double((double)a / (double)b);
}
