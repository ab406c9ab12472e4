/* Keywords and symbols. */
#include "proto/edn.h"
#include "txd/query/functions.h"

static bool has_name(const struct value *value)
{
    return value->type == VALUE_KEYWORD || value->type == VALUE_SYMBOL;
}

static size_t slash_at(struct bytes text)
{
    const char *slash = text.len > 1 ? memchr(text.data, '/', text.len) : NULL;

    return slash ? (size_t)(slash - text.data) : text.len;
}

BUILT_IN(name)
{
    if (args->type != VALUE_STRING && !has_name(args))
        return fail_argument(err, call->arena, "name", args, "a keyword, symbol or string");
    struct bytes text = args->text;
    size_t slash = has_name(args) ? slash_at(text) : text.len;
    *out = value_string(
        slash == text.len ? text : (struct bytes){ text.data + slash + 1, text.len - slash - 1 });
    return true;
}

BUILT_IN(namespace_of)
{
    if (!has_name(args))
        return fail_argument(err, call->arena, "namespace", args, "a keyword or symbol");
    size_t slash = slash_at(args->text);
    *out = slash == args->text.len ? value_nil()
                                   : value_string((struct bytes){ args->text.data, slash });
    return true;
}

static bool make_name(struct call *call, enum value_type type, const char *function,
                      const struct value *args, uint32_t count, struct value *out,
                      struct error *err)
{
    for (uint32_t i = 0; i < count; i++)
        if (args[i].type != VALUE_STRING && !has_name(&args[i]))
            return fail_argument(err, call->arena, function, &args[i], "strings that are names");
    struct value made = value_text(type, args[0].text);
    if (count == 2)
        made.text = arena_printf(call->arena, "%.*s/%.*s", BYTES_ARG(args[0].text),
                                 BYTES_ARG(args[1].text));
    const char *fault = edn_name_fault(type, made.text);
    if (fault)
        return fail(err, ERROR_INCORRECT, "%s: the name %s", function, fault);
    *out = made;
    return true;
}

BUILT_IN(keyword)
{
    return make_name(call, VALUE_KEYWORD, "keyword", args, count, out, err);
}

BUILT_IN(symbol)
{
    return make_name(call, VALUE_SYMBOL, "symbol", args, count, out, err);
}

const struct function functions_name[] = {
    { "keyword", keyword, 1, 2, false },
    { "name", name, 1, 1, false },
    { "namespace", namespace_of, 1, 1, false },
    { "symbol", symbol, 1, 2, false },
    { 0 },
};
