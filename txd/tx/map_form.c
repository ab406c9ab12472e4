#include "txd/tx/map_form.h"

#include "txd/tx/assertion.h"
#include "txd/tx/check.h"

struct entry { /* of a map, its attribute known */
    const struct attribute *a;
    bool reverse;
    bool settled; /* a composite identity that led to the entity: nothing is left to write */
    const struct value *value;
};

struct map {
    const struct form *form;
    struct tempid *tempid; /* of its entity; NULL: that is named by an id or a lookup ref */
    struct entry *entries;
    uint32_t count;
};

static bool open_map(struct resolve *resolve, const struct form *form, struct map *out,
                     struct error *err)
{
    struct entry *entries = ARENA_ARRAY(resolve->draft->arena, struct entry, form->entry_count);

    for (uint32_t i = 0; i < form->entry_count; i++) {
        const struct form_entry *written = &form->entries[i];
        struct entry *entry = &entries[i];

        entry->reverse = written->reverse;
        entry->value = written->value;
        if (!(entry->reverse ? declare_find : declare_need)(resolve->draft, written->attribute,
                                                            &entry->a, err))
            return false;
        if (entry->reverse && (!entry->a || entry->a->type != TYPE_REF))
            return fail(err, ERROR_INCORRECT,
                        "the reverse of attribute :%.*s cannot be written: it is no :db.type/ref",
                        BYTES_ARG(written->attribute));
    }
    *out = (struct map){ .form = form, .entries = entries, .count = form->entry_count };
    return true;
}

static bool is_lookup_ref(struct resolve *resolve, const struct value *v, bool *is,
                          struct error *err)
{
    const struct attribute *a;
    struct bytes ident;

    *is = false;
    if (!value_is_sequence(v) || v->count != 2)
        return true;
    const struct value *first = &v->items[0];
    /* Among refs a plain string is a tempid, so here a string needs its colon. */
    if (first->type != VALUE_KEYWORD &&
        !(first->type == VALUE_STRING && first->text.len > 1 && first->text.data[0] == ':'))
        return true;
    if (!parse_attribute(first, resolve->draft->arena, &ident, err) ||
        !declare_find(resolve->draft, ident, &a, err))
        return false;
    *is = a && a->unique != UNIQUE_NONE;
    return true;
}

/* The values that an entry of a map gives: one, or the items of a collection. */
static bool entry_values(struct resolve *resolve, const struct entry *entry,
                         const struct value **values, uint32_t *count, struct error *err)
{
    const struct attribute *a = entry->a;
    const struct value *v = entry->value;
    bool lookup_ref = false;

    *values = v;
    *count = 1;
    if (!(entry->reverse || a->many) || !value_is_collection(v) || v->type == VALUE_MAP)
        return true;
    if (a->type == TYPE_REF && !is_lookup_ref(resolve, v, &lookup_ref, err))
        return false;
    if (!lookup_ref) {
        *values = v->items;
        *count = v->count;
    }
    return true;
}

/* What the identities of a map have led to so far. */
struct upsert {
    uint32_t e; /* 0: nothing */
    const struct attribute *a;
    const struct value *v;
};

static bool upsert_by(struct resolve *resolve, const struct attribute *a, const struct value *v,
                      struct upsert *upsert, bool *found, struct error *err)
{
    uint32_t e = 0;

    if (!reference_holder(resolve, a, v, found, &e, err))
        return false;
    if (!*found || e == upsert->e)
        return true;
    if (upsert->e) {
        struct bytes first = reference_quote(resolve, upsert->v),
                     second = reference_quote(resolve, v);
        return fail(err, ERROR_CONFLICT,
                    "conflicting upsert: :%.*s %.*s is entity %u, and :%.*s %.*s is entity %u",
                    BYTES_ARG(upsert->a->ident), BYTES_ARG(first), upsert->e, BYTES_ARG(a->ident),
                    BYTES_ARG(second), e);
    }
    *upsert = (struct upsert){ e, a, v };
    return true;
}

static const struct value *value_of(const struct map *map, uint16_t a)
{
    for (uint32_t i = 0; i < map->count; i++)
        if (!map->entries[i].reverse && map->entries[i].a->id == a)
            return map->entries[i].value;
    return NULL;
}

/* A map that has all parts of a composite identity has the identity. Each tuple is tried at its
 * first part. */
static bool upsert_by_parts(struct resolve *resolve, const struct map *map,
                            const struct attribute *part, struct upsert *upsert, struct error *err)
{
    struct draft *draft = resolve->draft;

    for (uint32_t i = 0; i < part->in_tuple_count; i++) {
        const struct attribute *tuple = schema_by_id(draft->schema, part->in_tuples[i]);
        if (tuple->unique != UNIQUE_IDENTITY || tuple->tuple_attrs[0] != part->id)
            continue;
        struct value *items = ARENA_ARRAY(draft->arena, struct value, tuple->tuple_attr_count);
        struct value *whole = ARENA_NEW(draft->arena, struct value);
        uint32_t n = 0;
        bool found;
        for (; n < tuple->tuple_attr_count; n++) {
            const struct value *v = value_of(map, tuple->tuple_attrs[n]);
            if (!v || v->type == VALUE_MAP)
                break;
            items[n] = *v;
        }
        *whole = value_collection(VALUE_VECTOR, items, n);
        if (n == tuple->tuple_attr_count && !upsert_by(resolve, tuple, whole, upsert, &found, err))
            return false;
    }
    return true;
}

static bool map_upsert(struct resolve *resolve, const struct map *map, struct upsert *upsert,
                       struct error *err)
{
    *upsert = (struct upsert){ 0 };
    for (uint32_t i = 0; i < map->count; i++) {
        struct entry *entry = &map->entries[i];
        const struct value *values;
        uint32_t count;
        bool found = false;

        if (entry->reverse)
            continue;
        if (entry->a->in_tuple_count > 0 && !upsert_by_parts(resolve, map, entry->a, upsert, err))
            return false;
        if (entry->a->unique != UNIQUE_IDENTITY)
            continue;
        if (!entry_values(resolve, entry, &values, &count, err))
            return false;
        for (uint32_t k = 0; k < count; k++)
            if (!(entry->a->type == TYPE_REF && values[k].type == VALUE_MAP) &&
                !upsert_by(resolve, entry->a, &values[k], upsert, &found, err))
                return false;
        entry->settled = entry->a->tuple_attr_count > 0 && found;
    }
    return true;
}

void map_form_note(struct tempid *tempid, struct bytes ident)
{
    tempid->has_ident |= bytes_equal(ident, BYTES("db/ident"));
    tempid->has_schema |= declare_is_schema_ident(ident);
}

/* The entity of a map: by its :db/id, by its identities, or a new one. */
static bool map_entity(struct resolve *resolve, struct map *map, uint32_t *e, struct error *err)
{
    const struct form *form = map->form;
    bool found, by_tempid = !form->entity || tempid_is(form->entity);
    struct upsert upsert;

    if (!by_tempid) {
        if (!reference_entity(resolve, form->entity, POSITION_ENTITY, &found, e, err) ||
            !check_entity(resolve->draft, *e, err))
            return false;
        draft_use_entity(resolve->draft, *e);
    }
    if (!map_upsert(resolve, map, &upsert, err))
        return false;
    if (!by_tempid) {
        if (!upsert.e || upsert.e == *e)
            return true;
        struct bytes text = reference_quote(resolve, upsert.v);
        return fail(err, ERROR_CONFLICT,
                    "conflicting upsert: :%.*s %.*s is entity %u, not entity %u",
                    BYTES_ARG(upsert.a->ident), BYTES_ARG(text), upsert.e, *e);
    }
    map->tempid = form->entity ? tempid_of(resolve->tempids, form->entity)
                               : tempid_of_map(resolve->tempids, form->source);
    for (uint32_t i = 0; i < form->entry_count; i++)
        map_form_note(map->tempid, form->entries[i].attribute);
    return tempid_bind(resolve->tempids, map->tempid, upsert.e, e, err);
}

/* An identity may have got its holder since map_entity() looked: from a map nested in this one. */
static bool add_own_value(struct resolve *resolve, const struct map *map, uint32_t *e,
                          const struct attribute *a, const struct value *v, struct error *err)
{
    bool found = false;
    uint32_t holder = 0;

    if (map->tempid && a->unique == UNIQUE_IDENTITY &&
        (!reference_holder(resolve, a, v, &found, &holder, err) ||
         (found && !tempid_bind(resolve->tempids, map->tempid, holder, e, err))))
        return false;
    return assertion_value(resolve, *e, a, v, err);
}

static bool resolve_map(struct resolve *resolve, const struct form *form, uint32_t *e,
                        struct tempid **tempid, struct error *err);

/* One value of a map's entry, for its entity *e. */
static bool add_entry_value(struct resolve *resolve, const struct map *map, uint32_t *e,
                            const struct attribute *a, bool reverse, const struct value *v,
                            struct error *err)
{
    struct value self = value_long(*e);
    struct tempid *value = map->tempid; /* of the entity that is the value of the ref */
    struct form nested;
    uint32_t other;

    if (a->type == TYPE_REF && v->type == VALUE_MAP) {
        if (!draft_count(resolve->draft, err) ||
            !parse_map(v, resolve->draft->arena, &nested, err) ||
            !resolve_map(resolve, &nested, &other, reverse ? NULL : &value, err))
            return false;
        struct value ref = value_long(other);
        if (value)
            value->used_as_value = true;
        return reverse ? assertion_value(resolve, other, a, &self, err)
                       : assertion_value(resolve, *e, a, &ref, err);
    }
    if (!reverse)
        return add_own_value(resolve, map, e, a, v, err);
    if (value)
        value->used_as_value = true;
    return assertion_entity(resolve, v, a, &self, &other, err) &&
           assertion_value(resolve, other, a, &self, err);
}

static bool add_entry(struct resolve *resolve, const struct map *map, uint32_t *e,
                      const struct entry *entry, struct error *err)
{
    const struct value *values;
    uint32_t count;

    if (!entry_values(resolve, entry, &values, &count, err))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!add_entry_value(resolve, map, e, entry->a, entry->reverse, &values[i], err))
            return false;
    return true;
}

/* Recurses into nested maps: as deep as decoded values may be, LIMIT_DEPTH. */
static bool add_entries(struct resolve *resolve, const struct map *map, uint32_t *e,
                        struct error *err)
{
    for (int tuples = 0; tuples <= 1; tuples++) /* a tuple equals what its parts have become */
        for (uint32_t i = 0; i < map->count; i++)
            if ((map->entries[i].a->tuple_attr_count > 0) == (tuples == 1) &&
                !map->entries[i].settled && !add_entry(resolve, map, e, &map->entries[i], err))
                return false;
    return true;
}

/* `tempid`, which may be NULL: that of the map's entity; NULL when it is named otherwise. */
static bool resolve_map(struct resolve *resolve, const struct form *form, uint32_t *e,
                        struct tempid **tempid, struct error *err)
{
    struct map map;

    if (!open_map(resolve, form, &map, err) || !map_entity(resolve, &map, e, err) ||
        !add_entries(resolve, &map, e, err))
        return false;
    if (tempid)
        *tempid = map.tempid;
    return true;
}

bool map_form_resolve(struct resolve *resolve, const struct form *form, uint32_t *e,
                      struct error *err)
{
    return resolve_map(resolve, form, e, NULL, err);
}

bool map_form_meta(struct resolve *resolve, const struct form *form, uint32_t tx_e,
                   struct error *err)
{
    struct map map;

    return open_map(resolve, form, &map, err) && add_entries(resolve, &map, &tx_e, err);
}
