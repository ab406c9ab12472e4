#include "tests/unit/test.h"

#include "proto/bus.h"
#include "proto/edn.h"
#include "proto/mp.h"
#include "tests/unit/fake_bus.h"

#include <stdlib.h>

struct fake_call {
    struct fake_call *next;
    struct bus_call call;
    struct arena arena;
    struct value request;
    bool held;
};

struct bus {
    struct bus_options options;
    struct fake_call *calls;
    bool hold;
};

static struct fake_call **find(struct bus *bus, const char *type)
{
    struct fake_call **at = &bus->calls;

    while (*at && !bytes_equal(bus_text(&(*at)->request, "type"), bytes_of(type)))
        at = &(*at)->next;
    return at;
}

static void call_free(struct fake_call *call)
{
    arena_release(&call->arena);
    free(call);
}

const struct value *fake_bus_asked(struct bus *bus, const char *type)
{
    struct fake_call *call = *find(bus, type);

    return call ? &call->request : NULL;
}

size_t fake_bus_count(const struct bus *bus, const char *type)
{
    size_t count = 0;

    for (const struct fake_call *at = bus->calls; at; at = at->next)
        count += bytes_equal(bus_text(&at->request, "type"), bytes_of(type));
    return count;
}

static void finish(struct bus *bus, const char *type, const struct value *answer,
                   const struct error *error)
{
    struct fake_call **at = find(bus, type), *call = *at;

    if (!call) {
        fail_msg("no %s was asked", type);
        return;
    }
    *at = call->next;
    call->call.fn(call->call.arg, answer, error);
    call_free(call);
}

void fake_bus_answer(struct bus *bus, const char *type, const struct value *answer)
{
    finish(bus, type, answer, NULL);
}

void fake_bus_fail(struct bus *bus, const char *type, enum error_kind kind)
{
    struct error error;

    fail(&error, kind, "the test says so");
    finish(bus, type, NULL, &error);
}

void fake_bus_hold(struct bus *bus, bool hold)
{
    bus->hold = hold;
}

struct value fake_bus_value(struct arena *arena, const char *edn)
{
    struct value value;
    struct error error;

    if (!edn_read(bytes_of(edn), arena, &value, &error))
        fail_msg("%s: %s", edn, error.message);
    return value;
}

/* --- gateway/bus.h --- */

bool bus_open(const struct bus_options *options, struct bus **out, struct error *err)
{
    (void)err;
    *out = xcalloc(1, sizeof(**out));
    (*out)->options = *options;
    return true;
}

void bus_stop(struct bus *bus)
{
    struct error error;

    fail(&error, ERROR_UNAVAILABLE, "the gateway is closing");
    while (bus->calls) {
        struct fake_call *call = bus->calls;
        bus->calls = call->next;
        call->call.fn(call->call.arg, NULL, &error);
        call_free(call);
    }
}

void bus_close(struct bus *bus)
{
    if (bus)
        bus_stop(bus);
    free(bus);
}

bool bus_request(struct bus *bus, const struct bus_call *call, struct error *err)
{
    struct fake_call **at = &bus->calls, *added = xcalloc(1, sizeof(*added));

    while (*at)
        at = &(*at)->next;
    added->call = *call;
    added->held = bus->hold;
    struct bytes kept = arena_copy(&added->arena, call->request);
    if (!mp_read(kept, &added->arena, &added->request, err))
        fail_msg("a request cannot be read: %s", err->message);
    *at = added;
    return true;
}

bool bus_withdraw(struct bus *bus, enum bus_class class, const void *arg)
{
    for (struct fake_call **at = &bus->calls; *at; at = &(*at)->next) {
        struct fake_call *call = *at;
        if (call->call.arg != arg || call->call.class != class || !call->held)
            continue;
        *at = call->next;
        call_free(call);
        return true;
    }
    return false;
}

bool bus_ask(struct bus *bus, struct bytes request, int32_t timeout_ms, struct arena *arena,
             struct value *answer, struct error *err)
{
    (void)bus, (void)request, (void)timeout_ms, (void)arena, (void)answer;
    return fail(err, ERROR_UNAVAILABLE, "no test asks so");
}

void bus_subscribe(struct bus *bus, struct bytes topic)
{
    (void)bus, (void)topic;
}

void bus_unsubscribe(struct bus *bus, struct bytes topic)
{
    (void)bus, (void)topic;
}

void bus_dispatch(struct bus *bus)
{
    (void)bus;
}

void bus_tick(struct bus *bus)
{
    (void)bus;
}

bool bus_up(const struct bus *bus, struct error *err)
{
    (void)bus, (void)err;
    return true;
}

struct uuid bus_incarnation(const struct bus *bus)
{
    (void)bus;
    return (struct uuid){ { 7 } };
}

size_t bus_waiting(const struct bus *bus)
{
    (void)bus;
    return 0;
}

size_t bus_in_flight(const struct bus *bus)
{
    (void)bus;
    return 0;
}
