/* Regular expressions, which are strings: what compiles them is in regex.h. */
#include "txd/query/functions.h"
#include "txd/query/regex.h"

/* One match may take long by itself, so the clock is looked at before each. */
static bool need_pattern(struct call *call, const char *name, const struct value *args,
                         struct error *err)
{
    return fail_unless_strings(call, name, args, 2, err) && budget_check(call->budget, err);
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
        at = end + (empty ? text_offset(rest, 1) + (rest.len == 0) : 0);
    }
    *out = matches.count ? value_builder_end(&matches, VALUE_LIST) : value_nil();
    return true;
}

/* Splits at a regular expression; empty strings at the end are left out. */
BUILT_IN(split)
{
    struct value_builder parts = { 0 };
    size_t from = 0, at = 0, end = 0;

    if (!fail_unless_strings(call, "split", args, 2, err))
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
        at = end + (len == 0 ? text_offset(rest, 1) + (rest.len == 0) : 0);
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

BUILT_IN(re_pattern)
{
    if (!fail_unless_strings(call, "re-pattern", args, count, err))
        return false;
    *out = args[0];
    return true;
}

const struct function functions_regex[] = {
    { "re-find", re_find, 2, 2, false },
    { "re-matches", re_matches, 2, 2, false },
    { "re-pattern", re_pattern, 1, 1, false },
    { "re-seq", re_seq, 2, 2, false },
    { "split", split, 2, 2, false },
    { "split-lines", split_lines, 1, 1, false },
    { 0 },
};
