#include "tests/unit/test.h"

#include "cli/print.h"
#include "cli/progress.h"
#include "proto/edn.h"

static const struct {
    enum format format;
    const char *value, *text;
} examples[] = {
    { FORMAT_EDN, "5", "5\n" },
    { FORMAT_EDN, "{:a 1}", "{:a 1}\n" },
    { FORMAT_EDN, "[]", "[]\n" },
    { FORMAT_EDN, "[[1 \"a\"] [2 \"b\"]]", "[[1 \"a\"]\n [2 \"b\"]]\n" },
    { FORMAT_EDN, "#{[1] [2]}", "#{[1]\n  [2]}\n" },
    { FORMAT_EDN, "(1 2)", "(1\n 2)\n" },
    { FORMAT_JSON, "[[1 :a \"~\"]]", "[[1,\"~:a\",\"~~\"]]\n" },
    { FORMAT_TABLE, "[]", "" },
    { FORMAT_TABLE, "#{[1 \"a\" :k] [22 \"b c\" nil]}", "1   a    :k\n22  b c  nil\n" },
    { FORMAT_TABLE, "[[\"\u00e4\u00f6\" 1] [\"abc\" 2]]", "\u00e4\u00f6   1\nabc  2\n" },
    { FORMAT_TABLE, "[[1 2] [3]]", "1  2\n3  \n" },
    { FORMAT_TABLE, "[\"one\" \"two\\nlines\"]", "one\ntwo lines\n" },
    { FORMAT_TABLE, "[{:t 1 :n \"x\"} {:n \"y\"}]", ":t  :n\n1   x\n    y\n" },
    { FORMAT_TABLE, "[{} {:a 1}]", "\n\n\n" },
    { FORMAT_TABLE, "[1 {:a 1}]", "1\n{:a 1}\n" },
    { FORMAT_TABLE, "7", "7\n" },
};

static void test_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        struct arena arena = { 0 };
        struct buffer out = { 0 };
        struct value value;
        struct error err;
        if (!edn_read(bytes_of(examples[i].value), &arena, &value, &err))
            fail_msg("%s: %s", examples[i].value, err.message);
        print_value(&out, examples[i].format, &value);
        buffer_append_u8(&out, '\0');
        assert_string_equal(out.data, examples[i].text);
        buffer_release(&out);
        arena_release(&arena);
    }
}

static void test_progress_lines(void **state)
{
    char line[PROGRESS_LINE_BYTES];

    (void)state;
    assert_string_equal(progress_line("importing", 0, 1000000, 0, line),
                        "importing [                              ]   0% 0.0 MB, 0.0 MB/s");
    assert_string_equal(progress_line("importing", 500000, 1000000, 1000000, line),
                        "importing [===============               ]  50% 0.5 MB, 0.5 MB/s");
    assert_string_equal(progress_line("importing", 2000000, 1000000, 1000000, line),
                        "importing [==============================] 100% 2.0 MB, 2.0 MB/s");
    assert_string_equal(progress_line("exporting", 3000000, 0, 2000000, line),
                        "exporting 3.0 MB, 1.5 MB/s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_progress_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
