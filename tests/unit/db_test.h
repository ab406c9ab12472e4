/*
 * What the tests of txd/db share: a temporary folder with a store in it, and random values. A
 * random test prints its seed; STOA_SEED sets it.
 */
#ifndef STOA_TESTS_UNIT_DB_TEST_H
#define STOA_TESTS_UNIT_DB_TEST_H

#include "tests/unit/scratch.h"

#include "proto/edn.h"
#include "txd/db/store.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#define CACHE_BYTES        ((size_t)8 << 20)
#define WRITE_BUFFER_BYTES ((size_t)4 << 20)

/* Ends the test with the message of what was expected to work. */
#define assert_ok(call)                                                                            \
    do {                                                                                           \
        if (!(call))                                                                               \
            fail_msg("%s: %s", #call, err.message);                                                \
    } while (0)

/* Expects a failure of a kind, whose message holds a text. */
#define assert_fails(call, expected_kind, text)                                                    \
    do {                                                                                           \
        if (call)                                                                                  \
            fail_msg("%s: expected to fail: %s", #call, text);                                     \
        if (err.kind != (expected_kind) || !strstr(err.message, text))                             \
            fail_msg("%s: %s: %s, expected %s: %s", #call, error_code(err.kind), err.message,      \
                     error_code(expected_kind), text);                                             \
    } while (0)

/* --- a temporary folder and a store --- */

struct db_test {
    char dir[SCRATCH_BYTES];
    struct store_shared *shared;
    struct store *store;
};

static inline void db_test_dir(struct db_test *test)
{
    *test = (struct db_test){ 0 };
    scratch_make(test->dir);
}

/* Opens a new store in the folder. */
static inline void db_test_open(struct db_test *test)
{
    struct error err;
    char path[96];

    db_test_dir(test);
    snprintf(path, sizeof(path), "%s/db", test->dir);
    test->shared = store_shared_open(CACHE_BYTES, WRITE_BUFFER_BYTES);
    assert_ok(store_open(test->shared, path, true, &test->store, &err));
}

static inline void db_test_close(struct db_test *test)
{
    store_close(test->store);
    store_shared_close(test->shared);
    scratch_remove(test->dir);
}

/* --- random values --- */

static uint64_t random_state;

/* splitmix64 */
static inline uint64_t random_next(void)
{
    uint64_t x = random_state += 0x9e3779b97f4a7c15u;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static inline uint32_t random_below(uint32_t end)
{
    return (uint32_t)(random_next() % end);
}

static inline void random_begin(const char *name)
{
    const char *given = getenv("STOA_SEED");

    random_state = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    printf("%s: STOA_SEED=%llu\n", name, (unsigned long long)random_state);
}

static inline int64_t random_long(void)
{
    static const int64_t edges[] = {
        0,
        1,
        -1,
        2,
        -2,
        255,
        256,
        -255,
        -256,
        65535,
        65536,
        (int64_t)1 << 53,
        ((int64_t)1 << 53) + 1,
        -((int64_t)1 << 53) - 1,
        INT64_MAX,
        INT64_MAX - 1,
        INT64_MIN,
        INT64_MIN + 1,
    };
    if (random_below(2))
        return edges[random_below(ARRAY_LEN(edges))];
    return (int64_t)(random_next() >> random_below(64)) * (random_below(2) ? 1 : -1);
}

static inline double random_double(void)
{
    static const double edges[] = {
        0.0,
        -0.0,
        0.5,
        -0.5,
        1.0,
        -1.0,
        1.5,
        -1.5,
        255.0,
        255.5,
        256.0,
        -256.25,
        0x1p53,
        0x1p53 + 2,
        -0x1p53,
        0x1p63,
        -0x1p63,
        0x1.fffffffffffffp62,
        -0x1.0000000000001p63,
        1e300,
        -1e300,
        5e-324,
        -5e-324,
        INFINITY,
        -INFINITY,
        NAN,
    };
    double real;
    uint64_t bits = random_next();

    switch (random_below(3)) {
    case 0:
        return edges[random_below(ARRAY_LEN(edges))];
    case 1:
        return (double)random_long() / (1 + random_below(4));
    default:
        memcpy(&real, &bits, sizeof(real));
        return real;
    }
}

/* Few letters, so that texts share prefixes; now and then beyond what keys hold. Valid UTF-8. */
static inline struct bytes random_text(struct arena *arena, bool nuls)
{
    static const char *const letters[] = { "a", "b", "\xc3\xbf" };
    struct buffer text = { 0 };

    if (random_below(4) == 0)
        for (uint32_t len = 250 + random_below(10); len; len--)
            buffer_append_u8(&text, 'p');
    for (uint32_t len = random_below(6); len; len--) {
        if (nuls && random_below(3) == 0)
            buffer_append_u8(&text, (uint8_t)random_below(3));
        else
            buffer_append_bytes(&text, bytes_of(letters[random_below(3)]));
    }
    struct bytes copy = arena_copy(arena, buffer_bytes(&text));
    buffer_release(&text);
    return copy;
}

/* Keywords and symbols have one letter at least. */
static inline struct bytes random_name(struct arena *arena)
{
    struct bytes text = random_text(arena, false);

    return text.len ? text : BYTES("q");
}

static inline struct value random_value(struct arena *arena, unsigned depth)
{
    struct uuid uuid;
    uint32_t count, kind = random_below(depth ? 14 : 10);

    switch (kind) {
    case 0:
        return value_boolean(random_below(2));
    case 1:
    case 2:
        return value_long(random_long());
    case 3:
    case 4:
        return value_double(random_double());
    case 5:
        return value_instant(random_long() % VALUE_INSTANT_MAX);
    case 6:
        memset(uuid.octets, (int)random_below(3), sizeof(uuid.octets));
        uuid.octets[random_below(16)] = (uint8_t)random_next();
        return value_uuid(uuid);
    case 7:
    case 8:
        return value_string(random_text(arena, true));
    case 9:
        return value_text((enum value_type)(VALUE_KEYWORD + random_below(3)), random_name(arena));
    default:
        break;
    }
    enum value_type type = kind == 13 ? VALUE_MAP : kind == 12 ? VALUE_SET : VALUE_VECTOR;
    struct value_builder builder = { 0 };
    count = random_below(5);
    for (uint32_t i = 0; i < count; i++) {
        if (type == VALUE_MAP || type == VALUE_SET) /* no key or item twice */
            value_builder_add(&builder, arena,
                              random_below(4) ? value_long(i) : value_double((double)i));
        if (type != VALUE_SET)
            value_builder_add(&builder, arena, random_value(arena, depth - 1));
    }
    return value_builder_end(&builder, type);
}

/* Keywords and values of tests are written as EDN. */
static inline struct value read_value(struct arena *arena, const char *text)
{
    struct value value;
    struct error err;

    if (!edn_read(bytes_of(text), arena, &value, &err))
        fail_msg("%s: %s", text, err.message);
    return value;
}

#endif
