#include "tests/oracle/ready.h"

#include "tests/oracle/goal.h"

void names_add(struct names *names, struct arena *arena, struct bytes name)
{
    if (names_have(names, name))
        return;
    if (names->count == names->cap) {
        uint32_t cap = names->cap ? 2 * names->cap : 8;
        struct bytes *grown = ARENA_ARRAY(arena, struct bytes, cap);
        for (uint32_t i = 0; i < names->count; i++)
            grown[i] = names->items[i];
        names->items = grown;
        names->cap = cap;
    }
    names->items[names->count++] = name;
}

bool names_have(const struct names *names, struct bytes name)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (bytes_equal(names->items[i], name))
            return true;
    return false;
}

/* ---- taking clauses apart ---- */

bool form_is_call_of(const struct value *form, const char *word)
{
    if (form->type != VALUE_LIST || form->count == 0)
        return false;
    uint32_t at = form_is_source(&form->items[0]) && form->count > 1;
    return value_is_symbol(&form->items[at], word);
}

static bool is_join(const struct value *form)
{
    return form_is_call_of(form, "or-join") || form_is_call_of(form, "not-join");
}

static bool is_not(const struct value *form)
{
    return form_is_call_of(form, "not") || form_is_call_of(form, "not-join");
}

static bool is_or(const struct value *form)
{
    return form_is_call_of(form, "or") || form_is_call_of(form, "or-join") ||
           form_is_call_of(form, "and");
}

/* [(f ?x) ?y] */
static bool is_function(const struct value *form)
{
    return form->type == VALUE_VECTOR && form->count > 0 && form->items[0].type == VALUE_LIST;
}

struct branches clause_branches(const struct value *form)
{
    uint32_t at = form_is_source(&form->items[0]) + 1u;
    struct branches out = { .join = is_join(form) ? &form->items[at++] : NULL };

    out.items = form->items + at;
    out.count = form->count - at;
    return out;
}

struct branches branch_clauses(const struct value *branch)
{
    if (form_is_call_of(branch, "and") && !form_is_source(&branch->items[0]))
        return (struct branches){ NULL, branch->items + 1, branch->count - 1 };
    return (struct branches){ NULL, branch, 1 };
}

static void add_all(const struct value *form, struct arena *arena, struct names *out)
{
    if (form_is_variable(form))
        names_add(out, arena, form->text);
    for (uint32_t i = 0; value_is_sequence(form) && i < form->count; i++)
        add_all(&form->items[i], arena, out);
}

void clause_variables(const struct value *form, bool bindable, struct arena *arena,
                      struct names *out)
{
    if (bindable && (is_not(form) || (is_function(form) && form->count == 1)))
        return;
    if (is_join(form)) {
        add_all(clause_branches(form).join, arena, out);
        return;
    }
    if (is_or(form) || is_not(form)) {
        struct branches branches = clause_branches(form);
        for (uint32_t i = 0; i < branches.count; i++)
            clause_variables(&branches.items[i], bindable, arena, out);
        return;
    }
    add_all(bindable && is_function(form) ? &form->items[1] : form, arena, out);
}

/* The variables that a `not` in it names and that are known beside the clause. */
static void awaited(const struct value *form, struct arena *arena, struct names *out)
{
    struct names inside = { 0 }, listed = { 0 };

    if (is_not(form)) {
        clause_variables(form, false, arena, out);
    } else if (is_or(form)) {
        struct branches branches = clause_branches(form);
        for (uint32_t i = 0; i < branches.count; i++)
            awaited(&branches.items[i], arena, &inside);
        if (branches.join)
            add_all(branches.join, arena, &listed);
        for (uint32_t i = 0; i < inside.count; i++)
            if (!branches.join || names_have(&listed, inside.items[i]))
                names_add(out, arena, inside.items[i]);
    }
}

/* ---- shape ---- */

static bool clause_well_formed(const struct value *form)
{
    if (!value_is_sequence(form) || form->count == 0)
        return false;
    if (is_function(form))
        return form->items[0].count > 0 && form->items[0].items[0].type == VALUE_SYMBOL &&
               form->count <= 2;
    if (form->type == VALUE_VECTOR)
        return form->count > form_is_source(&form->items[0]);
    uint32_t at = form_is_source(&form->items[0]);
    if (form->count <= at || form->items[at].type != VALUE_SYMBOL)
        return false;
    if (!is_or(form) && !is_not(form))
        return true;
    if (is_join(form) && (form->count < at + 2 || !value_is_sequence(&form->items[at + 1])))
        return false;
    struct branches branches = clause_branches(form);
    return branches.count > 0 && clauses_well_formed(branches.items, branches.count);
}

bool clauses_well_formed(const struct value *forms, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!clause_well_formed(&forms[i]))
            return false;
    return true;
}

bool rules_well_formed(const struct value *rules)
{
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct value *branch = &rules->items[i];
        if (!value_is_sequence(branch) || branch->count < 2 ||
            !value_is_sequence(&branch->items[0]) || branch->items[0].count < 2 ||
            branch->items[0].items[0].type != VALUE_SYMBOL ||
            !clauses_well_formed(branch->items + 1, branch->count - 1))
            return false;
    }
    return true;
}

/* ---- readiness ---- */

static bool all_bound(const struct value *form, const struct names *bound)
{
    if (form_is_variable(form))
        return names_have(bound, form->text);
    for (uint32_t i = 0; value_is_sequence(form) && i < form->count; i++)
        if (!all_bound(&form->items[i], bound))
            return false;
    return true;
}

/* Whether clauses can all be run, one after another. */
static bool can_run(const struct question *question, const struct value *forms, uint32_t count,
                    const struct names *bound)
{
    struct arena *arena = question->arena;
    bool *done = ARENA_ARRAY(arena, bool, count + 1);
    struct names known = { 0 };

    for (uint32_t i = 0; i < bound->count; i++)
        names_add(&known, arena, bound->items[i]);
    for (uint32_t left = count; left > 0; left--) {
        uint32_t next = ready_clause(question, forms, count, done, &known);
        if (next == count)
            return false;
        done[next] = true;
        clause_variables(&forms[next], true, arena, &known);
    }
    return true;
}

/* What of `bound` is known inside a clause with branches. */
static struct names known_inside(const struct branches *branches, const struct names *bound,
                                 struct arena *arena)
{
    struct names listed = { 0 }, known = { 0 };

    if (!branches->join)
        return *bound;
    add_all(branches->join, arena, &listed);
    for (uint32_t i = 0; i < bound->count; i++)
        if (names_have(&listed, bound->items[i]))
            names_add(&known, arena, bound->items[i]);
    return known;
}

static bool or_ready(const struct question *question, const struct value *form,
                     const struct names *bound)
{
    struct branches branches = clause_branches(form);
    struct names known = known_inside(&branches, bound, question->arena);
    bool brackets = branches.join && branches.join->count > 0 && /* [[?x] ?y] */
                    value_is_sequence(&branches.join->items[0]);

    if (brackets && !all_bound(&branches.join->items[0], bound))
        return false;
    if (form_is_call_of(form, "and"))
        return can_run(question, branches.items, branches.count, &known);
    for (uint32_t i = 0; i < branches.count; i++) {
        struct branches one = branch_clauses(&branches.items[i]);
        if (!can_run(question, one.items, one.count, &known))
            return false;
    }
    return true;
}

static bool not_ready_yet(const struct question *question, const struct value *form,
                          const struct names *bound)
{
    struct branches branches = clause_branches(form);
    struct names known = known_inside(&branches, bound, question->arena), variables = { 0 };
    bool any = false;

    clause_variables(form, false, question->arena, &variables);
    for (uint32_t i = 0; i < variables.count; i++)
        any = any || names_have(bound, variables.items[i]);
    return !any || !can_run(question, branches.items, branches.count, &known);
}

/* Whether a clause that is left can bind a variable that a `not` of this one names. */
static bool must_wait(const struct question *question, const struct value *forms, uint32_t count,
                      const bool *done, uint32_t i, const struct names *bound)
{
    struct arena *arena = question->arena;
    struct names names = { 0 }, others = { 0 };

    awaited(&forms[i], arena, &names);
    for (uint32_t j = 0; names.count && j < count; j++)
        if (j != i && !done[j])
            clause_variables(&forms[j], true, arena, &others);
    for (uint32_t j = 0; j < names.count; j++)
        if (!names_have(bound, names.items[j]) && names_have(&others, names.items[j]))
            return true;
    return false;
}

static bool rule_ready(const struct question *question, const struct value *form,
                       const struct names *bound)
{
    uint32_t at = form_is_source(&form->items[0]), arity, required;

    if (!goal_arity(question, form->items[at].text, &arity, &required))
        return true; /* running it says what is wrong */
    for (uint32_t i = 0; i < required && at + 1 + i < form->count; i++)
        if (!all_bound(&form->items[at + 1 + i], bound))
            return false;
    return true;
}

static bool is_ready(const struct question *question, const struct value *form,
                     const struct names *bound)
{
    if (is_function(form))
        return all_bound(&form->items[0], bound);
    if (form->type != VALUE_LIST)
        return true;
    if (is_not(form))
        return !not_ready_yet(question, form, bound);
    if (is_or(form))
        return or_ready(question, form, bound);
    return rule_ready(question, form, bound);
}

/* Calls and nots first, since they only take away; then what shares a variable. */
static unsigned rank(const struct value *form, const struct names *bound, struct arena *arena)
{
    struct names names = { 0 };

    if (is_function(form) || is_not(form))
        return 0;
    clause_variables(form, true, arena, &names);
    for (uint32_t i = 0; i < names.count; i++)
        if (names_have(bound, names.items[i]))
            return form->type == VALUE_LIST ? 2 : 1;
    return form->type == VALUE_LIST ? 4 : 3;
}

/* Among the clauses that can run, the best; `patient`: only of those that need not wait. */
static uint32_t best_clause(const struct question *question, const struct value *forms,
                            uint32_t count, const bool *done, const struct names *bound,
                            bool patient)
{
    unsigned best = UINT32_MAX;
    uint32_t next = count;

    for (uint32_t i = 0; i < count; i++) {
        bool wait = patient || is_not(&forms[i]);
        if (done[i] || !is_ready(question, &forms[i], bound) ||
            (wait && must_wait(question, forms, count, done, i, bound)))
            continue;
        unsigned one = rank(&forms[i], bound, question->arena);
        if (one < best) {
            best = one;
            next = i;
        }
    }
    return next;
}

uint32_t ready_clause(const struct question *question, const struct value *forms, uint32_t count,
                      const bool *done, const struct names *bound)
{
    uint32_t next = best_clause(question, forms, count, done, bound, true);

    /* an `or` may wait for what itself waits for the `or` */
    return next < count ? next : best_clause(question, forms, count, done, bound, false);
}
