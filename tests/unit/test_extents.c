/*
 * Extents against the store: whatever was committed, and at whatever basis, what is in memory must
 * be what a cursor reads. Random transactions, with old snapshots kept, and queries with and
 * without extents side by side, from one thread and from several beside the writer.
 */
#include "tests/unit/query_case.h"

#include "common/limits.h"
#include "proto/edn.h"
#include "tests/unit/db_test.h"
#include "tests/unit/test.h"

#include <pthread.h>

#define ENTITIES     40
#define ROUNDS       150
#define SNAPSHOTS    6
#define READERS      3
#define READER_TURNS 60

static const char *const schema =
    "[{:db/ident :one :db/cardinality :db.cardinality/one}"
    " {:db/ident :mixed :db/cardinality :db.cardinality/one} {:db/ident :name :db/index true}"
    " {:db/ident :many :db/cardinality :db.cardinality/many}"
    " {:db/ident :texts :db/cardinality :db.cardinality/many}"
    " {:db/ident :ref :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :brief :db/noHistory true}]";

static const char *const attributes[] = { "one", "mixed", "name", "many", "texts", "ref", "brief" };

static void write_value(struct buffer *out, const char *attribute)
{
    uint32_t n = random_below(12);
    bool text = strcmp(attribute, "name") == 0 || strcmp(attribute, "texts") == 0;
    bool mixed = strcmp(attribute, "mixed") == 0;

    if (strcmp(attribute, "ref") == 0)
        buffer_printf(out, "%u", 1 + random_below(ENTITIES));
    else if (text && n == 0) /* longer than a key takes, with the same beginning */
        buffer_printf(out, "\"%0300d%u\"", 0, random_below(3));
    else if (text || (mixed && n % 3 == 0))
        buffer_printf(out, "\"t%u\"", n);
    else if (mixed && n % 3 == 1)
        buffer_printf(out, "%u.0", n);
    else
        buffer_printf(out, "%u", n);
}

static void transact_some(struct tx_fixture *fixture)
{
    struct buffer text = { 0 };
    struct arena arena = { 0 };
    struct tx_result result;
    struct error err;
    uint32_t forms = 1 + random_below(6);

    buffer_printf(&text, "[");
    for (uint32_t i = 0; i < forms; i++) {
        const char *attribute = attributes[random_below(ARRAY_LEN(attributes))];
        uint32_t e = 1 + random_below(ENTITIES), kind = random_below(12);
        if (kind == 0) {
            buffer_printf(&text, "[:db/retractEntity %u]", e);
        } else if (kind < 3) {
            buffer_printf(&text, "[:db/retract %u :%s]", e, attribute);
        } else {
            buffer_printf(&text, "[:db/add %u :%s ", e, attribute);
            write_value(&text, attribute);
            buffer_printf(&text, "]");
        }
    }
    buffer_printf(&text, "]");
    buffer_append_u8(&text, 0);
    assert_ok(tx_transact_edn(fixture, text.data, &arena, &result, &err));
    graph_publish(fixture->graph, graph_snapshot_take(fixture->graph));
    buffer_release(&text);
    arena_release(&arena);
}

static bool never_ends(void *arg, struct error *err)
{
    (void)arg;
    (void)err;
    return true;
}

/* What the extent says against what a cursor reads. */
static void compare_extent(const struct db *db, const struct attribute *attribute)
{
    static const uint64_t reads[] = { 0, 20, 100000 };
    struct extent_demand demand = { .reads = reads[random_below(3)],
                                    .datoms = ENTITIES,
                                    .check = never_ends };
    struct components prefix = { .count = 1, .a = attribute->id };
    struct extent *extent;
    struct datom datom;
    struct error err;
    uint32_t row = 0;

    assert_ok(extents_get(db->extents, db, attribute, &demand, &extent, &err));
    if (!extent)
        return;
    struct cursor *cursor = cursor_open(db, INDEX_AEVT, &prefix, NULL, false);
    for (; cursor_next(cursor, &datom); row++) {
        assert_true(row < extent->count);
        struct value value = extent_value(extent, row);
        assert_int_equal(extent->es[row], datom.e);
        assert_int_equal(extent->ts[row], datom.t);
        assert_int_equal(extent->added ? extent->added[row] : true, datom.added);
        assert_true(value_equal(&value, &datom.v));
        struct rows rows = extent_rows_of(extent, datom.e);
        assert_true(rows.begin <= row && row < rows.end);
        const struct postings *postings = extent_postings(extent);
        rows = grouping_find(&postings->values, extent_number_at(extent, row));
        bool posted = false;
        for (uint32_t i = rows.begin; i < rows.end; i++)
            posted = posted || postings->rows[i] == row;
        assert_true(posted);
    }
    assert_ok(cursor_check(cursor, &err));
    assert_int_equal(row, extent->count);
    cursor_close(cursor);
    extent_release(extent);
}

static struct db random_basis(const struct snapshot *snapshot)
{
    struct db db = snapshot_db(snapshot);

    db.history = random_below(4) == 0;
    if (random_below(2))
        db.as_of = 1 + random_below(snapshot->t);
    return db;
}

static const char *const queries[] = {
    "[:find ?e ?v :where [?e :one ?v]]",
    "[:find ?e ?v ?t :where [?e :many ?v ?t]]",
    "[:find ?e :where [?e :name \"t3\"]]",
    "[:find ?v :where [_ :mixed ?v]]",
    "[:find ?e ?f :where [?e :ref ?f] [?f :ref ?e]]",
    "[:find ?e :where [?e :ref ?e]]",
    "[:find ?e ?n :where [?e :one ?v] [(> ?v 5)] [?e :name ?n]]",
    "[:find ?e ?f :where [?e :texts ?v] [?f :name ?v]]",
    "[:find ?e ?f :where [?e :mixed ?v] [?f :one ?v]]",
    "[:find ?e :where [?e :many 3] (not [?e :one _])]",
    "[:find ?e ?v ?x :where [?e :brief ?v ?t] [?t :db/txInstant ?x]]",
    "[:find ?e ?v ?o :where [?e :one ?v _ ?o]]",
    "[:find ?e ?a ?v :where [?e :name \"t1\"] [?e ?a ?v]]",
    "[:find ?a ?b :where [?a :ref ?b] [?a :many ?x] [?b :many ?x]]",
    "[:find ?x (count ?e) :where [?e :many ?x]]",
    "[:find ?e :where [(ground :db/ident) ?a] [?e ?a _]]",
};

/* The answer, with or without extents; rows sorted. */
static struct value answer(const struct snapshot *snapshot, bool extents,
                           const struct query_request *request, struct arena *arena)
{
    struct query_limits limits = query_limits_wide();
    struct snapshot seen = query_seen(snapshot, true);
    struct value out;
    struct error err;

    if (!extents)
        seen = query_seen(snapshot, false);
    assert_ok(query_run(&seen, request, &limits, arena, &out, &err));
    out.type = VALUE_SET; /* compared in any order */
    return out;
}

static void compare_query(const struct snapshot *snapshot, uint32_t number, uint32_t as_of,
                          bool history)
{
    struct arena arena = { 0 };
    struct query_request request = { .query = value_string(bytes_of(queries[number])),
                                     .basis = { .has_as_of = as_of > 0,
                                                .as_of = as_of,
                                                .has_since = as_of % 3 == 1,
                                                .since = as_of / 2,
                                                .history = history } };
    struct value with = answer(snapshot, true, &request, &arena);
    struct value without = answer(snapshot, false, &request, &arena);

    if (!value_equal(&with, &without)) {
        struct buffer text = { 0 };
        edn_write(&text, &with);
        buffer_printf(&text, "\n in place of ");
        edn_write(&text, &without);
        fail_msg("%s as of %u of %u: %.*s", queries[number], as_of, snapshot->t, (int)text.len,
                 text.data);
    }
    arena_release(&arena);
}

static const char *const patterns[] = {
    "[*]",
    "[:one :many {:ref [:name {:_ref [:one]}]}]",
    "[{:ref 3} :texts [:many :limit 2]]",
};

/* Pulls of some entities, which read extents or the store. */
static void compare_pull(const struct snapshot *snapshot)
{
    struct query_limits limits = query_limits_wide();
    struct arena arena = { 0 };
    struct value pulled[2], eids[20];
    struct snapshot seen = query_seen(snapshot, true);
    uint32_t t = 1 + random_below(snapshot->t);
    bool past = random_below(3) == 0;
    struct error err;

    for (size_t i = 0; i < ARRAY_LEN(eids); i++)
        eids[i] = value_long(1 + random_below(ENTITIES));
    struct pull_request request = {
        .pattern = value_string(bytes_of(patterns[random_below(ARRAY_LEN(patterns))])),
        .eid = value_collection(VALUE_VECTOR, eids, ARRAY_LEN(eids)),
        .many = true,
        .basis = { .has_as_of = past,
                   .as_of = t,
                   .has_since = random_below(3) == 0,
                   .since = t / 2 },
    };
    for (int i = 0; i < 2; i++) {
        assert_ok(pull_run(&seen, &request, &limits, &arena, &pulled[i], &err));
        seen = query_seen(snapshot, false);
    }
    assert_true(value_equal(&pulled[0], &pulled[1]));
    arena_release(&arena);
}

/* The datoms of one attribute, from its extent or the index. */
static void compare_index(const struct snapshot *snapshot)
{
    const char *attribute = attributes[random_below(ARRAY_LEN(attributes))];
    struct query_limits limits = query_limits_wide();
    struct arena arena = { 0 };
    struct value component = value_keyword(bytes_of(attribute));
    struct buffer rows[2] = { 0 };
    struct snapshot seen = query_seen(snapshot, true);
    uint32_t t = 1 + random_below(snapshot->t);
    struct bytes next[2];
    struct error err;
    struct index_request request = {
        .index = BYTES("aevt"),
        .components = value_collection(VALUE_VECTOR, &component, 1),
        .basis = { .has_as_of = random_below(2),
                   .as_of = t,
                   .has_since = random_below(3) == 0,
                   .since = t / 2,
                   .history = random_below(3) == 0 },
        .limit = 1 + random_below(60),
    };

    for (int i = 0; i < 2; i++) {
        assert_ok(index_run(&seen, &request, &limits, &arena, &rows[i], &next[i], &err));
        seen = query_seen(snapshot, false);
    }
    assert_true(bytes_equal(buffer_bytes(&rows[0]), buffer_bytes(&rows[1])));
    assert_true(bytes_equal(next[0], next[1]));
    buffer_release(&rows[0]);
    buffer_release(&rows[1]);
    arena_release(&arena);
}

static void check_some(const struct snapshot *snapshot)
{
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
        struct db db = random_basis(snapshot);
        compare_extent(&db, schema_by_ident(snapshot->schema, bytes_of(attributes[i])));
    }
    compare_pull(snapshot);
    compare_index(snapshot);
    for (int i = 0; i < 4; i++)
        compare_query(snapshot, random_below(ARRAY_LEN(queries)),
                      random_below(2) ? 1 + random_below(snapshot->t) : 0, random_below(4) == 0);
}

static void fixture_open(struct tx_fixture *fixture)
{
    struct arena arena = { 0 };

    tx_fixture_open(fixture, FLEXIBILITY_WRITE);
    tx_must(fixture, schema, &arena);
    graph_publish(fixture->graph, graph_snapshot_take(fixture->graph));
    arena_release(&arena);
}

static void test_random_commits(void **state)
{
    (void)state;
    struct snapshot *kept[SNAPSHOTS] = { 0 };
    struct tx_fixture fixture;

    random_begin("extents");
    fixture_open(&fixture);
    for (int round = 0; round < ROUNDS; round++) {
        transact_some(&fixture);
        uint32_t at = random_below(SNAPSHOTS);
        snapshot_release(kept[at]);
        kept[at] = graph_snapshot(fixture.graph);
        if (round % 25 == 24)
            extents_limit(random_below(2) ? 20000 : LIMIT_EXTENT_BYTES);
        uint32_t other = random_below(SNAPSHOTS);
        check_some(kept[other] ? kept[other] : kept[at]);
    }
    for (int i = 0; i < SNAPSHOTS; i++)
        snapshot_release(kept[i]);
    extents_limit(LIMIT_EXTENT_BYTES);
    tx_fixture_close(&fixture);
    assert_int_equal(extents_bytes(), 0);
}

struct reader {
    pthread_t thread;
    struct graph *graph;
    uint32_t number;
};

static void *read_on(void *arg)
{
    struct reader *reader = arg;

    for (uint32_t i = 0; i < READER_TURNS; i++) {
        struct snapshot *snapshot = graph_snapshot(reader->graph);
        compare_query(snapshot, (reader->number + i) % ARRAY_LEN(queries),
                      i % 3 == 0 ? 1 + i % snapshot->t : 0, i % 5 == 0);
        snapshot_release(snapshot);
    }
    return NULL;
}

static void test_readers_beside_the_writer(void **state)
{
    (void)state;
    struct reader readers[READERS];
    struct tx_fixture fixture;

    random_begin("extents");
    fixture_open(&fixture);
    for (int i = 0; i < 20; i++)
        transact_some(&fixture);
    for (uint32_t i = 0; i < READERS; i++) {
        readers[i] = (struct reader){ .graph = fixture.graph, .number = i * 5 };
        pthread_create(&readers[i].thread, NULL, read_on, &readers[i]);
    }
    for (int i = 0; i < ROUNDS; i++)
        transact_some(&fixture);
    for (uint32_t i = 0; i < READERS; i++)
        pthread_join(readers[i].thread, NULL);
    tx_fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_commits),
        cmocka_unit_test(test_readers_beside_the_writer),
    };
    return cmocka_run_group_tests_name("extents", tests, NULL, NULL);
}
