#include "txd/query/sections.h"

#include "proto/edn.h"
#include "txd/query/parse.h"

static const char *const section_names[SECTION_COUNT] = {
    [SECTION_FIND] = "find",   [SECTION_IN] = "in",         [SECTION_KEYS] = "keys",
    [SECTION_LIMIT] = "limit", [SECTION_OFFSET] = "offset", [SECTION_ORDER_BY] = "order-by",
    [SECTION_STRS] = "strs",   [SECTION_SYMS] = "syms",     [SECTION_TIMEOUT] = "timeout",
    [SECTION_WHERE] = "where", [SECTION_WITH] = "with",
};

const char *section_name(enum section section)
{
    return section_names[section];
}

static bool section_find(const struct value *key, enum section *out, struct arena *arena,
                         struct error *err)
{
    for (int i = 0; i < SECTION_COUNT; i++) {
        if (value_is_keyword(key, section_names[i])) {
            *out = (enum section)i;
            return true;
        }
    }
    struct bytes text = edn_excerpt(arena, key);
    return fail(err, ERROR_INCORRECT,
                "a query has no section %.*s: it has :find, :with, :in, :where, :keys, :strs, "
                ":syms, :order-by, :limit, :offset and :timeout",
                BYTES_ARG(text));
}

static bool section_add(struct section_items *sections, const struct value *key,
                        const struct value *items, uint32_t count, struct arena *arena,
                        struct error *err)
{
    enum section section = SECTION_FIND;

    if (!section_find(key, &section, arena, err))
        return false;
    if (sections[section].given)
        return fail(err, ERROR_INCORRECT, "the query has :%s twice", section_names[section]);
    if (section != SECTION_WHERE && count > TERMS_MAX)
        return fail(err, ERROR_INCORRECT,
                    "the query is too large: :%s has %u items, %d are allowed",
                    section_names[section], count, TERMS_MAX);
    sections[section] = (struct section_items){ items, count, true };
    return true;
}

static bool split_list(const struct value *form, struct section_items *sections,
                       struct arena *arena, struct error *err)
{
    if (form->count == 0 || form->items[0].type != VALUE_KEYWORD)
        return fail(err, ERROR_INCORRECT, "a query begins with :find");
    for (uint32_t i = 0; i < form->count;) {
        uint32_t end = i + 1;
        while (end < form->count && form->items[end].type != VALUE_KEYWORD)
            end++;
        if (!section_add(sections, &form->items[i], &form->items[i + 1], end - i - 1, arena, err))
            return false;
        i = end;
    }
    return true;
}

static bool split_map(const struct value *form, struct section_items *sections, struct arena *arena,
                      struct error *err)
{
    for (uint32_t i = 0; i < form->count; i++) {
        const struct value *key = &form->items[2 * (size_t)i], *value = key + 1;
        bool list = value_is_sequence(value);
        if (!section_add(sections, key, list ? value->items : value, list ? value->count : 1, arena,
                         err))
            return false;
    }
    return true;
}

bool sections_split(const struct value *form, struct section_items *sections, struct arena *arena,
                    struct error *err)
{
    if (value_is_sequence(form))
        return split_list(form, sections, arena, err);
    if (form->type == VALUE_MAP)
        return split_map(form, sections, arena, err);
    return fail(err, ERROR_INCORRECT, "a query is a vector, a map, or a string of EDN, given a %s",
                value_type_name(form->type));
}
