#include "tests/unit/test.h"

#include "proto/base64.h"

static struct arena arena;

/* RFC 4648, section 10, and all digits. */
static const struct pair {
    struct bytes bytes;
    const char *text;
} pairs[] = {
    { { "", 0 }, "" },
    { { "f", 1 }, "Zg==" },
    { { "fo", 2 }, "Zm8=" },
    { { "foo", 3 }, "Zm9v" },
    { { "foob", 4 }, "Zm9vYg==" },
    { { "fooba", 5 }, "Zm9vYmE=" },
    { { "foobar", 6 }, "Zm9vYmFy" },
    { { "\0\0\0", 3 }, "AAAA" },
    { { "\xff\xff\xff", 3 }, "////" },
    { { "\xfb\xef\xbe", 3 }, "++++" },
};

static void test_both_ways(void **state)
{
    (void)state;
    struct buffer text = { 0 };
    struct bytes bytes;

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        buffer_clear(&text);
        base64_write(&text, pairs[i].bytes);
        assert_true(bytes_equal(buffer_bytes(&text), bytes_of(pairs[i].text)));
        assert_true(base64_read(buffer_bytes(&text), &arena, &bytes));
        assert_true(bytes_equal(bytes, pairs[i].bytes));
    }
    buffer_release(&text);
    arena_release(&arena);
}

static void test_every_byte(void **state)
{
    (void)state;
    char all[256];
    struct buffer text = { 0 };
    struct bytes bytes;

    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (char)i;
    for (size_t len = 0; len <= sizeof(all); len++) {
        buffer_clear(&text);
        base64_write(&text, (struct bytes){ all, len });
        assert_true(base64_read(buffer_bytes(&text), &arena, &bytes));
        assert_true(bytes_equal(bytes, (struct bytes){ all, len }));
    }
    buffer_release(&text);
    arena_release(&arena);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "A",    "AA",   "AAA",  "AAAAA", "A===", "====",     "=AAA",  "AA=A",
        "AB==", "AAB=", "AA A", "AA\nA", "AA-_", "AA==AAAA", "AAAA=", "\xc3\xa9\xc3\xa9",
    };
    struct bytes bytes;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (base64_read(bytes_of(texts[i]), &arena, &bytes))
            fail_msg("\"%s\" was read", texts[i]);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
