#include "tests/fuzz/fuzz.h"

#include "proto/edn.h"
#include "proto/edn_stream.h"

#define VALUE_BYTES_MAX 4096

/*
 * The first byte says in pieces of what size the rest is fed and how many values are entered. The
 * values that a stream gives are those of edn_read() of their text, so here it is enough that it
 * ends, and agrees with edn_read() on a text of one value.
 */
static void stream(struct bytes text, unsigned choice)
{
    struct edn_stream *stream = edn_stream_open(VALUE_BYTES_MAX);
    struct arena arena = { 0 }, whole = { 0 };
    struct value value, first = value_nil(), expected;
    size_t piece = 1 + choice % 16, at = 0, values = 0;
    unsigned enter = choice / 16;
    struct error err;
    enum edn_step step;

    do {
        step = enter ? edn_stream_enter(stream, &value, &err)
                     : edn_stream_next(stream, &arena, &value, &err);
        if (step == EDN_MORE && at == text.len) {
            edn_stream_end(stream);
        } else if (step == EDN_MORE) {
            size_t len = piece < text.len - at ? piece : text.len - at;
            edn_stream_feed(stream, (struct bytes){ text.data + at, len });
            at += len;
        } else if (step == EDN_VALUE && enter) {
            enter--;
        } else if (step == EDN_VALUE && values++ == 0) {
            first = value;
        }
    } while (step != EDN_END && step != EDN_ERROR);
    if (choice < 16 && text.len <= VALUE_BYTES_MAX && edn_read(text, &whole, &expected, &err))
        assert(step == EDN_END && values == 1 && value_equal(&first, &expected));
    edn_stream_close(stream);
    arena_release(&arena);
    arena_release(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct bytes text = { (const char *)data + 1, size - 1 };
    fuzz_round_trip(text, edn_read, edn_write);
    stream(text, data[0]);
    return 0;
}
