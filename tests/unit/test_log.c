/* The log: records come back as they went in, in ranges, by size and by tx_id. */
#include "tests/unit/db_test.h"

#include "proto/mp.h"
#include "txd/db/log.h"

#define RECORDS 20

/* A record whose message is an array of t strings; even ones have a tx_id. */
struct made {
    struct log_record record;
    struct buffer message, tempids;
};

static struct uuid id_of(uint32_t t)
{
    struct uuid id = { 0 };

    store_u32be(id.octets, t);
    return id;
}

static void make(struct made *made, uint32_t t)
{
    *made = (struct made){ 0 };
    mp_write_array(&made->message, t);
    for (uint32_t i = 0; i < t; i++)
        mp_write_string(&made->message, BYTES("message"));
    mp_write_map(&made->tempids, 1);
    mp_write_string(&made->tempids, BYTES("-1"));
    mp_write_long(&made->tempids, t);
    made->record = (struct log_record){
        .t = t,
        .has_tx_id = t % 2 == 0,
        .tx_id = id_of(t),
        .checksum = UINT64_MAX - t,
        .next_e = 1000 + t,
        .next_a = 64 + t,
        .datoms = (uint64_t)1 << 40 | t,
        .tempids = buffer_bytes(&made->tempids),
        .message = buffer_bytes(&made->message),
    };
}

static void made_release(struct made *made)
{
    buffer_release(&made->message);
    buffer_release(&made->tempids);
}

static void append(struct store *store, uint32_t t)
{
    struct store_batch *batch = store_batch_new();
    struct made made;
    struct error err;

    make(&made, t);
    log_append(batch, &made.record);
    assert_ok(store_write(store, batch, &err));
    store_batch_free(batch);
    made_release(&made);
}

static void check(const struct log_record *got)
{
    struct made made;

    make(&made, got->t);
    assert_int_equal(got->has_tx_id, made.record.has_tx_id);
    assert_true(!got->has_tx_id || uuid_equal(&got->tx_id, &made.record.tx_id));
    assert_true(got->checksum == made.record.checksum);
    assert_int_equal(got->next_e, made.record.next_e);
    assert_int_equal(got->next_a, made.record.next_a);
    assert_true(got->datoms == made.record.datoms);
    assert_true(bytes_equal(got->tempids, made.record.tempids));
    assert_true(bytes_equal(got->message, made.record.message));
    made_release(&made);
}

static void open_log(struct db_test *test)
{
    db_test_open(test);
    for (uint32_t t = 1; t <= RECORDS; t++)
        append(test->store, t);
}

static void test_read(void **state)
{
    struct db_test test;
    struct arena arena = { 0 };
    struct log_record record;
    struct error err;
    bool found;
    uint32_t last;

    (void)state;
    db_test_open(&test);
    assert_ok(log_last(test.store, &last, &err));
    assert_int_equal(last, 0);
    db_test_close(&test);
    open_log(&test);
    for (uint32_t t = 1; t <= RECORDS; t++) {
        assert_ok(log_read(test.store, NULL, t, &arena, &record, &found, &err));
        assert_true(found);
        check(&record);
    }
    assert_ok(log_read(test.store, NULL, RECORDS + 1, &arena, &record, &found, &err));
    assert_false(found);
    assert_ok(log_last(test.store, &last, &err));
    assert_int_equal(last, RECORDS);
    arena_release(&arena);
    db_test_close(&test);
}

static void test_range(void **state)
{
    static const struct {
        uint32_t t, t_last;
        size_t bytes_max;
        uint32_t count_max, first, count;
    } examples[] = {
        { 1, RECORDS, SIZE_MAX, 100, 1, RECORDS },
        { 5, 9, SIZE_MAX, 100, 5, 5 },
        { 5, RECORDS, SIZE_MAX, 3, 5, 3 },
        { 5, RECORDS, 1, 100, 5, 1 },
        { 5, RECORDS, 8 * 5 + 2, 100, 5, 2 },
        { 9, 8, SIZE_MAX, 100, 9, 0 },
        { RECORDS + 1, UINT32_MAX - 1, 1, 100, 1, 0 },
    };
    struct log_record records[100];
    struct db_test test;
    struct arena arena = { 0 };
    struct error err;

    (void)state;
    open_log(&test);
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        uint32_t count;
        assert_ok(log_read_range(test.store, NULL, examples[i].t, examples[i].t_last,
                                 examples[i].bytes_max, examples[i].count_max, &arena, records,
                                 &count, &err));
        if (count != examples[i].count)
            fail_msg("example %zu: %u records", i, count);
        for (uint32_t j = 0; j < count; j++) {
            assert_int_equal(records[j].t, examples[i].first + j);
            check(&records[j]);
        }
    }
    arena_release(&arena);
    db_test_close(&test);
}

static void test_hole(void **state)
{
    struct log_record records[10];
    struct db_test test;
    struct arena arena = { 0 };
    struct error err;
    uint32_t count;

    (void)state;
    db_test_open(&test);
    append(test.store, 5);
    append(test.store, 6);
    append(test.store, 8);
    assert_fails(
        log_read_range(test.store, NULL, 1, 8, SIZE_MAX, 10, &arena, records, &count, &err),
        ERROR_NOT_FOUND, "no record of t 1, but one of t 5");
    assert_fails(
        log_read_range(test.store, NULL, 5, 8, SIZE_MAX, 10, &arena, records, &count, &err),
        ERROR_FAULT, "no record of t 7");
    arena_release(&arena);
    db_test_close(&test);
}

static void test_size(void **state)
{
    struct db_test test;
    struct error err;
    size_t all, part;

    (void)state;
    open_log(&test);
    assert_ok(log_size(test.store, NULL, 0, 3, SIZE_MAX, &part, &err));
    assert_int_equal(part, 3 * 1 + 8 * (1 + 2 + 3));
    assert_ok(log_size(test.store, NULL, 3, 3, SIZE_MAX, &part, &err));
    assert_int_equal(part, 0);
    assert_ok(log_size(test.store, NULL, 0, RECORDS, SIZE_MAX, &all, &err));
    assert_ok(log_size(test.store, NULL, 0, RECORDS, 50, &part, &err));
    assert_true(part > 50 && part < all);
    db_test_close(&test);
}

static void test_find(void **state)
{
    struct db_test test;
    struct error err;
    bool found;
    uint32_t t = 0;

    (void)state;
    open_log(&test);
    for (uint32_t i = 1; i <= RECORDS; i++) {
        struct uuid id = id_of(i);
        assert_ok(log_find(test.store, &id, &found, &t, &err));
        assert_int_equal(found, i % 2 == 0);
        assert_true(!found || t == i);
    }
    db_test_close(&test);
}

static void test_broken_record(void **state)
{
    static const char *const records[] = { "", "\x97", "\x97\xc0\xc0\xc0\xc0\xc0\xc0\xc0",
                                           "\x97\xc0\x01\x01\x01\x01\x80\x90\x90" };
    struct db_test test;
    struct arena arena = { 0 };
    struct log_record record;
    struct error err;
    bool found;

    (void)state;
    db_test_open(&test);
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        struct store_batch *batch = store_batch_new();
        store_batch_put(batch, (struct bytes){ "L\0\0\0\1", 5 }, bytes_of(records[i]));
        assert_ok(store_write(test.store, batch, &err));
        store_batch_free(batch);
        assert_fails(log_read(test.store, NULL, 1, &arena, &record, &found, &err), ERROR_FAULT,
                     "the log record of t 1 is broken");
    }
    arena_release(&arena);
    db_test_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read), cmocka_unit_test(test_range),
        cmocka_unit_test(test_hole), cmocka_unit_test(test_size),
        cmocka_unit_test(test_find), cmocka_unit_test(test_broken_record),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
