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

struct value number_divide(int64_t a, int64_t b)
{
    if (b != 0 && b != -1 && a % b == 0)
        return value_long(a / b);
    return value_double((double)a / (double)b);
}
