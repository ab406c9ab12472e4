#include "txd/query/parse.h"

#include "proto/edn.h"
#include "txd/query/aggregates.h"
#include "txd/query/clause.h"

#include <assert.h>

/* The parts of a query, as list form and map form both give them. */
enum section {
    SECTION_FIND,
    SECTION_IN,
    SECTION_KEYS,
    SECTION_LIMIT,
    SECTION_OFFSET,
    SECTION_STRS,
    SECTION_SYMS,
    SECTION_WHERE,
    SECTION_WITH,
    SECTION_COUNT,
};

static const char *const section_names[SECTION_COUNT] = { "find",  "in",     "keys",
                                                          "limit", "offset", "strs",
                                                          "syms",  "where",  "with" };

struct section_items {
    const struct value *items;
    uint32_t count;
    bool given;
};

struct bytes query_variable_name(const struct query *query, uint32_t variable)
{
    return query->variables[variable];
}

static bool section_find(const struct value *key, enum section *out, struct arena *arena,
                         struct error *err)
{
    for (int i = 0; i < SECTION_COUNT; i++) {
        if (value_is_keyword(key, section_names[i])) {
            *out = (enum section)i;
            return true;
        }
    }
    struct bytes text = edn_excerpt(arena, key);
    return fail(err, ERROR_INCORRECT,
                "a query has no section %.*s: it has :find, :with, :in, :where, :keys, :strs, "
                ":syms, :limit and :offset",
                BYTES_ARG(text));
}

static bool section_add(struct section_items *sections, const struct value *key,
                        const struct value *items, uint32_t count, struct arena *arena,
                        struct error *err)
{
    enum section section = SECTION_FIND;

    if (!section_find(key, &section, arena, err))
        return false;
    if (sections[section].given)
        return fail(err, ERROR_INCORRECT, "the query has :%s twice", section_names[section]);
    sections[section] = (struct section_items){ items, count, true };
    return true;
}

static bool split_list(const struct value *form, struct section_items *sections,
                       struct arena *arena, struct error *err)
{
    if (form->count == 0 || form->items[0].type != VALUE_KEYWORD)
        return fail(err, ERROR_INCORRECT, "a query begins with :find");
    for (uint32_t i = 0; i < form->count;) {
        uint32_t end = i + 1;
        while (end < form->count && form->items[end].type != VALUE_KEYWORD)
            end++;
        if (!section_add(sections, &form->items[i], &form->items[i + 1], end - i - 1, arena, err))
            return false;
        i = end;
    }
    return true;
}

static bool split_map(const struct value *form, struct section_items *sections, struct arena *arena,
                      struct error *err)
{
    for (uint32_t i = 0; i < form->count; i++) {
        const struct value *key = &form->items[2 * (size_t)i], *value = key + 1;
        bool list = value_is_sequence(value);
        if (!section_add(sections, key, list ? value->items : value, list ? value->count : 1, arena,
                         err))
            return false;
    }
    return true;
}

/* ---- :find ---- */

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

static bool parse_aggregate_element(struct parser *parser, struct scope *scope,
                                    const struct value *form, struct find_element *out,
                                    struct error *err)
{
    uint32_t last = form->count - 1;

    out->type = ELEMENT_AGGREGATE;
    out->aggregate = aggregate_find(form->items[0].text);
    if (!out->aggregate)
        return fail_element(parser, form, "unknown aggregate", err);
    if (last == 0 || !symbol_is_variable(&form->items[last]))
        return fail_element(parser, form, "an aggregate's last argument must be a variable", err);
    out->variable = scope_variable(parser, scope, form->items[last].text);
    out->argument_count = last - 1;
    out->arguments = ARENA_ARRAY(parser->arena, struct term, last);
    for (uint32_t i = 1; i < last; i++)
        if (!parse_term(parser, scope, &form->items[i], form, &out->arguments[i - 1], err))
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

static bool parse_find(struct parser *parser, struct scope *scope,
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
    for (uint32_t i = 0; i < count; i++)
        if (!parse_element(parser, scope, &items[i], &query->elements[i], err))
            return false;
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
        const char *name = section_names[return_maps[i].section];
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
            query->keys[j] = value_text(return_maps[i].type, key->text);
        }
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
        id_set_add(&parser->query->with, parser->arena, scope_variable(parser, scope, form->text));
    }
    return true;
}

/* :limit and :offset */
static bool parse_number(const struct section_items *section, const char *name, uint64_t *out,
                         struct error *err)
{
    if (!section->given)
        return true;
    if (section->count != 1 || section->items->type != VALUE_LONG || section->items->number < 0)
        return fail(err, ERROR_INCORRECT, ":%s takes one number, 0 or above", name);
    *out = (uint64_t)section->items->number;
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

/* Puts each argument at its input; one fewer than inputs: the first source is the graph. */
static bool place_arguments(struct parser *parser, const struct value *arguments, struct error *err)
{
    struct query *query = parser->query;
    uint32_t given = value_is_sequence(arguments) ? arguments->count : 0;
    bool graph = given + 1 == query->input_count && query->source_count > 0;
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

/* ---- % ---- */

static bool fail_rule(struct parser *parser, const struct value *form, const char *what,
                      struct error *err)
{
    struct bytes text = edn_excerpt(parser->arena, form);

    return fail(err, ERROR_INCORRECT, "%s in rule %.*s", what, BYTES_ARG(text));
}

static struct rule *rule_named(struct query *query, struct bytes name)
{
    for (uint32_t i = 0; i < query->rule_count; i++)
        if (bytes_equal(query->rules[i].name, name))
            return &query->rules[i];
    struct rule *rule = &query->rules[query->rule_count++];
    rule->name = name;
    return rule;
}

/* The head of one branch: all heads come before any body, since rules may call each other. */
static bool parse_rule_head(struct parser *parser, struct scope *scope, const struct value *form,
                            uint32_t branch_max, struct error *err)
{
    const struct value *head = form->items;
    struct id_set variables = { 0 };
    uint32_t required;

    if (!value_is_sequence(form) || form->count < 2 || !value_is_sequence(head) ||
        head->count == 0 || head->items[0].type != VALUE_SYMBOL)
        return fail_rule(parser, form, "expected [(name ?variable ..) clause ..]", err);
    if (!parse_rule_variables(parser, scope, head->items + 1, head->count - 1, form, &variables,
                              &required, err))
        return false;
    struct rule *rule = rule_named(parser->query, head->items[0].text);
    if (parser->query->rule_count > RULES_MAX)
        return fail(err, ERROR_INCORRECT, "more than %d rules", RULES_MAX);
    if (!rule->branches) {
        rule->branches = ARENA_ARRAY(parser->arena, struct rule_branch, branch_max);
        rule->arity = variables.count;
        rule->required_count = required;
    }
    if (rule->arity != variables.count || rule->required_count != required)
        return fail_rule(parser, form, "not as many variables as in the rule's first branch", err);
    rule->branches[rule->branch_count++].head = variables.ids;
    return true;
}

static bool calls_rules(const struct conjunction *body)
{
    for (uint32_t i = 0; i < body->count; i++) {
        const struct clause *clause = &body->clauses[i];
        if (clause->type == CLAUSE_RULE)
            return true;
        for (uint32_t j = 0; j < clause->branch_count; j++)
            if (calls_rules(&clause->branches[j]))
                return true;
    }
    return false;
}

/*
 * Inside a rule, an `or` that calls rules becomes a rule of its own with the same branches, so that
 * all recursion goes from rule to rule. New rules are put behind the others, and are gone through
 * in their turn.
 */
static bool lift_or(struct parser *parser, struct clause *clause, uint32_t *cap, struct error *err)
{
    struct query *query = parser->query;

    if (query->rule_count == RULES_MAX)
        return fail(err, ERROR_INCORRECT, "more than %d rules", RULES_MAX);
    if (query->rule_count == *cap) {
        struct rule *rules = ARENA_ARRAY(parser->arena, struct rule, *cap * 2);
        memcpy(rules, query->rules, query->rule_count * sizeof(*rules));
        query->rules = rules;
        *cap *= 2;
    }
    struct rule *rule = &query->rules[query->rule_count];
    *rule = (struct rule){ .name = BYTES("or"), .arity = clause->variables.count };
    rule->branches = ARENA_ARRAY(parser->arena, struct rule_branch, clause->branch_count);
    rule->branch_count = clause->branch_count;
    clause->terms = ARENA_ARRAY(parser->arena, struct term, clause->variables.count);
    clause->term_count = clause->variables.count;
    for (uint32_t i = 0; i < rule->branch_count; i++)
        rule->branches[i] = (struct rule_branch){ clause->variables.ids, clause->branches[i] };
    for (uint32_t i = 0; i < clause->term_count; i++)
        clause->terms[i] = (struct term){ .type = TERM_VARIABLE, .id = clause->variables.ids[i] };
    clause->type = CLAUSE_RULE;
    clause->rule = query->rule_count++;
    clause->branches = NULL;
    clause->branch_count = 0;
    return true;
}

static bool lift_ors(struct parser *parser, uint32_t cap, struct error *err)
{
    for (uint32_t i = 0; i < parser->query->rule_count; i++) {
        for (uint32_t j = 0; j < parser->query->rules[i].branch_count; j++) {
            struct conjunction body = parser->query->rules[i].branches[j].body;
            for (uint32_t k = 0; k < body.count; k++) {
                struct clause *clause = &body.clauses[k];
                bool calls = false;
                for (uint32_t l = 0; clause->type == CLAUSE_OR && l < clause->branch_count; l++)
                    calls = calls || calls_rules(&clause->branches[l]);
                if (calls && !lift_or(parser, clause, &cap, err))
                    return false;
            }
        }
    }
    return true;
}

static bool parse_rules(struct parser *parser, const struct value *argument, struct error *err)
{
    struct query *query = parser->query;
    struct value rules = *argument;

    if (rules.type == VALUE_STRING && !edn_read(rules.text, parser->arena, &rules, err))
        return fail_in(err, "the rules");
    if (!value_is_sequence(&rules))
        return fail(err, ERROR_INCORRECT, "rules must be a vector, given a %s",
                    value_type_name(rules.type));
    struct scope *scopes = ARENA_ARRAY(parser->arena, struct scope, rules.count);
    query->rules = ARENA_ARRAY(parser->arena, struct rule, rules.count);
    if (rules.count > CLAUSES_MAX)
        return fail(err, ERROR_INCORRECT, "%u branches of rules, %d are allowed", rules.count,
                    CLAUSES_MAX);
    for (uint32_t i = 0; i < rules.count; i++)
        if (!parse_rule_head(parser, &scopes[i], &rules.items[i], rules.count, err))
            return false;
    uint32_t *done = ARENA_ARRAY(parser->arena, uint32_t, query->rule_count);
    for (uint32_t i = 0; i < rules.count; i++) {
        const struct value *form = &rules.items[i];
        struct rule *rule = rule_named(query, form->items[0].items[0].text);
        struct rule_branch *branch = &rule->branches[done[rule - query->rules]++];
        if (!parse_conjunction(parser, &scopes[i], form->items + 1, form->count - 1, &branch->body,
                               err))
            return false;
    }
    return lift_ors(parser, rules.count, err);
}

static bool parse_rule_arguments(struct parser *parser, struct error *err)
{
    const struct query *query = parser->query;
    bool seen = false;

    for (uint32_t i = 0; i < query->input_count; i++) {
        if (query->inputs[i].type != BINDING_RULES)
            continue;
        if (seen)
            return fail(err, ERROR_INCORRECT, ":in has %% twice");
        seen = true;
        bool query_vectors_call = parser->vectors_call;
        parser->vectors_call = query->arguments[i].type != VALUE_STRING;
        if (!parse_rules(parser, &query->arguments[i], err))
            return false;
        parser->vectors_call = query_vectors_call;
    }
    return true;
}

/* ---- the whole ---- */

static bool check_bound(struct parser *parser, const struct id_set *bound, uint32_t variable,
                        const char *where, struct error *err)
{
    struct bytes name = parser->query->variables[variable];

    if (id_set_has(bound, variable))
        return true;
    return fail(err, ERROR_INCORRECT, "cannot resolve %.*s in %s: bound by no clause",
                BYTES_ARG(name), where);
}

/* What is found must be bound by :in or by a clause other than `not`. */
static bool check_find(struct parser *parser, struct error *err)
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

static bool parse_sections(struct parser *parser, struct section_items *sections,
                           const struct value *arguments, struct error *err)
{
    static const struct value implicit_in[] = { { .type = VALUE_SYMBOL, .text = { "$", 1 } } };
    struct query *query = parser->query;
    struct scope scope = { 0 };

    if (!sections[SECTION_IN].given)
        sections[SECTION_IN] = (struct section_items){ implicit_in, 1, true };
    query->has_limit = sections[SECTION_LIMIT].given;
    return name_sources(parser, &sections[SECTION_IN], err) &&
           parse_inputs(parser, &scope, &sections[SECTION_IN], arguments, err) &&
           parse_find(parser, &scope, &sections[SECTION_FIND], err) &&
           parse_return_map(parser, sections, err) &&
           parse_with(parser, &scope, &sections[SECTION_WITH], err) &&
           parse_number(&sections[SECTION_LIMIT], "limit", &query->limit, err) &&
           parse_number(&sections[SECTION_OFFSET], "offset", &query->offset, err) &&
           parse_rule_arguments(parser, err) &&
           parse_conjunction(parser, &scope, sections[SECTION_WHERE].items,
                             sections[SECTION_WHERE].count, &query->where, err) &&
           check_find(parser, err);
}

bool query_parse(const struct value *form, const struct value *arguments, struct arena *arena,
                 struct query **out, struct error *err)
{
    struct section_items sections[SECTION_COUNT] = { { 0 } };
    struct value read = *form;

    if (form->type == VALUE_STRING && !edn_read(form->text, arena, &read, err))
        return fail_in(err, "the query");
    if (value_is_sequence(&read)) {
        if (!split_list(&read, sections, arena, err))
            return false;
    } else if (read.type == VALUE_MAP) {
        if (!split_map(&read, sections, arena, err))
            return false;
    } else {
        return fail(err, ERROR_INCORRECT,
                    "a query is a vector, a map, or a string of EDN, given %s",
                    value_type_name(read.type));
    }
    struct query *query = ARENA_NEW(arena, struct query);
    struct parser parser = { .query = query,
                             .arena = arena,
                             .vectors_call = form->type != VALUE_STRING };
    if (!parse_sections(&parser, sections, arguments, err))
        return false;
    *out = query;
    return true;
}
