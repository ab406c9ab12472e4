#include "tests/fuzz/graph.h"

/* [pattern entity], or entities. */
static bool run(const struct snapshot *snapshot, const struct value *input, uint8_t choice,
                const struct query_limits *limits, struct arena *arena, struct value *out,
                struct error *err)
{
    struct pull_request request = { .basis = fuzz_basis(choice), .many = choice & 8 };

    if (!value_is_sequence(input) || input->count != 2)
        return fail(err, ERROR_INCORRECT, "no pattern and entity");
    request.pattern = input->items[0];
    request.eid = input->items[1];
    return pull_run(snapshot, &request, limits, arena, out, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_read(data, size, run);
    return 0;
}
