#include "txd/tx/reference.h"

#include "proto/edn.h"
#include "txd/tx/check.h"
#include "txd/tx/parse.h"

#include <assert.h>
#include <inttypes.h>

struct bytes reference_quote(struct resolve *resolve, const struct value *v)
{
    return edn_excerpt(resolve->draft->arena, v);
}

bool reference_stored(struct resolve *resolve, const struct attribute *a, const struct value *v,
                      struct value *out, bool *found, struct error *err)
{
    uint32_t e = 0;

    *found = false;
    if (v->type == VALUE_NIL)
        return true;
    if (a->type == TYPE_REF) {
        if (tempid_is(v))
            *found = tempid_known(resolve->tempids, v, &e);
        else if (!reference_entity(resolve, v, POSITION_LENIENT, found, &e, err))
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
            !reference_stored(resolve, part, &v->items[i], &parts[i], found, err))
            return false;
    }
    *out = value_collection(VALUE_VECTOR, parts, v->count);
    return true;
}

bool reference_holder(struct resolve *resolve, const struct attribute *a, const struct value *v,
                      bool *found, uint32_t *e, struct error *err)
{
    struct value stored;

    return reference_stored(resolve, a, v, &stored, found, err) &&
           (!*found || overlay_holder(&resolve->draft->overlay, a, &stored, found, e, err));
}

static bool find_lookup_ref(struct resolve *resolve, const struct value *v, bool *found,
                            uint32_t *e, struct error *err)
{
    const struct attribute *a;
    struct bytes ident, text;

    if (v->count != 2) {
        text = reference_quote(resolve, v);
        return fail(err, ERROR_INCORRECT,
                    "%.*s is no lookup ref: that has an attribute and a value", BYTES_ARG(text));
    }
    if (!parse_attribute(&v->items[0], resolve->draft->arena, &ident, err) ||
        !declare_find(resolve->draft, ident, &a, err))
        return false;
    if (!a || a->unique == UNIQUE_NONE) {
        text = reference_quote(resolve, v);
        return fail(err, ERROR_INCORRECT, "lookup ref %.*s: attribute :%.*s is not unique",
                    BYTES_ARG(text), BYTES_ARG(ident));
    }
    return reference_holder(resolve, a, &v->items[1], found, e, err);
}

static bool find_ident(struct resolve *resolve, const struct value *v, bool *found, uint32_t *e,
                       struct error *err)
{
    const struct attribute *ident = schema_by_id(resolve->draft->schema, ATTR_IDENT);

    return overlay_holder(&resolve->draft->overlay, ident, v, found, e, err);
}

bool reference_tempid(struct resolve *resolve, const struct value *v, enum position position,
                      uint32_t *e, struct error *err)
{
    struct bytes text;

    if (position == POSITION_STRICT || position == POSITION_LENIENT) {
        text = reference_quote(resolve, v);
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

bool reference_entity(struct resolve *resolve, const struct value *v, enum position position,
                      bool *found, uint32_t *e, struct error *err)
{
    struct bytes text;

    *found = true;
    if (tempid_is_transaction(v)) {
        *e = resolve->draft->tx_e;
        return true;
    }
    if (tempid_is(v))
        return reference_tempid(resolve, v, position, e, err);
    if (v->type == VALUE_LONG)
        return resolve_number(v->number, e, err);
    if (v->type != VALUE_KEYWORD && !value_is_sequence(v)) {
        text = reference_quote(resolve, v);
        return fail(err, ERROR_INCORRECT,
                    "%.*s is no entity: an id, a tempid, a lookup ref or an ident is expected",
                    BYTES_ARG(text));
    }
    if (!(v->type == VALUE_KEYWORD ? find_ident : find_lookup_ref)(resolve, v, found, e, err))
        return false;
    if (!*found && position != POSITION_LENIENT) {
        text = reference_quote(resolve, v);
        return fail(err, ERROR_NOT_FOUND, "nothing is found for %.*s", BYTES_ARG(text));
    }
    return true;
}

bool reference_value(struct resolve *resolve, const struct attribute *a, const struct value *v,
                     enum position position, struct value *out, struct error *err)
{
    bool found;
    uint32_t e;

    assert(position != POSITION_LENIENT); /* so that it is found, or an error */
    *out = *v;
    if (v->type == VALUE_NIL)
        return true; /* check says what is wrong with it */
    if (a->type == TYPE_REF) {
        if (!reference_entity(resolve, v, position, &found, &e, err))
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
            if (!reference_entity(resolve, &v->items[i], position, &found, &e, err))
                return false;
            draft_use_entity(resolve->draft, e);
            items[i] = value_long(e);
        }
        *out = value_collection(VALUE_VECTOR, items, v->count);
    }
    return true;
}
