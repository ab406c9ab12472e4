#include "txd/tx/parse.h"

#include "common/limits.h"
#include "proto/edn.h"

struct operation {
    const char *name;
    enum form_kind kind;
    uint32_t count_min, count_max; /* items of the form */
    const char *shape;
};

static const struct operation operations[] = {
    { "db/add", FORM_ADD, 4, 4, "[:db/add e a v]" },
    { "db/retract", FORM_RETRACT, 3, 4, "[:db/retract e a] or [:db/retract e a v]" },
    { "db/retractEntity", FORM_RETRACT_ENTITY, 2, 2, "[:db/retractEntity e]" },
    { "db/cas", FORM_CAS, 5, 5, "[:db/cas e a old new]" },
    { "db/retractAttribute", FORM_RETRACT_ATTRIBUTE, 3, 3, "[:db/retractAttribute e a]" },
    { "db.fn/retractEntity", FORM_RETRACT_ENTITY, 2, 2, "[:db.fn/retractEntity e]" },
    { "db.fn/retractAttribute", FORM_RETRACT_ATTRIBUTE, 3, 3, "[:db.fn/retractAttribute e a]" },
    { "db.fn/cas", FORM_CAS, 5, 5, "[:db.fn/cas e a old new]" },
};

/* The text of a keyword, or of a string less its colon; empty for anything else. */
static struct bytes name_of(const struct value *value)
{
    if (value->type == VALUE_KEYWORD)
        return value->text;
    if (value->type != VALUE_STRING)
        return (struct bytes){ 0 };
    if (value->text.len > 0 && value->text.data[0] == ':')
        return (struct bytes){ value->text.data + 1, value->text.len - 1 };
    return value->text;
}

bool parse_attribute(const struct value *value, struct arena *arena, struct bytes *out,
                     struct error *err)
{
    struct bytes name = name_of(value);

    if (name.len == 0) {
        struct bytes text = edn_excerpt(arena, value);
        return fail(err, ERROR_INCORRECT,
                    "%.*s cannot be an attribute: a keyword or a string is expected",
                    BYTES_ARG(text));
    }
    *out = name;
    return true;
}

static bool parse_operation(const struct value *source, struct arena *arena, struct form *out,
                            struct error *err)
{
    struct bytes name = source->count > 0 ? name_of(&source->items[0]) : (struct bytes){ 0 };
    const struct operation *operation = NULL;

    for (size_t i = 0; i < ARRAY_LEN(operations) && !operation; i++)
        if (bytes_equal(name, bytes_of(operations[i].name)))
            operation = &operations[i];
    if (!operation) {
        struct bytes text =
            source->count > 0 ? edn_excerpt(arena, &source->items[0]) : BYTES("an empty vector");
        return fail(err, ERROR_INCORRECT,
                    "unknown operation %.*s: it is one of :db/add, :db/retract, "
                    ":db/retractEntity, :db/retractAttribute, :db/cas",
                    BYTES_ARG(text));
    }
    if (source->count < operation->count_min || source->count > operation->count_max)
        return fail(err, ERROR_INCORRECT, "%u items where %s is expected", source->count,
                    operation->shape);
    *out = (struct form){ .kind = operation->kind, .source = source, .entity = &source->items[1] };
    if (operation->kind == FORM_RETRACT_ENTITY)
        return true;
    if (operation->kind == FORM_CAS) {
        out->old = &source->items[3];
        out->value = &source->items[4];
    } else if (source->count == 4 &&
               (operation->kind == FORM_ADD || source->items[3].type != VALUE_NIL)) {
        out->value = &source->items[3];
    } else { /* as DataScript: a nil there is no value */
        out->kind = FORM_RETRACT_ATTRIBUTE;
    }
    return parse_attribute(&source->items[2], arena, &out->attribute, err);
}

/* :a/_b is :a/b seen from the other side. */
static bool is_reverse(struct bytes name, struct arena *arena, struct bytes *straight)
{
    const char *slash = memchr(name.data, '/', name.len);
    size_t at = slash && name.len > 1 ? (size_t)(slash - name.data) + 1 : 0;

    if (at + 1 >= name.len || name.data[at] != '_')
        return false;
    *straight = arena_printf(arena, "%.*s%.*s", (int)at, name.data, (int)(name.len - at - 1),
                             name.data + at + 1);
    return true;
}

bool parse_map(const struct value *map, struct arena *arena, struct form *out, struct error *err)
{
    *out = (struct form){ .kind = FORM_MAP, .source = map };
    out->entries = ARENA_ARRAY(arena, struct form_entry, map->count);
    for (size_t i = 0; i < map->count; i++) {
        const struct value *key = &map->items[2 * i];
        struct form_entry *entry = &out->entries[out->entry_count];

        if (!parse_attribute(key, arena, &entry->attribute, err))
            return false;
        if (bytes_equal(entry->attribute, BYTES("db/id"))) {
            if (map->items[2 * i + 1].type != VALUE_NIL)
                out->entity = &map->items[2 * i + 1];
            continue;
        }
        if (entry->attribute.len > LIMIT_KEYWORD_BYTES)
            return fail(err, ERROR_INCORRECT, "attribute of %zu bytes: at most %d",
                        entry->attribute.len, LIMIT_KEYWORD_BYTES);
        entry->reverse = is_reverse(entry->attribute, arena, &entry->attribute);
        entry->value = &map->items[2 * i + 1];
        out->entry_count++;
    }
    return true;
}

static bool parse_form(const struct value *source, struct arena *arena, struct form *out,
                       struct error *err)
{
    if (source->type == VALUE_MAP)
        return parse_map(source, arena, out, err);
    if (value_is_sequence(source))
        return parse_operation(source, arena, out, err);
    return fail(err, ERROR_INCORRECT, "a map or a vector is expected");
}

bool parse_tx_data(const struct value *tx_data, struct arena *arena, struct form **forms,
                   size_t *count, struct error *err)
{
    struct value read = *tx_data;
    size_t n = 0;

    if (tx_data->type == VALUE_STRING && !edn_read(tx_data->text, arena, &read, err))
        return fail_in(err, "tx_data");
    if (!value_is_sequence(&read)) {
        struct bytes text = edn_excerpt(arena, &read);
        return fail(err, ERROR_INCORRECT,
                    "tx_data: a vector of forms is expected, or a string that holds one; not %.*s",
                    BYTES_ARG(text));
    }
    if (read.count > LIMIT_TX_OPS)
        return fail(err, ERROR_INCORRECT, "tx_data: %u forms, at most %d are allowed", read.count,
                    LIMIT_TX_OPS);
    *forms = ARENA_ARRAY(arena, struct form, read.count);
    for (uint32_t i = 0; i < read.count; i++) {
        const struct value *source = &read.items[i];
        if (source->type == VALUE_NIL)
            continue;
        if (!parse_form(source, arena, &(*forms)[n], err)) {
            struct bytes text = edn_excerpt(arena, source);
            return fail_in(err, "%.*s", BYTES_ARG(text));
        }
        n++;
    }
    *count = n;
    return true;
}
