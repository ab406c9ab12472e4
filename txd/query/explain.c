#include "txd/query/explain.h"

#include "common/clock.h"
#include "proto/edn.h"

struct explain_step {
    struct explain_step *next;
    const struct clause *clause;
    const char *method;
    struct bytes note;
    uint32_t depth;
    uint64_t estimated, rows, runs;
    int64_t begun_ns, spent_ns;
};

void explain_open(struct explain *explain, struct arena *arena)
{
    *explain = (struct explain){ .arena = arena };
    explain->end = &explain->first;
}

static struct explain_step *find(const struct explain *explain, const struct clause *clause)
{
    for (struct explain_step *step = explain->first; step; step = step->next)
        if (step->clause == clause && step->depth == explain->depth)
            return step;
    return NULL;
}

struct explain_step *explain_begin(struct explain *explain, const struct clause *clause,
                                   uint64_t estimated)
{
    struct explain_step *step = find(explain, clause);

    if (!step) {
        step = ARENA_NEW(explain->arena, struct explain_step);
        *step = (struct explain_step){ .clause = clause, .depth = explain->depth };
        *explain->end = step;
        explain->end = &step->next;
    }
    if (estimated == EXPLAIN_UNKNOWN || step->estimated == EXPLAIN_UNKNOWN)
        step->estimated = EXPLAIN_UNKNOWN;
    else
        step->estimated += estimated;
    step->begun_ns = clock_monotonic_ns();
    explain->depth++;
    return step;
}

void explain_end(struct explain *explain, struct explain_step *step, uint64_t rows)
{
    explain->depth--;
    step->spent_ns += clock_monotonic_ns() - step->begun_ns;
    step->method = explain->method;
    step->note = explain->note;
    step->rows += rows;
    step->runs++;
}

static struct value microseconds(int64_t ns)
{
    return value_double((double)ns / 1e3);
}

static struct value step_value(const struct explain *explain, const struct explain_step *step)
{
    struct arena *arena = explain->arena;
    struct value_builder map = { 0 };
    struct buffer text = { 0 };
    struct bytes method = arena_printf(arena, "%s%s%.*s", step->method, step->note.len ? ", " : "",
                                       BYTES_ARG(step->note));

    edn_write(&text, &step->clause->form);
    value_builder_entry(&map, arena, "clause",
                        value_string(arena_copy(arena, buffer_bytes(&text))));
    value_builder_entry(&map, arena, "method", value_string(method));
    value_builder_entry(&map, arena, "estimated",
                        step->estimated == EXPLAIN_UNKNOWN ? value_nil()
                                                           : value_long((int64_t)step->estimated));
    value_builder_entry(&map, arena, "rows", value_long((int64_t)step->rows));
    value_builder_entry(&map, arena, "runs", value_long((int64_t)step->runs));
    value_builder_entry(&map, arena, "us", microseconds(step->spent_ns));
    value_builder_entry(&map, arena, "depth", value_long(step->depth));
    buffer_release(&text);
    return value_builder_end(&map, VALUE_MAP);
}

struct value explain_value(const struct explain *explain, uint64_t rows, int64_t begun_ns)
{
    struct value_builder steps = { 0 }, map = { 0 };

    for (const struct explain_step *step = explain->first; step; step = step->next)
        value_builder_add(&steps, explain->arena, step_value(explain, step));
    value_builder_entry(&map, explain->arena, "steps", value_builder_end(&steps, VALUE_VECTOR));
    value_builder_entry(&map, explain->arena, "rows", value_long((int64_t)rows));
    value_builder_entry(&map, explain->arena, "us", microseconds(clock_monotonic_ns() - begun_ns));
    return value_builder_end(&map, VALUE_MAP);
}
