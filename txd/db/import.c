/*
 * Datoms go into the indexes as they are read, unlogged, in a folder below DIR/tmp; what needs them
 * in order (cardinality, uniqueness, counts, the checksum; a datom may stand in the file twice) is
 * found by one walk over eavt and one over each unique attribute at the end. A process that dies
 * before the folder gets its name leaves it to catalog_open() to remove.
 *
 * :schema must come before :datoms, as DataScript prints it: an attribute's declaration decides
 * which indexes its datoms go into.
 */
#include "txd/db/import.h"

#include "common/limits.h"
#include "proto/edn.h"
#include "proto/edn_stream.h"
#include "proto/mp.h"
#include "txd/db/folder.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

/* The text of one datom, or of the schema: a value of the largest size, every byte escaped. */
#define FORM_BYTES_MAX (2 * (size_t)LIMIT_VALUE_BYTES + 65536)

/* What is written at a time. */
#define BATCH_BYTES ((size_t)1 << 20)

enum state {
    STATE_START, /* before the map */
    STATE_KEY,
    STATE_SCHEMA,
    STATE_SKIP, /* the value of a key that says nothing to us */
    STATE_DATOMS,
    STATE_DATOM,
    STATE_END, /* behind the map */
};

struct import {
    struct catalog *catalog;
    char name[LIMIT_GRAPH_NAME_BYTES + 1];
    char path[PATH_MAX];
    struct store *store; /* NULL once it has been closed and given away */
    struct store_batch *batch;
    struct edn_stream *stream;
    enum state state;
    struct arena arena; /* of one form */
    struct schema *schema;
    uint32_t next_e, next_a;
    uint32_t base;
    uint64_t number; /* of the datom being read, from 1 */
    bool has_datoms;
    bool failed;
};

bool import_open(struct catalog *catalog, struct bytes name, struct import **out, struct error *err)
{
    if (!graph_name_check(name, err))
        return false;
    if (catalog_exists(catalog, name))
        return fail(err, ERROR_CONFLICT,
                    "there is a graph \"%.*s\" already; an import makes a new one",
                    BYTES_ARG(name));
    struct import *import = xcalloc(1, sizeof(*import));
    import->catalog = catalog;
    memcpy(import->name, name.data, name.len);
    import->next_e = 1;
    import->next_a = ATTR_USER_FIRST;
    import->schema = schema_built_in();
    import->batch = store_batch_new();
    import->stream = edn_stream_open(FORM_BYTES_MAX);
    catalog_temporary(catalog, import->path, sizeof(import->path));
    if (!folder_make(import->path, err) ||
        !store_open(catalog_shared(catalog), import->path, true, &import->store, err)) {
        import_close(import);
        return false;
    }
    *out = import;
    return true;
}

void import_close(struct import *import)
{
    struct error ignored;

    if (!import)
        return;
    edn_stream_close(import->stream);
    store_batch_free(import->batch);
    store_close(import->store);
    (void)!folder_remove(import->path, &ignored); /* or the next start removes it */
    schema_release(import->schema);
    arena_release(&import->arena);
    free(import);
}

static bool write_batch(struct import *import, struct error *err)
{
    bool ok = store_write_unlogged(import->store, import->batch, err);

    store_batch_clear(import->batch);
    return ok;
}

/* --- attributes --- */

/* An attribute as a keyword, or as DataScript in JavaScript has it: a string. */
static bool ident_of(const struct value *v, struct bytes *out)
{
    if (v->type != VALUE_KEYWORD && v->type != VALUE_STRING)
        return false;
    struct bytes text = v->text;
    if (v->type == VALUE_STRING && text.len && text.data[0] == ':')
        text = (struct bytes){ text.data + 1, text.len - 1 };
    if (edn_name_fault(VALUE_KEYWORD, text))
        return false;
    *out = text;
    return true;
}

/* Makes the attribute's entity, at t 0: its :db/ident and the `count` datoms in `said`, which has
 * room for one more. */
static bool declare(struct import *import, struct bytes ident, struct schema_datom *said,
                    size_t count, struct error *err)
{
    struct schema *next;

    if (import->next_a >= 65536)
        return fail(err, ERROR_INCORRECT, "attribute :%.*s: a graph has room for %d attributes",
                    BYTES_ARG(ident), 65536 - ATTR_USER_FIRST);
    said[count++] = (struct schema_datom){ ATTR_IDENT, value_keyword(ident) };
    uint32_t e = ATTRIBUTE_ENTITY_BASE + import->next_a;
    if (!schema_with(import->schema, e, said, count, &next, err))
        return false;
    schema_release(import->schema);
    import->schema = next;
    import->next_a++;
    for (size_t i = 0; i < count; i++) {
        const struct attribute *attribute = schema_by_id(next, said[i].a);
        struct datom datom = { .e = e, .a = said[i].a, .added = true, .v = said[i].v };
        assert(attribute);
        index_add(import->batch, attribute, &datom);
    }
    return true;
}

/* What an attribute's declaration may say; anything else in it is left out. */
static const uint16_t schema_attributes[] = {
    ATTR_VALUE_TYPE, ATTR_CARDINALITY, ATTR_UNIQUE,      ATTR_INDEX,      ATTR_IS_COMPONENT,
    ATTR_NO_HISTORY, ATTR_TUPLE_ATTRS, ATTR_TUPLE_TYPES, ATTR_TUPLE_TYPE, ATTR_DOC,
};

static bool is_schema_attribute(uint16_t a)
{
    for (size_t i = 0; i < ARRAY_LEN(schema_attributes); i++)
        if (schema_attributes[i] == a)
            return true;
    return false;
}

/* JavaScript's DataScript says ":db.type/ref" for :db.type/ref. */
static struct value keyword_of(const struct attribute *attribute, struct value v)
{
    struct bytes ident;

    if (attribute->type == TYPE_KEYWORD && v.type == VALUE_STRING && ident_of(&v, &ident))
        return value_keyword(ident);
    for (uint32_t i = 0; attribute->type == TYPE_TUPLE && value_is_sequence(&v) && i < v.count; i++)
        if (v.items[i].type == VALUE_STRING && ident_of(&v.items[i], &ident))
            v.items[i] = value_keyword(ident);
    return v;
}

/* The attribute that a key of a declaration means. DataScript takes :db.type/ref under any key, and
 * people write it under :db/type; NULL: the key says nothing to us. */
static const struct attribute *schema_key(const struct import *import, const struct value *key,
                                          const struct value *v)
{
    struct bytes name, type;

    if (!ident_of(key, &name))
        return NULL;
    bool ref = ident_of(v, &type) && bytes_equal(type, BYTES("db.type/ref"));
    const struct attribute *attribute = ref && bytes_equal(name, BYTES("db/type"))
                                            ? schema_by_id(import->schema, ATTR_VALUE_TYPE)
                                            : schema_by_ident(import->schema, name);
    return attribute && is_schema_attribute(attribute->id) ? attribute : NULL;
}

/* A composite tuple's parts need not be declared in DataScript. */
static bool declare_parts(struct import *import, const struct value *parts, struct error *err)
{
    for (uint32_t i = 0; value_is_sequence(parts) && i < parts->count; i++) {
        struct schema_datom said[1];
        if (parts->items[i].type == VALUE_KEYWORD &&
            !schema_by_ident(import->schema, parts->items[i].text) &&
            !declare(import, parts->items[i].text, said, 0, err))
            return false;
    }
    return true;
}

/* One entry of :schema. Composite tuples are declared after all others, which they name. */
static bool import_attribute(struct import *import, const struct value *key,
                             const struct value *said, bool composites, struct error *err)
{
    struct schema_datom datoms[ARRAY_LEN(schema_attributes) + 1];
    const struct value *parts = NULL;
    struct bytes ident;
    size_t count = 0;

    if (!ident_of(key, &ident))
        return fail(err, ERROR_INCORRECT, ":schema: %s is no attribute; an attribute is a keyword",
                    edn_excerpt(&import->arena, key).data);
    if (said->type != VALUE_MAP && said->type != VALUE_NIL)
        return fail(err, ERROR_INCORRECT, ":schema: attribute :%.*s has %s, not a map",
                    BYTES_ARG(ident), edn_excerpt(&import->arena, said).data);
    for (uint32_t i = 0; said->type == VALUE_MAP && i < said->count; i++) {
        const struct value *pair = &said->items[2 * (size_t)i];
        const struct attribute *attribute = schema_key(import, &pair[0], &pair[1]);
        struct value v = pair[1];
        if (!attribute || v.type == VALUE_NIL)
            continue;
        v = keyword_of(attribute, v);
        if (!attribute_accepts(attribute, &v, err))
            return fail_in(err, ":schema: attribute :%.*s", BYTES_ARG(ident));
        datoms[count++] = (struct schema_datom){ attribute->id, v };
        if (attribute->id == ATTR_TUPLE_ATTRS)
            parts = &datoms[count - 1].v;
        if (count > ARRAY_LEN(schema_attributes))
            return fail(err, ERROR_INCORRECT, ":schema: attribute :%.*s says something twice",
                        BYTES_ARG(ident));
    }
    const struct attribute *there = schema_by_ident(import->schema, ident);
    if (there && there->id < ATTR_USER_FIRST)
        return true; /* DataScript declares :db/ident, which is built in */
    if ((parts != NULL) != composites)
        return true;
    if (there)
        return fail(err, ERROR_INCORRECT, ":schema: attribute :%.*s is declared twice",
                    BYTES_ARG(ident));
    return (!parts || declare_parts(import, parts, err)) &&
           (declare(import, ident, datoms, count, err) || fail_in(err, ":schema"));
}

static bool import_schema(struct import *import, const struct value *schema, struct error *err)
{
    if (import->has_datoms)
        return fail(err, ERROR_INCORRECT,
                    ":schema stands behind :datoms; put it before, as DataScript prints it");
    if (schema->type == VALUE_NIL)
        return true;
    if (schema->type != VALUE_MAP)
        return fail(err, ERROR_INCORRECT, ":schema is %s, not a map",
                    edn_excerpt(&import->arena, schema).data);
    for (int composites = 0; composites < 2; composites++) {
        for (uint32_t i = 0; i < schema->count; i++) {
            const struct value *pair = &schema->items[2 * (size_t)i];
            if (!import_attribute(import, &pair[0], &pair[1], composites, err))
                return false;
        }
    }
    return true;
}

/* --- datoms --- */

static bool bad_datom(struct import *import, const struct value *form, const char *what,
                      struct error *err)
{
    return fail(err, ERROR_INCORRECT, "datom %llu %s: %s", (unsigned long long)import->number,
                edn_excerpt(&import->arena, form).data, what);
}

static bool read_entity(struct import *import, const struct value *form, uint32_t *out,
                        struct error *err)
{
    const struct value *e = &form->items[0];

    if (e->type != VALUE_LONG || e->number < 1 || e->number > INT32_MAX)
        return bad_datom(import, form, "its entity is no id within 1 .. 2147483647", err);
    if (entity_is_attribute((uint32_t)e->number))
        return bad_datom(import, form,
                         "its entity is within 536805376 .. 536870911, which only attributes have",
                         err);
    *out = (uint32_t)e->number;
    return true;
}

static bool read_tx(struct import *import, const struct value *form, uint32_t *t, struct error *err)
{
    *t = 0;
    if (form->count >= 4) {
        const struct value *tx = &form->items[3];
        if (tx->type != VALUE_LONG || tx->number < TX_ENTITY_BASE || tx->number > INT32_MAX)
            return bad_datom(import, form,
                             "its transaction is no id within 536870912 .. 2147483647", err);
        *t = (uint32_t)tx->number - TX_ENTITY_BASE;
    }
    if (form->count == 5 && !(form->items[4].type == VALUE_BOOLEAN && form->items[4].boolean))
        return bad_datom(import, form, "only assertions can be imported (added is true)", err);
    return true;
}

static const struct attribute *read_attribute(struct import *import, const struct value *form,
                                              struct error *err)
{
    struct schema_datom said[1];
    struct bytes ident;

    if (!ident_of(&form->items[1], &ident)) {
        bad_datom(import, form, "its attribute is no keyword", err);
        return NULL;
    }
    const struct attribute *attribute = schema_by_ident(import->schema, ident);
    if (attribute)
        return attribute;
    if (!declare(import, ident, said, 0, err)) {
        fail_in(err, "datom %llu", (unsigned long long)import->number);
        return NULL;
    }
    return schema_by_ident(import->schema, ident);
}

/* Ids that are given out later come after every id that is used, also by a ref alone. */
static void note_ids(struct import *import, const struct attribute *attribute,
                     const struct datom *datom)
{
    if (entity_is_user(datom->e) && datom->e >= import->next_e)
        import->next_e = datom->e + 1;
    if (attribute->type == TYPE_REF && entity_is_user((uint32_t)datom->v.number) &&
        (uint32_t)datom->v.number >= import->next_e)
        import->next_e = (uint32_t)datom->v.number + 1;
    if (datom->t > import->base)
        import->base = datom->t;
    if (entity_is_tx(datom->e) && datom->e - TX_ENTITY_BASE > import->base)
        import->base = datom->e - TX_ENTITY_BASE;
}

static bool import_datom(struct import *import, struct value *form, struct error *err)
{
    struct datom datom = { .added = true };

    import->number++;
    if (!value_is_sequence(form) || form->count < 3 || form->count > 5)
        return bad_datom(import, form, "a datom is [e a v], [e a v tx] or [e a v tx true]", err);
    const struct attribute *attribute;
    if (!read_entity(import, form, &datom.e, err) || !read_tx(import, form, &datom.t, err) ||
        !(attribute = read_attribute(import, form, err)))
        return false;
    datom.a = attribute->id;
    datom.v = form->items[2];
    if (!attribute_accepts(attribute, &datom.v, err))
        return fail_in(err, "datom %llu", (unsigned long long)import->number);
    note_ids(import, attribute, &datom);
    index_add(import->batch, attribute, &datom);
    return store_batch_bytes(import->batch) < BATCH_BYTES || write_batch(import, err);
}

/* --- the text --- */

static bool begin_key(struct import *import, const struct value *key, struct error *err)
{
    if (value_is_keyword(key, "schema")) {
        import->state = STATE_SCHEMA;
    } else if (value_is_keyword(key, "datoms")) {
        if (import->has_datoms)
            return fail(err, ERROR_INCORRECT, "the map has :datoms twice");
        import->state = STATE_DATOMS;
        import->has_datoms = true;
    } else {
        import->state = STATE_SKIP;
    }
    return true;
}

/* Handles a value that was read in the state. */
static bool take_value(struct import *import, struct value *value, struct error *err)
{
    switch (import->state) {
    case STATE_START:
        import->state = STATE_KEY;
        return value->type == VALUE_MAP ||
               fail(
                   err, ERROR_INCORRECT,
                   "the text is no #datascript/DB {:schema {..} :datoms [..]}: it begins with a %s",
                   value_type_name(value->type));
    case STATE_KEY:
        return begin_key(import, value, err);
    case STATE_SCHEMA:
        import->state = STATE_KEY;
        return import_schema(import, value, err);
    case STATE_SKIP:
        import->state = STATE_KEY;
        return true;
    case STATE_DATOMS:
        import->state = STATE_DATOM;
        return value->type != VALUE_MAP ||
               fail(err, ERROR_INCORRECT, ":datoms is a map, not a vector of datoms");
    case STATE_DATOM:
        return import_datom(import, value, err);
    case STATE_END:
        break;
    }
    return fail(err, ERROR_INCORRECT, "there is something behind the #datascript/DB: %s",
                edn_excerpt(&import->arena, value).data);
}

/* Reads what has been fed. *end: the text has ended where it may. */
static bool advance(struct import *import, bool *end, struct error *err)
{
    *end = false;
    for (;;) {
        struct value value;
        bool enter = import->state == STATE_START || import->state == STATE_DATOMS;
        arena_reset(&import->arena);
        enum edn_step step = enter ? edn_stream_enter(import->stream, &value, err)
                                   : edn_stream_next(import->stream, &import->arena, &value, err);
        switch (step) {
        case EDN_VALUE:
            if (!take_value(import, &value, err))
                return false;
            break;
        case EDN_CLOSE:
            import->state = import->state == STATE_DATOM ? STATE_KEY : STATE_END;
            break;
        case EDN_MORE:
            return true;
        case EDN_END:
            *end = true;
            return (import->state == STATE_END && import->has_datoms) ||
                   fail(err, ERROR_INCORRECT,
                        "the text holds no #datascript/DB {:schema {..} :datoms [..]}");
        case EDN_ERROR:
            if (import->state == STATE_DATOM)
                fail_in(err, "after datom %llu", (unsigned long long)import->number);
            return false;
        }
    }
}

bool import_feed(struct import *import, struct bytes text, struct error *err)
{
    bool end;

    if (import->failed)
        return fail(err, ERROR_INCORRECT, "the import has failed already");
    edn_stream_feed(import->stream, text);
    import->failed = !advance(import, &end, err);
    return !import->failed;
}

/* --- the end --- */

struct totals {
    struct head head;
    uint64_t *counts;
    uint64_t datoms; /* user and transaction entities' */
};

/* Names two of the datoms that `prefix` has in the index. */
static bool both_datoms(const struct db *db, enum index index, const struct components *prefix,
                        const char *what, struct error *err)
{
    struct arena arena = { 0 };
    struct bytes said[2] = { { 0 } };
    struct cursor *cursor = cursor_open(db, index, prefix, NULL, false);
    struct datom datom;

    for (int i = 0; i < 2 && cursor_next(cursor, &datom); i++) {
        struct bytes v = edn_excerpt(&arena, &datom.v);
        said[i] = arena_printf(&arena, "[%u :%.*s %.*s %u]", datom.e,
                               BYTES_ARG(schema_by_id(db->schema, datom.a)->ident), BYTES_ARG(v),
                               TX_ENTITY_BASE + datom.t);
    }
    cursor_close(cursor);
    fail(err, ERROR_CONFLICT, "%s: %.*s and %.*s", what, (int)said[0].len, said[0].data,
         (int)said[1].len, said[1].data);
    arena_release(&arena);
    return false;
}

static bool sum_up(const struct db *db, struct totals *totals, struct error *err)
{
    struct cursor *cursor = cursor_open(db, INDEX_EAVT, NULL, NULL, false);
    struct buffer scratch = { 0 };
    struct datom datom;
    uint32_t e = 0;
    uint16_t a = 0;
    bool ok = true;

    while (ok && cursor_next(cursor, &datom)) {
        const struct attribute *attribute = schema_by_id(db->schema, datom.a);
        assert(attribute);
        if (datom.e == e && datom.a == a && !attribute->many) {
            struct components prefix = { .count = 2, .e = e, .a = a };
            ok = both_datoms(db, INDEX_EAVT, &prefix,
                             "an attribute of cardinality one has two values", err);
        }
        e = datom.e;
        a = datom.a;
        totals->counts[a]++;
        totals->datoms += !entity_is_attribute(e);
        if (!entity_is_user(e))
            continue;
        totals->head.datoms++;
        totals->head.checksum = checksum_add(
            totals->head.checksum,
            mp_datom_checksum(&scratch, e, attribute->ident, &datom.v, TX_ENTITY_BASE + datom.t));
    }
    ok = ok && cursor_check(cursor, err);
    cursor_close(cursor);
    buffer_release(&scratch);
    return ok;
}

static bool check_unique(const struct db *db, const struct attribute *attribute, struct error *err)
{
    struct components prefix = { .count = 1, .a = attribute->id };
    struct cursor *cursor = cursor_open(db, INDEX_AVET, &prefix, NULL, false);
    struct buffer keys[2] = { { 0 } }, scratch = { 0 };
    struct datom datom;
    struct bytes tail;
    bool ok = true;

    for (unsigned i = 0; ok && cursor_next(cursor, &datom); i++) {
        struct buffer *key = &keys[i % 2], *before = &keys[1 - i % 2];
        buffer_clear(key);
        key_append_value(key, &datom.v, &scratch, &tail);
        if (before->len && bytes_equal(buffer_bytes(key), buffer_bytes(before))) {
            prefix.count = 2;
            prefix.v = datom.v;
            ok = both_datoms(db, INDEX_AVET, &prefix, "a unique value is held twice", err);
        }
    }
    ok = ok && cursor_check(cursor, err);
    cursor_close(cursor);
    buffer_release(&keys[0]);
    buffer_release(&keys[1]);
    buffer_release(&scratch);
    return ok;
}

static bool check_and_sum_up(struct import *import, struct totals *totals, struct error *err)
{
    struct db db = {
        .store = import->store, .schema = import->schema, .t = import->base, .as_of = T_MAX
    };

    if (!sum_up(&db, totals, err))
        return false;
    for (uint32_t id = 0; id < schema_id_end(import->schema); id++) {
        const struct attribute *attribute = schema_by_id(import->schema, (uint16_t)id);
        if (attribute && attribute->unique != UNIQUE_NONE && !check_unique(&db, attribute, err))
            return false;
    }
    return true;
}

static bool complete(struct import *import, struct totals *totals, struct error *err)
{
    struct graph_origin origin = { .flexibility = FLEXIBILITY_READ,
                                   .base = import->base,
                                   .counts = totals->counts,
                                   .counts_size = schema_id_end(import->schema) };

    if (!write_batch(import, err) || !check_and_sum_up(import, totals, err))
        return false;
    totals->head.next_e = import->next_e;
    totals->head.next_a = import->next_a;
    origin.head = totals->head;
    if (!graph_initialise(import->store, &origin, err)) /* flushes everything */
        return false;
    store_close(import->store);
    import->store = NULL;
    return folder_sync(import->path, err) &&
           catalog_adopt(import->catalog, import->path, bytes_of(import->name), err);
}

bool import_finish(struct import *import, uint64_t *datoms, uint32_t *t, struct error *err)
{
    bool end = false;

    if (import->failed)
        return fail(err, ERROR_INCORRECT, "the import has failed already");
    edn_stream_end(import->stream);
    import->failed = !advance(import, &end, err);
    if (import->failed)
        return false;
    assert(end);
    struct totals totals = { .counts = xcalloc(schema_id_end(import->schema) + 1u,
                                               sizeof(*totals.counts)) };
    bool ok = complete(import, &totals, err);
    import->failed = !ok;
    if (ok) {
        *datoms = totals.datoms;
        *t = import->base;
    }
    free(totals.counts);
    return ok;
}
