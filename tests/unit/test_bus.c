/* The gateway's way to a txd that the test plays: many requests at once, of which only the first
 * finds the connection free, and one that is answered too late. What comes of requests when txd
 * dies is for tests/fault: two ends of one connection in one process are more than nng can take
 * apart. */
#include "tests/unit/test.h"

#include "common/clock.h"
#include "gateway/bus.h"
#include "proto/bus.h"
#include "proto/mp.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <stdlib.h>

#define WAIT_MS 10000
#define AT_ONCE 200

/* txd's sockets, its requests taken one after another. */
struct fixture {
    nng_socket requests, feed;
    char request_url[64], feed_url[64];
    struct bus *bus;
    pthread_mutex_t mutex;
    pthread_cond_t woken;
    bool wake;
    unsigned ups;
    struct buffer said; /* what the bus called back with, a line each */
};

/* What is asked, which has its fixture. */
struct asker {
    struct fixture *fixture;
    char name[16];
};

/* --- txd --- */

static void listen_anywhere(nng_socket socket, char *url, size_t size)
{
    nng_listener listener;
    int port = 0;

    assert_int_equal(nng_listen(socket, "tcp://127.0.0.1:0", &listener, 0), 0);
    assert_int_equal(nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port), 0);
    snprintf(url, size, "tcp://127.0.0.1:%d", port);
}

/* Takes the next request; its `type` is in `name`. */
static void take(struct fixture *fixture, char *name, size_t size)
{
    struct arena arena = { 0 };
    struct value value;
    struct error err;
    void *data;
    size_t len;

    assert_int_equal(nng_recv(fixture->requests, &data, &len, NNG_FLAG_ALLOC), 0);
    assert_true(mp_read((struct bytes){ data, len }, &arena, &value, &err));
    snprintf(name, size, "%.*s", BYTES_ARG(bus_text(&value, "type")));
    nng_free(data, len);
    arena_release(&arena);
}

static void write_entry(struct buffer *out, const char *name, const char *text)
{
    mp_write_string(out, bytes_of(name));
    mp_write_string(out, bytes_of(text));
}

static void answer(struct fixture *fixture, struct buffer *body)
{
    assert_int_equal(nng_send(fixture->requests, body->data, body->len, 0), 0);
    buffer_release(body);
}

/* Answers a request with its own name. */
static void echo(struct fixture *fixture)
{
    struct buffer body = { 0 };
    char name[16];

    take(fixture, name, sizeof(name));
    mp_write_map(&body, 1);
    write_entry(&body, "text", name);
    answer(fixture, &body);
}

static void answer_status(struct fixture *fixture)
{
    struct buffer body = { 0 };
    struct value incarnation = value_uuid(uuid_random());
    char name[16];

    take(fixture, name, sizeof(name));
    assert_string_equal(name, "status");
    mp_write_map(&body, 3);
    mp_write_string(&body, BYTES("bus"));
    mp_write_long(&body, BUS_VERSION);
    write_entry(&body, "server", "a test");
    mp_write_string(&body, BYTES("incarnation"));
    mp_write(&body, &incarnation);
    answer(fixture, &body);
}

/* --- the gateway --- */

static void on_wake(void *arg)
{
    struct fixture *fixture = arg;

    pthread_mutex_lock(&fixture->mutex);
    fixture->wake = true;
    pthread_cond_signal(&fixture->woken);
    pthread_mutex_unlock(&fixture->mutex);
}

/* Waits for the bus to wake the loop, for a tenth of a second at most, and turns it. */
static void turn(struct fixture *fixture)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 100000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&fixture->mutex);
    while (!fixture->wake && pthread_cond_timedwait(&fixture->woken, &fixture->mutex, &until) == 0)
        ;
    fixture->wake = false;
    pthread_mutex_unlock(&fixture->mutex);
    bus_dispatch(fixture->bus);
    bus_tick(fixture->bus);
}

static void on_feed(void *arg, struct bytes topic, const struct value *message)
{
    (void)arg, (void)topic, (void)message;
}

static void on_changed(void *arg)
{
    struct fixture *fixture = arg;
    struct error err;

    fixture->ups += bus_up(fixture->bus, &err);
}

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

static void await_ups(struct fixture *fixture, unsigned ups)
{
    int64_t deadline_us = clock_monotonic_us() + WAIT_MS * INT64_C(1000);

    while (fixture->ups < ups && clock_monotonic_us() < deadline_us)
        turn(fixture);
    assert_int_equal(fixture->ups, ups);
}

/* Turns until the bus has said all of this. */
static void await_said(struct fixture *fixture, const char *wanted)
{
    int64_t deadline_us = clock_monotonic_us() + WAIT_MS * INT64_C(1000);

    while (fixture->said.len < strlen(wanted) && clock_monotonic_us() < deadline_us)
        turn(fixture);
    buffer_append_u8(&fixture->said, 0);
    assert_string_equal(fixture->said.data, wanted);
    buffer_clear(&fixture->said);
}

static void *play_status(void *arg)
{
    answer_status(arg);
    return NULL;
}

/* Turns while txd answers `status`. */
static void come_up(struct fixture *fixture)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, play_status, fixture), 0);
    await_ups(fixture, fixture->ups + 1);
    pthread_join(thread, NULL);
}

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof(*fixture));
    struct error err;

    pthread_mutex_init(&fixture->mutex, NULL);
    pthread_cond_init(&fixture->woken, NULL);
    assert_int_equal(nng_rep0_open(&fixture->requests), 0);
    assert_int_equal(nng_pub0_open(&fixture->feed), 0);
    nng_socket_set_ms(fixture->requests, NNG_OPT_RECVTIMEO, WAIT_MS);
    listen_anywhere(fixture->requests, fixture->request_url, sizeof(fixture->request_url));
    listen_anywhere(fixture->feed, fixture->feed_url, sizeof(fixture->feed_url));
    struct bus_options options = { .request_url = fixture->request_url,
                                   .feed_url = fixture->feed_url,
                                   .wake = on_wake,
                                   .feed = on_feed,
                                   .changed = on_changed,
                                   .arg = fixture };
    assert_true(bus_open(&options, &fixture->bus, &err));
    come_up(fixture);
    *state = fixture;
    return 0;
}

/* The sockets are left to the end of the process, as txd leaves its own (txd/server.c). */
static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    bus_close(fixture->bus);
    buffer_release(&fixture->said);
    pthread_cond_destroy(&fixture->woken);
    pthread_mutex_destroy(&fixture->mutex);
    free(fixture);
    return 0;
}

static void *echo_all(void *arg)
{
    for (int i = 0; i < AT_ONCE; i++)
        echo(arg);
    return NULL;
}

/* Every one is answered once, with its own answer. */
static void test_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct asker *askers = xcalloc(AT_ONCE, sizeof(*askers));
    int64_t deadline_us = clock_monotonic_us() + WAIT_MS * INT64_C(1000);
    size_t lines = 0;
    pthread_t thread;

    for (int i = 0; i < AT_ONCE; i++) {
        askers[i].fixture = fixture;
        snprintf(askers[i].name, sizeof(askers[i].name), "%03d", i);
        ask(&askers[i], false, WAIT_MS);
    }
    assert_int_equal(pthread_create(&thread, NULL, echo_all, fixture), 0);
    while (lines < AT_ONCE && clock_monotonic_us() < deadline_us) {
        turn(fixture);
        lines = fixture->said.len / strlen("000: 000\n");
    }
    pthread_join(thread, NULL);
    assert_int_equal(lines, AT_ONCE);
    buffer_append_u8(&fixture->said, 0);
    for (int i = 0; i < AT_ONCE; i++) {
        char line[32];
        snprintf(line, sizeof(line), "%03d: %03d\n", i, i);
        assert_non_null(strstr(fixture->said.data, line));
    }
    free(askers);
}

static void test_timeout(void **state)
{
    struct fixture *fixture = *state;
    struct asker slow = { fixture, "slow" }, next = { fixture, "next" };

    ask(&slow, true, 50);
    await_said(fixture, "slow: unavailable\n");
    ask(&next, true, WAIT_MS);
    echo(fixture); /* of the first, too late */
    echo(fixture);
    await_said(fixture, "next: next\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timeout, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
