#include "tests/unit/tx_case.h"

#include "proto/edn.h"
#include "proto/mp.h"

#define GRAPH_FOLDER_BYTES (SCRATCH_BYTES + 8)

static void graph_folder(const struct tx_fixture *fixture, char out[GRAPH_FOLDER_BYTES])
{
    snprintf(out, GRAPH_FOLDER_BYTES, "%s/graph", fixture->dir);
}

void tx_fixture_open(struct tx_fixture *fixture, enum flexibility flexibility)
{
    struct error err;
    char folder[GRAPH_FOLDER_BYTES];

    *fixture = (struct tx_fixture){ 0 };
    scratch_make(fixture->dir);
    graph_folder(fixture, folder);
    fixture->shared = store_shared_open(8 << 20, 4 << 20);
    if (!graph_create(fixture->shared, folder, flexibility, &err) ||
        !graph_open(fixture->shared, "test", folder, &fixture->graph, &err))
        fail_msg("%s", err.message);
}

void tx_fixture_reopen(struct tx_fixture *fixture)
{
    char folder[GRAPH_FOLDER_BYTES];
    struct error err;

    graph_folder(fixture, folder);
    graph_release(fixture->graph);
    if (!graph_open(fixture->shared, "test", folder, &fixture->graph, &err))
        fail_msg("%s", err.message);
}

void tx_fixture_close(struct tx_fixture *fixture)
{
    graph_release(fixture->graph);
    store_shared_close(fixture->shared);
    scratch_remove(fixture->dir);
}

struct value tx_edn(const char *text, struct arena *arena)
{
    struct value value;
    struct error err;

    if (!edn_read(bytes_of(text), arena, &value, &err))
        fail_msg("%s: %s", text, err.message);
    return value;
}

bool tx_transact_edn(struct tx_fixture *fixture, const char *tx_data, struct arena *arena,
                     struct tx_result *out, struct error *err)
{
    struct tx_request request = { .tx_data = tx_edn(tx_data, arena) };

    return tx_transact(fixture->graph, &request, arena, out, err);
}

struct tx_result tx_must(struct tx_fixture *fixture, const char *tx_data, struct arena *arena)
{
    struct tx_result result = { 0 };
    struct error err;

    if (!tx_transact_edn(fixture, tx_data, arena, &result, &err))
        fail_msg("%s: %s", tx_data, err.message);
    return result;
}

/* The datoms of user entities, and what clients wrote of the last transaction, as a set. */
static struct value datoms_now(struct tx_fixture *fixture, struct arena *arena)
{
    struct db db = graph_writer_db(fixture->graph);
    struct cursor *cursor = cursor_open(&db, INDEX_EAVT, NULL, NULL, false);
    struct value_builder all = { 0 };
    struct datom datom;
    struct error err;

    while (cursor_next(cursor, &datom)) {
        struct value *items = ARENA_ARRAY(arena, struct value, 3);
        if (entity_is_attribute(datom.e) || (entity_is_tx(datom.e) && datom.a < ATTR_USER_FIRST))
            continue;
        items[0] = entity_is_tx(datom.e) ? value_keyword(BYTES("tx")) : value_long(datom.e);
        items[1] = value_keyword(arena_copy(arena, schema_by_id(db.schema, datom.a)->ident));
        items[2] = value_copy(arena, &datom.v);
        value_builder_add(&all, arena, value_collection(VALUE_VECTOR, items, 3));
    }
    assert_true(cursor_check(cursor, &err));
    cursor_close(cursor);
    return value_builder_end(&all, VALUE_SET);
}

static void expect_equal(const char *what, const struct value *expected, const struct value *actual)
{
    struct buffer text = { 0 };

    if (value_equal(expected, actual))
        return;
    buffer_printf(&text, "%s\n  expected ", what);
    edn_write(&text, expected);
    buffer_printf(&text, "\n  actual   ");
    edn_write(&text, actual);
    buffer_append_u8(&text, 0);
    fail_msg("%s", text.data);
}

void tx_expect(struct tx_fixture *fixture, const char *datoms, struct arena *arena)
{
    struct value expected = tx_edn(datoms, arena), actual = datoms_now(fixture, arena);

    expect_equal(datoms, &expected, &actual);
}

/* --- that everything agrees --- */

static size_t count_index(const struct db *db, enum index index)
{
    struct cursor *cursor = cursor_open(db, index, NULL, NULL, false);
    struct datom datom;
    struct error err;
    size_t n = 0;

    while (cursor_next(cursor, &datom))
        n++;
    assert_true(cursor_check(cursor, &err));
    cursor_close(cursor);
    return n;
}

void tx_verify(struct tx_fixture *fixture)
{
    struct db db = graph_writer_db(fixture->graph);
    const struct head *head = graph_head(fixture->graph);
    struct snapshot *snapshot = graph_snapshot_take(fixture->graph);
    struct cursor *cursor = cursor_open(&db, INDEX_EAVT, NULL, NULL, false);
    struct buffer scratch = { 0 };
    struct datom datom;
    uint64_t checksum = 0, datoms = 0, counts[1024] = { 0 };
    size_t all = 0, in_avet = 0, in_vaet = 0;

    while (cursor_next(cursor, &datom)) {
        const struct attribute *a = schema_by_id(db.schema, datom.a);
        all++;
        in_avet += attribute_in_avet(a);
        in_vaet += a->type == TYPE_REF;
        if (datom.a < ARRAY_LEN(counts))
            counts[datom.a]++;
        if (!entity_is_user(datom.e))
            continue;
        assert_true(datom.e < head->next_e);
        datoms++;
        checksum = checksum_add(checksum, mp_datom_checksum(&scratch, datom.e, a->ident, &datom.v,
                                                            TX_ENTITY_BASE + datom.t));
    }
    cursor_close(cursor);
    buffer_release(&scratch);
    assert_int_equal(head->datoms, datoms);
    assert_true(head->checksum == checksum);
    assert_int_equal(count_index(&db, INDEX_AEVT), all);
    assert_int_equal(count_index(&db, INDEX_AVET), in_avet);
    assert_int_equal(count_index(&db, INDEX_VAET), in_vaet);
    for (uint32_t a = 0; a < snapshot->counts->size && a < ARRAY_LEN(counts); a++)
        assert_int_equal(snapshot->counts->datoms[a], counts[a]);
    graph_publish(fixture->graph, snapshot);
}

/* --- cases --- */

static void check_error(struct tx_fixture *fixture, const struct tx_case *tx_case,
                        struct arena *arena)
{
    struct head head = *graph_head(fixture->graph);
    struct value before = datoms_now(fixture, arena);
    struct tx_result result = { .t = 12345 };
    struct error err = { .message = "" };

    if (tx_transact_edn(fixture, tx_case->tx, arena, &result, &err))
        fail_msg("%s: an error was expected", tx_case->tx);
    if (strcmp(error_code(err.kind), tx_case->code) != 0 || !strstr(err.message, tx_case->says))
        fail_msg("%s\n  expected %s: %s\n  actual   %s: %s", tx_case->tx, tx_case->code,
                 tx_case->says, error_code(err.kind), err.message);
    assert_int_equal(result.t, 12345);
    assert_memory_equal(&head, graph_head(fixture->graph), sizeof(head));
    struct value after = datoms_now(fixture, arena);
    expect_equal(tx_case->tx, &before, &after);
    assert_int_equal(tx_must(fixture, "[]", arena).t, head.t + 1);
}

static void check_result(struct tx_fixture *fixture, const struct tx_case *tx_case,
                         struct arena *arena)
{
    struct tx_result result = tx_must(fixture, tx_case->tx, arena);
    struct value expected = tx_edn(tx_case->after, arena), actual = datoms_now(fixture, arena);
    struct error err;

    expect_equal(tx_case->tx, &expected, &actual);
    if (!tx_case->tempids)
        return;
    expected = tx_edn(tx_case->tempids, arena);
    assert_true(mp_read(result.tempids, arena, &actual, &err));
    expect_equal(tx_case->tx, &expected, &actual);
}

void tx_cases_run(const struct tx_case *cases, size_t count, const char *schema,
                  enum flexibility flexibility)
{
    struct arena arena = { 0 };

    for (size_t i = 0; i < count; i++, arena_reset(&arena)) {
        struct tx_fixture fixture;
        tx_fixture_open(&fixture, flexibility);
        if (schema)
            tx_must(&fixture, schema, &arena);
        struct value before = tx_edn(cases[i].before ? cases[i].before : "[]", &arena);
        for (uint32_t k = 0; k < before.count; k++) {
            struct tx_request request = { .tx_data = before.items[k] };
            struct tx_result result;
            struct error err;
            if (!tx_transact(fixture.graph, &request, &arena, &result, &err))
                fail_msg("%s: %s", cases[i].before, err.message);
        }
        if (cases[i].code)
            check_error(&fixture, &cases[i], &arena);
        else
            check_result(&fixture, &cases[i], &arena);
        tx_verify(&fixture);
        tx_fixture_close(&fixture);
    }
    arena_release(&arena);
}
