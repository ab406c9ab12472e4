#include "tests/unit/test.h"

#include "common/buffer.h"

static void test_append(void **state)
{
    (void)state;
    struct buffer buffer = { 0 };
    static const char expected[] = "abc\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
                                   "n=-5";

    buffer_append(&buffer, NULL, 0);
    assert_int_equal(buffer.len, 0);
    buffer_append(&buffer, "ab", 2);
    buffer_append_bytes(&buffer, BYTES("c"));
    buffer_append_u8(&buffer, 1);
    buffer_append_u16be(&buffer, 0x0203);
    buffer_append_u32be(&buffer, 0x04050607);
    buffer_append_u64be(&buffer, 0x08090a0b0c0d0e0f);
    buffer_printf(&buffer, "n=%d", -5);
    assert_true(bytes_equal(buffer_bytes(&buffer), bytes_of(expected)));
    buffer_release(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.cap, 0);
}

static void test_growth_keeps_what_is_there(void **state)
{
    (void)state;
    struct buffer buffer = { 0 };

    for (uint32_t i = 0; i < 100000; i++)
        buffer_append_u32be(&buffer, i);
    assert_int_equal(buffer.len, 400000);
    for (uint32_t i = 0; i < 100000; i++)
        assert_int_equal(load_u32be((const uint8_t *)buffer.data + 4 * (size_t)i), i);
    buffer_release(&buffer);
}

static void test_reserve_and_clear(void **state)
{
    (void)state;
    struct buffer buffer = { 0 };

    assert_non_null(buffer_reserve(&buffer, 0));
    char *room = buffer_reserve(&buffer, 1000);
    assert_int_equal(buffer.len, 0);
    assert_true(buffer.cap >= 1000);
    memset(room, 'x', 1000);
    buffer.len += 1000;
    assert_ptr_equal(buffer_reserve(&buffer, 0), buffer.data + 1000);
    size_t cap = buffer.cap;
    buffer_clear(&buffer);
    assert_int_equal(buffer.len, 0);
    assert_int_equal(buffer.cap, cap);
    buffer_release(&buffer);
}

static void test_decimal(void **state)
{
    (void)state;
    static const int64_t numbers[] = {
        0, 1, -1, 9, 10, -10, 1234567890, INT32_MIN, INT64_MAX, INT64_MIN, INT64_MIN + 1,
    };
    struct buffer decimal = { 0 }, printed = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        buffer_append_decimal(&decimal, numbers[i]);
        buffer_printf(&printed, "%lld", (long long)numbers[i]);
        assert_true(bytes_equal(buffer_bytes(&decimal), buffer_bytes(&printed)));
    }
    buffer_release(&decimal);
    buffer_release(&printed);
}

/* What is printed may be longer than any buffer that was there. */
static void test_printf_grows(void **state)
{
    (void)state;
    struct buffer buffer = { 0 };

    buffer_printf(&buffer, "%0500d|", 7);
    buffer_printf(&buffer, "%s", "");
    assert_int_equal(buffer.len, 501);
    assert_int_equal(buffer.data[499], '7');
    assert_int_equal(buffer.data[500], '|');
    buffer_release(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_growth_keeps_what_is_there),
        cmocka_unit_test(test_reserve_and_clear),
        cmocka_unit_test(test_decimal),
        cmocka_unit_test(test_printf_grows),
    };
    return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
