#include "txd/tx/check.h"

#include "common/limits.h"
#include "proto/edn.h"

bool check_entity(const struct draft *draft, uint32_t e, struct error *err)
{
    if (entity_is_user(e) || e == draft->tx_e)
        return true;
    if (entity_is_tx(e))
        return fail(err, ERROR_INCORRECT,
                    "entity %u is another transaction: only this one's (:db/current-tx) can be "
                    "written",
                    e);
    if (e - ATTRIBUTE_ENTITY_BASE < ATTR_USER_FIRST)
        return fail(err, ERROR_INCORRECT, "entity %u is a built-in attribute: it cannot be written",
                    e);
    if (e - ATTRIBUTE_ENTITY_BASE >= draft->next_a ||
        (e - ATTRIBUTE_ENTITY_BASE < draft->head->next_a &&
         !schema_by_id(draft->schema, (uint16_t)(e - ATTRIBUTE_ENTITY_BASE))))
        return fail(err, ERROR_INCORRECT,
                    "entity %u: there is no such attribute, and ids from %u to %u are given to "
                    "attributes by the server",
                    e, ATTRIBUTE_ENTITY_BASE, TX_ENTITY_BASE - 1);
    return true;
}

bool check_client_writes(const struct attribute *a, struct error *err)
{
    if (a->id >= ATTR_TX_INSTANT && a->id <= ATTR_TX_ID)
        return fail(err, ERROR_INCORRECT, "attribute :%.*s is written by the server alone",
                    BYTES_ARG(a->ident));
    return true;
}

static bool check_value(uint32_t e, const struct attribute *a, struct value *v, struct error *err)
{
    if (v->type == VALUE_NIL)
        return fail(err, ERROR_INCORRECT, "nil is no value, for attribute :%.*s of entity %u",
                    BYTES_ARG(a->ident), e);
    if (declare_is_schema(a->id) && !entity_is_attribute(e))
        return fail(err, ERROR_INCORRECT,
                    "entity %u is no attribute and cannot have :%.*s: an attribute is declared "
                    "by a new entity with :db/ident and what it declares",
                    e, BYTES_ARG(a->ident));
    if (a->id == ATTR_IDENT && v->type == VALUE_KEYWORD && entity_is_attribute(e) &&
        !declare_check_ident(v->text, err))
        return false;
    if ((v->type == VALUE_KEYWORD || v->type == VALUE_SYMBOL) && v->text.len > LIMIT_KEYWORD_BYTES)
        return fail(err, ERROR_INCORRECT, "%s of %zu bytes for :%.*s: at most %d",
                    value_type_name(v->type), v->text.len, BYTES_ARG(a->ident),
                    LIMIT_KEYWORD_BYTES);
    return attribute_accepts(a, v, err);
}

static bool check_unique(struct draft *draft, uint32_t e, const struct attribute *a,
                         const struct value *v, struct error *err)
{
    bool held;
    uint32_t holder = 0;

    if (!overlay_holder(&draft->overlay, a, v, &held, &holder, err))
        return false;
    if (!held || holder == e)
        return true;
    struct bytes text = edn_excerpt(draft->arena, v);
    return fail(err, ERROR_CONFLICT,
                "cannot add :%.*s %.*s to entity %u: entity %u already has it (:db.unique/%s)",
                BYTES_ARG(a->ident), BYTES_ARG(text), e, holder,
                a->unique == UNIQUE_IDENTITY ? "identity" : "value");
}

/* The composite tuples that the attribute is part of are to be looked at. */
static void tuples_due(struct draft *draft, uint32_t e, const struct attribute *a)
{
    for (uint32_t i = 0; i < a->in_tuple_count; i++) {
        struct tuple_due *due = ARENA_NEW(draft->arena, struct tuple_due);
        due->e = e;
        due->a = a->in_tuples[i];
        *draft->tuples_last = due;
        draft->tuples_last = &due->next;
    }
}

/* A datom of (e, a) has come or gone. */
static void changed(struct draft *draft, uint32_t e, const struct attribute *a)
{
    if (entity_is_attribute(e))
        declare_touch(draft, e, a->id);
    tuples_due(draft, e, a);
}

static bool retract(struct draft *draft, struct pending *pending, const struct attribute *a,
                    struct error *err)
{
    if (!draft_count(draft, err))
        return false;
    overlay_set(&draft->overlay, pending, false);
    changed(draft, pending->e, a);
    return true;
}

static bool assert_datom(struct draft *draft, uint32_t e, const struct attribute *a,
                         const struct value *v, struct error *err)
{
    struct pending *pending;
    struct group *group;

    if (a->unique != UNIQUE_NONE && !check_unique(draft, e, a, v, err))
        return false;
    if (a->many) {
        if (!overlay_find(&draft->overlay, e, a, v, &pending, err))
            return false;
        if (pending->now)
            return true;
    } else {
        /* The value that is there is read first: it is needed anyway, and tells whether ours is. */
        if (!overlay_values(&draft->overlay, e, a->id, &group, err) ||
            !overlay_find(&draft->overlay, e, a, v, &pending, err))
            return false;
        if (pending->now) {
            tuples_due(draft, e, a); /* a tuple declared since is made up for (declare.h) */
            return true;
        }
        for (struct pending *at = group->first; group->present > 0; at = at->next_in_group)
            if (at->now && !retract(draft, at, a, err))
                return false;
    }
    overlay_set(&draft->overlay, pending, true);
    changed(draft, e, a);
    return true;
}

bool check_add(struct draft *draft, uint32_t e, const struct attribute *a, struct value v,
               struct error *err)
{
    if (!draft_count(draft, err) || !check_client_writes(a, err) || !check_value(e, a, &v, err))
        return false;
    draft_use_entity(draft, e);
    if (a->type == TYPE_REF)
        draft_use_entity(draft, (uint32_t)v.number);
    if (!assert_datom(draft, e, a, &v, err))
        return false;
    overlay_entity(&draft->overlay, e)->asserted = true;
    return true;
}

bool check_retract(struct draft *draft, struct pending *pending, struct error *err)
{
    return retract(draft, pending, draft_attribute(draft, pending->a), err);
}

/* The value of a cardinality-one attribute now; nil when there is none. */
static bool value_now(struct draft *draft, uint32_t e, uint16_t a, struct value *out,
                      struct error *err)
{
    struct group *group;

    if (!overlay_values(&draft->overlay, e, a, &group, err))
        return false;
    *out = value_nil();
    if (group->present > 0) {
        const struct pending *at = group->first;
        while (!at->now)
            at = at->next_in_group;
        *out = at->v;
    }
    return true;
}

bool check_tuple_equal(struct draft *draft, uint32_t e, const struct attribute *a,
                       const struct value *v, bool *equal, struct error *err)
{
    *equal = false;
    if (!value_is_sequence(v) || v->count != a->tuple_attr_count)
        return true;
    for (uint32_t i = 0; i < v->count; i++) {
        struct value part;
        if (!value_now(draft, e, a->tuple_attrs[i], &part, err))
            return false;
        if (part.type == VALUE_NIL || !value_equal(&part, &v->items[i]))
            return true;
    }
    *equal = true;
    return true;
}

static bool update_tuple(struct draft *draft, uint32_t e, const struct attribute *a,
                         check_identity_fn fn, void *arg, struct error *err)
{
    struct value *parts = ARENA_ARRAY(draft->arena, struct value, a->tuple_attr_count);
    struct group *group;
    bool any = false, all = true, held = false, is = false;
    uint32_t holder;

    if (!overlay_room(&draft->overlay, err))
        return false;
    for (uint32_t i = 0; i < a->tuple_attr_count; i++) {
        if (!value_now(draft, e, a->tuple_attrs[i], &parts[i], err))
            return false;
        any |= parts[i].type != VALUE_NIL;
        all &= parts[i].type != VALUE_NIL;
    }
    if (any) {
        struct value v = value_collection(VALUE_VECTOR, parts, a->tuple_attr_count);
        if (!attribute_accepts(a, &v, err) ||
            (all && a->unique == UNIQUE_IDENTITY &&
             !overlay_holder(&draft->overlay, a, &v, &held, &holder, err)) ||
            (held && holder != e && !fn(arg, e, a, &v, holder, &is, err)))
            return false;
        return is || assert_datom(draft, e, a, &v, err);
    }
    if (!overlay_values(&draft->overlay, e, a->id, &group, err))
        return false;
    for (struct pending *at = group->first; group->present > 0; at = at->next_in_group)
        if (at->now && !retract(draft, at, a, err))
            return false;
    return true;
}

bool check_tuples(struct draft *draft, check_identity_fn fn, void *arg, struct error *err)
{
    while (draft->tuples_due) {
        const struct tuple_due *due = draft->tuples_due;
        const struct attribute *a = schema_by_id(draft->schema, due->a);
        draft->tuples_due = due->next;
        if (!draft->tuples_due)
            draft->tuples_last = &draft->tuples_due;
        if (a && !update_tuple(draft, due->e, a, fn, arg, err))
            return false;
    }
    return true;
}
