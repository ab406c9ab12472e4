#include "tests/fault/crowd.h"

#include "cli/input.h"
#include "common/clock.h"
#include "proto/edn.h"
#include "tests/fault/check.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define TURN_MS           5
#define FINISH_TIMEOUT_US 60000000
#define AUDITOR           (CROWD_CLIENTS - 1)

static const char schema[] = "{:tx-data [{:db/ident :fault/register :db/unique :db.unique/identity}"
                             " {:db/ident :fault/member :db/cardinality :db.cardinality/many}]}";

/* --- the turn of the loop -------------------------------------------------------------------- */

static void tend(struct crowd *crowd)
{
    unsigned process;
    int status;

    while (world_tend(&crowd->world, &process, &status)) {
        crowd->ended[process]++;
        crowd->ended_status = status;
    }
}

static void turn(struct crowd *crowd)
{
    struct pollfd polls[CROWD_CLIENTS];

    tend(crowd);
    for (size_t i = 0; i < CROWD_CLIENTS; i++) {
        struct client *client = &crowd->clients[i];
        client_turn(client, clock_monotonic_us());
        polls[i] = (struct pollfd){
            .fd = client->open ? client->session.ws.fd : -1,
            .events = (short)(POLLIN | (ws_pending(&client->session.ws) ? POLLOUT : 0)),
        };
    }
    poll(polls, CROWD_CLIENTS, TURN_MS);
    for (size_t i = 0; i < CROWD_CLIENTS; i++)
        if (polls[i].fd >= 0 && polls[i].revents & (POLLIN | POLLHUP | POLLERR))
            client_receive(&crowd->clients[i], clock_monotonic_us());
}

/* The auditor waits for the end. */
static void turn_all_but_auditor(struct crowd *crowd)
{
    crowd->clients[AUDITOR].retry_us = INT64_MAX;
    turn(crowd);
}

void crowd_run(struct crowd *crowd, int64_t duration_us)
{
    int64_t end_us = clock_monotonic_us() + duration_us;

    while (clock_monotonic_us() < end_us)
        turn_all_but_auditor(crowd);
}

/* --- the beginning --------------------------------------------------------------------------- */

static bool declare_schema(struct crowd *crowd, struct error *err)
{
    struct arena arena = { 0 };
    struct value answer;
    struct http *http = world_http(&crowd->world, 0);
    bool ok =
        http_call(http, "main", "transact", bytes_of(schema), &arena, &answer, err) == OUTCOME_OK;

    http_close(http);
    arena_release(&arena);
    return ok || fail_in(err, "the schema");
}

bool crowd_start(struct crowd *crowd, const char *build, unsigned gateways, uint64_t seed,
                 struct error *err)
{
    struct uuid chance = uuid_random();

    crowd->seed = seed ? seed : load_u64be(chance.octets) >> 32;
    crowd->random = crowd->seed;
    printf("seed %llu\n", (unsigned long long)crowd->seed);
    if (!world_start(&crowd->world, build, gateways, err))
        return false;
    crowd->world.supervised = true;
    snprintf(crowd->history_name, sizeof(crowd->history_name), "%.*s/history.edn",
             (int)sizeof(crowd->world.dir) - 16, crowd->world.dir);
    crowd->history = fopen(crowd->history_name, "w");
    if (!crowd->history || !declare_schema(crowd, err)) {
        world_stop(&crowd->world);
        return crowd->history ? false : fail(err, ERROR_FAULT, "%s", crowd->history_name);
    }
    for (size_t i = 0; i < CROWD_CLIENTS; i++) {
        client_init(&crowd->clients[i], (int64_t)i + 1, crowd->history, crowd->world.http_ports,
                    gateways, crowd->seed);
        crowd->clients[i].writes = i < CROWD_WRITERS;
    }
    return true;
}

void crowd_kill(struct crowd *crowd, unsigned process)
{
    char name[32];

    snprintf(name, sizeof(name), process == 0 ? "txd" : "gateway %u", process);
    history_write(crowd->history, &(struct event){ .type = EVENT_KILL, .text = bytes_of(name) });
    world_signal(&crowd->world, process, SIGKILL);
}

int64_t crowd_acked(const struct crowd *crowd)
{
    int64_t acked = 0;

    for (size_t i = 0; i < CROWD_WRITERS; i++)
        acked += crowd->clients[i].acked;
    return acked;
}

/* --- the end --------------------------------------------------------------------------------- */

/* All operations have ended, and all clients from the first to `count` hold the same last t. */
static bool settled(const struct crowd *crowd, size_t count)
{
    int64_t acked_t = 0;

    for (size_t i = 0; i < CROWD_WRITERS; i++) {
        if (crowd->clients[i].pending_count > 0)
            return false;
        if (crowd->clients[i].acked_t > acked_t)
            acked_t = crowd->clients[i].acked_t;
    }
    for (size_t i = 0; i < count; i++)
        if (!crowd->clients[i].synced || crowd->clients[i].t < acked_t ||
            crowd->clients[i].t != crowd->clients[0].t)
            return false;
    return true;
}

/* The auditor believes that it holds all of t 0, so the log is what it gets. */
static bool audit(struct crowd *crowd, struct error *err)
{
    struct client *auditor = &crowd->clients[AUDITOR];

    auditor->epoch = crowd->clients[0].epoch;
    auditor->retry_us = 0;
    auditor->audits = true;
    int64_t end_us = clock_monotonic_us() + FINISH_TIMEOUT_US;
    while (!settled(crowd, CROWD_CLIENTS)) {
        turn(crowd);
        if (clock_monotonic_us() > end_us)
            return fail(err, ERROR_INTERRUPTED, "the auditor is at t %lld, the others at t %lld",
                        (long long)auditor->t, (long long)crowd->clients[0].t);
    }
    return true;
}

static void write_final(struct crowd *crowd, const struct client *client)
{
    struct arena arena = { 0 };
    struct buffer text = { 0 };
    struct event event = { .type = EVENT_FINAL, .client = client->number, .t = client->t };
    struct error err;

    mirror_write(&client->mirror, &text);
    if (edn_read(buffer_bytes(&text), &arena, &event.datoms, &err))
        history_write(crowd->history, &event);
    buffer_release(&text);
    arena_release(&arena);
}

static bool write_end(struct crowd *crowd, struct error *err)
{
    struct arena arena = { 0 };
    struct buffer text = { 0 };
    struct value export;

    for (size_t i = 0; i < CROWD_CLIENTS; i++)
        write_final(crowd, &crowd->clients[i]);
    bool ok = world_export(&crowd->world, 0, "main", &text, err) &&
              edn_read(buffer_bytes(&text), &arena, &export, err);
    if (ok) {
        const struct value *datoms = value_get(&export, "datoms");
        if (datoms)
            history_write(crowd->history,
                          &(struct event){ .type = EVENT_EXPORT, .datoms = *datoms });
        else
            ok = fail(err, ERROR_FAULT, "the export has no :datoms");
    }
    buffer_release(&text);
    arena_release(&arena);
    return ok;
}

static bool check(struct crowd *crowd, struct error *err)
{
    struct buffer history = { 0 }, report = { 0 };
    bool kept = false;
    bool ok = input_read(crowd->history_name, SIZE_MAX - 1, &history, err) &&
              check_history(buffer_bytes(&history), &report, &kept, err);

    printf("%.*s", (int)report.len, report.data ? report.data : "");
    if (ok && !kept)
        ok = fail(err, ERROR_FAULT, "the history breaks a rule");
    buffer_release(&history);
    buffer_release(&report);
    return ok;
}

static bool quiesce(struct crowd *crowd, struct error *err)
{
    int64_t end_us = clock_monotonic_us() + FINISH_TIMEOUT_US;

    for (size_t i = 0; i < CROWD_CLIENTS; i++)
        crowd->clients[i].writes = false;
    while (!settled(crowd, AUDITOR)) {
        turn_all_but_auditor(crowd);
        if (clock_monotonic_us() < end_us)
            continue;
        for (size_t i = 0; i < AUDITOR; i++)
            printf("client %lld: t %lld, %zu pending, %s\n", (long long)crowd->clients[i].number,
                   (long long)crowd->clients[i].t, crowd->clients[i].pending_count,
                   crowd->clients[i].synced ? "synced" : "not synced");
        return fail(err, ERROR_INTERRUPTED, "the clients do not come to rest");
    }
    return true;
}

bool crowd_finish(struct crowd *crowd, const char *what)
{
    struct error err;
    bool ok = quiesce(crowd, &err) && audit(crowd, &err) && write_end(crowd, &err);

    fclose(crowd->history);
    ok = ok && check(crowd, &err);
    if (!ok) {
        printf("%s: %s; the history and the logs are in %s\n", what, err.message, crowd->world.dir);
        crowd->world.keep = true;
    }
    for (size_t i = 0; i < CROWD_CLIENTS; i++)
        client_release(&crowd->clients[i]);
    world_stop(&crowd->world);
    return ok;
}
