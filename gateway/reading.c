#include "gateway/reading.h"

#include "common/clock.h"
#include "common/log.h"
#include "gateway/forward.h"
#include "gateway/metrics.h"

#include <stdio.h>
#include <stdlib.h>

#define PATIENCE_MS       1500
#define CANCEL_TIMEOUT_MS 5000

struct reading {
    struct gateway *gateway;
    char reader[FORWARD_READER_BYTES]; /* its name at txd */
    bus_answer_fn fn;                  /* NULL: cancelled */
    void *arg;
    int64_t started_us;
};

static void on_answer(void *arg, const struct value *answer, const struct error *error)
{
    struct reading *reading = arg;

    metrics_observe(HISTOGRAM_QUERY, clock_monotonic_us() - reading->started_us);
    if (reading->fn)
        reading->fn(reading->arg, answer, error);
    free(reading);
}

struct reading *reading_start(struct gateway *gateway, const struct message *message,
                              struct bytes graph, bus_answer_fn fn, void *arg)
{
    struct reading *reading = xmalloc(sizeof(*reading));
    struct buffer text = { 0 };
    struct error error;
    char incarnation[UUID_TEXT_BYTES];

    *reading = (struct reading){
        .gateway = gateway, .fn = fn, .arg = arg, .started_us = clock_monotonic_us()
    };
    uuid_format(&gateway->incarnation, incarnation);
    snprintf(reading->reader, sizeof(reading->reader), "%s-%llu", incarnation,
             (unsigned long long)gateway->readings++);
    forward_read(&text, message, graph, bytes_of(reading->reader));
    struct bus_call call = { .request = buffer_bytes(&text),
                             .class = BUS_SLOW,
                             .repeatable = true,
                             .timeout_ms = forward_read_timeout_ms(message),
                             .patience_ms = PATIENCE_MS,
                             .fn = on_answer,
                             .arg = reading };
    if (!bus_request(gateway->bus, &call, &error)) {
        on_answer(reading, NULL, &error);
        reading = NULL;
    }
    buffer_release(&text);
    return reading;
}

/* Whether or not txd had it still to do, nobody is left to be told. */
static void on_cancelled(void *arg, const struct value *answer, const struct error *error)
{
    (void)arg, (void)answer, (void)error;
}

void reading_cancel(struct reading *reading)
{
    struct buffer text = { 0 };
    struct error error;

    if (!reading)
        return;
    reading->fn = NULL;
    if (bus_withdraw(reading->gateway->bus, BUS_SLOW, reading)) {
        free(reading);
        return;
    }
    forward_cancel(&text, bytes_of(reading->reader));
    struct bus_call call = { .request = buffer_bytes(&text),
                             .class = BUS_QUICK,
                             .timeout_ms = CANCEL_TIMEOUT_MS,
                             .fn = on_cancelled };
    if (!bus_request(reading->gateway->bus, &call, &error))
        log_debug("a reading is left to its time limit: %s", error.message);
    buffer_release(&text);
}
