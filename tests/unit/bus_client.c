#include "tests/unit/bus_client.h"

#include "tests/unit/scratch.h"

#include "common/clock.h"
#include "proto/edn.h"
#include "proto/mp.h"

#include <arpa/inet.h>
#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 10000

static int free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void start(struct txd_fixture *fixture)
{
    struct txd_options options = {
        .data_dir = fixture->dir,
        .catalog = { .cache_bytes = 8 << 20, .write_buffer_bytes = 8 << 20, .open_max = 16 },
        .server = { .request_url = fixture->request_url, .feed_url = fixture->feed_url },
        .writer = { .threads = 4, .waiting_max = 4096 },
        .reader_threads = 2,
        .reads_waiting_max = 32,
    };
    struct error err;

    if (!txd_open(&options, &fixture->txd, &err))
        fail_msg("txd does not start: %s", err.message);
}

void txd_fixture_open(struct txd_fixture *fixture)
{
    scratch_make(fixture->dir);
    snprintf(fixture->request_url, sizeof(fixture->request_url), "tcp://127.0.0.1:%d", free_port());
    snprintf(fixture->feed_url, sizeof(fixture->feed_url), "tcp://127.0.0.1:%d", free_port());
    start(fixture);
}

void txd_fixture_restart(struct txd_fixture *fixture)
{
    txd_close(fixture->txd);
    start(fixture);
}

void txd_fixture_close(struct txd_fixture *fixture)
{
    txd_close(fixture->txd);
    scratch_remove(fixture->dir);
}

struct bus_client {
    nng_socket socket;
};

struct bus_client *bus_client_open(const struct txd_fixture *fixture)
{
    struct bus_client *client = xcalloc(1, sizeof(*client));

    assert_int_equal(nng_req0_open(&client->socket), 0);
    nng_socket_set_ms(client->socket, NNG_OPT_RECVTIMEO, WAIT_MS);
    nng_socket_set_ms(client->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    assert_int_equal(nng_dial(client->socket, fixture->request_url, NULL, 0), 0);
    return client;
}

void bus_client_close(struct bus_client *client)
{
    nng_close(client->socket);
    free(client);
}

struct value bus_client_ask(struct bus_client *client, const char *edn, struct arena *arena)
{
    struct buffer question = { 0 };
    struct value request, answer;
    struct error err;
    void *data;
    size_t len;

    if (!edn_read(bytes_of(edn), arena, &request, &err))
        fail_msg("%s: %s", edn, err.message);
    mp_write(&question, &request);
    assert_int_equal(nng_send(client->socket, question.data, question.len, 0), 0);
    buffer_release(&question);
    int result = nng_recv(client->socket, &data, &len, NNG_FLAG_ALLOC);
    if (result != 0)
        fail_msg("%s: no answer: %s", edn, nng_strerror(result));
    struct bytes copy = arena_copy(arena, (struct bytes){ data, len });
    nng_free(data, len);
    if (!mp_read(copy, arena, &answer, &err))
        fail_msg("%s: %s", edn, err.message);
    return answer;
}

struct bus_feed {
    nng_socket socket;
    size_t topic_bytes;
};

struct bus_feed *bus_feed_open(const struct txd_fixture *fixture, const char *topic)
{
    struct bus_feed *feed = xcalloc(1, sizeof(*feed));
    struct arena arena = { 0 };

    feed->topic_bytes = strlen(topic) + 1; /* with the NUL behind it */
    assert_int_equal(nng_sub0_open(&feed->socket), 0);
    nng_socket_set_int(feed->socket, NNG_OPT_RECVBUF, 8192);
    nng_socket_set_ms(feed->socket, NNG_OPT_RECVTIMEO, WAIT_MS);
    assert_int_equal(nng_socket_set(feed->socket, NNG_OPT_SUB_SUBSCRIBE, topic, feed->topic_bytes),
                     0);
    assert_int_equal(nng_dial(feed->socket, fixture->feed_url, NULL, 0), 0);
    bus_feed_next(feed, strcmp(topic, "txd") ? "head" : "alive", &arena); /* it is connected */
    arena_release(&arena);
    return feed;
}

void bus_feed_close(struct bus_feed *feed)
{
    nng_close(feed->socket);
    free(feed);
}

struct value bus_feed_next(struct bus_feed *feed, const char *type, struct arena *arena)
{
    int64_t deadline_us = clock_monotonic_us() + WAIT_MS * 1000;
    struct value message;
    struct error err;
    void *data;
    size_t len;

    while (clock_monotonic_us() < deadline_us &&
           nng_recv(feed->socket, &data, &len, NNG_FLAG_ALLOC) == 0) {
        struct bytes all = arena_copy(arena, (struct bytes){ data, len });
        nng_free(data, len);
        struct bytes body = { all.data + feed->topic_bytes, all.len - feed->topic_bytes };
        if (!mp_read(body, arena, &message, &err))
            fail_msg("feed: %s", err.message);
        const struct value *found = value_get(&message, "type");
        if (found && bytes_equal(found->text, bytes_of(type)))
            return message;
    }
    fail_msg("the feed gave no \"%s\"", type);
    return value_nil();
}
