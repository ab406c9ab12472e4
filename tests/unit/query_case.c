#include "tests/unit/query_case.h"

#include "common/clock.h"
#include "proto/edn.h"
#include "proto/mp.h"
#include "tests/unit/db_test.h"

#define SHUFFLES 6

struct query_limits query_limits_wide(void)
{
    return (struct query_limits){ .deadline_us = clock_monotonic_us() + 60000000,
                                  .memory_bytes_max = (size_t)1 << 30,
                                  .rows_max = 10000000 };
}

void query_fixture_open(struct tx_fixture *fixture, const char *transactions)
{
    struct arena arena = { 0 };
    struct value all = tx_edn(transactions, &arena);

    tx_fixture_open(fixture, FLEXIBILITY_READ);
    for (uint32_t i = 0; i < all.count; i++) {
        struct tx_request request = { .tx_data = all.items[i] };
        struct tx_result result;
        struct error err;
        assert_ok(tx_transact(fixture->graph, &request, &arena, &result, &err));
    }
    graph_publish(fixture->graph, graph_snapshot_take(fixture->graph));
    arena_release(&arena);
}

static bool run(struct tx_fixture *fixture, const struct query_request *request,
                struct arena *arena, struct value *out, struct error *err)
{
    struct query_limits limits = query_limits_wide();
    struct snapshot *snapshot = graph_snapshot(fixture->graph);
    bool ok = query_run(snapshot, request, &limits, arena, out, err);

    snapshot_release(snapshot);
    return ok;
}

struct snapshot query_seen(const struct snapshot *snapshot, bool extents)
{
    return (struct snapshot){ .graph = snapshot->graph,
                              .view = snapshot->view,
                              .schema = snapshot->schema,
                              .counts = snapshot->counts,
                              .extents = extents ? snapshot->extents : NULL,
                              .t = snapshot->t };
}

struct value query_must(struct tx_fixture *fixture, const struct query_request *request,
                        struct arena *arena)
{
    struct value out = value_nil();
    struct error err;

    assert_ok(run(fixture, request, arena, &out, &err));
    return out;
}

/* Whether the items are the same, each as often, in any order. */
static bool same_items(const struct value *a, const struct value *b, struct arena *arena)
{
    bool *used = ARENA_ARRAY(arena, bool, b->count);
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
    return a->count == b->count && matched == a->count;
}

void query_expect(const char *what, const struct value *actual, const char *expected,
                  struct arena *arena)
{
    struct value wanted = tx_edn(expected, arena);
    struct buffer text = { 0 };

    if (wanted.type == VALUE_LIST) {
        struct value ordered = value_collection(VALUE_VECTOR, wanted.items, wanted.count);
        if (value_equal(&ordered, actual))
            return;
    }
    if (value_equal(&wanted, actual) ||
        (wanted.type == VALUE_VECTOR && actual->type == VALUE_VECTOR &&
         same_items(&wanted, actual, arena)))
        return;
    edn_write(&text, actual);
    fail_msg("%s\n  expected %s\n  actual   %.*s", what, expected, (int)text.len, text.data);
}

static void expect_error(const struct query_case *row, const struct error *err)
{
    if (strcmp(error_code(err->kind), row->code) != 0 || !strstr(err->message, row->says))
        fail_msg("%s\n  expected %s: %s\n  actual   %s: %s", row->query, row->code, row->says,
                 error_code(err->kind), err->message);
}

/* Puts the items behind :where into a random order. */
static void shuffle(struct value *query)
{
    uint32_t first = 0;

    while (first < query->count && !value_is_keyword(&query->items[first], "where"))
        first++;
    for (uint32_t i = first + 1; i < query->count; i++) {
        uint32_t j = first + 1 + random_below(i - first);
        struct value swap = query->items[i];
        query->items[i] = query->items[j];
        query->items[j] = swap;
    }
}

/* As a query comes that is sent as data: MessagePack has no lists, only vectors. */
static struct value over_the_wire(const struct value *value, struct arena *arena)
{
    struct buffer encoded = { 0 };
    struct value out = value_nil();
    struct error err;

    mp_write(&encoded, value);
    struct bytes kept = arena_copy(arena, buffer_bytes(&encoded));
    buffer_release(&encoded);
    assert_ok(mp_read(kept, arena, &out, &err));
    return out;
}

static void run_case(struct tx_fixture *fixture, const struct query_case *row)
{
    struct arena arena = { 0 };
    struct query_request request = { .query = tx_edn(row->query, &arena) };
    struct value actual;
    struct error err = { 0 };

    if (row->args)
        request.args = tx_edn(row->args, &arena);
    for (int i = 0; i <= SHUFFLES; i++) {
        bool ok = run(fixture, &request, &arena, &actual, &err);
        if (ok && row->expected)
            query_expect(row->query, &actual, row->expected, &arena);
        else if (ok)
            fail_msg("%s\n  expected an error: %s", row->query, row->says);
        else if (row->expected)
            fail_msg("%s\n  %s", row->query, err.message);
        else
            expect_error(row, &err);
        shuffle(&request.query);
    }
    request.query = over_the_wire(&request.query, &arena);
    request.args = over_the_wire(&request.args, &arena);
    bool ok = run(fixture, &request, &arena, &actual, &err);
    if (ok && row->expected)
        query_expect(row->query, &actual, row->expected, &arena);
    else if (ok || row->expected)
        fail_msg("%s as data\n  %s", row->query, ok ? "an error was expected" : err.message);
    else
        expect_error(row, &err);
    arena_release(&arena);
}

void query_cases_run(const char *transactions, const struct query_case *cases, size_t count)
{
    struct tx_fixture fixture;

    random_begin("query");
    query_fixture_open(&fixture, transactions);
    for (size_t i = 0; i < count; i++)
        run_case(&fixture, &cases[i]);
    tx_fixture_close(&fixture);
}
