/* What the vectors cannot say of MessagePack: pieces, skipping, and what canonical means. */
#include "tests/unit/test.h"

#include "proto/edn.h"
#include "proto/mp.h"

static struct arena arena;

static struct value read_text(const char *text)
{
    struct value value;
    struct error err;

    if (!edn_read(bytes_of(text), &arena, &value, &err))
        fail_msg("%s: %s", text, err.message);
    return value;
}

static void test_pieces_are_as_the_whole(void **state)
{
    (void)state;
    struct buffer pieces = { 0 }, whole = { 0 };
    struct value value =
        read_text("{\"a\" [nil true false 5 -70000 \"\" #bytes \"AQID\"] \"b\" [70000 :k/w {}]}");

    mp_write_map(&pieces, 2);
    mp_write_string(&pieces, BYTES("a"));
    mp_write_array(&pieces, 7);
    mp_write_nil(&pieces);
    mp_write_boolean(&pieces, true);
    mp_write_boolean(&pieces, false);
    mp_write_long(&pieces, 5);
    mp_write_long(&pieces, -70000);
    mp_write_string(&pieces, BYTES(""));
    mp_write_bytes(&pieces, BYTES("\1\2\3"));
    mp_write_string(&pieces, BYTES("b"));
    mp_begin_datom(&pieces, 3, 70000, BYTES("k/w"));
    mp_write_map(&pieces, 0);
    mp_write(&whole, &value);
    assert_true(bytes_equal(buffer_bytes(&pieces), buffer_bytes(&whole)));
    buffer_release(&pieces);
    buffer_release(&whole);
    arena_release(&arena);
}

/* Lengths and numbers on both sides of where heads get longer; `head` is how long it is. */
static const struct edge {
    enum value_type type;
    uint64_t of;
    size_t head;
} edges[] = {
    { VALUE_LONG, 0x7f, 1 },       { VALUE_LONG, 0x80, 2 },       { VALUE_LONG, 0xff, 2 },
    { VALUE_LONG, 0x100, 3 },      { VALUE_LONG, 0xffff, 3 },     { VALUE_LONG, 0x10000, 5 },
    { VALUE_LONG, 0xffffffff, 5 }, { VALUE_LONG, 1ull << 32, 9 }, { VALUE_LONG, INT64_MAX, 9 },
    { VALUE_STRING, 0, 1 },        { VALUE_STRING, 31, 1 },       { VALUE_STRING, 32, 2 },
    { VALUE_STRING, 255, 2 },      { VALUE_STRING, 256, 3 },      { VALUE_STRING, 65535, 3 },
    { VALUE_STRING, 65536, 5 },    { VALUE_BYTES, 0, 2 },         { VALUE_BYTES, 255, 2 },
    { VALUE_BYTES, 256, 3 },       { VALUE_BYTES, 65535, 3 },     { VALUE_BYTES, 65536, 5 },
    { VALUE_KEYWORD, 1, 2 },       { VALUE_KEYWORD, 3, 3 },       { VALUE_KEYWORD, 16, 2 },
    { VALUE_KEYWORD, 255, 3 },     { VALUE_KEYWORD, 256, 4 },     { VALUE_SYMBOL, 300, 4 },
    { VALUE_VECTOR, 0, 1 },        { VALUE_VECTOR, 15, 1 },       { VALUE_VECTOR, 16, 3 },
    { VALUE_VECTOR, 65535, 3 },    { VALUE_VECTOR, 65536, 5 },
};

static void test_edges(void **state)
{
    (void)state;
    char *text = xmalloc(65536);
    struct value *items = xcalloc(65536, sizeof(*items)), again;
    struct error err;

    memset(text, 'x', 65536);
    for (size_t i = 0; i < ARRAY_LEN(edges); i++) {
        const struct edge *edge = &edges[i];
        struct value value = value_text(edge->type, (struct bytes){ text, edge->of });
        struct buffer out = { 0 };
        if (edge->type == VALUE_LONG)
            value = value_long((int64_t)edge->of);
        else if (edge->type == VALUE_VECTOR)
            value = value_collection(VALUE_VECTOR, items, (uint32_t)edge->of);
        mp_write(&out, &value);
        assert_int_equal(out.len, edge->head + (edge->type == VALUE_LONG ? 0 : edge->of));
        assert_true(mp_read(buffer_bytes(&out), &arena, &again, &err));
        assert_true(value_equal(&again, &value));
        buffer_release(&out);
    }
    free(items);
    free(text);
    arena_release(&arena);
}

/* An array whose count is known last is as one whose count was known first. */
static void test_wrap(void **state)
{
    (void)state;
    static const uint32_t counts[] = { 0, 1, 15, 16, 65535, 65536 };
    struct buffer last = { 0 }, first = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        buffer_clear(&first);
        buffer_clear(&last);
        mp_write_string(&first, BYTES("before"));
        mp_write_array(&first, counts[i]);
        mp_write_string(&last, BYTES("before"));
        size_t start = last.len;
        for (uint32_t j = 0; j < counts[i]; j++) {
            mp_write_long(&first, j);
            mp_write_long(&last, j);
        }
        mp_wrap_array(&last, start, counts[i]);
        assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&last)));
    }
    buffer_release(&first);
    buffer_release(&last);
}

/* Several values one behind the other are skipped one by one. */
static void test_skip(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "1",
        "\"text\"",
        "[1 [2 {3 4}] #{5}]",
        "{}",
        "#uuid \"531a379e-31bb-4ce1-8690-158dceb64be6\"",
    };
    struct buffer text = { 0 };
    size_t ends[ARRAY_LEN(texts)], at = 0, len;
    struct error err;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct value value = read_text(texts[i]);
        mp_write(&text, &value);
        ends[i] = text.len;
    }
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        assert_true(mp_skip((struct bytes){ text.data + at, text.len - at }, &len, &err));
        at += len;
        assert_int_equal(at, ends[i]);
    }
    for (size_t cut = 1; cut < ends[2] - ends[1]; cut++)
        assert_false(mp_skip((struct bytes){ text.data + ends[1], cut }, &len, &err));
    buffer_release(&text);
    arena_release(&arena);
}

/* A frame whose arrays claim each other's bytes gets no memory for the claims. */
static void test_claims_get_no_memory(void **state)
{
    (void)state;
    struct buffer text = { 0 };
    struct value value;
    struct error err;

    for (int i = 0; i < 100; i++) {
        buffer_append_u8(&text, 0xdd);
        buffer_append_u32be(&text, 500000);
    }
    memset(buffer_reserve(&text, 1 << 20), 0xc0, 1 << 20);
    text.len += 1 << 20;
    assert_false(mp_read(buffer_bytes(&text), &arena, &value, &err));
    assert_true(arena.used <= 24 * text.len);
    buffer_release(&text);
    arena_release(&arena);
}

static void test_strings_point_into_the_bytes(void **state)
{
    (void)state;
    static const char text[] = "\xa5hello";
    struct value value;
    struct error err;

    assert_true(mp_read(bytes_of(text), &arena, &value, &err));
    assert_ptr_equal(value.text.data, text + 1);
    arena_release(&arena);
}

static const struct canonical {
    const char *a, *b;
    bool same;
} canonicals[] = {
    { "1", "1.0", true },
    { "0", "-0.0", true },
    { "9223372036854775807", "9223372036854775808.0", false },
    { "-9223372036854775808", "-9223372036854775808.0", true },
    { "9223372036854774784", "9223372036854774784.0", true },
    { "1.5", "1", false },
    { "[1.0 (2)]", "(1 [2.0])", true },
    { "#{3 1 2}", "#{1.0 2.0 3.0}", true },
    { "#{:b \"b\" b}", "#{b :b \"b\"}", true },
    { "{:a 1 :b #{1 2}}", "{:b #{2 1} :a 1.0}", true },
    { "{:a {1 2 3 4}}", "{:a {3 4 1 2}}", true },
    { "#{[1] [2]}", "#{[1] [3]}", false },
    { "\"a\"", ":a", false },
};

static void test_canonical(void **state)
{
    (void)state;
    struct buffer a = { 0 }, b = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(canonicals); i++) {
        struct value left = read_text(canonicals[i].a), right = read_text(canonicals[i].b);
        buffer_clear(&a);
        buffer_clear(&b);
        mp_write_canonical(&a, &left);
        mp_write_canonical(&b, &right);
        if (bytes_equal(buffer_bytes(&a), buffer_bytes(&b)) != canonicals[i].same)
            fail_msg("%s and %s", canonicals[i].a, canonicals[i].b);
    }
    buffer_release(&a);
    buffer_release(&b);
    arena_release(&arena);
}

/* Written as it stands, a sorted value is its canonical encoding (but for integral doubles). */
static void test_sort(void **state)
{
    (void)state;
    struct value value = read_text("[#{\"yy\" {:b #{3 1 2} :a [#{[2] [1]}]} \"x\" 7} {:z 1 2 :y}]");
    struct buffer sorted = { 0 }, canonical = { 0 };

    mp_write_canonical(&canonical, &value);
    mp_sort(&value);
    mp_write(&sorted, &value);
    assert_true(bytes_equal(buffer_bytes(&sorted), buffer_bytes(&canonical)));
    buffer_release(&sorted);
    buffer_release(&canonical);
    arena_release(&arena);
}

/* NaN has many encodings, and one when it is written: else two clients' checksums would differ. */
static void test_one_nan(void **state)
{
    (void)state;
    static const struct bytes nans[] = {
        { "\xca\xff\xc0\x00\x01", 5 },
        { "\xcb\xff\xf8\x00\x00\x00\x00\x00\x01", 9 },
        { "\xcb\x7f\xf0\x00\x00\x00\x00\x00\x01", 9 },
    };
    struct buffer out = { 0 };
    struct value value;
    struct error err;

    for (size_t i = 0; i < ARRAY_LEN(nans); i++) {
        assert_true(mp_read(nans[i], &arena, &value, &err));
        buffer_clear(&out);
        mp_write(&out, &value);
        mp_write_canonical(&out, &value);
        assert_int_equal(out.len, 18);
        assert_memory_equal(out.data, "\xcb\x7f\xf8\0\0\0\0\0\0\xcb\x7f\xf8\0\0\0\0\0\0", 18);
    }
    buffer_release(&out);
    arena_release(&arena);
}

static void test_checksum_halves_wrap_alone(void **state)
{
    (void)state;
    assert_true(checksum_add(0x00000001ffffffffu, 1) == 0x0000000100000000u);
    assert_true(checksum_subtract(0x0000000100000000u, 1) == 0x00000001ffffffffu);
    assert_true(checksum_add(0xffffffff00000000u, 0x0000000100000000u) == 0);
    assert_true(checksum_subtract(0, 0x0000000100000000u) == 0xffffffff00000000u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_as_the_whole),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_sort),
        cmocka_unit_test(test_claims_get_no_memory),
        cmocka_unit_test(test_strings_point_into_the_bytes),
        cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_one_nan),
        cmocka_unit_test(test_checksum_halves_wrap_alone),
    };
    return cmocka_run_group_tests_name("mp", tests, NULL, NULL);
}
