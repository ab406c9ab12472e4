#include "gateway/gateway.h"

#include "common/clock.h"
#include "common/log.h"
#include "gateway/metrics.h"
#include "gateway/session.h"
#include "proto/bus.h"

#include <stdlib.h>

/* How soon clients come back after a goaway: spread, so that they do not all come at once. */
#define RETRY_MS_MIN    200
#define RETRY_MS_SPREAD 2000

#define SOON_US  1000
#define SWEEP_US 90000

/* --- the bus's --- */

static void on_feed(void *arg, struct bytes topic, const struct value *message)
{
    struct gateway *gateway = arg;
    struct bytes prefix = BYTES(BUS_TOPIC_GRAPH);
    struct uuid incarnation;
    struct error error;

    if (bytes_starts_with(topic, prefix)) {
        struct room *room =
            room_find(gateway, (struct bytes){ topic.data + prefix.len, topic.len - prefix.len });
        if (room)
            room_feed(room, message);
    } else if (bus_field_uuid(message, "incarnation", true, &incarnation, &error)) {
        presence_alive(gateway->presence, &incarnation);
    }
}

/* From any thread. */
static void on_wake(void *arg)
{
    struct gateway *gateway = arg;

    gateway->loop.wake(gateway->loop.arg);
}

/* Presence has news, which may wait for others to come. */
static void on_soon(void *arg)
{
    struct gateway *gateway = arg;

    gateway->loop.within(gateway->loop.arg, SOON_US);
}

static void on_changed(void *arg)
{
    struct gateway *gateway = arg;
    struct error error;

    if (!bus_up(gateway->bus, &error))
        return;
    struct uuid incarnation = bus_incarnation(gateway->bus);
    presence_alive(gateway->presence, &incarnation);
    presence_announce_all(gateway->presence);
    on_soon(gateway);
}

/* --- the loop's --- */

static void settle(struct gateway *gateway)
{
    struct hashmap_entry *slot;

    for (size_t at = 0; (slot = hashmap_next(&gateway->rooms, &at));)
        room_settle(slot->value);
}

void gateway_dispatch(struct gateway *gateway)
{
    bus_dispatch(gateway->bus);
    settle(gateway);
}

static void set_metrics(struct gateway *gateway)
{
    struct error error;

    metrics_set(METRIC_TXD_UP, bus_up(gateway->bus, &error));
    metrics_set(METRIC_BUS_WAITING, (int64_t)bus_waiting(gateway->bus));
    metrics_set(METRIC_BUS_IN_FLIGHT, (int64_t)bus_in_flight(gateway->bus));
}

static void tick_opened(struct gateway *gateway)
{
    int64_t now = clock_monotonic_us();

    for (struct session *next, *at = gateway->opened; at; at = next) {
        next = at->next;
        session_tick(at, now);
    }
}

static void tick_rooms(struct gateway *gateway)
{
    struct hashmap_entry *slot;
    struct bytes forgotten = { 0 };

    for (size_t at = 0; (slot = hashmap_next(&gateway->rooms, &at));) {
        if (!room_tick(slot->value)) {
            forgotten = slot->key;
            break; /* the map must not change under the loop; the others have their turn again */
        }
    }
    if (forgotten.data)
        hashmap_remove(&gateway->rooms, forgotten);
}

void gateway_tick(struct gateway *gateway)
{
    int64_t now = clock_monotonic_us();

    presence_tick(gateway->presence);
    settle(gateway);
    if (now < gateway->swept_us + SWEEP_US)
        return;
    gateway->swept_us = now;
    bus_tick(gateway->bus);
    tick_opened(gateway);
    tick_rooms(gateway);
    set_metrics(gateway);
}

void gateway_drain(struct gateway *gateway)
{
    struct hashmap_entry *slot;

    if (gateway->draining)
        return;
    gateway->draining = true;
    gateway->drain_until_us = clock_monotonic_us() + gateway->settings->drain_ms * 1000;
    for (size_t at = 0; (slot = hashmap_next(&gateway->rooms, &at));) {
        struct room *room = slot->value;
        for (struct session *session = room->sessions; session; session = session->next)
            session_drain(session, RETRY_MS_MIN + rand() % RETRY_MS_SPREAD);
    }
    for (struct session *session = gateway->opened; session; session = session->next)
        session_end(session, CLOSE_RESTART, "this gateway is going away");
}

bool gateway_is_drained(const struct gateway *gateway)
{
    return presence_is_told(gateway->presence);
}

bool gateway_ready(const struct gateway *gateway, struct error *err)
{
    if (gateway->draining)
        return fail(err, ERROR_UNAVAILABLE, "this gateway is going away");
    return bus_up(gateway->bus, err);
}

/* --- life --- */

bool gateway_open(const struct settings *settings, const struct gateway_loop *loop,
                  struct gateway **out, struct error *err)
{
    struct gateway *gateway = xcalloc(1, sizeof(*gateway));

    gateway->settings = settings;
    gateway->loop = *loop;
    gateway->incarnation = uuid_random();
    srand(load_u32be(gateway->incarnation.octets));
    struct bus_options options = { .request_url = settings->txd_url,
                                   .feed_url = settings->feed_url,
                                   .wake = on_wake,
                                   .feed = on_feed,
                                   .changed = on_changed,
                                   .arg = gateway };
    if (!bus_open(&options, &gateway->bus, err)) {
        gateway_close(gateway);
        return false;
    }
    gateway->presence = presence_open(gateway->bus, gateway->incarnation, on_soon, gateway);
    *out = gateway;
    return true;
}

void gateway_stop(struct gateway *gateway)
{
    bus_stop(gateway->bus);
}

void gateway_close(struct gateway *gateway)
{
    struct hashmap_entry *slot;

    if (!gateway)
        return;
    for (size_t at = 0; (slot = hashmap_next(&gateway->rooms, &at));)
        room_close(slot->value);
    hashmap_release(&gateway->rooms);
    presence_close(gateway->presence);
    bus_close(gateway->bus);
    arena_release(&gateway->arena);
    free(gateway);
}
