#include "gateway/import.h"

#include "proto/bus.h"
#include "proto/mp.h"

#include <stdlib.h>

#define TIMEOUT_MS        30000
#define FINISH_TIMEOUT_MS 600000
#define PATIENCE_MS       1500

/* One piece, and how much of the body waits before the client does. */
#define PIECE_BYTES     (1 << 20)
#define WAIT_BYTES_HIGH (4 << 20)
#define WAIT_BYTES_LOW  (1 << 20)

enum step { STEP_OPENING, STEP_FEEDING, STEP_FINISHING, STEP_ENDED };

struct import {
    enum step step;
    bool asked; /* something is under way */
    int64_t id;
};

static void proceed(struct exchange *exchange);

static void ignore(void *arg, const struct value *answer, const struct error *error)
{
    (void)arg, (void)answer, (void)error;
}

/* `text` NULL: the request carries none. */
static void ask(struct exchange *exchange, const char *type, const struct bytes *text,
                int64_t timeout_ms, bus_answer_fn fn)
{
    struct import *import = exchange->state;
    bool open = import->step == STEP_OPENING;
    struct buffer request = { 0 };
    struct error error;

    mp_write_map(&request, text ? 3 : 2);
    mp_write_string(&request, BYTES("type"));
    mp_write_string(&request, bytes_of(type));
    mp_write_string(&request, open ? BYTES("graph") : BYTES("import"));
    if (open)
        mp_write_string(&request, bytes_of(exchange->graph));
    else
        mp_write_long(&request, import->id);
    if (text) {
        mp_write_string(&request, BYTES("text"));
        mp_write_bytes(&request, *text);
    }
    import->asked = true;
    struct bus_call call = { .request = buffer_bytes(&request),
                             .class = BUS_QUICK,
                             .timeout_ms = timeout_ms,
                             .patience_ms = PATIENCE_MS,
                             .fn = fn,
                             .arg = fn == ignore ? NULL : exchange_retain(exchange) };
    if (!bus_request(exchange->gateway->bus, &call, &error))
        fn(call.arg, NULL, &error);
    buffer_release(&request);
}

static void import_free(struct exchange *exchange)
{
    free(exchange->state);
    exchange->state = NULL;
}

static void finished(struct exchange *exchange, const struct value *answer)
{
    struct arena arena = { 0 };
    struct value_builder map = { 0 };

    value_builder_entry(&map, &arena, "t", value_long(bus_number(answer, "t")));
    value_builder_entry(&map, &arena, "datoms", value_long(bus_number(answer, "datoms")));
    struct value value = value_builder_end(&map, VALUE_MAP);
    exchange_reply_value(exchange, 201, &value);
    arena_release(&arena);
}

/* The client has gone, or something was wrong: txd need not wait for more. */
static void import_abort(struct exchange *exchange)
{
    const struct import *import = exchange->state;

    if (import->step == STEP_FEEDING || import->step == STEP_FINISHING)
        ask(exchange, "import-abort", NULL, TIMEOUT_MS, ignore);
    import_free(exchange);
}

static void on_answer(void *arg, const struct value *answer, const struct error *error)
{
    struct exchange *exchange = arg;
    struct import *import = exchange->state;

    import->asked = false;
    if (!error && import->step == STEP_OPENING)
        import->id = bus_number(answer, "import");
    if (error) {
        exchange_reply_error(exchange, 0, error);
        exchange_pause(exchange, false);
        import_abort(exchange);
    } else if (exchange_gone(exchange)) {
        if (import->step == STEP_OPENING)
            import->step = STEP_FEEDING;
        import_abort(exchange);
    } else if (import->step == STEP_FINISHING) {
        finished(exchange, answer);
        import_free(exchange);
    } else {
        import->step = STEP_FEEDING;
        proceed(exchange);
    }
    exchange_release(exchange);
}

static void feed(struct exchange *exchange)
{
    struct buffer *body = &exchange->body;
    struct bytes piece = { body->data, body->len < PIECE_BYTES ? body->len : PIECE_BYTES };

    ask(exchange, "import-feed", &piece, TIMEOUT_MS, on_answer);
    body->len -= piece.len;
    memmove(body->data, body->data + piece.len, body->len);
}

/* The next piece, if one may go; a small one waits for more, unless it is the last. */
static void proceed(struct exchange *exchange)
{
    struct import *import = exchange->state;
    const struct buffer *body = &exchange->body;

    if (!import || exchange->answered)
        return;
    if (!import->asked && import->step == STEP_FEEDING) {
        if (body->len >= PIECE_BYTES / 4 || (exchange->body_ended && body->len)) {
            feed(exchange);
        } else if (exchange->body_ended) {
            import->step = STEP_FINISHING;
            ask(exchange, "import-finish", NULL, FINISH_TIMEOUT_MS, on_answer);
        }
    }
    if (body->len > WAIT_BYTES_HIGH)
        exchange_pause(exchange, true);
    else if (body->len < WAIT_BYTES_LOW)
        exchange_pause(exchange, false);
}

static void gone(struct exchange *exchange)
{
    const struct import *import = exchange->state;

    if (import && !import->asked)
        import_abort(exchange);
}

static const struct exchange_operations operations = { .body = proceed, .gone = gone };

void import_start(struct exchange *exchange)
{
    struct import *import = xcalloc(1, sizeof(*import));

    exchange->state = import;
    exchange->operations = &operations;
    ask(exchange, "import-open", NULL, TIMEOUT_MS, on_answer);
}
