#include "txd/tx/retraction.h"

#include "txd/tx/assertion.h"
#include "txd/tx/check.h"

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
    return reference_entity(resolve, form->entity, POSITION_LENIENT, found, e, err) &&
           (!*found || check_entity(resolve->draft, *e, err));
}

bool retraction_entity(struct resolve *resolve, const struct form *form, struct error *err)
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

bool retraction_resolve(struct resolve *resolve, const struct form *form, struct error *err)
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
        return reference_tempid(resolve, form->value, POSITION_STRICT, &e, err);
    if (!found || !a)
        return true;
    if (a->tuple_attr_count > 0)
        return assertion_tuple(resolve, e, a, form->value, err);
    if (form->kind == FORM_RETRACT_ATTRIBUTE)
        return overlay_values(&resolve->draft->overlay, e, a->id, &group, err) &&
               retract_group(resolve, group, &components, err) &&
               retract_entities(resolve, &components, err);
    if (!reference_value(resolve, a, form->value, POSITION_STRICT, &v, err) ||
        !attribute_accepts(a, &v, err) ||
        !overlay_find(&resolve->draft->overlay, e, a, &v, &pending, err))
        return false;
    return !pending->now || check_retract(resolve->draft, pending, err);
}
