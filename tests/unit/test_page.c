/* Pages: whatever their size, and whatever is written meanwhile, together they are the graph at t.
 */
#include "tests/unit/graph_test.h"

#include "txd/db/page.h"

#define TRANSACTIONS 80

struct page_test {
    struct db_test test;
    struct graph *graph;
    struct arena arena;
    struct change live[3 * TRANSACTIONS]; /* what is there */
    uint32_t live_count;
};

static void page_test_open(struct page_test *test)
{
    struct error err;
    char path[96];

    memset(test, 0, sizeof(*test));
    db_test_dir(&test->test);
    test->test.shared = store_shared_open(CACHE_BYTES, WRITE_BUFFER_BYTES);
    snprintf(path, sizeof(path), "%s/graph", test->test.dir);
    assert_ok(graph_create(test->test.shared, path, FLEXIBILITY_READ, &err));
    assert_ok(graph_open(test->test.shared, "g", path, &test->graph, &err));
}

static void page_test_close(struct page_test *test)
{
    graph_release(test->graph);
    arena_release(&test->arena);
    db_test_close(&test->test);
}

/* Texts that tie in keys among them, so that pages end inside a run; numbers that compare equal,
 * and vectors of them. */
static struct value page_value(struct page_test *test, uint32_t number)
{
    struct buffer text = { 0 };
    uint32_t kind = random_below(4), once = number * 7919 % 1000;

    if (kind >= 2) {
        uint32_t half = once / 2;
        struct value item = once % 2 ? value_double(half) : value_long(half);
        struct value vector = value_collection(VALUE_VECTOR, &item, 1);
        return kind == 2 ? item : value_copy(&test->arena, &vector);
    }
    if (kind == 1)
        for (int i = 0; i < KEY_TEXT_BYTES; i++)
            buffer_append_u8(&text, 'p');
    buffer_printf(&text, "%u", once);
    struct value v = value_string(arena_copy(&test->arena, buffer_bytes(&text)));
    buffer_release(&text);
    return v;
}

static void page_test_transact(struct page_test *test, uint32_t number)
{
    if (test->live_count && random_below(3) == 0) {
        uint32_t at = random_below(test->live_count);
        struct change change = test->live[at];
        test->live[at] = test->live[--test->live_count];
        graph_test_retract(test->graph, change.e, change.ident, change.v);
    } else {
        struct change change = { 1 + random_below(4), random_below(2) ? "a*" : "b*",
                                 page_value(test, number), true };
        test->live[test->live_count++] = change;
        graph_test_commit(test->graph, &change, 1);
    }
}

/* Everything at the basis as pages give it, each datom one encoded array. */
static void read_all(struct page_test *test, const struct db *db, size_t bytes_max, bool write,
                     struct buffer *out, uint32_t *count)
{
    struct page_request request = { .bytes_max = bytes_max };
    struct error err;
    uint32_t pages = 0, number = 500;

    *count = 0;
    do {
        uint32_t in_page;
        size_t before = out->len;
        assert_ok(page_read(db, &request, &test->arena, out, &in_page, &request.after, &err));
        assert_true(in_page > 0 || request.after.len == 0);
        assert_true(request.after.len == 0 || out->len - before >= bytes_max);
        *count += in_page;
        if (write && pages++ < 20)
            page_test_transact(test, number++);
    } while (request.after.len);
}

static void test_pages(void **state)
{
    struct page_test test;
    struct buffer whole = { 0 }, pages = { 0 };

    (void)state;
    random_begin("pages");
    page_test_open(&test);
    for (uint32_t i = 0; i < TRANSACTIONS; i++)
        page_test_transact(&test, i);
    graph_test_publish(test.graph);
    struct snapshot *snapshot = graph_snapshot(test.graph);
    uint32_t whole_count, count;
    struct db at = snapshot_db(snapshot);
    read_all(&test, &at, SIZE_MAX / 2, false, &whole, &whole_count);
    assert_int_equal(whole_count, snapshot->datoms);
    for (size_t bytes_max = 1; bytes_max < 5000; bytes_max = bytes_max * 3 / 2 + 1) {
        /* Readers come back with newer snapshots and the t that they began at. */
        struct db db = graph_writer_db(test.graph);
        db.as_of = snapshot->t;
        buffer_clear(&pages);
        read_all(&test, &db, bytes_max, false, &pages, &count);
        assert_int_equal(count, whole_count);
        assert_true(bytes_equal(buffer_bytes(&pages), buffer_bytes(&whole)));
    }
    snapshot_release(snapshot);
    buffer_release(&whole);
    buffer_release(&pages);
    page_test_close(&test);
}

/* Values that compare equal are given out each once, wherever a page ends. */
static void test_pages_of_equal(void **state)
{
    struct page_test test;
    struct buffer pages = { 0 };
    struct value one = value_long(1), one_real = value_double(1);
    struct value values[] = { one,
                              one_real,
                              value_double(2),
                              value_long(2),
                              value_collection(VALUE_VECTOR, &one_real, 1),
                              value_collection(VALUE_VECTOR, &one, 1),
                              value_collection(VALUE_SET, &one_real, 1),
                              value_collection(VALUE_SET, &one, 1) };
    uint32_t count;

    (void)state;
    page_test_open(&test);
    for (uint32_t i = 0; i < ARRAY_LEN(values); i++) {
        struct change change = { 1, "a*", values[i], true };
        graph_test_commit(test.graph, &change, 1);
    }
    struct db db = graph_writer_db(test.graph);
    for (size_t bytes_max = 1; bytes_max < 50; bytes_max += 7) {
        buffer_clear(&pages);
        read_all(&test, &db, bytes_max, false, &pages, &count);
        assert_int_equal(count, ARRAY_LEN(values));
    }
    buffer_release(&pages);
    page_test_close(&test);
}

/* Between two pages the graph goes on; the pages do not see it. */
static void test_pages_while_writing(void **state)
{
    struct page_test test;
    struct buffer whole = { 0 }, pages = { 0 };
    uint32_t whole_count, count;

    (void)state;
    random_begin("pages while writing");
    page_test_open(&test);
    for (uint32_t i = 0; i < TRANSACTIONS; i++)
        page_test_transact(&test, i);
    uint32_t t = graph_head(test.graph)->t;
    struct db db = graph_writer_db(test.graph);
    read_all(&test, &db, SIZE_MAX / 2, false, &whole, &whole_count);
    struct page_request request = { .bytes_max = 200 };
    struct error err;
    uint32_t number = 500;
    count = 0;
    do {
        uint32_t in_page;
        db = graph_writer_db(test.graph);
        db.as_of = t;
        assert_ok(page_read(&db, &request, &test.arena, &pages, &in_page, &request.after, &err));
        count += in_page;
        page_test_transact(&test, number++);
    } while (request.after.len);
    assert_int_equal(count, whole_count);
    assert_true(bytes_equal(buffer_bytes(&pages), buffer_bytes(&whole)));
    buffer_release(&whole);
    buffer_release(&pages);
    page_test_close(&test);
}

static void test_form(void **state)
{
    struct page_test test;
    struct buffer out = { 0 };
    struct value datom;
    struct error err;
    uint32_t count;

    (void)state;
    page_test_open(&test);
    graph_test_add(test.graph, 7, "name", value_double(1.0));
    struct db db = graph_writer_db(test.graph);
    read_all(&test, &db, 1000, false, &out, &count);
    assert_int_equal(count, 1);
    assert_ok(mp_read(buffer_bytes(&out), &test.arena, &datom, &err));
    assert_string_equal(edn_excerpt(&test.arena, &datom).data, "[7 :name 1.0 536870913]");
    buffer_release(&out);
    page_test_close(&test);
}

static void test_bad_token(void **state)
{
    const struct bytes tokens[] = {
        BYTES("x"), BYTES("12345678"),            /* a length beyond its end */
        BYTES("\0\0\0\1\0\100\0\1\x99"),          /* no such type */
        BYTES("\0\0\0\1\0\100\0\5\x40z\0\1\x40"), /* a value with something behind it */
    };
    struct page_test test;
    struct buffer out = { 0 };
    struct bytes next;
    struct error err;
    uint32_t count;

    (void)state;
    page_test_open(&test);
    struct db db = graph_writer_db(test.graph);
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        struct page_request request = { .after = tokens[i], .bytes_max = 1 };
        assert_fails(page_read(&db, &request, &test.arena, &out, &count, &next, &err),
                     ERROR_INCORRECT, "`after`");
    }
    buffer_release(&out);
    page_test_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_pages_of_equal),
        cmocka_unit_test(test_pages_while_writing),
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_bad_token),
    };
    return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
