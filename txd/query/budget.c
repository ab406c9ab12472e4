#include "txd/query/budget.h"

#include "common/clock.h"

#include <inttypes.h>

static bool fail_memory(const struct budget *budget, struct error *err)
{
    return fail(err, ERROR_INTERRUPTED, "the query passed its memory limit of %zu bytes: narrow it",
                budget->limits->memory_bytes_max);
}

bool budget_check(const struct budget *budget, struct error *err)
{
    const struct query_limits *limits = budget->limits;

    if (limits->cancel && atomic_load_explicit(limits->cancel, memory_order_relaxed))
        return fail(err, ERROR_INTERRUPTED, "the query was cancelled");
    if (clock_monotonic_us() >= limits->deadline_us)
        return fail(err, ERROR_INTERRUPTED,
                    "the query passed its time limit: narrow it, or ask for a longer timeout");
    if (budget->arena->used > limits->memory_bytes_max)
        return fail_memory(budget, err);
    return true;
}

bool budget_room(const struct budget *budget, uint64_t rows, uint64_t width, struct error *err)
{
    size_t max = budget->limits->memory_bytes_max, used = budget->arena->used;
    uint64_t cells = max > used ? (max - used) / sizeof(struct value) : 0;

    return width == 0 || rows <= cells / width || fail_memory(budget, err);
}

bool budget_bytes(const struct budget *budget, uint64_t bytes, struct error *err)
{
    size_t max = budget->limits->memory_bytes_max, used = budget->arena->used;

    return (used <= max && bytes <= max - used) || fail_memory(budget, err);
}

bool budget_rows(const struct budget *budget, uint64_t rows, struct error *err)
{
    uint64_t max = budget->limits->rows_max;

    if (rows > max || rows > UINT32_MAX - 1)
        return fail(err, ERROR_INTERRUPTED,
                    "the query passed its limit of %" PRIu64 " rows on the way: narrow it", max);
    return budget_check(budget, err);
}
