#include "tests/bench/latency.h"

#include <stdlib.h>

void latency_add(struct latency *latency, int64_t us)
{
    if (latency->count == latency->cap) {
        latency->cap = latency->cap ? 2 * latency->cap : 4096;
        latency->us = xrealloc(latency->us, latency->cap * sizeof(*latency->us));
    }
    latency->us[latency->count++] = us;
}

void latency_release(struct latency *latency)
{
    free(latency->us);
    *latency = (struct latency){ 0 };
}

static int by_size(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;

    return *left < *right ? -1 : *left > *right;
}

double latency_ms(struct latency *latency, double percent)
{
    if (latency->count == 0)
        return 0;
    qsort(latency->us, latency->count, sizeof(*latency->us), by_size);
    return (double)latency->us[(size_t)((double)(latency->count - 1) * percent / 100)] / 1000;
}
