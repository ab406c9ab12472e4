/*
 * index_run(): datoms straight from an index into the answer, page by page: a page may have 100,000
 * of them, and no value is made of any.
 *
 * avet is read attribute by attribute, since refs and composite tuples that are not indexed are in
 * it too (as in DataScript) although the store keeps none of their keys there: such an attribute is
 * collected and sorted. All other indexes are one cursor.
 */
#include "proto/base64.h"
#include "proto/edn.h"
#include "proto/mp.h"
#include "txd/query/order.h"
#include "txd/query/query.h"
#include "txd/query/source.h"

#include <stdlib.h>

#define LIMIT_DEFAULT 1000

/* The longest text that a token holds whole. A longer one is found again from its beginning. */
#define TOKEN_TEXT_BYTES 256

/* The first bytes of a token: basis t, e, a, t, added, checksum; then the value, MessagePack. */
#define TOKEN_HEAD_BYTES 23

struct token {
    bool given;
    uint32_t basis;
    struct datom datom; /* the last of the page before; its value may be cut */
    bool has_value;     /* else it was no text, and too long */
    uint64_t checksum;
};

struct walk {
    struct source *source;
    struct arena *arena;
    struct budget *budget;
    struct buffer scratch;
    enum index index;
    bool reverse;
    struct components prefix, from;
    bool by_attribute;       /* avet */
    int64_t a, a_end;        /* the attribute being read and the last one */
    bool first;              /* `from` holds for the first attribute only */
    const struct value *end; /* of a range; NULL: none */
    struct cursor *cursor;
    struct extent *extent; /* in place of the cursor: all datoms of one attribute */
    uint32_t extent_at;
    struct datom *sorted; /* in place of the cursor */
    size_t sorted_count, sorted_at;
    const struct attribute *attribute; /* of the row that was written last; NULL: none */
};

/* ---- components ---- */

enum component { COMPONENT_E, COMPONENT_A, COMPONENT_V, COMPONENT_T, COMPONENTS };

static const struct {
    const char *name;
    enum index index;
    enum component order[COMPONENTS];
} indexes[] = {
    { "eavt", INDEX_EAVT, { COMPONENT_E, COMPONENT_A, COMPONENT_V, COMPONENT_T } },
    { "aevt", INDEX_AEVT, { COMPONENT_A, COMPONENT_E, COMPONENT_V, COMPONENT_T } },
    { "avet", INDEX_AVET, { COMPONENT_A, COMPONENT_V, COMPONENT_E, COMPONENT_T } },
    { "vaet", INDEX_VAET, { COMPONENT_V, COMPONENT_A, COMPONENT_E, COMPONENT_T } },
};

static const enum component *order_of(enum index index)
{
    return indexes[index].order;
}

static bool find_index(struct bytes name, enum index *out, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(indexes); i++) {
        if (bytes_equal(name, bytes_of(indexes[i].name))) {
            *out = indexes[i].index;
            return true;
        }
    }
    return fail(err, ERROR_INCORRECT, "there is no index %.*s: there are eavt, aevt, avet and vaet",
                BYTES_ARG(name));
}

static bool in_avet(const struct attribute *attribute)
{
    return attribute && (attribute_in_avet(attribute) || attribute->type == TYPE_REF ||
                         attribute->tuple_attr_count > 0);
}

static bool read_value(struct walk *walk, const struct attribute *attribute,
                       const struct value *value, struct value *out, struct error *err)
{
    bool found = true;
    uint32_t e;

    *out = *value;
    if (walk->index == INDEX_VAET || (attribute && attribute->type == TYPE_REF)) {
        if (!source_entity_strict(walk->source, value, &e, err))
            return false;
        *out = value_long(e);
    } else if (attribute && !source_value(walk->source, attribute, value, &found, out, err)) {
        return false;
    }
    return true;
}

static bool read_t(struct walk *walk, const struct value *value, uint32_t *out, struct error *err)
{
    uint32_t e;

    if (!source_entity_strict(walk->source, value, &e, err))
        return false;
    if (!entity_is_tx(e))
        return fail(err, ERROR_INCORRECT, "%u is no transaction's entity", e);
    *out = e - TX_ENTITY_BASE;
    return true;
}

/* *known false: the attribute does not exist, and nothing has it. */
static bool read_component(struct walk *walk, enum component component, const struct value *value,
                           const struct attribute **attribute, struct components *out, bool *known,
                           struct error *err)
{
    switch (component) {
    case COMPONENT_E:
        return source_entity_strict(walk->source, value, &out->e, err);
    case COMPONENT_A:
        *attribute = source_attribute(walk->source, value, walk->arena, NULL);
        if (*attribute)
            out->a = (*attribute)->id;
        *known = *attribute != NULL;
        return true;
    case COMPONENT_V:
        return read_value(walk, *attribute, value, &out->v, err);
    case COMPONENT_T:
        return read_t(walk, value, &out->t, err);
    case COMPONENTS:
        break;
    }
    return true;
}

static bool read_components(struct walk *walk, const struct value *components,
                            struct components *out, bool *known, struct error *err)
{
    const enum component *order = order_of(walk->index);
    const struct attribute *attribute = NULL;
    const struct value *first = components->items;

    *known = true;
    if (components->type == VALUE_NIL)
        return true;
    if (!value_is_sequence(components) || components->count > COMPONENTS)
        return fail(err, ERROR_INCORRECT, "the components of an index are a list of at most four");
    for (uint32_t i = 0; i < components->count; i++) {
        if (components->items[i].type == VALUE_NIL)
            break;
        if (!read_component(walk, order[i], &components->items[i], &attribute, out, known, err))
            return false;
        if (walk->index == INDEX_AVET && i == 0 && !in_avet(attribute))
            return fail(err, ERROR_INCORRECT,
                        "attribute %.*s is not in avet: it is neither indexed, unique, a ref nor a "
                        "composite tuple",
                        BYTES_ARG(edn_excerpt(walk->arena, first)));
        out->count++;
    }
    return true;
}

/* ---- walking ---- */

static struct components from_attribute(const struct walk *walk, bool *has)
{
    *has = walk->first && walk->from.count > 1;
    return walk->from;
}

static int by_value(const void *left, const void *right, const void *unused)
{
    const struct datom *a = left, *b = right;
    int order = value_compare(&a->v, &b->v);

    (void)unused;
    if (order == 0)
        order = (a->e > b->e) - (a->e < b->e);
    return order ? order : (a->t > b->t) - (a->t < b->t);
}

/* Whether the datom comes before where the walk begins, by the components that are given. */
static bool is_before(const struct walk *walk, const struct datom *datom)
{
    const struct components *from = &walk->from;
    int order = from->count > 1 ? value_compare(&datom->v, &from->v) : 0;

    if (order == 0 && from->count > 2)
        order = (datom->e > from->e) - (datom->e < from->e);
    if (order == 0 && from->count > 3)
        order = (datom->t > from->t) - (datom->t < from->t);
    return walk->reverse ? order > 0 : order < 0;
}

/* The datoms of an attribute that the store does not keep in avet, by value. */
static bool sort_attribute(struct walk *walk, bool has_from, struct error *err)
{
    const struct components *prefix = &walk->prefix;
    struct components whole = { .count = 1, .a = (uint16_t)walk->a };
    struct cursor *cursor = cursor_open(&walk->source->db, INDEX_AEVT, &whole, NULL, false);
    size_t cap = 0, count = 0;
    struct datom datom, *sorted = NULL;
    bool ok = true;

    while (ok && cursor_next(cursor, &datom)) {
        ok = budget_turn(walk->budget, err);
        if ((prefix->count > 1 && !value_equal(&datom.v, &prefix->v)) ||
            (prefix->count > 2 && datom.e != prefix->e) ||
            (prefix->count > 3 && datom.t != prefix->t) || (has_from && is_before(walk, &datom)))
            continue;
        if (count == cap) {
            cap = cap ? cap * 2 : 64;
            struct datom *more = ARENA_ARRAY(walk->arena, struct datom, cap);
            if (count)
                memcpy(more, sorted, count * sizeof(*more));
            sorted = more;
        }
        sorted[count] = datom;
        sorted[count++].v = value_copy(walk->arena, &datom.v);
    }
    ok = ok && cursor_check(cursor, err);
    cursor_close(cursor);
    ok = ok && order_sort(sorted, count, sizeof(*sorted), by_value, NULL, walk->budget, err);
    walk->sorted = sorted;
    walk->sorted_count = count;
    walk->sorted_at = 0;
    return ok;
}

static bool open_attribute(struct walk *walk, struct error *err)
{
    const struct attribute *attribute = schema_by_id(walk->source->db.schema, (uint16_t)walk->a);
    bool has_from;
    struct components from = from_attribute(walk, &has_from);
    struct components prefix = walk->prefix;

    walk->first = false;
    if (!in_avet(attribute))
        return true;
    if (!attribute_in_avet(attribute))
        return sort_attribute(walk, has_from, err);
    if (prefix.count == 0)
        prefix.count = 1;
    prefix.a = attribute->id;
    walk->cursor =
        cursor_open(&walk->source->db, INDEX_AVET, &prefix, has_from ? &from : NULL, walk->reverse);
    return true;
}

static void walk_open(struct walk *walk, const struct value *range_end, bool bounded)
{
    uint32_t attributes = schema_id_end(walk->source->db.schema);
    bool has_prefix = walk->prefix.count > 0, has_from = walk->from.count > 0;

    walk->end = range_end;
    if (walk->index != INDEX_AVET) {
        walk->cursor =
            cursor_open(&walk->source->db, walk->index, has_prefix ? &walk->prefix : NULL,
                        has_from ? &walk->from : NULL, walk->reverse);
        return;
    }
    walk->by_attribute = walk->first = true;
    walk->a = has_from        ? walk->from.a
              : has_prefix    ? walk->prefix.a
              : walk->reverse ? (int64_t)attributes - 1
                              : 0;
    walk->a_end = walk->reverse ? 0 : (int64_t)attributes - 1;
    if (has_prefix || bounded)
        walk->a_end = has_prefix ? walk->prefix.a : walk->from.a;
    walk->a -= walk->reverse ? -1 : 1; /* walk_next() moves on to it */
}

/* Moves on to the next attribute; *more false when there is none. */
static bool next_attribute(struct walk *walk, bool *more, struct error *err)
{
    cursor_close(walk->cursor);
    walk->cursor = NULL;
    walk->sorted_count = walk->sorted_at = 0;
    *more = walk->by_attribute && walk->a != walk->a_end;
    if (!*more)
        return true;
    walk->a += walk->reverse ? -1 : 1;
    return open_attribute(walk, err);
}

/* The next datom of the extent. */
static bool take_row(struct walk *walk, struct datom *out)
{
    const struct extent *extent = walk->extent;
    uint32_t since = walk->source->db.since;

    while (walk->extent_at < extent->count && since > 0 && extent->ts[walk->extent_at] <= since)
        walk->extent_at++;
    if (walk->extent_at == extent->count)
        return false;
    uint32_t row = walk->extent_at++;
    out->e = extent->es[row];
    out->a = extent->a;
    out->added = extent->added ? extent->added[row] : true;
    out->t = extent->ts[row];
    out->v = extent_value(extent, row);
    return true;
}

static bool take_next(struct walk *walk, struct datom *out, bool *found, struct error *err)
{
    *found = true;
    if (walk->extent) {
        *found = take_row(walk, out);
        return true;
    }
    if (walk->sorted_at < walk->sorted_count) {
        size_t at = walk->sorted_at++;
        *out = walk->sorted[walk->reverse ? walk->sorted_count - 1 - at : at];
        return true;
    }
    *found = walk->cursor && cursor_next(walk->cursor, out);
    return *found || !walk->cursor || cursor_check(walk->cursor, err);
}

/* The next datom; *found false at the end. */
static bool walk_next(struct walk *walk, struct datom *out, bool *found, struct error *err)
{
    bool more = true;

    do {
        if (!budget_turn(walk->budget, err) || !take_next(walk, out, found, err))
            return false;
        if (!*found && !next_attribute(walk, &more, err))
            return false;
    } while (!*found && more);
    if (*found && walk->end && value_compare(&out->v, walk->end) > 0)
        *found = false;
    return true;
}

static void walk_close(struct walk *walk)
{
    cursor_close(walk->cursor);
    buffer_release(&walk->scratch);
}

/* ---- tokens ---- */

static uint64_t checksum(struct walk *walk, const struct datom *datom)
{
    return mp_datom_checksum(&walk->scratch, datom->e,
                             source_attribute_of(walk->source, datom->a)->ident, &datom->v,
                             datom->t);
}

/* A text cut between two characters. */
static struct bytes cut(struct bytes text)
{
    if (text.len <= TOKEN_TEXT_BYTES)
        return text;
    text.len = TOKEN_TEXT_BYTES;
    while (text.len > 0 && ((uint8_t)text.data[text.len] & 0xc0) == 0x80)
        text.len--;
    return text;
}

static struct bytes token_write(struct walk *walk, uint32_t basis, const struct datom *datom)
{
    struct buffer bytes = { 0 }, text = { 0 };
    struct value v = datom->v;

    buffer_append_u32be(&bytes, basis);
    buffer_append_u32be(&bytes, datom->e);
    buffer_append_u16be(&bytes, datom->a);
    buffer_append_u32be(&bytes, datom->t);
    buffer_append_u8(&bytes, datom->added);
    buffer_append_u64be(&bytes, checksum(walk, datom));
    if (v.type == VALUE_STRING)
        v.text = cut(v.text);
    size_t head = bytes.len;
    mp_write(&bytes, &v);
    if (bytes.len - head > (size_t)2 * TOKEN_TEXT_BYTES)
        bytes.len = head;
    base64_write(&text, buffer_bytes(&bytes));
    struct bytes token = arena_copy(walk->arena, buffer_bytes(&text));
    buffer_release(&bytes);
    buffer_release(&text);
    return token;
}

static bool token_read(struct bytes text, struct arena *arena, struct token *out, struct error *err)
{
    struct bytes bytes;

    *out = (struct token){ .given = text.len > 0 };
    if (!out->given)
        return true;
    if (!base64_read(text, arena, &bytes) || bytes.len < TOKEN_HEAD_BYTES)
        return fail(err, ERROR_INCORRECT, "`after` is no token of a page");
    const uint8_t *data = (const uint8_t *)bytes.data;
    out->basis = load_u32be(data);
    out->datom.e = load_u32be(data + 4);
    out->datom.a = load_u16be(data + 8);
    out->datom.t = load_u32be(data + 10);
    out->datom.added = data[14] != 0;
    out->checksum = load_u64be(data + 15);
    out->has_value = bytes.len > TOKEN_HEAD_BYTES;
    struct bytes v = { bytes.data + TOKEN_HEAD_BYTES, bytes.len - TOKEN_HEAD_BYTES };
    if (out->has_value && !mp_read(v, arena, &out->datom.v, err))
        return fail_in(err, "`after` is no token of a page");
    return true;
}

/* Where the token's datom is, as far as the token holds it. A text that is cut comes before the
 * whole, so it is no place to go back from. */
static struct components token_components(enum index index, bool reverse, const struct token *token)
{
    struct components from = {
        .e = token->datom.e, .a = token->datom.a, .v = token->datom.v, .t = token->datom.t
    };
    const enum component *order = order_of(index);
    bool whole = token->has_value && !(token->datom.v.type == VALUE_STRING &&
                                       token->datom.v.text.len + 4 > TOKEN_TEXT_BYTES);

    while (from.count < COMPONENT_T && order[from.count] != COMPONENT_V)
        from.count++;
    if (whole)
        from.count = COMPONENT_T;
    else if (token->has_value && !reverse)
        from.count++;
    return from;
}

/* Goes on behind the token's datom. */
static bool skip_to(struct walk *walk, const struct token *token, struct error *err)
{
    struct datom datom;
    bool found = true;

    while (found) {
        if (!walk_next(walk, &datom, &found, err))
            return false;
        if (found && datom.e == token->datom.e && datom.a == token->datom.a &&
            datom.t == token->datom.t && datom.added == token->datom.added &&
            checksum(walk, &datom) == token->checksum)
            return true;
    }
    return fail(err, ERROR_NOT_FOUND,
                "the datom that the page before ended with is not there any "
                "more: read from the beginning");
}

/* ---- pages ---- */

static void write_row(struct walk *walk, const struct datom *datom, struct buffer *out)
{
    bool history = walk->source->db.history;

    if (!walk->attribute || walk->attribute->id != datom->a)
        walk->attribute = source_attribute_of(walk->source, datom->a);
    mp_begin_datom(out, history ? 5 : 4, datom->e, walk->attribute->ident);
    mp_write(out, &datom->v);
    mp_write_long(out, (int64_t)TX_ENTITY_BASE + datom->t);
    if (history)
        mp_write_boolean(out, datom->added);
}

static bool read_page(struct walk *walk, uint32_t limit, uint32_t basis, struct buffer *out,
                      struct bytes *next, struct error *err)
{
    struct datom datom, last = { 0 };
    size_t start = out->len;
    uint32_t count = 0;
    bool found = true;

    *next = (struct bytes){ 0 };
    for (;;) {
        if (!walk_next(walk, &datom, &found, err))
            return false;
        if (!found)
            break;
        if (count == limit) {
            *next = token_write(walk, basis, &last);
            break;
        }
        write_row(walk, &datom, out);
        if (++count == limit) { /* it may have to be named, and its value goes with the next */
            last = datom;
            last.v = value_copy(walk->arena, &datom.v);
        }
        if (count % BUDGET_TURNS == 0 && (!budget_rows(walk->budget, count, err) ||
                                          !budget_bytes(walk->budget, out->len - start, err)))
            return false;
    }
    mp_wrap_array(out, start, count);
    return true;
}

static bool start(struct walk *walk, const struct index_request *request, const struct token *token,
                  struct value *end, bool *known, struct error *err)
{
    struct components given = { 0 };
    bool range = request->walk == INDEX_WALK_RANGE;

    if (!find_index(request->index, &walk->index, err) ||
        !read_components(walk, &request->components, &given, known, err))
        return false;
    if (range && (walk->index != INDEX_AVET || given.count == 0))
        return fail(err, ERROR_INCORRECT, "a range needs index avet and an attribute");
    walk->reverse = request->walk == INDEX_WALK_REVERSE;
    if (request->walk == INDEX_WALK_DATOMS)
        walk->prefix = given;
    else
        walk->from = given;
    if (range && request->end.type != VALUE_NIL &&
        !read_value(walk, schema_by_id(walk->source->db.schema, given.a), &request->end, end, err))
        return false;
    if (request->walk == INDEX_WALK_DATOMS && walk->index == INDEX_AEVT && given.count == 1 &&
        *known && !token->given) {
        const struct attribute *attribute = schema_by_id(walk->source->db.schema, given.a);
        if (attribute && !source_extent(walk->source, attribute, request->limit, walk->arena,
                                        walk->budget, &walk->extent, err))
            return false;
        if (walk->extent)
            return true;
    }
    if (token->given)
        walk->from = token_components(walk->index, walk->reverse, token);
    walk_open(walk, range && end->type != VALUE_NIL ? end : NULL, range);
    return true;
}

bool index_run(const struct snapshot *snapshot, const struct index_request *request,
               const struct query_limits *limits, struct arena *arena, struct buffer *out,
               struct bytes *next, struct error *err)
{
    size_t len = out->len;
    struct budget budget = { .limits = limits, .arena = arena };
    struct query_basis basis = request->basis;
    struct value end = value_nil();
    struct token token;
    struct source source;
    struct db db;
    bool known = true;

    if (!token_read(request->after, arena, &token, err))
        return false;
    if (token.given && !basis.has_as_of) {
        basis.has_as_of = true;
        basis.as_of = token.basis;
    }
    if (!query_basis_db(snapshot, &basis, &db, err))
        return false;
    source_graph(&source, snapshot, &db);
    struct walk walk = { .source = &source, .arena = arena, .budget = &budget };
    bool ok = start(&walk, request, &token, &end, &known, err);
    if (ok && !known && request->walk == INDEX_WALK_DATOMS) {
        mp_write_array(out, 0);
        *next = (struct bytes){ 0 };
    } else if (ok) {
        ok = (!token.given || skip_to(&walk, &token, err)) &&
             read_page(&walk, request->limit ? request->limit : LIMIT_DEFAULT,
                       basis.has_as_of ? (uint32_t)basis.as_of : snapshot->t, out, next, err);
    }
    walk_close(&walk);
    if (!ok)
        out->len = len;
    return ok;
}
