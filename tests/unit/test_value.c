/* Order, equality and hashes of values, and building them. */
#include "tests/unit/test.h"

#include "common/limits.h"
#include "proto/edn.h"

#include <math.h>

static struct arena arena;

static struct value read_text(const char *text)
{
    struct value value;
    struct error err;

    if (!edn_read(bytes_of(text), &arena, &value, &err))
        fail_msg("%s: %s", text, err.message);
    return value;
}

/* Strictly ascending. */
static const char *const ascending[] = {
    "nil",
    "false",
    "true",
    "##-Inf",
    "-1e300",
    "-9223372036854775808",
    "-9223372036854775807",
    "-9007199254740993",
    "-9007199254740992.0",
    "-1.5",
    "-1",
    "-0.5",
    "0",
    "5e-324",
    "0.5",
    "1",
    "1.5",
    "9007199254740992.0",
    "9007199254740993",
    "9007199254740994.0",
    "9007199254740995",
    "9223372036854774784.0",
    "9223372036854775807",
    "9223372036854775808.0",
    "1e300",
    "##Inf",
    "##NaN",
    "#inst \"1969-12-31\"",
    "#inst \"1970-01-01\"",
    "#uuid \"00000000-0000-0000-0000-000000000000\"",
    "#uuid \"531a379e-31bb-4ce1-8690-158dceb64be6\"",
    "#uuid \"f31a379e-31bb-4ce1-8690-158dceb64be6\"",
    "\"\"",
    "\"\\u0000\"",
    "\"a\"",
    "\"a\\u0000\"",
    "\"ab\"",
    "\"b\"",
    "\"\xc3\xa9\"",
    ":a",
    ":a/b",
    ":b",
    "a",
    "b",
    "#bytes \"\"",
    "#bytes \"AA==\"",
    "#bytes \"/w==\"",
    "[]",
    "[nil]",
    "[1]",
    "[1 1]",
    "[2]",
    "[:a]",
    "()",
    "(1)",
    "#{}",
    "#{1}",
    "{}",
    "{1 2}",
};

static void test_order_is_total(void **state)
{
    (void)state;
    struct value values[ARRAY_LEN(ascending)];

    for (size_t i = 0; i < ARRAY_LEN(ascending); i++)
        values[i] = read_text(ascending[i]);
    for (size_t i = 0; i < ARRAY_LEN(ascending); i++) {
        for (size_t j = 0; j < ARRAY_LEN(ascending); j++) {
            int order = value_compare(&values[i], &values[j]);
            if ((order > 0) - (order < 0) != (i > j) - (i < j))
                fail_msg("%s and %s: %d", ascending[i], ascending[j], order);
            assert_int_equal(value_equal(&values[i], &values[j]), i == j);
        }
    }
    arena_release(&arena);
}

static const struct pair {
    const char *a, *b;
    bool same_order, equal;
} pairs[] = {
    { "1", "1.0", true, false },
    { "0", "-0.0", true, false },
    { "0.0", "-0.0", true, true },
    { "##NaN", "##NaN", true, true },
    { "9007199254740992", "9007199254740992.0", true, false },
    { "9007199254740993", "9007199254740992.0", false, false },
    { "-9223372036854775808", "-9223372036854775808.0", true, false },
    { "[1 2]", "[1.0 2]", true, false },
    { "[1 2]", "(1 2)", false, false },
    { "#{1 2 3}", "#{3 1 2}", true, true },
    { "#{1}", "#{1.0}", true, false },
    { "#{1 2.0}", "#{1.0 2}", true, false },
    { "#{1 1.0}", "#{1.0 1}", true, true },
    { "{:a 1 :b 2}", "{:b 2 :a 1}", true, true },
    { "{:a 1 :b 2}", "{:b 1 :a 2}", false, false },
    { "{:a 1}", "{:a 1.0}", true, false },
    { "{:a 1}", "{\"a\" 1}", false, false },
    { "{1 :a}", "{1.0 :a}", true, false },
    { "#{#{1 2} #{3 {4 5 6 7}}}", "#{#{{6 7 4 5} 3} #{2 1}}", true, true },
    { "#{1 2 3 4 5 6 7 8 9 10 11}", "#{11 10 9 8 7 6 5 4 3 2 1}", true, true },
    { "#{1 2 3 4 5 6 7 8 9 10 11}", "#{12 10 9 8 7 6 5 4 3 2 1}", false, false },
    { "\"a\"", ":a", false, false },
    { ":a", "a", false, false },
};

static void test_equality(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct value a = read_text(pairs[i].a), b = read_text(pairs[i].b);
        if ((value_compare(&a, &b) == 0) != pairs[i].same_order ||
            value_equal(&a, &b) != pairs[i].equal || value_equal(&b, &a) != pairs[i].equal)
            fail_msg("%s and %s", pairs[i].a, pairs[i].b);
        if (pairs[i].equal)
            assert_true(value_hash(&a) == value_hash(&b));
        else
            assert_true(value_hash(&a) != value_hash(&b));
    }
    arena_release(&arena);
}

/* The words of what is wrong with the set or map; NULL when nothing is. */
static const char *fault_of(enum value_type type, struct value *items, size_t count)
{
    struct value collection = value_collection(type, items, (uint32_t)count);
    struct bytes fault;

    return value_distinct(&collection, &arena, &fault) ? NULL : fault.data;
}

static void test_distinct(void **state)
{
    (void)state;
    struct value items[2000];

    for (size_t i = 0; i < ARRAY_LEN(items); i++)
        items[i] = i % 2 ? value_nil() : value_long((int64_t)i);
    assert_null(fault_of(VALUE_MAP, items, ARRAY_LEN(items) / 2));
    assert_string_equal(fault_of(VALUE_SET, items, ARRAY_LEN(items)), "nil twice in a set");
    items[1500] = value_double(10);
    assert_null(fault_of(VALUE_MAP, items, ARRAY_LEN(items) / 2)); /* 10 is not 10.0 */
    items[1500] = value_long(10);
    assert_string_equal(fault_of(VALUE_MAP, items, ARRAY_LEN(items) / 2), "10 twice in a map");
    assert_null(fault_of(VALUE_SET, items, 0));
    assert_null(fault_of(VALUE_SET, items, 1));
    items[4] = items[2];
    assert_string_equal(fault_of(VALUE_MAP, items, 3), "2 twice in a map");
    arena_release(&arena);
}

/* Sets in sets, and keys in keys, are bounded; maps as values of maps, and vectors, are not. */
static void test_set_depth(void **state)
{
    (void)state;
    static const struct nesting {
        const char *open, *close;
        bool bounded;
    } nestings[] = {
        { "#{1 ", "}", true },    { "{", " 1}", true },   { "#{[1] [", "]}", true },
        { "#{{:a ", "}}", true }, { "{:a ", "}", false }, { "{1 #{2} 3 ", "}", false },
        { "[#{1} ", "]", false },
    };
    static const unsigned depths[] = { LIMIT_SET_DEPTH, LIMIT_SET_DEPTH + 1, 60 };

    for (size_t i = 0; i < ARRAY_LEN(nestings) * ARRAY_LEN(depths); i++) {
        const struct nesting *nesting = &nestings[i / ARRAY_LEN(depths)];
        unsigned depth = depths[i % ARRAY_LEN(depths)];
        struct buffer text = { 0 };
        struct value value;
        struct error err = { .message = "" };
        for (unsigned k = 1; k < depth; k++)
            buffer_append_bytes(&text, bytes_of(nesting->open));
        buffer_append_bytes(&text, BYTES("#{}"));
        for (unsigned k = 1; k < depth; k++)
            buffer_append_bytes(&text, bytes_of(nesting->close));
        bool ok = edn_read(buffer_bytes(&text), &arena, &value, &err);
        if (ok == (nesting->bounded && depth > LIMIT_SET_DEPTH) ||
            (!ok && !strstr(err.message, "nested deeper than the limit of 16")))
            fail_msg("%s at depth %u: %d %s", nesting->open, depth, ok, err.message);
        buffer_release(&text);
    }
    arena_release(&arena);
}

/* Unlike the value, the copy outlives what it was read from. */
static void test_copy(void **state)
{
    (void)state;
    static const char text[] =
        "{:a [1 2.5 \"text\" (sym) #{:k #bytes \"AQID\"}] nil #inst \"2020\" "
        "true #uuid \"531a379e-31bb-4ce1-8690-158dceb64be6\"}";
    struct arena other = { 0 };
    struct value original = read_text(text);
    struct value copy = value_copy(&other, &original);

    arena_release(&arena);
    struct value again = read_text(text);
    assert_true(value_equal(&copy, &again));
    arena_release(&other);
    arena_release(&arena);
}

static void test_get(void **state)
{
    (void)state;
    struct value map = read_text("{:a 1 \"b\" 2 c 3 :d/e 4 5 6}"), vector = read_text("[:a 1]");

    assert_int_equal(value_get(&map, "a")->number, 1);
    assert_int_equal(value_get(&map, "b")->number, 2);
    assert_null(value_get(&map, "c")); /* a symbol */
    assert_int_equal(value_get(&map, "d/e")->number, 4);
    assert_null(value_get(&map, "x"));
    assert_null(value_get(&vector, "a"));
    arena_release(&arena);
}

static void test_builder(void **state)
{
    (void)state;
    struct value_builder builder = { 0 };
    struct value empty = value_builder_end(&builder, VALUE_VECTOR);

    assert_int_equal(empty.count, 0);
    for (int i = 0; i < 100; i++) {
        struct bytes key = arena_printf(&arena, "k%d", i);
        value_builder_entry(&builder, &arena, key.data, value_long(i));
    }
    struct value map = value_builder_end(&builder, VALUE_MAP);
    assert_int_equal(map.count, 100);
    assert_int_equal(value_get(&map, "k73")->number, 73);
    assert_int_equal(value_builder_end(&builder, VALUE_LIST).count, 200);
    arena_release(&arena);
}

static void test_stack(void **state)
{
    (void)state;
    struct value_stack stack = { 0 };

    for (int i = 0; i < 100; i++)
        value_stack_push(&stack, value_long(i));
    struct value tail = value_stack_take(&stack, 40, VALUE_VECTOR, &arena);
    assert_int_equal(tail.count, 60);
    assert_int_equal(tail.items[0].number, 40);
    value_stack_push(&stack, tail);
    struct value all = value_stack_take(&stack, 0, VALUE_LIST, &arena);
    assert_int_equal(all.count, 41);
    assert_int_equal(all.items[40].items[59].number, 99);
    assert_int_equal(value_stack_take(&stack, 0, VALUE_SET, &arena).count, 0);
    value_stack_release(&stack);
    arena_release(&arena);
}

static void test_double_format(void **state)
{
    (void)state;
    static const struct {
        double real;
        const char *text;
    } examples[] = {
        { 0.0, "0.0" },    { 1.0, "1.0" },
        { -2.5, "-2.5" },  { 0.1, "0.1" },
        { 1e21, "1e+21" }, { 0.1 + 0.2, "0.30000000000000004" },
        { 1e15, "1e+15" }, { 123456789012345680.0, "1.2345678901234568e+17" },
        { 1e-7, "1e-07" }, { 100000.0, "100000.0" },
        { -0.0, "-0.0" },  { 2251799813685248.5, "2251799813685248.5" },
    };
    char text[VALUE_DOUBLE_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(examples); i++)
        assert_string_equal(value_double_format(examples[i].real, text), examples[i].text);
}

static const struct {
    const char *text;
    unsigned depth;
} nested[] = {
    { "5", 0 },          { "\"[[]]\"", 0 }, { "[]", 1 },
    { "{1 2}", 1 },      { "{[1] 2}", 2 },  { "[1 {:a #{[2]}} [3]]", 4 },
    { "(((1)) [])", 3 },
};

static void test_depth(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(nested); i++) {
        struct value value = read_text(nested[i].text);
        if (value_depth(&value) != nested[i].depth)
            fail_msg("%s: %u", nested[i].text, value_depth(&value));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_is_total), cmocka_unit_test(test_equality),
        cmocka_unit_test(test_distinct),       cmocka_unit_test(test_set_depth),
        cmocka_unit_test(test_copy),           cmocka_unit_test(test_get),
        cmocka_unit_test(test_builder),        cmocka_unit_test(test_stack),
        cmocka_unit_test(test_double_format),  cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
