#include "tests/fuzz/graph.h"

/* [query argument ..]; the query may be a string of EDN, in which a vector is no call. */
static bool run(const struct snapshot *snapshot, const struct value *input, uint8_t choice,
                const struct query_limits *limits, struct arena *arena, struct value *out,
                struct error *err)
{
    struct query_request request = { .basis = fuzz_basis(choice),
                                     .limit = choice & 8 ? 2 : 0,
                                     .offset = choice & 16 ? 1 : 0 };

    if (!value_is_sequence(input) || input->count == 0)
        return fail(err, ERROR_INCORRECT, "no query");
    request.query = input->items[0];
    request.args = value_collection(VALUE_VECTOR, input->items + 1, input->count - 1);
    return query_run(snapshot, &request, limits, arena, out, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_read(data, size, run);
    return 0;
}
