/* Declaring attributes, what they accept, and what clients are told. */
#include "tests/unit/db_test.h"

#include "txd/db/schema.h"
#include "txd/db/trie.h"

#define MANY 20000u

/* Nodes that the declaration of an attribute may copy in the mean: two paths of four or five. */
#define NODES_MEAN_MAX 12

/* Declares attributes one after another: { :a [:db/... value ...], ... } with keyword keys in
 * order. On failure *out is what was reached. */
static bool declare_all(const char *text, struct arena *arena, struct schema **out,
                        struct error *err)
{
    struct value map = read_value(arena, text);
    struct schema *schema = schema_built_in();
    bool ok = true;

    for (uint32_t i = 0; ok && i < map.count; i++) {
        struct schema_datom datoms[16];
        const struct value *pairs = &map.items[2 * i + 1];
        size_t count = 0;
        datoms[count++] = (struct schema_datom){ ATTR_IDENT, map.items[2 * i] };
        for (uint32_t j = 0; j < pairs->count; j += 2) {
            const struct attribute *a = schema_by_ident(schema, pairs->items[j].text);
            assert_non_null(a);
            datoms[count++] = (struct schema_datom){ a->id, pairs->items[j + 1] };
        }
        struct schema *next;
        ok = schema_with(schema, ATTRIBUTE_ENTITY_BASE + ATTR_USER_FIRST + i, datoms, count, &next,
                         err);
        if (ok) {
            schema_release(schema);
            schema = next;
        }
    }
    *out = schema;
    return ok;
}

static const struct {
    const char *declared, *client; /* what clients are told */
    const char *error;             /* instead: what the error says */
} declarations[] = {
    { "{:a []}", "{}", NULL },
    { "{:a [:db/valueType :db.type/string]}", "{}", NULL },
    { "{:a [:db/valueType :db.type/ref :db/cardinality :db.cardinality/one]}",
      "{:a {:db/valueType :db.type/ref :db/cardinality :db.cardinality/one}}", NULL },
    { "{:a [:db/cardinality :db.cardinality/many :db/unique :db.unique/value :db/doc \"x\"]}",
      "{:a {:db/cardinality :db.cardinality/many :db/unique :db.unique/value}}", NULL },
    { "{:a [:db/index true] :b [:db/index false] :c [:db/noHistory true]}", "{:a {:db/index true}}",
      NULL },
    { "{:a [:db/valueType :db.type/ref :db/isComponent true]}",
      "{:a {:db/valueType :db.type/ref :db/isComponent true}}", NULL },
    { "{:a [] :b [] :c [:db/tupleAttrs [:a :b]]}", "{:c {:db/tupleAttrs [:a :b]}}", NULL },
    { "{:a [] :c [:db/tupleAttrs [:a] :db/valueType :db.type/tuple]}",
      "{:c {:db/valueType :db.type/tuple :db/tupleAttrs [:a]}}", NULL },
    { "{:a [:db/valueType :db.type/tuple :db/tupleTypes [:db.type/long :db.type/string]]}", "{}",
      NULL },
    { "{:a [:db/tupleType :db.type/long]}", "{}", NULL },
    { "{:a [:db/valueType :db.type/number]}", NULL, "attribute :a: a type is one of" },
    { "{:a [:db/valueType \"string\"]}", NULL, "not \"string\"" },
    { "{:a [:db/cardinality :many]}", NULL, "not :many" },
    { "{:a [:db/unique true]}", NULL, ":db.unique/identity, not true" },
    { "{:a [:db/index 1]}", NULL, ":db/index is true or false, not 1" },
    { "{:a [:db/isComponent true]}", NULL, ":db/isComponent needs" },
    { "{:a [:db/valueType :db.type/tuple]}", NULL, "needs :db/tupleAttrs" },
    { "{:a [] :c [:db/tupleAttrs [:a] :db/valueType :db.type/long]}", NULL, ":db.type/tuple" },
    { "{:c [:db/tupleAttrs [:a]]}", NULL, "names attributes that are there, not :a" },
    { "{:c [:db/tupleAttrs []]}", NULL, "is a vector of attributes, not []" },
    { "{:a [:db/cardinality :db.cardinality/many] :c [:db/tupleAttrs [:a]]}", NULL,
      "cardinality one, not :a" },
    { "{:a [] :b [:db/tupleAttrs [:a]] :c [:db/tupleAttrs [:b]]}", NULL, "not :b" },
    { "{:a [] :c [:db/tupleAttrs [:a] :db/cardinality :db.cardinality/many]}", NULL,
      "a composite tuple has cardinality one" },
    { "{:a [] :c [:db/tupleAttrs [:a] :db/tupleType :db.type/long]}", NULL, "only one of" },
    { "{:a [:db/tupleTypes [:db.type/long]]}", NULL, "two types or more" },
    { "{\"a\" []}", NULL, "is a keyword, not \"a\"" },
    { "{:db/doc []}", NULL, "another attribute has that :db/ident" },
};

static void test_declarations(void **state)
{
    struct arena arena = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(declarations); i++) {
        struct schema *schema;
        struct error err = { 0 };
        bool ok = declare_all(declarations[i].declared, &arena, &schema, &err);
        if (!ok && !(declarations[i].error && strstr(err.message, declarations[i].error)))
            fail_msg("%s: %s", declarations[i].declared, err.message);
        struct buffer said = { 0 };
        struct value client = schema_for_clients(schema, &arena);
        edn_write(&said, &client);
        buffer_append_u8(&said, 0);
        if (ok && (!declarations[i].client || strcmp(said.data, declarations[i].client) != 0))
            fail_msg("%s: clients are told %s", declarations[i].declared, said.data);
        buffer_release(&said);
        schema_release(schema);
    }
    arena_release(&arena);
}

static const struct {
    const char *declared, *value, *stored; /* NULL: refused */
    const char *error;
} values[] = {
    { "[]", "{:a #{1}}", "{:a #{1}}", NULL },
    { "[]", "{:b #{{3 4 1 2.0} [1]} :a (:c)}", "{:a (:c) :b #{{1 2.0 3 4} [1]}}", NULL },
    { "[]", "nil", NULL, "attribute :a cannot hold nil (nil)" },
    { "[:db/valueType :db.type/long]", "1", "1", NULL },
    { "[:db/valueType :db.type/long]", "1.0", NULL,
      "attribute :a cannot hold 1.0 (double): its type is :db.type/long" },
    { "[:db/valueType :db.type/double]", "1", "1.0", NULL },
    { "[:db/valueType :db.type/string]", "\"x\"", "\"x\"", NULL },
    { "[:db/valueType :db.type/string]", ":x", NULL, "its type is :db.type/string" },
    { "[:db/valueType :db.type/keyword]", ":x", ":x", NULL },
    { "[:db/valueType :db.type/symbol]", "x", "x", NULL },
    { "[:db/valueType :db.type/boolean]", "false", "false", NULL },
    { "[:db/valueType :db.type/instant]", "#inst \"2026-01-01T00:00:00.000Z\"",
      "#inst \"2026-01-01T00:00:00.000Z\"", NULL },
    { "[:db/valueType :db.type/bytes]", "\"x\"", NULL, "its type is :db.type/bytes" },
    { "[:db/valueType :db.type/ref]", "2147483647", "2147483647", NULL },
    { "[:db/valueType :db.type/ref]", "0", NULL, "within 1 .. 2147483647" },
    { "[:db/valueType :db.type/ref]", "2147483648", NULL, "within 1 .. 2147483647" },
    { "[:db/valueType :db.type/ref]", "\"x\"", NULL, "its type is :db.type/ref" },
    { "[:db/tupleTypes [:db.type/double :db.type/string]]", "(1 nil)", "[1.0 nil]", NULL },
    { "[:db/tupleTypes [:db.type/double :db.type/string]]", "[1]", NULL, "tuples have 2 items" },
    { "[:db/tupleTypes [:db.type/double :db.type/string]]", "[1 2]", NULL,
      "item 1 of its tuples has type :db.type/string" },
    { "[:db/tupleType :db.type/long]", "[1 2 3]", "[1 2 3]", NULL },
    { "[:db/tupleType :db.type/long]", "1", NULL, "it holds tuples" },
};

static void test_values(void **state)
{
    struct arena arena = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct bytes declared = arena_printf(&arena, "{:a %s}", values[i].declared);
        struct schema *schema;
        struct error err;
        assert_ok(declare_all(declared.data, &arena, &schema, &err));
        const struct attribute *a = schema_by_ident(schema, BYTES("a"));
        assert_non_null(a);
        struct value v = read_value(&arena, values[i].value);
        bool ok = attribute_accepts(a, &v, &err);
        if (ok != (values[i].stored != NULL))
            fail_msg("%s %s: %s", values[i].declared, values[i].value, ok ? "ok" : err.message);
        if (ok && strcmp(edn_excerpt(&arena, &v).data, values[i].stored) != 0)
            fail_msg("%s became %s", values[i].value, edn_excerpt(&arena, &v).data);
        if (!ok && !strstr(err.message, values[i].error))
            fail_msg("%s %s: %s", values[i].declared, values[i].value, err.message);
        schema_release(schema);
    }
    arena_release(&arena);
}

static void test_long_values(void **state)
{
    struct schema *schema = schema_built_in();
    const struct attribute *doc = schema_by_ident(schema, BYTES("db/doc"));
    size_t len = (4u << 20) + 1;
    char *text = xmalloc(len);
    struct error err;

    (void)state;
    assert_non_null(doc);
    memset(text, 'x', len);
    struct value v = value_string((struct bytes){ text, len });
    assert_fails(attribute_accepts(doc, &v, &err), ERROR_INCORRECT, "longer than 4194304 bytes");
    v.text.len -= 2;
    assert_ok(attribute_accepts(doc, &v, &err));
    free(text);
    schema_release(schema);
}

/* A schema stays as it is while others are made from it. */
static void test_immutable(void **state)
{
    struct arena arena = { 0 };
    struct schema *before, *after, *without;
    struct error err;

    (void)state;
    assert_ok(declare_all("{:a [] :b [] :c [:db/tupleAttrs [:a :b]]}", &arena, &before, &err));
    const struct attribute *a = schema_by_ident(before, BYTES("a"));
    assert_non_null(a);
    assert_int_equal(a->in_tuple_count, 1);

    uint32_t tuple = ATTRIBUTE_ENTITY_BASE + ATTR_USER_FIRST + 2;
    assert_fails(schema_with(before, ATTRIBUTE_ENTITY_BASE + a->id, NULL, 0, &without, &err),
                 ERROR_CONFLICT, "part of a composite tuple");
    assert_ok(schema_with(before, tuple, NULL, 0, &without, &err));
    assert_null(schema_by_ident(without, BYTES("c")));
    assert_int_equal(schema_by_ident(without, BYTES("a"))->in_tuple_count, 0);
    assert_non_null(schema_by_ident(before, BYTES("c")));

    struct schema_datom renamed[] = { { ATTR_IDENT, value_keyword(BYTES("new")) } };
    assert_ok(schema_with(before, tuple, renamed, 1, &after, &err));
    schema_release(before);
    assert_non_null(schema_by_ident(after, BYTES("new")));
    assert_null(schema_by_ident(after, BYTES("c")));
    schema_release(after);
    schema_release(without);
    arena_release(&arena);
}

static void test_many_attributes(void **state)
{
    struct schema *schema = schema_built_in(), *next;
    struct error err;
    char name[16];
    uint64_t made = trie_nodes_made();

    (void)state;
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "a/%u", i);
        struct schema_datom datoms[] = { { ATTR_IDENT, value_keyword(bytes_of(name)) } };
        assert_ok(schema_with(schema, ATTRIBUTE_ENTITY_BASE + ATTR_USER_FIRST + i, datoms, 1, &next,
                              &err));
        schema_release(schema);
        schema = next;
    }
    assert_true(trie_nodes_made() - made <= (uint64_t)MANY * NODES_MEAN_MAX);
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "a/%u", i);
        const struct attribute *a = schema_by_ident(schema, bytes_of(name));
        assert_non_null(a);
        assert_int_equal(a->id, ATTR_USER_FIRST + i);
        assert_ptr_equal(schema_by_id(schema, a->id), a);
    }
    assert_null(schema_by_ident(schema, BYTES("a/20000")));
    assert_int_equal(schema_id_end(schema), ATTR_USER_FIRST + MANY);

    /* an ident and an id that are gone, and an ident that another one has taken */
    struct schema_datom renamed[] = { { ATTR_IDENT, value_keyword(BYTES("b")) } };
    uint32_t e = ATTRIBUTE_ENTITY_BASE + ATTR_USER_FIRST;
    assert_ok(schema_with(schema, e + 1, NULL, 0, &next, &err));
    schema_release(schema);
    schema = next;
    assert_ok(schema_with(schema, e, renamed, 1, &next, &err));
    assert_null(schema_by_ident(next, BYTES("a/0")));
    assert_null(schema_by_ident(next, BYTES("a/1")));
    assert_null(schema_by_id(next, ATTR_USER_FIRST + 1));
    assert_ptr_equal(schema_by_ident(next, BYTES("b")), schema_by_id(next, ATTR_USER_FIRST));
    assert_int_equal(schema_by_ident(schema, BYTES("a/0"))->id, ATTR_USER_FIRST);
    schema_release(next);
    schema_release(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_declarations),    cmocka_unit_test(test_values),
        cmocka_unit_test(test_long_values),     cmocka_unit_test(test_immutable),
        cmocka_unit_test(test_many_attributes),
    };
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
