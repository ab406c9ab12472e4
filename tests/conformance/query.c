/*
 * Runs the recorded reads: queries, pulls and index reads, each on the database it was recorded on.
 * Rows are compared as sets. Exits with 77 when the cases are not there.
 *
 * A second database of a query is given as the collection of its datoms.
 */
#include "txd/query/query.h"
#include "common/clock.h"
#include "proto/edn.h"
#include "tests/conformance/cases.h"

#include <stdio.h>
#include <stdlib.h>

#define TIME_LIMIT_US ((int64_t)10000000)

/* Where Stoa differs by design. */
static const struct exception {
    uint32_t line;
    const char *reason;
} exceptions[] = {
    { 11, "a query has one graph; pulling from a second database needs that database" },
    { 41, "which row comes first is not said: any of them is right" },
    { 159, "clauses have no order: another clause binds ?a before the not" },
    { 177, "a list is not a vector" },
    { 179, "a list is not a vector" },
    { 368, "an aggregate of the host's own" },
};

static const char *exception_of(uint32_t line)
{
    for (size_t i = 0; i < ARRAY_LEN(exceptions); i++)
        if (exceptions[i].line == line)
            return exceptions[i].reason;
    return NULL;
}

static bool is_op(const struct recorded *recorded, const char *op)
{
    return bytes_equal(recorded->op, bytes_of(op));
}

static bool is_database(const struct value *value)
{
    return value_get(value, "datoms") && value_get(value, "max-tx");
}

/* A case and what it runs on. */
struct run {
    const struct recorded *recorded;
    struct fixture fixture;
    struct snapshot *snapshot;
    struct query_limits limits;
    struct arena *arena;
};

/* ---- comparing ---- */

/* Lists become vectors, since Clojure holds them equal; datoms of nothing are an empty vector. */
static struct value normal(struct arena *arena, const struct value *value)
{
    struct value copy = *value;
    uint32_t items = value->type == VALUE_MAP ? 2 * value->count : value->count;

    if (!value_is_collection(value))
        return copy;
    if (value->type == VALUE_LIST)
        copy.type = VALUE_VECTOR;
    copy.items = ARENA_ARRAY(arena, struct value, items);
    for (uint32_t i = 0; i < items; i++)
        copy.items[i] = normal(arena, &value->items[i]);
    return copy;
}

static bool same_items(const struct value *a, const struct value *b)
{
    bool *used = calloc(b->count + 1, sizeof(*used));
    uint32_t matched = 0;

    for (uint32_t i = 0; i < a->count; i++) {
        uint32_t j = 0;
        while (j < b->count && (used[j] || !value_equal(&a->items[i], &b->items[j])))
            j++;
        if (j < b->count) {
            used[j] = true;
            matched++;
        }
    }
    free(used);
    return a->count == b->count && matched == a->count;
}

static bool is_row_collection(const struct value *value)
{
    return value->type == VALUE_VECTOR || value->type == VALUE_SET;
}

static bool is_same(const struct run *run, const struct value *expected, const struct value *actual)
{
    struct value left = normal(run->arena, expected), right = normal(run->arena, actual);

    if (value_equal(&left, &right))
        return true;
    if (left.type == VALUE_NIL && right.type == VALUE_VECTOR)
        return right.count == 0;
    return !is_op(run->recorded, "pull") && is_row_collection(&left) && is_row_collection(&right) &&
           same_items(&left, &right);
}

/* ---- running ---- */

static struct query_limits limits_now(void)
{
    return (struct query_limits){ .deadline_us = clock_monotonic_us() + TIME_LIMIT_US,
                                  .memory_bytes_max = (size_t)256 << 20,
                                  .rows_max = 1000000 };
}

static bool run_query(struct run *run, struct value *out, struct error *err)
{
    const struct recorded *recorded = run->recorded;
    struct value_builder args = { 0 };
    bool first = true;

    for (uint32_t i = 1; i < recorded->arg_count; i++) {
        struct value arg = recorded->args[i];
        if (is_database(&arg) && first) {
            arg = value_nil();
            first = false;
        } else if (is_database(&arg)) {
            arg = *value_get(&arg, "datoms");
        }
        value_builder_add(&args, run->arena, arg);
    }
    struct query_request request = { .query = recorded->args[0],
                                     .args = value_builder_end(&args, VALUE_VECTOR) };
    return query_run(run->snapshot, &request, &run->limits, run->arena, out, err);
}

static bool run_pull(struct run *run, struct value *out, struct error *err)
{
    struct pull_request request = { .pattern = run->recorded->args[1],
                                    .eid = run->recorded->args[2],
                                    .many = is_op(run->recorded, "pull-many") };

    return pull_run(run->snapshot, &request, &run->limits, run->arena, out, err);
}

/* The recorded datoms have `added` last. */
static void add_added(struct run *run, struct value *rows)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        struct value *items = ARENA_ARRAY(run->arena, struct value, 5);
        memcpy(items, rows->items[i].items, 4 * sizeof(*items));
        items[4] = value_boolean(true);
        rows->items[i] = value_collection(VALUE_VECTOR, items, 5);
    }
}

/* Leaves out what DataScript does not hold as datoms: attributes and transactions. */
static void keep_users(struct value *rows)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < rows->count; i++)
        if (entity_is_user((uint32_t)rows->items[i].items[0].number))
            rows->items[kept++] = rows->items[i];
    rows->count = kept;
}

static bool run_index(struct run *run, struct value *out, struct error *err)
{
    const struct recorded *recorded = run->recorded;
    bool range = is_op(recorded, "index-range"), find = is_op(recorded, "find-datom");
    struct index_request request = { .index = range ? BYTES("avet") : recorded->args[1].text };
    uint32_t first = range ? 1 : 2;
    uint32_t end = range ? 3 : recorded->arg_count;
    struct bytes next;

    request.walk = range                             ? INDEX_WALK_RANGE
                   : is_op(recorded, "seek-datoms")  ? INDEX_WALK_SEEK
                   : is_op(recorded, "rseek-datoms") ? INDEX_WALK_REVERSE
                                                     : INDEX_WALK_DATOMS;
    struct value_builder components = { 0 };
    for (uint32_t i = first; i < end; i++)
        value_builder_add(&components, run->arena, recorded->args[i]);
    request.components = value_builder_end(&components, VALUE_VECTOR);
    if (range)
        request.end = recorded->args[3];
    if (!index_run(run->snapshot, &request, &run->limits, run->arena, out, &next, err))
        return false;
    keep_users(out);
    add_added(run, out);
    if (find)
        *out = out->count ? out->items[0] : value_nil();
    return true;
}

static const struct operation {
    const char *name;
    bool (*run)(struct run *run, struct value *out, struct error *err);
} operations[] = {
    { "datoms", run_index },       { "find-datom", run_index },  { "index-range", run_index },
    { "pull", run_pull },          { "pull-many", run_pull },    { "q", run_query },
    { "rseek-datoms", run_index }, { "seek-datoms", run_index },
};

static const struct operation *operation_of(const struct recorded *recorded)
{
    for (size_t i = 0; i < ARRAY_LEN(operations); i++)
        if (is_op(recorded, operations[i].name))
            return &operations[i];
    return NULL;
}

/* ---- a case ---- */

static const struct value *database_of(const struct recorded *recorded)
{
    static const struct value empty = { .type = VALUE_MAP };

    for (uint32_t i = 0; i < recorded->arg_count; i++)
        if (is_database(&recorded->args[i]))
            return &recorded->args[i];
    return &empty;
}

static void print_case(const struct recorded *recorded, const struct value *actual,
                       const struct error *err)
{
    struct buffer text = { 0 };

    for (uint32_t i = 0; i < recorded->arg_count; i++) {
        buffer_printf(&text, "\n    ");
        edn_write(&text, &recorded->args[i]);
    }
    buffer_printf(&text, "\n  expected ");
    edn_write(&text, recorded->expected);
    buffer_printf(&text, "\n  actual   ");
    if (actual)
        edn_write(&text, actual);
    else
        buffer_printf(&text, "error: %s", err->message);
    printf("  %.*s %.*s\n", (int)recorded->op.len, recorded->op.data, (int)text.len, text.data);
    buffer_release(&text);
}

static bool run_case(const struct operation *operation, const struct recorded *recorded,
                     struct arena *arena)
{
    struct run run = { .recorded = recorded, .arena = arena, .limits = limits_now() };
    bool throws = value_get(recorded->expected, "throws") != NULL;
    struct value actual;
    struct error err;

    if (!fixture_open(database_of(recorded), &run.fixture, &err)) {
        print_case(recorded, NULL, &err);
        return false;
    }
    run.snapshot = graph_snapshot(run.fixture.graph);
    bool given = operation->run(&run, &actual, &err);
    bool passed = given ? !throws && is_same(&run, recorded->expected, &actual) : throws;
    if (!passed)
        print_case(recorded, given ? &actual : NULL, &err);
    snapshot_release(run.snapshot);
    fixture_close(&run.fixture);
    return passed;
}

int main(void)
{
    struct cases cases;
    struct recorded recorded;
    struct arena arena = { 0 };
    uint32_t passed = 0, failed = 0, excepted = 0;

    if (!cases_open(&cases)) {
        printf("the recorded cases are not there\n");
        return CASES_SKIPPED;
    }
    for (; cases_next(&cases, &arena, &recorded); arena_reset(&arena)) {
        const struct operation *operation = operation_of(&recorded);
        if (!operation)
            continue;
        const char *reason = exception_of(recorded.line);
        if (reason) {
            excepted++;
            printf("line %u is an exception: %s\n", recorded.line, reason);
        } else if (run_case(operation, &recorded, &arena)) {
            passed++;
        } else {
            failed++;
            printf("line %u (%.*s) FAILED\n", recorded.line, BYTES_ARG(recorded.suite));
        }
    }
    printf("%u passed, %u failed, %u exceptions, %u not readable\n", passed, failed, excepted,
           cases.left_out);
    cases_close(&cases);
    arena_release(&arena);
    return failed ? 1 : 0;
}
