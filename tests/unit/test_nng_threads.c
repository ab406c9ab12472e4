/* All of nng's callbacks run on one thread, one after another. */
#include "tests/unit/test.h"

#include "proto/nng_threads.h"

#include <nng/nng.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define CALLS 10000

static pthread_t first;
static atomic_int calls, elsewhere;

static void on_done(void *arg)
{
    (void)arg;
    if (atomic_load(&calls) == 0)
        first = pthread_self();
    else if (!pthread_equal(first, pthread_self()))
        atomic_fetch_add(&elsewhere, 1);
    atomic_fetch_add(&calls, 1);
}

static void test_one_thread(void **state)
{
    static nng_aio *aios[CALLS];

    (void)state;
    nng_threads_park();
    nng_threads_park();
    for (int i = 0; i < CALLS; i++) {
        assert_int_equal(nng_aio_alloc(&aios[i], on_done, NULL), 0);
        assert_true(nng_aio_begin(aios[i]));
        nng_aio_finish(aios[i], 0);
    }
    for (int i = 0; i < CALLS; i++) {
        nng_aio_wait(aios[i]);
        nng_aio_free(aios[i]);
    }
    assert_int_equal(atomic_load(&calls), CALLS);
    assert_int_equal(atomic_load(&elsewhere), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_one_thread) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
