#include "txd/query/pull.h"

#include "proto/edn.h"
#include "txd/query/functions.h"

#include <assert.h>

#define LIMIT_DEFAULT 1000
#define SPECS_MAX     1000 /* of one pattern; each is compared with the others */

/* One attribute that a pattern asks for. */
struct pull_spec {
    const struct attribute *attribute; /* NULL: :db/id, or unknown */
    bool is_id;
    bool reverse;
    struct value key; /* of the result */
    bool renamed;     /* the key is not its name: it may be that of another */
    bool repeats;     /* an earlier spec has its key: the last that finds something counts */
    bool has_default;
    struct value instead; /* the default */
    uint64_t limit;
    const struct function *xform;
    struct pull_pattern *nested; /* NULL: ids, or whole components */
    bool recursive;              /* `nested` is the pattern around it */
    int64_t depth;               /* of the recursion; -1: no end */
    int64_t left;                /* how much deeper the path being pulled may go; -1: not
                                    begun */
};

struct pull_pattern {
    bool wildcard;
    struct pull_spec *specs;
    uint32_t count, cap;
    const struct attribute **attributes; /* that specs ask for, not in reverse; as many places */
    uint32_t attribute_count;
};

/* ---- parsing ---- */

static bool fail_pattern(struct puller *puller, const struct value *form, const char *what,
                         struct error *err)
{
    struct bytes text = edn_excerpt(puller->reader.arena, form);

    return fail(err, ERROR_INCORRECT, "pull: %s in %.*s", what, BYTES_ARG(text));
}

static bool parse_name(struct puller *puller, const struct value *form, struct pull_spec *out,
                       struct error *err)
{
    *out = (struct pull_spec){ .limit = LIMIT_DEFAULT, .depth = -1, .left = -1 };
    if ((form->type != VALUE_KEYWORD && form->type != VALUE_STRING) || form->text.len == 0)
        return fail_pattern(puller, form, "expected an attribute", err);
    struct bytes name = form->text;
    if (form->type == VALUE_STRING && name.data[0] == ':')
        name = (struct bytes){ name.data + 1, name.len - 1 };
    const char *fault = edn_name_fault(VALUE_KEYWORD, name);
    if (fault)
        return fail(err, ERROR_INCORRECT, "pull: the name of an attribute %s", fault);
    out->key = value_keyword(name);
    out->is_id = bytes_equal(name, BYTES("db/id"));
    if (!out->is_id)
        out->attribute =
            source_attribute(puller->reader.source, form, puller->reader.arena, &out->reverse);
    if (out->reverse && out->attribute && out->attribute->type != TYPE_REF)
        return fail_pattern(puller, form, "only a ref can be followed in reverse", err);
    return true;
}

static bool parse_limit(struct puller *puller, const struct value *value, const struct value *form,
                        struct pull_spec *out, struct error *err)
{
    if (value->type == VALUE_NIL) {
        out->limit = UINT64_MAX;
        return true;
    }
    if (value->type != VALUE_LONG || value->number <= 0)
        return fail_pattern(puller, form, ":limit takes a number above 0, or nil", err);
    out->limit = (uint64_t)value->number;
    return true;
}

static bool parse_option(struct puller *puller, const struct value *option,
                         const struct value *value, const struct value *form, struct pull_spec *out,
                         struct error *err)
{
    if (value_is_keyword(option, "as")) {
        out->key = *value;
        out->renamed = true;
    } else if (value_is_keyword(option, "default")) {
        out->has_default = true;
        out->instead = *value;
    } else if (value_is_keyword(option, "limit")) {
        return parse_limit(puller, value, form, out, err);
    } else if (value_is_keyword(option, "xform")) {
        bool named = value->type == VALUE_SYMBOL;
        out->xform = named ? function_find(value->text) : NULL;
        if (!out->xform || out->xform->min > 1 || out->xform->max < 1 || out->xform->takes_source)
            return fail_pattern(puller, form, ":xform takes a built-in function of one argument",
                                err);
    } else {
        return fail_pattern(puller, form, "an attribute has :as, :default, :limit and :xform", err);
    }
    return true;
}

/* :a, [:a :option value ..], (limit :a n), (default :a value) */
static bool parse_spec(struct puller *puller, const struct value *form, struct pull_spec *out,
                       struct error *err)
{
    if (!value_is_sequence(form))
        return parse_name(puller, form, out, err);
    bool limit = form->count == 3 && value_is_symbol(form->items, "limit");
    bool instead = form->count == 3 && value_is_symbol(form->items, "default");
    if (limit || instead) {
        struct value option = value_keyword(form->items[0].text);
        return parse_spec(puller, &form->items[1], out, err) &&
               parse_option(puller, &option, &form->items[2], form, out, err);
    }
    if (form->count % 2 == 0)
        return fail_pattern(puller, form, "expected [attribute option value ..]", err);
    if (!parse_spec(puller, &form->items[0], out, err))
        return false;
    for (uint32_t i = 1; i < form->count; i += 2)
        if (!parse_option(puller, &form->items[i], &form->items[i + 1], form, out, err))
            return false;
    return true;
}

static bool add_spec(struct puller *puller, struct pull_pattern *pattern,
                     const struct pull_spec *spec, struct error *err)
{
    struct pull_spec *added;

    if (pattern->count == SPECS_MAX)
        return fail(err, ERROR_INCORRECT, "pull: a pattern asks for at most %d attributes",
                    SPECS_MAX);
    if (pattern->count == pattern->cap) {
        uint32_t cap = pattern->cap ? pattern->cap * 2 : 8;
        struct pull_spec *specs = ARENA_ARRAY(puller->reader.arena, struct pull_spec, cap);
        if (pattern->count)
            memcpy(specs, pattern->specs, pattern->count * sizeof(*specs));
        const struct attribute **attributes =
            ARENA_ARRAY(puller->reader.arena, const struct attribute *, cap);
        for (uint32_t i = 0; i < pattern->attribute_count; i++)
            attributes[i] = pattern->attributes[i];
        pattern->specs = specs;
        pattern->attributes = attributes;
        pattern->cap = cap;
    }
    if (spec->attribute && !spec->reverse)
        pattern->attributes[pattern->attribute_count++] = spec->attribute;
    added = &pattern->specs[pattern->count];
    *added = *spec;
    for (uint32_t i = 0; i < pattern->count && !added->repeats; i++)
        added->repeats = value_equal(&pattern->specs[i].key, &spec->key);
    pattern->count++;
    return true;
}

static bool parse_pattern(struct puller *puller, const struct value *form,
                          struct pull_pattern **out, struct error *err);

/* {spec pattern, spec depth, spec ...} */
static bool parse_map(struct puller *puller, const struct value *form, struct pull_pattern *pattern,
                      struct error *err)
{
    for (uint32_t i = 0; i < form->count; i++) {
        const struct value *key = &form->items[2 * (size_t)i], *value = key + 1;
        struct pull_spec spec = { 0 };
        if (!parse_spec(puller, key, &spec, err))
            return false;
        if (spec.is_id || (spec.attribute && spec.attribute->type != TYPE_REF))
            return fail_pattern(puller, form, "only a ref has a pattern of its own", err);
        spec.recursive = value->type == VALUE_LONG || value_is_symbol(value, "...") ||
                         (value->type == VALUE_STRING && bytes_equal(value->text, BYTES("...")));
        if (value->type == VALUE_LONG && value->number <= 0)
            return fail_pattern(puller, form, "the depth of a recursion is above 0", err);
        if (spec.recursive) {
            spec.nested = pattern;
            spec.depth = value->type == VALUE_LONG ? value->number : -1;
        } else if (!parse_pattern(puller, value, &spec.nested, err)) {
            return false;
        }
        if (!add_spec(puller, pattern, &spec, err))
            return false;
    }
    return true;
}

static bool is_wildcard(const struct value *form)
{
    bool name =
        form->type == VALUE_SYMBOL || form->type == VALUE_KEYWORD || form->type == VALUE_STRING;

    return name && bytes_equal(form->text, BYTES("*"));
}

static bool parse_pattern(struct puller *puller, const struct value *form,
                          struct pull_pattern **out, struct error *err)
{
    struct pull_pattern *pattern = ARENA_NEW(puller->reader.arena, struct pull_pattern);

    if (!value_is_sequence(form) || form->count == 0)
        return fail_pattern(puller, form, "a pattern is a vector of attributes and maps", err);
    for (uint32_t i = 0; i < form->count; i++) {
        const struct value *item = &form->items[i];
        struct pull_spec spec = { 0 };
        if (is_wildcard(item)) {
            pattern->wildcard = true;
        } else if (item->type == VALUE_MAP) {
            if (!parse_map(puller, item, pattern, err))
                return false;
        } else {
            if (!parse_spec(puller, item, &spec, err))
                return false;
            if (!add_spec(puller, pattern, &spec, err))
                return false;
        }
    }
    *out = pattern;
    return true;
}

bool pull_parse(struct puller *puller, const struct value *form, struct pull_pattern **out,
                struct error *err)
{
    struct value read = *form;

    if (form->type == VALUE_STRING && !edn_read(form->text, puller->reader.arena, &read, err))
        return fail_in(err, "the pull pattern");
    return parse_pattern(puller, &read, out, err);
}

/* ---- pulling ---- */

/* The entities that recursion has gone through, from the inside out. */
struct path {
    uint32_t e;
    const struct path *up;
};

/* Where a pull stands: one entity and one pattern. */
struct pull {
    struct puller *puller;
    struct pull_pattern *pattern;
    uint32_t e;
    uint32_t depth;
    const struct path *path;
};

static bool pull_at(const struct pull *pull, struct value *out, struct error *err);

static struct value map_of_id(const struct pull *pull, uint32_t e)
{
    struct value *items = ARENA_ARRAY(pull->puller->reader.arena, struct value, 2);

    items[0] = value_keyword(BYTES("db/id"));
    items[1] = value_long(e);
    return value_collection(VALUE_MAP, items, 1);
}

static bool is_seen(const struct path *path, uint32_t e)
{
    for (; path; path = path->up)
        if (path->e == e)
            return true;
    return false;
}

/* What stands for an entity that is referred to. A component with all its attributes, or a whole
 * that it is a component of, shows them for an entity that the way has not come by, like a
 * recursion; so a circle ends. */
static bool pull_ref(const struct pull *pull, struct pull_spec *spec, uint32_t e, struct value *out,
                     struct error *err)
{
    static const struct pull_pattern whole = { .wildcard = true };
    bool component =
        spec->attribute->component && (spec->nested ? spec->nested->wildcard : !spec->reverse);
    struct path path = { e, pull->path };
    struct pull inner = { pull->puller, spec->nested, e, pull->depth + 1, pull->path };

    if (!spec->nested && !component) {
        *out = map_of_id(pull, e);
        return true;
    }
    if (component || spec->recursive) {
        if (is_seen(pull->path, e)) {
            *out = map_of_id(pull, e);
            return true;
        }
        inner.path = &path;
    }
    if (spec->recursive && spec->left == 0) {
        *out = value_nil();
        return true;
    }
    struct pull_pattern copy = whole;
    if (!spec->nested)
        inner.pattern = &copy;
    int64_t left = spec->left;
    if (spec->recursive && spec->depth >= 0)
        spec->left = (left < 0 ? spec->depth : left) - 1;
    bool ok = pull_at(&inner, out, err);
    spec->left = left;
    return ok;
}

static bool pull_item(const struct pull *pull, struct pull_spec *spec, const struct value *v,
                      struct value *out, struct error *err)
{
    if (spec->attribute->type == TYPE_REF)
        return pull_ref(pull, spec, (uint32_t)v->number, out, err);
    *out = *v;
    return true;
}

/* The values of one attribute as the result shows them; nil when nothing is to be shown. */
static bool pull_values(const struct pull *pull, struct pull_spec *spec, const struct value *values,
                        size_t count, struct value *out, struct error *err)
{
    struct value_builder items = { 0 };
    bool one = spec->reverse ? spec->attribute->component : !spec->attribute->many;

    *out = value_nil();
    for (size_t i = 0; i < count; i++) {
        struct value item;
        if (!pull_item(pull, spec, &values[i], &item, err))
            return false;
        if (item.type != VALUE_NIL)
            value_builder_add(&items, pull->puller->reader.arena, item);
        if (one) /* of several that a component belongs to the first, also when it shows nothing */
            break;
    }
    if (items.count)
        *out = one ? items.items[0] : value_builder_end(&items, VALUE_VECTOR);
    return true;
}

/* What is missing is transformed too, as in DataScript; it stays missing when the function takes no
 * nil. */
static bool transform(const struct pull *pull, const struct pull_spec *spec, struct value *value,
                      struct error *err)
{
    struct puller *puller = pull->puller;
    struct call call = { NULL, puller->reader.arena, puller->reader.budget, puller->regexes };
    struct value argument = *value;

    if (!spec->xform)
        return true;
    if (spec->xform->fn(&call, &argument, 1, value, err))
        return true;
    *value = argument;
    return (argument.type == VALUE_NIL && err->kind == ERROR_INCORRECT) ||
           fail_in(err, "pull: :xform of %.*s",
                   BYTES_ARG(edn_excerpt(puller->reader.arena, &spec->key)));
}

/* How many values of the attribute the pattern can use; 0: it is not asked for. */
static uint64_t wanted(const void *arg, uint16_t a)
{
    const struct pull_pattern *pattern = arg;
    uint64_t most = 0;

    for (uint32_t i = 0; i < pattern->count; i++) {
        const struct pull_spec *spec = &pattern->specs[i];
        if (spec->attribute && spec->attribute->id == a && !spec->reverse && spec->limit > most)
            most = spec->limit;
    }
    return most || !pattern->wildcard ? most : LIMIT_DEFAULT;
}

static bool pull_spec_value(const struct pull *pull, struct pull_spec *spec,
                            const struct facts *facts, struct value *out, struct error *err)
{
    struct value_builder entities = { 0 };
    const struct value *values = NULL;
    size_t count = 0;

    *out = value_nil();
    if (spec->is_id) {
        *out = value_long(pull->e);
    } else if (spec->attribute && spec->reverse) {
        if (!facts_referrers(&pull->puller->reader, pull->e, spec->attribute, spec->limit,
                             &entities, err))
            return false;
        values = entities.items;
        count = entities.count;
    } else if (spec->attribute) {
        const struct facts_group *group = facts_group(facts, spec->attribute->id);
        values = group ? facts->values.items + group->at : NULL;
        count = group ? group->end - group->at : 0;
        count = count > spec->limit ? (size_t)spec->limit : count;
    }
    if (count > 0 && !pull_values(pull, spec, values, count, out, err))
        return false;
    if (out->type == VALUE_NIL && count == 0 && spec->has_default) {
        *out = spec->instead;
        return true;
    }
    return transform(pull, spec, out, err);
}

static bool is_explicit(const struct pull_pattern *pattern, uint32_t a)
{
    for (uint32_t i = 0; i < pattern->count; i++) {
        const struct pull_spec *spec = &pattern->specs[i];
        if (a == UINT32_MAX ? spec->is_id
                            : spec->attribute && !spec->reverse && spec->attribute->id == a)
            return true;
    }
    return false;
}

/* What `*` adds: the id, and the attributes that the pattern does not name. */
static bool pull_wildcard(const struct pull *pull, const struct facts *facts,
                          struct value_builder *map, struct error *err)
{
    struct arena *arena = pull->puller->reader.arena;

    if (!is_explicit(pull->pattern, UINT32_MAX)) {
        value_builder_add(map, arena, value_keyword(BYTES("db/id")));
        value_builder_add(map, arena, value_long(pull->e));
    }
    for (size_t i = 0; i < facts->count; i++) {
        const struct facts_group *group = &facts->groups[i];
        const struct attribute *attribute =
            source_attribute_of(pull->puller->reader.source, group->a);
        struct pull_spec spec = { .attribute = attribute, .limit = LIMIT_DEFAULT, .depth = -1 };
        struct value value;
        if (is_explicit(pull->pattern, group->a))
            continue;
        if (!pull_values(pull, &spec, facts->values.items + group->at, group->end - group->at,
                         &value, err))
            return false;
        value_builder_add(map, arena, value_keyword(arena_copy(arena, attribute->ident)));
        value_builder_add(map, arena, value);
    }
    return true;
}

/* Puts the value under the key, in place of what is there. */
static void map_put(struct value_builder *map, struct arena *arena, const struct value *key,
                    const struct value *value)
{
    for (size_t i = 0; i < map->count; i += 2) {
        if (value_equal(&map->items[i], key)) {
            map->items[i + 1] = *value;
            return;
        }
    }
    value_builder_add(map, arena, *key);
    value_builder_add(map, arena, *value);
}

static bool pull_at(const struct pull *pull, struct value *out, struct error *err)
{
    struct facts facts = { 0 };
    struct value_builder map = { 0 };
    struct arena *arena = pull->puller->reader.arena;

    if (pull->depth > PULL_DEPTH_MAX)
        return fail(err, ERROR_INCORRECT,
                    "pull: more than %d entities deep; give the recursion a depth", PULL_DEPTH_MAX);
    struct facts_wish wish = { .all = pull->pattern->wildcard,
                               .attributes = pull->pattern->attributes,
                               .count = pull->pattern->attribute_count,
                               .wanted = wanted,
                               .arg = pull->pattern };
    if (!facts_read(&pull->puller->reader, pull->e, &wish, &facts, err))
        return false;
    if (pull->pattern->wildcard && !pull_wildcard(pull, &facts, &map, err))
        return false;
    for (uint32_t i = 0; i < pull->pattern->count; i++) {
        struct pull_spec *spec = &pull->pattern->specs[i];
        struct value value;
        if (!pull_spec_value(pull, spec, &facts, &value, err))
            return false;
        if (value.type == VALUE_NIL)
            continue;
        if (spec->repeats || (spec->renamed && pull->pattern->wildcard)) {
            map_put(&map, arena, &spec->key, &value);
        } else {
            value_builder_add(&map, arena, spec->key);
            value_builder_add(&map, arena, value);
        }
    }
    *out = map.count ? value_builder_end(&map, VALUE_MAP) : value_nil();
    return true;
}

bool pull_entity(struct puller *puller, struct pull_pattern *pattern, const struct value *entity,
                 struct value *out, struct error *err)
{
    struct pull pull = { .puller = puller, .pattern = pattern };
    bool found;

    *out = value_nil();
    if (!budget_check(puller->reader.budget, err) ||
        !source_entity(puller->reader.source, entity, &found, &pull.e, err))
        return false;
    return !found || pull_at(&pull, out, err);
}
