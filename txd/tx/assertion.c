#include "txd/tx/assertion.h"

#include "txd/tx/check.h"

bool assertion_tuple(struct resolve *resolve, uint32_t e, const struct attribute *a,
                     const struct value *v, struct error *err)
{
    struct value stored;
    bool equal = false;

    if (v && !reference_stored(resolve, a, v, &stored, &equal, err))
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

bool assertion_value(struct resolve *resolve, uint32_t e, const struct attribute *a,
                     const struct value *v, struct error *err)
{
    struct value value;

    if (!check_entity(resolve->draft, e, err))
        return false;
    if (a->tuple_attr_count > 0 && v->type != VALUE_NIL)
        return assertion_tuple(resolve, e, a, v, err);
    return reference_value(resolve, a, v, POSITION_VALUE, &value, err) &&
           check_add(resolve->draft, e, a, value, err);
}

bool assertion_entity(struct resolve *resolve, const struct value *entity,
                      const struct attribute *a, const struct value *v, uint32_t *e,
                      struct error *err)
{
    bool found = false;
    uint32_t upserted = 0;

    if (!tempid_is(entity))
        return reference_entity(resolve, entity, POSITION_ENTITY, &found, e, err);
    if (a->unique == UNIQUE_IDENTITY && !reference_holder(resolve, a, v, &found, &upserted, err))
        return false;
    return tempid_bind(resolve->tempids, tempid_of(resolve->tempids, entity), found ? upserted : 0,
                       e, err);
}

bool assertion_add(struct resolve *resolve, const struct form *form, struct error *err)
{
    const struct attribute *a;
    uint32_t e;

    return declare_need(resolve->draft, form->attribute, &a, err) &&
           assertion_entity(resolve, form->entity, a, form->value, &e, err) &&
           assertion_value(resolve, e, a, form->value, err);
}

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
    return reference_quote(resolve, all.count == 1 ? &all.items[0] : &all);
}

static bool cas_compare(struct resolve *resolve, uint32_t e, const struct attribute *a,
                        const struct value *old, struct error *err)
{
    struct group *group;
    struct pending *pending;
    struct value v;
    bool equal;

    if (!reference_value(resolve, a, old, POSITION_STRICT, &v, err))
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
    struct bytes expected = reference_quote(resolve, &v), there = values_now(resolve, group);
    return fail(err, ERROR_CONFLICT, ":db/cas failed: :%.*s of entity %u is %.*s, not %.*s",
                BYTES_ARG(a->ident), e, BYTES_ARG(there), BYTES_ARG(expected));
}

bool assertion_cas(struct resolve *resolve, const struct form *form, struct error *err)
{
    const struct attribute *a;
    bool found;
    uint32_t e;
    struct value v;

    if (!declare_need(resolve->draft, form->attribute, &a, err) ||
        !reference_entity(resolve, form->entity, POSITION_STRICT, &found, &e, err) ||
        !check_entity(resolve->draft, e, err))
        return false;
    if (a->tuple_attr_count > 0)
        return assertion_tuple(resolve, e, a, NULL, err);
    return cas_compare(resolve, e, a, form->old, err) &&
           reference_value(resolve, a, form->value, POSITION_STRICT, &v, err) &&
           check_add(resolve->draft, e, a, v, err);
}
