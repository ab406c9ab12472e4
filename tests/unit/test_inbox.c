/* Threads that put, and one that takes: nothing is lost, doubled or overtaken, and who waits is
 * woken. */
#include "tests/unit/test.h"

#include "common/memory.h"
#include "gateway/inbox.h"

#include <stdlib.h>

#define THREADS 4
#define EACH    5000

struct fixture {
    struct inbox inbox;
    pthread_mutex_t mutex;
    pthread_cond_t woken;
    unsigned wakes;
};

struct putter {
    struct fixture *fixture;
    pthread_t thread;
    int number;
};

static void on_wake(void *arg)
{
    struct fixture *fixture = arg;

    pthread_mutex_lock(&fixture->mutex);
    fixture->wakes++;
    pthread_cond_signal(&fixture->woken);
    pthread_mutex_unlock(&fixture->mutex);
}

static void set_up(struct fixture *fixture, size_t feed_bytes_max)
{
    *fixture = (struct fixture){ 0 };
    pthread_mutex_init(&fixture->mutex, NULL);
    pthread_cond_init(&fixture->woken, NULL);
    inbox_open(&fixture->inbox, feed_bytes_max, on_wake, fixture);
}

static void tear_down(struct fixture *fixture)
{
    inbox_close(&fixture->inbox);
    pthread_cond_destroy(&fixture->woken);
    pthread_mutex_destroy(&fixture->mutex);
}

static void *put_all(void *arg)
{
    struct putter *putter = arg;

    for (int i = 0; i < EACH; i++)
        inbox_put(&putter->fixture->inbox,
                  &(struct arrival){ .type = ARRIVAL_PIPE, .pipes = &putter->number, .change = i });
    return NULL;
}

static void wait_for_wake(struct fixture *fixture)
{
    pthread_mutex_lock(&fixture->mutex);
    while (fixture->wakes == 0)
        pthread_cond_wait(&fixture->woken, &fixture->mutex);
    fixture->wakes = 0;
    pthread_mutex_unlock(&fixture->mutex);
}

static void test_threads(void **state)
{
    struct fixture fixture;
    struct putter putters[THREADS];
    int next[THREADS] = { 0 }, taken = 0;

    (void)state;
    set_up(&fixture, 0);
    for (int i = 0; i < THREADS; i++) {
        putters[i] = (struct putter){ .fixture = &fixture, .number = i };
        assert_int_equal(pthread_create(&putters[i].thread, NULL, put_all, &putters[i]), 0);
    }
    while (taken < THREADS * EACH) {
        wait_for_wake(&fixture);
        struct arrival *following;
        for (struct arrival *at = inbox_take(&fixture.inbox); at; at = following) {
            following = at->next;
            assert_int_equal(at->change, next[*at->pipes]++);
            arrival_free(at);
            taken++;
        }
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(putters[i].thread, NULL);
    tear_down(&fixture);
}

static void put_feed(struct fixture *fixture, size_t bytes)
{
    struct arrival arrival = { .type = ARRIVAL_FEED };

    assert_int_equal(nng_msg_alloc(&arrival.message, bytes), 0);
    inbox_put(&fixture->inbox, &arrival);
}

static size_t take_count(struct fixture *fixture)
{
    size_t count = 0;
    struct arrival *following;

    for (struct arrival *at = inbox_take(&fixture->inbox); at; at = following) {
        following = at->next;
        arrival_free(at);
        count++;
    }
    return count;
}

/* The feed is bounded; answers are not, since they are as many as were asked for. */
static void test_bounds(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture, 100);
    put_feed(&fixture, 60);
    put_feed(&fixture, 60); /* dropped */
    put_feed(&fixture, 40);
    inbox_put(&fixture.inbox, &(struct arrival){ .type = ARRIVAL_ANSWER });
    assert_int_equal(fixture.wakes, 1);
    assert_int_equal(take_count(&fixture), 3);
    put_feed(&fixture, 60);
    assert_int_equal(fixture.wakes, 2);
    assert_int_equal(take_count(&fixture), 1);
    tear_down(&fixture);
    put_feed(&fixture, 1); /* closed: freed, and nobody is woken */
    assert_int_equal(fixture.wakes, 2);
    assert_int_equal(take_count(&fixture), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
