#include "tests/unit/test.h"

#include "common/config.h"

#include <stdlib.h>
#include <unistd.h>

struct settings {
    char *name;
    char *dir;
    int64_t port;
    bool quick;
    char *to;
};

static const struct config_parameter table[] = {
    { "name", CONFIG_TEXT, offsetof(struct settings, name), 0, 0, NULL, "", "A name." },
    { "data-dir", CONFIG_TEXT, offsetof(struct settings, dir), 0, 0, "data", "", "A folder." },
    { "port", CONFIG_NUMBER, offsetof(struct settings, port), 1, 65535, "3010", "", "A port." },
    { "to", CONFIG_ADDRESS, offsetof(struct settings, to), 0, 0, "", "", "An address." },
    { "quick", CONFIG_FLAG, offsetof(struct settings, quick), 0, 0, "false", "", "A flag." },
};

#define ARGS_MAX 6

static const struct example {
    const char *args[ARGS_MAX];
    const char *variable, *value; /* in the environment */
    enum config_result result;
    const char *name, *dir;
    int64_t port;
    bool quick;
    const char *words; /* of the error */
} examples[] = {
    { { NULL }, NULL, NULL, CONFIG_OK, NULL, "data", 3010, false, NULL },
    { { "--port", "80" }, NULL, NULL, CONFIG_OK, NULL, "data", 80, false, NULL },
    { { "--port=81" }, NULL, NULL, CONFIG_OK, NULL, "data", 81, false, NULL },
    { { "--port", "80", "--port", "82" }, NULL, NULL, CONFIG_OK, NULL, "data", 82, false, NULL },
    { { "--name=" }, NULL, NULL, CONFIG_OK, "", "data", 3010, false, NULL },
    { { "--name=a=b" }, NULL, NULL, CONFIG_OK, "a=b", "data", 3010, false, NULL },
    { { "--quick" }, NULL, NULL, CONFIG_OK, NULL, "data", 3010, true, NULL },
    { { "--quick=no" }, "STOA_QUICK", "yes", CONFIG_OK, NULL, "data", 3010, false, NULL },
    { { NULL }, "STOA_DATA_DIR", "/srv", CONFIG_OK, NULL, "/srv", 3010, false, NULL },
    { { "--data-dir", "x" }, "STOA_DATA_DIR", "/srv", CONFIG_OK, NULL, "x", 3010, false, NULL },
    { { NULL }, "STOA_PORT", "", CONFIG_OK, NULL, "data", 3010, false, NULL },
    { { NULL }, "STOA_QUICK", "1", CONFIG_OK, NULL, "data", 3010, true, NULL },
    { { NULL }, "STOA_PORT", "x", CONFIG_BAD, NULL, NULL, 0, false, "variable STOA_PORT" },
    { { "--port", "0" }, NULL, NULL, CONFIG_BAD, NULL, NULL, 0, false, "from 1 to 65535" },
    { { "--port", "65536" }, NULL, NULL, CONFIG_BAD, NULL, NULL, 0, false, "--port: \"65536\"" },
    { { "--port", "80x" }, NULL, NULL, CONFIG_BAD, NULL, NULL, 0, false, "\"80x\"" },
    { { "--port", "" }, NULL, NULL, CONFIG_BAD, NULL, NULL, 0, false, "not a number" },
    { { "--port", "99999999999999999999" }, NULL, NULL, CONFIG_BAD, NULL, NULL, 0, false, "not a" },
    { { "--port" }, NULL, NULL, CONFIG_BAD, NULL, NULL, 0, false, "--port needs a value" },
    { { "--quick=maybe" }, NULL, NULL, CONFIG_BAD, NULL, NULL, 0, false, "neither true nor false" },
    { { "--prt", "80" }, NULL, NULL, CONFIG_BAD, NULL, NULL, 0, false, "unknown option \"--prt\"" },
    { { "--por=80" }, NULL, NULL, CONFIG_BAD, NULL, NULL, 0, false, "unknown option" },
    { { "--to", "tcp://[::1]:65535" }, NULL, NULL, CONFIG_OK, NULL, "data", 3010, false, NULL },
    { { "--to", "" }, NULL, NULL, CONFIG_OK, NULL, "data", 3010, false, NULL },
    { { "--to", "127.0.0.1:80" }, NULL, NULL, CONFIG_BAD, NULL, NULL, 0, false, "like tcp://HOST" },
    { { "--to", "ipc:///a:1" }, NULL, NULL, CONFIG_BAD, NULL, NULL, 0, false, "\"ipc:///a:1\"" },
    { { "--to", "tcp://a" }, NULL, NULL, CONFIG_BAD, NULL, NULL, 0, false, "--to: \"tcp://a\"" },
    { { "--to", "tcp://a:" }, NULL, NULL, CONFIG_BAD, NULL, NULL, 0, false, "--to" },
    { { "--to", "tcp://a:65536" }, NULL, NULL, CONFIG_BAD, NULL, NULL, 0, false, "--to" },
    { { "--to", "tcp://a:8x" }, NULL, NULL, CONFIG_BAD, NULL, NULL, 0, false, "--to" },
    { { "word" }, NULL, NULL, CONFIG_BAD, NULL, NULL, 0, false, "\"word\" is not an option" },
};

static void check_text(const char *got, const char *expected)
{
    if (expected)
        assert_string_equal(got, expected);
    else
        assert_null(got);
}

static void check(const struct example *example)
{
    char *argv[ARGS_MAX + 1];
    int argc = 0;
    struct settings settings = { 0 };
    struct error err = { .message = "" };

    argv[argc++] = strdup("program");
    while (argc <= ARGS_MAX && example->args[argc - 1]) {
        argv[argc] = strdup(example->args[argc - 1]);
        argc++;
    }
    if (example->variable)
        setenv(example->variable, example->value, 1);
    enum config_result result =
        config_read(table, ARRAY_LEN(table), "program", "Tests.", argc, argv, &settings, &err);
    if (result != example->result)
        fail_msg("%s: %s", argc > 1 ? argv[1] : "no arguments", err.message);
    if (result == CONFIG_OK) {
        check_text(settings.name, example->name);
        check_text(settings.dir, example->dir);
        assert_int_equal(settings.port, example->port);
        assert_int_equal(settings.quick, example->quick);
    } else if (!strstr(err.message, example->words)) {
        fail_msg("\"%s\" is not in \"%s\"", example->words, err.message);
    }
    if (example->variable)
        unsetenv(example->variable);
    config_release(table, ARRAY_LEN(table), &settings);
    while (argc)
        free(argv[--argc]);
}

static void test_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(examples); i++)
        check(&examples[i]);
}

/* --help wins over whatever else is wrong, and names every parameter. */
static void test_help(void **state)
{
    (void)state;
    char program[] = "program", bad[] = "--nonsense", help[] = "--help";
    char *argv[] = { program, bad, help };
    struct settings settings = { 0 };
    struct error err;
    char text[4096] = "";
    FILE *out = tmpfile();
    int saved = dup(STDOUT_FILENO);

    assert_non_null(out);
    fflush(stdout);
    dup2(fileno(out), STDOUT_FILENO);
    enum config_result result =
        config_read(table, ARRAY_LEN(table), "program", "Tests.", 3, argv, &settings, &err);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    assert_int_equal(result, CONFIG_HELP);
    rewind(out);
    text[fread(text, 1, sizeof(text) - 1, out)] = '\0';
    fclose(out);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        assert_non_null(strstr(text, table[i].name));
        assert_non_null(strstr(text, table[i].text));
    }
    assert_non_null(strstr(text, "3010"));
    assert_non_null(strstr(text, "--name as STOA_NAME"));
    config_release(table, ARRAY_LEN(table), &settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
