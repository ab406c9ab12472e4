/*
 * Sessions without sockets and without txd: scripts of what the client says, what txd answers and
 * tells, and what the client is then sent.
 */
#include "tests/unit/test.h"

#include "gateway/session.h"
#include "proto/bus.h"
#include "proto/mp.h"
#include "proto/transit.h"
#include "tests/unit/fake_bus.h"

#include <stdlib.h>

#define EPOCH "#uuid \"01000000-0000-0000-0000-000000000000\""
#define LOG   "{\"epoch\" " EPOCH " \"t\" 57 \"sync\" \"log\" \"checksum\" \"0\"}"
#define SNAPSHOT                                                                                   \
    "{\"epoch\" " EPOCH " \"t\" 59 \"sync\" \"snapshot\" \"checksum\" \"0\" \"count\" 0}"
#define RESULTS "{\"results\" [{\"t\" 58 \"tx\" 9 \"tempids\" {}}]}"

enum action {
    SAY,    /* the client sends `text` */
    ASKED,  /* so many (`from`) requests of type `text` are not answered */
    ANSWER, /* txd answers that of type `text` with `more` */
    BRING,  /* that answer brings the transactions from .. to with it */
    REFUSE, /* txd is away for that of type `text` */
    FEED,   /* the feed brings the transactions from .. to, `bytes` each, in one message */
    PAGE,   /* txd answers `log` with these */
    SENT,   /* the client is sent the messages `text`, if it was woken; then it is not any more */
    LIVES,  /* it is not to be closed */
    ENDED,  /* it is to be closed with the code `from` */
    DRAIN,  /* the gateway goes away */
    TICK,   /* a tenth of a second is over */
};

struct step {
    enum action action;
    const char *text, *more;
    uint32_t from, to;
    size_t bytes;
};

#define MB ((size_t)1 << 20)

static const struct {
    const char *name;
    struct step steps[16];
} scripts[] = {
    { "the log, then what is live",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":57}" },
        { ANSWER, .text = "sync", .more = LOG },
        { FEED, .from = 58, .to = 59 },
        { SENT, .text = "welcome/1 tx58 tx59" },
        { FEED, .from = 60, .to = 60 },
        { SENT, .text = "tx60" } } },
    { "what the log lacks is fetched",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":50}" },
        { ANSWER, .text = "sync", .more = LOG },
        { FEED, .from = 58, .to = 58 },
        { PAGE, .from = 51, .to = 55 },
        { SENT, .text = "welcome/1 tx51 tx52 tx53 tx54 tx55" },
        { PAGE, .from = 56, .to = 57 },
        { SENT, .text = "tx56 tx57 tx58" } } },
    { "the log is asked for again when txd is back",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":50}" },
        { ANSWER, .text = "sync", .more = LOG },
        { REFUSE, .text = "log" },
        { .action = LIVES } } },
    { "a result comes after its tx",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":57}" },
        { ANSWER, .text = "sync", .more = LOG },
        { SENT, .text = "welcome/1" },
        { SAY, .text = "{\"type\":\"transact\",\"id\":7,\"tx_data\":[]}" },
        { ANSWER, .text = "transact", .more = RESULTS },
        { SENT, .text = "" },
        { FEED, .from = 58, .to = 59 },
        { SENT, .text = "tx58 result/7 tx59" } } },
    { "with its tx, when the answer brings it; the feed's is one too many",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":57}" },
        { ANSWER, .text = "sync", .more = LOG },
        { SENT, .text = "welcome/1" },
        { SAY, .text = "{\"type\":\"transact\",\"id\":7,\"tx_data\":[]}" },
        { BRING, .text = "transact", .more = RESULTS, .from = 58, .to = 58 },
        { SENT, .text = "tx58 result/7" },
        { FEED, .from = 58, .to = 58 },
        { SENT, .text = "" },
        { FEED, .from = 59, .to = 59 },
        { SENT, .text = "tx59" } } },
    { "what an answer brings too early comes with the feed",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":56}" },
        { ANSWER, .text = "sync", .more = LOG },
        { PAGE, .from = 57, .to = 57 },
        { SENT, .text = "welcome/1 tx57" },
        { SAY, .text = "{\"type\":\"transact\",\"id\":7,\"tx_data\":[]}" },
        { BRING, .text = "transact", .more = "{\"results\" [{\"t\" 59 \"tx\" 9 \"tempids\" {}}]}",
          .from = 59, .to = 59 },
        { SENT, .text = "" },
        { ASKED, .text = "log", .from = 0 },
        { FEED, .from = 58, .to = 59 },
        { SENT, .text = "tx58 tx59 result/7" } } },
    { "after the whole of a snapshot, though the client has had that tx before",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":58,\"sync\":\"snapshot\"}" },
        { ANSWER, .text = "sync", .more = SNAPSHOT },
        { SAY, .text = "{\"type\":\"transact\",\"id\":7,\"tx_data\":[]}" },
        { ANSWER, .text = "transact", .more = RESULTS },
        { SENT, .text = "welcome/1 snapshot" },
        { ANSWER, .text = "snapshot", .more = "{\"datoms\" \"\" \"after\" \"\"}" },
        { SENT, .text = "synced result/7" } } },
    { "who waits for a result is sent it in one frame with what else there is",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":56}" },
        { ANSWER, .text = "sync", .more = LOG },
        { PAGE, .from = 57, .to = 57 },
        { FEED, .from = 58, .to = 58 },
        { SENT, .text = "welcome/1 tx57 tx58" },
        { SAY, .text = "{\"type\":\"transact\",\"id\":7,\"tx_data\":[]}" },
        { FEED, .from = 59, .to = 60 },
        { SENT, .text = "" },
        { ANSWER, .text = "transact",
          .more = "{\"results\" [{\"t\" 59 \"tx\" 9 \"tempids\" {}}]}" },
        { SENT, .text = "tx59 result/7 tx60" } } },
    { "a transaction that txd refuses",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":57}" },
        { ANSWER, .text = "sync", .more = LOG },
        { SAY, .text = "{\"type\":\"transact\",\"id\":7,\"tx_data\":[]}" },
        { ANSWER, .text = "transact",
          .more = "{\"results\" [{\"t\" 57 \"error\" {\"code\" \"conflict\" \"message\" "
                  "\"taken\"}}]}" },
        { SENT, .text = "welcome/1 error/7" } } },
    { "a refusal, after what it rests on",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":57}" },
        { ANSWER, .text = "sync", .more = LOG },
        { SAY, .text = "{\"type\":\"transact\",\"id\":7,\"tx_data\":[]}" },
        { ANSWER, .text = "transact",
          .more = "{\"results\" [{\"t\" 59 \"error\" {\"code\" \"conflict\" \"message\" "
                  "\"taken\"}}]}" },
        { SENT, .text = "welcome/1" },
        { FEED, .from = 58, .to = 60 },
        { SENT, .text = "tx58 tx59 error/7 tx60" } } },
    { "what comes before the welcome is done after it",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":57}" },
        { SAY, .text = "{\"type\":\"query\",\"id\":2,\"query\":\"[:find ?e :where [?e :a]]\"}" },
        { ASKED, .text = "query", .from = 0 },
        { ANSWER, .text = "sync", .more = LOG },
        { ANSWER, .text = "query", .more = "{\"t\" 57 \"result\" []}" },
        { SENT, .text = "welcome/1 result/2" } } },
    { "an id that is open",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":57}" },
        { ANSWER, .text = "sync", .more = LOG },
        { SAY, .text = "{\"type\":\"query\",\"id\":2,\"query\":\"[:find ?e :where [?e :a]]\"}" },
        { SAY, .text = "{\"type\":\"query\",\"id\":2,\"query\":\"[:find ?e :where [?e :a]]\"}" },
        { ASKED, .text = "query", .from = 1 },
        { SENT, .text = "welcome/1 error/2" } } },
    { "txd is away at the hello",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1}" },
        { REFUSE, .text = "sync" },
        { SENT, .text = "error/1" },
        { ENDED, .from = CLOSE_TRY_LATER } } },
    { "something else before the hello",
      { { SAY, .text = "{\"type\":\"presence\",\"state\":{}}" },
        { ENDED, .from = CLOSE_NO_HELLO_FIRST } } },
    { "a second hello",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":57}" },
        { ANSWER, .text = "sync", .more = LOG },
        { SAY, .text = "{\"type\":\"hello\",\"id\":2}" },
        { SENT, .text = "welcome/1" },
        { ENDED, .from = CLOSE_SECOND_HELLO } } },
    { "not JSON", { { SAY, .text = "{\"type\":" }, { ENDED, .from = CLOSE_NOT_DECODED } } },
    { "a large page of the log is no reason to end who reads well",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":56}" },
        { ANSWER, .text = "sync", .more = LOG },
        { PAGE, .from = 57, .to = 57, .bytes = 6 * MB },
        { SAY, .text = "{\"type\":\"nonsense\",\"id\":2}" },
        { SAY, .text = "{\"type\":\"nonsense\",\"id\":3}" },
        { .action = LIVES },
        { SENT, .text = "welcome/1" }, /* more does not fit into the frame */
        { SENT, .text = "tx57" },
        { SENT, .text = "error/2 error/3" } } },
    { "nor is a large transaction",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":57}" },
        { ANSWER, .text = "sync", .more = LOG },
        { SENT, .text = "welcome/1" },
        { FEED, .from = 58, .to = 58, .bytes = 6 * MB },
        { FEED, .from = 59, .to = 59 },
        { FEED, .from = 60, .to = 60 },
        { SENT, .text = "tx58" },
        { SENT, .text = "tx59 tx60" } } },
    { "nor are several at once, of which the ring holds but the last",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":57}" },
        { ANSWER, .text = "sync", .more = LOG },
        { FEED, .from = 58, .to = 58 },
        { SENT, .text = "welcome/1 tx58" },
        { FEED, .from = 59, .to = 61, .bytes = 6 * MB },
        { .action = LIVES },
        { FEED, .from = 62, .to = 62 },
        { PAGE, .from = 59, .to = 59, .bytes = 6 * MB },
        { SENT, .text = "tx59" },
        { PAGE, .from = 60, .to = 60, .bytes = 6 * MB },
        { SENT, .text = "tx60" },
        { .action = LIVES } } },
    { "who takes nothing is ended",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":57}" },
        { ANSWER, .text = "sync", .more = LOG },
        { FEED, .from = 58, .to = 58 },
        { SENT, .text = "welcome/1 tx58" },
        { FEED, .from = 59, .to = 62, .bytes = MB },
        { FEED, .from = 63, .to = 63, .bytes = MB },
        { .action = LIVES },
        { FEED, .from = 64, .to = 64, .bytes = MB },
        { FEED, .from = 65, .to = 65 },
        { ENDED, .from = CLOSE_TRY_LATER } } },
    { "draining waits for answers",
      { { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":57}" },
        { ANSWER, .text = "sync", .more = LOG },
        { SAY, .text = "{\"type\":\"query\",\"id\":2,\"query\":\"[:find ?e :where [?e :a]]\"}" },
        { .action = DRAIN },
        { SAY, .text = "{\"type\":\"query\",\"id\":3,\"query\":\"[:find ?e :where [?e :a]]\"}" },
        { .action = LIVES },
        { ANSWER, .text = "query", .more = "{\"t\" 57 \"result\" []}" },
        { SENT, .text = "welcome/1 goaway error/3 result/2" },
        { .action = TICK },
        { ENDED, .from = CLOSE_RESTART } } },
};

/* --- a gateway with one session --- */

struct fixture {
    struct settings settings;
    struct gateway *gateway;
    struct session *session;
    struct frame frame;
    bool woken;
};

static void on_wake(void *socket)
{
    ((struct fixture *)socket)->woken = true;
}

static void on_pause(void *socket, bool paused)
{
    (void)socket, (void)paused;
}

static const struct session_operations operations = { .wake = on_wake, .pause = on_pause };

static void on_loop_wake(void *arg)
{
    (void)arg;
}

static void on_loop_within(void *arg, int64_t us)
{
    (void)arg, (void)us;
}

static void set_up(struct fixture *fixture)
{
    const struct gateway_loop loop = { .wake = on_loop_wake, .within = on_loop_within };
    struct error error;

    *fixture = (struct fixture){ .settings = { .frame_bytes = 1 << 20,
                                               .socket_queue_bytes = 4 << 20,
                                               .hello_seconds = 10,
                                               .ping_ms = 25000,
                                               .drain_ms = 5000 } };
    assert_true(gateway_open(&fixture->settings, &loop, &fixture->gateway, &error));
    fixture->session =
        session_open(fixture->gateway, BYTES("main"), ENCODING_JSON, &operations, fixture);
}

static void tear_down(struct fixture *fixture)
{
    if (fixture->session)
        session_close(fixture->session);
    gateway_stop(fixture->gateway);
    gateway_close(fixture->gateway);
    buffer_release(&fixture->frame.buffer);
}

/* The message of t, with so many bytes in it. */
static struct value tx_message(struct arena *arena, uint32_t t, size_t bytes)
{
    struct buffer text = { 0 };
    char *filler = arena_alloc(arena, bytes + 1);

    memset(filler, 'x', bytes);
    mp_write_map(&text, 3);
    mp_write_string(&text, BYTES("type"));
    mp_write_string(&text, BYTES("tx"));
    mp_write_string(&text, BYTES("t"));
    mp_write_long(&text, t);
    mp_write_string(&text, BYTES("filler"));
    mp_write_string(&text, (struct bytes){ filler, bytes });
    struct value value = { .type = VALUE_BYTES, .text = arena_copy(arena, buffer_bytes(&text)) };
    buffer_release(&text);
    return value;
}

/* The entries of a map that brings transactions. */
static void add_transactions(struct value_builder *map, struct arena *arena,
                             const struct step *step)
{
    struct value_builder txs = { 0 };

    for (uint32_t t = step->from; t <= step->to; t++) {
        struct value *tx = ARENA_ARRAY(arena, struct value, 3);
        tx[0] = value_long(t);
        tx[1] = value_string(BYTES("0"));
        tx[2] = tx_message(arena, t, step->bytes);
        value_builder_add(&txs, arena, value_collection(VALUE_VECTOR, tx, 3));
    }
    value_builder_entry(map, arena, "epoch", fake_bus_value(arena, EPOCH));
    value_builder_entry(map, arena, "txs", value_builder_end(&txs, VALUE_VECTOR));
}

static void feed(struct fixture *fixture, const struct step *step)
{
    struct arena arena = { 0 };
    struct value_builder map = { 0 };
    struct room *room = room_find(fixture->gateway, BYTES("main"));

    value_builder_entry(&map, &arena, "type", value_string(BYTES("txs")));
    add_transactions(&map, &arena, step);
    struct value message = value_builder_end(&map, VALUE_MAP);
    room_feed(room, &message);
    room_settle(room);
    arena_release(&arena);
}

static void answer_page(struct fixture *fixture, const struct step *step)
{
    struct arena arena = { 0 };
    struct value_builder txs = { 0 }, map = { 0 };
    const struct value *request = fake_bus_asked(fixture->gateway->bus, "log");

    assert_non_null(request);
    assert_int_equal(bus_number(request, "from"), step->from);
    for (uint32_t t = step->from; t <= step->to; t++)
        value_builder_add(&txs, &arena, tx_message(&arena, t, step->bytes));
    value_builder_entry(&map, &arena, "txs", value_builder_end(&txs, VALUE_VECTOR));
    struct value answer = value_builder_end(&map, VALUE_MAP);
    fake_bus_answer(fixture->gateway->bus, "log", &answer);
    arena_release(&arena);
}

static void describe(struct buffer *out, const struct value *message)
{
    const struct value *re = value_get(message, "re");
    struct bytes type = bus_text(message, "type");

    buffer_printf(out, "%s%.*s", out->len ? " " : "", BYTES_ARG(type));
    if (bytes_equal(type, BYTES("tx")))
        buffer_printf(out, "%lld", (long long)bus_number(message, "t"));
    if (re)
        buffer_printf(out, "/%lld", (long long)re->number);
}

/* What one frame brings, as the scripts write it; presence is left out. */
static void take_frame(struct fixture *fixture, struct buffer *out)
{
    struct arena arena = { 0 };
    struct value value;
    struct error error;

    if (!fixture->woken)
        return;
    fixture->woken = false;
    frame_start(&fixture->frame, ENCODING_JSON);
    if (!session_fill(fixture->session, &fixture->frame))
        return;
    if (!transit_read(frame_end(&fixture->frame), &arena, &value, &error))
        fail_msg("a frame cannot be read: %s", error.message);
    if (value.type == VALUE_MAP)
        describe(out, &value);
    else
        for (uint32_t i = 0; i < value.count; i++)
            describe(out, &value.items[i]);
    arena_release(&arena);
}

static void answer(struct fixture *fixture, const struct step *step)
{
    struct arena arena = { 0 };
    struct value value = fake_bus_value(&arena, step->more);
    struct value_builder map = { 0 };

    for (uint32_t i = 0; i < 2 * value.count; i++)
        value_builder_add(&map, &arena, value.items[i]);
    if (step->action == BRING)
        add_transactions(&map, &arena, step);
    value = value_builder_end(&map, VALUE_MAP);
    fake_bus_answer(fixture->gateway->bus, step->text, &value);
    gateway_dispatch(fixture->gateway);
    arena_release(&arena);
}

static void play(struct fixture *fixture, const struct step *step, const char *where)
{
    struct session *session = fixture->session;
    struct buffer sent = { 0 };
    uint16_t code = 0;
    const char *reason;

    switch (step->action) {
    case SAY:
        session_receive(session, bytes_of(step->text), false);
        break;
    case ASKED:
        assert_int_equal(fake_bus_count(fixture->gateway->bus, step->text), step->from);
        break;
    case ANSWER:
    case BRING:
        answer(fixture, step);
        break;
    case REFUSE:
        fake_bus_fail(fixture->gateway->bus, step->text, ERROR_UNAVAILABLE);
        break;
    case FEED:
        feed(fixture, step);
        break;
    case PAGE:
        answer_page(fixture, step);
        break;
    case SENT:
        take_frame(fixture, &sent);
        buffer_append_u8(&sent, 0);
        if (strcmp(sent.data, step->text) != 0)
            fail_msg("%s: \"%s\" is sent, not \"%s\"", where, sent.data, step->text);
        break;
    case LIVES:
        if (session->state == SESSION_ENDING)
            fail_msg("%s: ended with %u %s", where, session->close_code, session->close_reason);
        break;
    case ENDED:
        if (!session_ended(session, &code, &reason) || code != step->from)
            fail_msg("%s: ended with %u, not %u", where, code, step->from);
        break;
    case DRAIN:
        gateway_drain(fixture->gateway);
        break;
    case TICK:
        gateway_tick(fixture->gateway);
        break;
    }
    buffer_release(&sent);
}

static void test_scripts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        struct fixture fixture;
        set_up(&fixture);
        for (size_t j = 0; j < ARRAY_LEN(scripts[i].steps); j++) {
            char where[128];
            if (scripts[i].steps[j].action == SAY && !scripts[i].steps[j].text)
                break; /* the rest of the row */
            snprintf(where, sizeof(where), "%s, step %zu", scripts[i].name, j + 1);
            play(&fixture, &scripts[i].steps[j], where);
        }
        tear_down(&fixture);
    }
}

/* --- a client that goes --- */

static void ask_query(struct fixture *fixture)
{
    const struct step steps[] = {
        { SAY, .text = "{\"type\":\"hello\",\"id\":1,\"since\":57}" },
        { ANSWER, .text = "sync", .more = LOG },
        { SAY, .text = "{\"type\":\"query\",\"id\":2,\"query\":\"[:find ?e :where [?e :a]]\"}" },
    };

    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        play(fixture, &steps[i], "a query");
}

static void test_going_cancels(void **state)
{
    struct fixture fixture;
    struct arena arena = { 0 };

    (void)state;
    set_up(&fixture);
    struct bus *bus = fixture.gateway->bus;
    ask_query(&fixture);
    struct bytes reader = arena_copy(&arena, bus_text(fake_bus_asked(bus, "query"), "reader"));
    assert_true(reader.len > 0);
    session_close(fixture.session);
    fixture.session = NULL;
    const struct value *cancel = fake_bus_asked(bus, "cancel");
    assert_non_null(cancel);
    assert_true(bytes_equal(bus_text(cancel, "reader"), reader));
    fake_bus_fail(bus, "query", ERROR_INTERRUPTED);
    arena_release(&arena);
    tear_down(&fixture);
}

static void test_going_withdraws(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture);
    struct bus *bus = fixture.gateway->bus;
    fake_bus_hold(bus, true);
    ask_query(&fixture);
    session_close(fixture.session);
    fixture.session = NULL;
    assert_int_equal(fake_bus_count(bus, "query"), 0);
    assert_int_equal(fake_bus_count(bus, "cancel"), 0);
    tear_down(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_going_cancels),
        cmocka_unit_test(test_going_withdraws),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
