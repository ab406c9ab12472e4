/* Arithmetic. Longs stay longs, and overflow is an error; a double makes the result a double. */
#include "txd/query/functions.h"

#include <math.h>
#include <stdlib.h>

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

static bool operate(const char *name, enum operation operation, struct value *sum,
                    const struct value *next, struct error *err)
{
    bool overflow = false;

    if (sum->type == VALUE_LONG && next->type == VALUE_LONG) {
        if (operation == ADD)
            overflow = __builtin_add_overflow(sum->number, next->number, &sum->number);
        else if (operation == SUBTRACT)
            overflow = __builtin_sub_overflow(sum->number, next->number, &sum->number);
        else
            overflow = __builtin_mul_overflow(sum->number, next->number, &sum->number);
        return !overflow || fail_overflow(err, name);
    }
    double a = as_double(sum), b = as_double(next);
    *sum = value_double(operation == ADD ? a + b : operation == SUBTRACT ? a - b : a * b);
    return true;
}

static bool fold(struct call *call, const char *name, enum operation operation, struct value first,
                 const struct value *args, uint32_t count, struct value *out, struct error *err)
{
    struct value sum = first;

    if (!check_numbers(call, name, &sum, 1, err) || !check_numbers(call, name, args, count, err))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!operate(name, operation, &sum, &args[i], err))
            return false;
    *out = sum;
    return true;
}

BUILT_IN(add)
{
    return fold(call, "+", ADD, value_long(0), args, count, out, err);
}

BUILT_IN(multiply)
{
    return fold(call, "*", MULTIPLY, value_long(1), args, count, out, err);
}

BUILT_IN(subtract)
{
    if (count == 1)
        return fold(call, "-", SUBTRACT, value_long(0), args, 1, out, err);
    return fold(call, "-", SUBTRACT, args[0], args + 1, count - 1, out, err);
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

/* The whole quotient towards zero, and what is left; of doubles both are doubles. */
static bool whole(struct call *call, const char *name, const struct value *args,
                  struct value *quotient, struct value *rest, struct error *err)
{
    int64_t a = args[0].number, b = args[1].number, negated = 0;
    double x = as_double(&args[0]), y = as_double(&args[1]);

    if (!check_numbers(call, name, args, 2, err))
        return false;
    if (y == 0)
        return fail(err, ERROR_INCORRECT, "%s: division by zero", name);
    if (args[0].type == VALUE_DOUBLE || args[1].type == VALUE_DOUBLE) {
        *quotient = value_double(trunc(x / y));
        *rest = value_double(fmod(x, y));
    } else if (b == -1) { /* INT64_MIN / -1 does not fit */
        if (__builtin_sub_overflow(0, a, &negated))
            return fail_overflow(err, name);
        *quotient = value_long(negated);
        *rest = value_long(0);
    } else {
        *quotient = value_long(a / b);
        *rest = value_long(a % b);
    }
    return true;
}

BUILT_IN(quotient)
{
    struct value rest;

    return whole(call, "quot", args, out, &rest, err);
}

BUILT_IN(remainder_of)
{
    struct value quotient_of;

    return whole(call, "rem", args, &quotient_of, out, err);
}

/* Has the sign of the divisor. */
BUILT_IN(modulo)
{
    struct value quotient_of;

    if (!whole(call, "mod", args, &quotient_of, out, err))
        return false;
    double rest = as_double(out);
    if (rest != 0 && (rest < 0) != (as_double(&args[1]) < 0))
        return fold(call, "mod", ADD, *out, &args[1], 1, out, err);
    return true;
}

/* From 0 up to the argument, which is left out; of doubles up to 1 without one. */
BUILT_IN(random_double)
{
    double below = 1;

    if (count == 1 && !check_numbers(call, "rand", args, 1, err))
        return false;
    if (count == 1)
        below = as_double(args);
    *out = value_double((double)random() / ((double)RAND_MAX + 1) * below);
    return true;
}

BUILT_IN(random_long)
{
    if (args->type != VALUE_LONG || args->number < 1)
        return fail_argument(err, call->arena, "rand-int", args, "a long above 0");
    uint64_t any = (uint64_t)random() << 31 ^ (uint64_t)random();
    *out = value_long((int64_t)(any % (uint64_t)args->number));
    return true;
}

BUILT_IN(absolute)
{
    if (!check_numbers(call, "abs", args, 1, err))
        return false;
    if (args->type == VALUE_DOUBLE)
        *out = value_double(fabs(args->real));
    else if (args->number == INT64_MIN)
        return fail_overflow(err, "abs");
    else
        *out = value_long(args->number < 0 ? -args->number : args->number);
    return true;
}

BUILT_IN(increment)
{
    struct value one = value_long(1);

    return fold(call, "inc", ADD, args[0], &one, 1, out, err);
}

BUILT_IN(decrement)
{
    struct value one = value_long(1);

    return fold(call, "dec", SUBTRACT, args[0], &one, 1, out, err);
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

const struct function functions_number[] = {
    { "*", multiply, 0, ARGUMENTS_MAX, false },
    { "+", add, 0, ARGUMENTS_MAX, false },
    { "-", subtract, 1, ARGUMENTS_MAX, false },
    { "/", divide, 1, ARGUMENTS_MAX, false },
    { "abs", absolute, 1, 1, false },
    { "dec", decrement, 1, 1, false },
    { "even?", is_even, 1, 1, false },
    { "inc", increment, 1, 1, false },
    { "max", maximum, 1, ARGUMENTS_MAX, false },
    { "min", minimum, 1, ARGUMENTS_MAX, false },
    { "mod", modulo, 2, 2, false },
    { "neg?", is_negative, 1, 1, false },
    { "odd?", is_odd, 1, 1, false },
    { "pos?", is_positive, 1, 1, false },
    { "quot", quotient, 2, 2, false },
    { "rand", random_double, 0, 1, false },
    { "rand-int", random_long, 1, 1, false },
    { "rem", remainder_of, 2, 2, false },
    { "zero?", is_zero, 1, 1, false },
    { 0 },
};
