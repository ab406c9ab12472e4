/*
 * `fault-fsync BUILD LIBRARY [SEED]`: txd's disk fails under write load (faulty_fsync.c is the
 * LIBRARY). From then on nothing may be acknowledged and clients are told `fault`, also when the
 * disk is well again; after a restart everything acknowledged is there.
 */
#include "tests/fault/crowd.h"

#include "common/clock.h"

#include <stdlib.h>
#include <unistd.h>

#define GATEWAYS      2
#define ROUNDS        3
#define WORK_US       1000000
#define TURN_US       20000
#define FAULT_WAIT_US 10000000
/* What was acknowledged before the failure has arrived after so long. */
#define DELIVERY_US 300000

#define SICK_US 1000000

static int64_t faults(const struct crowd *crowd)
{
    int64_t count = 0;

    for (size_t i = 0; i < CROWD_WRITERS; i++)
        count += crowd->clients[i].faults;
    return count;
}

static bool await_fault(struct crowd *crowd)
{
    int64_t before = faults(crowd), end_us = clock_monotonic_us() + FAULT_WAIT_US;

    while (faults(crowd) == before) {
        crowd_run(crowd, TURN_US);
        if (clock_monotonic_us() > end_us) {
            printf("no client was told fault though fsync fails\n");
            return false;
        }
    }
    return true;
}

/* One failure of the disk and txd's restart. */
static bool fail_once(struct crowd *crowd, const char *switch_name)
{
    crowd_run(crowd, WORK_US);
    FILE *file = fopen(switch_name, "w");
    if (!file)
        return false;
    fclose(file);
    bool ok = await_fault(crowd);
    crowd_run(crowd, DELIVERY_US);
    int64_t acked = crowd_acked(crowd);
    crowd_run(crowd, SICK_US);
    unlink(switch_name);
    crowd_run(crowd, SICK_US);
    if (ok && crowd_acked(crowd) != acked) {
        printf("%lld operations were acknowledged after fsync had failed\n",
               (long long)(crowd_acked(crowd) - acked));
        ok = false;
    }
    crowd_kill(crowd, 0);
    crowd_run(crowd, WORK_US);
    if (ok && crowd_acked(crowd) == acked) {
        printf("nothing is acknowledged after the restart\n");
        ok = false;
    }
    return ok;
}

int main(int argc, char **argv)
{
    struct crowd *crowd = xcalloc(1, sizeof(*crowd));
    char switch_name[] = "/tmp/stoa-fsync-XXXXXX", environment[64];
    struct error err;

    if (argc < 3) {
        fprintf(stderr, "usage: fault-fsync BUILD LIBRARY [SEED]\n");
        return 2;
    }
    int fd = mkstemp(switch_name);
    if (fd >= 0)
        close(fd);
    unlink(switch_name);
    snprintf(environment, sizeof(environment), "STOA_FSYNC_FAILS=%s", switch_name);
    putenv(environment);
    crowd->world.txd_preload = argv[2];
    if (!crowd_start(crowd, argv[1], GATEWAYS, argc > 3 ? strtoull(argv[3], NULL, 10) : 0, &err)) {
        fprintf(stderr, "fault-fsync: %s\n", err.message);
        free(crowd);
        return 1;
    }
    bool ok = true;
    for (unsigned round = 0; ok && round < ROUNDS; round++)
        ok = fail_once(crowd, switch_name);
    unlink(switch_name);
    ok = crowd_finish(crowd, "fault-fsync") && ok;
    free(crowd);
    return ok ? 0 : 1;
}
