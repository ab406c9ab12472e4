/*
 * `fault-crash BUILD [SEED]`: ends txd inside its commit path, at every point that common/crash.h
 * names there, a few times each, and then the checker. The build must have -Dcrash_points=true.
 */
#include "tests/fault/crowd.h"

#include "common/clock.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#define GATEWAYS      2
#define ROUNDS        4
#define PASSINGS_MAX  150
#define CRASH_STATUS  137
#define CRASH_WAIT_US 20000000
#define TURN_US       20000
#define SETTLE_US     500000

static const char *const points[] = {
    "after-apply", "after-write", "before-sync", "after-sync", "before-publish", "before-reply",
};

/* Starts txd anew so that it ends at the n-th passing of the point; true when it did. */
static bool crash_at(struct crowd *crowd, const char *point, unsigned n)
{
    char environment[64];
    int64_t end_us = clock_monotonic_us() + CRASH_WAIT_US;

    snprintf(environment, sizeof(environment), "STOA_CRASH_AT=%s:%u", point, n);
    crowd->world.txd_environment = environment;
    crowd->ended_status = 0;
    crowd_kill(crowd, 0);
    while (!(WIFEXITED(crowd->ended_status) && WEXITSTATUS(crowd->ended_status) == CRASH_STATUS)) {
        crowd_run(crowd, TURN_US);
        if (crowd->ended[0] > 0 && WIFSIGNALED(crowd->ended_status))
            crowd->world.txd_environment = NULL; /* it runs with it; the next one shall not */
        if (clock_monotonic_us() > end_us) {
            crowd->world.txd_environment = NULL;
            printf("txd did not end at %s:%u: is this a build with -Dcrash_points=true?\n", point,
                   n);
            return false;
        }
    }
    crowd->world.txd_environment = NULL;
    crowd_run(crowd, SETTLE_US);
    return true;
}

int main(int argc, char **argv)
{
    struct crowd *crowd = xcalloc(1, sizeof(*crowd));
    struct error err;
    bool ok = true;

    if (argc < 2) {
        fprintf(stderr, "usage: fault-crash BUILD [SEED]\n");
        return 2;
    }
    if (!crowd_start(crowd, argv[1], GATEWAYS, argc > 2 ? strtoull(argv[2], NULL, 10) : 0, &err)) {
        fprintf(stderr, "fault-crash: %s\n", err.message);
        free(crowd);
        return 1;
    }
    crowd_run(crowd, SETTLE_US);
    for (unsigned round = 0; ok && round < ROUNDS; round++)
        for (size_t p = 0; ok && p < ARRAY_LEN(points); p++)
            ok = crash_at(crowd, points[p],
                          1 + (unsigned)client_random(&crowd->random, PASSINGS_MAX));
    ok = crowd_finish(crowd, "fault-crash") && ok;
    free(crowd);
    return ok ? 0 : 1;
}
