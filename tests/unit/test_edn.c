/* What the vectors cannot say of EDN: excerpts, names, a limit. */
#include "tests/unit/test.h"

#include "common/limits.h"
#include "proto/edn.h"

static struct arena arena;

/* The one place where a text grows as it is read has a limit of its own. */
static void test_long_namespace(void **state)
{
    (void)state;
    struct buffer text = { 0 };
    struct value value;
    struct error err;

    buffer_printf(&text, "#:%0400d{", 0);
    for (int i = 0; i < 2 * LIMIT_VALUE_BYTES / 400; i++)
        buffer_printf(&text, ":k%d 1 ", i);
    buffer_append(&text, "}", 1);
    assert_false(edn_read(buffer_bytes(&text), &arena, &value, &err));
    assert_non_null(strstr(err.message, "EDN at byte 0: "));
    assert_true(arena.used < 3 * LIMIT_VALUE_BYTES);
    buffer_release(&text);
    arena_release(&arena);
}

static void test_excerpt(void **state)
{
    (void)state;
    struct value longs[200];
    struct buffer text = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(longs); i++)
        longs[i] = value_long((int64_t)i);
    struct value vector = value_collection(VALUE_VECTOR, longs, ARRAY_LEN(longs));
    struct bytes excerpt = edn_excerpt(&arena, &vector);
    assert_int_equal(excerpt.len, 203);
    assert_true(bytes_starts_with(excerpt, BYTES("[0 1 2 3 ")));
    assert_string_equal(excerpt.data + 200, "...");

    for (size_t i = 0; i < 1000; i++)
        buffer_append(&text, "\xf0\x9f\x98\x80", 4);
    struct value string = value_string(buffer_bytes(&text));
    size_t offset;
    excerpt = edn_excerpt(&arena, &string);
    assert_true(bytes_utf8_valid(excerpt, &offset));
    assert_true(excerpt.len <= 203);

    struct value keyword = value_keyword(BYTES("db/ident"));
    assert_string_equal(edn_excerpt(&arena, &keyword).data, ":db/ident");
    buffer_release(&text);
    arena_release(&arena);
}

static void test_name_fault(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool keyword, symbol;
    } examples[] = {
        { "a", true, true },      { "a/b", true, true },   { "1a", true, false },
        { "-1", true, false },    { "+", true, true },     { "-a", true, true },
        { ".5", true, false },    { ".", true, true },     { "nil", true, false },
        { "true", true, false },  { "#a", true, false },   { "a#", true, true },
        { ":a", false, false },   { "a:b", true, true },   { "", false, false },
        { "a b", false, false },  { "a,b", false, false }, { "a\"", false, false },
        { "a\\b", false, false }, { "a;b", false, false }, { "a^b", false, false },
        { "a\tb", false, false }, { "a(b", false, false }, { "\xc3\xa9", true, true },
    };

    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        struct bytes text = bytes_of(examples[i].text);
        if (!edn_name_fault(VALUE_KEYWORD, text) != examples[i].keyword ||
            !edn_name_fault(VALUE_SYMBOL, text) != examples[i].symbol)
            fail_msg("\"%s\"", examples[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_namespace),
        cmocka_unit_test(test_excerpt),
        cmocka_unit_test(test_name_fault),
    };
    return cmocka_run_group_tests_name("edn", tests, NULL, NULL);
}
