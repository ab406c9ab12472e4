/* The gateway's way to a txd that the test plays: whose answer is whose, what comes of requests
 * when the connection breaks or nobody answers, and what else arrives while one answer is waited
 * for. */
#include "tests/unit/test.h"

#include "common/clock.h"
#include "gateway/bus.h"
#include "proto/bus.h"
#include "proto/mp.h"
#include "proto/wire.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_US 10000000

/* txd's end of one connection. */
struct end {
    int listener;
    char url[64];
    enum wire_protocol own, peer;
    struct wire wire;
    uint32_t number; /* of the request taken last */
};

struct fixture {
    struct ev_loop *loop;
    struct bus *bus;
    struct end requests, feed;
    struct buffer said; /* what the bus called back with, a line each */
    unsigned ups;
};

static void end_open(struct end *end, enum wire_protocol own, enum wire_protocol peer)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);

    *end = (struct end){ .own = own, .peer = peer, .wire.fd = -1 };
    end->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(end->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(end->listener, 4), 0);
    assert_int_equal(getsockname(end->listener, (struct sockaddr *)&address, &len), 0);
    snprintf(end->url, sizeof(end->url), "tcp://127.0.0.1:%d", ntohs(address.sin_port));
}

static void end_accept(struct end *end)
{
    int fd = accept4(end->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    assert_true(fd >= 0);
    wire_open(&end->wire, fd, end->own, end->peer);
}

/* Lets the loop turn until `end` has a message, which is decoded without its number. */
static struct value end_next(struct fixture *fixture, struct end *end, struct arena *arena)
{
    int64_t deadline_us = clock_monotonic_us() + WAIT_US;
    struct value value = value_nil();
    struct bytes message = BYTES("none");
    struct error err;
    bool found = false;

    while (!found && clock_monotonic_us() < deadline_us) {
        ev_run(fixture->loop, EVRUN_NOWAIT);
        if (!wire_receive(&end->wire, &err) || !wire_next(&end->wire, &message, &found, &err))
            fail_msg("%s", err.message);
    }
    assert_true(found);
    end->number = load_u32be((const uint8_t *)message.data);
    message = (struct bytes){ message.data + 4, message.len - 4 };
    assert_true(mp_read(arena_copy(arena, message), arena, &value, &err));
    return value;
}

/* The `name` of the next request, and its number. */
static uint32_t asked(struct fixture *fixture, const char *name)
{
    struct arena arena = { 0 };
    struct value value = end_next(fixture, &fixture->requests, &arena);

    if (!bytes_equal(bus_text(&value, "type"), bytes_of(name)))
        fail_msg("not %s but %.*s was asked", name, BYTES_ARG(bus_text(&value, "type")));
    arena_release(&arena);
    return fixture->requests.number;
}

static void write_entry(struct buffer *out, const char *name, const char *text)
{
    mp_write_string(out, bytes_of(name));
    mp_write_string(out, bytes_of(text));
}

static void answer(struct fixture *fixture, uint32_t number, const char *text)
{
    struct buffer body = { 0 };
    uint8_t head[4];

    store_u32be(head, number);
    mp_write_map(&body, 1);
    write_entry(&body, "text", text);
    wire_send(&fixture->requests.wire, (struct bytes){ (char *)head, 4 }, buffer_bytes(&body));
    buffer_release(&body);
}

static void answer_status(struct fixture *fixture, uint32_t number)
{
    struct buffer body = { 0 };
    struct value incarnation = value_uuid(uuid_random());
    uint8_t head[4];

    store_u32be(head, number);
    mp_write_map(&body, 3);
    mp_write_string(&body, BYTES("bus"));
    mp_write_long(&body, BUS_VERSION);
    write_entry(&body, "server", "a test");
    mp_write_string(&body, BYTES("incarnation"));
    mp_write(&body, &incarnation);
    wire_send(&fixture->requests.wire, (struct bytes){ (char *)head, 4 }, buffer_bytes(&body));
    buffer_release(&body);
}

static void publish(struct fixture *fixture, const char *topic, const char *text)
{
    struct buffer body = { 0 };

    mp_write_map(&body, 1);
    write_entry(&body, "text", text);
    wire_send(&fixture->feed.wire, (struct bytes){ topic, strlen(topic) + 1 }, buffer_bytes(&body));
    buffer_release(&body);
}

static void on_feed(void *arg, struct bytes topic, const struct value *message)
{
    struct fixture *fixture = arg;

    buffer_printf(&fixture->said, "%.*s: %.*s\n", BYTES_ARG(topic),
                  BYTES_ARG(bus_text(message, "text")));
}

static void on_changed(void *arg)
{
    struct fixture *fixture = arg;
    struct error err;

    fixture->ups += bus_up(fixture->bus, &err);
}

static void on_handed_out(void *arg)
{
    (void)arg;
}

/* What is asked has its own name and its fixture. */
struct asker {
    struct fixture *fixture;
    const char *name;
};

static void on_answer(void *arg, const struct value *message, const struct error *error)
{
    struct asker *asker = arg;

    if (error)
        buffer_printf(&asker->fixture->said, "%s: %s\n", asker->name, error_code(error->kind));
    else
        buffer_printf(&asker->fixture->said, "%s: %.*s\n", asker->name,
                      BYTES_ARG(bus_text(message, "text")));
}

static void ask(struct asker *asker, bool repeatable, int64_t timeout_ms)
{
    struct buffer text = { 0 };
    struct error err;

    mp_write_map(&text, 1);
    write_entry(&text, "type", asker->name);
    assert_true(bus_request(asker->fixture->bus,
                            &(struct bus_call){ .request = buffer_bytes(&text),
                                                .repeatable = repeatable,
                                                .timeout_ms = timeout_ms,
                                                .patience_ms = timeout_ms,
                                                .fn = on_answer,
                                                .arg = asker },
                            &err));
    buffer_release(&text);
}

/* Lets the loop turn until the bus has said all of this. */
static void await_said(struct fixture *fixture, const char *wanted)
{
    int64_t deadline_us = clock_monotonic_us() + WAIT_US;

    while (fixture->said.len < strlen(wanted) && clock_monotonic_us() < deadline_us) {
        ev_run(fixture->loop, EVRUN_NOWAIT);
        bus_tick(fixture->bus);
    }
    buffer_append_u8(&fixture->said, 0);
    assert_string_equal(fixture->said.data, wanted);
    buffer_clear(&fixture->said);
}

static void connect_bus(struct fixture *fixture)
{
    unsigned ups = fixture->ups;
    int64_t deadline_us = clock_monotonic_us() + WAIT_US;

    end_accept(&fixture->requests);
    end_accept(&fixture->feed);
    answer_status(fixture, asked(fixture, "status"));
    while (fixture->ups == ups && clock_monotonic_us() < deadline_us)
        ev_run(fixture->loop, EVRUN_NOWAIT);
    assert_int_equal(fixture->ups, ups + 1);
}

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof(*fixture));
    struct error err;

    fixture->loop = ev_loop_new(0);
    end_open(&fixture->requests, WIRE_REP, WIRE_REQ);
    end_open(&fixture->feed, WIRE_PUB, WIRE_SUB);
    struct bus_options options = { .request_url = fixture->requests.url,
                                   .feed_url = fixture->feed.url,
                                   .loop = fixture->loop,
                                   .feed = on_feed,
                                   .changed = on_changed,
                                   .handed_out = on_handed_out,
                                   .arg = fixture };
    assert_true(bus_open(&options, &fixture->bus, &err));
    connect_bus(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    bus_close(fixture->bus);
    ev_loop_destroy(fixture->loop);
    wire_close(&fixture->requests.wire);
    wire_close(&fixture->feed.wire);
    close(fixture->requests.listener);
    close(fixture->feed.listener);
    buffer_release(&fixture->said);
    free(fixture);
    return 0;
}

static void test_answers(void **state)
{
    struct fixture *fixture = *state;
    struct asker a = { fixture, "a" }, b = { fixture, "b" }, c = { fixture, "c" };

    ask(&a, false, 5000);
    ask(&b, false, 5000);
    uint32_t number_a = asked(fixture, "a"), number_b = asked(fixture, "b");
    answer(fixture, number_b, "of b");
    answer(fixture, number_b, "nobody's any more");
    answer(fixture, number_a, "of a");
    await_said(fixture, "b: of b\na: of a\n");
    ask(&c, false, 5000);
    uint32_t number_c = asked(fixture, "c");
    answer(fixture, number_a, "nobody's, though its place is taken again");
    answer(fixture, number_c, "of c");
    await_said(fixture, "c: of c\n");
}

static void test_feed(void **state)
{
    struct fixture *fixture = *state;

    bus_subscribe(fixture->bus, BYTES("g:a"));
    publish(fixture, "g:ab", "of another");
    publish(fixture, "g:a", "one");
    publish(fixture, "txd", "two");
    await_said(fixture, "g:a: one\ntxd: two\n");
    bus_unsubscribe(fixture->bus, BYTES("g:a"));
    publish(fixture, "g:a", "unheard");
    publish(fixture, "txd", "three");
    await_said(fixture, "txd: three\n");
}

/* What may be asked again is, of the next connection; the rest fails. */
static void test_broken(void **state)
{
    struct fixture *fixture = *state;
    struct asker once = { fixture, "once" }, again = { fixture, "again" };
    struct error err;

    for (int i = 0; i < 2; i++) {
        struct end *broken = i == 0 ? &fixture->requests : &fixture->feed;

        ask(&once, false, 5000);
        ask(&again, true, 5000);
        asked(fixture, "once");
        asked(fixture, "again");
        wire_close(&broken->wire);
        await_said(fixture, "once: unavailable\n");
        assert_false(bus_up(fixture->bus, &err));
        assert_non_null(strstr(err.message, "txd is away: the connection is "));
        unsigned ups = fixture->ups;
        end_accept(broken);

        answer_status(fixture, asked(fixture, "status"));
        uint32_t number = asked(fixture, "again");
        assert_int_equal(fixture->ups, ups + 1);
        answer(fixture, number, "late");
        await_said(fixture, "again: late\n");
    }
}

static void test_timeout(void **state)
{
    struct fixture *fixture = *state;
    struct asker slow = { fixture, "slow" };

    ask(&slow, true, 50);
    asked(fixture, "slow");
    await_said(fixture, "slow: unavailable\n");
    answer(fixture, fixture->requests.number, "too late");
    publish(fixture, "txd", "and then");
    await_said(fixture, "txd: and then\n");
}

/* Answers two requests, that of bus_ask() last. */
static void *play(void *arg)
{
    struct fixture *fixture = arg;
    struct end *end = &fixture->requests;
    uint32_t numbers[2] = { 0 };
    struct bytes message = BYTES("none");
    struct error err;

    for (int i = 0; i < 2;) {
        struct pollfd poll_fd = { .fd = end->wire.fd, .events = POLLIN };
        bool found;
        poll(&poll_fd, 1, 1000);
        if (!wire_receive(&end->wire, &err) || !wire_next(&end->wire, &message, &found, &err))
            break;
        if (found)
            numbers[i++] = load_u32be((const uint8_t *)message.data);
    }
    answer(fixture, numbers[0], "of before");
    answer(fixture, numbers[1], "of the one that waits");
    return NULL;
}

static void test_ask(void **state)
{
    struct fixture *fixture = *state;
    struct asker before = { fixture, "before" };
    struct buffer text = { 0 };
    struct arena arena = { 0 };
    struct value value;
    struct error err;
    pthread_t thread;

    ask(&before, false, 5000);
    mp_write_map(&text, 1);
    write_entry(&text, "type", "now");
    assert_int_equal(pthread_create(&thread, NULL, play, fixture), 0);
    assert_true(bus_ask(fixture->bus, buffer_bytes(&text), 5000, &arena, &value, &err));
    pthread_join(thread, NULL);
    assert_true(bytes_equal(bus_text(&value, "text"), BYTES("of the one that waits")));
    assert_int_equal(fixture->said.len, 0); /* no callback meanwhile */
    await_said(fixture, "before: of before\n");

    assert_false(bus_ask(fixture->bus, buffer_bytes(&text), 50, &arena, &value, &err));
    assert_int_equal(err.kind, ERROR_UNAVAILABLE);
    buffer_release(&text);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_feed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_broken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timeout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ask, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
