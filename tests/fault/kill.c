/*
 * `fault-kill BUILD [SEED] [KILLS]`: kill -9 of txd and of each gateway at random moments under
 * write load, KILLS times each (30), and then the checker.
 */
#include "tests/fault/crowd.h"

#include <stdlib.h>

#define GATEWAYS     2
#define KILLS        30
#define KILLS_MAX    1000
#define PAUSE_US_MIN 50000
#define PAUSE_US_MAX 1300000
#define SETTLE_US    1500000

/* A run in which hardly anything was acknowledged has shown nothing. */
#define ACKED_A_KILL_MIN 10

/* Every process `kills` times, in an order by chance (Fisher and Yates). */
static unsigned *draw_victims(struct crowd *crowd, unsigned kills)
{
    unsigned count = kills * (GATEWAYS + 1);
    unsigned *victims = xcalloc(count, sizeof(*victims));

    for (unsigned i = 0; i < count; i++)
        victims[i] = i % (GATEWAYS + 1);
    for (unsigned i = count; i-- > 1;) {
        unsigned other = (unsigned)client_random(&crowd->random, i + 1);
        unsigned victim = victims[i];
        victims[i] = victims[other];
        victims[other] = victim;
    }
    return victims;
}

int main(int argc, char **argv)
{
    struct crowd *crowd = xcalloc(1, sizeof(*crowd));
    unsigned kills = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : KILLS;
    struct error err;

    if (argc < 2 || kills < 1 || kills > KILLS_MAX) {
        fprintf(stderr, "usage: fault-kill BUILD [SEED] [KILLS]\n");
        return 2;
    }
    if (!crowd_start(crowd, argv[1], GATEWAYS, argc > 2 ? strtoull(argv[2], NULL, 10) : 0, &err)) {
        fprintf(stderr, "fault-kill: %s\n", err.message);
        free(crowd);
        return 1;
    }
    unsigned *victims = draw_victims(crowd, kills);
    crowd_run(crowd, SETTLE_US);
    for (unsigned i = 0; i < kills * (GATEWAYS + 1); i++) {
        crowd_kill(crowd, victims[i]);
        crowd_run(crowd, PAUSE_US_MIN +
                             (int64_t)client_random(&crowd->random, PAUSE_US_MAX - PAUSE_US_MIN));
    }
    crowd_run(crowd, SETTLE_US);
    int64_t acked = crowd_acked(crowd);
    bool ok = crowd_finish(crowd, "fault-kill");
    if (acked < ACKED_A_KILL_MIN * (int64_t)kills * (GATEWAYS + 1)) {
        printf("only %lld operations were acknowledged\n", (long long)acked);
        ok = false;
    }
    free(victims);
    free(crowd);
    return ok ? 0 : 1;
}
