#include "txd/query/rules.h"

#include "proto/edn.h"

#include <assert.h>

/* A range of rows of a set: those that the last round added, and all before its end. */
struct delta {
    size_t begin, end;
};

/* A call inside a branch, and the table that answers it. */
struct call_site {
    const struct clause *clause;
    struct rule_table *table;
};

/* A rule as it is called with certain arguments bound. Columns of inputs and answers are numbered
 * by the argument's position. */
struct rule_table {
    struct rule_table *next;
    const struct rule *rule;
    uint32_t source;
    bool *bound;
    struct row_set inputs, answers;
    struct delta new_inputs, new_answers;
    struct call_site **sites; /* of each branch */
    uint32_t *site_counts;
    bool tail; /* it has one input from outside, and calls itself only for the same answers */
};

/* One call from outside, brought to its end. */
struct evaluation {
    struct execution *execution;
    struct rule_table *tables, **tail;
};

/* The branch that is being run. */
struct rule_frame {
    const struct call_site *sites;
    uint32_t site_count;
    const struct call_site *delta; /* only new answers are taken at this one; NULL: at none */
};

/* ---- negation ---- */

struct rule_set {
    uint64_t words[RULES_MAX / 64];
};

static bool rule_set_has(const struct rule_set *set, uint32_t rule)
{
    return set->words[rule / 64] >> rule % 64 & 1;
}

static void rule_set_add_all(struct rule_set *set, const struct rule_set *other)
{
    for (size_t i = 0; i < ARRAY_LEN(set->words); i++)
        set->words[i] |= other->words[i];
}

/* Adds the rules that the clauses call themselves. Recurses as deep as a form may be. */
static void add_calls(struct rule_set *set, const struct conjunction *body)
{
    for (uint32_t i = 0; i < body->count; i++) {
        const struct clause *clause = &body->clauses[i];
        if (clause->type == CLAUSE_RULE)
            set->words[clause->rule / 64] |= (uint64_t)1 << clause->rule % 64;
        for (uint32_t j = 0; j < clause->branch_count; j++)
            add_calls(set, &clause->branches[j]);
    }
}

/* For each rule those that it leads to, through any number of others (Warshall 1962). */
static void find_reached(const struct query *query, struct rule_set reached[RULES_MAX])
{
    for (uint32_t i = 0; i < query->rule_count; i++)
        for (uint32_t j = 0; j < query->rules[i].branch_count; j++)
            add_calls(&reached[i], &query->rules[i].branches[j].body);
    for (uint32_t through = 0; through < query->rule_count; through++)
        for (uint32_t i = 0; i < query->rule_count; i++)
            if (rule_set_has(&reached[i], through))
                rule_set_add_all(&reached[i], &reached[through]);
}

static bool check_negation(const struct query *query, const struct rule_set reached[RULES_MAX],
                           uint32_t rule, const struct conjunction *body, struct error *err)
{
    for (uint32_t i = 0; i < body->count; i++) {
        const struct clause *clause = &body->clauses[i];
        struct rule_set calls = { 0 }, all = { 0 };
        if (clause->type != CLAUSE_NOT) {
            for (uint32_t j = 0; j < clause->branch_count; j++)
                if (!check_negation(query, reached, rule, &clause->branches[j], err))
                    return false;
            continue;
        }
        add_calls(&calls, clause->branches);
        rule_set_add_all(&all, &calls);
        for (uint32_t j = 0; j < query->rule_count; j++)
            if (rule_set_has(&calls, j))
                rule_set_add_all(&all, &reached[j]);
        if (rule_set_has(&all, rule))
            return fail(err, ERROR_INCORRECT,
                        "rule %.*s depends on the negation of itself: recursion cannot go "
                        "through not",
                        BYTES_ARG(query->rules[rule].name));
    }
    return true;
}

bool rules_check(const struct query *query, struct error *err)
{
    struct rule_set reached[RULES_MAX] = { 0 };

    find_reached(query, reached);
    for (uint32_t i = 0; i < query->rule_count; i++)
        for (uint32_t j = 0; j < query->rules[i].branch_count; j++)
            if (!check_negation(query, reached, i, &query->rules[i].branches[j].body, err))
                return false;
    return true;
}

/* ---- which arguments are bound ---- */

static bool shares(const struct id_set *a, const struct id_set *b)
{
    for (uint32_t i = 0; i < a->count; i++)
        if (id_set_has(b, a->ids[i]))
            return true;
    return false;
}

static bool includes(const struct id_set *all, const struct id_set *some)
{
    for (uint32_t i = 0; i < some->count; i++)
        if (!id_set_has(all, some->ids[i]))
            return false;
    return true;
}

/* What the walk over a branch's clauses looks for next, the first that is there. */
enum step {
    STEP_CONNECTED,      /* a clause, not a call, that is reached from what is bound */
    STEP_CONNECTED_CALL, /* a call that is reached */
    STEP_FREE_CALL,      /* a call that needs nothing bound */
    STEP_ANY,            /* whatever is left */
    STEP_COUNT,
};

static bool step_takes(enum step step, const struct clause *clause, const struct id_set *bound)
{
    bool call = clause->type == CLAUSE_RULE;
    bool ready = includes(bound, &clause->required);

    switch (step) {
    case STEP_CONNECTED:
        return !call && ready &&
               (shares(&clause->variables, bound) || clause->type == CLAUSE_FUNCTION);
    case STEP_CONNECTED_CALL:
        return call && ready && shares(&clause->variables, bound);
    case STEP_FREE_CALL:
        return call && ready;
    case STEP_ANY:
    case STEP_COUNT:
        break;
    }
    return true;
}

static struct rule_table *table_for(struct evaluation *evaluation, uint32_t rule, uint32_t source,
                                    const bool *bound);

static struct rule_table *table_of_call(struct evaluation *evaluation, const struct clause *clause,
                                        uint32_t source, const struct id_set *bound)
{
    bool *arguments = ARENA_ARRAY(evaluation->execution->arena, bool, clause->term_count);

    for (uint32_t i = 0; i < clause->term_count; i++) {
        const struct term *term = &clause->terms[i];
        arguments[i] = term->type == TERM_CONSTANT ||
                       (term->type == TERM_VARIABLE && id_set_has(bound, term->id));
    }
    return table_for(evaluation, clause->rule,
                     clause->source == SOURCE_IMPLICIT ? source : clause->source, arguments);
}

/* Finds the calls of a branch and which of their arguments are bound when they are reached. A rule
 * has as many tables as its arguments can be bound in ways: two to the power of their number. */
static bool find_sites(struct evaluation *evaluation, struct rule_table *table, uint32_t branch,
                       struct error *err)
{
    struct arena *arena = evaluation->execution->arena;
    const struct rule_branch *rule = &table->rule->branches[branch];
    uint32_t left = rule->body.count;
    bool *done = ARENA_ARRAY(arena, bool, left);
    struct id_set bound = { 0 };

    table->sites[branch] = ARENA_ARRAY(arena, struct call_site, left);
    for (uint32_t i = 0; i < table->rule->arity; i++)
        if (table->bound[i])
            id_set_add(&bound, arena, rule->head[i]);
    for (enum step step = STEP_CONNECTED; left > 0;) {
        uint32_t i = 0;
        while (i < rule->body.count &&
               (done[i] || !step_takes(step, &rule->body.clauses[i], &bound)))
            i++;
        if (i == rule->body.count) {
            step++;
            continue;
        }
        const struct clause *clause = &rule->body.clauses[i];
        if (!budget_check(&evaluation->execution->budget, err))
            return false;
        if (clause->type == CLAUSE_RULE)
            table->sites[branch][table->site_counts[branch]++] =
                (struct call_site){ clause,
                                    table_of_call(evaluation, clause, table->source, &bound) };
        if (clause->type != CLAUSE_NOT)
            id_set_add_all(&bound, arena, &clause->variables);
        done[i] = true;
        left--;
        step = STEP_CONNECTED;
    }
    return true;
}

/* ---- tables ---- */

static void positions_init(struct row_set *set, struct arena *arena, uint32_t arity,
                           const bool *chosen)
{
    uint32_t *positions = ARENA_ARRAY(arena, uint32_t, arity), count = 0;

    for (uint32_t i = 0; i < arity; i++)
        if (!chosen || chosen[i])
            positions[count++] = i;
    row_set_init(set, arena, positions, count);
}

/* The table, made when it is not there. Its sites are found later, as they ask for tables too. */
static struct rule_table *table_for(struct evaluation *evaluation, uint32_t rule, uint32_t source,
                                    const bool *bound)
{
    struct arena *arena = evaluation->execution->arena;
    const struct rule *called = &evaluation->execution->query->rules[rule];

    for (struct rule_table *table = evaluation->tables; table; table = table->next)
        if (table->rule == called && table->source == source &&
            memcmp(table->bound, bound, called->arity * sizeof(*bound)) == 0)
            return table;
    struct rule_table *table = ARENA_NEW(arena, struct rule_table);
    table->rule = called;
    table->source = source;
    table->bound = ARENA_ARRAY(arena, bool, called->arity);
    memcpy(table->bound, bound, called->arity * sizeof(*bound));
    positions_init(&table->inputs, arena, called->arity, bound);
    positions_init(&table->answers, arena, called->arity, NULL);
    *evaluation->tail = table;
    evaluation->tail = &table->next;
    return table;
}

/* The same rows under other variables, one for each column. */
static struct relation *renamed(struct arena *arena, const struct relation *relation,
                                const uint32_t *variables)
{
    struct relation *copy = relation_slice(arena, relation, 0, relation->rows);

    for (uint32_t i = 0; i < copy->width; i++)
        copy->variables[i] = variables[i];
    return copy;
}

/* ---- calls ---- */

/* The rows of arguments that a call asks for, by position. */
static bool call_inputs(struct execution *execution, const struct clause *clause, const bool *bound,
                        const struct bindings *bindings, struct relation **out, struct error *err)
{
    struct arena *arena = execution->arena;
    struct id_set variables = { 0 };
    struct relation *rows;
    uint32_t *positions = ARENA_ARRAY(arena, uint32_t, clause->term_count), width = 0;
    struct column *columns = ARENA_ARRAY(arena, struct column, clause->term_count);

    for (uint32_t i = 0; i < clause->term_count; i++)
        if (bound[i] && clause->terms[i].type == TERM_VARIABLE)
            id_set_add(&variables, arena, clause->terms[i].id);
    if (!bindings_collect(execution, bindings, &variables, &rows, err))
        return false;
    for (uint32_t i = 0; i < clause->term_count; i++) {
        const struct term *term = &clause->terms[i];
        if (!bound[i])
            continue;
        positions[width] = i;
        if (term->type == TERM_VARIABLE) {
            columns[width++] = rows->columns[relation_column(rows, term->id)];
            continue;
        }
        struct column *constant = &columns[width++];
        constant->type = COLUMN_VALUE;
        constant->values = ARENA_ARRAY(arena, struct value, rows->rows);
        for (size_t row = 0; row < rows->rows; row++)
            constant->values[row] = term->value;
    }
    *out = relation_new(arena, positions, width);
    (*out)->columns = columns;
    (*out)->rows = (*out)->cap = rows->rows;
    return true;
}

/* Answers that fit the call's constants and repeated variables, over its variables. */
static bool call_answers(struct execution *execution, const struct clause *clause,
                         const struct relation *answers, struct relation **out, struct error *err)
{
    struct arena *arena = execution->arena;
    uint32_t *picked = ARENA_ARRAY(arena, uint32_t, answers->rows);
    uint32_t *first = ARENA_ARRAY(arena, uint32_t, clause->term_count);
    size_t count = 0;
    bool blank = false;

    for (uint32_t i = 0; i < clause->term_count; i++)
        blank = blank || clause->terms[i].type == TERM_BLANK;
    for (uint32_t i = 0; i < clause->term_count; i++)
        for (first[i] = 0; clause->terms[first[i]].type != clause->terms[i].type ||
                           clause->terms[first[i]].id != clause->terms[i].id;)
            first[i]++;
    for (size_t row = 0; row < answers->rows; row++) {
        bool fits = true;
        for (uint32_t i = 0; fits && i < clause->term_count; i++) {
            const struct term *term = &clause->terms[i];
            struct value value = column_get(&answers->columns[i], row);
            if (term->type == TERM_CONSTANT)
                fits = value_equal(&value, &term->value);
            else if (term->type == TERM_VARIABLE && first[i] < i)
                fits = column_equal(&answers->columns[i], row, &answers->columns[first[i]], row);
        }
        if (fits)
            picked[count++] = (uint32_t)row;
        if (!budget_turn(&execution->budget, err))
            return false;
    }
    struct relation *kept = relation_pick(arena, answers, picked, count);
    uint32_t *variables = ARENA_ARRAY(arena, uint32_t, clause->term_count), width = 0;
    struct column *columns = ARENA_ARRAY(arena, struct column, clause->term_count);
    for (uint32_t i = 0; i < clause->term_count; i++) {
        if (clause->terms[i].type != TERM_VARIABLE || first[i] < i)
            continue;
        variables[width] = clause->terms[i].id;
        columns[width++] = kept->columns[i];
    }
    *out = relation_new(arena, variables, width);
    (*out)->columns = columns;
    (*out)->rows = (*out)->cap = count;
    (*out)->distinct = answers->distinct && !blank;
    return true;
}

static const struct call_site *site_of(const struct frame *frame, const struct clause *clause)
{
    const struct rule_frame *rules = frame->rules;

    for (uint32_t i = 0; rules && i < rules->site_count; i++)
        if (rules->sites[i].clause == clause)
            return &rules->sites[i];
    return NULL;
}

bool rules_call_cost(const struct frame *frame, const struct clause *clause,
                     const struct bindings *bindings, uint64_t *out)
{
    const struct call_site *site = site_of(frame, clause);

    if (!site)
        return false;
    const struct rule_table *table = site->table;
    if (table->tail) { /* what is asked here is answered for good: only what the rest lets by */
        *out = frame->left_count > 1 ? UINT64_MAX : 0;
        return true;
    }
    if (site == frame->rules->delta) {
        *out = table->new_answers.end - table->new_answers.begin;
        return true;
    }
    *out = table->new_answers.end;
    for (uint32_t i = 0; i < clause->term_count; i++)
        if (table->bound[i] && clause->terms[i].type == TERM_VARIABLE &&
            !bindings_find(bindings, clause->terms[i].id))
            *out = UINT64_MAX;
    return true;
}

/* A call inside a rule: asks its table, and goes on with the answers that are there. */
static bool run_site(struct execution *execution, const struct frame *frame,
                     const struct call_site *site, struct bindings *bindings, struct error *err)
{
    struct rule_table *table = site->table;
    size_t begin = site == frame->rules->delta ? table->new_answers.begin : 0;
    struct relation *inputs, *answers;

    if (site != frame->rules->delta &&
        (!call_inputs(execution, site->clause, table->bound, bindings, &inputs, err) ||
         !row_set_add(&table->inputs, inputs, execution->arena, &execution->budget, err)))
        return false;
    answers = relation_slice(execution->arena, table->answers.rows, table->tail ? 0 : begin,
                             table->tail ? 0 : table->new_answers.end);
    return call_answers(execution, site->clause, answers, &answers, err) &&
           bindings_join(execution, bindings, answers, err);
}

/* ---- tail calls ---- */

/*
 * Where a branch ends in a call of its own rule that hands on all free arguments as they are, the
 * answers to that call are answers to the branch's own input. With one input from outside nobody
 * has to know which answer came by which input: it is enough to collect all inputs that are
 * reached, and what the branches without such a call answer them (Naughton, Ramakrishnan, Sagiv and
 * Ullman 1989, right-linear rules). So the descendants of one node cost their number, and not the
 * number of pairs below it.
 */
static bool is_tail_call(const struct rule_table *table, const struct rule_branch *branch,
                         const struct clause *call)
{
    for (uint32_t i = 0; i < table->rule->arity; i++) {
        uint32_t variable = branch->head[i];
        if (table->bound[i])
            continue;
        if (call->terms[i].type != TERM_VARIABLE || call->terms[i].id != variable)
            return false;
        for (uint32_t j = 0; j < table->rule->arity; j++)
            if (j != i && (branch->head[j] == variable ||
                           (call->terms[j].type == TERM_VARIABLE && call->terms[j].id == variable)))
                return false;
        for (uint32_t j = 0; j < branch->body.count; j++)
            if (&branch->body.clauses[j] != call &&
                id_set_has(&branch->body.clauses[j].variables, variable))
                return false;
    }
    return true;
}

/* Whether all calls of the table are tail calls of itself, at most one in a branch. */
static bool is_tail_recursive(const struct evaluation *evaluation, const struct rule_table *table)
{
    bool any = false;

    for (const struct rule_table *caller = evaluation->tables; caller; caller = caller->next)
        for (uint32_t i = 0; i < caller->rule->branch_count; i++) {
            const struct rule_branch *branch = &caller->rule->branches[i];
            uint32_t calls = 0;
            for (uint32_t j = 0; j < caller->site_counts[i]; j++) {
                const struct call_site *site = &caller->sites[i][j];
                if (site->table != table)
                    continue;
                if (caller != table || ++calls > 1 || !is_tail_call(table, branch, site->clause))
                    return false;
                any = true;
            }
        }
    return any;
}

/* The answers as answers to the one input from outside, which is the first. */
static bool collapse_answers(struct execution *execution, const struct rule_table *table,
                             struct relation **out, struct error *err)
{
    struct arena *arena = execution->arena;
    const struct relation *all = table->answers.rows;
    uint32_t *free_positions = ARENA_ARRAY(arena, uint32_t, table->rule->arity), count = 0;
    struct relation *answers;

    for (uint32_t i = 0; i < table->rule->arity; i++)
        if (!table->bound[i])
            free_positions[count++] = i;
    answers = relation_project(arena, all, free_positions, count);
    if (!join_distinct(answers, arena, &execution->budget, &answers, err))
        return false;
    size_t rows = count > 0 ? answers->rows : all->rows > 0;
    struct relation *whole = relation_new(arena, all->variables, all->width);
    uint32_t *first = ARENA_ARRAY(arena, uint32_t, rows); /* row 0, as often as there are rows */
    for (uint32_t i = 0; i < table->rule->arity; i++) {
        uint32_t column = relation_column(answers, i);
        uint32_t input = relation_column(table->inputs.rows, i);
        whole->columns[i] =
            column != COLUMN_NONE
                ? answers->columns[column]
                : column_pick(arena, &table->inputs.rows->columns[input], first, rows);
    }
    whole->rows = whole->cap = rows;
    whole->distinct = true;
    *out = whole;
    return true;
}

/* ---- rounds ---- */

/* Runs one branch from the inputs in [begin, end), with new answers only at `delta`. */
static bool run_branch(struct evaluation *evaluation, struct rule_table *table, uint32_t branch,
                       struct delta inputs, const struct call_site *delta, struct error *err)
{
    struct execution *execution = evaluation->execution;
    struct arena *arena = execution->arena;
    const struct rule_branch *body = &table->rule->branches[branch];
    struct rule_frame rules = { table->sites[branch], table->site_counts[branch], delta };
    struct frame frame = { .source = table->source, .rules = &rules };
    struct id_set head = { .ids = body->head, .count = table->rule->arity };
    struct bindings bindings = { 0 };
    struct relation *rows = relation_slice(arena, table->inputs.rows, inputs.begin, inputs.end);

    for (uint32_t i = 0; i < rows->width; i++)
        rows->variables[i] = body->head[rows->variables[i]];
    if ((rows->width > 0 && !bindings_join(execution, &bindings, rows, err)) ||
        !execute_conjunction(execution, &frame, &body->body, &head, &bindings, err))
        return fail_in(err, "rule %.*s", BYTES_ARG(table->rule->name));
    if (!bindings_collect(execution, &bindings, &head, &rows, err))
        return false;
    for (uint32_t i = 0; i < head.count && rows->rows > 0; i++)
        if (relation_column(rows, head.ids[i]) == COLUMN_NONE)
            return fail(err, ERROR_INCORRECT,
                        "cannot resolve %.*s in rule %.*s: bound by no clause",
                        BYTES_ARG(query_variable_name(execution->query, head.ids[i])),
                        BYTES_ARG(table->rule->name));
    if (rows->rows == 0)
        return true;
    rows = relation_project(arena, rows, head.ids, head.count);
    rows = renamed(arena, rows, table->answers.rows->variables);
    return row_set_add(&table->answers, rows, arena, &execution->budget, err);
}

static bool run_table(struct evaluation *evaluation, struct rule_table *table, struct error *err)
{
    struct delta all = { 0, table->new_inputs.end };

    for (uint32_t i = 0; i < table->rule->branch_count; i++) {
        if (table->new_inputs.end > table->new_inputs.begin &&
            !run_branch(evaluation, table, i, table->new_inputs, NULL, err))
            return false;
        for (uint32_t j = 0; j < table->site_counts[i] && all.end > 0; j++) {
            const struct call_site *site = &table->sites[i][j];
            if (!site->table->tail &&
                site->table->new_answers.end > site->table->new_answers.begin &&
                !run_branch(evaluation, table, i, all, site, err))
                return false;
        }
    }
    return true;
}

/* Makes what was added since the last round the new of this one; false when nothing was. */
static bool next_round(struct evaluation *evaluation)
{
    bool any = false;

    for (struct rule_table *table = evaluation->tables; table; table = table->next) {
        table->new_inputs = (struct delta){ table->new_inputs.end, table->inputs.rows->rows };
        table->new_answers = (struct delta){ table->new_answers.end, table->answers.rows->rows };
        any = any || table->new_inputs.begin < table->new_inputs.end ||
              table->new_answers.begin < table->new_answers.end;
    }
    return any;
}

static bool solve(struct evaluation *evaluation, struct error *err)
{
    /* Tables that are found on the way are put at the end of the list, and so reached here. */
    for (struct rule_table *table = evaluation->tables; table; table = table->next) {
        uint32_t branches = table->rule->branch_count;
        table->sites = ARENA_ARRAY(evaluation->execution->arena, struct call_site *, branches);
        table->site_counts = ARENA_ARRAY(evaluation->execution->arena, uint32_t, branches);
        for (uint32_t i = 0; i < branches; i++)
            if (!find_sites(evaluation, table, i, err))
                return false;
    }
    struct rule_table *asked = evaluation->tables; /* from outside */
    asked->tail = asked->inputs.rows->rows == 1 && is_tail_recursive(evaluation, asked);
    while (next_round(evaluation))
        for (struct rule_table *table = evaluation->tables; table; table = table->next)
            if (!run_table(evaluation, table, err))
                return false;
    return true;
}

/* The bound arguments of a call from outside. When they are in several relations only those of the
 * smallest count, since a product of inputs may be larger than what the rule finds. */
static void outside_bound(const struct clause *clause, const struct bindings *bindings, bool *bound)
{
    const struct relation *least = NULL;

    for (uint32_t i = 0; i < clause->term_count; i++) {
        if (clause->terms[i].type != TERM_VARIABLE)
            continue;
        const struct relation *relation = bindings_find(bindings, clause->terms[i].id);
        if (relation && (!least || relation->rows < least->rows))
            least = relation;
    }
    for (uint32_t i = 0; i < clause->term_count; i++) {
        const struct term *term = &clause->terms[i];
        const struct relation *relation =
            term->type == TERM_VARIABLE ? bindings_find(bindings, term->id) : NULL;
        bound[i] =
            term->type == TERM_CONSTANT ||
            (relation && (relation == least || relation->rows == 1)) ||
            id_set_has(&clause->required, term->type == TERM_VARIABLE ? term->id : UINT32_MAX);
    }
}

bool rules_run(struct execution *execution, const struct frame *frame, const struct clause *clause,
               struct bindings *bindings, struct error *err)
{
    const struct call_site *site = site_of(frame, clause);
    struct evaluation evaluation = { .execution = execution };
    bool *bound = ARENA_ARRAY(execution->arena, bool, clause->term_count);
    struct relation *rows, *answers = NULL;

    if (site)
        return run_site(execution, frame, site, bindings, err);
    evaluation.tail = &evaluation.tables;
    outside_bound(clause, bindings, bound);
    struct rule_table *table =
        table_for(&evaluation, clause->rule,
                  clause->source == SOURCE_IMPLICIT ? frame->source : clause->source, bound);
    return call_inputs(execution, clause, bound, bindings, &rows, err) &&
           row_set_add(&table->inputs, rows, execution->arena, &execution->budget, err) &&
           solve(&evaluation, err) &&
           (!table->tail || collapse_answers(execution, table, &answers, err)) &&
           call_answers(execution, clause, table->tail ? answers : table->answers.rows, &rows,
                        err) &&
           bindings_join(execution, bindings, rows, err);
}
