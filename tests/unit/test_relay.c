/*
 * The relay against a feed that drops, doubles and reorders, and a log that has everything: it must
 * pass on every t once, in order.
 */
#include "tests/unit/test.h"

#include "common/clock.h"
#include "gateway/relay.h"
#include "proto/mp.h"

#include <stdio.h>
#include <stdlib.h>

struct fixture {
    struct relay relay;
    uint32_t fetched; /* the t that was last asked for; 0: none */
    unsigned advanced, broken;
};

static const struct uuid epoch = { { 1 } }, other_epoch = { { 2 } };

static void on_fetch(void *arg, uint32_t from)
{
    ((struct fixture *)arg)->fetched = from;
}

static void on_advanced(void *arg)
{
    ((struct fixture *)arg)->advanced++;
}

#define RING_BYTES ((size_t)8 << 20)

static void on_broken(void *arg)
{
    ((struct fixture *)arg)->broken++;
}

static const struct relay_operations operations = { .fetch = on_fetch,
                                                    .advanced = on_advanced,
                                                    .broken = on_broken };

static void set_up(struct fixture *fixture, uint32_t t)
{
    *fixture = (struct fixture){ 0 };
    relay_open(&fixture->relay, RING_BYTES, &operations, fixture);
    relay_position(&fixture->relay, &epoch, t, BYTES("0000000000000000"));
}

/* The message of t: {"t" t}. */
static struct bytes message(struct arena *arena, uint32_t t)
{
    struct buffer text = { 0 };

    mp_write_map(&text, 1);
    mp_write_string(&text, BYTES("t"));
    mp_write_long(&text, t);
    struct bytes copy = arena_copy(arena, buffer_bytes(&text));
    buffer_release(&text);
    return copy;
}

static struct bytes checksum(struct arena *arena, uint32_t t)
{
    return arena_printf(arena, "%016x", t);
}

static void feed(struct fixture *fixture, uint32_t t)
{
    struct arena arena = { 0 };

    relay_tx(&fixture->relay, &epoch, t, checksum(&arena, t), message(&arena, t));
    arena_release(&arena);
}

static void head(struct fixture *fixture, uint32_t t)
{
    struct arena arena = { 0 };

    relay_head(&fixture->relay, &epoch, t, checksum(&arena, t));
    arena_release(&arena);
}

/* txd's log holds `end`, and answers what was asked for, at most `count` of it. */
static void answer(struct fixture *fixture, uint32_t end, uint32_t count)
{
    struct arena arena = { 0 };
    struct value *messages = ARENA_ARRAY(&arena, struct value, count + 1);
    uint32_t from = fixture->fetched, given = 0;

    assert_int_not_equal(from, 0);
    fixture->fetched = 0;
    for (; given < count && from + given <= end; given++)
        messages[given] = value_text(VALUE_BYTES, message(&arena, from + given));
    relay_log(&fixture->relay, from, messages, given, end, checksum(&arena, end));
    arena_release(&arena);
}

static void assert_message(struct fixture *fixture, uint32_t t)
{
    char json[32];

    snprintf(json, sizeof(json), "{\"t\":%u}", t);
    struct bytes text = relay_message(&fixture->relay, t, ENCODING_JSON);
    assert_true(bytes_equal(text, bytes_of(json)));
}

static void test_in_order(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture, 57);
    assert_int_equal(relay_first_t(&fixture.relay), 58);
    for (uint32_t t = 58; t < 61; t++)
        feed(&fixture, t);
    assert_int_equal(fixture.relay.t, 60);
    assert_int_equal(fixture.advanced, 3);
    assert_int_equal(fixture.fetched, 0);
    assert_string_equal(fixture.relay.checksum, "000000000000003c");
    assert_message(&fixture, 58);
    assert_message(&fixture, 60);
    size_t len = relay_message(&fixture.relay, 58, ENCODING_MSGPACK).len;
    assert_int_equal(relay_bytes(&fixture.relay, 61, 60), 0);
    assert_int_equal(relay_bytes(&fixture.relay, 61, 99), 0);
    assert_int_equal(relay_bytes(&fixture.relay, 58, 60), 3 * len);
    assert_int_equal(relay_bytes(&fixture.relay, 58, 59), 2 * len);
    assert_int_equal(relay_bytes(&fixture.relay, 60, 99), len);
    feed(&fixture, 59); /* again: ignored */
    assert_int_equal(fixture.relay.t, 60);
    relay_close(&fixture.relay);
}

/* What came behind the gap is kept, and follows what the log brings. */
static void test_gap(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture, 10);
    feed(&fixture, 13);
    feed(&fixture, 14);
    assert_int_equal(fixture.relay.t, 10);
    assert_int_equal(fixture.fetched, 11);
    answer(&fixture, 12, 100);
    assert_int_equal(fixture.relay.t, 14);
    for (uint32_t t = 11; t <= 14; t++)
        assert_message(&fixture, t);
    assert_int_equal(fixture.fetched, 0);
    relay_close(&fixture.relay);
}

static void test_gap_at_the_tail(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture, 10);
    head(&fixture, 10);
    assert_int_equal(fixture.fetched, 0);
    head(&fixture, 15);
    assert_int_equal(fixture.fetched, 11);
    answer(&fixture, 15, 2); /* a short page: it goes on by itself */
    assert_int_equal(fixture.relay.t, 12);
    assert_int_equal(fixture.fetched, 13);
    answer(&fixture, 15, 100);
    assert_int_equal(fixture.relay.t, 15);
    assert_int_equal(fixture.fetched, 0);
    assert_string_equal(fixture.relay.checksum, "000000000000000f");
    relay_close(&fixture.relay);
}

/* The log has gone back, or this is an old word: the answer to what is asked for tells. */
static void test_head_behind(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture, 10);
    head(&fixture, 9);
    assert_int_equal(fixture.fetched, 11);
    answer(&fixture, 10, 100);
    assert_int_equal(fixture.relay.t, 10);
    assert_int_equal(fixture.fetched, 0);
    assert_int_equal(fixture.broken, 0);
    relay_close(&fixture.relay);
}

/* A result says that there is a t which the feed has not brought: it has a moment for that. */
static void test_expected(void **state)
{
    struct fixture fixture;
    int64_t deadline = clock_monotonic_us() + 5000000;

    (void)state;
    set_up(&fixture, 10);
    relay_expect(&fixture.relay, 11);
    relay_tick(&fixture.relay);
    assert_int_equal(fixture.fetched, 0);
    while (!fixture.fetched && clock_monotonic_us() < deadline)
        relay_tick(&fixture.relay);
    assert_int_equal(fixture.fetched, 11);
    relay_log_failed(&fixture.relay);
    fixture.fetched = 0;
    feed(&fixture, 11);
    assert_int_equal(fixture.relay.t, 11);
    assert_int_equal(fixture.relay.behind_us, 0);
    relay_close(&fixture.relay);
}

static void answer_with(struct fixture *fixture, const struct uuid *of, uint32_t t)
{
    struct arena arena = { 0 };

    relay_answer(&fixture->relay, of, t, checksum(&arena, t), message(&arena, t));
    arena_release(&arena);
}

/* An answer brings what is next, and the feed brings it again: once is enough. */
static void test_answered(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture, 10);
    answer_with(&fixture, &epoch, 11);
    assert_int_equal(fixture.relay.t, 11);
    assert_int_equal(fixture.advanced, 1);
    assert_string_equal(fixture.relay.checksum, "000000000000000b");
    assert_message(&fixture, 11);
    feed(&fixture, 11);
    assert_int_equal(fixture.relay.t, 11);
    assert_int_equal(fixture.advanced, 1);
    assert_int_equal(fixture.relay.ring.count, 1);
    feed(&fixture, 12);
    answer_with(&fixture, &epoch, 12);
    assert_int_equal(fixture.relay.t, 12);
    assert_int_equal(fixture.relay.ring.count, 2);
    assert_int_equal(fixture.advanced, 2);
    relay_close(&fixture.relay);
}

/* What is not next is the feed's to bring, and so is what says of a graph that it is another. */
static void test_answered_out_of_turn(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture, 10);
    answer_with(&fixture, &epoch, 12);
    answer_with(&fixture, &other_epoch, 11);
    assert_int_equal(fixture.relay.t, 10);
    assert_int_equal(fixture.fetched, 0);
    assert_int_equal(fixture.broken, 0);
    feed(&fixture, 13); /* a gap, which the answer closes before the log does */
    assert_int_equal(fixture.fetched, 11);
    answer_with(&fixture, &epoch, 11);
    answer_with(&fixture, &epoch, 12);
    assert_int_equal(fixture.relay.t, 13);
    answer(&fixture, 13, 100);
    assert_int_equal(fixture.relay.t, 13);
    assert_int_equal(fixture.relay.ring.count, 3);
    relay_close(&fixture.relay);
    answer_with(&fixture, &epoch, 1); /* nobody has said yet where to begin */
    assert_false(fixture.relay.positioned);
    assert_int_equal(fixture.relay.t, 0);
}

/* The feed may be ahead of the answer that says where to begin. */
static void test_feed_before_position(void **state)
{
    struct fixture fixture = { 0 };

    (void)state;
    relay_open(&fixture.relay, RING_BYTES, &operations, &fixture);
    head(&fixture, 7); /* says nothing to a relay that has no position */
    feed(&fixture, 8);
    relay_position(&fixture.relay, &epoch, 7, BYTES("0000000000000007"));
    assert_int_equal(fixture.relay.t, 8);
    assert_int_equal(relay_first_t(&fixture.relay), 8);
    relay_position(&fixture.relay, &epoch, 9, BYTES("0000000000000009"));
    assert_int_equal(fixture.relay.t, 8);
    feed(&fixture, 9);
    assert_int_equal(fixture.relay.t, 9);
    relay_close(&fixture.relay);
}

static void test_another_epoch(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture, 10);
    feed(&fixture, 11);
    relay_head(&fixture.relay, &other_epoch, 2, BYTES(""));
    assert_int_equal(fixture.broken, 1);
    assert_false(fixture.relay.positioned);
    relay_position(&fixture.relay, &other_epoch, 2, BYTES(""));
    assert_int_equal(fixture.relay.t, 2);
    relay_position(&fixture.relay, &epoch, 20, BYTES(""));
    assert_int_equal(fixture.broken, 2);
    assert_int_equal(fixture.relay.t, 20);
    relay_close(&fixture.relay);
}

/* The ring is bounded, and knows what it no longer holds. */
static void test_ring(void **state)
{
    struct fixture fixture;
    struct buffer text = { 0 };
    const size_t bytes = 1 << 20;

    (void)state;
    set_up(&fixture, 0);
    char *filler = xcalloc(1, bytes);
    mp_write_string(&text, (struct bytes){ filler, bytes });
    for (uint32_t t = 1; t <= 20; t++) {
        relay_tx(&fixture.relay, &epoch, t, BYTES(""), buffer_bytes(&text));
        assert_true(relay_message(&fixture.relay, t, ENCODING_JSON).len > bytes);
    }
    uint32_t first = relay_first_t(&fixture.relay);
    assert_int_equal(first, 14); /* what they are as JSON does not count */
    assert_true(relay_bytes(&fixture.relay, first - 1, 20) == UINT64_MAX);
    assert_true(relay_bytes(&fixture.relay, 2, 1) == 0);
    assert_int_equal(relay_bytes(&fixture.relay, 20, 20), text.len);
    assert_int_equal(relay_message(&fixture.relay, first, ENCODING_MSGPACK).len, text.len);
    free(filler);
    buffer_release(&text);
    relay_close(&fixture.relay);
}

static void test_random_feed(void **state)
{
    unsigned seed = (unsigned)clock_wall_ms();
    const uint32_t end = 20000;
    struct fixture fixture;
    uint32_t t = 0, next = 1;

    (void)state;
    print_message("seed %u\n", seed);
    srand(seed);
    set_up(&fixture, 0);
    while (fixture.relay.t < end) {
        int dice = rand() % 10;
        if (t < end)
            t++;
        if (dice < 6)
            feed(&fixture, t);
        else if (dice == 6 && t > 5)
            feed(&fixture, t - (uint32_t)(rand() % 5));
        if (dice == 8 || t == end)
            head(&fixture, t);
        if (fixture.fetched && rand() % 3 == 0)
            answer(&fixture, t, 1 + (uint32_t)(rand() % 8));
        for (; next <= fixture.relay.t; next++)
            assert_message(&fixture, next); /* in the ring, since it is short */
    }
    assert_int_equal(next, end + 1);
    relay_close(&fixture.relay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_gap_at_the_tail),
        cmocka_unit_test(test_head_behind),
        cmocka_unit_test(test_expected),
        cmocka_unit_test(test_answered),
        cmocka_unit_test(test_answered_out_of_turn),
        cmocka_unit_test(test_feed_before_position),
        cmocka_unit_test(test_another_epoch),
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_random_feed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
