/* Who may use the gateway from a browser, and who a client is in trust mode. */
#include "tests/unit/test.h"

#include "gateway/auth.h"
#include "proto/edn.h"

static const struct {
    const char *origin, *host, *allowed;
    bool may;
} origins[] = {
    { "", "stoa.example", "", true },
    { "https://stoa.example", "stoa.example", "", true },
    { "http://localhost:3010", "localhost:3010", NULL, true },
    { "http://LOCALHOST:3010", "localhost:3010", "", true },
    { "http://localhost:3011", "localhost:3010", "", false },
    { "https://evil.example", "stoa.example", "", false },
    { "https://evil.example", "stoa.example", "https://good.example", false },
    { "https://good.example", "stoa.example", "https://a.example, https://good.example", true },
    { "https://good.example.evil", "stoa.example", "https://good.example", false },
    { "https://stoa.example", "stoa.example:443", "", true },
    { "http://stoa.example:80", "stoa.example", "", true },
    { "http://stoa.example", "stoa.example:443", "", false },
    { "https://stoa.example", "stoa.example:80", "", false },
    { "ftp://stoa.example", "stoa.example", "", false },
    { "null", "stoa.example", "", false },
    { "null", "", "", false },
    { "https://", "", "", false },
    { "https://any.example", "stoa.example", "*", true },
};

static void test_origins(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(origins); i++)
        if (auth_origin(bytes_of(origins[i].origin), bytes_of(origins[i].host),
                        origins[i].allowed) != origins[i].may)
            fail_msg("\"%s\" at \"%s\"", origins[i].origin, origins[i].host);
}

static const struct {
    const char *given, *user;
} users[] = {
    { "nil", "{\"name\" \"anonymous\"}" },
    { "{\"name\" \"Plato\" \"color\" \"red\"}", "{\"name\" \"Plato\" \"color\" \"red\"}" },
    { "{\"color\" \"red\"}", "{\"name\" \"anonymous\" \"color\" \"red\"}" },
};

static void test_users(void **state)
{
    struct arena arena = { 0 };
    struct error error;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(users); i++) {
        struct value given, expected, user;
        struct message message = { .type = MESSAGE_HELLO };
        assert_true(edn_read(bytes_of(users[i].given), &arena, &given, &error));
        assert_true(edn_read(bytes_of(users[i].user), &arena, &expected, &error));
        if (given.type == VALUE_MAP)
            message.fields[FIELD_USER] = &given;
        assert_true(auth_check(&message, &arena, &user, &error));
        assert_true(value_equal(&user, &expected));
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_users),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
