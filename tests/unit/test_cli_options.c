#include "tests/unit/test.h"

#include "cli/command.h"
#include "common/limits.h"

#include <stdlib.h>

static const struct option_row rows[] = {
    { "arg", "EDN", "repeated" },
    { "count", "N", "a number" },
    { "quick", NULL, "a flag" },
};

static const struct options_table table = {
    .name = "try",
    .words = "ONE [TWO]",
    .words_min = 1,
    .words_max = 2,
    .rows = rows,
    .row_count = ARRAY_LEN(rows),
};

#define ARGS_MAX 8

static const struct example {
    const char *args[ARGS_MAX];
    const char *error; /* words of it; NULL: it is fine */
    size_t words;
    const char *count; /* the value of --count */
    enum format format;
} examples[] = {
    { { "a" }, NULL, 1, NULL, FORMAT_EDN },
    { { "a", "b", "--count", "5" }, NULL, 2, "5", FORMAT_EDN },
    { { "--count=5", "a" }, NULL, 1, "5", FORMAT_EDN },
    { { "--count=5", "a", "--count", "6" }, NULL, 1, "6", FORMAT_EDN },
    { { "--count=", "a" }, NULL, 1, "", FORMAT_EDN },
    { { "-", "--quick" }, NULL, 1, NULL, FORMAT_EDN },
    { { "--", "--count" }, NULL, 1, NULL, FORMAT_EDN },
    { { "--format", "json", "a" }, NULL, 1, NULL, FORMAT_JSON },
    { { "--format=table", "a" }, NULL, 1, NULL, FORMAT_TABLE },
    { { "--help" }, NULL, 0, NULL, FORMAT_EDN },
    { { NULL }, "usage: stoa try ONE [TWO]", 0, NULL, FORMAT_EDN },
    { { "a", "b", "c" }, "\"c\" is one word too many", 0, NULL, FORMAT_EDN },
    { { "a", "--size" }, "no option --size", 0, NULL, FORMAT_EDN },
    { { "a", "--count" }, "--count needs a value: --count N", 0, NULL, FORMAT_EDN },
    { { "a", "--quick=yes" }, "--quick takes no value", 0, NULL, FORMAT_EDN },
    { { "a", "--format", "xml" }, "\"xml\" is none of edn, json and table", 0, NULL, FORMAT_EDN },
    { { "a", "--graph", "Main" }, "\"Main\" is no graph's name", 0, NULL, FORMAT_EDN },
    { { "a", "--graph", "_x" }, "\"_x\" is no graph's name", 0, NULL, FORMAT_EDN },
    { { "a", "--graph", "../x" }, "\"../x\" is no graph's name", 0, NULL, FORMAT_EDN },
    { { "a", "--graph", "" }, "\"\" is no graph's name", 0, NULL, FORMAT_EDN },
};

/* argv as main() hands it on: the command's name first. */
static int arguments(const char *const *args, char *argv[ARGS_MAX + 1])
{
    int argc = 1;

    argv[0] = xstrdup("try");
    for (size_t i = 0; i < ARGS_MAX && args[i]; i++)
        argv[argc++] = xstrdup(args[i]);
    return argc;
}

static void test_examples(void **state)
{
    (void)state;
    unsetenv("STOA_URL");
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        const struct example *example = &examples[i];
        char *argv[ARGS_MAX + 1];
        int argc = arguments(example->args, argv);
        struct options options;
        struct error err;
        bool ok = options_parse(&table, argc, argv, &options, &err);
        if (example->error && (ok || !strstr(err.message, example->error)))
            fail_msg("example %zu: \"%s\" instead of \"%s\"", i, ok ? "no error" : err.message,
                     example->error);
        if (!example->error && !ok)
            fail_msg("example %zu: %s", i, err.message);
        if (!example->error) {
            const char *count = options_value(&options, "count");
            assert_int_equal(options.word_count, example->words);
            assert_int_equal(options.format, example->format);
            assert_string_equal(options.url, "http://127.0.0.1:3010");
            assert_true(count ? example->count && !strcmp(count, example->count) : !example->count);
        }
        for (int a = 0; a < argc; a++)
            free(argv[a]);
    }
}

static void test_options_of_every_kind(void **state)
{
    char text[][16] = { "try", "--arg", "1", "a", "--arg=2", "--quick", "--count", "12" };
    char *argv[ARRAY_LEN(text)];
    struct options options;
    struct error err;
    int64_t count = -1, missing = 7;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(text); i++)
        argv[i] = text[i];
    setenv("STOA_URL", "http://elsewhere:1", 1);
    assert_true(options_parse(&table, (int)ARRAY_LEN(text), argv, &options, &err));
    unsetenv("STOA_URL");
    assert_string_equal(options.url, "http://elsewhere:1");
    assert_string_equal(options_repeated(&options, "arg", 0), "1");
    assert_string_equal(options_repeated(&options, "arg", 1), "2");
    assert_null(options_repeated(&options, "arg", 2));
    assert_non_null(options_value(&options, "quick"));
    assert_true(options_number(&options, "count", 0, 12, &count, &err));
    assert_int_equal(count, 12);
    assert_true(options_number(&options, "absent", 0, 1, &missing, &err));
    assert_int_equal(missing, 7);
    assert_false(options_number(&options, "count", 0, 11, &count, &err));
    assert_string_equal(err.message, "--count: \"12\" is not a whole number from 0 to 11");
}

/* An option that would do nothing is no option of the command. */
static void test_without(void **state)
{
    static const struct {
        const char *command, *option, *value;
        bool known;
    } tries[] = {
        { "export", "--format", "json", false }, { "export", "--graph", "x", true },
        { "status", "--graph", "x", false },     { "status", "--format", "json", true },
        { "log", "--format", "json", true },     { "log", "--graph", "x", true },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        const char *args[ARGS_MAX] = { tries[i].option, tries[i].value };
        char *argv[ARGS_MAX + 1];
        int argc = arguments(args, argv);
        struct options options;
        struct error err = { .message = "" };
        const struct command *command = command_find(tries[i].command);
        assert_int_equal(options_parse(&command->options, argc, argv, &options, &err),
                         tries[i].known);
        assert_true(tries[i].known || strstr(err.message, "there is no option --"));
        while (argc)
            free(argv[--argc]);
    }
}

static void test_commands_are_in_order(void **state)
{
    (void)state;
    for (size_t i = 1; i < command_count; i++)
        assert_true(strcmp(commands[i - 1].options.name, commands[i].options.name) < 0);
    assert_ptr_equal(command_find("query")->run, command_query);
    assert_null(command_find("nonsense"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_options_of_every_kind),
        cmocka_unit_test(test_without),
        cmocka_unit_test(test_commands_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
