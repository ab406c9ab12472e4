#include "tests/fuzz/fuzz.h"

#include "proto/edn.h"
#include "proto/mp.h"
#include "proto/transit.h"

/* What an input may make its reader allocate: 24 bytes for a value of one byte, the copy of the
 * text, what #:ns{...} puts before keys, and room for rounding. */
#define ARENA_BYTES_MAX(len) (4096 + 160 * (len))

/* Any input is refused with words, or read, within its share of memory. */
static bool read_checked(struct bytes text, fuzz_read_fn *read, struct arena *arena,
                         struct value *out)
{
    struct error err = { .kind = ERROR_FAULT, .message = "" };
    bool ok = read(text, arena, out, &err);

    assert(ok || (err.kind == ERROR_INCORRECT && strstr(err.message, " at byte ")));
    assert(arena->used <= ARENA_BYTES_MAX(text.len));
    return ok;
}

static void check_same(const struct value *value, fuzz_read_fn *read, fuzz_write_fn *write)
{
    struct arena arena = { 0 };
    struct buffer text = { 0 };
    struct value again;
    struct error err;

    write(&text, value);
    assert(read(buffer_bytes(&text), &arena, &again, &err));
    assert(value_equal(value, &again));
    assert(value_hash(value) == value_hash(&again));
    assert(value_compare(value, &again) == 0);
    buffer_release(&text);
    arena_release(&arena);
}

/* Lists come back as vectors, so the bytes are compared instead. */
static void check_mp(const struct value *value)
{
    struct arena arena = { 0 };
    struct buffer text = { 0 }, second = { 0 };
    struct value again;
    struct error err;
    size_t len;

    mp_write(&text, value);
    assert(mp_skip(buffer_bytes(&text), &len, &err) && len == text.len);
    /* #{[1] (1)} has an item twice once both are vectors: then it may be refused */
    if (mp_read(buffer_bytes(&text), &arena, &again, &err)) {
        mp_write(&second, &again);
        assert(bytes_equal(buffer_bytes(&text), buffer_bytes(&second)));
    } else {
        assert(strstr(err.message, " twice in a "));
    }
    buffer_release(&text);
    buffer_release(&second);
    arena_release(&arena);
}

void fuzz_round_trip(struct bytes text, fuzz_read_fn *read, fuzz_write_fn *write)
{
    struct arena arena = { 0 };
    struct value value;

    if (read_checked(text, read, &arena, &value)) {
        check_same(&value, read, write);
        check_same(&value, edn_read, edn_write);
        check_same(&value, transit_read, transit_write);
        check_mp(&value);
    }
    arena_release(&arena);
}
