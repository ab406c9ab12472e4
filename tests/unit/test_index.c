/*
 * Cursors against a naive model: a list of every datom with the time it was there, filtered and
 * sorted by comparing values.
 */
#include "tests/unit/db_test.h"

#include "common/limits.h"
#include "txd/db/index.h"

#define ENTITIES     8
#define TRANSACTIONS 60
#define QUERIES      4000

enum {
    ATTR_ONE = ATTR_USER_FIRST,
    ATTR_MANY,
    ATTR_REFS,
    ATTR_INDEXED,
    ATTR_UNIQUE_STRING,
    ATTR_FORGETS,
    ATTR_END
};

static const struct {
    const char *ident, *said; /* :db/... of the attribute, as EDN pairs */
} declarations[] = {
    { "one", "[]" },
    { "many", "[:db/cardinality :db.cardinality/many]" },
    { "refs", "[:db/cardinality :db.cardinality/many :db/valueType :db.type/ref]" },
    { "indexed", "[:db/cardinality :db.cardinality/many :db/index true]" },
    { "unique", "[:db/unique :db.unique/value :db/valueType :db.type/string]" },
    { "forgets", "[:db/cardinality :db.cardinality/many :db/index true :db/noHistory true]" },
};

/* One interval of one datom. */
struct fact {
    struct datom datom;   /* t: added */
    uint32_t retracted;   /* 0: still there */
    struct bytes encoded; /* the value in a key */
};

struct model {
    struct db_test test;
    struct arena arena;
    struct schema *schema;
    struct fact *facts;
    size_t count, cap;
    uint32_t t;
};

static struct schema *declare(struct schema *schema, uint16_t id, const char *ident,
                              const char *said, struct arena *arena)
{
    struct schema_datom datoms[16];
    struct value pairs = read_value(arena, said);
    struct schema *next;
    struct error err;
    size_t count = 0;

    datoms[count++] = (struct schema_datom){ ATTR_IDENT, value_keyword(bytes_of(ident)) };
    for (uint32_t i = 0; i < pairs.count; i += 2) {
        const struct attribute *a = schema_by_ident(schema, pairs.items[i].text);
        assert_non_null(a);
        datoms[count++] = (struct schema_datom){ a->id, pairs.items[i + 1] };
    }
    assert_ok(schema_with(schema, ATTRIBUTE_ENTITY_BASE + id, datoms, count, &next, &err));
    schema_release(schema);
    return next;
}

static const struct attribute *attribute_of(const struct model *model, uint16_t a)
{
    const struct attribute *attribute = schema_by_id(model->schema, a);

    assert_non_null(attribute);
    return attribute;
}

static struct bytes encode(struct arena *arena, const struct value *v)
{
    struct buffer key = { 0 }, scratch = { 0 };
    struct bytes tail;

    key_append_value(&key, v, &scratch, &tail);
    struct bytes copy = arena_copy(arena, buffer_bytes(&key));
    buffer_release(&key);
    buffer_release(&scratch);
    return copy;
}

/* Texts that keys cut where they are still the same. */
static struct value tied_text(struct model *model)
{
    struct buffer text = { 0 };

    for (int i = 0; i < KEY_TEXT_BYTES; i++)
        buffer_append_u8(&text, 'p');
    for (uint32_t len = random_below(3); len; len--)
        buffer_append_u8(&text, (uint8_t)('a' + random_below(2)));
    struct value v = value_string(arena_copy(&model->arena, buffer_bytes(&text)));
    buffer_release(&text);
    return v;
}

static struct value model_value(struct model *model, uint16_t a)
{
    uint32_t kind = random_below(5);

    if (a == ATTR_REFS)
        return value_long(1 + random_below(ENTITIES));
    if (kind == 0)
        return tied_text(model);
    if (a == ATTR_UNIQUE_STRING)
        return value_string(random_text(&model->arena, true));
    if (kind == 1)
        return value_long(random_below(3));
    if (kind == 2)
        return value_double(random_below(3));
    if (kind == 3) { /* some compare equal */
        struct value items[] = { value_long(1), value_double(1) };
        struct value v = value_collection(VALUE_VECTOR, &items[random_below(2)], 1);
        return value_copy(&model->arena, &v);
    }
    for (;;) {
        struct value v = random_value(&model->arena, 1);
        struct bytes key = encode(&model->arena, &v);
        bool long_sequence = value_is_sequence(&v) && (uint8_t)key.data[1] == 0xff;
        if (!long_sequence) /* they are sorted by their encoding */
            return v;
    }
}

static struct fact *model_find(struct model *model, uint32_t e, uint16_t a, struct bytes encoded,
                               bool any_value)
{
    for (size_t i = 0; i < model->count; i++) {
        struct fact *fact = &model->facts[i];
        if (!fact->retracted && fact->datom.e == e && fact->datom.a == a &&
            (any_value || bytes_equal(fact->encoded, encoded)))
            return fact;
    }
    return NULL;
}

static void model_retract(struct model *model, struct store_batch *batch, struct fact *fact)
{
    const struct attribute *attribute = attribute_of(model, fact->datom.a);

    index_retract(batch, attribute, &fact->datom, model->t);
    fact->retracted = model->t;
    if (attribute->no_history)
        *fact = model->facts[--model->count];
}

static void model_add(struct model *model, struct store_batch *batch, uint32_t e, uint16_t a)
{
    struct fact fact = { .datom = { .e = e, .a = a, .added = true, .t = model->t } };
    struct fact *there;

    fact.datom.v = model_value(model, a);
    fact.encoded = encode(&model->arena, &fact.datom.v);
    for (size_t i = 0; i < model->count; i++) { /* not twice in one transaction */
        const struct fact *other = &model->facts[i];
        if (other->datom.e == e && other->datom.a == a &&
            bytes_equal(other->encoded, fact.encoded) &&
            (!other->retracted || other->retracted == model->t))
            return;
    }
    there = attribute_of(model, a)->many ? NULL : model_find(model, e, a, fact.encoded, true);
    if (there) {
        if (there->datom.t == model->t)
            return;
        model_retract(model, batch, there);
    }
    index_add(batch, attribute_of(model, a), &fact.datom);
    if (model->count == model->cap) {
        model->cap = model->cap ? 2 * model->cap : 64;
        model->facts = xrealloc(model->facts, model->cap * sizeof(*model->facts));
    }
    model->facts[model->count++] = fact;
}

static void model_transact(struct model *model)
{
    struct store_batch *batch = store_batch_new();
    struct error err;

    model->t++;
    for (int i = 0; i < 8; i++) {
        struct fact *fact =
            model->count ? &model->facts[random_below((uint32_t)model->count)] : NULL;
        if (fact && random_below(3) == 0) {
            if (!fact->retracted && fact->datom.t < model->t)
                model_retract(model, batch, fact);
        } else {
            model_add(model, batch, 1 + random_below(ENTITIES),
                      (uint16_t)(ATTR_ONE + random_below(ATTR_END - ATTR_ONE)));
        }
    }
    assert_ok(store_write(model->test.store, batch, &err));
    store_batch_free(batch);
}

static void model_open(struct model *model)
{
    struct error err;

    *model = (struct model){ .schema = schema_built_in() };
    db_test_open(&model->test);
    for (size_t i = 0; i < ARRAY_LEN(declarations); i++)
        model->schema = declare(model->schema, (uint16_t)(ATTR_USER_FIRST + i),
                                declarations[i].ident, declarations[i].said, &model->arena);
    for (int i = 0; i < TRANSACTIONS; i++) {
        model_transact(model);
        if (i == TRANSACTIONS / 2) /* half in tables, half in memory */
            assert_ok(store_flush(model->test.store, &err));
    }
}

static void model_close(struct model *model)
{
    schema_release(model->schema);
    free(model->facts);
    arena_release(&model->arena);
    db_test_close(&model->test);
}

/* --- what a cursor should give --- */

enum component { E, A, V };

static const enum component orders[][3] = { { E, A, V }, { A, E, V }, { A, V, E }, { V, A, E } };

static int order_of(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

/* Of values that compare equal: a long is before its double, in collections too. */
static int compare_keys(const struct value *a, const struct value *b)
{
    struct arena arena = { 0 };
    int order = bytes_compare(encode(&arena, a), encode(&arena, b));

    arena_release(&arena);
    return order;
}

/* By the first `count` components of the index and t. `exact`: also what compares equal. */
static int compare_datoms(enum index index, const struct datom *a, const struct datom *b,
                          uint32_t count, bool exact)
{
    int order = 0;

    for (uint32_t i = 0; order == 0 && i < count; i++) {
        if (i == 3)
            return order_of(a->t, b->t);
        if (orders[index][i] == E)
            order = order_of(a->e, b->e);
        else if (orders[index][i] == A)
            order = order_of(a->a, b->a);
        else
            order = value_compare(&a->v, &b->v);
        if (order == 0 && orders[index][i] == V && (exact || i + 1 < count))
            order = compare_keys(&a->v, &b->v);
    }
    return order;
}

static enum index sort_index;

static int compare_events(const void *a, const void *b)
{
    return compare_datoms(sort_index, a, b, 4, true);
}

struct query {
    struct db db;
    enum index index;
    struct components prefix, from;
    bool reverse;
};

static bool in_prefix(const struct query *query, const struct fact *fact, const struct datom *event,
                      struct arena *arena)
{
    const struct components *prefix = &query->prefix;

    for (uint32_t i = 0; i < prefix->count; i++) {
        if (i == 3                         ? event->t != prefix->t
            : orders[query->index][i] == E ? event->e != prefix->e
            : orders[query->index][i] == A ? event->a != prefix->a
                                           : !bytes_equal(fact->encoded, encode(arena, &prefix->v)))
            return false;
    }
    return true;
}

static bool after_from(const struct query *query, const struct datom *event)
{
    const struct components *from = &query->from;
    struct datom at = { .e = from->e, .a = from->a, .t = from->t, .v = from->v };
    int order = compare_datoms(query->index, event, &at, from->count, false);

    return query->reverse ? order <= 0 : order >= 0;
}

static bool indexed(const struct model *model, enum index index, uint16_t a)
{
    const struct attribute *attribute = attribute_of(model, a);

    return index == INDEX_AVET   ? attribute_in_avet(attribute)
           : index == INDEX_VAET ? attribute->type == TYPE_REF
                                 : true;
}

static size_t expect(const struct model *model, const struct query *query, struct arena *arena,
                     struct datom *out)
{
    const struct db *db = &query->db;
    size_t count = 0;

    for (size_t i = 0; i < model->count; i++) {
        const struct fact *fact = &model->facts[i];
        struct datom added = fact->datom, gone = fact->datom;
        gone.t = fact->retracted;
        gone.added = false;
        bool visible = added.t <= db->as_of && added.t > db->since;
        bool gone_by = fact->retracted && fact->retracted <= db->as_of;
        if (!indexed(model, query->index, fact->datom.a))
            continue;
        if (visible && (db->history || !gone_by) && in_prefix(query, fact, &added, arena) &&
            after_from(query, &added))
            out[count++] = added;
        if (db->history && gone_by && gone.t > db->since && in_prefix(query, fact, &gone, arena) &&
            after_from(query, &gone))
            out[count++] = gone;
    }
    sort_index = query->index;
    if (count)
        qsort(out, count, sizeof(*out), compare_events);
    for (size_t i = 0; query->reverse && i < count / 2; i++) {
        struct datom swap = out[i];
        out[i] = out[count - 1 - i];
        out[count - 1 - i] = swap;
    }
    return count;
}

static struct bytes say(struct arena *arena, const struct datom *datom)
{
    return arena_printf(arena, "[%u %u %s %u %d]", datom->e, datom->a,
                        edn_excerpt(arena, &datom->v).data, datom->t, datom->added);
}

static void check_query(const struct model *model, const struct query *query)
{
    struct arena arena = { 0 };
    struct datom *expected = ARENA_ARRAY(&arena, struct datom, 2 * model->count + 1);
    size_t count = expect(model, query, &arena, expected), got = 0;
    struct cursor *cursor =
        cursor_open(&query->db, query->index, &query->prefix, &query->from, query->reverse);
    struct datom datom;
    struct error err;

    while (cursor_next(cursor, &datom)) {
        const struct datom *want = got < count ? &expected[got] : NULL;
        if (!want || datom.e != want->e || datom.a != want->a || datom.t != want->t ||
            datom.added != want->added || !value_equal(&datom.v, &want->v))
            fail_msg("index %d as-of %u since %u history %d reverse %d prefix %u from %u: datom "
                     "%zu of %zu is %s, expected %s",
                     query->index, query->db.as_of, query->db.since, query->db.history,
                     query->reverse, query->prefix.count, query->from.count, got, count,
                     say(&arena, &datom).data, want ? say(&arena, want).data : "the end");
        got++;
    }
    assert_ok(cursor_check(cursor, &err));
    if (got != count)
        fail_msg("index %d as-of %u since %u history %d reverse %d prefix %u from %u: %zu datoms, "
                 "expected %zu, next %s",
                 query->index, query->db.as_of, query->db.since, query->db.history, query->reverse,
                 query->prefix.count, query->from.count, got, count,
                 say(&arena, &expected[got]).data);
    cursor_close(cursor);
    arena_release(&arena);
}

/* Mostly of a datom that is or was there. */
static struct components random_components(struct model *model, uint32_t count)
{
    const struct datom *datom = &model->facts[random_below((uint32_t)model->count)].datom;
    struct components components = {
        .count = count, .e = datom->e, .a = datom->a, .v = datom->v, .t = datom->t
    };

    if (random_below(4) == 0)
        components.v = model_value(model, components.a);
    if (components.v.type == VALUE_LONG && random_below(4) == 0)
        components.v = value_double((double)components.v.number);
    return components;
}

static struct db model_db(const struct model *model)
{
    return (struct db){
        .store = model->test.store, .schema = model->schema, .t = model->t, .as_of = T_MAX
    };
}

static struct query random_query(struct model *model)
{
    struct query query = { .db = model_db(model) };

    query.index = (enum index)random_below(4);
    if (random_below(2))
        query.db.as_of = random_below(model->t + 1);
    if (random_below(3) == 0)
        query.db.since = random_below(model->t);
    query.db.history = random_below(3) == 0;
    query.reverse = random_below(2);
    query.prefix = random_components(model, random_below(5));
    query.from = random_components(model, random_below(2) ? 0 : random_below(5));
    /* vaet holds ids, so a value that is none has no place among them to compare */
    if (query.index == INDEX_VAET && query.from.v.type != VALUE_LONG)
        query.from.v = value_long(random_below(ENTITIES + 2));
    return query;
}

static void check_points(const struct model *model, const struct query *query)
{
    const struct components *at = &query->prefix;
    const struct attribute *attribute = attribute_of(model, at->a);
    struct query exact = *query;
    struct arena arena = { 0 };
    struct datom *expected = ARENA_ARRAY(&arena, struct datom, 2 * model->count + 1);
    struct error err;
    bool found;
    uint32_t t = 0, e = 0;

    exact.db.history = false;
    exact.reverse = false;
    exact.from.count = 0;
    exact.index = INDEX_EAVT;
    exact.prefix.count = 3;
    size_t count = expect(model, &exact, &arena, expected);
    assert_ok(index_find(&exact.db, at->e, attribute, &at->v, &found, &t, &err));
    assert_int_equal(found, count > 0);
    assert_true(!found || t == expected[0].t);
    if (attribute_in_avet(attribute)) {
        exact.index = INDEX_AVET;
        exact.prefix.count = 2;
        count = expect(model, &exact, &arena, expected);
        assert_ok(index_find_entity(&exact.db, attribute, &at->v, &found, &e, &err));
        assert_int_equal(found, count > 0);
        assert_true(!found || e == expected[0].e);
    }
    arena_release(&arena);
}

/* All that the entity has of the attribute, in whatever order. */
static void check_values(const struct model *model, struct index_values *values,
                         const struct components *at)
{
    struct query now = { .db = model_db(model), .index = INDEX_EAVT, .prefix = *at };
    struct arena arena = { 0 };
    struct datom *expected = ARENA_ARRAY(&arena, struct datom, 2 * model->count + 1);
    struct datom datom;
    struct error err;
    size_t got = 0;

    now.prefix.count = 2;
    size_t count = expect(model, &now, &arena, expected);
    index_values_seek(values, at->e, at->a);
    for (; index_values_next(values, &datom); got++) {
        size_t i = 0;
        while (i < count && !value_equal(&datom.v, &expected[i].v))
            i++;
        assert_true(i < count && datom.e == at->e && datom.a == at->a && datom.added);
        assert_int_equal(datom.t, expected[i].t);
    }
    assert_ok(index_values_check(values, &err));
    assert_int_equal(got, count);
    arena_release(&arena);
}

static void check_all(struct model *model, int queries)
{
    struct db now = model_db(model);
    struct index_values *values = index_values_open(&now);

    for (int i = 0; i < queries; i++) {
        struct query query = random_query(model);
        check_query(model, &query);
        check_points(model, &query);
        check_values(model, values, &query.prefix);
    }
    index_values_close(values);
}

static void test_cursors(void **state)
{
    struct model model;

    (void)state;
    random_begin("cursors");
    model_open(&model);
    check_all(&model, QUERIES);
    model_close(&model);
}

/* A view keeps what was written when it was taken. */
static void test_view(void **state)
{
    struct model model;
    struct query query;

    (void)state;
    random_begin("view");
    model_open(&model);
    struct store_view *view = store_view_take(model.test.store);
    query = (struct query){ .db = model_db(&model) };
    query.db.view = view;
    struct model before = model;
    before.facts = xcalloc(model.count, sizeof(*before.facts));
    memcpy(before.facts, model.facts, model.count * sizeof(*before.facts));
    for (int i = 0; i < 10; i++)
        model_transact(&model);
    for (query.index = INDEX_EAVT; query.index <= INDEX_VAET; query.index++)
        check_query(&before, &query);
    free(before.facts);
    store_view_release(model.test.store, view);
    model_close(&model);
}

/* --- changes of attributes --- */

/* Redeclares an attribute and rebuilds its indexes. */
static bool redeclare(struct model *model, uint16_t a, const char *said, struct error *err)
{
    struct schema *after = declare(schema_retain(model->schema), a,
                                   declarations[a - ATTR_USER_FIRST].ident, said, &model->arena);
    struct store_batch *batch = store_batch_new();
    struct db db = model_db(model);
    bool ok = index_rebuild(&db, batch, attribute_of(model, a), schema_by_id(after, a), err);

    if (ok) {
        assert_true(store_write(model->test.store, batch, err));
        schema_release(model->schema);
        model->schema = after;
    } else {
        schema_release(after);
    }
    store_batch_free(batch);
    return ok;
}

static void test_rebuild(void **state)
{
    static const struct {
        uint16_t a;
        const char *said;
    } changes[] = {
        { ATTR_MANY, "[:db/cardinality :db.cardinality/many :db/index true]" },
        { ATTR_INDEXED, "[:db/cardinality :db.cardinality/many]" },
        { ATTR_UNIQUE_STRING, "[]" },
        { ATTR_ONE, "[:db/index true]" },
    };
    struct model model;
    struct error err;

    (void)state;
    random_begin("rebuild");
    model_open(&model);
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        assert_ok(redeclare(&model, changes[i].a, changes[i].said, &err));
        check_all(&model, 200);
    }
    for (int i = 0; i < 10; i++) /* what comes later goes into the same indexes */
        model_transact(&model);
    check_all(&model, 200);
    model_close(&model);
}

/* One datom each, in transactions of their own. */
static void add_datom(struct model *model, uint32_t e, uint16_t a, const char *text)
{
    struct fact fact = { .datom = { .e = e, .a = a, .t = ++model->t, .added = true } };
    struct store_batch *batch = store_batch_new();
    struct error err;

    fact.datom.v = read_value(&model->arena, text);
    fact.encoded = encode(&model->arena, &fact.datom.v);
    index_add(batch, attribute_of(model, a), &fact.datom);
    assert_ok(store_write(model->test.store, batch, &err));
    store_batch_free(batch);
    model->facts = xrealloc(model->facts, (model->count + 1) * sizeof(*model->facts));
    model->facts[model->count++] = fact;
}

static void test_rebuild_conflicts(void **state)
{
    static const struct {
        const char *before, *values[2]; /* of entities 1 and 2 */
        uint32_t entities[2];
        const char *after, *message; /* NULL: it can */
    } examples[] = {
        { "[]",
          { "\"x\"", "\"x\"" },
          { 1, 2 },
          "[:db/unique :db.unique/value]",
          "entity 2 has \"x\", and so has entity 1" },
        { "[]", { "1", "1.0" }, { 1, 2 }, "[:db/unique :db.unique/value]", NULL },
        { "[:db/cardinality :db.cardinality/many]",
          { "1", "2" },
          { 1, 1 },
          "[]",
          "entity 1 has 2" },
        { "[:db/cardinality :db.cardinality/many]", { "1", "2" }, { 1, 2 }, "[]", NULL },
        { "[]",
          { "1", "2147483648" },
          { 1, 2 },
          "[:db/valueType :db.type/ref]",
          "entity 2 has 2147483648" },
        { "[]", { "1", "\"x\"" }, { 1, 2 }, "[:db/valueType :db.type/ref]", "entity 2 has \"x\"" },
        { "[]", { "1", "2" }, { 1, 2 }, "[:db/valueType :db.type/ref]", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        struct model model = { .schema = schema_built_in() };
        struct error err;
        db_test_open(&model.test);
        model.schema = declare(model.schema, ATTR_ONE, "one", examples[i].before, &model.arena);
        for (int j = 0; j < 2; j++)
            add_datom(&model, examples[i].entities[j], ATTR_ONE, examples[i].values[j]);
        if (examples[i].message) {
            assert_fails(redeclare(&model, ATTR_ONE, examples[i].after, &err), ERROR_CONFLICT,
                         examples[i].message);
        } else {
            assert_ok(redeclare(&model, ATTR_ONE, examples[i].after, &err));
            check_all(&model, 50);
        }
        model_close(&model);
    }
}

/* A batch that is full refuses one more datom of a change. */
static void test_rebuild_limit(void **state)
{
    struct model model = { .schema = schema_built_in() };
    struct store_batch *batch = store_batch_new();
    char *filler = xcalloc(1, LIMIT_REBUILD_BYTES);
    struct error err;

    (void)state;
    db_test_open(&model.test);
    model.schema = declare(model.schema, ATTR_ONE, "one", "[]", &model.arena);
    add_datom(&model, 1, ATTR_ONE, "1");
    struct attribute before = *attribute_of(&model, ATTR_ONE), after = before;
    after.indexed = true;
    struct db db = { .store = model.test.store, .schema = model.schema, .t = 1, .as_of = T_MAX };
    assert_ok(index_rebuild(&db, batch, &before, &after, &err));
    store_batch_put(batch, BYTES("filler"), (struct bytes){ filler, LIMIT_REBUILD_BYTES });
    assert_fails(index_rebuild(&db, batch, &before, &after, &err), ERROR_BUSY, "256 MiB");
    free(filler);
    store_batch_free(batch);
    model_close(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cursors),       cmocka_unit_test(test_view),
        cmocka_unit_test(test_rebuild),       cmocka_unit_test(test_rebuild_conflicts),
        cmocka_unit_test(test_rebuild_limit),
    };
    return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
