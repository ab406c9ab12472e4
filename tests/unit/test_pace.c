/* When sessions are told: rooms that are small, large and huge, and writers among readers. */
#include "tests/unit/test.h"

#include "gateway/pace.h"

static const struct {
    size_t sessions;
    int64_t since_us; /* the last time all were told */
    bool due;
    int64_t wait_us; /* when not */
} rooms[] = {
    { 1, 0, true, 0 },          { 39, 0, true, 0 }, /* less than a millisecond is no pace */
    { 40, 0, false, 1000 },     { 40, 999, false, 1 },    { 40, 1000, true, 0 },
    { 256, 100, false, 6300 },  { 400, 0, false, 10000 }, { 100000, 0, false, 10000 },
    { 100000, 10000, true, 0 },
};

static void test_due(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rooms); i++) {
        struct pace pace = { .told_us = 5000000 };
        int64_t now_us = pace.told_us + rooms[i].since_us, wait_us = INT64_MAX;
        bool due = pace_due(&pace, rooms[i].sessions, now_us, &wait_us);
        if (due != rooms[i].due || wait_us != (due ? INT64_MAX : rooms[i].wait_us) ||
            pace.told_us != (due ? now_us : 5000000))
            fail_msg("room %zu: due %d, wait %lld", i, due, (long long)wait_us);
    }
}

static void test_wait_is_only_lowered(void **state)
{
    struct pace pace = { .told_us = 0 };
    int64_t wait_us = 10;

    (void)state;
    assert_false(pace_due(&pace, 1000, 1, &wait_us));
    assert_false(pace_tells(&pace, PACE_OWN_OPEN, 0, 1, &wait_us));
    assert_int_equal(wait_us, 10);
}

static const struct {
    enum pace_own own;
    bool tells;
    int64_t since_us; /* it was last told */
    int64_t wait_us;  /* when not */
} sessions[] = {
    { PACE_OWN_NONE, false, 0, 2000 },        { PACE_OWN_NONE, false, 1999, 1 },
    { PACE_OWN_NONE, true, 2000, 0 },         { PACE_OWN_ANSWERED, true, 0, 0 },
    { PACE_OWN_OPEN, false, 0, PACE_OWN_US }, { PACE_OWN_OPEN, false, PACE_OWN_US - 1, 1 },
    { PACE_OWN_OPEN, true, PACE_OWN_US, 0 },
};

static void test_tells(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sessions); i++) {
        const struct pace pace = { .pause_us = 4000 };
        int64_t now_us = 100000000, wait_us = INT64_MAX;
        bool tells =
            pace_tells(&pace, sessions[i].own, now_us - sessions[i].since_us, now_us, &wait_us);
        if (tells != sessions[i].tells || wait_us != (tells ? INT64_MAX : sessions[i].wait_us))
            fail_msg("session %zu: tells %d, wait %lld", i, tells, (long long)wait_us);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_wait_is_only_lowered),
        cmocka_unit_test(test_tells),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
