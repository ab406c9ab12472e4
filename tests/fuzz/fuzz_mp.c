#include "tests/fuzz/fuzz.h"

#include "proto/mp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = { (const char *)data, size };
    struct arena arena = { 0 };
    struct value value;
    struct error err;
    size_t len;

    bool skipped = mp_skip(bytes, &len, &err);
    assert(!skipped || len <= size);
    /* what can be read can be skipped, and is as long */
    if (mp_read(bytes, &arena, &value, &err))
        assert(skipped && len == size && mp_formed(bytes));
    assert(mp_entry(bytes, BYTES("id")).len <= size);
    arena_release(&arena);
    fuzz_round_trip(bytes, mp_read, mp_write);
    return 0;
}
