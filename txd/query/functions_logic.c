/* Comparison, truth and identity. Comparisons are by order_compare(), of any number of values. */
#include "txd/query/functions.h"

BUILT_IN(equal)
{
    bool result = true;

    for (uint32_t i = 1; result && i < count; i++)
        result = order_compare(&args[i - 1], &args[i]) == 0;
    *out = value_boolean(result);
    return true;
}

BUILT_IN(not_equal)
{
    bool ok = equal(call, args, count, out, err);

    out->boolean = !out->boolean;
    return ok;
}

BUILT_IN(less)
{
    bool result = true;

    for (uint32_t i = 1; result && i < count; i++)
        result = order_compare(&args[i - 1], &args[i]) < 0;
    *out = value_boolean(result);
    return true;
}

BUILT_IN(less_equal)
{
    bool result = true;

    for (uint32_t i = 1; result && i < count; i++)
        result = order_compare(&args[i - 1], &args[i]) <= 0;
    *out = value_boolean(result);
    return true;
}

BUILT_IN(greater)
{
    bool result = true;

    for (uint32_t i = 1; result && i < count; i++)
        result = order_compare(&args[i - 1], &args[i]) > 0;
    *out = value_boolean(result);
    return true;
}

BUILT_IN(greater_equal)
{
    bool result = true;

    for (uint32_t i = 1; result && i < count; i++)
        result = order_compare(&args[i - 1], &args[i]) >= 0;
    *out = value_boolean(result);
    return true;
}

BUILT_IN(compare)
{
    int order = order_compare(&args[0], &args[1]);

    *out = value_long((order > 0) - (order < 0));
    return true;
}

/* -differ?: the first half of the arguments, as a tuple, is not the second half. */
BUILT_IN(differ)
{
    uint32_t half = count / 2;
    bool same = count % 2 == 0;

    for (uint32_t i = 0; same && i < half; i++)
        same = order_compare(&args[i], &args[half + i]) == 0;
    *out = value_boolean(!same);
    return true;
}

BUILT_IN(identity)
{
    *out = args[0];
    return true;
}

BUILT_IN(logical_and)
{
    *out = value_boolean(true);
    for (uint32_t i = 0; i < count && value_is_truthy(out); i++)
        *out = args[i];
    return true;
}

BUILT_IN(logical_or)
{
    *out = value_nil();
    for (uint32_t i = 0; i < count && !value_is_truthy(out); i++)
        *out = args[i];
    return true;
}

BUILT_IN(logical_not)
{
    *out = value_boolean(!value_is_truthy(&args[0]));
    return true;
}

BUILT_IN(is_true)
{
    *out = value_boolean(args[0].type == VALUE_BOOLEAN && args[0].boolean);
    return true;
}

BUILT_IN(is_false)
{
    *out = value_boolean(args[0].type == VALUE_BOOLEAN && !args[0].boolean);
    return true;
}

BUILT_IN(is_nil)
{
    *out = value_boolean(args[0].type == VALUE_NIL);
    return true;
}

BUILT_IN(is_some)
{
    *out = value_boolean(args[0].type != VALUE_NIL);
    return true;
}

const struct function functions_logic[] = {
    { "!=", not_equal, 1, ARGUMENTS_MAX, false },
    { "-differ?", differ, 0, ARGUMENTS_MAX, false },
    { "<", less, 1, ARGUMENTS_MAX, false },
    { "<=", less_equal, 1, ARGUMENTS_MAX, false },
    { "=", equal, 1, ARGUMENTS_MAX, false },
    { "==", equal, 1, ARGUMENTS_MAX, false },
    { ">", greater, 1, ARGUMENTS_MAX, false },
    { ">=", greater_equal, 1, ARGUMENTS_MAX, false },
    { "and", logical_and, 0, ARGUMENTS_MAX, false },
    { "compare", compare, 2, 2, false },
    { "false?", is_false, 1, 1, false },
    { "ground", identity, 1, 1, false },
    { "identical?", equal, 2, 2, false },
    { "identity", identity, 1, 1, false },
    { "nil?", is_nil, 1, 1, false },
    { "not", logical_not, 1, 1, false },
    { "not=", not_equal, 1, ARGUMENTS_MAX, false },
    { "or", logical_or, 0, ARGUMENTS_MAX, false },
    { "some?", is_some, 1, 1, false },
    { "true?", is_true, 1, 1, false },
    { 0 },
};
