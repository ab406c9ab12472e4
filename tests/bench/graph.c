/*
 * `bench-graph BUILD FILE`: what a real graph costs: memory of the processes when they have nothing
 * to do, the import of FILE, and the time from connect to `synced` in a client that decodes
 * everything it is sent.
 */
#include "common/clock.h"
#include "tests/bench/latency.h"
#include "tests/load/session.h"
#include "tests/load/world.h"

#include <stdio.h>
#include <unistd.h>

#define GRAPH    "real"
#define SYNCS    15
#define SYNC_US  30000000
#define IDLE_US  2000000
#define MEGABYTE 1e6

static void print_memory(const struct world *world, const char *when)
{
    double txd = (double)world_memory(world, 0) / MEGABYTE;
    double gateway = (double)world_memory(world, 1) / MEGABYTE;

    printf("memory of txd and one gateway, %s: %.1f MB (%.1f and %.1f)\n", when, txd + gateway, txd,
           gateway);
}

/* One client from connect to synced; *datoms is how many it was sent. */
static bool sync_once(const struct world *world, bool json, int64_t *us, size_t *datoms,
                      struct error *err)
{
    struct session session;
    struct session_hello hello = { .user = "reader", .sync = "snapshot" };
    struct value message;
    int64_t begun_us = clock_monotonic_us(), deadline_us = begun_us + SYNC_US;
    bool ok = session_open(&session, world->http_ports[0], GRAPH, json, &hello, err);
    bool synced = false;

    *datoms = 0;
    while (ok && !synced) {
        ok = session_await(&session, deadline_us, &message, err);
        if (ok && session_is(&message, "datoms"))
            *datoms += value_get(&message, "datoms")->count;
        synced = ok && session_is(&message, "synced");
    }
    *us = clock_monotonic_us() - begun_us;
    session_close(&session);
    return ok;
}

static bool run_syncs(const struct world *world, bool json, size_t *datoms, struct error *err)
{
    struct latency latency = { 0 };
    bool ok = true;

    for (int i = 0; ok && i < SYNCS; i++) {
        int64_t us;
        ok = sync_once(world, json, &us, datoms, err);
        latency_add(&latency, us);
    }
    if (ok)
        printf("from connect to synced, %zu datoms, %s: p50 %.0f ms, p99 %.0f ms\n", *datoms,
               json ? "json" : "msgpack", latency_ms(&latency, 50), latency_ms(&latency, 99));
    latency_release(&latency);
    return ok;
}

static bool run(const struct world *world, const char *file, struct error *err)
{
    size_t datoms;

    usleep(IDLE_US);
    print_memory(world, "idle and new");
    int64_t begun_us = clock_monotonic_us();
    if (!world_import(world, GRAPH, file, err))
        return false;
    double seconds = (double)(clock_monotonic_us() - begun_us) / 1e6;
    if (!run_syncs(world, false, &datoms, err))
        return false;
    printf("import of %zu datoms: %.2f s, %.0f datoms/s\n", datoms, seconds,
           (double)datoms / seconds);
    if (!run_syncs(world, true, &datoms, err))
        return false;
    usleep(IDLE_US);
    print_memory(world, "idle after import and syncs");
    return true;
}

int main(int argc, char **argv)
{
    struct world world = { 0 };
    struct error err;

    if (argc != 3) {
        fprintf(stderr, "usage: bench-graph BUILD FILE\n");
        return 2;
    }
    bool ok = world_start(&world, argv[1], 1, &err);
    if (ok) {
        ok = run(&world, argv[2], &err);
        world_stop(&world);
    }
    if (!ok)
        fprintf(stderr, "bench-graph: %s\n", err.message);
    return ok ? 0 : 1;
}
