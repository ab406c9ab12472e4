/*
 * Fuzz targets. Each file defines libFuzzer's function; linked with replay.c it runs the files of a
 * corpus, and with -Dfuzz=true it is a libFuzzer target too. A broken property aborts.
 */
#ifndef STOA_TESTS_FUZZ_FUZZ_H
#define STOA_TESTS_FUZZ_FUZZ_H

#include "common/buffer.h"
#include "proto/value.h"

#include <assert.h>
#include <stdint.h>

/* The name and form are libFuzzer's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef bool fuzz_read_fn(struct bytes text, struct arena *arena, struct value *out,
                          struct error *err);
typedef void fuzz_write_fn(struct buffer *out, const struct value *value);

/* Reads `text`; what reads must write and read back as an equal value, in the codec itself and
 * in every other (in MessagePack, whose lists are vectors, as the same bytes). */
void fuzz_round_trip(struct bytes text, fuzz_read_fn *read, fuzz_write_fn *write);

#endif
