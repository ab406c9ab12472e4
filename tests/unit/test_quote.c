#include "tests/unit/test.h"

#include "proto/quote.h"

static void test_write(void **state)
{
    (void)state;
    static const struct {
        struct bytes text;
        const char *quoted;
    } examples[] = {
        { { "", 0 }, "\"\"" },
        { { "plain", 5 }, "\"plain\"" },
        { { "\"\\\n\r\t", 5 }, "\"\\\"\\\\\\n\\r\\t\"" },
        { { "\0\x1f\x7f/", 4 }, "\"\\u0000\\u001f\x7f/\"" },
        { { "a\"b", 3 }, "\"a\\\"b\"" },
        { { "\xc3\xa9\xf0\x9f\x98\x80", 6 }, "\"\xc3\xa9\xf0\x9f\x98\x80\"" },
    };
    struct buffer out = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        buffer_clear(&out);
        quote_write(&out, examples[i].text);
        if (!bytes_equal(buffer_bytes(&out), bytes_of(examples[i].quoted)))
            fail_msg("%s: %.*s", examples[i].quoted, BYTES_ARG(buffer_bytes(&out)));
    }
    buffer_release(&out);
}

/* From behind the opening quote; `end` is where reading stops, or where it went wrong. */
static const struct reading {
    const char *text;
    bool raw, ok;
    struct bytes value;
    size_t end;
} readings[] = {
    { "\"", false, true, { "", 0 }, 1 },
    { "abc\" rest", false, true, { "abc", 3 }, 4 },
    { "\\\"\\\\\\/\\n\\r\\t\\b\\f\"", false, true, { "\"\\/\n\r\t\b\f", 8 }, 17 },
    { "a\\u0041b\"", false, true, { "aAb", 3 }, 9 },
    { "\\u0000\"", false, true, { "\0", 1 }, 7 },
    { "\\u00E9\\u20ac\"", false, true, { "\xc3\xa9\xe2\x82\xac", 5 }, 13 },
    { "\\uD83d\\uDe00\"", false, true, { "\xf0\x9f\x98\x80", 4 }, 13 },
    { "\\udbff\\udfff\"", false, true, { "\xf4\x8f\xbf\xbf", 4 }, 13 },
    { "a\nb\"", true, true, { "a\nb", 3 }, 4 },
    { "a\nb\"", false, false, { "", 0 }, 1 },
    { "", false, false, { "", 0 }, 0 },
    { "abc", false, false, { "", 0 }, 3 },
    { "abc\\", false, false, { "", 0 }, 4 },
    { "abc\\\"", false, false, { "", 0 }, 5 },
    { "a\\x41\"", false, false, { "", 0 }, 1 },
    { "a\\u123\"", false, false, { "", 0 }, 1 },
    { "a\\u123", false, false, { "", 0 }, 1 },
    { "\\ud83d\"", false, false, { "", 0 }, 0 },
    { "\\ud83d\\n\"", false, false, { "", 0 }, 0 },
    { "\\ud83d\\ud83d\"", false, false, { "", 0 }, 0 },
    { "\\ude00\\ude00\"", false, false, { "", 0 }, 0 },
    { "x\\ude00\"", false, false, { "", 0 }, 1 },
};

static void test_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(readings); i++) {
        char text[64];
        size_t len = strlen(readings[i].text);
        memcpy(text, readings[i].text, len);
        char *at = text;
        struct bytes value = { "", 0 };
        const char *fault = NULL;
        bool ok = quote_read(&at, text + len, readings[i].raw, &value, &fault);
        if (ok != readings[i].ok || (size_t)(at - text) != readings[i].end ||
            !bytes_equal(value, readings[i].value) || ok != !fault)
            fail_msg("%s: %d at %zu: %.*s", readings[i].text, ok, (size_t)(at - text),
                     BYTES_ARG(value));
    }
}

/* Every code point that is no surrogate, as \u and as itself. */
static void test_utf8(void **state)
{
    (void)state;
    char text[4];
    size_t offset;

    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        if (code >= 0xd800 && code <= 0xdfff)
            continue;
        size_t len = (size_t)(quote_utf8(text, code) - text);
        assert_int_equal(len, code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
        assert_true(bytes_utf8_valid((struct bytes){ text, len }, &offset));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests_name("quote", tests, NULL, NULL);
}
