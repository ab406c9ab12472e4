/* MessagePack to Transit JSON directly gives what reading and writing the values gives. */
#include "tests/unit/test.h"

#include "common/clock.h"
#include "common/limits.h"
#include "proto/edn.h"
#include "proto/mp.h"
#include "proto/transcode.h"
#include "proto/transit.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const values[] = {
    "nil",
    "true",
    "false",
    "0",
    "127",
    "128",
    "-1",
    "-32",
    "-33",
    "-128",
    "255",
    "256",
    "65535",
    "65536",
    "-32768",
    "-32769",
    "4294967295",
    "4294967296",
    "9007199254740991",
    "9007199254740992",
    "-9007199254740991",
    "-9007199254740992",
    "9223372036854775807",
    "-9223372036854775808",
    "1.0",
    "-0.5",
    "1e300",
    ":a",
    ":a/b",
    ":block/string",
    "foo",
    "\"\"",
    "\"x\"",
    "\"~x\"",
    "\"^x\"",
    "\"`x\"",
    "\"quote \\\" back \\\\ line \\n\"",
    "\"h\u00e9\u4e16\"",
    "#inst \"2022-10-04T08:17:45.053Z\"",
    "#uuid \"0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0\"",
    "#bytes \"AAEC\"",
    "[]",
    "[1 [2 [3]]]",
    "{}",
    "{:a 1 \"b\" [2]}",
    "{1 2}",
    "{:a {2 3} \"c\" nil}",
    "#{1 \"a\" :b}",
    "[17 :block/string \"hello\" 536870970]",
    "{\"type\" \"tx\" \"t\" 58 \"datoms\" [[17 :block/string \"hello\" false]]}",
};

static void check(const struct value *value)
{
    struct buffer packed = { 0 }, expected = { 0 }, actual = { 0 };
    struct arena arena = { 0 };
    struct value again;
    struct error error;

    mp_write(&packed, value);
    assert_true(mp_read(buffer_bytes(&packed), &arena, &again, &error));
    transit_write(&expected, &again); /* a list has become a vector */
    if (!transcode_json(&actual, buffer_bytes(&packed), 1, &error))
        fail_msg("%.*s: %s", BYTES_ARG(buffer_bytes(&expected)), error.message);
    if (!bytes_equal(buffer_bytes(&actual), buffer_bytes(&expected)))
        fail_msg("%.*s instead of %.*s", BYTES_ARG(buffer_bytes(&actual)),
                 BYTES_ARG(buffer_bytes(&expected)));
    buffer_release(&packed);
    buffer_release(&expected);
    buffer_release(&actual);
    arena_release(&arena);
}

static void test_values(void **state)
{
    struct arena arena = { 0 };
    struct value value;
    struct error error;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        assert_true(edn_read(bytes_of(values[i]), &arena, &value, &error));
        check(&value);
    }
    arena_release(&arena);
}

/* Lengths on both sides of every header's limit. */
static void test_lengths(void **state)
{
    static const size_t lengths[] = { 0, 1, 2, 4, 8, 15, 16, 17, 31, 32, 255, 256, 65535, 65536 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct arena arena = { 0 };
        char *text = arena_alloc(&arena, lengths[i] + 1);
        memset(text, 'x', lengths[i]);
        struct value string = value_string((struct bytes){ text, lengths[i] });
        check(&string);
        if (lengths[i] > 0 && lengths[i] <= LIMIT_KEYWORD_BYTES) {
            struct value keyword = value_keyword((struct bytes){ text, lengths[i] });
            check(&keyword);
        }
        struct value *items = ARENA_ARRAY(&arena, struct value, lengths[i] + 1);
        struct value vector = value_collection(VALUE_VECTOR, items, (uint32_t)lengths[i]);
        check(&vector);
        arena_release(&arena);
    }
}

static void test_several(void **state)
{
    struct buffer packed = { 0 }, out = { 0 };
    struct error error;

    (void)state;
    mp_write_long(&packed, 1);
    mp_write_string(&packed, BYTES("a"));
    assert_true(transcode_json(&out, buffer_bytes(&packed), 2, &error));
    assert_true(bytes_equal(buffer_bytes(&out), BYTES("1,\"a\"")));
    assert_false(transcode_json(&out, buffer_bytes(&packed), 1, &error));
    assert_false(transcode_json(&out, buffer_bytes(&packed), 3, &error));
    buffer_release(&packed);
    buffer_release(&out);
}

/* Cut anywhere, bent anywhere: an error or some text, never a crash. */
static void test_hostile(void **state)
{
    unsigned seed = (unsigned)clock_wall_ms();
    struct arena arena = { 0 };
    struct buffer packed = { 0 }, out = { 0 };
    struct value value;
    struct error error;

    (void)state;
    print_message("seed %u\n", seed);
    srand(seed);
    assert_true(edn_read(bytes_of(values[ARRAY_LEN(values) - 1]), &arena, &value, &error));
    mp_write(&packed, &value);
    for (size_t len = 0; len < packed.len; len++) {
        char *copy = xmalloc(len + 1); /* of its exact size, for ASan to see */
        memcpy(copy, packed.data, len);
        copy = xrealloc(copy, len ? len : 1);
        assert_false(transcode_json(&out, (struct bytes){ copy, len }, 1, &error));
        free(copy);
    }
    for (int i = 0; i < 20000; i++) {
        struct bytes bent = arena_copy(&arena, buffer_bytes(&packed));
        char *bytes = arena_alloc(&arena, bent.len);
        memcpy(bytes, bent.data, bent.len);
        bytes[(size_t)rand() % bent.len] = (char)rand();
        buffer_clear(&out);
        bool ok = transcode_json(&out, (struct bytes){ bytes, bent.len }, 1, &error);
        assert_true(ok || error.kind == ERROR_INCORRECT);
        arena_reset(&arena);
    }
    memset(buffer_reserve(&packed, 10000), 0x91, 10000);
    assert_false(
        transcode_json(&out, (struct bytes){ packed.data + packed.len, 10000 }, 1, &error));
    assert_non_null(strstr(error.message, "128"));
    buffer_release(&packed);
    buffer_release(&out);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
