#include "tests/unit/test.h"

#include "common/uuid.h"

static const struct reading {
    const char *text;
    bool ok;
} readings[] = {
    { "531a379e-31bb-4ce1-8690-158dceb64be6", true },
    { "531A379E-31BB-4CE1-8690-158DCEB64BE6", true },
    { "00000000-0000-0000-0000-000000000000", true },
    { "", false },
    { "531a379e-31bb-4ce1-8690-158dceb64be", false },
    { "531a379e-31bb-4ce1-8690-158dceb64be66", false },
    { "531a379e31bb4ce18690158dceb64be6", false },
    { "531a379e-31bb-4ce1-8690-158dceb64beg", false },
    { "531a379e-31bb-4ce1-8690_158dceb64be6", false },
    { "531a379-e31bb-4ce1-8690-158dceb64be6", false },
    { "{531a379e-31bb-4ce1-8690-158dceb64b}", false },
    { "------------------------------------", false },
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(readings); i++) {
        struct uuid uuid = { { 7 } };
        if (uuid_parse(bytes_of(readings[i].text), &uuid) != readings[i].ok)
            fail_msg("\"%s\"", readings[i].text);
        if (!readings[i].ok)
            assert_int_equal(uuid.octets[0], 7);
    }
}

static void test_format(void **state)
{
    (void)state;
    struct uuid uuid;
    char text[UUID_TEXT_BYTES];

    assert_true(uuid_parse(bytes_of(readings[1].text), &uuid));
    assert_int_equal(uuid.octets[0], 0x53);
    assert_int_equal(uuid.octets[15], 0xe6);
    assert_string_equal(uuid_format(&uuid, text), readings[0].text);
}

static void test_random(void **state)
{
    (void)state;
    struct uuid a = uuid_random(), b = uuid_random();

    assert_false(uuid_equal(&a, &b));
    assert_true(uuid_equal(&a, &a));
    for (int i = 0; i < 100; i++) {
        struct uuid uuid = uuid_random();
        assert_int_equal(uuid.octets[6] >> 4, 4); /* version 4 */
        assert_int_equal(uuid.octets[8] >> 6, 2); /* RFC 9562's variant */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests_name("uuid", tests, NULL, NULL);
}
