#include "txd/query/written.h"

struct value written_call(const struct parser *parser, const struct value *form)
{
    struct value written = *form;

    if (parser_is_call(parser, form))
        written.type = VALUE_LIST;
    return written;
}

/* Where the clauses begin among the items of a call; at its end when it holds none. */
static uint32_t clauses_begin(const struct value *call)
{
    static const struct {
        const char *name;
        uint32_t before; /* the name, and the variables of a join */
    } kinds[] = { { "and", 1 }, { "not", 1 }, { "not-join", 2 }, { "or", 1 }, { "or-join", 2 } };
    uint32_t source = call->count > 0 && symbol_is_source(&call->items[0]);

    for (size_t i = 0; i < ARRAY_LEN(kinds) && source < call->count; i++)
        if (value_is_symbol(&call->items[source], kinds[i].name))
            return source + kinds[i].before;
    return call->count;
}

/* The form with all items from `first` on as written clauses. */
static struct value with_clauses(const struct parser *parser, const struct value *form,
                                 uint32_t first)
{
    struct value written = *form;

    written.items = ARENA_ARRAY(parser->arena, struct value, form->count);
    for (uint32_t i = 0; i < form->count; i++)
        written.items[i] = i < first ? form->items[i] : written_clause(parser, &form->items[i]);
    return written;
}

/*
 * Recurses into clauses in clauses: as deep as decoded values may be, LIMIT_DEPTH. Each of them
 * comes here again when it is parsed itself, and is left alone then: what is copied at every level
 * of a deep clause takes gigabytes.
 */
struct value written_clause(const struct parser *parser, const struct value *form)
{
    if (!parser->vectors_call || form->type != VALUE_VECTOR)
        return *form;
    if (parser_is_call(parser, form)) {
        struct value written = with_clauses(parser, form, clauses_begin(form));
        written.type = VALUE_LIST;
        return written;
    }
    if (!parser_begins_with_call(parser, form) || form->items[0].type == VALUE_LIST)
        return *form;
    struct value written = with_clauses(parser, form, form->count);
    written.items[0].type = VALUE_LIST;
    return written;
}

struct value written_rule(const struct parser *parser, const struct value *form)
{
    if (!parser->vectors_call || !value_is_sequence(form) || form->count == 0)
        return *form;
    struct value written = with_clauses(parser, form, 1);
    written.items[0] = written_call(parser, &form->items[0]);
    return written;
}
