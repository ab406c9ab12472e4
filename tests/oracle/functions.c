#include "tests/oracle/functions.h"

#include <stdio.h>

bool function_truthy(const struct value *value)
{
    return value->type != VALUE_NIL && (value->type != VALUE_BOOLEAN || value->boolean);
}

static bool wrong(struct error *err)
{
    return fail(err, ERROR_INCORRECT, "wrong arguments");
}

/* ---- comparison ---- */

static bool in_order(const struct function_call *call, const char *how)
{
    for (uint32_t i = 1; i < call->count; i++) {
        int order = value_compare(&call->args[i - 1], &call->args[i]);
        bool ok = strcmp(how, "<") == 0    ? order < 0
                  : strcmp(how, "<=") == 0 ? order <= 0
                  : strcmp(how, ">") == 0  ? order > 0
                  : strcmp(how, ">=") == 0 ? order >= 0
                                           : order == 0;
        if (!ok)
            return false;
    }
    return true;
}

static bool compare(const struct function_call *call, struct value *out)
{
    static const char *const names[] = { "<", "<=", ">", ">=", "=" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (bytes_equal(call->name, bytes_of(names[i]))) {
            *out = value_boolean(in_order(call, names[i]));
            return true;
        }
    }
    if (bytes_equal(call->name, BYTES("!=")) || bytes_equal(call->name, BYTES("not="))) {
        *out = value_boolean(!in_order(call, "="));
        return true;
    }
    return false;
}

/* ---- numbers ---- */

static double real(const struct value *value)
{
    return value->type == VALUE_LONG ? (double)value->number : value->real;
}

static struct value operate(char operator, const struct value * a, const struct value *b)
{
    bool longs = a->type == VALUE_LONG && b->type == VALUE_LONG;

    if (operator== '/')
        return longs && b->number != 0 && a->number % b->number == 0
                   ? value_long(a->number / b->number)
                   : value_double(real(a) / real(b));
    if (longs)
        return value_long(operator== '+' ? a->number + b->number :
                          operator== '-' ? a->number - b->number
                                         : a->number * b->number);
    return value_double(operator== '+' ? real(a) + real(b) :
                        operator== '-' ? real(a) - real(b)
                                       : real(a) * real(b));
}

static bool arithmetic(const struct function_call *call, struct value *out, struct error *err)
{
    for (uint32_t i = 0; i < call->count; i++)
        if (call->args[i].type != VALUE_LONG && call->args[i].type != VALUE_DOUBLE)
            return wrong(err);
    *out = call->args[0];
    for (uint32_t i = 1; i < call->count; i++) {
        if (call->name.data[0] == '/' && call->args[i].type == VALUE_LONG &&
            out->type == VALUE_LONG && call->args[i].number == 0)
            return wrong(err);
        *out = operate(call->name.data[0], out, &call->args[i]);
    }
    return true;
}

static bool whole(const struct function_call *call, struct value *out, struct error *err)
{
    int64_t a = call->args[0].number, b = call->count > 1 ? call->args[1].number : 1;

    for (uint32_t i = 0; i < call->count; i++)
        if (call->args[i].type != VALUE_LONG)
            return wrong(err);
    if (b == 0)
        return wrong(err);
    switch (call->name.data[0]) {
    case 'q': /* quot */
        *out = value_long(a / b);
        break;
    case 'r': /* rem */
        *out = value_long(a % b);
        break;
    case 'm': /* mod */
        *out = value_long((a % b + b) % b);
        break;
    case 'i': /* inc */
        *out = value_long(a + 1);
        break;
    case 'd': /* dec */
        *out = value_long(a - 1);
        break;
    case 'e': /* even? */
        *out = value_boolean(a % 2 == 0);
        break;
    default: /* odd? */
        *out = value_boolean(a % 2 != 0);
    }
    return true;
}

static bool extreme(const struct function_call *call, struct value *out)
{
    *out = call->args[0];
    for (uint32_t i = 1; i < call->count; i++) {
        int order = value_compare(&call->args[i], out);
        if (call->name.data[1] == 'i' ? order < 0 : order > 0)
            *out = call->args[i];
    }
    return true;
}

/* ---- strings ---- */

static bool has_part(struct bytes text, struct bytes part, size_t from, size_t to)
{
    for (size_t at = from; at <= to && at + part.len <= text.len; at++)
        if (memcmp(text.data + at, part.data, part.len) == 0)
            return true;
    return false;
}

static bool string(const struct function_call *call, struct value *out, struct error *err)
{
    struct arena *arena = call->question->arena;
    struct bytes a = call->args[0].text, b = call->count > 1 ? call->args[1].text : a;

    for (uint32_t i = 0; i < call->count; i++)
        if (call->args[i].type != VALUE_STRING)
            return wrong(err);
    if (bytes_equal(call->name, BYTES("starts-with?"))) {
        *out = value_boolean(has_part(a, b, 0, 0));
    } else if (bytes_equal(call->name, BYTES("ends-with?"))) {
        *out = value_boolean(b.len <= a.len && has_part(a, b, a.len - b.len, a.len));
    } else if (bytes_equal(call->name, BYTES("includes?"))) {
        *out = value_boolean(has_part(a, b, 0, a.len));
    } else { /* upper-case */
        char *text = arena_alloc(arena, a.len + 1);
        for (size_t i = 0; i < a.len; i++)
            text[i] = a.data[i] >= 'a' && a.data[i] <= 'z' ? (char)(a.data[i] - 32) : a.data[i];
        *out = value_string((struct bytes){ text, a.len });
    }
    return true;
}

/* Of strings, keywords and longs, which are all that it is given. */
static bool str(const struct function_call *call, struct value *out, struct error *err)
{
    struct arena *arena = call->question->arena;
    struct bytes text = { 0 };

    for (uint32_t i = 0; i < call->count; i++) {
        const struct value *arg = &call->args[i];
        if (arg->type == VALUE_LONG)
            text = arena_printf(arena, "%.*s%lld", BYTES_ARG(text), (long long)arg->number);
        else if (arg->type == VALUE_STRING || arg->type == VALUE_KEYWORD)
            text = arena_printf(arena, "%.*s%s%.*s", BYTES_ARG(text),
                                arg->type == VALUE_KEYWORD ? ":" : "", BYTES_ARG(arg->text));
        else
            return wrong(err);
    }
    *out = value_string(text);
    return true;
}

static bool count_of(const struct function_call *call, struct value *out, struct error *err)
{
    const struct value *arg = &call->args[0];

    if (arg->type != VALUE_STRING && !value_is_collection(arg))
        return wrong(err);
    *out = value_long(arg->type == VALUE_STRING ? (int64_t)arg->text.len : arg->count);
    return true;
}

/* ---- looking into the graph ---- */

/* The least value that the entity has in the attribute. */
static const struct value *look(const struct function_call *call, const struct value *attribute)
{
    const struct facts *facts = &call->question->sources[call->source].facts;
    const struct value *least = NULL;
    int64_t e;

    if (!question_entity(call->question, &call->args[0], &e))
        return NULL;
    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->items[i];
        if (fact->e == e && bytes_equal(fact->a, attribute->text) &&
            (!least || value_compare(&fact->v, least) < 0))
            least = &fact->v;
    }
    return least;
}

static bool look_up(const struct function_call *call, struct value *out, struct error *err)
{
    bool else_form = bytes_equal(call->name, BYTES("get-else"));
    const struct value *found = NULL;

    if (call->source == SOURCE_NONE || !call->question->sources[call->source].is_graph)
        return wrong(err);
    if (bytes_equal(call->name, BYTES("missing?"))) {
        *out = value_boolean(!look(call, &call->args[1]));
        return true;
    }
    if (else_form) {
        found = look(call, &call->args[1]);
        *out = found ? *found : call->args[2];
        return call->args[2].type != VALUE_NIL || wrong(err);
    }
    *out = value_nil();
    for (uint32_t i = 1; i < call->count && !found; i++) {
        struct value *pair = ARENA_ARRAY(call->question->arena, struct value, 2);
        found = look(call, &call->args[i]);
        if (found) {
            pair[0] = call->args[i];
            pair[1] = *found;
            *out = value_collection(VALUE_VECTOR, pair, 2);
        }
    }
    return true;
}

/* ---- the rest ---- */

static bool truth(const struct function_call *call, struct value *out)
{
    bool conjunction = bytes_equal(call->name, BYTES("and"));

    if (bytes_equal(call->name, BYTES("not"))) {
        *out = value_boolean(!function_truthy(&call->args[0]));
        return true;
    }
    *out = call->args[0];
    for (uint32_t i = 1; i < call->count && function_truthy(out) == conjunction; i++)
        *out = call->args[i];
    return true;
}

static bool collect(const struct function_call *call, struct value *out)
{
    struct value *items = ARENA_ARRAY(call->question->arena, struct value, call->count + 1);

    memcpy(items, call->args, call->count * sizeof(*items));
    *out = value_collection(VALUE_VECTOR, items, call->count);
    return true;
}

static bool differ(const struct function_call *call, struct value *out)
{
    uint32_t half = call->count / 2;
    bool same = true;

    for (uint32_t i = 0; i < half; i++)
        same = same && value_compare(&call->args[i], &call->args[half + i]) == 0;
    *out = value_boolean(!same);
    return true;
}

static bool is_one_of(struct bytes name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(name, bytes_of(names[i])))
            return true;
    return false;
}

#define IS_ONE_OF(name, ...)                                                                       \
    is_one_of((name), (const char *const[]){ __VA_ARGS__ },                                        \
              ARRAY_LEN(((const char *const[]){ __VA_ARGS__ })))

static bool run(const struct function_call *call, struct value *out, struct error *err)
{
    if (compare(call, out))
        return true;
    if (IS_ONE_OF(call->name, "+", "-", "*", "/"))
        return arithmetic(call, out, err);
    if (IS_ONE_OF(call->name, "quot", "rem", "mod", "inc", "dec", "even?", "odd?"))
        return whole(call, out, err);
    if (IS_ONE_OF(call->name, "min", "max"))
        return extreme(call, out);
    if (IS_ONE_OF(call->name, "starts-with?", "ends-with?", "includes?", "upper-case"))
        return string(call, out, err);
    if (IS_ONE_OF(call->name, "str"))
        return str(call, out, err);
    if (IS_ONE_OF(call->name, "count"))
        return count_of(call, out, err);
    if (IS_ONE_OF(call->name, "get-else", "get-some", "missing?"))
        return look_up(call, out, err);
    if (IS_ONE_OF(call->name, "and", "or", "not"))
        return truth(call, out);
    if (IS_ONE_OF(call->name, "tuple", "vector"))
        return collect(call, out);
    if (IS_ONE_OF(call->name, "-differ?"))
        return differ(call, out);
    if (!IS_ONE_OF(call->name, "ground", "identity", "untuple"))
        return fail(err, ERROR_INCORRECT, "unknown function %.*s", BYTES_ARG(call->name));
    *out = call->args[0];
    return true;
}

bool function_run(const struct function_call *call, struct value *out, struct error *err)
{
    struct bytes prefix = BYTES("clojure.string/");
    struct function_call plain = *call;

    if (bytes_starts_with(call->name, prefix))
        plain.name = (struct bytes){ call->name.data + prefix.len, call->name.len - prefix.len };
    return run(&plain, out, err);
}
