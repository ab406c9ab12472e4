#include "txd/db/key.h"

#include "common/limits.h"
#include "proto/mp.h"

#define XXH_INLINE_ALL
#include <assert.h>
#include <math.h>
#include <xxhash.h>

enum {
    TAG_NIL = 0x05,
    TAG_FALSE = 0x08,
    TAG_TRUE = 0x09,
    TAG_DOUBLE_LOW = 0x10,  /* doubles below any long */
    TAG_NUMBER_ZERO = 0x19, /* less the bytes of a negative floor, plus those of a positive one */
    TAG_DOUBLE_HIGH = 0x22,
    TAG_NAN = 0x23,
    TAG_INSTANT = 0x28,
    TAG_UUID = 0x30,
    TAG_STRING = 0x38,
    TAG_KEYWORD = 0x40,
    TAG_SYMBOL = 0x48,
    TAG_BYTES = 0x50,
    TAG_VECTOR = 0x58,
    TAG_LIST = 0x60,
    TAG_SET = 0x68,
    TAG_MAP = 0x70,
};

enum { KIND_LONG = 0x00, KIND_INTEGRAL = 0x01, KIND_FRACTION = 0x02 };

/* After 00 in a text. */
enum { TEXT_END = 0x01, TEXT_CUT = 0x02, TEXT_MIXED = 0x03, TEXT_NUL = 0xff };

/* In the place of an item's type byte: the first two end a sequence. */
enum { SEQUENCE_END = 0x00, SEQUENCE_MIXED = 0x01, SEQUENCE_LONG = 0xff };

#define HASH_BYTES 16
#define TWO_TO_63  9223372036854775808.0

enum { ENTITY_BYTES = 4, ATTRIBUTE_BYTES = 2 };

struct bytes key_lookup_part(struct bytes key)
{
    if (key.len > 1 + ENTITY_BYTES && key.data[0] == 'V')
        return (struct bytes){ key.data, key.len - ENTITY_BYTES };
    if (key.len && key.data[0] == 'X')
        return key;
    return key_group_part(key);
}

struct bytes key_group_part(struct bytes key)
{
    size_t len = !key.len             ? 0
                 : key.data[0] == 'E' ? 1 + ENTITY_BYTES + ATTRIBUTE_BYTES
                 : key.data[0] == 'R' ? 1 + ENTITY_BYTES
                                      : 0;

    return (struct bytes){ key.data, key.len >= len ? len : 0 };
}

/* Doubles as integers in the same order: negative ones inverted, others with the sign bit set. */
static uint64_t ordered_bits(double real)
{
    uint64_t bits;

    memcpy(&bits, &real, sizeof(bits));
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static double real_of_bits(uint64_t bits)
{
    double real;

    bits = bits >> 63 ? bits & ~((uint64_t)1 << 63) : ~bits;
    memcpy(&real, &bits, sizeof(real));
    return real;
}

/* The tag says sign and length, so that longer magnitudes sort outwards. */
static void append_floor(struct buffer *key, int64_t floor_of)
{
    uint64_t magnitude = floor_of < 0 ? -(uint64_t)floor_of : (uint64_t)floor_of;
    uint8_t octets[8];
    unsigned len = 0;

    for (uint64_t rest = magnitude; rest; rest >>= 8)
        len++;
    store_u64be(octets, floor_of < 0 ? ~magnitude : magnitude);
    buffer_append_u8(key, (uint8_t)(floor_of < 0 ? TAG_NUMBER_ZERO - len : TAG_NUMBER_ZERO + len));
    buffer_append(key, octets + 8 - len, len);
}

static void append_double(struct buffer *key, double real, bool nested)
{
    if (isnan(real)) {
        buffer_append_u8(key, TAG_NAN);
        return;
    }
    if (real < -TWO_TO_63 || real >= TWO_TO_63) {
        buffer_append_u8(key, real < 0 ? TAG_DOUBLE_LOW : TAG_DOUBLE_HIGH);
        buffer_append_u64be(key, ordered_bits(real));
        return;
    }
    double whole = floor(real);
    append_floor(key, (int64_t)whole);
    if (whole < real) {
        buffer_append_u8(key, KIND_FRACTION);
        buffer_append_u64be(key, ordered_bits(real));
    } else {
        buffer_append_u8(key, nested ? KIND_LONG : KIND_INTEGRAL);
    }
}

static void append_escaped(struct buffer *key, struct bytes text)
{
    while (text.len) {
        const char *nul = memchr(text.data, 0, text.len);
        size_t run = nul ? (size_t)(nul - text.data) : text.len;
        buffer_append(key, text.data, run);
        if (!nul)
            return;
        buffer_append_u8(key, 0);
        buffer_append_u8(key, TEXT_NUL);
        text = (struct bytes){ nul + 1, text.len - run - 1 };
    }
}

/* True when the text was cut. */
static bool append_text(struct buffer *key, struct bytes text, size_t len_max)
{
    if (text.len <= len_max) {
        append_escaped(key, text);
        buffer_append_u8(key, 0);
        buffer_append_u8(key, TEXT_END);
        return false;
    }
    append_escaped(key, (struct bytes){ text.data, len_max });
    buffer_append_u8(key, 0);
    buffer_append_u8(key, TEXT_CUT);
    XXH128_hash_t hash = XXH3_128bits(text.data, text.len);
    buffer_append_u64be(key, hash.high64);
    buffer_append_u64be(key, hash.low64);
    return true;
}

static uint8_t text_tag(enum value_type type)
{
    return type == VALUE_STRING    ? TAG_STRING
           : type == VALUE_KEYWORD ? TAG_KEYWORD
           : type == VALUE_SYMBOL  ? TAG_SYMBOL
                                   : TAG_BYTES;
}

static uint8_t collection_tag(enum value_type type)
{
    return type == VALUE_VECTOR ? TAG_VECTOR
           : type == VALUE_LIST ? TAG_LIST
           : type == VALUE_SET  ? TAG_SET
                                : TAG_MAP;
}

static size_t item_count(const struct value *v)
{
    return v->type == VALUE_MAP ? 2 * (size_t)v->count : v->count;
}

static bool is_integral_double(const struct value *v)
{
    return v->type == VALUE_DOUBLE && v->real >= -TWO_TO_63 && v->real < TWO_TO_63 &&
           floor(v->real) >= v->real;
}

/* Depth is bounded by the decoders (LIMIT_DEPTH). */
static bool holds_integral_double(const struct value *v)
{
    if (!value_is_collection(v))
        return is_integral_double(v);
    for (size_t i = 0; i < item_count(v); i++)
        if (holds_integral_double(&v->items[i]))
            return true;
    return false;
}

static bool append_scalar(struct buffer *key, const struct value *v, size_t text_max, bool nested)
{
    switch (v->type) {
    case VALUE_NIL:
        buffer_append_u8(key, TAG_NIL);
        return false;
    case VALUE_BOOLEAN:
        buffer_append_u8(key, v->boolean ? TAG_TRUE : TAG_FALSE);
        return false;
    case VALUE_LONG:
        append_floor(key, v->number);
        buffer_append_u8(key, KIND_LONG);
        return false;
    case VALUE_DOUBLE:
        append_double(key, v->real, nested);
        return false;
    case VALUE_INSTANT:
        buffer_append_u8(key, TAG_INSTANT);
        buffer_append_u64be(key, (uint64_t)v->number ^ (uint64_t)1 << 63);
        return false;
    case VALUE_UUID:
        buffer_append_u8(key, TAG_UUID);
        buffer_append(key, v->uuid.octets, sizeof(v->uuid.octets));
        return false;
    case VALUE_STRING:
    case VALUE_KEYWORD:
    case VALUE_SYMBOL:
    case VALUE_BYTES:
        buffer_append_u8(key, text_tag(v->type));
        return append_text(key, v->text, text_max);
    case VALUE_VECTOR:
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_MAP:
        break;
    }
    assert(false);
    return false;
}

/* A value inside a sequence: whole, however long, as long as the key stays below `len_max`.
 * False when it did not. */
static bool append_nested(struct buffer *key, const struct value *v, size_t len_max)
{
    if (value_is_sequence(v)) {
        buffer_append_u8(key, collection_tag(v->type));
        for (uint32_t i = 0; i < v->count; i++)
            if (!append_nested(key, &v->items[i], len_max))
                return false;
        buffer_append_u8(key, SEQUENCE_END);
    } else if (value_is_collection(v)) {
        struct buffer canonical = { 0 };
        mp_write_canonical(&canonical, v);
        buffer_append_u8(key, collection_tag(v->type));
        if (canonical.len <= len_max)
            append_text(key, buffer_bytes(&canonical), SIZE_MAX);
        bool fits = canonical.len <= len_max;
        buffer_release(&canonical);
        return fits && key->len <= len_max;
    } else {
        bool text = v->type >= VALUE_STRING && v->type <= VALUE_BYTES;
        if (text && v->text.len > len_max)
            return false;
        append_scalar(key, v, SIZE_MAX, true);
    }
    return key->len <= len_max;
}

/* For each integer and integral double, in canonical order, which of the two it is. */
static void append_number_kinds(struct buffer *out, const struct value *v)
{
    if (v->type == VALUE_LONG)
        buffer_append_u8(out, KIND_LONG);
    else if (is_integral_double(v))
        buffer_append_u8(out, KIND_INTEGRAL);
    else if (value_is_collection(v))
        for (size_t i = 0; i < item_count(v); i++)
            append_number_kinds(out, &v->items[i]);
}

/* Tells a collection that holds integral doubles from what it equals otherwise: puts a hash of its
 * numbers' kinds behind its end, or into the hash of what was cut. */
static void append_kinds_hash(struct buffer *key, const struct value *v, bool cut)
{
    struct arena arena = { 0 };
    struct buffer kinds = { 0 };
    struct value sorted = value_copy(&arena, v);

    mp_sort(&sorted);
    append_number_kinds(&kinds, &sorted);
    XXH128_hash_t hash = XXH3_128bits(kinds.data, kinds.len);
    if (cut) {
        uint8_t *there = (uint8_t *)key->data + key->len - HASH_BYTES;
        store_u64be(there, load_u64be(there) ^ hash.high64);
        store_u64be(there + 8, load_u64be(there + 8) ^ hash.low64);
    } else {
        key->data[key->len - 1] =
            (char)(key->data[key->len - 1] == SEQUENCE_END ? SEQUENCE_MIXED : TEXT_MIXED);
        buffer_append_u64be(key, hash.high64);
        buffer_append_u64be(key, hash.low64);
    }
    buffer_release(&kinds);
    arena_release(&arena);
}

static void append_collection(struct buffer *key, const struct value *v, struct buffer *scratch,
                              struct bytes *tail)
{
    size_t start = key->len;
    bool exact = !holds_integral_double(v), cut = false;

    if (!value_is_sequence(v) || !append_nested(key, v, start + KEY_SEQUENCE_BYTES)) {
        key->len = start;
        buffer_clear(scratch);
        mp_write_canonical(scratch, v);
        buffer_append_u8(key, collection_tag(v->type));
        if (value_is_sequence(v))
            buffer_append_u8(key, SEQUENCE_LONG);
        cut = append_text(key, buffer_bytes(scratch), KEY_TEXT_BYTES);
    }
    if (!exact)
        append_kinds_hash(key, v, cut);
    if (!exact || cut) {
        buffer_clear(scratch);
        mp_write(scratch, v);
        *tail = buffer_bytes(scratch);
    }
}

void key_append_value(struct buffer *key, const struct value *v, struct buffer *scratch,
                      struct bytes *tail)
{
    *tail = (struct bytes){ 0 };
    if (value_is_collection(v))
        append_collection(key, v, scratch, tail);
    else if (append_scalar(key, v, KEY_TEXT_BYTES, false))
        *tail = v->text;
}

void key_append_head(struct buffer *key, const struct value *v, struct buffer *scratch,
                     uint8_t *behind)
{
    size_t start = key->len;
    struct bytes tail;

    key_append_value(key, v, scratch, &tail);
    struct bytes encoded = { key->data + start, key->len - start };
    size_t uncut = key_uncut_len(encoded);
    *behind = 0xff;
    if (v->type == VALUE_LONG || is_integral_double(v)) {
        key->len--;
        *behind = KIND_INTEGRAL + 1;
    } else if (uncut < encoded.len) {
        key->len = start + uncut - 1;
        *behind = TEXT_CUT + 1;
    } else if (value_is_collection(v)) {
        bool brief = value_is_sequence(v) && (uint8_t)encoded.data[1] != SEQUENCE_LONG;
        key->len -= holds_integral_double(v) ? 1u + HASH_BYTES : 1u;
        *behind = brief ? SEQUENCE_MIXED + 1 : TEXT_MIXED + 1;
    }
}

/* --- reading ------------------------------------------------------------------------------- */

/* What is left of a key, and where decoded parts go. */
struct reader {
    const uint8_t *at, *end;
    struct arena *arena;
};

static bool broken(const struct reader *reader, struct error *err)
{
    return fail(err, ERROR_FAULT,
                "a key of the index is broken, %zu bytes before its end; the index must be rebuilt",
                (size_t)(reader->end - reader->at));
}

static bool take(struct reader *reader, size_t len, const uint8_t **out)
{
    if ((size_t)(reader->end - reader->at) < len)
        return false;
    *out = reader->at;
    reader->at += len;
    return true;
}

/* *cut: the text is not all of what was written; that is in the tail. */
static bool read_text(struct reader *reader, struct bytes *out, bool *cut)
{
    const uint8_t *start = reader->at, *at = start;
    size_t nuls = 0;

    for (;;) {
        at = at < reader->end ? memchr(at, 0, (size_t)(reader->end - at)) : NULL;
        if (!at || reader->end - at < 2)
            return false;
        if (at[1] != TEXT_NUL)
            break;
        nuls++;
        at += 2;
    }
    *cut = at[1] == TEXT_CUT || at[1] == TEXT_MIXED;
    size_t raw = (size_t)(at - start);
    reader->at = at + 2;
    const uint8_t *hash;
    if ((!*cut && at[1] != TEXT_END) || (*cut && !take(reader, HASH_BYTES, &hash)))
        return false;
    if (!nuls) {
        *out = (struct bytes){ (const char *)start, raw };
        return true;
    }
    char *plain = arena_alloc(reader->arena, raw - nuls);
    size_t len = 0;
    for (size_t i = 0; i < raw; i++) {
        plain[len++] = (char)start[i];
        if (start[i] == 0)
            i++; /* the escape */
    }
    *out = (struct bytes){ plain, len };
    return true;
}

static bool read_number(struct reader *reader, uint8_t tag, struct value *out)
{
    bool negative = tag < TAG_NUMBER_ZERO;
    size_t len = negative ? (size_t)(TAG_NUMBER_ZERO - tag) : (size_t)(tag - TAG_NUMBER_ZERO);
    const uint8_t *octets, *kind, *bits;
    uint64_t magnitude = negative ? UINT64_MAX : 0;

    if (!take(reader, len, &octets) || !take(reader, 1, &kind))
        return false;
    for (size_t i = 0; i < len; i++)
        magnitude = magnitude << 8 | octets[i];
    int64_t number = (int64_t)(negative ? -~magnitude : magnitude);
    if (*kind == KIND_LONG) {
        *out = value_long(number);
    } else if (*kind == KIND_INTEGRAL) {
        *out = value_double((double)number);
    } else {
        if (*kind != KIND_FRACTION || !take(reader, 8, &bits))
            return false;
        *out = value_double(real_of_bits(load_u64be(bits)));
    }
    return true;
}

static bool read_value(struct reader *reader, struct bytes tail, unsigned depth, struct value *out,
                       struct error *err);

/* Of one that ends with SEQUENCE_MIXED the tail is the value. */
static bool read_sequence(struct reader *reader, struct bytes tail, enum value_type type,
                          unsigned depth, struct value *out, struct error *err)
{
    struct value_builder builder = { 0 };

    for (;;) {
        if (reader->at == reader->end || depth == LIMIT_DEPTH)
            return broken(reader, err);
        if (*reader->at == SEQUENCE_END || *reader->at == SEQUENCE_MIXED)
            break;
        struct value item = value_nil();
        if (!read_value(reader, (struct bytes){ 0 }, depth + 1, &item, err))
            return false;
        value_builder_add(&builder, reader->arena, item);
    }
    const uint8_t *hash;
    bool mixed = *reader->at++ == SEQUENCE_MIXED;
    if (mixed && (depth > 0 || !tail.len || !take(reader, HASH_BYTES, &hash)))
        return broken(reader, err);
    *out = value_builder_end(&builder, type);
    if (mixed && !mp_read(tail, reader->arena, out, err))
        return broken(reader, err);
    out->type = type;
    return true;
}

/* Sets, maps and long sequences; the tail, where there is one, is the value as it was given. */
static bool read_encoded(struct reader *reader, struct bytes tail, enum value_type type,
                         struct value *out, struct error *err)
{
    struct bytes text;
    bool cut;
    struct value value;

    if (!read_text(reader, &text, &cut) || (cut && !tail.len))
        return broken(reader, err);
    if (!mp_read(tail.len ? tail : text, reader->arena, &value, err))
        return broken(reader, err);
    if (value_is_sequence(&value) && (type == VALUE_VECTOR || type == VALUE_LIST))
        value.type = type; /* MessagePack has one array for both */
    if (value.type != type)
        return broken(reader, err);
    *out = value;
    return true;
}

static bool read_collection(struct reader *reader, struct bytes tail, enum value_type type,
                            unsigned depth, struct value *out, struct error *err)
{
    if (type == VALUE_SET || type == VALUE_MAP)
        return read_encoded(reader, tail, type, out, err);
    if (reader->at < reader->end && *reader->at == SEQUENCE_LONG) {
        reader->at++;
        return read_encoded(reader, tail, type, out, err);
    }
    return read_sequence(reader, tail, type, depth, out, err);
}

static bool read_texted(struct reader *reader, struct bytes tail, enum value_type type,
                        struct value *out, struct error *err)
{
    struct bytes text;
    bool cut;

    if (!read_text(reader, &text, &cut))
        return broken(reader, err);
    *out = value_text(type, cut ? tail : text);
    return true;
}

/* Tags of a fixed length after them. */
static bool read_fixed(struct reader *reader, uint8_t tag, struct value *out, struct error *err)
{
    const uint8_t *octets;

    if (!take(reader, tag == TAG_UUID ? 16 : 8, &octets))
        return broken(reader, err);
    if (tag == TAG_UUID) {
        struct uuid uuid;
        memcpy(uuid.octets, octets, sizeof(uuid.octets));
        *out = value_uuid(uuid);
    } else if (tag == TAG_INSTANT) {
        *out = value_instant((int64_t)(load_u64be(octets) ^ (uint64_t)1 << 63));
    } else {
        *out = value_double(real_of_bits(load_u64be(octets)));
    }
    return true;
}

static bool read_value(struct reader *reader, struct bytes tail, unsigned depth, struct value *out,
                       struct error *err)
{
    const uint8_t *tag;

    if (!take(reader, 1, &tag))
        return broken(reader, err);
    if (*tag >= TAG_NUMBER_ZERO - 8 && *tag <= TAG_NUMBER_ZERO + 8)
        return read_number(reader, *tag, out) || broken(reader, err);
    switch (*tag) {
    case TAG_NIL:
        *out = value_nil();
        return true;
    case TAG_FALSE:
    case TAG_TRUE:
        *out = value_boolean(*tag == TAG_TRUE);
        return true;
    case TAG_NAN:
        *out = value_double(NAN);
        return true;
    case TAG_DOUBLE_LOW:
    case TAG_DOUBLE_HIGH:
    case TAG_INSTANT:
    case TAG_UUID:
        return read_fixed(reader, *tag, out, err);
    case TAG_STRING:
        return read_texted(reader, tail, VALUE_STRING, out, err);
    case TAG_KEYWORD:
        return read_texted(reader, tail, VALUE_KEYWORD, out, err);
    case TAG_SYMBOL:
        return read_texted(reader, tail, VALUE_SYMBOL, out, err);
    case TAG_BYTES:
        return read_texted(reader, tail, VALUE_BYTES, out, err);
    case TAG_VECTOR:
        return read_collection(reader, tail, VALUE_VECTOR, depth, out, err);
    case TAG_LIST:
        return read_collection(reader, tail, VALUE_LIST, depth, out, err);
    case TAG_SET:
        return read_collection(reader, tail, VALUE_SET, depth, out, err);
    case TAG_MAP:
        return read_collection(reader, tail, VALUE_MAP, depth, out, err);
    default:
        return broken(reader, err);
    }
}

bool key_read_value(struct bytes in, struct bytes tail, struct arena *arena, struct value *out,
                    size_t *len, struct error *err)
{
    const uint8_t *start = (const uint8_t *)in.data;
    struct reader reader = { .at = start, .end = start + in.len, .arena = arena };

    if (!read_value(&reader, tail, 0, out, err))
        return false;
    *len = (size_t)(reader.at - start);
    return true;
}

size_t key_uncut_len(struct bytes encoded)
{
    const uint8_t *v = (const uint8_t *)encoded.data;

    if (encoded.len < HASH_BYTES + 3 || v[0] < TAG_STRING)
        return encoded.len;
    if ((v[0] == TAG_VECTOR || v[0] == TAG_LIST) && v[1] != SEQUENCE_LONG)
        return encoded.len;
    const uint8_t *mark = v + encoded.len - HASH_BYTES - 2;
    return mark[0] == 0 && mark[1] == TEXT_CUT ? encoded.len - HASH_BYTES : encoded.len;
}
