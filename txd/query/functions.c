#include "txd/query/functions.h"

#include "proto/edn.h"

static const struct function *const tables[] = {
    functions_collection, functions_graph, functions_logic,  functions_name,
    functions_number,     functions_regex, functions_string, functions_type,
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

BUILT_IN(call_by_name)
{
    const struct function *function = NULL;

    if (args[0].type == VALUE_SYMBOL || args[0].type == VALUE_KEYWORD ||
        args[0].type == VALUE_STRING)
        function = function_find(args[0].text);
    if (!function || function->takes_source)
        return fail_argument(err, call->arena, "a call", &args[0],
                             "the name of a built-in function that takes no source");
    if (count - 1 < function->min || count - 1 > function->max)
        return fail(err, ERROR_INCORRECT, "%s does not take %u arguments", function->name,
                    count - 1);
    return function->fn(call, args + 1, count - 1, out, err);
}

const struct function function_of_value = { "a call", call_by_name, 1, ARGUMENTS_MAX, false };

bool fail_argument(struct error *err, struct arena *arena, const char *function,
                   const struct value *value, const char *wanted)
{
    struct bytes text = edn_excerpt(arena, value);

    return fail(err, ERROR_INCORRECT, "%s takes %s, given the %s %.*s", function, wanted,
                value_type_name(value->type), BYTES_ARG(text));
}

struct value number_divide(int64_t a, int64_t b)
{
    if (b == -1 && a != INT64_MIN)
        return value_long(-a);
    if (b != 0 && b != -1 && a % b == 0)
        return value_long(a / b);
    return value_double((double)a / (double)b);
}

bool fail_unless_strings(struct call *call, const char *function, const struct value *args,
                         uint32_t count, struct error *err)
{
    for (uint32_t i = 0; i < count; i++)
        if (args[i].type != VALUE_STRING)
            return fail_argument(err, call->arena, function, &args[i], "strings");
    return true;
}

size_t text_offset(struct bytes text, int64_t n)
{
    size_t at = 0;

    while (at < text.len && n > 0) {
        at++;
        while (at < text.len && ((uint8_t)text.data[at] & 0xc0) == 0x80)
            at++;
        n--;
    }
    return at;
}
