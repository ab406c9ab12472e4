/* What type a value has, and turning one into another. */
#include "txd/query/functions.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define IS_TYPE(name, wanted)                                                                      \
    BUILT_IN(name)                                                                                 \
    {                                                                                              \
        *out = value_boolean(args->type == (wanted));                                              \
        return true;                                                                               \
    }

IS_TYPE(is_boolean, VALUE_BOOLEAN)
IS_TYPE(is_bytes, VALUE_BYTES)
IS_TYPE(is_double, VALUE_DOUBLE)
IS_TYPE(is_instant, VALUE_INSTANT)
IS_TYPE(is_keyword, VALUE_KEYWORD)
IS_TYPE(is_list, VALUE_LIST)
IS_TYPE(is_long, VALUE_LONG)
IS_TYPE(is_map, VALUE_MAP)
IS_TYPE(is_set, VALUE_SET)
IS_TYPE(is_string, VALUE_STRING)
IS_TYPE(is_symbol, VALUE_SYMBOL)
IS_TYPE(is_uuid, VALUE_UUID)
IS_TYPE(is_vector, VALUE_VECTOR)

BUILT_IN(is_collection)
{
    *out = value_boolean(value_is_collection(args));
    return true;
}

BUILT_IN(is_sequence)
{
    *out = value_boolean(value_is_sequence(args));
    return true;
}

BUILT_IN(is_number)
{
    *out = value_boolean(args->type == VALUE_LONG || args->type == VALUE_DOUBLE);
    return true;
}

BUILT_IN(type_of)
{
    *out = value_keyword(bytes_of(value_type_name(args->type)));
    return true;
}

BUILT_IN(to_double)
{
    if (args->type != VALUE_LONG && args->type != VALUE_DOUBLE)
        return fail_argument(err, call->arena, "double", args, "a number");
    *out = args->type == VALUE_LONG ? value_double((double)args->number) : *args;
    return true;
}

/* Towards zero. */
BUILT_IN(to_long)
{
    if (args->type != VALUE_LONG && args->type != VALUE_DOUBLE)
        return fail_argument(err, call->arena, "long", args, "a number");
    if (args->type == VALUE_DOUBLE && !(args->real >= -0x1p63 && args->real < 0x1p63))
        return fail_argument(err, call->arena, "long", args, "what fits a 64-bit integer");
    *out = args->type == VALUE_DOUBLE ? value_long((int64_t)args->real) : *args;
    return true;
}

BUILT_IN(instant_ms)
{
    if (args->type != VALUE_INSTANT)
        return fail_argument(err, call->arena, "inst-ms", args, "an instant");
    *out = value_long(args->number);
    return true;
}

/* The text as a C string in `buffer`; false when it is no number at first sight. */
static bool number_text(struct bytes text, char buffer[64])
{
    if (text.len == 0 || text.len >= 64)
        return false;
    memcpy(buffer, text.data, text.len);
    buffer[text.len] = 0;
    return strspn(buffer, "+-.0123456789eE") == text.len && buffer[0] != 'e' && buffer[0] != 'E';
}

/* nil for what is no number, as Clojure's. */
BUILT_IN(parse_long)
{
    char text[64], *end;

    if (!fail_unless_strings(call, "parse-long", args, 1, err))
        return false;
    *out = value_nil();
    if (!number_text(args->text, text))
        return true;
    errno = 0;
    int64_t number = strtoll(text, &end, 10);
    if (errno == 0 && *end == 0)
        *out = value_long(number);
    return true;
}

BUILT_IN(parse_double)
{
    char text[64], *end;

    if (!fail_unless_strings(call, "parse-double", args, 1, err))
        return false;
    *out = value_nil();
    if (!number_text(args->text, text))
        return true;
    double number = strtod(text, &end);
    if (*end == 0)
        *out = value_double(number);
    return true;
}

const struct function functions_type[] = {
    { "boolean?", is_boolean, 1, 1, false },
    { "bytes?", is_bytes, 1, 1, false },
    { "coll?", is_collection, 1, 1, false },
    { "double", to_double, 1, 1, false },
    { "double?", is_double, 1, 1, false },
    { "float?", is_double, 1, 1, false },
    { "inst-ms", instant_ms, 1, 1, false },
    { "inst?", is_instant, 1, 1, false },
    { "int?", is_long, 1, 1, false },
    { "integer?", is_long, 1, 1, false },
    { "keyword?", is_keyword, 1, 1, false },
    { "list?", is_list, 1, 1, false },
    { "long", to_long, 1, 1, false },
    { "map?", is_map, 1, 1, false },
    { "number?", is_number, 1, 1, false },
    { "parse-double", parse_double, 1, 1, false },
    { "parse-long", parse_long, 1, 1, false },
    { "sequential?", is_sequence, 1, 1, false },
    { "set?", is_set, 1, 1, false },
    { "string?", is_string, 1, 1, false },
    { "symbol?", is_symbol, 1, 1, false },
    { "type", type_of, 1, 1, false },
    { "uuid?", is_uuid, 1, 1, false },
    { "vector?", is_vector, 1, 1, false },
    { 0 },
};
