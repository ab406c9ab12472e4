#include "proto/mp.h"

#include "common/limits.h"
#include "proto/edn.h"

#include <assert.h>
#include <math.h>
#include <msgpack/pack_define.h>
#include <msgpack/timestamp.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum extension {
    EXT_TIMESTAMP = -1,
    EXT_KEYWORD = 1,
    EXT_SYMBOL = 2,
    EXT_UUID = 3,
    EXT_SET = 4,
};

/* Timestamps: 64 bits are 30 of nanoseconds and 34 of seconds; 96 are 32 and a signed 64. */
#define TIMESTAMP_SECONDS_BITS 34
#define TIMESTAMP_SECONDS_MASK ((UINT64_C(1) << TIMESTAMP_SECONDS_BITS) - 1)
#define NANOSECONDS_MAX        999999999u

/* --- writing --- */

/*
 * msgpack-c's packer, made of its template so that it writes at a pointer: that of
 * <msgpack/pack.h> calls a function for each few bytes. Whoever packs has reserved the room.
 */
#define INLINE                                    inline __attribute__((always_inline))
#define msgpack_pack_user                         char **
#define msgpack_pack_inline_func(name)            static INLINE int msgpack_pack##name
#define msgpack_pack_inline_func_cint(name)       static INLINE int msgpack_pack##name
#define msgpack_pack_inline_func_fixint(name)     static INLINE int msgpack_pack_fix##name
#define msgpack_pack_append_buffer(at, data, len) return put(at, data, len)

/* The most that a value takes without its text or its items: a uuid. */
#define PACKED_BYTES_MAX ((size_t)18)

static INLINE int put(char **at, const void *data, size_t len)
{
    if (len) /* of nothing there is no place either */
        memcpy(*at, data, len);
    *at += len;
    return 0;
}

#include <msgpack/pack_template.h>

static INLINE void pack_string(char **at, struct bytes text)
{
    msgpack_pack_str(at, text.len);
    msgpack_pack_str_body(at, text.data, text.len);
}

static INLINE void pack_bytes(char **at, struct bytes bytes)
{
    msgpack_pack_bin(at, bytes.len);
    msgpack_pack_bin_body(at, bytes.data, bytes.len);
}

static INLINE void pack_extension(char **at, enum extension type, struct bytes data)
{
    msgpack_pack_ext(at, data.len, (int8_t)type);
    msgpack_pack_ext_body(at, data.data, data.len);
}

static INLINE void pack_uuid(char **at, const struct uuid *uuid)
{
    pack_extension(at, EXT_UUID,
                   (struct bytes){ (const char *)uuid->octets, sizeof(uuid->octets) });
}

static INLINE void pack_double(char **at, double real)
{
    msgpack_pack_double(at, isnan(real) ? (double)NAN : real); /* one NaN */
}

static INLINE void pack_boolean(char **at, bool boolean)
{
    if (boolean)
        msgpack_pack_true(at);
    else
        msgpack_pack_false(at);
}

static INLINE void pack_instant(char **at, int64_t ms)
{
    int64_t seconds = ms / 1000, rest = ms % 1000;

    if (rest < 0) { /* nanoseconds count forward from the second before */
        seconds--;
        rest += 1000;
    }
    msgpack_timestamp timestamp = { .tv_sec = seconds, .tv_nsec = (uint32_t)rest * 1000000 };
    msgpack_pack_timestamp(at, &timestamp);
}

/* Room for a value with `more` bytes of text, and where it goes; end() says how far it reached. */
static INLINE char *begin(struct buffer *out, size_t more)
{
    return buffer_reserve(out, PACKED_BYTES_MAX + more);
}

static INLINE void end(struct buffer *out, const char *at)
{
    out->len = (size_t)(at - out->data);
}

void mp_write_array(struct buffer *out, uint32_t count)
{
    char *at = begin(out, 0);

    msgpack_pack_array(&at, count);
    end(out, at);
}

void mp_write_map(struct buffer *out, uint32_t count)
{
    char *at = begin(out, 0);

    msgpack_pack_map(&at, count);
    end(out, at);
}

void mp_write_nil(struct buffer *out)
{
    char *at = begin(out, 0);

    msgpack_pack_nil(&at);
    end(out, at);
}

void mp_write_boolean(struct buffer *out, bool boolean)
{
    char *at = begin(out, 0);

    pack_boolean(&at, boolean);
    end(out, at);
}

void mp_write_long(struct buffer *out, int64_t number)
{
    char *at = begin(out, 0);

    msgpack_pack_int64(&at, number);
    end(out, at);
}

void mp_write_string(struct buffer *out, struct bytes text)
{
    char *at = begin(out, text.len);

    pack_string(&at, text);
    end(out, at);
}

void mp_write_bytes(struct buffer *out, struct bytes bytes)
{
    char *at = begin(out, bytes.len);

    pack_bytes(&at, bytes);
    end(out, at);
}

void mp_begin_datom(struct buffer *out, uint32_t count, uint32_t e, struct bytes ident)
{
    char *at = begin(out, 2 * PACKED_BYTES_MAX + ident.len);

    msgpack_pack_array(&at, count);
    msgpack_pack_uint32(&at, e);
    pack_extension(&at, EXT_KEYWORD, ident);
    end(out, at);
}

/* Puts a head before what was written from `start` on. */
static void insert(struct buffer *out, size_t start, const char *head, size_t len)
{
    buffer_reserve(out, len);
    memmove(out->data + start + len, out->data + start, out->len - start);
    memcpy(out->data + start, head, len);
    out->len += len;
}

/* Makes a set of the array that was written from `start` on. */
static void wrap_set(struct buffer *out, size_t start)
{
    char head[PACKED_BYTES_MAX], *at = head;

    msgpack_pack_ext(&at, out->len - start, EXT_SET);
    insert(out, start, head, (size_t)(at - head));
}

void mp_wrap_array(struct buffer *out, size_t start, uint32_t count)
{
    char head[PACKED_BYTES_MAX], *at = head;

    msgpack_pack_array(&at, count);
    insert(out, start, head, (size_t)(at - head));
}

static INLINE void write_scalar(struct buffer *out, const struct value *value)
{
    char *at = begin(out, 0);

    switch (value->type) {
    case VALUE_NIL:
        msgpack_pack_nil(&at);
        break;
    case VALUE_BOOLEAN:
        pack_boolean(&at, value->boolean);
        break;
    case VALUE_LONG:
        msgpack_pack_int64(&at, value->number);
        break;
    case VALUE_DOUBLE:
        pack_double(&at, value->real);
        break;
    case VALUE_INSTANT:
        pack_instant(&at, value->number);
        break;
    case VALUE_UUID:
        pack_uuid(&at, &value->uuid);
        break;
    case VALUE_STRING:
        at = begin(out, value->text.len);
        pack_string(&at, value->text);
        break;
    case VALUE_KEYWORD:
        at = begin(out, value->text.len);
        pack_extension(&at, EXT_KEYWORD, value->text);
        break;
    case VALUE_SYMBOL:
        at = begin(out, value->text.len);
        pack_extension(&at, EXT_SYMBOL, value->text);
        break;
    case VALUE_BYTES:
        at = begin(out, value->text.len);
        pack_bytes(&at, value->text);
        break;
    case VALUE_VECTOR:
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_MAP:
        abort();
    }
    end(out, at);
}

static void write_collection(struct buffer *out, const struct value *value)
{
    size_t start = out->len, slots = value->count;

    if (value->type == VALUE_MAP) {
        mp_write_map(out, value->count);
        slots *= 2;
    } else {
        mp_write_array(out, value->count);
    }
    for (size_t i = 0; i < slots; i++) {
        if (value_is_collection(&value->items[i]))
            write_collection(out, &value->items[i]);
        else
            write_scalar(out, &value->items[i]);
    }
    if (value->type == VALUE_SET)
        wrap_set(out, start);
}

void mp_write(struct buffer *out, const struct value *value)
{
    if (value_is_collection(value))
        write_collection(out, value);
    else
        write_scalar(out, value);
}

/* --- the canonical encoding --- */

struct span {
    size_t start, len;
    size_t index; /* of the item or entry, for sort_items() */
};

static int compare_spans(const void *left, const void *right, void *data)
{
    const struct span *a = left, *b = right;
    const char *text = data;

    return bytes_compare((struct bytes){ text + a->start, a->len },
                         (struct bytes){ text + b->start, b->len });
}

/* Writes the items of a set, or the entries of a map, sorted by their encoded bytes. */
static void write_sorted(struct buffer *out, const struct value *value)
{
    size_t stride = value->type == VALUE_MAP ? 2 : 1, start = out->len;
    struct span *spans = xcalloc(value->count, sizeof(*spans));

    for (size_t i = 0; i < value->count; i++) {
        spans[i].start = out->len;
        for (size_t j = 0; j < stride; j++)
            mp_write_canonical(out, &value->items[i * stride + j]);
        spans[i].len = out->len - spans[i].start;
    }
    if (value->count > 1) {
        qsort_r(spans, value->count, sizeof(*spans), compare_spans, out->data);
        struct buffer sorted = { 0 };
        for (size_t i = 0; i < value->count; i++)
            buffer_append(&sorted, out->data + spans[i].start, spans[i].len);
        memcpy(out->data + start, sorted.data, sorted.len);
        buffer_release(&sorted);
    }
    free(spans);
}

static void sort_items(struct value *items, size_t count, size_t stride)
{
    struct buffer texts = { 0 };
    struct span *spans = xcalloc(count, sizeof(*spans));
    struct value *unsorted = xcalloc(count * stride, sizeof(*unsorted));

    memcpy(unsorted, items, count * stride * sizeof(*unsorted));
    for (size_t i = 0; i < count; i++) {
        spans[i].start = texts.len;
        spans[i].index = i;
        for (size_t j = 0; j < stride; j++)
            mp_write_canonical(&texts, &items[i * stride + j]);
        for (size_t j = 0; j < stride; j++) /* 1 and 1.0 have one canonical encoding */
            mp_write(&texts, &items[i * stride + j]);
        spans[i].len = texts.len - spans[i].start;
    }
    qsort_r(spans, count, sizeof(*spans), compare_spans, texts.data);
    for (size_t i = 0; i < count; i++)
        memcpy(&items[i * stride], &unsorted[spans[i].index * stride], stride * sizeof(*items));
    free(unsorted);
    free(spans);
    buffer_release(&texts);
}

void mp_sort(struct value *value)
{
    size_t stride = value->type == VALUE_MAP ? 2 : 1;

    if (!value_is_collection(value))
        return;
    for (size_t i = 0; i < value->count * stride; i++)
        mp_sort(&value->items[i]);
    if (value->count > 1 && !value_is_sequence(value))
        sort_items(value->items, value->count, stride);
}

static bool is_integral(double real)
{
    return real >= -0x1p63 && real < 0x1p63 && real == trunc(real);
}

void mp_write_canonical(struct buffer *out, const struct value *value)
{
    size_t start = out->len;

    if (value_is_sequence(value)) {
        mp_write_array(out, value->count);
        for (size_t i = 0; i < value->count; i++)
            mp_write_canonical(out, &value->items[i]);
    } else if (value->type == VALUE_SET) {
        mp_write_array(out, value->count);
        write_sorted(out, value);
        wrap_set(out, start);
    } else if (value->type == VALUE_MAP) {
        mp_write_map(out, value->count);
        write_sorted(out, value);
    } else if (value->type == VALUE_DOUBLE && is_integral(value->real)) {
        mp_write_long(out, (int64_t)value->real);
    } else {
        mp_write(out, value);
    }
}

uint64_t mp_datom_checksum(struct buffer *scratch, uint32_t e, struct bytes ident,
                           const struct value *v, uint32_t tx)
{
    buffer_clear(scratch);
    mp_begin_datom(scratch, 4, e, ident);
    mp_write_canonical(scratch, v);
    mp_write_long(scratch, tx);
    return (uint64_t)XXH32(scratch->data, scratch->len, 0) << 32 |
           XXH32(scratch->data, scratch->len, 1);
}

/* --- reading --- */

/*
 * Where reading stands. `owed` is how many items the collections that are open still promise.
 * Each takes a byte at least, so a header that promises more than what is left beyond `owed` lies,
 * and all collections together never get more room than the bytes could fill.
 */
struct cursor {
    const uint8_t *start, *at, *end;
    size_t owed;
    struct arena *arena;
    struct error *err;
};

enum kind { NIL, BOOLEAN, UNSIGNED, SIGNED, FLOAT32, FLOAT64, STR, BIN, ARRAY, MAP, EXT, NEVER };

/* What is before a value's payload. */
struct head {
    const uint8_t *at; /* its first byte */
    enum kind kind;
    uint64_t number; /* the scalar's bits; the items, entries or bytes that follow */
    int8_t extension;
};

/* The heads from 0xc0 to 0xdf; `width` bytes of number follow, or of `fixed` none. */
static const struct shape {
    enum kind kind;
    uint8_t width;
    uint8_t fixed;
} shapes[] = {
    { NIL, 0, 0 },      { NEVER, 0, 0 },    { BOOLEAN, 0, 0 },  { BOOLEAN, 0, 1 },
    { BIN, 1, 0 },      { BIN, 2, 0 },      { BIN, 4, 0 },      { EXT, 1, 0 },
    { EXT, 2, 0 },      { EXT, 4, 0 },      { FLOAT32, 4, 0 },  { FLOAT64, 8, 0 },
    { UNSIGNED, 1, 0 }, { UNSIGNED, 2, 0 }, { UNSIGNED, 4, 0 }, { UNSIGNED, 8, 0 },
    { SIGNED, 1, 0 },   { SIGNED, 2, 0 },   { SIGNED, 4, 0 },   { SIGNED, 8, 0 },
    { EXT, 0, 1 },      { EXT, 0, 2 },      { EXT, 0, 4 },      { EXT, 0, 8 },
    { EXT, 0, 16 },     { STR, 1, 0 },      { STR, 2, 0 },      { STR, 4, 0 },
    { ARRAY, 2, 0 },    { ARRAY, 4, 0 },    { MAP, 2, 0 },      { MAP, 4, 0 },
};

static size_t left(const struct cursor *in)
{
    return (size_t)(in->end - in->at);
}

static bool bad(const struct cursor *in, const uint8_t *at, const char *what)
{
    return fail(in->err, ERROR_INCORRECT, "MessagePack at byte %zu: %s", (size_t)(at - in->start),
                what);
}

static uint64_t load(const uint8_t *in, size_t width)
{
    uint64_t number = 0;

    for (size_t i = 0; i < width; i++)
        number = number << 8 | in[i];
    return number;
}

/* Reads the head of shape `shape`, whose first byte has been read. */
static bool read_long_head(struct cursor *in, const struct shape *shape, struct head *out)
{
    size_t more = shape->width + (shape->kind == EXT ? 1u : 0u);

    out->kind = shape->kind;
    if (shape->kind == NEVER)
        return bad(in, out->at, "0xc1 begins no value");
    if (left(in) < more)
        return bad(in, out->at, "the text ends inside a value");
    out->number = shape->width ? load(in->at, shape->width) : shape->fixed;
    if (shape->kind == SIGNED && shape->width < 8) { /* extend the sign */
        unsigned shift = 64 - 8u * shape->width;
        out->number = (uint64_t)((int64_t)(out->number << shift) >> shift);
    }
    if (shape->kind == EXT)
        out->extension = (int8_t)in->at[shape->width];
    in->at += more;
    return true;
}

/* True when what the head promises, and what is owed besides, can be there. */
static bool check_room(const struct cursor *in, const struct head *head)
{
    size_t room = left(in);

    if (head->kind == STR || head->kind == BIN || head->kind == EXT)
        return head->number <= room || bad(in, head->at, "a length beyond the end of the text");
    if (head->kind != ARRAY && head->kind != MAP)
        return true;
    room -= in->owed < room ? in->owed : room;
    return head->number <= (head->kind == MAP ? room / 2 : room) ||
           bad(in, head->at, "a count beyond the end of the text");
}

static bool read_head(struct cursor *in, struct head *out)
{
    *out = (struct head){ .at = in->at };
    if (in->at == in->end)
        return bad(in, in->at, "the text ends where a value should be");
    uint8_t first = *in->at++;
    if (first < 0x80 || first >= 0xe0) {
        out->kind = SIGNED;
        out->number = (uint64_t)(int64_t)(int8_t)first;
    } else if (first < 0x90) {
        out->kind = MAP;
        out->number = first & 0x0f;
    } else if (first < 0xa0) {
        out->kind = ARRAY;
        out->number = first & 0x0f;
    } else if (first < 0xc0) {
        out->kind = STR;
        out->number = first & 0x1f;
    } else if (!read_long_head(in, &shapes[first - 0xc0], out)) {
        return false;
    }
    return check_room(in, out);
}

static bool read_value(struct cursor *in, unsigned depth, struct value *out);

/* The payload of a string, bytes or extension; check_room() has seen that it is there. */
static struct bytes payload(struct cursor *in, const struct head *head)
{
    struct bytes text = { (const char *)in->at, (size_t)head->number };

    in->at += head->number;
    return text;
}

static bool read_text(struct cursor *in, const struct head *head, enum value_type type,
                      struct value *out)
{
    struct bytes text = payload(in, head);
    size_t offset;

    if (!bytes_utf8_valid(text, &offset))
        return bad(in, (const uint8_t *)text.data + offset, "not UTF-8");
    if (type != VALUE_STRING) {
        const char *fault = edn_name_fault(type, text);
        if (fault)
            return fail(in->err, ERROR_INCORRECT, "MessagePack at byte %zu: %s \"%.*s\" %s",
                        (size_t)(head->at - in->start), value_type_name(type), BYTES_ARG(text),
                        fault);
    }
    *out = value_text(type, text);
    return true;
}

static bool read_timestamp(struct cursor *in, const struct head *head, struct value *out)
{
    const uint8_t *data = in->at;
    int64_t seconds, ms;
    uint64_t nanoseconds = 0;

    switch (head->number) {
    case 4:
        seconds = load_u32be(data);
        break;
    case 8:
        seconds = (int64_t)(load_u64be(data) & TIMESTAMP_SECONDS_MASK);
        nanoseconds = load_u64be(data) >> TIMESTAMP_SECONDS_BITS;
        break;
    case 12:
        seconds = (int64_t)load_u64be(data + 4);
        nanoseconds = load_u32be(data);
        break;
    default:
        return bad(in, head->at, "a timestamp has 4, 8 or 12 bytes");
    }
    in->at += head->number;
    if (nanoseconds > NANOSECONDS_MAX)
        return bad(in, head->at, "a timestamp with more nanoseconds than a second has");
    if (__builtin_mul_overflow(seconds, 1000, &ms) ||
        __builtin_add_overflow(ms, (int64_t)(nanoseconds / 1000000), &ms) ||
        !value_instant_valid(ms))
        return bad(in, head->at, "an instant out of range");
    *out = value_instant(ms);
    return true;
}

static bool check_distinct(const struct cursor *in, const struct head *head,
                           const struct value *collection)
{
    struct bytes fault;

    return value_distinct(collection, in->arena, &fault) || bad(in, head->at, fault.data);
}

static bool read_collection(struct cursor *in, const struct head *head, unsigned depth,
                            struct value *out)
{
    size_t slots = (size_t)head->number * (head->kind == MAP ? 2 : 1);
    enum value_type type = head->kind == MAP ? VALUE_MAP : VALUE_VECTOR;

    if (depth == LIMIT_DEPTH)
        return fail(in->err, ERROR_INCORRECT,
                    "MessagePack at byte %zu: nested deeper than the limit of %d",
                    (size_t)(head->at - in->start), LIMIT_DEPTH);
    struct value *items = slots ? arena_alloc(in->arena, slots * sizeof(*items)) : NULL;
    in->owed += slots;
    for (size_t i = 0; i < slots; i++) {
        in->owed--;
        if (!read_value(in, depth + 1, &items[i]))
            return false;
    }
    *out = value_collection(type, items, (uint32_t)head->number);
    return type != VALUE_MAP || check_distinct(in, head, out);
}

/* A set: an array that fills the extension. What the outer collections are owed is behind it. */
static bool read_set(struct cursor *in, const struct head *head, unsigned depth, struct value *out)
{
    struct cursor inner = *in;
    struct head array;

    inner.end = in->at + head->number;
    inner.owed = 0;
    if (!read_head(&inner, &array))
        return false;
    if (array.kind != ARRAY)
        return bad(in, array.at, "a set (extension 4) holds an array");
    if (!read_collection(&inner, &array, depth, out))
        return false;
    if (inner.at != inner.end)
        return bad(in, inner.at, "bytes behind the array of a set");
    in->at = inner.at;
    out->type = VALUE_SET;
    return check_distinct(in, head, out);
}

static bool read_extension(struct cursor *in, const struct head *head, unsigned depth,
                           struct value *out)
{
    switch (head->extension) {
    case EXT_TIMESTAMP:
        return read_timestamp(in, head, out);
    case EXT_KEYWORD:
        return read_text(in, head, VALUE_KEYWORD, out);
    case EXT_SYMBOL:
        return read_text(in, head, VALUE_SYMBOL, out);
    case EXT_UUID: {
        struct uuid uuid;
        if (head->number != sizeof(uuid.octets))
            return bad(in, head->at, "a uuid (extension 3) has 16 bytes");
        memcpy(uuid.octets, payload(in, head).data, sizeof(uuid.octets));
        *out = value_uuid(uuid);
        return true;
    }
    case EXT_SET:
        return read_set(in, head, depth, out);
    default:
        return fail(in->err, ERROR_INCORRECT, "MessagePack at byte %zu: unknown extension type %d",
                    (size_t)(head->at - in->start), head->extension);
    }
}

static double float32_of(uint64_t bits)
{
    uint32_t narrow = (uint32_t)bits;
    float real;

    memcpy(&real, &narrow, sizeof(real));
    return (double)real;
}

static double float64_of(uint64_t bits)
{
    double real;

    memcpy(&real, &bits, sizeof(real));
    return real;
}

static bool read_value(struct cursor *in, unsigned depth, struct value *out)
{
    struct head head;

    if (!read_head(in, &head))
        return false;
    switch (head.kind) {
    case NIL:
        *out = value_nil();
        return true;
    case BOOLEAN:
        *out = value_boolean(head.number);
        return true;
    case UNSIGNED:
        if (head.number > INT64_MAX)
            return bad(in, head.at, "an integer beyond 64 bits with sign");
        *out = value_long((int64_t)head.number);
        return true;
    case SIGNED:
        *out = value_long((int64_t)head.number);
        return true;
    case FLOAT32:
        *out = value_double(float32_of(head.number));
        return true;
    case FLOAT64:
        *out = value_double(float64_of(head.number));
        return true;
    case STR:
        return read_text(in, &head, VALUE_STRING, out);
    case BIN:
        *out = value_text(VALUE_BYTES, payload(in, &head));
        return true;
    case ARRAY:
    case MAP:
        return read_collection(in, &head, depth, out);
    case EXT:
        return read_extension(in, &head, depth, out);
    case NEVER: /* read_head() has refused it */
        break;
    }
    abort();
}

bool mp_read(struct bytes bytes, struct arena *arena, struct value *out, struct error *err)
{
    const uint8_t *start = (const uint8_t *)bytes.data;
    struct cursor in = { start, start, start + bytes.len, 0, arena, err };
    struct value value;

    if (!read_value(&in, 0, &value))
        return false;
    if (in.at != in.end)
        return bad(&in, in.at, "bytes behind the value");
    *out = value;
    return true;
}

/* Moves behind one value. With `texts` its strings must be UTF-8. */
static INLINE bool skip(struct cursor *in, bool texts)
{
    struct head head;
    size_t offset;

    in->owed = 1;
    while (in->owed) {
        in->owed--;
        if (!read_head(in, &head))
            return false;
        if (head.kind == ARRAY || head.kind == MAP)
            in->owed += (size_t)head.number * (head.kind == MAP ? 2 : 1);
        else if (texts && head.kind == STR && !bytes_utf8_valid(payload(in, &head), &offset))
            return bad(in, head.at, "not UTF-8");
        else if (head.kind == BIN || head.kind == EXT || (head.kind == STR && !texts))
            in->at += head.number;
    }
    return true;
}

bool mp_skip(struct bytes bytes, size_t *len, struct error *err)
{
    const uint8_t *start = (const uint8_t *)bytes.data;
    struct cursor in = { start, start, start + bytes.len, 0, NULL, err };

    if (!skip(&in, false))
        return false;
    *len = (size_t)(in.at - start);
    return true;
}

bool mp_formed(struct bytes bytes)
{
    const uint8_t *start = (const uint8_t *)bytes.data;
    struct error ignored;
    struct cursor in = { start, start, start + bytes.len, 0, NULL, &ignored };

    return skip(&in, true) && in.at == in.end;
}

struct bytes mp_entry(struct bytes map, struct bytes key)
{
    const uint8_t *start = (const uint8_t *)map.data;
    struct error ignored;
    struct cursor in = { start, start, start + map.len, 0, NULL, &ignored };
    struct head head, name;

    if (!read_head(&in, &head) || head.kind != MAP)
        return (struct bytes){ 0 };
    for (uint64_t i = 0; i < head.number; i++) {
        struct cursor at = in;
        if (!skip(&in, false))
            break;
        const uint8_t *value = in.at;
        if (!skip(&in, false))
            break;
        if (read_head(&at, &name) && name.kind == STR && bytes_equal(payload(&at, &name), key))
            return (struct bytes){ (const char *)value, (size_t)(in.at - value) };
    }
    return (struct bytes){ 0 };
}
