/* What the vectors cannot say of Transit: that values outlive their text, and shapes in place. */
#include "tests/unit/test.h"

#include "proto/edn.h"
#include "proto/transit.h"

static struct arena arena;

/* Transit that clients write by hand or by other libraries, and the EDN of what it says. */
static const struct reading {
    const char *json, *edn;
} readings[] = {
    { "{\"type\":\"hello\",\"id\":1}", "{\"type\" \"hello\" \"id\" 1}" },
    { " { \"a\" : [ ] , \"b\" : { } } ", "{\"a\" [] \"b\" {}}" },
    { "[\"~:a\",\"b\"]", "[:a \"b\"]" },
    { "[\"~~#set\",1]", "[\"~#set\" 1]" },
    { "[\"^ \"]", "{}" },
    { "[\"^ \",\"~:a\",[\"^ \",\"~:b\",1],\"c\",2]", "{:a {:b 1} \"c\" 2}" },
    { "[\"^ \",[1],2]", "{[1] 2}" },
    { "[[\"^ \",\"name\",1],[\"^ \",\"^0\",2],\"name\"]", "[{\"name\" 1} {\"name\" 2} \"name\"]" },
    { "{\"~#set\":[\"~:abc\",\"^1\"]}", NULL },
    { "{\"~#list\":[\"~:abc\",\"^1\",{\"^0\":[1]}]}", "(:abc :abc (1))" },
    { "{\"~#'\":{\"~#'\":[1]}}", "[1]" },
    { "{\"~#cmap\":[\"~:a\",1,\"a\",2]}", "{:a 1 \"a\" 2}" },
    { "{\"~#set\":[{\"~#set\":[]}]}", "#{#{}}" },
    { "{\"~#d\":\"1.5\"}", "1.5" },
    { "{\"~#f\":2}", "2.0" },
    { "{\"~#n\":\"5\"}", "5" },
    { "-0", "0" },
    { "-0.0", "-0.0" },
    { "1E5", "100000.0" },
    { "\"\\/\\b\\f\"", "\"/\\u0008\\u000c\"" },
};

static void test_readings(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(readings); i++) {
        struct bytes json = bytes_of(readings[i].json);
        struct value value;
        struct error err;
        struct buffer edn = { 0 };
        bool ok = transit_read(json, &arena, &value, &err);
        if (ok)
            edn_write(&edn, &value);
        if (ok != (readings[i].edn != NULL) ||
            (ok && !bytes_equal(buffer_bytes(&edn), bytes_of(readings[i].edn))))
            fail_msg("%s: %.*s", readings[i].json, BYTES_ARG(buffer_bytes(&edn)));
        buffer_release(&edn);
    }
    arena_release(&arena);
}

static void test_value_outlives_its_text(void **state)
{
    (void)state;
    char text[] = "[\"a string\",\"~:keyword\",{\"~#set\":[\"~bAQID\"]}]";
    struct value value, expected;
    struct error err;

    assert_true(transit_read(bytes_of(text), &arena, &value, &err));
    memset(text, 'x', sizeof(text));
    assert_true(
        edn_read(BYTES("[\"a string\" :keyword #{#bytes \"AQID\"}]"), &arena, &expected, &err));
    assert_true(value_equal(&value, &expected));
    arena_release(&arena);
}

static void test_failure_leaves_the_value(void **state)
{
    (void)state;
    struct value value = value_long(7);
    struct error err;

    assert_false(transit_read(BYTES("[1,2"), &arena, &value, &err));
    assert_false(edn_read(BYTES("[1 2"), &arena, &value, &err));
    assert_int_equal(value.number, 7);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readings),
        cmocka_unit_test(test_value_outlives_its_text),
        cmocka_unit_test(test_failure_leaves_the_value),
    };
    return cmocka_run_group_tests_name("transit", tests, NULL, NULL);
}
