#include "tests/unit/test.h"

#include "common/queue.h"

#include <sched.h>
#include <stdlib.h>

#define PRODUCERS 4
#define CONSUMERS 3
#define EACH      20000
#define COUNT_MAX 64

struct job {
    struct queue_item item;
    int producer, number;
};

static void test_first_in_first_out(void **state)
{
    (void)state;
    struct queue queue;
    struct job jobs[3] = { { .number = 0 }, { .number = 1 }, { .number = 2 } };

    queue_init(&queue, 2);
    assert_true(queue_push(&queue, &jobs[0].item));
    assert_true(queue_push(&queue, &jobs[1].item));
    assert_false(queue_push(&queue, &jobs[2].item)); /* full */
    assert_ptr_equal(queue_pop(&queue), &jobs[0].item);
    assert_true(queue_push(&queue, &jobs[2].item));
    assert_ptr_equal(queue_pop(&queue), &jobs[1].item);
    assert_ptr_equal(queue_pop(&queue), &jobs[2].item);
    assert_true(queue_push(&queue, &jobs[0].item)); /* the emptied queue works on */
    assert_ptr_equal(queue_pop(&queue), &jobs[0].item);
    queue_destroy(&queue);
}

static void test_close(void **state)
{
    (void)state;
    struct queue queue;
    struct job jobs[2] = { { .number = 0 } };

    queue_init(&queue, 2);
    assert_true(queue_push(&queue, &jobs[0].item));
    queue_close(&queue);
    assert_false(queue_push(&queue, &jobs[1].item));
    assert_ptr_equal(queue_pop(&queue), &jobs[0].item); /* what is left comes out */
    assert_null(queue_pop(&queue));
    assert_null(queue_pop(&queue));
    queue_destroy(&queue);
}

struct crowd {
    struct queue queue;
    struct job jobs[PRODUCERS][EACH];
    bool in_order[CONSUMERS];
    int taken[CONSUMERS];
};

struct member {
    struct crowd *crowd;
    int number;
    pthread_t thread;
};

static void *produce(void *arg)
{
    struct member *member = arg;

    for (int i = 0; i < EACH; i++) {
        struct job *job = &member->crowd->jobs[member->number][i];
        job->producer = member->number;
        job->number = i;
        while (!queue_push(&member->crowd->queue, &job->item))
            sched_yield(); /* full: the consumers will make room */
    }
    return NULL;
}

/* Jobs of one producer arrive in the order of their numbers at each consumer. */
static void *consume(void *arg)
{
    struct member *member = arg;
    int last[PRODUCERS];
    struct queue_item *item;

    for (int i = 0; i < PRODUCERS; i++)
        last[i] = -1;
    member->crowd->in_order[member->number] = true;
    while ((item = queue_pop(&member->crowd->queue))) {
        struct job *job = CONTAINER_OF(item, struct job, item);
        if (job->number <= last[job->producer])
            member->crowd->in_order[member->number] = false;
        last[job->producer] = job->number;
        member->crowd->taken[member->number]++;
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    struct crowd *crowd = xcalloc(1, sizeof(*crowd));
    struct member producers[PRODUCERS], consumers[CONSUMERS];
    int taken = 0;

    queue_init(&crowd->queue, COUNT_MAX);
    for (int i = 0; i < CONSUMERS; i++) {
        consumers[i] = (struct member){ .crowd = crowd, .number = i };
        assert_int_equal(pthread_create(&consumers[i].thread, NULL, consume, &consumers[i]), 0);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct member){ .crowd = crowd, .number = i };
        assert_int_equal(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
    }
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(producers[i].thread, NULL);
    queue_close(&crowd->queue);
    for (int i = 0; i < CONSUMERS; i++) {
        pthread_join(consumers[i].thread, NULL);
        assert_true(crowd->in_order[i]);
        taken += crowd->taken[i];
    }
    assert_int_equal(taken, PRODUCERS * EACH);
    queue_destroy(&crowd->queue);
    free(crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_in_first_out),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
