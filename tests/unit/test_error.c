#include "tests/unit/test.h"

#include "common/error.h"

static void test_fail(void **state)
{
    (void)state;
    struct error err;

    assert_false(fail(&err, ERROR_CONFLICT, "%s is taken by %d", ":a", 5));
    assert_int_equal(err.kind, ERROR_CONFLICT);
    assert_string_equal(err.message, ":a is taken by 5");
    assert_false(fail_in(&err, "form %d", 3));
    assert_int_equal(err.kind, ERROR_CONFLICT);
    assert_string_equal(err.message, "form 3: :a is taken by 5");
}

/* A message goes on the wire: whatever is quoted in it and wherever it is cut, it is UTF-8. */
static void test_messages_are_utf8(void **state)
{
    (void)state;
    struct error err;
    size_t offset;
    struct buffer text = { 0 };

    fail(&err, ERROR_INCORRECT, "bad \xff\xfe and \xc3");
    assert_string_equal(err.message, "bad ?? and ?");
    for (int shift = 0; shift < 4; shift++) {
        buffer_clear(&text);
        for (int i = 0; i < shift; i++)
            buffer_append_u8(&text, 'x');
        for (int i = 0; i < 1000; i++)
            buffer_append(&text, "\xf0\x9f\x98\x80", 4);
        buffer_append_u8(&text, '\0');
        fail(&err, ERROR_INCORRECT, "%s", text.data);
        assert_true(bytes_utf8_valid(bytes_of(err.message), &offset));
        fail_in(&err, "%s", text.data);
        assert_true(bytes_utf8_valid(bytes_of(err.message), &offset));
        assert_true(strlen(err.message) < ERROR_MESSAGE_BYTES_MAX);
    }
    buffer_release(&text);
}

static void test_codes(void **state)
{
    (void)state;
    static const char *const codes[ERROR_KINDS] = {
        "incorrect", "forbidden",   "unsupported", "not-found", "conflict",
        "busy",      "interrupted", "unavailable", "fault",
    };

    for (int kind = 0; kind < ERROR_KINDS; kind++) {
        assert_string_equal(error_code((enum error_kind)kind), codes[kind]);
        assert_int_equal(error_kind_of(bytes_of(codes[kind])), kind);
    }
    assert_int_equal(error_kind_of(BYTES("nonsense")), ERROR_FAULT);
    assert_int_equal(error_kind_of(BYTES("")), ERROR_FAULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail),
        cmocka_unit_test(test_messages_are_utf8),
        cmocka_unit_test(test_codes),
    };
    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
