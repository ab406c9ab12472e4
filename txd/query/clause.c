#include "txd/query/clause.h"

#include "proto/edn.h"
#include "txd/query/functions.h"
#include "txd/query/written.h"

#include <assert.h>

bool fail_clause(struct error *err, enum error_kind kind, struct arena *arena,
                 const struct value *form, const char *what)
{
    struct bytes text = edn_excerpt(arena, form);

    return fail(err, kind, "%s in clause %.*s", what, BYTES_ARG(text));
}

/* ---- sets of variables ---- */

bool id_set_has(const struct id_set *set, uint32_t id)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (set->ids[i] == id)
            return true;
    return false;
}

void id_set_add(struct id_set *set, struct arena *arena, uint32_t id)
{
    if (id_set_has(set, id))
        return;
    if ((set->count & (set->count - 1)) == 0) { /* full at every power of two */
        uint32_t *ids = ARENA_ARRAY(arena, uint32_t, set->count ? set->count * 2 : 1);
        if (set->count)
            memcpy(ids, set->ids, set->count * sizeof(*ids));
        set->ids = ids;
    }
    set->ids[set->count++] = id;
}

void id_set_add_all(struct id_set *set, struct arena *arena, const struct id_set *other)
{
    for (uint32_t i = 0; i < other->count; i++)
        id_set_add(set, arena, other->ids[i]);
}

/* ---- names ---- */

static bool symbol_starts_with(const struct value *form, char first)
{
    return form->type == VALUE_SYMBOL && form->text.len > 0 && form->text.data[0] == first;
}

bool symbol_is_variable(const struct value *form)
{
    return symbol_starts_with(form, '?');
}

bool symbol_is_source(const struct value *form)
{
    return symbol_starts_with(form, '$');
}

bool symbol_is_blank(const struct value *form)
{
    return value_is_symbol(form, "_");
}

/* A symbol that can only name a function, a rule or a kind of clause. */
static bool symbol_is_plain(const struct value *form)
{
    return form->type == VALUE_SYMBOL && !symbol_is_variable(form) && !symbol_is_source(form) &&
           !symbol_is_blank(form) && !value_is_symbol(form, "...") && !value_is_symbol(form, ".");
}

bool parser_is_call(const struct parser *parser, const struct value *form)
{
    if (form->type == VALUE_LIST)
        return true;
    if (form->type != VALUE_VECTOR || !parser->vectors_call || form->count == 0)
        return false;
    return symbol_is_plain(&form->items[0]) ||
           (form->count > 1 && symbol_is_source(&form->items[0]) &&
            symbol_is_plain(&form->items[1]));
}

uint32_t scope_find(const struct scope *scope, struct bytes name)
{
    for (uint32_t i = 0; i < scope->count; i++)
        if (bytes_equal(scope->names[i], name))
            return scope->ids[i];
    return UINT32_MAX;
}

static void scope_add(struct parser *parser, struct scope *scope, struct bytes name, uint32_t id)
{
    if (scope->count == scope->cap) {
        uint32_t cap = scope->cap ? scope->cap * 2 : 8;
        struct bytes *names = ARENA_ARRAY(parser->arena, struct bytes, cap);
        uint32_t *ids = ARENA_ARRAY(parser->arena, uint32_t, cap);
        if (scope->count) {
            memcpy(names, scope->names, scope->count * sizeof(*names));
            memcpy(ids, scope->ids, scope->count * sizeof(*ids));
        }
        scope->names = names;
        scope->ids = ids;
        scope->cap = cap;
    }
    scope->names[scope->count] = name;
    scope->ids[scope->count++] = id;
}

uint32_t scope_variable(struct parser *parser, struct scope *scope, struct bytes name)
{
    struct query *query = parser->query;
    uint32_t id = scope_find(scope, name);

    if (id != UINT32_MAX)
        return id;
    if (query->variable_count == parser->variable_cap) {
        parser->variable_cap = parser->variable_cap ? parser->variable_cap * 2 : 16;
        struct bytes *names = ARENA_ARRAY(parser->arena, struct bytes, parser->variable_cap);
        if (query->variable_count)
            memcpy(names, query->variables, query->variable_count * sizeof(*names));
        query->variables = names;
    }
    query->variables[query->variable_count] = name;
    scope_add(parser, scope, name, query->variable_count);
    return query->variable_count++;
}

bool parser_source(struct parser *parser, struct bytes name, const struct value *form,
                   uint32_t *out, struct error *err)
{
    const struct query *query = parser->query;

    for (uint32_t i = 0; i < query->source_count; i++) {
        if (bytes_equal(query->sources[i], name)) {
            *out = i;
            return true;
        }
    }
    struct bytes text = edn_excerpt(parser->arena, form);
    return fail(err, ERROR_INCORRECT, "unknown source %.*s in clause %.*s: :in does not name it",
                BYTES_ARG(name), BYTES_ARG(text));
}

/* ---- terms and bindings ---- */

bool parse_term(struct parser *parser, struct scope *scope, const struct value *form,
                const struct value *clause, struct term *out, struct error *err)
{
    *out = (struct term){ .type = TERM_CONSTANT, .value = *form };
    if (symbol_is_blank(form)) {
        out->type = TERM_BLANK;
    } else if (symbol_is_variable(form)) {
        out->type = TERM_VARIABLE;
        out->id = scope_variable(parser, scope, form->text);
    } else if (symbol_is_source(form)) {
        out->type = TERM_SOURCE;
        return parser_source(parser, form->text, clause, &out->id, err);
    } else if (form->type == VALUE_SYMBOL && scope_find(scope, form->text) != UINT32_MAX) {
        out->type = TERM_VARIABLE;
        out->id = scope_find(scope, form->text);
    }
    return true;
}

static bool fail_binding(struct parser *parser, const struct value *form, struct error *err)
{
    struct bytes text = edn_excerpt(parser->arena, form);

    return fail(err, ERROR_INCORRECT,
                "cannot bind to %.*s: give ?x, _, [?x ?y], [?x ...] or [[?x ?y]]", BYTES_ARG(text));
}

static bool parse_binding_items(struct parser *parser, struct scope *scope,
                                const struct value *form, struct binding *out, struct error *err)
{
    const struct value *items = form->items;
    bool collection = form->count == 2 && value_is_symbol(&items[1], "...");
    bool relation = form->count == 1 && value_is_sequence(&items[0]);

    if (form->count == 0)
        return fail_binding(parser, form, err);
    parser->bindings += form->count;
    if (form->count > TERMS_MAX || parser->bindings > BINDINGS_MAX)
        return fail(err, ERROR_INCORRECT,
                    "the query is too large: a binding has at most %d items, all of them %d",
                    TERMS_MAX, BINDINGS_MAX);
    out->type = collection || relation ? BINDING_COLLECTION : BINDING_TUPLE;
    out->count = collection ? 1 : form->count;
    out->items = ARENA_ARRAY(parser->arena, struct binding, out->count);
    for (uint32_t i = 0; i < out->count; i++)
        if (!parse_binding(parser, scope, &items[i], false, &out->items[i], err))
            return false;
    return true;
}

bool parse_binding(struct parser *parser, struct scope *scope, const struct value *form,
                   bool inputs, struct binding *out, struct error *err)
{
    *out = (struct binding){ .form = *form };
    if (value_is_sequence(form))
        return parse_binding_items(parser, scope, form, out, err);
    if (symbol_is_blank(form)) {
        out->type = BINDING_BLANK;
    } else if (inputs && symbol_is_source(form)) {
        out->type = BINDING_SOURCE;
        return parser_source(parser, form->text, form, &out->id, err);
    } else if (inputs && value_is_symbol(form, "%")) {
        out->type = BINDING_RULES;
    } else if (symbol_is_variable(form) || (inputs && form->type == VALUE_SYMBOL)) {
        out->type = BINDING_VARIABLE;
        out->id = scope_variable(parser, scope, form->text);
    } else {
        return fail_binding(parser, form, err);
    }
    return true;
}

void binding_variables(const struct binding *binding, struct arena *arena, struct id_set *out)
{
    if (binding->type == BINDING_VARIABLE)
        id_set_add(out, arena, binding->id);
    for (uint32_t i = 0; i < binding->count; i++)
        binding_variables(&binding->items[i], arena, out);
}

/* ---- clauses ---- */

static bool parse_terms(struct parser *parser, struct scope *scope, const struct value *forms,
                        uint32_t count, struct clause *out, struct error *err)
{
    if (count > TERMS_MAX || parser->query->variable_count > VARIABLES_MAX)
        return fail(err, ERROR_INCORRECT,
                    "the query is too large: a clause has at most %d terms, a query %d variables",
                    TERMS_MAX, VARIABLES_MAX);
    out->terms = ARENA_ARRAY(parser->arena, struct term, count);
    out->term_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct term *term = &out->terms[i];
        if (!parse_term(parser, scope, &forms[i], &out->form, term, err))
            return false;
        if (term->type == TERM_VARIABLE)
            id_set_add(&out->variables, parser->arena, term->id);
    }
    return true;
}

static bool parse_pattern(struct parser *parser, struct scope *scope, const struct value *forms,
                          uint32_t count, struct clause *out, struct error *err)
{
    out->type = CLAUSE_PATTERN;
    parser->looks = true;
    if (count == 0)
        return fail_clause(err, ERROR_INCORRECT, parser->arena, &out->form,
                           "nothing to match: give at least one position");
    if (!parse_terms(parser, scope, forms, count, out, err))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (out->terms[i].type == TERM_SOURCE)
            return fail_clause(err, ERROR_INCORRECT, parser->arena, &out->form,
                               "a source must come first");
    return true;
}

static bool check_arity(struct parser *parser, const struct clause *clause, struct error *err)
{
    const struct function *function = clause->function;
    uint32_t count = clause->term_count, sources = 0;
    struct bytes text = edn_excerpt(parser->arena, &clause->form);

    for (uint32_t i = 0; i < count; i++)
        if (clause->terms[i].type == TERM_SOURCE)
            sources++;
        else if (clause->terms[i].type == TERM_BLANK)
            return fail_clause(err, ERROR_INCORRECT, parser->arena, &clause->form,
                               "_ cannot be an argument");
    if (sources > 1 || (sources == 1 && !function->takes_source) ||
        (sources == 1 && clause->terms[0].type != TERM_SOURCE))
        return fail(err, ERROR_INCORRECT, "%s takes %s in clause %.*s", function->name,
                    function->takes_source ? "one source, first" : "no source", BYTES_ARG(text));
    count -= sources;
    if (count >= function->min && count <= function->max)
        return true;
    struct bytes wanted =
        function->min == function->max
            ? arena_printf(parser->arena, "%u", function->min)
            : arena_printf(parser->arena, "%u to %u", function->min, function->max);
    return fail(err, ERROR_INCORRECT, "%s takes %.*s arguments, given %u, in clause %.*s",
                function->name, BYTES_ARG(wanted), count, BYTES_ARG(text));
}

static bool parse_call(struct parser *parser, struct scope *scope, const struct value *form,
                       struct clause *out, struct error *err)
{
    const struct value *call = &form->items[0];

    if (form->count > 2 || call->count == 0 || call->items[0].type != VALUE_SYMBOL)
        return fail_clause(err, ERROR_INCORRECT, parser->arena, form,
                           "expected [(function argument ..)] with at most one binding");
    struct bytes name = call->items[0].text;
    bool named_by_value = symbol_is_variable(call->items);
    out->function = named_by_value ? &function_of_value : function_find(name);
    if (!out->function) {
        struct bytes text = edn_excerpt(parser->arena, form);
        return fail(err, ERROR_INCORRECT, "unknown function %.*s in clause %.*s", BYTES_ARG(name),
                    BYTES_ARG(text));
    }
    parser->looks |= out->function->takes_source;
    uint32_t first = named_by_value ? 0 : 1;
    if (!parse_terms(parser, scope, call->items + first, call->count - first, out, err) ||
        !check_arity(parser, out, err))
        return false;
    id_set_add_all(&out->required, parser->arena, &out->variables);
    out->type = CLAUSE_PREDICATE;
    if (form->count == 1)
        return true;
    out->type = CLAUSE_FUNCTION;
    out->binding = ARENA_NEW(parser->arena, struct binding);
    if (!parse_binding(parser, scope, &form->items[1], false, out->binding, err))
        return false;
    binding_variables(out->binding, parser->arena, &out->variables);
    return true;
}

static bool parse_rule_call(struct parser *parser, struct scope *scope, const struct value *forms,
                            uint32_t count, struct clause *out, struct error *err)
{
    const struct query *query = parser->query;
    struct bytes name = forms[0].text, text = edn_excerpt(parser->arena, &out->form);

    out->type = CLAUSE_RULE;
    while (out->rule < query->rule_count && !bytes_equal(query->rules[out->rule].name, name))
        out->rule++;
    if (out->rule == query->rule_count)
        return fail(err, ERROR_INCORRECT, "unknown rule %.*s in clause %.*s", BYTES_ARG(name),
                    BYTES_ARG(text));
    const struct rule *rule = &query->rules[out->rule];
    if (rule->arity != count - 1)
        return fail(err, ERROR_INCORRECT, "rule %.*s takes %u arguments, given %u, in clause %.*s",
                    BYTES_ARG(name), rule->arity, count - 1, BYTES_ARG(text));
    if (!parse_terms(parser, scope, forms + 1, count - 1, out, err))
        return false;
    for (uint32_t i = 0; i < out->term_count; i++) {
        if (out->terms[i].type == TERM_SOURCE)
            return fail_clause(err, ERROR_INCORRECT, parser->arena, &out->form,
                               "a source must come before the rule's name");
        if (i < rule->required_count && out->terms[i].type == TERM_VARIABLE)
            id_set_add(&out->required, parser->arena, out->terms[i].id);
    }
    return true;
}

bool parse_rule_variables(struct parser *parser, struct scope *scope, const struct value *forms,
                          uint32_t count, const struct value *clause, struct id_set *all,
                          uint32_t *required_count, struct error *err)
{
    bool has_required = count > 0 && value_is_sequence(&forms[0]);
    const struct value *required = has_required ? forms[0].items : NULL;
    uint32_t from = has_required ? forms[0].count : 0, total = from + count - has_required;

    for (uint32_t i = 0; i < total; i++) {
        const struct value *form = i < from ? &required[i] : &forms[i - from + has_required];
        if (!symbol_is_variable(form))
            return fail_clause(err, ERROR_INCORRECT, parser->arena, clause,
                               "only variables can be listed");
        uint32_t before = all->count;
        id_set_add(all, parser->arena, scope_variable(parser, scope, form->text));
        if (all->count == before)
            return fail_clause(err, ERROR_INCORRECT, parser->arena, clause,
                               "a variable is listed twice");
    }
    if (total == 0)
        return fail_clause(err, ERROR_INCORRECT, parser->arena, clause, "no variables are listed");
    *required_count = from;
    return true;
}

/* What a conjunction can bind; the variables that only a `not` has are its own. */
static void conjunction_variables(const struct conjunction *body, struct arena *arena,
                                  bool inside_not, struct id_set *out)
{
    for (uint32_t i = 0; i < body->count; i++)
        if (inside_not || body->clauses[i].type != CLAUSE_NOT)
            id_set_add_all(out, arena, &body->clauses[i].variables);
}

static bool parse_branch(struct parser *parser, struct scope *scope, const struct value *form,
                         struct conjunction *out, struct error *err)
{
    bool many =
        parser_is_call(parser, form) && form->count > 0 && value_is_symbol(form->items, "and");

    return many ? parse_conjunction(parser, scope, form->items + 1, form->count - 1, out, err)
                : parse_conjunction(parser, scope, form, 1, out, err);
}

/* The scope inside or-join and not-join, in which only the variables that are listed are known. */
static bool join_scope(struct parser *parser, struct scope *outer, const struct value *list,
                       struct clause *out, struct scope *inner, struct error *err)
{
    uint32_t required;

    if (!value_is_sequence(list))
        return fail_clause(err, ERROR_INCORRECT, parser->arena, &out->form,
                           "expected a vector of variables");
    if (!parse_rule_variables(parser, outer, list->items, list->count, &out->form, &out->variables,
                              &required, err))
        return false;
    for (uint32_t i = 0; i < out->variables.count; i++) {
        uint32_t id = out->variables.ids[i];
        scope_add(parser, inner, parser->query->variables[id], id);
        if (i < required)
            id_set_add(&out->required, parser->arena, id);
    }
    return true;
}

/* Steps behind the list of variables and into its scope, `inner`, which the caller holds. */
static bool enter_join(struct parser *parser, struct scope **scope, const struct value **forms,
                       uint32_t *count, struct clause *out, struct scope *inner, struct error *err)
{
    if (!join_scope(parser, *scope, *forms, out, inner, err))
        return false;
    ++*forms;
    --*count;
    *scope = inner;
    return true;
}

/* What a branch does not bind must be bound before: else its rows would lack what others have. */
static void require_unbound(struct parser *parser, struct clause *clause)
{
    for (uint32_t i = 0; i < clause->branch_count; i++) {
        struct id_set bound = { 0 };
        conjunction_variables(&clause->branches[i], parser->arena, false, &bound);
        for (uint32_t j = 0; j < clause->variables.count; j++)
            if (!id_set_has(&bound, clause->variables.ids[j]))
                id_set_add(&clause->required, parser->arena, clause->variables.ids[j]);
    }
}

static bool parse_or(struct parser *parser, struct scope *scope, const struct value *forms,
                     uint32_t count, bool join, struct clause *out, struct error *err)
{
    struct scope inner = { 0 };

    out->type = CLAUSE_OR;
    if (count < 1 + (uint32_t)join)
        return fail_clause(err, ERROR_INCORRECT, parser->arena, &out->form, "no branches");
    if (count > CLAUSES_MAX)
        return fail(err, ERROR_INCORRECT, "an or of %u branches, %d are allowed", count,
                    CLAUSES_MAX);
    if (join && !enter_join(parser, &scope, &forms, &count, out, &inner, err))
        return false;
    out->branches = ARENA_ARRAY(parser->arena, struct conjunction, count);
    out->branch_count = count;
    for (uint32_t i = 0; i < count; i++) {
        if (!parse_branch(parser, scope, &forms[i], &out->branches[i], err))
            return false;
        if (!join)
            conjunction_variables(&out->branches[i], parser->arena, false, &out->variables);
    }
    require_unbound(parser, out);
    return true;
}

static bool parse_not(struct parser *parser, struct scope *scope, const struct value *forms,
                      uint32_t count, bool join, struct clause *out, struct error *err)
{
    struct scope inner = { 0 };

    out->type = CLAUSE_NOT;
    if (count < 1 + (uint32_t)join)
        return fail_clause(err, ERROR_INCORRECT, parser->arena, &out->form, "no clauses");
    if (join && !enter_join(parser, &scope, &forms, &count, out, &inner, err))
        return false;
    out->branches = ARENA_NEW(parser->arena, struct conjunction);
    out->branch_count = 1;
    if (!parse_conjunction(parser, scope, forms, count, out->branches, err))
        return false;
    if (!join)
        conjunction_variables(out->branches, parser->arena, true, &out->variables);
    return true;
}

static bool parse_list_clause(struct parser *parser, struct scope *scope, const struct value *form,
                              struct clause *out, struct error *err)
{
    const struct value *items = form->items;
    uint32_t count = form->count;

    if (count > 0 && symbol_is_source(&items[0])) {
        if (!parser_source(parser, items[0].text, form, &out->source, err))
            return false;
        items++;
        count--;
    }
    if (count == 0 || items[0].type != VALUE_SYMBOL)
        return fail_clause(err, ERROR_INCORRECT, parser->arena, form,
                           "expected a rule, not, not-join, or, or-join or and");
    bool is_or = value_is_symbol(items, "or"), is_or_join = value_is_symbol(items, "or-join");
    bool is_not = value_is_symbol(items, "not"), is_not_join = value_is_symbol(items, "not-join");
    if (is_or || is_or_join)
        return parse_or(parser, scope, items + 1, count - 1, is_or_join, out, err);
    if (is_not || is_not_join)
        return parse_not(parser, scope, items + 1, count - 1, is_not_join, out, err);
    if (value_is_symbol(items, "and")) { /* an `or` of one branch */
        out->type = CLAUSE_OR;
        out->branches = ARENA_NEW(parser->arena, struct conjunction);
        out->branch_count = 1;
        if (!parse_conjunction(parser, scope, items + 1, count - 1, out->branches, err))
            return false;
        conjunction_variables(out->branches, parser->arena, false, &out->variables);
        return true;
    }
    return parse_rule_call(parser, scope, items, count, out, err);
}

bool parser_begins_with_call(const struct parser *parser, const struct value *form)
{
    const struct value *first = form->items;

    if (form->count == 0)
        return false;
    return parser_is_call(parser, first) || (first->type == VALUE_VECTOR && parser->vectors_call &&
                                             first->count > 0 && symbol_is_variable(first->items));
}

static bool parse_clause(struct parser *parser, struct scope *scope, const struct value *form,
                         struct clause *out, struct error *err)
{
    *out = (struct clause){ .form = *form, .source = SOURCE_IMPLICIT };
    if (parser_is_call(parser, form))
        return parse_list_clause(parser, scope, form, out, err);
    if (form->type != VALUE_VECTOR)
        return fail_clause(err, ERROR_INCORRECT, parser->arena, form,
                           "expected a vector or a list");
    if (parser_begins_with_call(parser, form))
        return parse_call(parser, scope, form, out, err);
    bool source = form->count > 0 && symbol_is_source(&form->items[0]);
    if (source && !parser_source(parser, form->items[0].text, form, &out->source, err))
        return false;
    return parse_pattern(parser, scope, source ? form->items + 1 : form->items,
                         form->count - source, out, err);
}

bool parse_conjunction(struct parser *parser, struct scope *scope, const struct value *forms,
                       uint32_t count, struct conjunction *out, struct error *err)
{
    if (count > CLAUSES_MAX)
        return fail(err, ERROR_INCORRECT, "%u clauses side by side, %d are allowed", count,
                    CLAUSES_MAX);
    out->clauses = ARENA_ARRAY(parser->arena, struct clause, count);
    out->count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct value form = written_clause(parser, &forms[i]);
        if (!parse_clause(parser, scope, &form, &out->clauses[i], err))
            return false;
    }
    return true;
}
