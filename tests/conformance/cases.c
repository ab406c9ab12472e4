#include "tests/conformance/cases.h"

#include "proto/edn.h"
#include "proto/mp.h"
#include "txd/db/folder.h"
#include "txd/tx/tx.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool cases_open(struct cases *cases)
{
    char path[4096];
    const char *file = getenv("CASES_FILE"), *source = getenv("STOA_SOURCE");

    snprintf(path, sizeof(path), "%s/../shared/conformance/datascript-cases.edn",
             source ? source : ".");
    FILE *in = fopen(file ? file : path, "rb");
    if (!in)
        return false;
    *cases = (struct cases){ 0 };
    for (size_t n = 1; n > 0; cases->text.len += n)
        n = fread(buffer_reserve(&cases->text, 1 << 16), 1, 1 << 16, in);
    fclose(in);
    return true;
}

void cases_close(struct cases *cases)
{
    buffer_release(&cases->text);
}

static bool next_line(struct cases *cases, struct bytes *line)
{
    if (cases->at >= cases->text.len)
        return false;
    line->data = cases->text.data + cases->at;
    const char *end = memchr(line->data, '\n', cases->text.len - cases->at);
    line->len = end ? (size_t)(end - line->data) : cases->text.len - cases->at;
    cases->at += line->len + 1;
    cases->line++;
    return true;
}

/* The line without the tags of DataScript's own records, which stand in the words of errors. */
static struct bytes without_records(struct bytes line, struct arena *arena)
{
    static const char *const records[] = { "#datascript.parser.", "#datascript/AutoTempid" };
    char *data = arena_alloc(arena, line.len + 1);

    memcpy(data, line.data, line.len);
    data[line.len] = '{';
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        char *at = data, *end = data + line.len;
        while ((at = memmem(at, (size_t)(end - at), records[i], strlen(records[i]))))
            while (*at != '{' && *at != '[')
                *at++ = ' ';
    }
    return (struct bytes){ data, line.len };
}

bool cases_next(struct cases *cases, struct arena *arena, struct recorded *out)
{
    struct bytes text;
    struct value line;
    struct error err;

    while (next_line(cases, &text)) {
        if (!edn_read(without_records(text, arena), arena, &line, &err) || line.count != 4) {
            printf("line %u is left out: %s\n", cases->line, err.message);
            cases->left_out++;
            continue;
        }
        *out = (struct recorded){
            .line = cases->line,
            .op = line.items[0].text,
            .args = line.items[1].items,
            .arg_count = line.items[1].count,
            .expected = &line.items[2],
            .suite = line.items[3].text,
        };
        return true;
    }
    return false;
}

/* --- loading --- */

static bool is_schema_key(const struct value *key)
{
    static const char *const keys[] = { "db/valueType", "db/cardinality", "db/unique",
                                        "db/index",     "db/isComponent", "db/tupleAttrs" };

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (value_is_keyword(key, keys[i]))
            return true;
    return false;
}

static bool is_declared(const struct value_builder *forms, const struct value *ident)
{
    for (size_t i = 0; i < forms->count; i++)
        if (value_equal(&forms->items[i].items[1], ident))
            return true;
    return false;
}

/* Adds {:db/ident ident :db/cardinality ..} and what else `said` holds. */
static void declare(struct value_builder *forms, struct arena *arena, const struct value *ident,
                    const struct value *said)
{
    struct value_builder form = { 0 };
    bool cardinality = false;

    if (is_declared(forms, ident))
        return;
    value_builder_add(&form, arena, value_keyword(BYTES("db/ident")));
    value_builder_add(&form, arena, *ident);
    for (uint32_t i = 0; said && said->type == VALUE_MAP && i < said->count; i++) {
        /* DataScript takes :db.type/ref under any key, and its suite has it under this one. */
        if (value_is_keyword(&said->items[2 * i], "db/type")) {
            value_builder_add(&form, arena, value_keyword(BYTES("db/valueType")));
            value_builder_add(&form, arena, said->items[2 * i + 1]);
        }
        if (!is_schema_key(&said->items[2 * i]))
            continue;
        cardinality |= value_is_keyword(&said->items[2 * i], "db/cardinality");
        value_builder_add(&form, arena, said->items[2 * i]);
        value_builder_add(&form, arena, said->items[2 * i + 1]);
    }
    if (!cardinality) {
        value_builder_add(&form, arena, value_keyword(BYTES("db/cardinality")));
        value_builder_add(&form, arena, value_keyword(BYTES("db.cardinality/one")));
    }
    value_builder_add(forms, arena, value_builder_end(&form, VALUE_MAP));
}

static int compare_idents(const void *a, const void *b)
{
    const struct value *left = a, *right = b;

    return value_compare(&left->items[1], &right->items[1]);
}

static bool load_schema(struct graph *graph, const struct value *database, struct arena *arena,
                        struct error *err)
{
    const struct value *schema = value_get(database, "schema");
    const struct value *datoms = value_get(database, "datoms");
    struct value_builder forms = { 0 };
    struct tx_request request = { 0 };
    struct tx_result result;

    for (uint32_t i = 0; schema && schema->type == VALUE_MAP && i < schema->count; i++) {
        const struct value *said = &schema->items[2 * i + 1];
        const struct value *parts = value_get(said, "db/tupleAttrs");
        declare(&forms, arena, &schema->items[2 * i], said);
        for (uint32_t k = 0; parts && k < parts->count; k++)
            if (parts->items[k].type == VALUE_KEYWORD) {
                char name[512];
                snprintf(name, sizeof(name), "%.*s", BYTES_ARG(parts->items[k].text));
                declare(&forms, arena, &parts->items[k], value_get(schema, name));
            }
    }
    for (uint32_t i = 0; datoms && i < datoms->count; i++)
        if (!schema_by_ident(graph_head(graph)->schema, datoms->items[i].items[1].text))
            declare(&forms, arena, &datoms->items[i].items[1], NULL);
    if (forms.count) /* an index read goes through attributes as DataScript does, by name */
        qsort(forms.items, forms.count, sizeof(*forms.items), compare_idents);
    request.tx_data = value_builder_end(&forms, VALUE_VECTOR);
    return tx_transact(graph, &request, arena, &result, err);
}

static int64_t number_of(const struct value *database, const char *key)
{
    const struct value *number = value_get(database, key);

    return number && number->type == VALUE_LONG ? number->number : 0;
}

static bool load_datoms(struct graph *graph, const struct value *database, struct error *err)
{
    const struct value *datoms = value_get(database, "datoms");
    struct head *head = graph_head(graph);
    struct store_batch *batch = store_batch_new();
    struct buffer scratch = { 0 };
    uint32_t e_max = (uint32_t)number_of(database, "max-eid");

    for (uint32_t i = 0; datoms && i < datoms->count; i++) {
        const struct value *form = datoms->items[i].items;
        const struct attribute *a = schema_by_ident(head->schema, form[1].text);
        struct datom datom = { .e = (uint32_t)form[0].number,
                               .a = a->id,
                               .added = true,
                               .t = (uint32_t)form[3].number - TX_ENTITY_BASE,
                               .v = form[2] };
        index_add(batch, a, &datom);
        graph_count(graph, a->id, 1);
        if (!entity_is_user(datom.e))
            continue;
        head->checksum =
            checksum_add(head->checksum, mp_datom_checksum(&scratch, datom.e, a->ident, &datom.v,
                                                           TX_ENTITY_BASE + datom.t));
        head->datoms++;
        if (datom.e > e_max)
            e_max = datom.e;
    }
    if (e_max + 1 > head->next_e)
        head->next_e = e_max + 1;
    int64_t max_tx = number_of(database, "max-tx");
    if (max_tx > TX_ENTITY_BASE + head->t)
        head->t = (uint32_t)(max_tx - TX_ENTITY_BASE);
    bool ok = store_write(graph_store(graph), batch, err);
    store_batch_free(batch);
    buffer_release(&scratch);
    return ok;
}

bool fixture_open(const struct value *database, struct fixture *out, struct error *err)
{
    struct fixture fixture = { .dir = "/tmp/stoa-case-XXXXXX",
                               .max_tx = (uint32_t)number_of(database, "max-tx") };
    char folder[sizeof(fixture.dir) + 8];
    struct arena arena = { 0 };

    if (!mkdtemp(fixture.dir))
        return fail(err, ERROR_FAULT, "cannot make a temporary folder");
    snprintf(folder, sizeof(folder), "%s/graph", fixture.dir);
    fixture.shared = store_shared_open(8 << 20, 4 << 20);
    bool ok = graph_create(fixture.shared, folder, FLEXIBILITY_READ, err) &&
              graph_open(fixture.shared, "case", folder, &fixture.graph, err) &&
              load_schema(fixture.graph, database, &arena, err) &&
              load_datoms(fixture.graph, database, err);
    arena_release(&arena);
    if (!ok) {
        fixture_close(&fixture);
        return false;
    }
    graph_publish(fixture.graph, graph_snapshot_take(fixture.graph));
    *out = fixture;
    return true;
}

void fixture_close(struct fixture *fixture)
{
    struct error err;

    if (!fixture)
        return;
    if (fixture->graph)
        graph_release(fixture->graph);
    if (fixture->shared)
        store_shared_close(fixture->shared);
    if (fixture->dir[0] && !folder_remove(fixture->dir, &err))
        printf("%s\n", err.message);
    *fixture = (struct fixture){ 0 };
}

/* --- comparing --- */

static int compare(const void *a, const void *b)
{
    return value_compare(a, b);
}

void datoms_sort(struct value *datoms)
{
    if (datoms->count)
        qsort(datoms->items, datoms->count, sizeof(*datoms->items), compare);
}

bool fixture_datoms(const struct fixture *fixture, struct arena *arena, struct value *out,
                    struct error *err)
{
    struct db db = graph_writer_db(fixture->graph);
    struct cursor *cursor = cursor_open(&db, INDEX_EAVT, NULL, NULL, false);
    struct value_builder all = { 0 };
    struct datom datom;

    while (cursor_next(cursor, &datom)) {
        if (entity_is_attribute(datom.e) || (entity_is_tx(datom.e) && datom.a < ATTR_USER_FIRST))
            continue;
        struct value *items = ARENA_ARRAY(arena, struct value, 4);
        items[0] = value_long(datom.e);
        items[1] = value_keyword(arena_copy(arena, schema_by_id(db.schema, datom.a)->ident));
        items[2] = value_copy(arena, &datom.v);
        items[3] = value_long(TX_ENTITY_BASE + datom.t);
        value_builder_add(&all, arena, value_collection(VALUE_VECTOR, items, 4));
    }
    bool ok = cursor_check(cursor, err);
    cursor_close(cursor);
    *out = value_builder_end(&all, VALUE_VECTOR);
    datoms_sort(out);
    return ok;
}
