/*
 * Runs the recorded reads: queries, pulls and index reads, each on the database it was recorded on.
 * Rows are compared as sets. Exits with 77 when the cases are not there.
 *
 * The databases after the first are graphs of their own, which arguments name. Lists in the
 * components of an index are vectors, as they come over the bus.
 */
#include "txd/query/query.h"
#include "common/clock.h"
#include "proto/edn.h"
#include "proto/mp.h"
#include "tests/conformance/cases.h"

#include <stdio.h>
#include <stdlib.h>

#define TIME_LIMIT_US ((int64_t)10000000)

static bool is_op(const struct recorded *recorded, const char *op)
{
    return bytes_equal(recorded->op, bytes_of(op));
}

static bool is_database(const struct value *value)
{
    return value_get(value, "datoms") && value_get(value, "max-tx");
}

/* ---- where Stoa differs by design ---- */

static bool wants_order(const struct recorded *recorded)
{
    const struct value *message = value_get(recorded->expected, "throws");

    return message && bytes_starts_with(message->text, BYTES("Insufficient bindings: none of"));
}

static bool names_host(const struct value *form)
{
    uint32_t items = form->type == VALUE_MAP ? 2 * form->count : form->count;

    if (form->type == VALUE_SYMBOL && form->text.len > 1)
        return memchr(form->text.data, '/', form->text.len) &&
               !bytes_starts_with(form->text, BYTES("clojure."));
    for (uint32_t i = 0; value_is_collection(form) && i < items; i++)
        if (names_host(&form->items[i]))
            return true;
    return false;
}

static bool calls_host(const struct recorded *recorded)
{
    return is_op(recorded, "q") && names_host(&recorded->args[0]);
}

static const struct exception {
    bool (*is)(const struct recorded *recorded);
    const char *reason;
} exceptions[] = {
    { wants_order, "clauses have no order: another clause binds a variable of the not" },
    { calls_host, "a function or an aggregate of the host's own" },
};

/* Why a case that failed may differ; NULL: it may not. */
static const char *exception_of(const struct recorded *recorded)
{
    for (size_t i = 0; i < ARRAY_LEN(exceptions); i++)
        if (exceptions[i].is(recorded))
            return exceptions[i].reason;
    return NULL;
}

#define DATABASES_MAX 4

/* A case and what it runs on: its databases in the order of its arguments, at least one. */
struct run {
    const struct recorded *recorded;
    struct fixture fixtures[DATABASES_MAX];
    struct snapshot *snapshots[DATABASES_MAX];
    uint32_t count;
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

/* A tuple may be any of the rows. */
static bool is_any_row(const struct run *run, const struct value *expected,
                       const struct value *rows)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        struct value left = normal(run->arena, expected);
        struct value right = normal(run->arena, &rows->items[i]);
        if (value_equal(&left, &right))
            return true;
    }
    return false;
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

/* The database of that number, as the name of a graph. */
static struct value database_named(struct run *run, uint32_t number)
{
    struct value_builder graph = { 0 }, argument = { 0 };

    value_builder_entry(&graph, run->arena, "graph",
                        value_string(arena_printf(run->arena, "%u", number)));
    value_builder_entry(&argument, run->arena, "db", value_builder_end(&graph, VALUE_MAP));
    return value_builder_end(&argument, VALUE_MAP);
}

static bool open_named(void *arg, struct bytes name, const struct value *tx_data,
                       struct arena *arena, struct snapshot **out, struct error *err)
{
    struct run *run = arg;

    (void)tx_data;
    (void)arena;
    (void)err;
    *out = snapshot_retain(run->snapshots[name.data[0] - '0']);
    return true;
}

static bool query(struct run *run, const struct value *form, struct value *out, struct error *err)
{
    const struct recorded *recorded = run->recorded;
    struct query_graphs graphs = { open_named, run };
    struct value_builder args = { 0 };
    uint32_t databases = 0;

    for (uint32_t i = 1; i < recorded->arg_count; i++) {
        struct value arg = recorded->args[i];
        if (is_database(&arg)) {
            arg = databases == 0 ? value_nil() : database_named(run, databases);
            databases++;
        }
        value_builder_add(&args, run->arena, arg);
    }
    struct query_request request = { .query = *form,
                                     .args = value_builder_end(&args, VALUE_VECTOR),
                                     .graphs = &graphs };
    return query_run(run->snapshots[0], &request, &run->limits, run->arena, out, err);
}

/* [:find [?a ?b] ..] as [:find ?a ?b ..]; NULL when the query asks for something else. */
static const struct value *as_relation(struct run *run, const struct value *form)
{
    bool list = value_is_sequence(form) && form->count > 2 && form->items[1].type == VALUE_VECTOR &&
                form->items[2].type == VALUE_KEYWORD;
    const struct value *find = list ? &form->items[1] : NULL;
    struct value_builder items = { 0 };

    if (!find || value_is_symbol(&find->items[find->count - 1], "..."))
        return NULL;
    value_builder_add(&items, run->arena, form->items[0]);
    for (uint32_t i = 0; i < find->count; i++)
        value_builder_add(&items, run->arena, find->items[i]);
    for (uint32_t i = 2; i < form->count; i++)
        value_builder_add(&items, run->arena, form->items[i]);
    struct value *relation = ARENA_NEW(run->arena, struct value);
    *relation = value_builder_end(&items, form->type);
    return relation;
}

static bool run_query(struct run *run, struct value *out, struct error *err)
{
    const struct recorded *recorded = run->recorded;
    const struct value *relation = as_relation(run, &recorded->args[0]);
    struct value rows;

    if (!query(run, &recorded->args[0], out, err))
        return false;
    if (relation && query(run, relation, &rows, err) && is_any_row(run, out, &rows) &&
        is_any_row(run, recorded->expected, &rows))
        *out = *recorded->expected; /* which row comes first is not said */
    return true;
}

static bool run_pull(struct run *run, struct value *out, struct error *err)
{
    struct pull_request request = { .pattern = run->recorded->args[1],
                                    .eid = run->recorded->args[2],
                                    .many = is_op(run->recorded, "pull-many") };

    return pull_run(run->snapshots[0], &request, &run->limits, run->arena, out, err);
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
    struct buffer text = { 0 };
    struct bytes next;

    request.walk = range                             ? INDEX_WALK_RANGE
                   : is_op(recorded, "seek-datoms")  ? INDEX_WALK_SEEK
                   : is_op(recorded, "rseek-datoms") ? INDEX_WALK_REVERSE
                                                     : INDEX_WALK_DATOMS;
    struct value_builder components = { 0 };
    for (uint32_t i = first; i < end; i++)
        value_builder_add(&components, run->arena, normal(run->arena, &recorded->args[i]));
    request.components = value_builder_end(&components, VALUE_VECTOR);
    if (range)
        request.end = recorded->args[3];
    bool ok = index_run(run->snapshots[0], &request, &run->limits, run->arena, &text, &next, err) &&
              mp_read(arena_copy(run->arena, buffer_bytes(&text)), run->arena, out, err);
    buffer_release(&text);
    if (!ok)
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

/* Opens what the case names; an empty database when it names none. */
static bool open_databases(struct run *run, struct error *err)
{
    static const struct value empty = { .type = VALUE_MAP };
    const struct recorded *recorded = run->recorded;

    for (uint32_t i = 0; i <= recorded->arg_count && run->count < DATABASES_MAX; i++) {
        const struct value *database = i < recorded->arg_count ? &recorded->args[i] : &empty;
        if (i < recorded->arg_count ? !is_database(database) : run->count > 0)
            continue;
        if (!fixture_open(database, &run->fixtures[run->count], err))
            return false;
        run->snapshots[run->count] = graph_snapshot(run->fixtures[run->count].graph);
        run->count++;
    }
    return true;
}

static void close_databases(struct run *run)
{
    for (uint32_t i = 0; i < run->count; i++) {
        snapshot_release(run->snapshots[i]);
        fixture_close(&run->fixtures[i]);
    }
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

    if (!open_databases(&run, &err)) {
        print_case(recorded, NULL, &err);
        close_databases(&run);
        return false;
    }
    bool given = operation->run(&run, &actual, &err);
    bool passed = given ? !throws && is_same(&run, recorded->expected, &actual) : throws;
    if (!passed)
        print_case(recorded, given ? &actual : NULL, &err);
    close_databases(&run);
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
        if (run_case(operation, &recorded, &arena)) {
            passed++;
            continue;
        }
        const char *reason = exception_of(&recorded);
        if (reason) {
            excepted++;
            printf("line %u differs by design: %s\n", recorded.line, reason);
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
