#include "txd/query/parse.h"

#include "common/limits.h"
#include "proto/edn.h"
#include "txd/query/bound.h"
#include "txd/query/parse_find.h"
#include "txd/query/parse_rules.h"

#include <inttypes.h>

struct bytes query_variable_name(const struct query *query, uint32_t variable)
{
    return query->variables[variable];
}

/* :limit, :offset and :timeout */
static bool parse_number(const struct section_items *sections, enum section section, int64_t min,
                         int64_t max, uint64_t *out, struct error *err)
{
    const struct section_items *given = &sections[section];

    if (!given->given)
        return true;
    if (given->count != 1 || given->items->type != VALUE_LONG || given->items->number < min ||
        given->items->number > max)
        return fail(err, ERROR_INCORRECT, ":%s takes one number from %" PRId64 " to %" PRId64,
                    section_name(section), min, max);
    *out = (uint64_t)given->items->number;
    return true;
}

/* ---- :in and arguments ---- */

/* Names all sources first, so that clauses and bindings can refer to them. */
static bool name_sources(struct parser *parser, const struct section_items *section,
                         struct error *err)
{
    struct query *query = parser->query;

    query->default_source = SOURCE_IMPLICIT;
    query->sources = ARENA_ARRAY(parser->arena, struct bytes, section->count + 1);
    for (uint32_t i = 0; i < section->count; i++) {
        const struct value *form = &section->items[i];
        if (!symbol_is_source(form))
            continue;
        for (uint32_t j = 0; j < query->source_count; j++)
            if (bytes_equal(query->sources[j], form->text))
                return fail(err, ERROR_INCORRECT, ":in names the source %.*s twice",
                            BYTES_ARG(form->text));
        if (bytes_equal(form->text, BYTES("$")))
            query->default_source = query->source_count;
        query->sources[query->source_count++] = form->text;
    }
    return true;
}

/* Whether the graph is left out of the arguments: one is missing, and not for the second source
 * after the first was given as nil. */
static bool leaves_graph_out(const struct query *query, const struct value *arguments,
                             uint32_t given)
{
    bool both_sources = query->input_count > 1 && query->inputs[0].type == BINDING_SOURCE &&
                        query->inputs[1].type == BINDING_SOURCE;

    return given + 1 == query->input_count && query->source_count > 0 &&
           !(both_sources && given > 0 && arguments->items[0].type == VALUE_NIL);
}

/* Puts each argument at its input; one fewer than inputs: the first source is the graph. */
static bool place_arguments(struct parser *parser, const struct value *arguments, struct error *err)
{
    struct query *query = parser->query;
    uint32_t given = value_is_sequence(arguments) ? arguments->count : 0;
    bool graph = leaves_graph_out(query, arguments, given);
    uint32_t next = 0;

    if (arguments->type != VALUE_NIL && !value_is_sequence(arguments))
        return fail(err, ERROR_INCORRECT, "the arguments of a query must be a list, given a %s",
                    value_type_name(arguments->type));
    if (given != query->input_count && !graph)
        return fail(err, ERROR_INCORRECT, "%s arguments: :in has %u inputs%s, given %u",
                    given < query->input_count ? "too few" : "too many", query->input_count,
                    query->source_count ? " (the first source may be left out: it is the graph)"
                                        : "",
                    given);
    query->arguments = ARENA_ARRAY(parser->arena, struct value, query->input_count);
    for (uint32_t i = 0; i < query->input_count; i++) {
        if (graph && query->inputs[i].type == BINDING_SOURCE)
            graph = false;
        else
            query->arguments[i] = arguments->items[next++];
    }
    return true;
}

static bool parse_inputs(struct parser *parser, struct scope *scope,
                         const struct section_items *section, const struct value *arguments,
                         struct error *err)
{
    struct query *query = parser->query;

    query->input_count = section->count;
    query->inputs = ARENA_ARRAY(parser->arena, struct binding, section->count);
    for (uint32_t i = 0; i < section->count; i++)
        if (!parse_binding(parser, scope, &section->items[i], true, &query->inputs[i], err))
            return false;
    return place_arguments(parser, arguments, err);
}

/* Without :in a query that looks into nothing has no input, not even the graph. */
static bool check_implicit_in(const struct parser *parser, const struct value *arguments,
                              struct error *err)
{
    bool given = value_is_sequence(arguments) && arguments->count > 0;

    return !given || parser->looks ||
           fail(err, ERROR_INCORRECT,
                "too many arguments: the query has no :in and looks into no source, given %u",
                arguments->count);
}

/* ---- the whole ---- */

static bool parse_sections(struct parser *parser, struct section_items *sections,
                           const struct value *arguments, struct error *err)
{
    static const struct value implicit_in[] = { { .type = VALUE_SYMBOL, .text = { "$", 1 } } };
    struct query *query = parser->query;
    struct scope scope = { 0 };
    bool implicit = !sections[SECTION_IN].given;

    if (implicit)
        sections[SECTION_IN] = (struct section_items){ implicit_in, 1, true };
    return name_sources(parser, &sections[SECTION_IN], err) &&
           parse_inputs(parser, &scope, &sections[SECTION_IN], arguments, err) &&
           parse_find(parser, &scope, sections, err) &&
           parse_number(sections, SECTION_LIMIT, 1, INT64_MAX, &query->limit, err) &&
           parse_number(sections, SECTION_OFFSET, 0, INT64_MAX, &query->offset, err) &&
           parse_number(sections, SECTION_TIMEOUT, 1, LIMIT_QUERY_MS_MAX, &query->timeout_ms,
                        err) &&
           parse_rules(parser, err) &&
           parse_conjunction(parser, &scope, sections[SECTION_WHERE].items,
                             sections[SECTION_WHERE].count, &query->where, err) &&
           (!implicit || check_implicit_in(parser, arguments, err)) &&
           parse_find_check(parser, err) && bound_check(query, parser->arena, err);
}

bool query_parse(const struct value *form, const struct value *arguments, struct arena *arena,
                 struct query **out, struct error *err)
{
    struct section_items sections[SECTION_COUNT] = { { 0 } };
    struct value read = *form;

    if (form->type == VALUE_STRING && !edn_read(form->text, arena, &read, err))
        return fail_in(err, "the query");
    if (!sections_split(&read, sections, arena, err))
        return false;
    struct query *query = ARENA_NEW(arena, struct query);
    struct parser parser = { .query = query,
                             .arena = arena,
                             .vectors_call = form->type != VALUE_STRING };
    if (!parse_sections(&parser, sections, arguments, err))
        return false;
    *out = query;
    return true;
}
