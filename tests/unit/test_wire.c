/* Messages that come in pieces, that the other end is slow to take, that are too long; ends that
 * are not of the bus. */
#include "tests/unit/test.h"

#include "common/limits.h"
#include "proto/wire.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LARGE_BYTES ((size_t)3 << 20)

static const char greeting_of_rep[] = "\0SP\0\0\x31\0\0";

/* A wire and a bare descriptor at its other end. */
struct fixture {
    struct wire wire;
    int fd;
};

static void set_up(struct fixture *fixture)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    wire_open(&fixture->wire, ends[0], WIRE_REQ, WIRE_REP);
    fixture->fd = ends[1];
}

static void tear_down(struct fixture *fixture)
{
    wire_close(&fixture->wire);
    close(fixture->fd);
}

static void put(struct fixture *fixture, const char *data, size_t len)
{
    assert_int_equal(write(fixture->fd, data, len), len);
}

/* Receives, and takes the next message. */
static bool take(struct fixture *fixture, struct bytes *message)
{
    struct error err;
    bool found = false;

    if (!wire_receive(&fixture->wire, &err) || !wire_next(&fixture->wire, message, &found, &err))
        fail_msg("%s", err.message);
    return found;
}

static void test_pieces(void **state)
{
    static const char text[] = "\0SP\0\0\x31\0\0"
                               "\0\0\0\0\0\0\0\x05hello"
                               "\0\0\0\0\0\0\0\0"
                               "\0\0\0\0\0\0\0\x02us";
    const struct bytes wanted[] = { BYTES("hello"), { "", 0 }, BYTES("us") };
    struct fixture fixture;
    struct bytes message = { 0 };
    size_t taken = 0;

    (void)state;
    set_up(&fixture);
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        put(&fixture, &text[i], 1);
        assert_int_equal(fixture.wire.greeted, i > 7);
        if (!take(&fixture, &message))
            continue;
        struct bytes want = taken < ARRAY_LEN(wanted) ? wanted[taken] : BYTES("nothing more");
        assert_true(bytes_equal(message, want));
        taken++;
    }
    assert_int_equal(taken, 3);
    tear_down(&fixture);
}

static void test_together_and_ahead(void **state)
{
    static const char text[] = "\0\0\0\0\0\0\0\x01"
                               "a"
                               "\0\0\0\0\0\0\0\x02"
                               "bb"
                               "\0\0\0\0\0\0\0\x03"
                               "cc";
    struct fixture fixture;
    struct bytes message = { 0 };
    struct error err;
    size_t at = 0;
    bool found;

    (void)state;
    set_up(&fixture);
    put(&fixture, greeting_of_rep, 8);
    put(&fixture, text, sizeof(text) - 1);
    assert_true(wire_receive(&fixture.wire, &err));
    assert_true(wire_peek(&fixture.wire, &at, &message, &found, &err) && found);
    assert_true(bytes_equal(message, BYTES("a")));
    assert_true(wire_peek(&fixture.wire, &at, &message, &found, &err) && found);
    assert_true(bytes_equal(message, BYTES("bb")));
    assert_true(wire_peek(&fixture.wire, &at, &message, &found, &err) && !found);
    assert_true(take(&fixture, &message) && bytes_equal(message, BYTES("a")));
    assert_true(take(&fixture, &message) && bytes_equal(message, BYTES("bb")));
    put(&fixture, "c", 1);
    assert_true(take(&fixture, &message) && bytes_equal(message, BYTES("ccc")));
    tear_down(&fixture);
}

/* What the other end does not take at once waits, and comes whole and in order. */
static void test_slow_reader(void **state)
{
    char *large = xmalloc(LARGE_BYTES), *got = xmalloc(LARGE_BYTES + 100);
    struct fixture fixture;
    size_t len = 0, total = 8 + (8 + 2 + LARGE_BYTES) + (8 + 3);

    (void)state;
    for (size_t i = 0; i < LARGE_BYTES; i++)
        large[i] = (char)(i % 251);
    set_up(&fixture);
    wire_send(&fixture.wire, BYTES("ab"), (struct bytes){ large, LARGE_BYTES });
    assert_true(wire_waiting(&fixture.wire) > 0);
    wire_send(&fixture.wire, (struct bytes){ 0 }, BYTES("end"));
    while (len < total) {
        ssize_t more = read(fixture.fd, got + len, total - len);
        assert_true(more > 0);
        len += (size_t)more;
        wire_flush(&fixture.wire);
    }
    assert_int_equal(wire_waiting(&fixture.wire), 0);
    assert_memory_equal(got, "\0SP\0\0\x30\0\0", 8);
    assert_int_equal(load_u64be((const uint8_t *)got + 8), 2 + LARGE_BYTES);
    assert_memory_equal(got + 16, "ab", 2);
    assert_memory_equal(got + 18, large, LARGE_BYTES);
    assert_memory_equal(got + 18 + LARGE_BYTES,
                        "\0\0\0\0\0\0\0\x03"
                        "end",
                        11);
    tear_down(&fixture);
    free(large);
    free(got);
}

static void test_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *error;
    } cases[] = {
        { "GET / HTTP/1.1", 14, "does not speak the bus" },
        { "\0SP\0\0\x21\0\0", 8, "does not speak the bus" },
        { "\0SP\0\0\x31\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 16,
          "a message of 18446744073709551615" },
        { "\0SP\0\0\x31\0\0\0\0\0\0\x10\0\0\0", 16, "a message of 268435456 bytes" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture fixture;
        struct bytes message = { 0 };
        struct error err;
        bool found;
        set_up(&fixture);
        put(&fixture, cases[i].bytes, cases[i].len);
        assert_true(wire_receive(&fixture.wire, &err));
        assert_false(wire_next(&fixture.wire, &message, &found, &err));
        assert_non_null(strstr(err.message, cases[i].error));
        tear_down(&fixture);
    }
}

static void test_end(void **state)
{
    struct fixture fixture;
    struct error err;

    (void)state;
    set_up(&fixture);
    close(fixture.fd);
    wire_send(&fixture.wire, BYTES("to"), BYTES("nobody")); /* no signal either */
    assert_int_equal(wire_waiting(&fixture.wire), 0);
    while (wire_receive(&fixture.wire, &err))
        ;
    assert_int_equal(err.kind, ERROR_UNAVAILABLE);
    wire_close(&fixture.wire);
    wire_close(&fixture.wire);
}

static void test_urls(void **state)
{
    static const char *const good[] = { "tcp://127.0.0.1:7010", "tcp://txd:1",
                                        "tcp://[::1]:65535" };
    static const char *const bad[] = { "",
                                       "tcp://",
                                       "tcp://host",
                                       "tcp://:7010",
                                       "tcp://host:",
                                       "tcp://host:http",
                                       "ipc:///tmp/x",
                                       "tls+tcp://host:1",
                                       "127.0.0.1:7010",
                                       "tcp://host:7010/path" };
    struct error err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(wire_check_url(good[i], &err));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(wire_check_url(bad[i], &err));
        assert_int_equal(err.kind, ERROR_INCORRECT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),      cmocka_unit_test(test_together_and_ahead),
        cmocka_unit_test(test_slow_reader), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_end),         cmocka_unit_test(test_urls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
