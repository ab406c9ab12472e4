/* Encoded values: their order, reading them back, and what broken ones do. */
#include "tests/unit/db_test.h"

#include "txd/db/key.h"

struct encoded {
    struct value v;
    struct buffer key, tail;
};

static void encode(struct encoded *encoded, struct value v)
{
    struct buffer scratch = { 0 };
    struct bytes tail;

    encoded->v = v;
    buffer_clear(&encoded->key);
    buffer_clear(&encoded->tail);
    key_append_value(&encoded->key, &v, &scratch, &tail);
    buffer_append_bytes(&encoded->tail, tail);
    buffer_release(&scratch);
}

static void encoded_release(struct encoded *encoded)
{
    buffer_release(&encoded->key);
    buffer_release(&encoded->tail);
}

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

/* Long sequences are sorted by their encoding, behind the others. */
static bool is_long_sequence(const struct encoded *encoded)
{
    return value_is_sequence(&encoded->v) && encoded->key.len > 1 &&
           (uint8_t)encoded->key.data[1] == 0xff;
}

static void compare(const struct encoded *a, const struct encoded *b)
{
    struct bytes left = buffer_bytes(&a->key), right = buffer_bytes(&b->key);
    size_t left_len = key_uncut_len(left), right_len = key_uncut_len(right);
    int order = sign(value_compare(&a->v, &b->v));
    int key_order = sign(bytes_compare(left, right));
    struct arena arena = { 0 };
    bool same_head = left_len < left.len && right_len < right.len && left_len == right_len &&
                     memcmp(left.data, right.data, left_len) == 0;
    bool wrong = order != 0 ? key_order != order && !same_head
                            : value_equal(&a->v, &b->v) != (key_order == 0);

    if (is_long_sequence(a) || is_long_sequence(b))
        wrong = false;
    if (wrong)
        fail_msg("%s and %s: order %d, of keys %d", edn_excerpt(&arena, &a->v).data,
                 edn_excerpt(&arena, &b->v).data, order, key_order);
    bool prefix =
        left.len != right.len && (bytes_starts_with(left, right) || bytes_starts_with(right, left));
    if (prefix)
        fail_msg("%s and %s: one key is the head of the other", edn_excerpt(&arena, &a->v).data,
                 edn_excerpt(&arena, &b->v).data);
    arena_release(&arena);
}

/* Each before the next. */
static const char *const in_order[] = {
    "false",
    "true",
    "##-Inf",
    "-1e300",
    "-9223372036854777856.0",
    "-9223372036854775808",
    "-9223372036854775807",
    "-9007199254740993",
    "-9007199254740992.0",
    "-65537",
    "-65536.5",
    "-65536",
    "-256",
    "-255.5",
    "-255",
    "-2",
    "-1.5",
    "-1",
    "-0.5",
    "-5e-324",
    "0",
    "5e-324",
    "0.5",
    "1",
    "1.5",
    "2",
    "255",
    "256",
    "65535.25",
    "65536",
    "9007199254740992",
    "9007199254740993",
    "9007199254740994.0",
    "9223372036854774784.0",
    "9223372036854775807",
    "9223372036854775808.0",
    "1e300",
    "##Inf",
    "##NaN",
    "#inst \"1969-12-31\"",
    "#inst \"1970-01-01\"",
    "#inst \"2026-01-01\"",
    "#uuid \"00000000-0000-0000-0000-000000000001\"",
    "#uuid \"80000000-0000-0000-0000-000000000000\"",
    "\"\"",
    "\"\\u0000\"",
    "\"\\u0000a\"",
    "\"\\u0001\"",
    "\"a\"",
    "\"a\\u0000\"",
    "\"a\\u0001\"",
    "\"aa\"",
    "\"b\"",
    ":a",
    ":a/b",
    ":b",
    "a",
    "b",
    "#bytes \"AA==\"",
    "#bytes \"AAA=\"",
    "[]",
    "[nil]",
    "[nil 1]",
    "[false]",
    "[1]",
    "[1 2]",
    "[1.0 3]",
    "[1 4]",
    "[1.5]",
    "[2]",
    "[\"a\"]",
    "[\"a\" 1]",
    "[\"aa\"]",
    "[[]]",
    "[[1]]",
    "[[1] 1]",
    "()",
    "(1)",
    "#{}",
    "#{1}",
    "{}",
    "{1 2}",
};

static void test_order(void **state)
{
    struct encoded encoded[ARRAY_LEN(in_order)] = { 0 };
    struct arena arena = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(in_order); i++)
        encode(&encoded[i], read_value(&arena, in_order[i]));
    for (size_t i = 0; i < ARRAY_LEN(in_order); i++)
        for (size_t j = 0; j < i; j++)
            if (bytes_compare(buffer_bytes(&encoded[j].key), buffer_bytes(&encoded[i].key)) >= 0)
                fail_msg("%s is not before %s", in_order[j], in_order[i]);
    for (size_t i = 0; i < ARRAY_LEN(in_order); i++)
        encoded_release(&encoded[i]);
    arena_release(&arena);
}

static void test_random_order(void **state)
{
    struct encoded a = { 0 }, b = { 0 };
    struct arena arena = { 0 };

    (void)state;
    random_begin("key order");
    for (int i = 0; i < 200000; i++) {
        arena_reset(&arena);
        encode(&a, random_value(&arena, 2));
        encode(&b, random_value(&arena, 2));
        compare(&a, &b);
    }
    encoded_release(&a);
    encoded_release(&b);
    arena_release(&arena);
}

/* Read from memory that ends where the key ends, so that a sanitizer sees every step too far. */
static bool read_exact(struct bytes key, struct bytes tail, struct arena *arena, struct value *out,
                       size_t *len, struct error *err)
{
    char *copy = xmalloc(key.len);

    if (key.len)
        memcpy(copy, key.data, key.len);
    bool ok = key_read_value((struct bytes){ copy, key.len }, tail, arena, out, len, err);
    if (ok)
        *out = value_copy(arena, out);
    free(copy);
    return ok;
}

static void round_trip(struct encoded *encoded, struct value v, struct arena *arena)
{
    struct value back;
    struct error err;
    size_t len;

    encode(encoded, v);
    assert_ok(read_exact(buffer_bytes(&encoded->key), buffer_bytes(&encoded->tail), arena, &back,
                         &len, &err));
    if (len != encoded->key.len || !value_equal(&v, &back))
        fail_msg("%s came back as %s", edn_excerpt(arena, &v).data, edn_excerpt(arena, &back).data);
}

static void test_reads_back(void **state)
{
    struct encoded encoded = { 0 };
    struct arena arena = { 0 };

    (void)state;
    random_begin("key reads back");
    for (size_t i = 0; i < ARRAY_LEN(in_order); i++)
        round_trip(&encoded, read_value(&arena, in_order[i]), &arena);
    for (int i = 0; i < 100000; i++) {
        arena_reset(&arena);
        round_trip(&encoded, random_value(&arena, 3), &arena);
    }
    encoded_release(&encoded);
    arena_release(&arena);
}

/* What is in the tail: only what the key cannot tell. */
static void test_tail(void **state)
{
    static const struct {
        const char *text;
        bool tail;
    } examples[] = {
        { "\"short\"", false }, { "[1 2]", false },      { "[1.0]", true },
        { "#{1.5}", false },    { "{:zoom 1.0}", true }, { "[1.5 [nil]]", false },
    };
    struct encoded encoded = { 0 };
    struct arena arena = { 0 };
    char text[300];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        encode(&encoded, read_value(&arena, examples[i].text));
        if ((encoded.tail.len > 0) != examples[i].tail)
            fail_msg("%s: %zu bytes of tail", examples[i].text, encoded.tail.len);
    }
    memset(text, 'x', sizeof(text));
    encode(&encoded, value_string((struct bytes){ text, KEY_TEXT_BYTES }));
    assert_int_equal(encoded.tail.len, 0);
    encode(&encoded, value_string((struct bytes){ text, KEY_TEXT_BYTES + 1 }));
    assert_int_equal(encoded.tail.len, KEY_TEXT_BYTES + 1);
    encoded_release(&encoded);
    arena_release(&arena);
}

static void test_long_sequences(void **state)
{
    struct encoded shorter = { 0 }, longer = { 0 };
    struct arena arena = { 0 };
    struct value items[600];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(items); i++)
        items[i] = value_long((int64_t)i);
    encode(&shorter, value_collection(VALUE_VECTOR, items + 1, 3));
    round_trip(&longer, value_collection(VALUE_VECTOR, items, 600), &arena);
    assert_true(longer.key.len < KEY_SEQUENCE_BYTES);
    assert_true(bytes_compare(buffer_bytes(&shorter.key), buffer_bytes(&longer.key)) < 0);
    encoded_release(&shorter);
    encoded_release(&longer);
    arena_release(&arena);
}

static void test_broken_keys(void **state)
{
    struct encoded encoded = { 0 };
    struct arena arena = { 0 };
    struct value v;
    struct error err;
    size_t len;

    (void)state;
    random_begin("broken keys");
    for (int i = 0; i < 50000; i++) {
        arena_reset(&arena);
        encode(&encoded, random_value(&arena, 2));
        struct bytes key = buffer_bytes(&encoded.key);
        if (random_below(2))
            key.len = random_below((uint32_t)key.len);
        else
            encoded.key.data[random_below((uint32_t)key.len)] ^= (char)(1 + random_below(255));
        if (!read_exact(key, buffer_bytes(&encoded.tail), &arena, &v, &len, &err))
            assert_int_equal(err.kind, ERROR_FAULT);
    }
    encoded_release(&encoded);
    arena_release(&arena);
}

static void test_lookup_part(void **state)
{
    static const struct {
        struct bytes key, part;
    } rows[] = {
        { { "V\0\1abc\0\0\0\7", 10 }, { "V\0\1abc", 6 } },
        { { "X\0\0id", 5 }, { "X\0\0id", 5 } },
        { { "v\0\1abc\0\0\0\7", 10 }, { "", 0 } },
        { { "E\0\0\0\1\0\1a", 8 }, { "E\0\0\0\1\0\1", 7 } },
        { { "E\0\0\0\1\0\1", 7 }, { "E\0\0\0\1\0\1", 7 } },
        { { "E\0\0\0\1\0", 6 }, { "", 0 } },
        { { "e\0\0\0\1\0\1a", 8 }, { "", 0 } },
        { { "R\0\0\0\1\0\1\0\0\0\2", 11 }, { "R\0\0\0\1", 5 } },
        { { "V\0\0\0\7", 5 }, { "", 0 } },
        { { "", 0 }, { "", 0 } },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes part = key_lookup_part(rows[i].key);
        assert_true(bytes_equal(part, rows[i].part));
        assert_ptr_equal(part.data, rows[i].key.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),          cmocka_unit_test(test_random_order),
        cmocka_unit_test(test_reads_back),     cmocka_unit_test(test_tail),
        cmocka_unit_test(test_long_sequences), cmocka_unit_test(test_broken_keys),
        cmocka_unit_test(test_lookup_part),
    };
    return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
