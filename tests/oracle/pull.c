/* Pulling an entity, by reading all facts for each attribute. */
#include "tests/oracle/answer.h"

#include <stdlib.h>

#define LIMIT_DEFAULT 1000
#define PULL_DEPTH    60

/* One attribute of a pattern, taken apart. */
struct spec {
    struct value key;       /* of the result: as written, unless :as says another */
    struct bytes attribute; /* without the underscore */
    bool reverse, recursive, has_default, nested;
    struct value instead;
    const struct value *pattern; /* of what it refers to, when nested */
    int64_t limit, depth;        /* of recursion; -1: no end */
};

/* What was gone through by recursion and components, from the inside out. */
struct path {
    int64_t e;
    const struct path *up;
};

/* Where a pull stands. `left` is how much deeper the recursion by `pattern` may go; -1: no end, or
 * not begun. */
struct pulling {
    struct question *question;
    const struct facts *facts;
    int64_t e;
    const struct path *path;
    unsigned level;
    const struct value *pattern;
    int64_t left;
};

static bool pull_at(const struct pulling *pulling, struct value *out, struct error *err);

/* ---- patterns ---- */

static void spec_option(struct spec *spec, const struct value *option, const struct value *value)
{
    if (value_is_keyword(option, "as"))
        spec->key = *value;
    else if (value_is_keyword(option, "limit"))
        spec->limit = value->type == VALUE_NIL ? INT64_MAX : value->number;
    spec->has_default |= value_is_keyword(option, "default");
    if (value_is_keyword(option, "default"))
        spec->instead = *value;
}

static bool spec_well_formed(const struct value *form)
{
    const struct value *name = value_is_sequence(form) && form->count ? &form->items[0] : form;

    if (value_is_sequence(form) && form->count % 2 == 0)
        return false;
    for (uint32_t i = 1; value_is_sequence(form) && i < form->count; i += 2)
        if (value_is_keyword(&form->items[i], "limit") && form->items[i + 1].type != VALUE_NIL &&
            form->items[i + 1].type != VALUE_LONG)
            return false;
    return name->type == VALUE_KEYWORD;
}

bool pull_well_formed(const struct value *pattern)
{
    if (!value_is_sequence(pattern) || pattern->count == 0)
        return false;
    for (uint32_t i = 0; i < pattern->count; i++) {
        const struct value *item = &pattern->items[i];
        if (item->type != VALUE_MAP && !value_is_symbol(item, "*") && !spec_well_formed(item))
            return false;
        for (uint32_t j = 0; item->type == VALUE_MAP && j < item->count; j++) {
            const struct value *under = &item->items[2 * j + 1];
            if (!spec_well_formed(&item->items[2 * j]) ||
                (under->type != VALUE_LONG && !value_is_symbol(under, "...") &&
                 !pull_well_formed(under)))
                return false;
        }
    }
    return true;
}

static struct spec spec_of(const struct value *form)
{
    const struct value *name = value_is_sequence(form) ? &form->items[0] : form;
    struct spec spec = { .key = *name, .limit = LIMIT_DEFAULT, .depth = -1 };

    spec.attribute = name->text;
    spec.reverse = name->text.data[0] == '_';
    if (spec.reverse)
        spec.attribute = (struct bytes){ name->text.data + 1, name->text.len - 1 };
    for (uint32_t i = 1; value_is_sequence(form) && i + 1 < form->count; i += 2)
        spec_option(&spec, &form->items[i], &form->items[i + 1]);
    return spec;
}

static struct spec spec_of_entry(const struct value *key, const struct value *value)
{
    struct spec spec = spec_of(key);

    spec.nested = true;
    spec.recursive = value->type == VALUE_LONG || value_is_symbol(value, "...");
    spec.pattern = value;
    spec.depth = value->type == VALUE_LONG ? value->number : -1;
    return spec;
}

/* ---- values ---- */

static int by_value(const void *a, const void *b)
{
    return value_compare(a, b);
}

/* What the entity has in the attribute, or what refers to it, in order. */
static struct value values_of(const struct pulling *pulling, const struct spec *spec)
{
    struct value_builder values = { 0 };
    struct arena *arena = pulling->question->arena;

    for (size_t i = 0; i < pulling->facts->count; i++) {
        const struct fact *fact = &pulling->facts->items[i];
        if (!bytes_equal(fact->a, spec->attribute))
            continue;
        if (spec->reverse &&
            value_equal(&fact->v, &(struct value){ .type = VALUE_LONG, .number = pulling->e }))
            value_builder_add(&values, arena, value_long(fact->e));
        if (!spec->reverse && fact->e == pulling->e)
            value_builder_add(&values, arena, fact->v);
    }
    if (values.count)
        qsort(values.items, values.count, sizeof(*values.items), by_value);
    if ((int64_t)values.count > spec->limit)
        values.count = (size_t)spec->limit;
    return value_builder_end(&values, VALUE_VECTOR);
}

static struct value id_map(int64_t e, struct arena *arena)
{
    struct value *items = ARENA_ARRAY(arena, struct value, 2);

    items[0] = value_keyword(BYTES("db/id"));
    items[1] = value_long(e);
    return value_collection(VALUE_MAP, items, 1);
}

static bool is_on(const struct path *path, int64_t e)
{
    for (; path; path = path->up)
        if (path->e == e)
            return true;
    return false;
}

static bool has_star(const struct value *pattern)
{
    for (uint32_t i = 0; value_is_sequence(pattern) && i < pattern->count; i++)
        if (value_is_symbol(&pattern->items[i], "*"))
            return true;
    return false;
}

/* What is shown for an entity that is referred to. A component with all that it has is shown once
 * on a way, and so is what it is a component of. */
static bool pull_referred(const struct pulling *pulling, const struct spec *spec, bool component,
                          int64_t e, struct value *out, struct error *err)
{
    static struct value star = { .type = VALUE_SYMBOL, .text = { "*", 1 } };
    const struct value whole = value_collection(VALUE_VECTOR, &star, 1);
    struct path path = { e, pulling->path };
    struct pulling inner = *pulling;
    bool expand = component && (spec->nested ? has_star(spec->pattern) : !spec->reverse);

    if ((!spec->nested && !expand) || ((expand || spec->recursive) && is_on(pulling->path, e))) {
        *out = id_map(e, pulling->question->arena);
        return true;
    }
    if (spec->recursive && pulling->left == 0) { /* as deep as was asked for */
        *out = value_nil();
        return true;
    }
    inner.e = e;
    if (++inner.level > PULL_DEPTH)
        return fail(err, ERROR_BUSY, "too deep for the naive pull");
    if (expand || spec->recursive)
        inner.path = &path;
    if (!spec->recursive) {
        inner.pattern = spec->nested ? spec->pattern : &whole;
        inner.left = -1;
    } else if (spec->depth >= 0) {
        inner.left = (pulling->left < 0 ? spec->depth : pulling->left) - 1;
    }
    return pull_at(&inner, out, err);
}

static bool pull_spec(const struct pulling *pulling, const struct spec *spec, struct value *out,
                      struct error *err)
{
    const struct property *property =
        database_property(pulling->question->database, spec->attribute);
    struct value values = values_of(pulling, spec), item;
    struct value_builder items = { 0 };
    bool component = property && property->component, ref = property && property->ref;
    bool one = spec->reverse ? component : !(property && property->many);

    *out = values.count == 0 && spec->has_default ? spec->instead : value_nil();
    for (uint32_t i = 0; i < values.count && !(one && i); i++) {
        item = values.items[i];
        if (ref && !pull_referred(pulling, spec, component, item.number, &item, err))
            return false;
        if (item.type != VALUE_NIL)
            value_builder_add(&items, pulling->question->arena, item);
    }
    if (items.count)
        *out = one ? items.items[0] : value_builder_end(&items, VALUE_VECTOR);
    return question_work(pulling->question, pulling->facts->count, err);
}

/* ---- entities ---- */

static void put(struct value_builder *map, struct arena *arena, struct value key,
                struct value value)
{
    if (value.type == VALUE_NIL)
        return;
    for (size_t i = 0; i < map->count; i += 2) {
        if (value_equal(&map->items[i], &key)) {
            map->items[i + 1] = value;
            return;
        }
    }
    value_builder_add(map, arena, key);
    value_builder_add(map, arena, value);
}

/* What `*` asks for: the id, and every attribute that the entity has. */
static bool pull_all(const struct pulling *pulling, struct value_builder *map, struct error *err)
{
    struct arena *arena = pulling->question->arena;
    struct value value;

    put(map, arena, value_keyword(BYTES("db/id")), value_long(pulling->e));
    for (size_t i = 0; i < pulling->facts->count; i++) {
        const struct fact *fact = &pulling->facts->items[i];
        struct value name = value_keyword(fact->a);
        struct spec spec = spec_of(&name);
        if (fact->e != pulling->e)
            continue;
        if (!pull_spec(pulling, &spec, &value, err))
            return false;
        put(map, arena, name, value);
    }
    return true;
}

/* An explicit spec takes the place of what `*` says of its attribute. */
static void drop(struct value_builder *map, struct bytes attribute)
{
    for (size_t i = 0; i < map->count; i += 2) {
        if (!bytes_equal(map->items[i].text, attribute))
            continue;
        map->items[i] = map->items[map->count - 2];
        map->items[i + 1] = map->items[map->count - 1];
        map->count -= 2;
        return;
    }
}

static bool pull_one(const struct pulling *pulling, const struct spec *spec,
                     struct value_builder *map, struct error *err)
{
    struct value value = value_long(pulling->e);

    if (!bytes_equal(spec->attribute, BYTES("db/id")) && !pull_spec(pulling, spec, &value, err))
        return false;
    put(map, pulling->question->arena, spec->key, value);
    return true;
}

static bool pull_at(const struct pulling *pulling, struct value *out, struct error *err)
{
    const struct value *pattern = pulling->pattern;
    struct value_builder map = { 0 };
    struct spec *specs;
    uint32_t count = 0;

    specs = ARENA_ARRAY(pulling->question->arena, struct spec, 64);
    for (uint32_t i = 0; i < pattern->count; i++) {
        const struct value *item = &pattern->items[i];
        bool star = value_is_symbol(item, "*");
        if (star && !pull_all(pulling, &map, err))
            return false;
        for (uint32_t j = 0; item->type == VALUE_MAP && j < item->count && count < 64; j++)
            specs[count++] = spec_of_entry(&item->items[2 * j], &item->items[2 * j + 1]);
        if (!star && item->type != VALUE_MAP && count < 64)
            specs[count++] = spec_of(item);
    }
    for (uint32_t i = 0; i < count; i++)
        if (!specs[i].reverse)
            drop(&map, specs[i].attribute);
    for (uint32_t i = 0; i < count; i++)
        if (!pull_one(pulling, &specs[i], &map, err))
            return false;
    *out = map.count ? value_builder_end(&map, VALUE_MAP) : value_nil();
    return true;
}

bool answer_pull(struct question *question, const struct value *pattern, const struct value *entity,
                 struct value *out, struct error *err)
{
    uint32_t source = question_source(question, BYTES("$"));
    struct pulling pulling = { .question = question, .pattern = pattern, .left = -1 };

    *out = value_nil();
    if (source == SOURCE_NONE)
        return fail(err, ERROR_INCORRECT, "no graph to pull from");
    pulling.facts = &question->sources[source].facts;
    return !question_entity(question, entity, &pulling.e) || pull_at(&pulling, out, err);
}
