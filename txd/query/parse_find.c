#include "txd/query/parse_find.h"

#include "proto/edn.h"
#include "txd/query/aggregates.h"
#include "txd/query/written.h"

static bool fail_element(struct parser *parser, const struct value *form, const char *what,
                         struct error *err)
{
    struct bytes text = edn_excerpt(parser->arena, form);

    return fail(err, ERROR_INCORRECT, "%s in :find %.*s", what, BYTES_ARG(text));
}

/* (pull ?e pattern), (pull $source ?e pattern) */
static bool parse_pull_element(struct parser *parser, struct scope *scope, const struct value *form,
                               struct find_element *out, struct error *err)
{
    const struct value *items = form->items + 1;
    uint32_t count = form->count - 1;

    out->type = ELEMENT_PULL;
    out->source = SOURCE_IMPLICIT;
    parser->looks = true;
    if (count == 3 && symbol_is_source(items)) {
        if (!parser_source(parser, items->text, form, &out->source, err))
            return false;
        items++;
        count--;
    }
    if (count != 2 || !symbol_is_variable(items))
        return fail_element(parser, form, "expected (pull ?entity pattern)", err);
    out->variable = scope_variable(parser, scope, items->text);
    return parse_term(parser, scope, &items[1], form, &out->pattern, err);
}

/* The aggregate of an element, NULL when there is none, and the first of its arguments.
 * (aggregate ?f ?x) has its name from :in. */
static const struct aggregate *aggregate_of(const struct parser *parser, const struct scope *scope,
                                            const struct value *form, uint32_t *first)
{
    const struct query *query = parser->query;
    struct bytes name = form->items[0].text;

    *first = 1;
    if (!bytes_equal(name, BYTES("aggregate")) || form->count < 2)
        return aggregate_find(name);
    *first = 2;
    for (uint32_t i = 0; i < query->input_count; i++) {
        const struct value *argument = &query->arguments[i];
        bool names = argument->type == VALUE_SYMBOL || argument->type == VALUE_KEYWORD ||
                     argument->type == VALUE_STRING;
        if (names && symbol_is_variable(&form->items[1]) &&
            query->inputs[i].type == BINDING_VARIABLE &&
            query->inputs[i].id == scope_find(scope, form->items[1].text))
            return aggregate_find(argument->text);
    }
    return NULL;
}

static bool parse_aggregate_element(struct parser *parser, struct scope *scope,
                                    const struct value *form, struct find_element *out,
                                    struct error *err)
{
    uint32_t last = form->count - 1, first;

    out->type = ELEMENT_AGGREGATE;
    out->aggregate = aggregate_of(parser, scope, form, &first);
    if (!out->aggregate)
        return fail_element(parser, form, "unknown aggregate", err);
    if (last < first || !symbol_is_variable(&form->items[last]))
        return fail_element(parser, form, "an aggregate's last argument must be a variable", err);
    out->variable = scope_variable(parser, scope, form->items[last].text);
    out->argument_count = last - first;
    out->arguments = ARENA_ARRAY(parser->arena, struct term, last);
    for (uint32_t i = first; i < last; i++)
        if (!parse_term(parser, scope, &form->items[i], form, &out->arguments[i - first], err))
            return false;
    if (out->argument_count > out->aggregate->arguments_max)
        return fail_element(parser, form, "too many arguments", err);
    return true;
}

static bool parse_element(struct parser *parser, struct scope *scope, const struct value *form,
                          struct find_element *out, struct error *err)
{
    out->form = *form;
    if (symbol_is_variable(form) ||
        (form->type == VALUE_SYMBOL && scope_find(scope, form->text) != UINT32_MAX)) {
        out->type = ELEMENT_VARIABLE;
        out->variable = scope_variable(parser, scope, form->text);
        return true;
    }
    if (!parser_is_call(parser, form) || form->count == 0 || form->items[0].type != VALUE_SYMBOL)
        return fail_element(parser, form, "expected ?variable, (aggregate ?x) or (pull ?e ..)",
                            err);
    if (value_is_symbol(form->items, "pull"))
        return parse_pull_element(parser, scope, form, out, err);
    return parse_aggregate_element(parser, scope, form, out, err);
}

static bool parse_elements(struct parser *parser, struct scope *scope,
                           const struct section_items *section, struct error *err)
{
    struct query *query = parser->query;
    const struct value *items = section->items;
    uint32_t count = section->count;

    if (count == 0)
        return fail(err, ERROR_INCORRECT, "the query has no :find, or it is empty");
    bool call = count == 1 && parser_is_call(parser, items) &&
                !(items->count && scope_find(scope, items->items[0].text) != UINT32_MAX);
    if (count == 1 && items->type == VALUE_VECTOR && !call) {
        count = items->count;
        items = items->items;
        query->find_type = FIND_TUPLE;
        if (count == 2 && value_is_symbol(&items[1], "...")) {
            query->find_type = FIND_COLLECTION;
            count = 1;
        }
    } else if (count == 2 && value_is_symbol(&items[1], ".")) {
        query->find_type = FIND_SCALAR;
        count = 1;
    }
    if (count == 0)
        return fail(err, ERROR_INCORRECT, "the query has no :find, or it is empty");
    query->elements = ARENA_ARRAY(parser->arena, struct find_element, count);
    query->element_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct value form = written_call(parser, &items[i]);
        if (!parse_element(parser, scope, &form, &query->elements[i], err))
            return false;
    }
    return true;
}

static const struct {
    enum section section;
    enum value_type type;
} return_maps[] = {
    { SECTION_KEYS, VALUE_KEYWORD },
    { SECTION_STRS, VALUE_STRING },
    { SECTION_SYMS, VALUE_SYMBOL },
};

static bool parse_return_map(struct parser *parser, const struct section_items *sections,
                             struct error *err)
{
    struct query *query = parser->query;

    for (size_t i = 0; i < ARRAY_LEN(return_maps); i++) {
        const struct section_items *section = &sections[return_maps[i].section];
        const char *name = section_name(return_maps[i].section);
        if (!section->given)
            continue;
        if (query->keys)
            return fail(err, ERROR_INCORRECT, "only one of :keys, :strs and :syms can be given");
        if (query->find_type != FIND_RELATION && query->find_type != FIND_TUPLE)
            return fail(err, ERROR_INCORRECT, ":%s needs a relation or a tuple in :find", name);
        if (section->count != query->element_count)
            return fail(err, ERROR_INCORRECT, ":%s has %u names for %u elements of :find", name,
                        section->count, query->element_count);
        query->keys = ARENA_ARRAY(parser->arena, struct value, section->count);
        for (uint32_t j = 0; j < section->count; j++) {
            const struct value *key = &section->items[j];
            if (key->type != VALUE_SYMBOL && key->type != VALUE_STRING)
                return fail(err, ERROR_INCORRECT, ":%s takes symbols", name);
            const char *fault = return_maps[i].type == VALUE_STRING
                                    ? NULL
                                    : edn_name_fault(return_maps[i].type, key->text);
            if (fault)
                return fail(err, ERROR_INCORRECT, "a name of :%s %s", name, fault);
            query->keys[j] = value_text(return_maps[i].type, key->text);
        }
        struct value all = value_collection(VALUE_SET, query->keys, section->count);
        struct bytes twice;
        if (!value_distinct(&all, parser->arena, &twice))
            return fail(err, ERROR_INCORRECT, ":%s has a name twice", name);
    }
    return true;
}

static bool parse_with(struct parser *parser, struct scope *scope,
                       const struct section_items *section, struct error *err)
{
    for (uint32_t i = 0; i < section->count; i++) {
        const struct value *form = &section->items[i];
        if (!symbol_is_variable(form))
            return fail(err, ERROR_INCORRECT, ":with takes variables");
        uint32_t variable = scope_variable(parser, scope, form->text);
        for (uint32_t j = 0; j < parser->query->element_count; j++)
            if (parser->query->elements[j].variable == variable)
                return fail(err, ERROR_INCORRECT,
                            ":find and :with both have %.*s: leave it out of :with",
                            BYTES_ARG(form->text));
        if (id_set_has(&parser->query->with, variable))
            return fail(err, ERROR_INCORRECT, ":with has %.*s twice", BYTES_ARG(form->text));
        id_set_add(&parser->query->with, parser->arena, variable);
    }
    return true;
}

/* ---- :order-by ---- */

/* The element that a key names: its number, or its form as :find has it. */
static bool order_element(struct parser *parser, const struct value *key, uint32_t *out,
                          struct error *err)
{
    const struct query *query = parser->query;
    struct bytes text = edn_excerpt(parser->arena, key);
    uint32_t i = 0;

    if (key->type == VALUE_LONG)
        i = key->number >= 0 && key->number < query->element_count ? (uint32_t)key->number
                                                                   : query->element_count;
    else
        while (i < query->element_count && !value_equal(&query->elements[i].form, key))
            i++;
    if (i == query->element_count)
        return fail(err, ERROR_INCORRECT,
                    ":order-by %.*s: :find has no such element; give a variable or an aggregate "
                    "as it stands in :find, or its number from 0 to %u",
                    BYTES_ARG(text), query->element_count - 1);
    if (query->elements[i].type == ELEMENT_PULL)
        return fail(err, ERROR_INCORRECT, ":order-by %.*s: maps have no order; order by a variable",
                    BYTES_ARG(text));
    *out = i;
    return true;
}

/* `[?a :desc 1 (count ?b)]`, or one key without the brackets */
static bool parse_order(struct parser *parser, const struct section_items *section,
                        struct error *err)
{
    const struct value *items = section->items;
    uint32_t count = section->count;
    struct query *query = parser->query;

    if (!section->given)
        return true;
    if (count == 1 && value_is_sequence(items) && !parser_is_call(parser, items)) {
        count = items->count;
        items = items->items;
    }
    if (count == 0)
        return fail(err, ERROR_INCORRECT, ":order-by takes at least one variable");
    query->order = ARENA_ARRAY(parser->arena, struct order_key, count);
    for (uint32_t i = 0; i < count; i++) {
        bool ascends = value_is_keyword(&items[i], "asc");
        bool descends = value_is_keyword(&items[i], "desc");
        if (!ascends && !descends) {
            struct order_key *key = &query->order[query->order_count++];
            struct value form = written_call(parser, &items[i]);
            if (!order_element(parser, &form, &key->element, err))
                return false;
        } else if (i == 0 || items[i - 1].type == VALUE_KEYWORD) {
            return fail(err, ERROR_INCORRECT, ":order-by: :asc and :desc stand behind a variable");
        } else {
            query->order[query->order_count - 1].descends = descends;
        }
    }
    return true;
}

/* ---- the whole ---- */

bool parse_find(struct parser *parser, struct scope *scope, const struct section_items *sections,
                struct error *err)
{
    return parse_elements(parser, scope, &sections[SECTION_FIND], err) &&
           parse_return_map(parser, sections, err) &&
           parse_with(parser, scope, &sections[SECTION_WITH], err) &&
           parse_order(parser, &sections[SECTION_ORDER_BY], err);
}

static bool check_bound(struct parser *parser, const struct id_set *bound, uint32_t variable,
                        const char *where, struct error *err)
{
    struct bytes name = parser->query->variables[variable];

    if (id_set_has(bound, variable))
        return true;
    return fail(err, ERROR_INCORRECT, "cannot resolve %.*s in %s: bound by no clause",
                BYTES_ARG(name), where);
}

bool parse_find_check(struct parser *parser, struct error *err)
{
    const struct query *query = parser->query;
    struct id_set bound = { 0 };

    for (uint32_t i = 0; i < query->input_count; i++)
        binding_variables(&query->inputs[i], parser->arena, &bound);
    for (uint32_t i = 0; i < query->where.count; i++)
        if (query->where.clauses[i].type != CLAUSE_NOT)
            id_set_add_all(&bound, parser->arena, &query->where.clauses[i].variables);
    for (uint32_t i = 0; i < query->element_count; i++) {
        const struct find_element *element = &query->elements[i];
        if (!check_bound(parser, &bound, element->variable, ":find", err))
            return false;
        for (uint32_t j = 0; j < element->argument_count; j++)
            if (element->arguments[j].type == TERM_VARIABLE &&
                !check_bound(parser, &bound, element->arguments[j].id, ":find", err))
                return false;
        if (element->type == ELEMENT_PULL && element->pattern.type == TERM_VARIABLE &&
            !check_bound(parser, &bound, element->pattern.id, ":find", err))
            return false;
    }
    for (uint32_t i = 0; i < query->with.count; i++)
        if (!check_bound(parser, &bound, query->with.ids[i], ":with", err))
            return false;
    return true;
}
