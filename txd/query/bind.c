#include "txd/query/bind.h"

#include "proto/edn.h"

/* What is still to be bound before a row is whole. */
struct pending {
    const struct binding *binding;
    const struct value *value;
    const struct pending *next;
};

struct bind {
    struct relation *relation;
    struct value *row;
    bool *set;
    struct arena *arena;
    struct budget *budget;
};

static bool bind_next(struct bind *bind, const struct pending *pending, struct error *err);

static bool fail_shape(struct bind *bind, const struct pending *pending, const char *what,
                       struct error *err)
{
    struct bytes value = edn_excerpt(bind->arena, pending->value);
    struct bytes form = edn_excerpt(bind->arena, &pending->binding->form);

    return fail(err, ERROR_INCORRECT, "cannot bind %.*s to %.*s: %s", BYTES_ARG(value),
                BYTES_ARG(form), what);
}

static bool bind_variable(struct bind *bind, const struct pending *pending, struct error *err)
{
    uint32_t column = relation_column(bind->relation, pending->binding->id);

    if (bind->set[column])
        return !value_equal(&bind->row[column], pending->value) ||
               bind_next(bind, pending->next, err);
    bind->row[column] = *pending->value;
    bind->set[column] = true;
    bool ok = bind_next(bind, pending->next, err);
    bind->set[column] = false;
    return ok;
}

static bool bind_tuple(struct bind *bind, const struct pending *pending, struct error *err)
{
    const struct binding *binding = pending->binding;
    const struct pending *next = pending->next;

    if (!value_is_sequence(pending->value))
        return fail_shape(bind, pending, "it is no tuple", err);
    if (pending->value->count < binding->count)
        return fail_shape(bind, pending, "it has too few items", err);
    struct pending *items = ARENA_ARRAY(bind->arena, struct pending, binding->count);
    for (uint32_t i = binding->count; i-- > 0;) {
        items[i] = (struct pending){ &binding->items[i], &pending->value->items[i], next };
        next = &items[i];
    }
    return bind_next(bind, next, err);
}

static bool bind_collection(struct bind *bind, const struct pending *pending, struct error *err)
{
    const struct value *value = pending->value;
    bool map = value->type == VALUE_MAP;

    if (value->type == VALUE_NIL)
        return true;
    if (!value_is_collection(value))
        return fail_shape(bind, pending, "it is no collection", err);
    for (uint32_t i = 0; i < value->count; i++) {
        struct value pair = value_collection(VALUE_VECTOR, &value->items[2 * (size_t)i], 2);
        struct pending item = { pending->binding->items, map ? &pair : &value->items[i],
                                pending->next };
        if (!budget_turn(bind->budget, err) || !bind_next(bind, &item, err))
            return false;
    }
    return true;
}

static bool bind_next(struct bind *bind, const struct pending *pending, struct error *err)
{
    if (!pending) {
        relation_append(bind->relation, bind->arena, bind->row);
        return budget_turn(bind->budget, err);
    }
    switch (pending->binding->type) {
    case BINDING_VARIABLE:
        return bind_variable(bind, pending, err);
    case BINDING_TUPLE:
        return bind_tuple(bind, pending, err);
    case BINDING_COLLECTION:
        return bind_collection(bind, pending, err);
    case BINDING_BLANK:
    case BINDING_SOURCE:
    case BINDING_RULES:
        break;
    }
    return bind_next(bind, pending->next, err);
}

bool bind_value(const struct binding *binding, const struct value *value, struct relation *relation,
                struct value *row, bool *set, struct arena *arena, struct budget *budget,
                struct error *err)
{
    struct bind bind = { relation, row, set, arena, budget };
    struct pending first = { binding, value, NULL };

    return bind_next(&bind, &first, err) && budget_rows(budget, relation->rows, err);
}
