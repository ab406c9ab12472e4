#include "tests/oracle/evaluate.h"

#include "tests/oracle/functions.h"
#include "tests/oracle/goal.h"
#include "tests/oracle/ready.h"

enum position { POSITION_E, POSITION_A, POSITION_V, POSITION_T, POSITION_ADDED, POSITIONS };

/* A clause that is being run, from one table of rows to the next. */
struct step {
    struct question *question;
    const struct frame *frame;
    const struct value *form;
    uint32_t source;
    const struct solutions *in;
    struct solutions *out;
};

bool question_work(struct question *question, uint64_t looks, struct error *err)
{
    question->work += looks;
    return question->work <= WORK_MAX || fail(err, ERROR_BUSY, "too much for nested loops");
}

uint32_t question_source(const struct question *question, struct bytes name)
{
    for (uint32_t i = 0; i < question->source_count; i++)
        if (bytes_equal(question->sources[i].name, name))
            return i;
    return SOURCE_NONE;
}

bool question_entity(const struct question *question, const struct value *value, int64_t *out)
{
    *out = value->number;
    if (value->type == VALUE_LONG)
        return true;
    if (!value_is_sequence(value) || value->count != 2 || value->items[0].type != VALUE_KEYWORD)
        return false;
    for (size_t i = 0; i < question->now.count; i++) {
        const struct fact *fact = &question->now.items[i];
        *out = fact->e;
        if (bytes_equal(fact->a, value->items[0].text) && value_equal(&fact->v, &value->items[1]))
            return true;
    }
    return false;
}

/* ---- patterns ---- */

static bool is_entity(const struct question *question, const struct value *value, int64_t e)
{
    int64_t named;

    return question_entity(question, value, &named) && named == e;
}

/* Whether the value stands for what the fact has in its v. */
static bool is_value(const struct question *question, const struct value *value,
                     const struct fact *fact)
{
    const struct property *property = database_property(question->database, fact->a);
    bool name = value->type == VALUE_KEYWORD || value_is_sequence(value);

    if (property && property->ref && name)
        return is_entity(question, value, fact->v.number);
    if (property && property->real && value->type == VALUE_LONG)
        return fact->v.real == (double)value->number;
    return value_equal(value, &fact->v);
}

static bool agrees(const struct question *question, const struct value *value,
                   enum position position, const struct fact *fact)
{
    switch (position) {
    case POSITION_E:
        return is_entity(question, value, fact->e);
    case POSITION_A:
        return value->type == VALUE_KEYWORD && bytes_equal(value->text, fact->a);
    case POSITION_V:
        return is_value(question, value, fact);
    case POSITION_T:
        return is_entity(question, value, ORACLE_TX_BASE + fact->t);
    case POSITION_ADDED:
        return value->type == VALUE_BOOLEAN && value->boolean == fact->added;
    case POSITIONS:
        break;
    }
    return false;
}

static struct value part_of(const struct fact *fact, enum position position)
{
    switch (position) {
    case POSITION_E:
        return value_long(fact->e);
    case POSITION_A:
        return value_keyword(fact->a);
    case POSITION_V:
        return fact->v;
    case POSITION_T:
        return value_long(ORACLE_TX_BASE + fact->t);
    case POSITION_ADDED:
        return value_boolean(fact->added);
    case POSITIONS:
        break;
    }
    return value_nil();
}

static bool match_fact(const struct step *step, const struct value *terms, uint32_t count,
                       const struct fact *fact, struct row *row)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct value *value = row_value(row, &terms[i]);
        if (value_is_symbol(&terms[i], "_"))
            continue;
        if (value && !agrees(step->question, value, (enum position)i, fact))
            return false;
        if (!value)
            row_assign(row, terms[i].text, part_of(fact, (enum position)i));
    }
    return true;
}

static bool match_tuple(const struct value *terms, uint32_t count, const struct value *tuple,
                        struct row *row)
{
    if (!value_is_sequence(tuple) || tuple->count < count)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct value *value = row_value(row, &terms[i]);
        if (value_is_symbol(&terms[i], "_"))
            continue;
        if (value && !value_equal(value, &tuple->items[i]))
            return false;
        if (!value)
            row_assign(row, terms[i].text, tuple->items[i]);
    }
    return true;
}

/* An entity that is written down must be there. */
static bool check_constants(const struct step *step, const struct value *terms, uint32_t count,
                            struct error *err)
{
    int64_t e;

    if (terms[0].type == VALUE_KEYWORD)
        return fail(err, ERROR_BUSY, "idents of entities are not tried");
    for (uint32_t i = 0; i < count && i <= POSITION_V; i += POSITION_V) {
        const struct property *property =
            count > 1 && terms[1].type == VALUE_KEYWORD
                ? database_property(step->question->database, terms[1].text)
                : NULL;
        bool entity = i == POSITION_E || (property && property->ref);
        if (entity && value_is_sequence(&terms[i]) &&
            !question_entity(step->question, &terms[i], &e))
            return fail(err, ERROR_NOT_FOUND, "a lookup ref to nothing");
    }
    return true;
}

static bool run_pattern(const struct step *step, struct error *err)
{
    struct question *question = step->question;
    const struct facts_source *source = &question->sources[step->source];
    bool named = form_is_source(&step->form->items[0]);
    const struct value *terms = step->form->items + named;
    uint32_t count = step->form->count - named;

    if (source->is_graph && !check_constants(step, terms, count, err))
        return false;
    size_t candidates = source->is_graph ? source->facts.count : source->tuples.count;
    for (size_t i = 0; i < step->in->rows; i++) {
        if (!question_work(question, candidates, err))
            return false;
        struct row row = row_begin(step->out, step->in, i, question->arena);
        for (size_t j = 0; j < candidates; j++) {
            for (uint32_t column = step->in->width; column < step->out->width; column++)
                row.set[column] = false;
            bool match = source->is_graph
                             ? match_fact(step, terms, count, &source->facts.items[j], &row)
                             : match_tuple(terms, count, &source->tuples.items[j], &row);
            if (match)
                solutions_add(step->out, row.cells, question->arena);
        }
    }
    return true;
}

/* ---- calls ---- */

static bool run_call(const struct step *step, struct error *err)
{
    struct question *question = step->question;
    const struct value *call = &step->form->items[0];
    struct value *args = ARENA_ARRAY(question->arena, struct value, call->count), result;
    struct function_call made = { question, call->items[0].text, step->source, args, 0 };
    uint32_t first = 1;

    if (call->count > 1 && form_is_source(&call->items[1]))
        made.source = question_source(question, call->items[first++].text);
    made.count = call->count - first;
    for (size_t i = 0; i < step->in->rows; i++) {
        struct row row = row_begin(step->out, step->in, i, question->arena);
        struct row_list bound = { 0 };
        for (uint32_t j = 0; j < made.count; j++)
            args[j] = *row_value(&row, &call->items[first + j]);
        if (!question_work(question, 1, err) || !function_run(&made, &result, err))
            return false;
        if (step->form->count == 1) {
            if (function_truthy(&result))
                solutions_add(step->out, row.cells, question->arena);
            continue;
        }
        if (result.type != VALUE_NIL &&
            !row_bind(&row, &step->form->items[1], &result, question->arena, &bound, err))
            return false;
        for (size_t j = 0; j < bound.count; j++)
            solutions_add(step->out, bound.items[j].cells, question->arena);
    }
    return true;
}

/* ---- rules ---- */

/* Adds the row with the answer's values in place of the arguments, when they agree. */
static void take_answer(const struct step *step, const struct value *terms, uint32_t count,
                        const struct value *answer, const struct row *row)
{
    struct row_list one = { 0 };
    bool agree = true;

    row_list_add(&one, row, step->question->arena);
    for (uint32_t i = 0; i < count && agree; i++)
        if (form_is_variable(&terms[i]))
            agree = row_assign(&one.items[0], terms[i].text, answer[i]);
    if (agree)
        solutions_add(step->out, one.items[0].cells, step->question->arena);
}

static bool run_rule(const struct step *step, struct error *err)
{
    struct question *question = step->question;
    uint32_t at = form_is_source(&step->form->items[0]), required;
    struct goal call = { .rule = step->form->items[at].text, .source = step->source };
    const struct value *terms = step->form->items + at + 1;

    if (!goal_arity(question, call.rule, &call.arity, &required) ||
        call.arity != step->form->count - at - 1)
        return fail(err, ERROR_INCORRECT, "no rule of so many arguments");
    for (size_t i = 0; i < step->in->rows; i++) {
        struct row row = row_begin(step->out, step->in, i, question->arena);
        struct value *arguments = ARENA_ARRAY(question->arena, struct value, call.arity);
        bool *bound = ARENA_ARRAY(question->arena, bool, call.arity);
        const struct solutions *answers;
        for (uint32_t j = 0; j < call.arity; j++) {
            const struct value *value = row_value(&row, &terms[j]);
            bound[j] = value && !value_is_symbol(&terms[j], "_");
            arguments[j] = bound[j] ? *value : value_nil();
        }
        call.arguments = arguments;
        call.bound = bound;
        if (!goal_answers(question, step->frame, &call, &answers, err) ||
            !question_work(question, answers->rows, err))
            return false;
        for (size_t j = 0; j < answers->rows; j++)
            take_answer(step, terms, call.arity, solutions_row(answers, j), &row);
    }
    return true;
}

/* ---- or, and, not ---- */

/* The row as a table of its own; of the variables of `join` alone, when there is one. */
static void table_of_row(const struct step *step, size_t row, const struct value *join,
                         struct solutions *out)
{
    struct arena *arena = step->question->arena;
    struct names listed = { 0 };
    struct value *cells = ARENA_ARRAY(arena, struct value, step->in->width + 1);

    clause_variables(join ? join : step->form, false, arena, &listed);
    *out = (struct solutions){ .names = ARENA_ARRAY(arena, struct bytes, step->in->width + 1) };
    for (uint32_t i = 0; i < step->in->width; i++) {
        if (join && !names_have(&listed, step->in->names[i]))
            continue;
        out->names[out->width] = step->in->names[i];
        cells[out->width++] = solutions_row(step->in, row)[i];
    }
    solutions_add(out, cells, arena);
}

static bool run_not(const struct step *step, struct error *err)
{
    struct branches branches = clause_branches(step->form);
    struct frame inner = { step->source, NULL };

    for (size_t i = 0; i < step->in->rows; i++) {
        struct solutions rows;
        table_of_row(step, i, branches.join, &rows);
        if (!evaluate_clauses(step->question, &inner, branches.items, branches.count, &rows, err))
            return false;
        if (rows.rows == 0)
            solutions_add(step->out, solutions_row(step->in, i), step->question->arena);
    }
    return true;
}

/* Adds row number i with what a branch has found for the variables of the clause. */
static bool take_branch(const struct step *step, size_t i, const struct solutions *found,
                        const struct names *variables, struct error *err)
{
    for (size_t j = 0; j < found->rows; j++) {
        struct row row = row_begin(step->out, step->in, i, step->question->arena);
        bool agree = true;
        for (uint32_t k = 0; k < variables->count && agree; k++) {
            uint32_t column = solutions_column(found, variables->items[k]);
            if (column != SOLUTIONS_NO_COLUMN)
                agree = row_assign(&row, variables->items[k], solutions_row(found, j)[column]);
            else if (!row.set[solutions_column(step->out, variables->items[k])])
                return fail(err, ERROR_INCORRECT, "a branch does not bind a variable");
        }
        if (agree)
            solutions_add(step->out, row.cells, step->question->arena);
    }
    return true;
}

static bool run_or(const struct step *step, struct error *err)
{
    struct branches branches = clause_branches(step->form);
    struct frame inner = { step->source, step->frame->goals };
    struct names variables = { 0 };
    bool conjunction = form_is_call_of(step->form, "and");

    clause_variables(step->form, true, step->question->arena, &variables);
    for (size_t i = 0; i < step->in->rows; i++) {
        for (uint32_t j = 0; j < (conjunction ? 1 : branches.count); j++) {
            struct branches one = conjunction ? branches : branch_clauses(&branches.items[j]);
            struct solutions rows;
            table_of_row(step, i, branches.join, &rows);
            if (!evaluate_clauses(step->question, &inner, one.items, one.count, &rows, err) ||
                !take_branch(step, i, &rows, &variables, err))
                return false;
        }
    }
    return true;
}

/* ---- clauses ---- */

static bool step_source(struct step *step, struct error *err)
{
    const struct value *first = &step->form->items[0];

    step->source = step->frame->source;
    if (step->form->count && form_is_source(first))
        step->source = question_source(step->question, first->text);
    return step->source != SOURCE_NONE || fail(err, ERROR_INCORRECT, "no such source");
}

static bool run_clause(struct step *step, struct error *err)
{
    const struct value *form = step->form;

    if (form->type == VALUE_VECTOR && form->items[0].type == VALUE_LIST) {
        step->source = step->frame->source;
        return run_call(step, err);
    }
    if (!step_source(step, err))
        return false;
    if (form->type == VALUE_VECTOR)
        return run_pattern(step, err);
    if (form_is_call_of(form, "not") || form_is_call_of(form, "not-join"))
        return run_not(step, err);
    if (form_is_call_of(form, "or") || form_is_call_of(form, "or-join") ||
        form_is_call_of(form, "and"))
        return run_or(step, err);
    return run_rule(step, err);
}

bool evaluate_clauses(struct question *question, const struct frame *frame,
                      const struct value *forms, uint32_t count, struct solutions *table,
                      struct error *err)
{
    struct arena *arena = question->arena;
    bool *done = ARENA_ARRAY(arena, bool, count + 1);

    for (uint32_t left = count; left > 0; left--) {
        struct names bound = { table->names, table->width, table->width }, added = { 0 };
        struct solutions out;
        uint32_t next = ready_clause(question, forms, count, done, &bound);
        if (next == count)
            return fail(err, ERROR_INCORRECT, "no clause that is left can be resolved");
        done[next] = true;
        clause_variables(&forms[next], true, arena, &added);
        solutions_like(&out, table, added.items, added.count, arena);
        struct step step = {
            .question = question, .frame = frame, .form = &forms[next], .in = table, .out = &out
        };
        if (!run_clause(&step, err))
            return false;
        *table = out;
    }
    return true;
}
