#include "txd/query/budget.h"

#include "common/clock.h"

#include <inttypes.h>

bool budget_check(const struct budget *budget, struct error *err)
{
    const struct query_limits *limits = budget->limits;

    if (limits->cancel && atomic_load_explicit(limits->cancel, memory_order_relaxed))
        return fail(err, ERROR_INTERRUPTED, "the query was cancelled");
    if (clock_monotonic_us() >= limits->deadline_us)
        return fail(err, ERROR_INTERRUPTED,
                    "the query passed its time limit: narrow it, or ask for a longer timeout");
    if (budget->arena->used > limits->memory_bytes_max)
        return fail(err, ERROR_INTERRUPTED,
                    "the query passed its memory limit of %zu bytes: narrow it",
                    limits->memory_bytes_max);
    return true;
}

bool budget_rows(const struct budget *budget, uint64_t rows, struct error *err)
{
    uint64_t max = budget->limits->rows_max;

    if (rows > max || rows > UINT32_MAX - 1)
        return fail(err, ERROR_INTERRUPTED,
                    "the query passed its limit of %" PRIu64 " rows on the way: narrow it", max);
    return budget_check(budget, err);
}
