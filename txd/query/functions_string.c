/* Strings. Lengths and positions are in code points. */
#include "proto/edn.h"
#include "txd/query/functions.h"
#include "txd/query/letters.h"

static const char *find_in(struct bytes text, struct bytes part)
{
    return part.len == 0 ? "" : memmem(text.data, text.len, part.data, part.len);
}

static struct value take(struct call *call, struct buffer *buffer)
{
    struct value value = value_string(arena_copy(call->arena, buffer_bytes(buffer)));

    buffer_release(buffer);
    return value;
}

/* Whether so many more bytes may be built; else the buffer is given back. */
static bool has_room(struct call *call, struct buffer *buffer, size_t more, struct error *err)
{
    if (budget_bytes(call->budget, (uint64_t)buffer->len + more, err) &&
        budget_turn(call->budget, err))
        return true;
    buffer_release(buffer);
    return false;
}

/* As Clojure's str: nothing for nil, a string as it is, EDN for the rest. */
static bool append_str(struct call *call, struct buffer *buffer, const struct value *value,
                       struct error *err)
{
    bool text = value->type == VALUE_STRING;

    if (!has_room(call, buffer, text ? value->text.len : 0, err))
        return false;
    if (text)
        buffer_append_bytes(buffer, value->text);
    else if (value->type != VALUE_NIL)
        edn_write(buffer, value);
    return true;
}

BUILT_IN(str)
{
    struct buffer buffer = { 0 };

    for (uint32_t i = 0; i < count; i++)
        if (!append_str(call, &buffer, &args[i], err))
            return false;
    *out = take(call, &buffer);
    return true;
}

/* The arguments with spaces between them: `readable` strings have quotes, and nil is "nil". */
static bool print(struct call *call, const struct value *args, uint32_t count, bool readable,
                  const char *end, struct value *out, struct error *err)
{
    struct buffer buffer = { 0 };

    for (uint32_t i = 0; i < count; i++) {
        if (i)
            buffer_append_u8(&buffer, ' ');
        if (!readable && args[i].type == VALUE_STRING) {
            if (!append_str(call, &buffer, &args[i], err))
                return false;
            continue;
        }
        edn_write(&buffer, &args[i]);
        if (!has_room(call, &buffer, 0, err))
            return false;
    }
    buffer_append_bytes(&buffer, bytes_of(end));
    *out = take(call, &buffer);
    return true;
}

BUILT_IN(pr_str)
{
    return print(call, args, count, true, "", out, err);
}

BUILT_IN(prn_str)
{
    return print(call, args, count, true, "\n", out, err);
}

BUILT_IN(print_str)
{
    return print(call, args, count, false, "", out, err);
}

BUILT_IN(println_str)
{
    return print(call, args, count, false, "\n", out, err);
}

BUILT_IN(subs)
{
    if (args[0].type != VALUE_STRING)
        return fail_argument(err, call->arena, "subs", &args[0], "a string");
    for (uint32_t i = 1; i < count; i++)
        if (args[i].type != VALUE_LONG || args[i].number < 0)
            return fail_argument(err, call->arena, "subs", &args[i], "positions");
    struct bytes text = args[0].text;
    size_t from = text_offset(text, args[1].number);
    size_t to = count == 3 ? text_offset(text, args[2].number) : text.len;
    if (from > to)
        return fail_argument(err, call->arena, "subs", &args[1], "a start before the end");
    *out = value_string((struct bytes){ text.data + from, to - from });
    return true;
}

BUILT_IN(starts_with)
{
    if (!fail_unless_strings(call, "starts-with?", args, count, err))
        return false;
    *out = value_boolean(bytes_starts_with(args[0].text, args[1].text));
    return true;
}

BUILT_IN(ends_with)
{
    if (!fail_unless_strings(call, "ends-with?", args, count, err))
        return false;
    struct bytes text = args[0].text, end = args[1].text;
    *out =
        value_boolean(end.len <= text.len &&
                      bytes_equal(end, (struct bytes){ text.data + text.len - end.len, end.len }));
    return true;
}

BUILT_IN(includes)
{
    if (!fail_unless_strings(call, "includes?", args, count, err))
        return false;
    *out = value_boolean(find_in(args[0].text, args[1].text) != NULL);
    return true;
}

BUILT_IN(index_of)
{
    if (!fail_unless_strings(call, "index-of", args, count, err))
        return false;
    const char *at = find_in(args[0].text, args[1].text);
    *out = value_nil();
    if (at) {
        int64_t n = 0;
        size_t end = args[1].text.len ? (size_t)(at - args[0].text.data) : 0;
        for (size_t i = 0; i < end; i++)
            n += ((uint8_t)args[0].text.data[i] & 0xc0) != 0x80;
        *out = value_long(n);
    }
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct bytes trim_text(struct bytes text, bool left, bool right)
{
    while (left && text.len && is_space(text.data[0])) {
        text.data++;
        text.len--;
    }
    while (right && text.len && is_space(text.data[text.len - 1]))
        text.len--;
    return text;
}

BUILT_IN(is_blank)
{
    if (args->type != VALUE_NIL && !fail_unless_strings(call, "blank?", args, count, err))
        return false;
    *out = value_boolean(args->type == VALUE_NIL || trim_text(args->text, true, true).len == 0);
    return true;
}

BUILT_IN(trim)
{
    if (!fail_unless_strings(call, "trim", args, count, err))
        return false;
    *out = value_string(trim_text(args->text, true, true));
    return true;
}

BUILT_IN(trim_left)
{
    if (!fail_unless_strings(call, "triml", args, count, err))
        return false;
    *out = value_string(trim_text(args->text, true, false));
    return true;
}

BUILT_IN(trim_right)
{
    if (!fail_unless_strings(call, "trimr", args, count, err))
        return false;
    *out = value_string(trim_text(args->text, false, true));
    return true;
}

BUILT_IN(upper_case)
{
    if (!fail_unless_strings(call, "upper-case", args, count, err))
        return false;
    *out = value_string(letters_turn(args->text, CASE_UPPER, call->arena));
    return true;
}

BUILT_IN(lower_case)
{
    if (!fail_unless_strings(call, "lower-case", args, count, err))
        return false;
    *out = value_string(letters_turn(args->text, CASE_LOWER, call->arena));
    return true;
}

BUILT_IN(capitalize)
{
    if (!fail_unless_strings(call, "capitalize", args, count, err))
        return false;
    size_t first = text_offset(args->text, 1);
    struct bytes head = { args->text.data, first };
    struct bytes tail = { args->text.data + first, args->text.len - first };
    struct value both[] = { value_string(letters_turn(head, CASE_UPPER, call->arena)),
                            value_string(letters_turn(tail, CASE_LOWER, call->arena)) };
    return str(call, both, 2, out, err);
}

/* Replaces a text by another, all of them or the first. */
static bool replace_text(struct call *call, const char *name, const struct value *args, bool all,
                         struct value *out, struct error *err)
{
    struct buffer buffer = { 0 };

    if (!fail_unless_strings(call, name, args, 3, err))
        return false;
    struct bytes rest = args[0].text;
    const char *at;
    while (args[1].text.len && (at = find_in(rest, args[1].text))) {
        if (!has_room(call, &buffer, rest.len + args[2].text.len, err))
            return false;
        buffer_append(&buffer, rest.data, (size_t)(at - rest.data));
        buffer_append_bytes(&buffer, args[2].text);
        rest.len -= (size_t)(at - rest.data) + args[1].text.len;
        rest.data = at + args[1].text.len;
        if (!all)
            break;
    }
    buffer_append_bytes(&buffer, rest);
    *out = take(call, &buffer);
    return true;
}

BUILT_IN(replace)
{
    return replace_text(call, "replace", args, true, out, err);
}

BUILT_IN(replace_first)
{
    return replace_text(call, "replace-first", args, false, out, err);
}

BUILT_IN(join)
{
    const struct value *items = &args[count - 1];
    struct buffer buffer = { 0 };

    if (!value_is_collection(items) || items->type == VALUE_MAP)
        return fail_argument(err, call->arena, "join", items, "a vector, list or set last");
    for (uint32_t i = 0; i < items->count; i++) {
        if ((i && count == 2 && !append_str(call, &buffer, &args[0], err)) ||
            !append_str(call, &buffer, &items->items[i], err))
            return false;
    }
    *out = take(call, &buffer);
    return true;
}

const struct function functions_string[] = {
    { "blank?", is_blank, 1, 1, false },
    { "capitalize", capitalize, 1, 1, false },
    { "ends-with?", ends_with, 2, 2, false },
    { "includes?", includes, 2, 2, false },
    { "index-of", index_of, 2, 2, false },
    { "join", join, 1, 2, false },
    { "lower-case", lower_case, 1, 1, false },
    { "pr-str", pr_str, 0, ARGUMENTS_MAX, false },
    { "print-str", print_str, 0, ARGUMENTS_MAX, false },
    { "println-str", println_str, 0, ARGUMENTS_MAX, false },
    { "prn-str", prn_str, 0, ARGUMENTS_MAX, false },
    { "replace", replace, 3, 3, false },
    { "replace-first", replace_first, 3, 3, false },
    { "starts-with?", starts_with, 2, 2, false },
    { "str", str, 0, ARGUMENTS_MAX, false },
    { "subs", subs, 2, 3, false },
    { "trim", trim, 1, 1, false },
    { "triml", trim_left, 1, 1, false },
    { "trimr", trim_right, 1, 1, false },
    { "upper-case", upper_case, 1, 1, false },
    { 0 },
};
