/* Functions that look into a source: the first value an entity has in an attribute. */
#include "txd/query/functions.h"
#include "txd/query/source.h"

/* The value of the entity, or any entity that has it when reverse; *found false: none. */
static bool first_value(struct call *call, uint32_t e, const struct attribute *attribute,
                        bool reverse, bool *found, struct value *out, struct error *err)
{
    struct components prefix = { .count = 2, .e = e, .a = attribute->id };
    enum index index = INDEX_EAVT;
    struct datom datom;

    if (reverse && attribute->type != TYPE_REF) {
        *found = false;
        return true;
    }
    if (reverse) {
        index = INDEX_VAET;
        prefix.v = value_long(e);
    }
    struct cursor *cursor = cursor_open(&call->source->db, index, &prefix, NULL, false);
    *found = cursor_next(cursor, &datom);
    if (*found)
        *out = reverse ? value_long(datom.e) : value_copy(call->arena, &datom.v);
    bool ok = cursor_check(cursor, err);
    cursor_close(cursor);
    return ok;
}

static bool look(struct call *call, const char *function, const struct value *entity,
                 const struct value *name, bool *found, struct value *out, struct error *err)
{
    uint32_t e;
    bool reverse;

    *found = false;
    if (!call->source || !call->source->is_graph)
        return fail(err, ERROR_INCORRECT, "%s needs the graph as its source", function);
    if (name->type != VALUE_KEYWORD && name->type != VALUE_STRING)
        return fail_argument(err, call->arena, function, name, "an attribute");
    const struct attribute *attribute = source_attribute(call->source, name, call->arena, &reverse);
    if (!source_entity(call->source, entity, found, &e, err))
        return false;
    if (!*found || !attribute) {
        *found = false;
        return true;
    }
    return first_value(call, e, attribute, reverse, found, out, err);
}

BUILT_IN(get_else)
{
    bool found;

    if (args[2].type == VALUE_NIL)
        return fail(err, ERROR_INCORRECT, "get-else: nil cannot be the default; use missing?");
    if (!look(call, "get-else", &args[0], &args[1], &found, out, err))
        return false;
    if (!found)
        *out = args[2];
    return true;
}

/* The first of the attributes that the entity has, as [attribute value]. */
BUILT_IN(get_some)
{
    *out = value_nil();
    for (uint32_t i = 1; i < count; i++) {
        struct value *pair = ARENA_ARRAY(call->arena, struct value, 2);
        bool found;
        if (!look(call, "get-some", &args[0], &args[i], &found, &pair[1], err))
            return false;
        if (found) {
            pair[0] = args[i];
            *out = value_collection(VALUE_VECTOR, pair, 2);
            return true;
        }
    }
    return true;
}

BUILT_IN(is_missing)
{
    struct value value;
    bool found;

    if (!look(call, "missing?", &args[0], &args[1], &found, &value, err))
        return false;
    *out = value_boolean(!found);
    return true;
}

const struct function functions_graph[] = {
    { "get-else", get_else, 3, 3, true },
    { "get-some", get_some, 2, ARGUMENTS_MAX, true },
    { "missing?", is_missing, 2, 2, true },
    { 0 },
};
