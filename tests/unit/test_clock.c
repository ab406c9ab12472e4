#include "tests/unit/test.h"

#include "common/clock.h"

static const struct instant {
    int64_t ms;
    const char *text;
} instants[] = {
    { 0, "1970-01-01T00:00:00.000Z" },
    { 1, "1970-01-01T00:00:00.001Z" },
    { -1, "1969-12-31T23:59:59.999Z" },
    { 1664871465053, "2022-10-04T08:17:45.053Z" },
    { 951782400000, "2000-02-29T00:00:00.000Z" },
    { 951868800000, "2000-03-01T00:00:00.000Z" },
    { -2203891200000, "1900-03-01T00:00:00.000Z" },
    { -2203977600000, "1900-02-28T00:00:00.000Z" },
    { -62135596800000, "0001-01-01T00:00:00.000Z" },
    { -62167219200000, "0000-01-01T00:00:00.000Z" },
    { -62167219200001, "-000001-12-31T23:59:59.999Z" },
    { 253402300799999, "9999-12-31T23:59:59.999Z" },
    { 253402300800000, "+010000-01-01T00:00:00.000Z" },
    { 8640000000000000, "+275760-09-13T00:00:00.000Z" },
    { -8640000000000000, "-271821-04-20T00:00:00.000Z" },
};

static void test_format_and_parse(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(instants); i++) {
        int64_t ms;
        assert_string_equal(clock_format(instants[i].ms, text), instants[i].text);
        assert_true(clock_parse(bytes_of(text), &ms));
        assert_true(ms == instants[i].ms);
    }
    clock_format(INT64_MAX, text);
    clock_format(INT64_MIN, text);
}

static const struct reading {
    const char *text;
    bool ok;
    int64_t ms;
} readings[] = {
    { "2022", true, 1640995200000 },
    { "2022-10", true, 1664582400000 },
    { "2022-10-04", true, 1664841600000 },
    { "2022-10-04T08:17", true, 1664871420000 },
    { "2022-10-04T08:17:45", true, 1664871465000 },
    { "2022-10-04T08:17:45Z", true, 1664871465000 },
    { "2022-10-04T08:17:45.05Z", true, 1664871465050 },
    { "2022-10-04T08:17:45.0539999Z", true, 1664871465053 },
    { "2022-10-04T10:17:45+02:00", true, 1664871465000 },
    { "2022-10-04T07:47:45-00:30", true, 1664871465000 },
    { "2016-12-31T23:59:60Z", true, 1483228800000 },
    { "2020-02-29", true, 1582934400000 },
    { "", false, 0 },
    { "202", false, 0 },
    { "2022-", false, 0 },
    { "2022-1", false, 0 },
    { "2022-13", false, 0 },
    { "2022-00", false, 0 },
    { "2022-02-29", false, 0 },
    { "1900-02-29", false, 0 },
    { "2022-04-31", false, 0 },
    { "2022-10-00", false, 0 },
    { "2022-10-04T", false, 0 },
    { "2022-10-04T24:00", false, 0 },
    { "2022-10-04T08:60", false, 0 },
    { "2022-10-04T08:17:61", false, 0 },
    { "2022-10-04T08:17:45.", false, 0 },
    { "2022-10-04T08:17:45z", false, 0 },
    { "2022-10-04T08:17:45+2", false, 0 },
    { "2022-10-04T08:17:45+24:00", false, 0 },
    { "2022-10-04T08:17:45Z ", false, 0 },
    { " 2022", false, 0 },
    { "2022-10-04 08:17", false, 0 },
    { "+2022", false, 0 },
    { "yesterday", false, 0 },
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(readings); i++) {
        int64_t ms = -7;
        bool ok = clock_parse(bytes_of(readings[i].text), &ms);
        if (ok != readings[i].ok || ms != (ok ? readings[i].ms : -7))
            fail_msg("\"%s\": %d, %lld", readings[i].text, ok, (long long)ms);
    }
}

static void test_clocks_go_on(void **state)
{
    (void)state;
    int64_t before = clock_monotonic_us();

    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic_us();
        assert_true(now >= before);
        before = now;
    }
    assert_true(clock_wall_ms() > 1640995200000); /* 2022 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_and_parse),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_clocks_go_on),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
