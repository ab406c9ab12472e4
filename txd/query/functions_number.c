/* Arithmetic. Longs stay longs, and overflow is an error; a double makes the result a double. */
#include "txd/query/functions.h"

#include <math.h>

static bool is_number(const struct value *value)
{
    return value->type == VALUE_LONG || value->type == VALUE_DOUBLE;
}

static double as_double(const struct value *value)
{
    return value->type == VALUE_LONG ? (double)value->number : value->real;
}

static bool fail_overflow(struct error *err, const char *function)
{
    return fail(err, ERROR_INCORRECT, "%s: the result does not fit a 64-bit integer", function);
}

static bool check_numbers(struct call *call, const char *function, const struct value *args,
                          uint32_t count, struct error *err)
{
    for (uint32_t i = 0; i < count; i++)
        if (!is_number(&args[i]))
            return fail_argument(err, call->arena, function, &args[i], "numbers");
    return true;
}

enum operation { ADD, SUBTRACT, MULTIPLY };
static const char *const operation_names[] = { "+", "-", "*" };

static bool operate(enum operation operation, struct value *sum, const struct value *next,
                    struct error *err)
{
    bool overflow = false;

    if (sum->type == VALUE_LONG && next->type == VALUE_LONG) {
        if (operation == ADD)
            overflow = __builtin_add_overflow(sum->number, next->number, &sum->number);
        else if (operation == SUBTRACT)
            overflow = __builtin_sub_overflow(sum->number, next->number, &sum->number);
        else
            overflow = __builtin_mul_overflow(sum->number, next->number, &sum->number);
        return !overflow || fail_overflow(err, operation_names[operation]);
    }
    double a = as_double(sum), b = as_double(next);
    *sum = value_double(operation == ADD ? a + b : operation == SUBTRACT ? a - b : a * b);
    return true;
}

static bool fold(struct call *call, enum operation operation, struct value first,
                 const struct value *args, uint32_t count, struct value *out, struct error *err)
{
    struct value sum = first;

    if (!check_numbers(call, operation_names[operation], &sum, 1, err) ||
        !check_numbers(call, operation_names[operation], args, count, err))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!operate(operation, &sum, &args[i], err))
            return false;
    *out = sum;
    return true;
}

BUILT_IN(add)
{
    return fold(call, ADD, value_long(0), args, count, out, err);
}

BUILT_IN(multiply)
{
    return fold(call, MULTIPLY, value_long(1), args, count, out, err);
}

BUILT_IN(subtract)
{
    if (count == 1)
        return fold(call, SUBTRACT, value_long(0), args, 1, out, err);
    return fold(call, SUBTRACT, args[0], args + 1, count - 1, out, err);
}

static bool divide_two(struct value *a, const struct value *b, struct error *err)
{
    if (a->type == VALUE_LONG && b->type == VALUE_LONG) {
        if (b->number == 0)
            return fail(err, ERROR_INCORRECT, "/: division by zero");
        *a = number_divide(a->number, b->number);
    } else {
        *a = value_double(as_double(a) / as_double(b));
    }
    return true;
}

BUILT_IN(divide)
{
    struct value result = count == 1 ? value_long(1) : args[0];

    if (!check_numbers(call, "/", args, count, err))
        return false;
    for (uint32_t i = count == 1 ? 0 : 1; i < count; i++)
        if (!divide_two(&result, &args[i], err))
            return false;
    *out = result;
    return true;
}

/* The whole quotient of two longs towards zero, and what is left. */
static bool whole(struct call *call, const char *name, const struct value *args, int64_t *quotient,
                  int64_t *rest, struct error *err)
{
    for (int i = 0; i < 2; i++)
        if (args[i].type != VALUE_LONG)
            return fail_argument(err, call->arena, name, &args[i], "two longs");
    if (args[1].number == 0)
        return fail(err, ERROR_INCORRECT, "%s: division by zero", name);
    if (args[1].number == -1) { /* INT64_MIN / -1 does not fit */
        *rest = 0;
        return !__builtin_sub_overflow(0, args[0].number, quotient) || fail_overflow(err, name);
    }
    *quotient = args[0].number / args[1].number;
    *rest = args[0].number % args[1].number;
    return true;
}

BUILT_IN(quotient)
{
    int64_t q = 0, r = 0; /* gcc -O3 cannot see that fail() is false */

    if (!whole(call, "quot", args, &q, &r, err))
        return false;
    *out = value_long(q);
    return true;
}

BUILT_IN(remainder_of)
{
    int64_t q = 0, r = 0; /* gcc -O3 cannot see that fail() is false */

    if (!whole(call, "rem", args, &q, &r, err))
        return false;
    *out = value_long(r);
    return true;
}

BUILT_IN(modulo)
{
    int64_t q = 0, r = 0; /* gcc -O3 cannot see that fail() is false */

    if (!whole(call, "mod", args, &q, &r, err))
        return false;
    if (r != 0 && (r < 0) != (args[1].number < 0))
        r += args[1].number;
    *out = value_long(r);
    return true;
}

BUILT_IN(increment)
{
    struct value one = value_long(1);

    return fold(call, ADD, args[0], &one, 1, out, err);
}

BUILT_IN(decrement)
{
    struct value one = value_long(1);

    return fold(call, SUBTRACT, args[0], &one, 1, out, err);
}

BUILT_IN(minimum)
{
    *out = args[0];
    for (uint32_t i = 1; i < count; i++)
        if (order_compare(&args[i], out) < 0)
            *out = args[i];
    return true;
}

BUILT_IN(maximum)
{
    *out = args[0];
    for (uint32_t i = 1; i < count; i++)
        if (order_compare(&args[i], out) > 0)
            *out = args[i];
    return true;
}

static bool sign(struct call *call, const char *name, const struct value *arg, int *out,
                 struct error *err)
{
    if (!check_numbers(call, name, arg, 1, err))
        return false;
    double n = as_double(arg);
    *out = (n > 0) - (n < 0);
    return true;
}

BUILT_IN(is_zero)
{
    int s;

    if (!sign(call, "zero?", args, &s, err))
        return false;
    *out = value_boolean(s == 0 && !(args->type == VALUE_DOUBLE && isnan(args->real)));
    return true;
}

BUILT_IN(is_positive)
{
    int s;

    if (!sign(call, "pos?", args, &s, err))
        return false;
    *out = value_boolean(s > 0);
    return true;
}

BUILT_IN(is_negative)
{
    int s;

    if (!sign(call, "neg?", args, &s, err))
        return false;
    *out = value_boolean(s < 0);
    return true;
}

BUILT_IN(is_even)
{
    if (args->type != VALUE_LONG)
        return fail_argument(err, call->arena, "even?", args, "a long");
    *out = value_boolean(args->number % 2 == 0);
    return true;
}

BUILT_IN(is_odd)
{
    if (args->type != VALUE_LONG)
        return fail_argument(err, call->arena, "odd?", args, "a long");
    *out = value_boolean(args->number % 2 != 0);
    return true;
}

BUILT_IN(is_number_value)
{
    *out = value_boolean(is_number(args));
    return true;
}

const struct function functions_number[] = {
    { "*", multiply, 0, ARGUMENTS_MAX, false },
    { "+", add, 0, ARGUMENTS_MAX, false },
    { "-", subtract, 1, ARGUMENTS_MAX, false },
    { "/", divide, 1, ARGUMENTS_MAX, false },
    { "dec", decrement, 1, 1, false },
    { "even?", is_even, 1, 1, false },
    { "inc", increment, 1, 1, false },
    { "max", maximum, 1, ARGUMENTS_MAX, false },
    { "min", minimum, 1, ARGUMENTS_MAX, false },
    { "mod", modulo, 2, 2, false },
    { "neg?", is_negative, 1, 1, false },
    { "number?", is_number_value, 1, 1, false },
    { "odd?", is_odd, 1, 1, false },
    { "pos?", is_positive, 1, 1, false },
    { "quot", quotient, 2, 2, false },
    { "rem", remainder_of, 2, 2, false },
    { "zero?", is_zero, 1, 1, false },
    { 0 },
};
