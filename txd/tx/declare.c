#include "txd/tx/declare.h"

#include "common/limits.h"

bool declare_is_schema(uint16_t a)
{
    return a >= ATTR_VALUE_TYPE && a <= ATTR_TUPLE_TYPE;
}

bool declare_is_schema_ident(struct bytes ident)
{
    static const char *const idents[] = {
        "db/valueType", "db/cardinality", "db/unique",     "db/index",     "db/isComponent",
        "db/noHistory", "db/tupleAttrs",  "db/tupleTypes", "db/tupleType",
    };

    for (size_t i = 0; i < ARRAY_LEN(idents); i++)
        if (bytes_equal(ident, bytes_of(idents[i])))
            return true;
    return false;
}

enum { MARK_DUE = 1, MARK_CHANGED = 2 };

/* Which lists the attribute entity is in. */
static uint8_t *mark_of(struct draft *draft, uint32_t e)
{
    if (!draft->attribute_marks)
        draft->attribute_marks =
            ARENA_ARRAY(draft->arena, uint8_t, TX_ENTITY_BASE - ATTRIBUTE_ENTITY_BASE);
    return &draft->attribute_marks[e - ATTRIBUTE_ENTITY_BASE];
}

void declare_touch(struct draft *draft, uint32_t e, uint16_t a)
{
    if (!declare_is_schema(a) && a != ATTR_IDENT)
        return;
    if (*mark_of(draft, e) & MARK_DUE)
        return;
    *mark_of(draft, e) |= MARK_DUE;
    struct attribute_due *due = ARENA_NEW(draft->arena, struct attribute_due);
    due->e = e;
    due->next = draft->attributes_due;
    draft->attributes_due = due;
}

static bool tuple_attrs_equal(const struct attribute *a, const struct attribute *b)
{
    return a->tuple_attr_count == b->tuple_attr_count &&
           (a->tuple_attr_count == 0 || memcmp(a->tuple_attrs, b->tuple_attrs,
                                               a->tuple_attr_count * sizeof(*a->tuple_attrs)) == 0);
}

static bool tuple_types_equal(const struct attribute *a, const struct attribute *b)
{
    return a->tuple_type_count == b->tuple_type_count &&
           (a->tuple_type_count == 0 || memcmp(a->tuple_types, b->tuple_types,
                                               a->tuple_type_count * sizeof(*a->tuple_types)) == 0);
}

/* What an attribute is called, and what its values are: fixed once it has datoms. */
static bool same_nature(const struct attribute *a, const struct attribute *b)
{
    return bytes_equal(a->ident, b->ident) && a->type == b->type && tuple_attrs_equal(a, b) &&
           tuple_types_equal(a, b);
}

/* What decides how its datoms are written and checked. */
static bool same_shape(const struct attribute *a, const struct attribute *b)
{
    return same_nature(a, b) && a->many == b->many && a->unique == b->unique &&
           a->indexed == b->indexed;
}

/* The datoms that make the attribute, as they are now; none at all when the entity has no datom. */
static bool attribute_datoms(struct draft *draft, uint32_t e, struct schema_datom **out,
                             size_t *count, struct error *err)
{
    struct entity *entity;
    size_t n = 0, cap = 16, others = 0;
    struct schema_datom *datoms = ARENA_ARRAY(draft->arena, struct schema_datom, cap);
    bool named = false;

    if (!overlay_whole(&draft->overlay, e, &entity, err))
        return false;
    for (const struct group *group = entity->groups; group; group = group->next_of_entity) {
        for (const struct pending *at = group->first; at; at = at->next_in_group) {
            if (!at->now)
                continue;
            if (at->a >= ATTR_BUILT_IN_COUNT || n == cap) {
                others++;
                continue;
            }
            named |= at->a == ATTR_IDENT;
            datoms[n++] = (struct schema_datom){ at->a, at->v };
        }
    }
    if (!named && n + others > 0)
        return fail(err, ERROR_INCORRECT,
                    "attribute entity %u has no :db/ident: retract it whole, or give it one", e);
    *out = datoms;
    *count = n;
    return true;
}

/* Under :read the parts of a composite tuple need not be declared, as nothing else need be. */
static bool need_parts(struct draft *draft, const struct schema_datom *datoms, size_t count,
                       struct error *err)
{
    const struct attribute *part;

    for (size_t i = 0; i < count; i++) {
        const struct value *parts = &datoms[i].v;
        if (datoms[i].a != ATTR_TUPLE_ATTRS || draft->flexibility != FLEXIBILITY_READ)
            continue;
        for (uint32_t k = 0; k < parts->count; k++)
            if (parts->items[k].type == VALUE_KEYWORD &&
                !declare_need(draft, parts->items[k].text, &part, err))
                return false;
    }
    return true;
}

/* Makes the change of one attribute entity part of the draft's schema. */
static bool take_effect(struct draft *draft, uint32_t e, struct error *err)
{
    struct schema_datom *datoms = NULL;
    size_t count = 0;
    struct schema *schema;
    uint16_t id = (uint16_t)(e - ATTRIBUTE_ENTITY_BASE);

    if (++draft->attribute_changes > LIMIT_TX_ATTRIBUTES)
        return fail(err, ERROR_INCORRECT,
                    "the transaction declares attributes more than %d times: split it",
                    LIMIT_TX_ATTRIBUTES);
    if (!attribute_datoms(draft, e, &datoms, &count, err) ||
        !need_parts(draft, datoms, count, err) ||
        !schema_with(draft->schema, e, datoms, count, &schema, err))
        return false;
    const struct attribute *before = schema_by_id(draft->schema, id);
    struct schema_held *held = ARENA_NEW(draft->arena, struct schema_held);
    held->schema = draft->schema = schema;
    held->next = draft->held;
    draft->held = held;

    const struct attribute *after = schema_by_id(schema, id);
    if (before && (!after || !same_shape(before, after)) && overlay_changed(&draft->overlay, id))
        return fail(err, ERROR_INCORRECT,
                    "attribute :%.*s is declared after its first use in this transaction: declare "
                    "it before, or in a transaction of its own",
                    BYTES_ARG(before->ident));
    if (*mark_of(draft, e) & MARK_CHANGED)
        return true;
    *mark_of(draft, e) |= MARK_CHANGED;
    struct attribute_due *changed = ARENA_NEW(draft->arena, struct attribute_due);
    changed->e = e;
    changed->next = draft->attributes_changed;
    draft->attributes_changed = changed;
    return true;
}

static bool is_composite(struct draft *draft, uint32_t e, bool *out, struct error *err)
{
    struct group *group;

    if (!overlay_values(&draft->overlay, e, ATTR_TUPLE_ATTRS, &group, err))
        return false;
    *out = false;
    for (const struct pending *at = group->first; at; at = at->next_in_group)
        *out |= at->now;
    return true;
}

/* Composite tuples come last: their parts may be declared by the same form or after them. */
static bool flush(struct draft *draft, struct error *err)
{
    struct attribute_due *due = draft->attributes_due, *reversed = NULL;

    while (due) { /* they were pushed at the front */
        struct attribute_due *next = due->next;
        due->next = reversed;
        reversed = due;
        *mark_of(draft, due->e) &= (uint8_t)~MARK_DUE;
        due = next;
    }
    draft->attributes_due = NULL;
    for (int composites = 0; composites <= 1; composites++) {
        for (due = reversed; due; due = due->next) {
            bool composite;
            if (!is_composite(draft, due->e, &composite, err))
                return false;
            if (composite == (composites == 1) && !take_effect(draft, due->e, err))
                return false;
        }
    }
    return true;
}

bool declare_find(struct draft *draft, struct bytes ident, const struct attribute **out,
                  struct error *err)
{
    const struct attribute *attribute = schema_by_ident(draft->schema, ident);

    if (draft->attributes_due && (!attribute || attribute->id >= ATTR_USER_FIRST)) {
        if (!flush(draft, err))
            return false;
        attribute = schema_by_ident(draft->schema, ident);
    }
    *out = attribute;
    return true;
}

/* An attribute's name is read back by EDN readers, and must not look reversed or built in. */
bool declare_check_ident(struct bytes ident, struct error *err)
{
    const char *slash = memchr(ident.data, '/', ident.len);
    size_t name = slash && ident.len > 1 ? (size_t)(slash - ident.data) + 1 : 0;

    if (ident.len == 0 || ident.len > LIMIT_KEYWORD_BYTES || name == ident.len || name == 1)
        return fail(err, ERROR_INCORRECT,
                    "\":%.*s\" is no name for an attribute: it is empty, half empty or longer than "
                    "%d bytes",
                    BYTES_ARG(ident), LIMIT_KEYWORD_BYTES);
    for (size_t i = 0; i < ident.len; i++) {
        unsigned char c = (unsigned char)ident.data[i];
        if (c <= ' ' || c == 0x7f || strchr("\"();,[]{}@`^~\\", c))
            return fail(err, ERROR_INCORRECT,
                        "\":%.*s\" is no name for an attribute: byte %zu cannot be in a keyword",
                        BYTES_ARG(ident), i);
    }
    if (ident.data[name] == '_')
        return fail(err, ERROR_INCORRECT,
                    ":%.*s is no name for an attribute: an underscore there means the reverse of "
                    "another",
                    BYTES_ARG(ident));
    if (bytes_starts_with(ident, BYTES("db/")) || bytes_starts_with(ident, BYTES("db.")))
        return fail(err, ERROR_INCORRECT,
                    "there is no attribute :%.*s, and names that begin with :db are reserved",
                    BYTES_ARG(ident));
    return true;
}

bool declare_need(struct draft *draft, struct bytes ident, const struct attribute **out,
                  struct error *err)
{
    struct pending *pending;
    const struct attribute *ident_attribute = schema_by_id(draft->schema, ATTR_IDENT);
    uint32_t e;
    bool taken;

    if (!declare_find(draft, ident, out, err))
        return false;
    if (*out)
        return true;
    if (draft->flexibility == FLEXIBILITY_WRITE)
        return fail(err, ERROR_INCORRECT,
                    "attribute :%.*s is not declared: transact {:db/ident :%.*s ...} first",
                    BYTES_ARG(ident), BYTES_ARG(ident));
    if (!declare_check_ident(ident, err))
        return false;
    struct value name = value_keyword(arena_copy(draft->arena, ident));
    if (!overlay_holder(&draft->overlay, ident_attribute, &name, &taken, &e, err))
        return false;
    if (taken)
        return fail(err, ERROR_CONFLICT,
                    "there is no attribute :%.*s, and entity %u has it as its :db/ident",
                    BYTES_ARG(ident), e);
    if (!draft_count(draft, err) || !draft_new_attribute(draft, &e, err) ||
        !overlay_find(&draft->overlay, e, ident_attribute, &name, &pending, err))
        return false;
    overlay_set(&draft->overlay, pending, true);
    if (!take_effect(draft, e, err))
        return false;
    *out = schema_by_ident(draft->schema, ident);
    return true;
}

static bool has_datoms(const struct draft *draft, uint16_t a, bool *out, struct error *err)
{
    struct db all = draft->db;
    struct datom datom;

    all.history = true;
    struct cursor *cursor =
        cursor_open(&all, INDEX_AEVT, &(struct components){ .count = 1, .a = a }, NULL, false);
    *out = cursor_next(cursor, &datom);
    bool ok = *out || cursor_check(cursor, err);
    cursor_close(cursor);
    return ok;
}

/* DESIGN.md, "Edges, decided": what may not change once there are datoms. */
static bool check_change(const struct draft *draft, const struct attribute *before,
                         const struct attribute *after, struct error *err)
{
    bool used;

    if (after && same_shape(before, after))
        return true;
    if (!has_datoms(draft, before->id, &used, err))
        return false;
    if (!used)
        return true;
    if (overlay_changed(&draft->overlay, before->id))
        return fail(err, ERROR_INCORRECT,
                    "attribute :%.*s changes in this transaction: write its values in another one",
                    BYTES_ARG(before->ident));
    if (after && same_nature(before, after))
        return true;
    if (after && before->type == TYPE_ANY && after->type == TYPE_REF &&
        draft->flexibility == FLEXIBILITY_READ && bytes_equal(before->ident, after->ident))
        return true; /* index_rebuild() looks at the values */
    return fail(err, ERROR_CONFLICT,
                "attribute :%.*s has or had datoms: its :db/ident, :db/valueType and tuple "
                "cannot change, nor can it be retracted",
                BYTES_ARG(before->ident));
}

bool declare_finish(struct draft *draft, struct error *err)
{
    if (!flush(draft, err))
        return false;
    for (const struct attribute_due *at = draft->attributes_changed; at; at = at->next) {
        uint16_t id = (uint16_t)(at->e - ATTRIBUTE_ENTITY_BASE);
        const struct attribute *before = schema_by_id(draft->head->schema, id);
        if (before && !check_change(draft, before, schema_by_id(draft->schema, id), err))
            return false;
    }
    return true;
}

bool declare_told(const struct draft *draft)
{
    for (const struct attribute_due *at = draft->attributes_changed; at; at = at->next)
        if (schema_told_differently(draft->head->schema, draft->schema,
                                    (uint16_t)(at->e - ATTRIBUTE_ENTITY_BASE), draft->arena))
            return true;
    return false;
}

bool declare_rebuild(struct draft *draft, struct store_batch *batch, struct error *err)
{
    for (const struct attribute_due *at = draft->attributes_changed; at; at = at->next) {
        uint16_t id = (uint16_t)(at->e - ATTRIBUTE_ENTITY_BASE);
        const struct attribute *before = schema_by_id(draft->head->schema, id);
        const struct attribute *after = schema_by_id(draft->schema, id);
        if (before && after && !same_shape(before, after) &&
            !index_rebuild(&draft->db, batch, before, after, err))
            return false;
    }
    return true;
}
