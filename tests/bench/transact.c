/*
 * `bench-transact BUILD [SECONDS [CLIENTS]]`: durable transactions of five datoms through one
 * gateway by 1, 16 and 256 writers; and in the same run what the disk and RocksDB do without Stoa:
 * fdatasync() alone, and the very keys that txd wrote, written again 100 transactions a synced
 * batch. CLIENTS leaves out the runs with another number of writers.
 */
#include "tests/bench/bare.h"
#include "tests/bench/writers.h"

#include <stdio.h>
#include <stdlib.h>

#define SECONDS 5
#define SYNCS   500
#define BATCH   100
#define T_MIN   2 /* the first transaction declares the schema */

static const char *const transports[] = {
    [TRANSPORT_MSGPACK] = "msgpack",
    [TRANSPORT_JSON] = "json",
    [TRANSPORT_HTTP] = "http",
};

static const struct {
    unsigned writers;
    enum transport transport;
} runs[] = {
    { 1, TRANSPORT_MSGPACK }, { 16, TRANSPORT_MSGPACK }, { 256, TRANSPORT_MSGPACK },
    { 1, TRANSPORT_JSON },    { 16, TRANSPORT_JSON },    { 256, TRANSPORT_JSON },
    { 256, TRANSPORT_HTTP },
};

static bool run_writers(const struct world *world, double seconds, unsigned only, double *best,
                        struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        struct writers_result result;
        if (only && runs[i].writers != only)
            continue;
        if (!writers_run(world, runs[i].writers, runs[i].transport, seconds, &result, err))
            return false;
        printf(
            "durable transactions, %u client%s, %s: %.0f/s, p50 %.2f ms, p99 %.2f ms; processor "
            "time of txd %.0f us, gateway %.0f us, this load %.0f us each; %.1f frames with %.0f "
            "KB sent each\n",
            runs[i].writers, runs[i].writers == 1 ? "" : "s", transports[runs[i].transport],
            result.per_second, latency_ms(&result.latency, 50), latency_ms(&result.latency, 99),
            result.txd_us, result.gateway_us, result.load_us, result.frames, result.bytes / 1000);
        fflush(stdout);
        latency_release(&result.latency);
        if (runs[i].writers == 256)
            best[runs[i].transport] = result.per_second;
    }
    return true;
}

static bool run_sync(const struct world *world, const char *when, struct error *err)
{
    struct latency latency = { 0 };
    bool ok = bare_sync(world->dir, SYNCS, &latency, err);

    if (ok)
        printf("bare fdatasync of 4 KiB, %s: p50 %.2f ms, p99 %.2f ms\n", when,
               latency_ms(&latency, 50), latency_ms(&latency, 99));
    latency_release(&latency);
    return ok;
}

static bool run_replay(const struct world *world, const double *best, struct error *err)
{
    char data[WORLD_PATH_BYTES + 8], dir[WORLD_PATH_BYTES + 8];
    size_t transactions, keys;
    double seconds;

    snprintf(data, sizeof(data), "%s/data", world->dir);
    snprintf(dir, sizeof(dir), "%s/bare", world->dir);
    if (!bare_replay(data, dir, T_MIN, BATCH, &transactions, &keys, &seconds, err))
        return false;
    double per_second = (double)transactions / seconds;
    printf("bare RocksDB, %.1f keys a transaction, %d in a synced batch: %.0f transactions/s\n",
           (double)keys / (double)transactions, BATCH, per_second);
    for (size_t i = 0; i < ARRAY_LEN(transports) && best[i] > 0; i++)
        printf("durable transactions at 256 clients against bare RocksDB, %s: %.2f (0.40 is "
               "wanted)\n",
               transports[i], best[i] / per_second);
    return true;
}

int main(int argc, char **argv)
{
    struct world world = { 0 };
    double seconds = argc > 2 ? strtod(argv[2], NULL) : SECONDS;
    unsigned only = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
    double best[ARRAY_LEN(transports)] = { 0 };
    struct error err;

    if (argc < 2 || seconds <= 0) {
        fprintf(stderr, "usage: bench-transact BUILD [SECONDS [CLIENTS]]\n");
        return 2;
    }
    bool ok = world_start(&world, argv[1], 1, &err);
    if (ok) {
        ok = writers_prepare(&world, &err) && run_sync(&world, "before", &err) &&
             run_writers(&world, seconds, only, best, &err) && run_sync(&world, "after", &err);
        world_halt(&world);
        ok = ok && run_replay(&world, best, &err);
        world_stop(&world);
    }
    if (!ok)
        fprintf(stderr, "bench-transact: %s\n", err.message);
    return ok ? 0 : 1;
}
