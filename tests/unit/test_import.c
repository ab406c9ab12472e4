/*
 * Imports: what is refused, what is kept, and that a graph comes out as it went in. The real graph
 * is read when it is there (STOA_SHARED, or `shared` next to the source).
 */
#include "tests/unit/db_test.h"

#include "common/clock.h"
#include "proto/mp.h"
#include "txd/db/import.h"
#include "txd/db/page.h"

#define TEXT_MAX 4096

static const struct catalog_options options = { .cache_bytes = CACHE_BYTES,
                                                .write_buffer_bytes = WRITE_BUFFER_BYTES,
                                                .open_max = 10 };

struct import_test {
    struct db_test test; /* only its folder */
    struct catalog *catalog;
    struct arena arena;
};

static void import_test_open(struct import_test *test)
{
    struct error err;

    *test = (struct import_test){ 0 };
    db_test_dir(&test->test);
    assert_ok(catalog_open(test->test.dir, &options, &test->catalog, &err));
}

static void import_test_close(struct import_test *test)
{
    struct error err;

    catalog_close(test->catalog);
    arena_release(&test->arena);
    assert_ok(folder_remove(test->test.dir, &err));
}

/* Feeds the text in pieces. */
static bool import_text(struct import_test *test, struct bytes text, size_t piece, uint64_t *datoms,
                        uint32_t *t, struct error *err)
{
    struct import *import;
    bool ok = import_open(test->catalog, BYTES("g"), &import, err);

    if (!ok)
        return false;
    while (ok && text.len) {
        size_t len = text.len < piece ? text.len : piece;
        ok = import_feed(import, (struct bytes){ text.data, len }, err);
        text = (struct bytes){ text.data + len, text.len - len };
    }
    ok = ok && import_finish(import, datoms, t, err);
    import_close(import);
    return ok;
}

/* All datoms of the graph, as pages give them. */
static struct value read_all(const struct snapshot *snapshot, struct arena *arena)
{
    struct db db = snapshot_db(snapshot);
    struct page_request request = { .bytes_max = 100000,
                                    .tx_entities = true,
                                    .base = graph_base(snapshot->graph) };
    struct value_builder datoms = { 0 };
    struct buffer page = { 0 };
    struct error err;
    uint32_t count;

    do {
        buffer_clear(&page);
        assert_ok(page_read(&db, &request, arena, &page, &count, &request.after, &err));
        struct bytes rest = arena_copy(arena, buffer_bytes(&page));
        while (rest.len) {
            struct value datom;
            size_t len;
            assert_ok(mp_skip(rest, &len, &err));
            assert_ok(mp_read((struct bytes){ rest.data, len }, arena, &datom, &err));
            value_builder_add(&datoms, arena, datom);
            rest = (struct bytes){ rest.data + len, rest.len - len };
        }
    } while (request.after.len);
    buffer_release(&page);
    return value_builder_end(&datoms, VALUE_VECTOR);
}

/* As EDN, one datom a line. */
static void dump(const struct value *datoms, struct buffer *out)
{
    for (uint32_t i = 0; i < datoms->count; i++) {
        edn_write(out, &datoms->items[i]);
        buffer_append_u8(out, '\n');
    }
    buffer_append_u8(out, 0);
}

static const struct {
    const char *text;
    const char *datoms; /* as dumped */
    const char *schema; /* as clients are told */
    uint32_t base, next_e;
} good[] = {
    { "#datascript/DB {:schema {}, :datoms []}", "", "{}", 0, 1 },
    { "{:schema nil :datoms [[1 :a 1] (2 :a \"x\" 536870913 true)] :max-tx 7}",
      "[1 :a 1 536870912]\n[2 :a \"x\" 536870913]\n", "{}", 1, 3 },
    { "{:datoms [[1 :a 1 536870920]]}", "[1 :a 1 536870920]\n", "{}", 8, 2 },
    { "{:schema {:r {:db/valueType :db.type/ref}} :datoms [[5 :r 9 536870913]]}",
      "[5 :r 9 536870913]\n", "{:r {:db/valueType :db.type/ref}}", 1, 10 },
    { "{:schema {:r {:db/type :db.type/ref} :s {:db/type :db.type/string}} :datoms [[5 :r 9] [5 :s "
      "1]]}",
      "[5 :r 9 536870912]\n[5 :s 1 536870912]\n", "{:r {:db/valueType :db.type/ref}}", 0, 10 },
    { "{:schema {:r {:db/type :db.type/ref :db/valueType :db.type/ref}} :datoms []}", "",
      "{:r {:db/valueType :db.type/ref}}", 0, 1 },
    { "{:schema {:s {:db/cardinality :db.cardinality/many :db/fulltext true}}"
      " :datoms [[1 :s 1] [1 :s 2] [1 :s 1] [1 :s 1.0]]}",
      "[1 :s 1 536870912]\n[1 :s 1.0 536870912]\n[1 :s 2 536870912]\n",
      "{:s {:db/cardinality :db.cardinality/many}}", 0, 2 },
    { "{:schema {:a+b {:db/tupleAttrs [:a :b]} :a {:db/index true}}"
      " :datoms [[1 :a 1] [1 :a+b [1 nil]]]}",
      "[1 :a 1 536870912]\n[1 :a+b [1 nil] 536870912]\n",
      "{:a {:db/index true} :a+b {:db/tupleAttrs [:a :b]}}", 0, 2 },
    { "{:schema {\"name\" {\":db/unique\" \":db.unique/identity\"}} :datoms [[1 \"name\" 1]]}",
      "[1 :name 1 536870912]\n", "{:name {:db/unique :db.unique/identity}}", 0, 2 },
    { "{:datoms [[3 :m {:b 1.0 :a #{2}}] [536870915 :note \"x\" 536870913]]}",
      "[3 :m {:a #{2} :b 1.0} 536870912]\n[536870915 :note \"x\" 536870913]\n", "{}", 3, 4 },
    { "{:datoms [[1 :db/ident :plato]]}", "[1 :db/ident :plato 536870912]\n", "{}", 0, 2 },
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct import_test test;
        struct graph *graph;
        struct error err;
        struct buffer said = { 0 }, schema = { 0 };
        uint64_t datoms;
        uint32_t t;
        import_test_open(&test);
        if (!import_text(&test, bytes_of(good[i].text), 1 + i, &datoms, &t, &err))
            fail_msg("%s: %s", good[i].text, err.message);
        assert_int_equal(t, good[i].base);
        assert_ok(catalog_get(test.catalog, BYTES("g"), &graph, &err));
        assert_int_equal(graph_base(graph), good[i].base);
        assert_int_equal(graph_head(graph)->t, good[i].base);
        assert_int_equal(graph_head(graph)->next_e, good[i].next_e);
        assert_int_equal(graph_flexibility(graph), FLEXIBILITY_READ);
        struct snapshot *snapshot = graph_snapshot(graph);
        struct value all = read_all(snapshot, &test.arena);
        dump(&all, &said);
        assert_string_equal(said.data, good[i].datoms);
        struct value client = schema_for_clients(snapshot->schema, &test.arena);
        edn_write(&schema, &client);
        buffer_append_u8(&schema, 0);
        assert_string_equal(schema.data, good[i].schema);
        snapshot_release(snapshot);
        graph_release(graph);
        buffer_release(&said);
        buffer_release(&schema);
        import_test_close(&test);
    }
}

static const struct {
    const char *text;
    enum error_kind kind;
    const char *error;
} bad[] = {
    { "", ERROR_INCORRECT, "" },
    { "[1]", ERROR_INCORRECT, "begins with a vector" },
    { "{:a 1}", ERROR_INCORRECT, "the text holds no #datascript/DB" },
    { "{:schema {} :datoms []} 1", ERROR_INCORRECT, "behind the #datascript/DB: 1" },
    { "{:schema {} :datoms [", ERROR_INCORRECT, "" },
    { "{:schema [] :datoms []}", ERROR_INCORRECT, ":schema is [], not a map" },
    { "{:datoms [] :schema {}}", ERROR_INCORRECT, ":schema stands behind :datoms" },
    { "{:schema {:a 1} :datoms []}", ERROR_INCORRECT, "attribute :a has 1, not a map" },
    { "{:schema {1 {}} :datoms []}", ERROR_INCORRECT, "1 is no attribute" },
    { "{:schema {:a {:db/valueType :db.type/x}}}", ERROR_INCORRECT, "attribute :a: a type is" },
    { "{:datoms {}}", ERROR_INCORRECT, ":datoms is a map" },
    { "{:datoms [1]}", ERROR_INCORRECT, "datom 1 1: a datom is" },
    { "{:datoms [[1 :a]]}", ERROR_INCORRECT, "datom 1 [1 :a]: a datom is" },
    { "{:datoms [[1 :a 1] [0 :a 1]]}", ERROR_INCORRECT, "datom 2 [0 :a 1]: its entity is no id" },
    { "{:datoms [[536805376 :a 1]]}", ERROR_INCORRECT, "which only attributes have" },
    { "{:datoms [[2147483648 :a 1]]}", ERROR_INCORRECT, "its entity is no id" },
    { "{:datoms [[1 2 1]]}", ERROR_INCORRECT, "its attribute is no keyword" },
    { "{:datoms [[1 :a nil]]}", ERROR_INCORRECT, "datom 1: attribute :a cannot hold nil" },
    { "{:datoms [[1 :a 1 17]]}", ERROR_INCORRECT, "its transaction is no id within" },
    { "{:datoms [[1 :a 1 536870913 false]]}", ERROR_INCORRECT, "only assertions" },
    { "{:schema {:r {:db/valueType :db.type/ref}} :datoms [[1 :r \"x\"]]}", ERROR_INCORRECT,
      "datom 1: attribute :r cannot hold \"x\"" },
    { "{:datoms [[1 :a 1] [1 :a 2 536870913]]}", ERROR_CONFLICT,
      "cardinality one has two values: [1 :a 1 536870912] and [1 :a 2 536870913]" },
    { "{:schema {:u {:db/unique :db.unique/value}} :datoms [[1 :u \"x\"] [2 :u \"x\"]]}",
      ERROR_CONFLICT, "held twice: [1 :u \"x\" 536870912] and [2 :u \"x\" 536870912]" },
};

/* How many folders there are in DIR/tmp. */
static bool tmp_is_empty(const struct import_test *test)
{
    char path[128];
    bool empty = true;

    for (int i = 0; i < 10; i++) {
        snprintf(path, sizeof(path), "%s/tmp/%d", test->test.dir, i);
        empty = empty && !folder_exists(path);
    }
    return empty;
}

static void test_bad(void **state)
{
    struct import_test test;
    struct error err;
    uint64_t datoms;
    uint32_t t;

    (void)state;
    import_test_open(&test);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (import_text(&test, bytes_of(bad[i].text), 7, &datoms, &t, &err))
            fail_msg("%s: expected to fail", bad[i].text);
        if (err.kind != bad[i].kind || !strstr(err.message, bad[i].error))
            fail_msg("%s: %s: %s", bad[i].text, error_code(err.kind), err.message);
        assert_false(catalog_exists(test.catalog, BYTES("g")));
        assert_true(tmp_is_empty(&test));
    }
    struct import *import;
    assert_fails(import_open(test.catalog, BYTES("main"), &import, &err), ERROR_CONFLICT,
                 "a graph \"main\" already");
    assert_fails(import_open(test.catalog, BYTES("No"), &import, &err), ERROR_INCORRECT, "\"No\"");
    import_test_close(&test);
}

/* Two imports to one name: the second to finish is refused. */
static void test_race(void **state)
{
    struct import_test test;
    struct import *imports[2];
    struct error err;
    uint64_t datoms;
    uint32_t t;

    (void)state;
    import_test_open(&test);
    for (int i = 0; i < 2; i++) {
        assert_ok(import_open(test.catalog, BYTES("g"), &imports[i], &err));
        assert_ok(import_feed(imports[i], BYTES("{:datoms [[1 :a 1]]}"), &err));
    }
    assert_ok(import_finish(imports[0], &datoms, &t, &err));
    assert_fails(import_finish(imports[1], &datoms, &t, &err), ERROR_CONFLICT,
                 "a graph \"g\" already");
    import_close(imports[0]);
    import_close(imports[1]);
    assert_true(tmp_is_empty(&test));
    import_test_close(&test);
}

/* --- the real graph --- */

static bool read_real(struct buffer *text)
{
    const char *shared = getenv("STOA_SHARED"), *source = getenv("STOA_SOURCE");
    char path[512];

    if (shared)
        snprintf(path, sizeof(path), "%s/data/roam-help.edn", shared);
    else
        snprintf(path, sizeof(path), "%s/../shared/data/roam-help.edn", source ? source : ".");
    return test_read_file(path, text);
}

static int compare_bytes(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* The canonical encodings, sorted: maps and sets may come back in another order. */
static struct bytes *canonical(const struct value *datoms, struct arena *arena)
{
    struct bytes *encoded = ARENA_ARRAY(arena, struct bytes, datoms->count + 1);
    struct buffer scratch = { 0 };

    for (uint32_t i = 0; i < datoms->count; i++) {
        buffer_clear(&scratch);
        mp_write_canonical(&scratch, &datoms->items[i]);
        encoded[i] = arena_copy(arena, buffer_bytes(&scratch));
    }
    buffer_release(&scratch);
    qsort(encoded, datoms->count, sizeof(*encoded), compare_bytes);
    return encoded;
}

static void check_same(const struct value *got, const struct value *want, struct arena *arena)
{
    struct bytes *left = canonical(got, arena), *right = canonical(want, arena);

    assert_int_equal(got->count, want->count);
    for (uint32_t i = 0; i < got->count; i++)
        assert_true(bytes_equal(left[i], right[i]));
}

static void test_real(void **state)
{
    struct import_test test;
    struct graph *graph;
    struct buffer text = { 0 };
    struct value db;
    struct error err;
    uint64_t datoms;
    uint32_t t;

    (void)state;
    if (!read_real(&text)) {
        printf("skipped: the real graph is not there\n");
        skip();
    }
    import_test_open(&test);
    int64_t start_us = clock_monotonic_us();
    assert_ok(import_text(&test, buffer_bytes(&text), 65536, &datoms, &t, &err));
    printf("imported %llu datoms in %lld ms\n", (unsigned long long)datoms,
           (long long)(clock_monotonic_us() - start_us) / 1000);
    assert_int_equal(datoms, 74832);
    assert_ok(catalog_get(test.catalog, BYTES("g"), &graph, &err));
    struct snapshot *snapshot = graph_snapshot(graph);
    assert_int_equal(snapshot->datoms, 74832);
    assert_ok(edn_read(buffer_bytes(&text), &test.arena, &db, &err));
    struct value all = read_all(snapshot, &test.arena);
    check_same(&all, value_get(&db, "datoms"), &test.arena);
    const struct value *schema = value_get(&db, "schema");
    struct value client = schema_for_clients(snapshot->schema, &test.arena);
    assert_true(value_equal(schema, &client));
    snapshot_release(snapshot);
    graph_release(graph);
    buffer_release(&text);
    import_test_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_race),
        cmocka_unit_test(test_real),
    };
    return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
