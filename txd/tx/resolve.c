#include "txd/tx/resolve.h"

#include "common/limits.h"
#include "proto/edn.h"
#include "txd/tx/check.h"

#include <inttypes.h>
#include <stdlib.h>

struct resolve {
    struct draft *draft;
    struct tempids *tempids;
    size_t forms; /* that this run has come to */
};

enum position {
    POSITION_ENTITY,  /* of what is asserted: tempids are welcome */
    POSITION_VALUE,   /* of a ref that is asserted: likewise, and noted as used there */
    POSITION_STRICT,  /* no tempids, and it must be there */
    POSITION_LENIENT, /* no tempids; what a lookup ref does not find is no error */
};

static bool resolve_entity(struct resolve *resolve, const struct value *v, enum position position,
                           bool *found, uint32_t *e, struct error *err);
static bool resolve_map(struct resolve *resolve, const struct form *form, uint32_t *out,
                        struct error *err);

static struct bytes quote(struct resolve *resolve, const struct value *v)
{
    return edn_excerpt(resolve->draft->arena, v);
}

/* --- entities --- */

/*
 * The value of a unique attribute as it is stored, for looking it up. *found is false when it
 * cannot be there: a tempid, or a ref to what is not there.
 */
static bool stored_value(struct resolve *resolve, const struct attribute *a, const struct value *v,
                         struct value *out, bool *found, struct error *err)
{
    uint32_t e;

    *found = false;
    if (v->type == VALUE_NIL || (a->type == TYPE_REF && tempid_is(v)))
        return true;
    if (a->type == TYPE_REF) {
        if (!resolve_entity(resolve, v, POSITION_LENIENT, found, &e, err))
            return false;
        *out = value_long(e);
        return true;
    }
    *found = true;
    *out = *v;
    if (a->tuple_attr_count == 0)
        return attribute_accepts(a, out, err);
    *found = value_is_sequence(v) && v->count == a->tuple_attr_count;
    if (!*found)
        return true;
    struct value *parts = ARENA_ARRAY(resolve->draft->arena, struct value, v->count);
    for (uint32_t i = 0; i < v->count && *found; i++) {
        const struct attribute *part = schema_by_id(resolve->draft->schema, a->tuple_attrs[i]);
        if (v->items[i].type != VALUE_NIL &&
            !stored_value(resolve, part, &v->items[i], &parts[i], found, err))
            return false;
    }
    *out = value_collection(VALUE_VECTOR, parts, v->count);
    return true;
}

/* The entity that holds the value of a unique attribute. */
static bool find_holder(struct resolve *resolve, const struct attribute *a, const struct value *v,
                        bool *found, uint32_t *e, struct error *err)
{
    struct value stored;

    return stored_value(resolve, a, v, &stored, found, err) &&
           (!*found || overlay_holder(&resolve->draft->overlay, a, &stored, found, e, err));
}

static bool find_lookup_ref(struct resolve *resolve, const struct value *v, bool *found,
                            uint32_t *e, struct error *err)
{
    const struct attribute *a;
    struct bytes ident, text;

    if (v->count != 2) {
        text = quote(resolve, v);
        return fail(err, ERROR_INCORRECT,
                    "%.*s is no lookup ref: that has an attribute and a value", BYTES_ARG(text));
    }
    if (!parse_attribute(&v->items[0], resolve->draft->arena, &ident, err) ||
        !declare_find(resolve->draft, ident, &a, err))
        return false;
    if (!a || a->unique == UNIQUE_NONE) {
        text = quote(resolve, v);
        return fail(err, ERROR_INCORRECT, "lookup ref %.*s: attribute :%.*s is not unique",
                    BYTES_ARG(text), BYTES_ARG(ident));
    }
    return find_holder(resolve, a, &v->items[1], found, e, err);
}

static bool find_ident(struct resolve *resolve, const struct value *v, bool *found, uint32_t *e,
                       struct error *err)
{
    const struct attribute *ident = schema_by_id(resolve->draft->schema, ATTR_IDENT);

    return overlay_holder(&resolve->draft->overlay, ident, v, found, e, err);
}

static bool resolve_tempid(struct resolve *resolve, const struct value *v, enum position position,
                           uint32_t *e, struct error *err)
{
    struct bytes text;

    if (position == POSITION_STRICT || position == POSITION_LENIENT) {
        text = quote(resolve, v);
        return fail(err, ERROR_INCORRECT,
                    "tempid %.*s cannot stand here: tempids are for :db/add and maps",
                    BYTES_ARG(text));
    }
    struct tempid *tempid = tempid_of(resolve->tempids, v);
    tempid->used_as_value |= position == POSITION_VALUE;
    return tempid_bind(resolve->tempids, tempid, 0, e, err);
}

static bool resolve_number(int64_t number, uint32_t *e, struct error *err)
{
    if (number < 1 || number > (int64_t)TX_ENTITY_BASE + T_MAX)
        return fail(err, ERROR_INCORRECT, "%" PRId64 " is no entity id: they go from 1 to %u",
                    number, USER_ENTITY_MAX);
    *e = (uint32_t)number;
    return true;
}

static bool resolve_entity(struct resolve *resolve, const struct value *v, enum position position,
                           bool *found, uint32_t *e, struct error *err)
{
    struct bytes text;

    *found = true;
    if (tempid_is_transaction(v)) {
        *e = resolve->draft->tx_e;
        return true;
    }
    if (tempid_is(v))
        return resolve_tempid(resolve, v, position, e, err);
    if (v->type == VALUE_LONG)
        return resolve_number(v->number, e, err);
    if (v->type != VALUE_KEYWORD && !value_is_sequence(v)) {
        text = quote(resolve, v);
        return fail(err, ERROR_INCORRECT,
                    "%.*s is no entity: an id, a tempid, a lookup ref or an ident is expected",
                    BYTES_ARG(text));
    }
    if (!(v->type == VALUE_KEYWORD ? find_ident : find_lookup_ref)(resolve, v, found, e, err))
        return false;
    if (!*found && position != POSITION_LENIENT) {
        text = quote(resolve, v);
        return fail(err, ERROR_NOT_FOUND, "nothing is found for %.*s", BYTES_ARG(text));
    }
    return true;
}

/* --- values --- */

/* A value to be asserted, its refs resolved. */
static bool resolve_value(struct resolve *resolve, const struct attribute *a, const struct value *v,
                          enum position position, struct value *out, struct error *err)
{
    bool found;
    uint32_t e;

    *out = *v;
    if (v->type == VALUE_NIL)
        return true; /* check says what is wrong with it */
    if (a->type == TYPE_REF) {
        if (!resolve_entity(resolve, v, position, &found, &e, err))
            return false;
        *out = value_long(e);
    } else if (a->tuple_type_count > 0 && value_is_sequence(v)) {
        struct value *items = ARENA_ARRAY(resolve->draft->arena, struct value, v->count);
        for (uint32_t i = 0; i < v->count; i++) {
            uint32_t at = a->tuple_type_count > 1 ? i : 0;
            items[i] = v->items[i];
            if (at >= a->tuple_type_count || a->tuple_types[at] != TYPE_REF ||
                items[i].type == VALUE_NIL)
                continue;
            if (!resolve_entity(resolve, &v->items[i], position, &found, &e, err))
                return false;
            draft_use_entity(resolve->draft, e);
            items[i] = value_long(e);
        }
        *out = value_collection(VALUE_VECTOR, items, v->count);
    }
    return true;
}

/* A composite tuple cannot be written: what equals its parts is let pass, as saying nothing. */
static bool write_tuple(struct resolve *resolve, uint32_t e, const struct attribute *a,
                        const struct value *v, struct error *err)
{
    struct value stored;
    bool equal = false;

    if (v && !stored_value(resolve, a, v, &stored, &equal, err))
        return false;
    if (equal && !check_tuple_equal(resolve->draft, e, a, &stored, &equal, err))
        return false;
    if (!equal)
        return fail(err, ERROR_INCORRECT,
                    "composite tuple :%.*s of entity %u cannot be written: it follows its parts",
                    BYTES_ARG(a->ident), e);
    overlay_entity(&resolve->draft->overlay, e)->asserted = true;
    return true;
}

static bool add_value(struct resolve *resolve, uint32_t e, const struct attribute *a,
                      const struct value *v, struct error *err)
{
    struct value value;

    if (!check_entity(resolve->draft, e, err))
        return false;
    if (a->tuple_attr_count > 0 && v->type != VALUE_NIL)
        return write_tuple(resolve, e, a, v, err);
    return resolve_value(resolve, a, v, POSITION_VALUE, &value, err) &&
           check_add(resolve->draft, e, a, value, err);
}

/* --- :db/add --- */

/* The entity that a form asserts something of: a tempid may be led to one by an identity. */
static bool asserted_entity(struct resolve *resolve, const struct value *entity,
                            const struct attribute *a, const struct value *v, uint32_t *e,
                            struct error *err)
{
    bool found = false;
    uint32_t upserted = 0;

    if (!tempid_is(entity))
        return resolve_entity(resolve, entity, POSITION_ENTITY, &found, e, err);
    if (a->unique == UNIQUE_IDENTITY && !find_holder(resolve, a, v, &found, &upserted, err))
        return false;
    return tempid_bind(resolve->tempids, tempid_of(resolve->tempids, entity), found ? upserted : 0,
                       e, err);
}

static bool resolve_add(struct resolve *resolve, const struct form *form, struct error *err)
{
    const struct attribute *a;
    uint32_t e;

    return declare_need(resolve->draft, form->attribute, &a, err) &&
           asserted_entity(resolve, form->entity, a, form->value, &e, err) &&
           add_value(resolve, e, a, form->value, err);
}

/* --- maps --- */

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

    if (!find_holder(resolve, a, v, found, &e, err))
        return false;
    if (!*found || e == upsert->e)
        return true;
    if (upsert->e) {
        struct bytes first = quote(resolve, upsert->v), second = quote(resolve, v);
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

static void note_declaration(struct tempid *tempid, struct bytes ident)
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
        if (!resolve_entity(resolve, form->entity, POSITION_ENTITY, &found, e, err) ||
            !check_entity(resolve->draft, *e, err))
            return false;
        draft_use_entity(resolve->draft, *e);
    }
    if (!map_upsert(resolve, map, &upsert, err))
        return false;
    if (!by_tempid) {
        if (!upsert.e || upsert.e == *e)
            return true;
        struct bytes text = quote(resolve, upsert.v);
        return fail(err, ERROR_CONFLICT,
                    "conflicting upsert: :%.*s %.*s is entity %u, not entity %u",
                    BYTES_ARG(upsert.a->ident), BYTES_ARG(text), upsert.e, *e);
    }
    map->tempid = form->entity ? tempid_of(resolve->tempids, form->entity)
                               : tempid_of_map(resolve->tempids, form->source);
    for (uint32_t i = 0; i < form->entry_count; i++)
        note_declaration(map->tempid, form->entries[i].attribute);
    return tempid_bind(resolve->tempids, map->tempid, upsert.e, e, err);
}

/* An identity may have got its holder since map_entity() looked: from a map nested in this one. */
static bool add_own_value(struct resolve *resolve, const struct map *map, uint32_t *e,
                          const struct attribute *a, const struct value *v, struct error *err)
{
    bool found = false;
    uint32_t holder = 0;

    if (map->tempid && a->unique == UNIQUE_IDENTITY &&
        (!find_holder(resolve, a, v, &found, &holder, err) ||
         (found && !tempid_bind(resolve->tempids, map->tempid, holder, e, err))))
        return false;
    return add_value(resolve, *e, a, v, err);
}

/* One value of a map's entry, for its entity *e. */
static bool add_entry_value(struct resolve *resolve, const struct map *map, uint32_t *e,
                            const struct attribute *a, bool reverse, const struct value *v,
                            struct error *err)
{
    struct value self = value_long(*e);
    struct form nested;
    uint32_t other;

    if (a->type == TYPE_REF && v->type == VALUE_MAP) {
        if (!draft_count(resolve->draft, err) ||
            !parse_map(v, resolve->draft->arena, &nested, err) ||
            !resolve_map(resolve, &nested, &other, err))
            return false;
        struct value ref = value_long(other);
        return reverse ? add_value(resolve, other, a, &self, err)
                       : add_value(resolve, *e, a, &ref, err);
    }
    if (!reverse)
        return add_own_value(resolve, map, e, a, v, err);
    return asserted_entity(resolve, v, a, &self, &other, err) &&
           add_value(resolve, other, a, &self, err);
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

static bool resolve_map(struct resolve *resolve, const struct form *form, uint32_t *e,
                        struct error *err)
{
    struct map map;

    return open_map(resolve, form, &map, err) && map_entity(resolve, &map, e, err) &&
           add_entries(resolve, &map, e, err);
}

/* --- retractions --- */

struct entities { /* waiting to be retracted */
    uint32_t *items;
    size_t count, cap;
};

static void entities_push(struct entities *entities, struct arena *arena, uint32_t e)
{
    if (entities->count == entities->cap) {
        size_t cap = entities->cap ? entities->cap * 2 : 16;
        uint32_t *items = ARENA_ARRAY(arena, uint32_t, cap);
        if (entities->count)
            memcpy(items, entities->items, entities->count * sizeof(*items));
        entities->items = items;
        entities->cap = cap;
    }
    entities->items[entities->count++] = e;
}

/* Retracts all values of a group; the components are left in `components`. */
static bool retract_group(struct resolve *resolve, struct group *group, struct entities *components,
                          struct error *err)
{
    const struct attribute *a = draft_attribute(resolve->draft, group->a);

    for (struct pending *at = group->first; group->present > 0; at = at->next_in_group) {
        if (!at->now)
            continue;
        if (a->component && a->type == TYPE_REF && entity_is_user((uint32_t)at->v.number))
            entities_push(components, resolve->draft->arena, (uint32_t)at->v.number);
        if (!check_retract(resolve->draft, at, err))
            return false;
    }
    return true;
}

/* The entities, what refers to them, and their components in turn. A cycle ends because what is
 * retracted leads nowhere any more. */
static bool retract_entities(struct resolve *resolve, struct entities *entities, struct error *err)
{
    struct overlay *overlay = &resolve->draft->overlay;
    struct entity *entity;

    while (entities->count > 0) {
        uint32_t e = entities->items[--entities->count];
        if (!overlay_whole(overlay, e, &entity, err) || !overlay_targets(overlay, e, err))
            return false;
        for (struct group *group = entity->groups; group; group = group->next_of_entity)
            if (!retract_group(resolve, group, entities, err))
                return false;
        for (struct pending *at = NULL; entity->referrers > 0;) {
            at = overlay_target(overlay, e, at);
            if (!check_retract(resolve->draft, at, err))
                return false;
        }
    }
    return true;
}

/* The entity of a retraction; *found is false when there is nothing to do. */
static bool retracted_entity(struct resolve *resolve, const struct form *form, bool *found,
                             uint32_t *e, struct error *err)
{
    return resolve_entity(resolve, form->entity, POSITION_LENIENT, found, e, err) &&
           (!*found || check_entity(resolve->draft, *e, err));
}

static bool resolve_retract_entity(struct resolve *resolve, const struct form *form,
                                   struct error *err)
{
    struct entities entities = { 0 };
    bool found;
    uint32_t e;

    if (!retracted_entity(resolve, form, &found, &e, err))
        return false;
    if (!found)
        return true;
    if (e == resolve->draft->tx_e)
        return fail(err, ERROR_INCORRECT, "a transaction cannot retract itself");
    entities_push(&entities, resolve->draft->arena, e);
    return retract_entities(resolve, &entities, err);
}

/* The attribute of a retraction; NULL when nobody has it. */
static bool retracted_attribute(struct resolve *resolve, const struct form *form,
                                const struct attribute **a, struct error *err)
{
    if (resolve->draft->flexibility == FLEXIBILITY_WRITE)
        return declare_need(resolve->draft, form->attribute, a, err) &&
               check_client_writes(*a, err);
    return declare_find(resolve->draft, form->attribute, a, err) &&
           (!*a || check_client_writes(*a, err));
}

static bool resolve_retract(struct resolve *resolve, const struct form *form, struct error *err)
{
    const struct attribute *a;
    struct entities components = { 0 };
    struct pending *pending;
    struct group *group;
    struct value v;
    bool found;
    uint32_t e;

    if (!retracted_attribute(resolve, form, &a, err) ||
        !retracted_entity(resolve, form, &found, &e, err))
        return false;
    if (a && a->type == TYPE_REF && form->value && tempid_is(form->value)) /* found or not */
        return resolve_tempid(resolve, form->value, POSITION_STRICT, &e, err);
    if (!found || !a)
        return true;
    if (a->tuple_attr_count > 0)
        return write_tuple(resolve, e, a, form->value, err);
    if (form->kind == FORM_RETRACT_ATTRIBUTE)
        return overlay_values(&resolve->draft->overlay, e, a->id, &group, err) &&
               retract_group(resolve, group, &components, err) &&
               retract_entities(resolve, &components, err);
    if (!resolve_value(resolve, a, form->value, POSITION_STRICT, &v, err) ||
        !attribute_accepts(a, &v, err) ||
        !overlay_find(&resolve->draft->overlay, e, a, &v, &pending, err))
        return false;
    return !pending->now || check_retract(resolve->draft, pending, err);
}

/* --- compare and swap --- */

/* What the entity has, for the message of a failed comparison. */
static struct bytes values_now(struct resolve *resolve, struct group *group)
{
    struct value_builder values = { 0 };

    for (const struct pending *at = group->first; at && values.count < 4; at = at->next_in_group)
        if (at->now)
            value_builder_add(&values, resolve->draft->arena, at->v);
    struct value all = value_builder_end(&values, VALUE_VECTOR);
    if (all.count == 0)
        return BYTES("nothing");
    return quote(resolve, all.count == 1 ? &all.items[0] : &all);
}

static bool cas_compare(struct resolve *resolve, uint32_t e, const struct attribute *a,
                        const struct value *old, struct error *err)
{
    struct group *group;
    struct pending *pending;
    struct value v;
    bool equal;

    if (!resolve_value(resolve, a, old, POSITION_STRICT, &v, err))
        return false;
    if (v.type == VALUE_NIL) {
        if (!overlay_values(&resolve->draft->overlay, e, a->id, &group, err))
            return false;
        equal = group->present == 0;
    } else {
        if (!attribute_accepts(a, &v, err) ||
            !overlay_find(&resolve->draft->overlay, e, a, &v, &pending, err))
            return false;
        equal = pending->now;
    }
    if (equal)
        return true;
    if (!overlay_values(&resolve->draft->overlay, e, a->id, &group, err))
        return false;
    struct bytes expected = quote(resolve, &v), there = values_now(resolve, group);
    return fail(err, ERROR_CONFLICT, ":db/cas failed: :%.*s of entity %u is %.*s, not %.*s",
                BYTES_ARG(a->ident), e, BYTES_ARG(there), BYTES_ARG(expected));
}

static bool resolve_cas(struct resolve *resolve, const struct form *form, struct error *err)
{
    const struct attribute *a;
    bool found;
    uint32_t e;
    struct value v;

    if (!declare_need(resolve->draft, form->attribute, &a, err) ||
        !resolve_entity(resolve, form->entity, POSITION_STRICT, &found, &e, err) ||
        !check_entity(resolve->draft, e, err))
        return false;
    if (a->tuple_attr_count > 0)
        return write_tuple(resolve, e, a, NULL, err);
    return cas_compare(resolve, e, a, form->old, err) &&
           resolve_value(resolve, a, form->value, POSITION_STRICT, &v, err) &&
           check_add(resolve->draft, e, a, v, err);
}

/* --- the transaction --- */

static bool resolve_form(struct resolve *resolve, const struct form *form, struct error *err)
{
    uint32_t e;

    switch (form->kind) {
    case FORM_ADD:
        return resolve_add(resolve, form, err);
    case FORM_RETRACT:
    case FORM_RETRACT_ATTRIBUTE:
        return resolve_retract(resolve, form, err);
    case FORM_RETRACT_ENTITY:
        return resolve_retract_entity(resolve, form, err);
    case FORM_CAS:
        return resolve_cas(resolve, form, err);
    case FORM_MAP:
        return resolve_map(resolve, form, &e, err);
    }
    abort();
}

static bool resolve_meta(struct resolve *resolve, const struct value *meta, struct error *err)
{
    uint32_t tx_e = resolve->draft->tx_e;
    struct form form;
    struct map map;

    if (meta->type == VALUE_NIL)
        return true;
    if (meta->type != VALUE_MAP)
        return fail(err, ERROR_INCORRECT, "meta: a map of attributes is expected, not a %s",
                    value_type_name(meta->type));
    if (!parse_map(meta, resolve->draft->arena, &form, err))
        return fail_in(err, "meta");
    if (form.entity)
        return fail(err, ERROR_INCORRECT,
                    "meta: its attributes are the transaction's own, so it has no :db/id");
    if (!open_map(resolve, &form, &map, err) || !add_entries(resolve, &map, &tx_e, err) ||
        !check_tuples(resolve->draft, err))
        return fail_in(err, "meta");
    return true;
}

static bool run(struct resolve *resolve, const struct form *forms, size_t count,
                const struct value *meta, struct error *err)
{
    draft_reset(resolve->draft);
    tempids_begin(resolve->tempids);
    resolve->forms = 0;
    for (size_t i = 0; i < count; i++) {
        resolve->forms++;
        if (!resolve_form(resolve, &forms[i], err) || !check_tuples(resolve->draft, err)) {
            struct bytes text = quote(resolve, forms[i].source);
            return fail_in(err, "%.*s", BYTES_ARG(text));
        }
    }
    return resolve_meta(resolve, meta, err) && tempids_check(resolve->tempids, err) &&
           declare_finish(resolve->draft, err);
}

bool resolve_forms(struct draft *draft, struct tempids *tempids, const struct form *forms,
                   size_t count, const struct value *meta, struct error *err)
{
    struct resolve resolve = { .draft = draft, .tempids = tempids };

    for (size_t i = 0; i < count; i++) /* an attribute may be declared by several forms */
        if (forms[i].kind == FORM_ADD && bytes_starts_with(forms[i].attribute, BYTES("db/")) &&
            tempid_is(forms[i].entity))
            note_declaration(tempid_of(tempids, forms[i].entity), forms[i].attribute);
    size_t work = 0;
    int runs = 0;
    for (; runs < TEMPID_RUNS_FREE || (runs < TEMPID_RUNS_MAX && work < TEMPID_WORK_MAX); runs++) {
        bool ok = run(&resolve, forms, count, meta, err);
        if (!tempids_run_again(tempids))
            return ok;
        work += resolve.forms + draft->operations;
    }
    return fail(
        err, ERROR_INCORRECT,
        "the tempids depend on one another in too many ways, which %d runs of the forms have "
        "not settled: split the transaction, or put identities before what else is said "
        "of an entity",
        runs);
}
