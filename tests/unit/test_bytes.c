#include "tests/unit/test.h"

#include "common/bytes.h"

static const struct order {
    struct bytes a, b;
    int expected;
} orders[] = {
    { { "", 0 }, { "", 0 }, 0 },          { { NULL, 0 }, { "", 0 }, 0 },
    { { "", 0 }, { "a", 1 }, -1 },        { { "a", 1 }, { "b", 1 }, -1 },
    { { "a", 1 }, { "ab", 2 }, -1 },      { { "b", 1 }, { "ab", 2 }, 1 },
    { { "a", 1 }, { "\xff", 1 }, -1 },    { { "\x7f", 1 }, { "\x80", 1 }, -1 },
    { { "a\0b", 3 }, { "a\0c", 3 }, -1 }, { { "a\0", 2 }, { "a", 1 }, 1 },
};

static void test_compare(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        int there = bytes_compare(orders[i].a, orders[i].b);
        int back = bytes_compare(orders[i].b, orders[i].a);
        assert_int_equal((there > 0) - (there < 0), orders[i].expected);
        assert_int_equal((back > 0) - (back < 0), -orders[i].expected);
        assert_int_equal(bytes_equal(orders[i].a, orders[i].b), orders[i].expected == 0);
        if (orders[i].expected == 0)
            assert_true(bytes_hash(orders[i].a) == bytes_hash(orders[i].b));
    }
}

static void test_starts_with(void **state)
{
    (void)state;
    assert_true(bytes_starts_with(BYTES("abc"), BYTES("ab")));
    assert_true(bytes_starts_with(BYTES("abc"), BYTES("")));
    assert_true(bytes_starts_with(BYTES(""), BYTES("")));
    assert_false(bytes_starts_with(BYTES("ab"), BYTES("abc")));
    assert_false(bytes_starts_with(BYTES("abc"), BYTES("b")));
}

/* Where the first bad sequence is; -1: nowhere. Unicode 15, table 3-7. */
static const struct utf8 {
    const char *text;
    int bad_at;
} utf8s[] = {
    { "", -1 },
    { "ascii of more than eight bytes", -1 },
    { "\x7f", -1 },
    { "\xc2\x80", -1 },
    { "\xdf\xbf", -1 },
    { "\xe0\xa0\x80", -1 },
    { "\xed\x9f\xbf", -1 },
    { "\xee\x80\x80", -1 },
    { "\xef\xbf\xbf", -1 },
    { "\xf0\x90\x80\x80", -1 },
    { "\xf4\x8f\xbf\xbf", -1 },
    { "12345678\xc3\xa9"
      "12345678\xf0\x9f\x98\x80",
      -1 },
    { "\x80", 0 },
    { "\xbf", 0 },
    { "\xc0\x80", 0 },
    { "\xc1\xbf", 0 },
    { "\xc2", 0 },
    { "\xc2"
      "a",
      0 },
    { "\xe0\x9f\xbf", 0 },
    { "\xe1\x80", 0 },
    { "\xed\xa0\x80", 0 },
    { "\xed\xbf\xbf", 0 },
    { "\xf0\x8f\xbf\xbf", 0 },
    { "\xf0\x9f\x98", 0 },
    { "\xf4\x90\x80\x80", 0 },
    { "\xf5\x80\x80\x80", 0 },
    { "\xff", 0 },
    { "12345678\xff", 8 },
    { "1234567\xff", 7 },
    { "\xc3\xa9\xc3", 2 },
    { "abc\xe2\x82", 3 },
};

static void test_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(utf8s); i++) {
        size_t offset = 99;
        bool valid = bytes_utf8_valid(bytes_of(utf8s[i].text), &offset);
        if (valid != (utf8s[i].bad_at < 0) || (!valid && offset != (size_t)utf8s[i].bad_at))
            fail_msg("example %zu: %d, offset %zu", i, valid, offset);
    }
}

static void test_big_endian(void **state)
{
    (void)state;
    uint8_t bytes[8];

    store_u64be(bytes, 0x0123456789abcdef);
    assert_memory_equal(bytes, "\x01\x23\x45\x67\x89\xab\xcd\xef", 8);
    assert_true(load_u64be(bytes) == 0x0123456789abcdef);
    assert_int_equal(load_u32be(bytes), 0x01234567);
    assert_int_equal(load_u32be(bytes + 4), 0x89abcdef);
    assert_int_equal(load_u16be(bytes + 6), 0xcdef);
    store_u16be(bytes, 0xfffe);
    assert_int_equal(load_u16be(bytes), 0xfffe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_starts_with),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_big_endian),
    };
    return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
