#include "tests/oracle/goal.h"

/* The head of a branch of a rule, and the number of its variables before and after brackets go. */
static const struct value *head_of(const struct value *branch)
{
    return &branch->items[0];
}

static uint32_t required_count(const struct value *head)
{
    return head->count > 1 && value_is_sequence(&head->items[1]) ? head->items[1].count : 0;
}

static uint32_t arity_of(const struct value *head)
{
    uint32_t required = required_count(head);

    return head->count - 1 - (required > 0) + required;
}

/* The variable at a position of the head, brackets or not. */
static const struct value *head_variable(const struct value *head, uint32_t i)
{
    uint32_t required = required_count(head);

    if (i < required)
        return &head->items[1].items[i];
    return &head->items[1 + i + (required > 0 ? 1 - required : 0)];
}

static bool is_branch_of(const struct value *branch, struct bytes rule)
{
    return bytes_equal(head_of(branch)->items[0].text, rule);
}

bool goal_arity(const struct question *question, struct bytes rule, uint32_t *arity,
                uint32_t *required)
{
    for (uint32_t i = 0; i < question->rules->count; i++) {
        const struct value *branch = &question->rules->items[i];
        if (!is_branch_of(branch, rule))
            continue;
        *arity = arity_of(head_of(branch));
        *required = required_count(head_of(branch));
        return true;
    }
    return false;
}

static bool same_goal(const struct goal *a, const struct goal *b)
{
    if (!bytes_equal(a->rule, b->rule) || a->source != b->source)
        return false;
    for (uint32_t i = 0; i < a->arity; i++)
        if (a->bound[i] != b->bound[i] ||
            (a->bound[i] && !value_equal(&a->arguments[i], &b->arguments[i])))
            return false;
    return true;
}

static struct goal *goal_for(struct question *question, struct goals *goals,
                             const struct goal *call)
{
    struct arena *arena = question->arena;

    for (size_t i = 0; i < goals->count; i++)
        if (same_goal(goals->items[i], call))
            return goals->items[i];
    if (goals->count == goals->cap) {
        size_t cap = goals->cap ? 2 * goals->cap : 8;
        struct goal **grown = ARENA_ARRAY(arena, struct goal *, cap);
        for (size_t i = 0; i < goals->count; i++)
            grown[i] = goals->items[i];
        goals->items = grown;
        goals->cap = cap;
    }
    struct goal *goal = ARENA_NEW(arena, struct goal);
    *goal = *call;
    goal->answers = (struct solutions){ .names = ARENA_ARRAY(arena, struct bytes, call->arity),
                                        .width = call->arity };
    goals->items[goals->count++] = goal;
    return goal;
}

/* Runs one branch, and adds what it finds to the goal's answers. */
static bool run_branch(struct question *question, struct goals *goals, struct goal *goal,
                       const struct value *branch, bool *news, struct error *err)
{
    struct arena *arena = question->arena;
    struct frame frame = { goal->source, goals };
    struct solutions rows = { .names = ARENA_ARRAY(arena, struct bytes, goal->arity) };
    struct value *values = ARENA_ARRAY(arena, struct value, goal->arity + 1);

    for (uint32_t i = 0; i < goal->arity; i++) {
        if (!goal->bound[i])
            continue;
        rows.names[rows.width] = head_variable(head_of(branch), i)->text;
        values[rows.width++] = goal->arguments[i];
    }
    solutions_add(&rows, values, arena);
    if (!evaluate_clauses(question, &frame, branch->items + 1, branch->count - 1, &rows, err))
        return false;
    for (size_t row = 0; row < rows.rows; row++) {
        for (uint32_t i = 0; i < goal->arity; i++) {
            uint32_t column = solutions_column(&rows, head_variable(head_of(branch), i)->text);
            if (column == SOLUTIONS_NO_COLUMN)
                return fail(err, ERROR_INCORRECT, "a rule does not bind its head");
            values[i] = solutions_row(&rows, row)[column];
        }
        *news |= solutions_add(&goal->answers, values, arena);
    }
    return true;
}

static bool run_goal(struct question *question, struct goals *goals, struct goal *goal, bool *news,
                     struct error *err)
{
    for (uint32_t i = 0; i < question->rules->count; i++)
        if (is_branch_of(&question->rules->items[i], goal->rule) &&
            !run_branch(question, goals, goal, &question->rules->items[i], news, err))
            return false;
    return true;
}

/* Until nothing is new. Answers come from the goals found last, so every other time around those
 * go first. */
static bool solve(struct question *question, struct goals *goals, struct error *err)
{
    bool news = true;

    for (unsigned around = 0; news; around++) {
        size_t before = goals->count;
        news = false;
        for (size_t i = 0; i < goals->count; i++) {
            size_t at = around % 2 && i < before ? before - 1 - i : i;
            if (!run_goal(question, goals, goals->items[at], &news, err))
                return false;
        }
        news |= goals->count > before;
    }
    return true;
}

bool goal_answers(struct question *question, const struct frame *frame, const struct goal *call,
                  const struct solutions **out, struct error *err)
{
    struct goals own = { 0 };
    struct goals *goals = frame->goals ? frame->goals : &own;
    struct goal *goal = goal_for(question, goals, call);

    *out = &goal->answers;
    return frame->goals || solve(question, &own, err);
}
