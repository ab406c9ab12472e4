#include "tests/fuzz/fuzz.h"

#include "proto/transit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_round_trip((struct bytes){ (const char *)data, size }, transit_read, transit_write);
    return 0;
}
