#include "txd/query/parse_rules.h"

#include "proto/edn.h"
#include "txd/query/written.h"

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
        *cap *= 2;
        struct rule *rules = ARENA_ARRAY(parser->arena, struct rule, *cap);
        memcpy(rules, query->rules, query->rule_count * sizeof(*rules));
        query->rules = rules;
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

static bool parse_branches(struct parser *parser, const struct value *argument, struct error *err)
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
    struct value *forms = ARENA_ARRAY(parser->arena, struct value, rules.count);
    for (uint32_t i = 0; i < rules.count; i++) {
        forms[i] = written_rule(parser, &rules.items[i]);
        if (!parse_rule_head(parser, &scopes[i], &forms[i], rules.count, err))
            return false;
    }
    uint32_t *done = ARENA_ARRAY(parser->arena, uint32_t, query->rule_count);
    for (uint32_t i = 0; i < rules.count; i++) {
        const struct value *form = &forms[i];
        struct rule *rule = rule_named(query, form->items[0].items[0].text);
        struct rule_branch *branch = &rule->branches[done[rule - query->rules]++];
        if (!parse_conjunction(parser, &scopes[i], form->items + 1, form->count - 1, &branch->body,
                               err))
            return false;
    }
    return lift_ors(parser, rules.count, err);
}

bool parse_rules(struct parser *parser, struct error *err)
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
        if (!parse_branches(parser, &query->arguments[i], err))
            return false;
        parser->vectors_call = query_vectors_call;
    }
    return true;
}
