/*
 * Runs the recorded transactions: each on the database it was recorded on, compared by the
 * database after it and by its tempids. Exits with 77 when the cases are not there.
 */
#include "proto/edn.h"
#include "proto/mp.h"
#include "tests/conformance/cases.h"
#include "txd/tx/tx.h"

#include <stdio.h>
#include <stdlib.h>

static bool is_op(const struct recorded *recorded, const char *op)
{
    return bytes_equal(recorded->op, bytes_of(op));
}

/* --- where Stoa differs by design --- */

/* [1 :name "A" 536870913 true] in place of [:db/add 1 :name "A"] */
static bool has_datom(const struct recorded *recorded)
{
    const struct value *forms = &recorded->args[1];

    for (uint32_t i = 0; value_is_sequence(forms) && i < forms->count; i++)
        if (value_is_sequence(&forms->items[i]) && forms->items[i].count > 0 &&
            forms->items[i].items[0].type == VALUE_LONG)
            return true;
    return false;
}

#define NEW_ENTITIES_MAX 6

/* Ids of new entities: what DataScript gave them, and what they have here. */
struct renaming {
    const struct schema *schema;
    int64_t from[NEW_ENTITIES_MAX], to[NEW_ENTITIES_MAX];
    uint32_t count;
};

/* The user entities after `last` in datoms that are sorted; their number, 0 also where there are
 * more than NEW_ENTITIES_MAX. */
static uint32_t new_entities(const struct value *datoms, int64_t last, int64_t *ids)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < datoms->count; i++) {
        int64_t e = datoms->items[i].items[0].number;
        if (!entity_is_user((uint32_t)e) || e <= last)
            continue;
        if (count == NEW_ENTITIES_MAX)
            return 0;
        ids[count++] = last = e;
    }
    return count;
}

static void rename_id(const struct renaming *renaming, struct value *id)
{
    for (uint32_t i = 0; i < renaming->count; i++)
        if (id->number == renaming->from[i]) {
            id->number = renaming->to[i];
            return;
        }
}

static bool is_renamed(const struct renaming *renaming, const struct value *expected,
                       const struct value *actual, struct arena *arena)
{
    struct value renamed = value_copy(arena, expected);

    for (uint32_t i = 0; i < renamed.count; i++) {
        struct value *datom = renamed.items[i].items;
        rename_id(renaming, &datom[0]);
        const struct attribute *a = schema_by_ident(renaming->schema, datom[1].text);
        if (a && a->type == TYPE_REF)
            rename_id(renaming, &datom[2]);
    }
    datoms_sort(&renamed);
    return value_equal(&renamed, actual);
}

/* Tries all orders of the ids from number `at` on. */
static bool can_rename(struct renaming *renaming, uint32_t at, const struct value *expected,
                       const struct value *actual, struct arena *arena)
{
    if (at == renaming->count)
        return is_renamed(renaming, expected, actual, arena);
    for (uint32_t i = at; i < renaming->count; i++) {
        int64_t id = renaming->to[i];
        renaming->to[i] = renaming->to[at];
        renaming->to[at] = id;
        if (can_rename(renaming, at + 1, expected, actual, arena))
            return true;
        renaming->to[at] = renaming->to[i];
        renaming->to[i] = id;
    }
    return false;
}

/* Whether the databases are the same but for which new entity has which id. */
static bool differs_in_ids(const struct fixture *fixture, const struct value *database,
                           const struct value *expected, const struct value *actual,
                           struct arena *arena)
{
    const struct value *max_e = value_get(database, "max-eid");
    int64_t last = max_e ? max_e->number : 0;
    struct renaming renaming = { .schema = graph_head(fixture->graph)->schema };

    renaming.count = new_entities(expected, last, renaming.from);
    return renaming.count > 0 && new_entities(actual, last, renaming.to) == renaming.count &&
           can_rename(&renaming, 0, expected, actual, arena);
}

static bool wrong(struct arena *arena, const char *what, const struct value *expected,
                  const struct value *actual)
{
    struct buffer text = { 0 };

    buffer_printf(&text, "  %s: expected ", what);
    edn_write(&text, expected);
    buffer_printf(&text, "\n  actual ");
    edn_write(&text, actual);
    printf("%.*s\n", (int)text.len, text.data);
    buffer_release(&text);
    (void)arena;
    return false;
}

/* --- what is expected --- */

static bool same_datom(const struct value *a, const struct value *b)
{
    return value_equal(&a->items[0], &b->items[0]) && value_equal(&a->items[1], &b->items[1]) &&
           value_equal(&a->items[2], &b->items[2]);
}

/* The database before with the recorded tx-data applied; a datom taken out and put back keeps its
 * tx. */
static struct value after_tx_data(const struct value *before, const struct value *tx_data,
                                  struct arena *arena)
{
    struct value_builder after = { 0 };

    for (uint32_t i = 0; i < before->count; i++)
        value_builder_add(&after, arena, before->items[i]);
    for (uint32_t i = 0; i < tx_data->count; i++) {
        const struct value *datom = &tx_data->items[i];
        size_t at = 0;
        while (at < after.count && !same_datom(&after.items[at], datom))
            at++;
        if (!datom->items[4].boolean) {
            if (at < after.count)
                after.items[at] = after.items[--after.count];
            continue;
        }
        struct value *items = ARENA_ARRAY(arena, struct value, 4);
        memcpy(items, datom->items, 4 * sizeof(*items));
        for (uint32_t k = 0; k < before->count; k++)
            if (same_datom(&before->items[k], datom))
                items[3] = before->items[k].items[3];
        if (at == after.count)
            value_builder_add(&after, arena, value_collection(VALUE_VECTOR, items, 4));
    }
    return value_builder_end(&after, VALUE_VECTOR);
}

/* The transaction's own number was max-tx + 1 where it was recorded. */
static void renumber(struct value *value, int64_t recorded, int64_t actual)
{
    if (value->type == VALUE_LONG && value->number == recorded)
        value->number = actual;
    if (value->type == VALUE_VECTOR)
        for (uint32_t i = 0; i < value->count; i++)
            renumber(&value->items[i], recorded, actual);
}

static bool compare_tempids(const struct value *expected, struct bytes encoded, struct arena *arena)
{
    struct value actual, left;
    struct value_builder builder = { 0 };
    struct error err;

    for (uint32_t i = 0; i < expected->count; i++) {
        const struct value *key = &expected->items[2 * i];
        if (key->type == VALUE_KEYWORD ||
            (key->type == VALUE_STRING && (bytes_equal(key->text, BYTES("datomic.tx")) ||
                                           bytes_equal(key->text, BYTES("datascript.tx")))))
            continue;
        value_builder_add(&builder, arena, *key);
        value_builder_add(&builder, arena, expected->items[2 * i + 1]);
    }
    left = value_builder_end(&builder, VALUE_MAP);
    if (!mp_read(encoded, arena, &actual, &err))
        return wrong(arena, err.message, &left, &left);
    return value_equal(&left, &actual) || wrong(arena, "tempids", &left, &actual);
}

/* --- running --- */

static bool expect_failure(const struct fixture *fixture, uint32_t t, bool ok, struct error *err)
{
    if (ok) {
        printf("  an error was expected\n");
        return false;
    }
    if (err->kind == ERROR_FAULT || graph_head(fixture->graph)->t != t) {
        printf("  a failed transaction left a trace: %s\n", err->message);
        return false;
    }
    return true;
}

/* *reason: set when it differs by design. */
static bool run(const struct recorded *recorded, struct fixture *fixture, struct arena *arena,
                const char **reason)
{
    const struct value *database = &recorded->args[0], *expected = recorded->expected;
    struct tx_request request = { .tx_data = recorded->args[1] };
    struct tx_result result;
    struct error err;
    uint32_t t = graph_head(fixture->graph)->t;
    bool with_report = !is_op(recorded, "db-with");
    struct value actual, after;

    bool ok = tx_transact(fixture->graph, &request, arena, &result, &err);
    if (value_get(expected, "throws"))
        return expect_failure(fixture, t, ok, &err);
    if (!ok) {
        printf("  %s: %s\n", error_code(err.kind), err.message);
        return false;
    }
    if (with_report)
        after = after_tx_data(value_get(database, "datoms"), value_get(expected, "tx-data"), arena);
    else
        after = *value_get(expected, "datoms");
    after = value_copy(arena, &after);
    renumber(&after, (int64_t)fixture->max_tx + 1, result.tx);
    datoms_sort(&after);
    if (!fixture_datoms(fixture, arena, &actual, &err)) {
        printf("  %s\n", err.message);
        return false;
    }
    if (!value_equal(&after, &actual)) {
        if (differs_in_ids(fixture, database, &after, &actual, arena))
            *reason = "new entities have ids in the order in which they are written, with no gap";
        return wrong(arena, "datoms", &after, &actual);
    }
    return !with_report || compare_tempids(value_get(expected, "tempids"), result.tempids, arena);
}

/* The datoms of an :init-db, as a transaction of :db/add. */
static struct recorded transactable(const struct recorded *recorded, struct arena *arena)
{
    struct value *args = ARENA_ARRAY(arena, struct value, 2);
    struct value_builder database = { 0 }, forms = { 0 }, after = { 0 }, all = { 0 };
    struct recorded out = *recorded;
    struct value *expected = ARENA_NEW(arena, struct value);
    const struct value *datoms = value_get(recorded->expected, "datoms");

    value_builder_entry(&database, arena, "schema", recorded->args[1]);
    value_builder_entry(&database, arena, "max-tx", value_long(TX_ENTITY_BASE));
    args[0] = value_builder_end(&database, VALUE_MAP);
    for (uint32_t i = 0; i < datoms->count; i++) {
        struct value *form = ARENA_ARRAY(arena, struct value, 4);
        struct value *datom = ARENA_ARRAY(arena, struct value, 4);
        form[0] = value_keyword(BYTES("db/add"));
        memcpy(form + 1, datoms->items[i].items, 3 * sizeof(*form));
        value_builder_add(&forms, arena, value_collection(VALUE_VECTOR, form, 4));
        memcpy(datom, datoms->items[i].items, 3 * sizeof(*datom));
        datom[3] = value_long(TX_ENTITY_BASE + 1);
        value_builder_add(&after, arena, value_collection(VALUE_VECTOR, datom, 4));
    }
    args[1] = value_builder_end(&forms, VALUE_VECTOR);
    value_builder_entry(&all, arena, "datoms", value_builder_end(&after, VALUE_VECTOR));
    *expected = value_builder_end(&all, VALUE_MAP);
    out.op = BYTES("db-with");
    out.args = args;
    out.arg_count = 2;
    out.expected = expected;
    return out;
}

static bool is_transaction(const struct recorded *recorded)
{
    return (is_op(recorded, "transact") || is_op(recorded, "with") || is_op(recorded, "db-with") ||
            is_op(recorded, "init-db")) &&
           recorded->arg_count == 2;
}

int main(void)
{
    struct cases cases;
    struct arena arena = { 0 };
    struct recorded recorded;
    struct error err;
    uint32_t passed = 0, failed = 0, excepted = 0;

    if (!cases_open(&cases)) {
        printf("skipped: the recorded cases are not there (CASES_FILE)\n");
        return CASES_SKIPPED;
    }
    for (; cases_next(&cases, &arena, &recorded); arena_reset(&arena)) {
        struct fixture fixture;
        const char *reason = NULL;
        if (!is_transaction(&recorded))
            continue;
        if (is_op(&recorded, "init-db"))
            recorded = transactable(&recorded, &arena);
        bool ok = fixture_open(&recorded.args[0], &fixture, &err);
        if (!ok) {
            printf("  cannot be loaded: %s\n", err.message);
        } else {
            ok = run(&recorded, &fixture, &arena, &reason);
            fixture_close(&fixture);
        }
        if (!ok && has_datom(&recorded))
            reason = "datoms are not forms: mirrors insert them as datoms";
        passed += ok;
        failed += !ok && !reason;
        excepted += reason != NULL;
        if (reason)
            printf("line %u differs by design: %s\n", recorded.line, reason);
        else if (!ok)
            printf("line %u, %.*s of %.*s: failed\n", recorded.line, BYTES_ARG(recorded.op),
                   BYTES_ARG(recorded.suite));
    }
    printf("transactions: %u passed, %u failed, %u differ by design\n", passed, failed, excepted);
    arena_release(&arena);
    cases_close(&cases);
    return failed ? 1 : 0;
}
