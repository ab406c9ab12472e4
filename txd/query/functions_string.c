/* Strings and names. Lengths and positions are in code points. Case is that of ASCII and Latin. */
#include "proto/edn.h"
#include "txd/query/functions.h"
#include "txd/query/regex.h"

static bool need_strings(struct call *call, const char *function, const struct value *args,
                         uint32_t count, struct error *err)
{
    for (uint32_t i = 0; i < count; i++)
        if (args[i].type != VALUE_STRING)
            return fail_argument(err, call->arena, function, &args[i], "strings");
    return true;
}

/* The byte offset of the code point number `n`; the length when there are not so many. */
static size_t offset_of(struct bytes text, int64_t n)
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

/* As Clojure's str: nothing for nil, a string as it is, EDN for the rest. */
static void append_str(struct buffer *buffer, const struct value *value)
{
    if (value->type == VALUE_STRING)
        buffer_append_bytes(buffer, value->text);
    else if (value->type != VALUE_NIL)
        edn_write(buffer, value);
}

BUILT_IN(str)
{
    struct buffer buffer = { 0 };

    for (uint32_t i = 0; i < count; i++)
        append_str(&buffer, &args[i]);
    *out = take(call, &buffer);
    return true;
}

BUILT_IN(pr_str)
{
    struct buffer buffer = { 0 };

    for (uint32_t i = 0; i < count; i++) {
        if (i)
            buffer_append_u8(&buffer, ' ');
        edn_write(&buffer, &args[i]);
    }
    *out = take(call, &buffer);
    return true;
}

BUILT_IN(subs)
{
    if (args[0].type != VALUE_STRING)
        return fail_argument(err, call->arena, "subs", &args[0], "a string");
    for (uint32_t i = 1; i < count; i++)
        if (args[i].type != VALUE_LONG || args[i].number < 0)
            return fail_argument(err, call->arena, "subs", &args[i], "positions");
    struct bytes text = args[0].text;
    size_t from = offset_of(text, args[1].number);
    size_t to = count == 3 ? offset_of(text, args[2].number) : text.len;
    if (from > to)
        return fail_argument(err, call->arena, "subs", &args[1], "a start before the end");
    *out = value_string((struct bytes){ text.data + from, to - from });
    return true;
}

BUILT_IN(starts_with)
{
    if (!need_strings(call, "starts-with?", args, count, err))
        return false;
    *out = value_boolean(bytes_starts_with(args[0].text, args[1].text));
    return true;
}

BUILT_IN(ends_with)
{
    if (!need_strings(call, "ends-with?", args, count, err))
        return false;
    struct bytes text = args[0].text, end = args[1].text;
    *out =
        value_boolean(end.len <= text.len &&
                      bytes_equal(end, (struct bytes){ text.data + text.len - end.len, end.len }));
    return true;
}

BUILT_IN(includes)
{
    if (!need_strings(call, "includes?", args, count, err))
        return false;
    *out = value_boolean(find_in(args[0].text, args[1].text) != NULL);
    return true;
}

BUILT_IN(index_of)
{
    if (!need_strings(call, "index-of", args, count, err))
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
    if (args->type != VALUE_NIL && !need_strings(call, "blank?", args, count, err))
        return false;
    *out = value_boolean(args->type == VALUE_NIL || trim_text(args->text, true, true).len == 0);
    return true;
}

BUILT_IN(trim)
{
    if (!need_strings(call, "trim", args, count, err))
        return false;
    *out = value_string(trim_text(args->text, true, true));
    return true;
}

BUILT_IN(trim_left)
{
    if (!need_strings(call, "triml", args, count, err))
        return false;
    *out = value_string(trim_text(args->text, true, false));
    return true;
}

BUILT_IN(trim_right)
{
    if (!need_strings(call, "trimr", args, count, err))
        return false;
    *out = value_string(trim_text(args->text, false, true));
    return true;
}

/* Turns the letters of ASCII and, in two bytes c3 80 .. c3 be, those of Latin-1. */
static struct value turn_case(struct call *call, struct bytes text, bool upper)
{
    struct bytes copy = arena_copy(call->arena, text);
    char *data = arena_alloc(call->arena, text.len + 1);

    for (size_t i = 0; i < copy.len; i++) {
        uint8_t byte = (uint8_t)copy.data[i];
        bool latin = i > 0 && (uint8_t)copy.data[i - 1] == 0xc3;
        uint8_t first = latin ? 0x80 : 'A', last = latin ? 0x9e : 'Z', gap = 0x20;
        bool lower_letter = byte >= first + gap && byte <= last + gap && byte != 0xb7;
        bool upper_letter = byte >= first && byte <= last && byte != 0x97;
        if (upper && lower_letter)
            byte = (uint8_t)(byte - gap);
        else if (!upper && upper_letter)
            byte = (uint8_t)(byte + gap);
        data[i] = (char)byte;
    }
    return value_string((struct bytes){ data, copy.len });
}

BUILT_IN(upper_case)
{
    if (!need_strings(call, "upper-case", args, count, err))
        return false;
    *out = turn_case(call, args->text, true);
    return true;
}

BUILT_IN(lower_case)
{
    if (!need_strings(call, "lower-case", args, count, err))
        return false;
    *out = turn_case(call, args->text, false);
    return true;
}

BUILT_IN(capitalize)
{
    if (!need_strings(call, "capitalize", args, count, err))
        return false;
    size_t first = offset_of(args->text, 1);
    struct value head = turn_case(call, (struct bytes){ args->text.data, first }, true);
    struct value tail =
        turn_case(call, (struct bytes){ args->text.data + first, args->text.len - first }, false);
    struct value both[] = { head, tail };
    return str(call, both, 2, out, err);
}

/* Replaces a text by another, all of them or the first. */
static bool replace_text(struct call *call, const char *name, const struct value *args, bool all,
                         struct value *out, struct error *err)
{
    struct buffer buffer = { 0 };

    if (!need_strings(call, name, args, 3, err))
        return false;
    struct bytes rest = args[0].text;
    const char *at;
    while (args[1].text.len && (at = find_in(rest, args[1].text))) {
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
        if (i && count == 2)
            append_str(&buffer, &args[0]);
        append_str(&buffer, &items->items[i]);
    }
    *out = take(call, &buffer);
    return true;
}

/* One match may take long by itself, so the clock is looked at before each. */
static bool need_pattern(struct call *call, const char *name, const struct value *args,
                         struct error *err)
{
    return need_strings(call, name, args, 2, err) && budget_check(call->budget, err);
}

BUILT_IN(re_find)
{
    size_t end;

    return need_pattern(call, "re-find", args, err) &&
           regex_match(call->regexes, args[0].text, args[1].text, 0, false, call->arena, out, &end,
                       err);
}

BUILT_IN(re_matches)
{
    size_t end;

    return need_pattern(call, "re-matches", args, err) &&
           regex_match(call->regexes, args[0].text, args[1].text, 0, true, call->arena, out, &end,
                       err);
}

BUILT_IN(re_seq)
{
    struct value_builder matches = { 0 };
    size_t at = 0, end = 0;

    if (!need_pattern(call, "re-seq", args, err))
        return false;
    while (at <= args[1].text.len) {
        struct value match;
        if (!budget_check(call->budget, err) ||
            !regex_match(call->regexes, args[0].text, args[1].text, at, false, call->arena, &match,
                         &end, err))
            return false;
        if (match.type == VALUE_NIL)
            break;
        value_builder_add(&matches, call->arena, match);
        bool empty =
            match.type == VALUE_STRING ? match.text.len == 0 : match.items[0].text.len == 0;
        struct bytes rest = { args[1].text.data + end, args[1].text.len - end };
        at = end + (empty ? offset_of(rest, 1) + (rest.len == 0) : 0);
    }
    *out = matches.count ? value_builder_end(&matches, VALUE_LIST) : value_nil();
    return true;
}

/* Splits at a regular expression; empty strings at the end are left out. */
BUILT_IN(split)
{
    struct value_builder parts = { 0 };
    size_t from = 0, at = 0, end = 0;

    if (!need_strings(call, "split", args, 2, err))
        return false;
    struct bytes text = args[0].text;
    while (at <= text.len) {
        struct value match;
        if (!budget_check(call->budget, err) || !regex_match(call->regexes, args[1].text, text, at,
                                                             false, call->arena, &match, &end, err))
            return false;
        if (match.type == VALUE_NIL)
            break;
        size_t len = match.type == VALUE_STRING ? match.text.len : match.items[0].text.len;
        struct bytes part = { text.data + from, end - len - from };
        if (len > 0 || (part.len > 0 && end < text.len)) {
            value_builder_add(&parts, call->arena, value_string(part));
            from = end;
        }
        struct bytes rest = { text.data + end, text.len - end };
        at = end + (len == 0 ? offset_of(rest, 1) + (rest.len == 0) : 0);
    }
    value_builder_add(&parts, call->arena,
                      value_string((struct bytes){ text.data + from, text.len - from }));
    while (parts.count > 1 && parts.items[parts.count - 1].text.len == 0)
        parts.count--;
    *out = value_builder_end(&parts, VALUE_VECTOR);
    return true;
}

BUILT_IN(split_lines)
{
    struct value both[] = { args[0], value_string(BYTES("\r?\n")) };

    return split(call, both, 2, out, err);
}

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
        if ((args[i].type != VALUE_STRING && !has_name(&args[i])) || args[i].text.len == 0)
            return fail_argument(err, call->arena, function, &args[i], "strings that are names");
    *out = value_text(type, args[0].text);
    if (count == 2)
        out->text = arena_printf(call->arena, "%.*s/%.*s", (int)args[0].text.len, args[0].text.data,
                                 (int)args[1].text.len, args[1].text.data);
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

BUILT_IN(re_pattern)
{
    if (!need_strings(call, "re-pattern", args, count, err))
        return false;
    *out = args[0];
    return true;
}

BUILT_IN(is_string)
{
    *out = value_boolean(args->type == VALUE_STRING);
    return true;
}

BUILT_IN(is_keyword)
{
    *out = value_boolean(args->type == VALUE_KEYWORD);
    return true;
}

const struct function functions_string[] = {
    { "blank?", is_blank, 1, 1, false },
    { "capitalize", capitalize, 1, 1, false },
    { "ends-with?", ends_with, 2, 2, false },
    { "includes?", includes, 2, 2, false },
    { "index-of", index_of, 2, 2, false },
    { "join", join, 1, 2, false },
    { "keyword", keyword, 1, 2, false },
    { "keyword?", is_keyword, 1, 1, false },
    { "lower-case", lower_case, 1, 1, false },
    { "name", name, 1, 1, false },
    { "namespace", namespace_of, 1, 1, false },
    { "pr-str", pr_str, 0, ARGUMENTS_MAX, false },
    { "print-str", str, 0, ARGUMENTS_MAX, false },
    { "re-find", re_find, 2, 2, false },
    { "re-matches", re_matches, 2, 2, false },
    { "re-pattern", re_pattern, 1, 1, false },
    { "re-seq", re_seq, 2, 2, false },
    { "replace", replace, 3, 3, false },
    { "replace-first", replace_first, 3, 3, false },
    { "split", split, 2, 2, false },
    { "split-lines", split_lines, 1, 1, false },
    { "starts-with?", starts_with, 2, 2, false },
    { "str", str, 0, ARGUMENTS_MAX, false },
    { "string?", is_string, 1, 1, false },
    { "subs", subs, 2, 3, false },
    { "symbol", symbol, 1, 2, false },
    { "trim", trim, 1, 1, false },
    { "triml", trim_left, 1, 1, false },
    { "trimr", trim_right, 1, 1, false },
    { "upper-case", upper_case, 1, 1, false },
    { 0 },
};
