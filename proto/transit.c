/*
 * One pass over a copy of the text in the arena, straight from JSON to values. Strings are
 * unescaped in place and values point into the copy.
 *
 * The codes of cached input count every string that a Transit writer would have cached, in the
 * order of the text, so what is cacheable must be decided exactly as transit-java and transit-js
 * do: by the length in UTF-16 units of the string with its "~" prefix.
 */
#include "proto/transit.h"

#include "common/limits.h"
#include "proto/base64.h"
#include "proto/edn.h"
#include "proto/quote.h"
#include "proto/tagged.h"

#include <math.h>
#include <stdlib.h>

/* Cache codes are "^" and one or two digits to the base 44, from '0' on. */
#define CACHE_BASE        ((size_t)44)
#define CACHE_ENTRIES_MAX (CACHE_BASE * CACHE_BASE)
#define CACHE_LENGTH_MIN  4

/* A level of values is at most two of JSON: {"~#set":[...]}. */
#define JSON_DEPTH_MAX (2 * LIMIT_DEPTH + 2)

/* The largest integer that JavaScript's numbers hold exactly, with all smaller ones. */
#define JSON_INTEGER_MAX ((INT64_C(1) << 53) - 1)

/* --- reading --- */

struct cache {
    struct bytes *entries;
    size_t count, cap, next; /* `next` goes back to 0 when the cache is full */
};

struct reader {
    char *start, *at, *end; /* the copy; *end is a NUL */
    struct arena *arena;
    struct value_stack stack;
    struct cache cache;
    struct error *err;
};

/* A string of the text, with what it was for in mind. */
struct string {
    const char *at; /* its opening quote */
    struct bytes text;
};

/* How deep we stand: in values, and in JSON's arrays and objects. */
struct depth {
    unsigned values, json;
};

static bool read_value(struct reader *in, struct depth depth, struct value *out);

static size_t offset_of(const struct reader *in, const char *at)
{
    return (size_t)(at - in->start);
}

static bool bad(const struct reader *in, const char *at, const char *what)
{
    return fail(in->err, ERROR_INCORRECT, "Transit at byte %zu: %s", offset_of(in, at), what);
}

static bool bad_text(const struct reader *in, const char *at, struct bytes text, const char *what)
{
    return fail(in->err, ERROR_INCORRECT, "Transit at byte %zu: \"%.*s\" %s", offset_of(in, at),
                BYTES_ARG(text), what);
}

static bool bad_depth(const struct reader *in, const char *at)
{
    return fail(in->err, ERROR_INCORRECT, "Transit at byte %zu: nested deeper than the limit of %d",
                offset_of(in, at), LIMIT_DEPTH);
}

static void skip_blank(struct reader *in)
{
    while (*in->at == ' ' || *in->at == '\n' || *in->at == '\r' || *in->at == '\t')
        in->at++;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t utf16_length(struct bytes text)
{
    size_t units = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        units += (c & 0xc0) == 0x80 ? 0 : c >= 0xf0 ? 2 : 1;
    }
    return units;
}

static bool is_cacheable(struct bytes text, bool key)
{
    bool marked = text.len > 1 && text.data[0] == '~' &&
                  (text.data[1] == ':' || text.data[1] == '$' || text.data[1] == '#');

    return (key || marked) && text.len >= CACHE_LENGTH_MIN &&
           utf16_length(text) >= CACHE_LENGTH_MIN;
}

static void cache_add(struct reader *in, struct bytes text)
{
    struct cache *cache = &in->cache;

    if (cache->next == cache->cap && cache->cap < CACHE_ENTRIES_MAX) {
        cache->cap = cache->cap ? cache->cap * 2 : 16;
        if (cache->cap > CACHE_ENTRIES_MAX)
            cache->cap = CACHE_ENTRIES_MAX;
        cache->entries = xrealloc(cache->entries, cache->cap * sizeof(*cache->entries));
    }
    if (cache->next == CACHE_ENTRIES_MAX)
        cache->next = 0;
    cache->entries[cache->next++] = text;
    if (cache->count < cache->next)
        cache->count = cache->next;
}

/* Replaces a cache code by what it stands for. */
static bool cache_get(struct reader *in, struct string *string)
{
    size_t index = 0;

    for (size_t i = 1; i < string->text.len; i++) {
        char c = string->text.data[i];
        if (c < '0' || c >= '0' + (int)CACHE_BASE || i > 2)
            return bad_text(in, string->at, string->text,
                            "is no cache code; a text that begins with ^ is written with ~ before");
        index = index * CACHE_BASE + (size_t)(c - '0');
    }
    if (string->text.len < 2 || index >= in->cache.count)
        return bad_text(in, string->at, string->text, "is a cache code that stands for nothing");
    string->text = in->cache.entries[index];
    return true;
}

/* Reads the string that begins here; cache codes are replaced, "~" prefixes are left. */
static bool read_string(struct reader *in, bool key, struct string *out)
{
    const char *fault;

    out->at = in->at++;
    if (!quote_read(&in->at, in->end, false, &out->text, &fault))
        return bad(in, in->at, fault);
    if (is_cacheable(out->text, key)) {
        cache_add(in, out->text);
        return true;
    }
    if (out->text.len && out->text.data[0] == '^' && !bytes_equal(out->text, BYTES("^ ")))
        return cache_get(in, out);
    return true;
}

static bool text_long(struct bytes text, int64_t *out)
{
    bool minus = text.len && text.data[0] == '-';
    int64_t number = 0;

    if (text.len == minus)
        return false;
    for (size_t i = minus; i < text.len; i++) {
        int digit = text.data[i] - '0';
        if (!is_digit(text.data[i]) || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, minus ? -digit : digit, &number))
            return false;
    }
    *out = number;
    return true;
}

/* The decoders of "~" strings by their second character; `text` is what is behind it. */
struct decoder {
    char letter;
    bool (*read)(struct bytes text, struct arena *arena, struct value *out);
    const char *what; /* why it failed */
};

static bool decode_long(struct bytes text, struct arena *arena, struct value *out)
{
    int64_t number;

    (void)arena;
    if (!text_long(text, &number))
        return false;
    *out = value_long(number);
    return true;
}

static bool decode_double(struct bytes text, struct arena *arena, struct value *out)
{
    char *end;

    if (!text.len || !(is_digit(text.data[0]) || text.data[0] == '-'))
        return false;
    struct bytes copy = arena_printf(arena, "%.*s", (int)text.len, text.data);
    double real = strtod(copy.data, &end);
    if (end != copy.data + text.len || !isfinite(real) || memchr(text.data, 'x', text.len) ||
        memchr(text.data, 'X', text.len))
        return false;
    *out = value_double(real);
    return true;
}

static bool decode_special(struct bytes text, struct arena *arena, struct value *out)
{
    (void)arena;
    if (bytes_equal(text, BYTES("NaN")))
        *out = value_double((double)NAN);
    else if (bytes_equal(text, BYTES("INF")))
        *out = value_double((double)INFINITY);
    else if (bytes_equal(text, BYTES("-INF")))
        *out = value_double(-(double)INFINITY);
    else
        return false;
    return true;
}

static bool decode_ms(struct bytes text, struct arena *arena, struct value *out)
{
    int64_t ms;

    (void)arena;
    if (!text_long(text, &ms) || !value_instant_valid(ms))
        return false;
    *out = value_instant(ms);
    return true;
}

static bool decode_boolean(struct bytes text, struct arena *arena, struct value *out)
{
    (void)arena;
    *out = value_boolean(bytes_equal(text, BYTES("t")));
    return out->boolean || bytes_equal(text, BYTES("f"));
}

static bool decode_nil(struct bytes text, struct arena *arena, struct value *out)
{
    (void)arena;
    *out = value_nil();
    return text.len == 0;
}

static bool decode_string(struct bytes text, struct arena *arena, struct value *out)
{
    (void)arena;
    *out = value_string(text);
    return true;
}

static const struct decoder decoders[] = {
    { '?', decode_boolean, "is neither ~?t nor ~?f" },
    { '_', decode_nil, "is not ~_" },
    { 'b', tagged_bytes, "is not base64" },
    { 'c', decode_string, NULL },
    { 'd', decode_double, "is no double" },
    { 'f', decode_double, "is no number that a double holds" },
    { 'i', decode_long, "is no integer of 64 bits" },
    { 'm', decode_ms, "is no instant in milliseconds" },
    { 'n', decode_long, "is no integer of 64 bits" },
    { 't', tagged_instant, "is no instant of RFC 3339" },
    { 'u', tagged_uuid, "is no uuid" },
    { 'z', decode_special, "is none of ~zNaN, ~zINF and ~z-INF" },
};

static const struct decoder *find_decoder(char letter)
{
    for (size_t i = 0; i < ARRAY_LEN(decoders); i++)
        if (decoders[i].letter == letter)
            return &decoders[i];
    return NULL;
}

static bool decode_name(const struct reader *in, const struct string *string, enum value_type type,
                        struct value *out)
{
    struct bytes name = { string->text.data + 2, string->text.len - 2 };
    const char *fault = edn_name_fault(type, name);

    if (fault)
        return fail(in->err, ERROR_INCORRECT, "Transit at byte %zu: %s \"%.*s\" %s",
                    offset_of(in, string->at), value_type_name(type), BYTES_ARG(name), fault);
    *out = value_text(type, name);
    return true;
}

/* The value of a string in any place but that of a tag. */
static bool decode(const struct reader *in, const struct string *string, struct value *out)
{
    struct bytes text = string->text;

    if (text.len == 0 || text.data[0] != '~') {
        if (bytes_equal(text, BYTES("^ ")))
            return bad(in, string->at, "\"^ \" only begins an array");
        *out = value_string(text);
        return true;
    }
    if (text.len == 1)
        return bad(in, string->at, "\"~\" with nothing behind it; a ~ itself is \"~~\"");
    switch (text.data[1]) {
    case '~':
    case '^':
    case '`':
        *out = value_string((struct bytes){ text.data + 1, text.len - 1 });
        return true;
    case ':':
        return decode_name(in, string, VALUE_KEYWORD, out);
    case '$':
        return decode_name(in, string, VALUE_SYMBOL, out);
    case '#':
        return bad_text(in, string->at, text, "is a tag where a value should be");
    default:
        break;
    }
    const struct decoder *decoder = find_decoder(text.data[1]);
    if (!decoder)
        return bad_text(in, string->at, text, "has an unknown tag");
    struct bytes rest = { text.data + 2, text.len - 2 };
    return decoder->read(rest, in->arena, out) || bad_text(in, string->at, text, decoder->what);
}

static bool is_tag(struct bytes text)
{
    return text.len > 2 && text.data[0] == '~' && text.data[1] == '#';
}

static bool read_number(struct reader *in, struct value *out)
{
    char *start = in->at;
    bool real = false;
    int64_t number;

    in->at += *in->at == '-';
    if (!is_digit(*in->at) || (in->at[0] == '0' && is_digit(in->at[1])))
        return bad(in, start, "no JSON value");
    while (is_digit(*in->at))
        in->at++;
    if (*in->at == '.') {
        real = true;
        in->at++;
        if (!is_digit(*in->at))
            return bad(in, start, "a number that ends with a point");
        while (is_digit(*in->at))
            in->at++;
    }
    if (*in->at == 'e' || *in->at == 'E') {
        real = true;
        in->at++;
        in->at += *in->at == '+' || *in->at == '-';
        if (!is_digit(*in->at))
            return bad(in, start, "a number with an empty exponent");
        while (is_digit(*in->at))
            in->at++;
    }
    if (!real) {
        if (!text_long((struct bytes){ start, (size_t)(in->at - start) }, &number))
            return bad(in, start, "an integer beyond 64 bits");
        *out = value_long(number);
        return true;
    }
    char behind = *in->at;
    *in->at = '\0';
    *out = value_double(strtod(start, NULL));
    *in->at = behind;
    return isfinite(out->real) || bad(in, start, "a number too large for a double");
}

static bool read_word(struct reader *in, struct value *out)
{
    static const struct word {
        const char *text;
        struct value value;
    } words[] = {
        { "null", { .type = VALUE_NIL } },
        { "true", { .type = VALUE_BOOLEAN, .boolean = true } },
        { "false", { .type = VALUE_BOOLEAN, .boolean = false } },
    };
    struct bytes rest = { in->at, (size_t)(in->end - in->at) };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (bytes_starts_with(rest, bytes_of(words[i].text))) {
            in->at += strlen(words[i].text);
            *out = words[i].value;
            return true;
        }
    }
    return bad(in, in->at, "no JSON value");
}

/* Moves to the next item of an array or object: true with *more, or behind `closer` without. */
static bool next_item(struct reader *in, char closer, bool first, bool *more)
{
    skip_blank(in);
    *more = *in->at != closer;
    if (!*more) {
        in->at++;
        return true;
    }
    if (first)
        return true;
    if (*in->at != ',')
        return bad(in, in->at,
                   in->at == in->end ? "the text ends inside an array or object"
                   : closer == ']'   ? "neither a comma nor ] behind an item"
                                     : "neither a comma nor } behind an entry");
    in->at++;
    skip_blank(in);
    return true;
}

/* Reads the key of an entry: a string in both forms, or any value in the array form. */
static bool read_key(struct reader *in, struct depth depth, struct value *out)
{
    struct string string = { 0 };

    skip_blank(in);
    if (*in->at != '"')
        return read_value(in, depth, out);
    return read_string(in, true, &string) && decode(in, &string, out);
}

static bool check_distinct(const struct reader *in, const char *start,
                           const struct value *collection)
{
    struct bytes fault;

    return value_distinct(collection, in->arena, &fault) || bad(in, start, fault.data);
}

/* --- tags --- */

/* Takes `rep`, what stands behind the tag at `start`, and makes *out of it. */
typedef bool tag_fn(struct reader *in, const char *start, const struct value *rep,
                    struct value *out);

static bool tag_same(struct reader *in, const char *start, const struct value *rep,
                     struct value *out)
{
    (void)in;
    (void)start;
    *out = *rep;
    return true;
}

static bool tag_list(struct reader *in, const char *start, const struct value *rep,
                     struct value *out)
{
    if (rep->type != VALUE_VECTOR)
        return bad(in, start, "the tag list takes an array");
    *out = *rep;
    out->type = VALUE_LIST;
    return true;
}

static bool tag_set(struct reader *in, const char *start, const struct value *rep,
                    struct value *out)
{
    if (rep->type != VALUE_VECTOR)
        return bad(in, start, "the tag set takes an array");
    *out = *rep;
    out->type = VALUE_SET;
    return check_distinct(in, start, out);
}

static bool tag_cmap(struct reader *in, const char *start, const struct value *rep,
                     struct value *out)
{
    if (rep->type != VALUE_VECTOR || rep->count % 2)
        return bad(in, start, "the tag cmap takes an array of keys and values");
    *out = value_collection(VALUE_MAP, rep->items, rep->count / 2);
    return check_distinct(in, start, out);
}

static bool tag_instant(struct reader *in, const char *start, const struct value *rep,
                        struct value *out)
{
    if (rep->type != VALUE_LONG || !value_instant_valid(rep->number))
        return bad(in, start, "the tag m takes an instant in milliseconds");
    *out = value_instant(rep->number);
    return true;
}

static bool tag_number(struct reader *in, const char *start, const struct value *rep,
                       struct value *out)
{
    if (rep->type == VALUE_LONG)
        *out = value_double((double)rep->number);
    else if (rep->type == VALUE_DOUBLE)
        *out = *rep;
    else
        return bad(in, start, "the tags d and f take a number");
    return true;
}

static bool tag_integer(struct reader *in, const char *start, const struct value *rep,
                        struct value *out)
{
    if (rep->type != VALUE_LONG)
        return bad(in, start, "the tags i and n take an integer");
    *out = *rep;
    return true;
}

/* The two halves of a uuid as signed integers. */
static bool tag_uuid(struct reader *in, const char *start, const struct value *rep,
                     struct value *out)
{
    struct uuid uuid;

    if (rep->type != VALUE_VECTOR || rep->count != 2 || rep->items[0].type != VALUE_LONG ||
        rep->items[1].type != VALUE_LONG)
        return bad(in, start, "the tag u takes a uuid's text, or its halves as two integers");
    store_u64be(uuid.octets, (uint64_t)rep->items[0].number);
    store_u64be(uuid.octets + 8, (uint64_t)rep->items[1].number);
    *out = value_uuid(uuid);
    return true;
}

static const struct tag {
    const char *name;
    tag_fn *read; /* NULL: only a string, decoded as "~x..." is */
} tags[] = {
    { "'", tag_same },
    { "b", NULL },
    { "cmap", tag_cmap },
    { "d", tag_number },
    { "datascript/DB", tag_same },
    { "datascript/Datom", tag_same },
    { "f", tag_number },
    { "i", tag_integer },
    { "list", tag_list },
    { "m", tag_instant },
    { "n", tag_integer },
    { "set", tag_set },
    { "t", NULL },
    { "u", tag_uuid },
    { "z", NULL },
};

/* {"~#m":"123"} is as "~m123". */
static bool decode_tagged(struct reader *in, const struct string *string, const struct tag *tag,
                          const struct value *rep, struct value *out)
{
    const struct decoder *decoder = tag->name[1] ? NULL : find_decoder(tag->name[0]);

    if (decoder && rep->type == VALUE_STRING)
        return decoder->read(rep->text, in->arena, out) ||
               bad_text(in, string->at, rep->text, decoder->what);
    if (!tag->read)
        return bad_text(in, string->at, string->text, "takes a string");
    return tag->read(in, string->at, rep, out);
}

/* Reads what the tag is on, whose array or object began at `start`, up to before its end. */
static bool read_tagged(struct reader *in, const struct string *string, struct depth depth,
                        struct value *out)
{
    struct bytes name = { string->text.data + 2, string->text.len - 2 };
    struct value rep = value_nil();

    for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
        if (bytes_equal(bytes_of(tags[i].name), name))
            return read_value(in, depth, &rep) && decode_tagged(in, string, &tags[i], &rep, out);
    }
    return bad_text(in, string->at, string->text, "is an unknown tag");
}

/* --- arrays and objects --- */

/* The entries of ["^ ",k,v,...] behind the marker. */
static bool read_map_array(struct reader *in, const char *start, struct depth depth,
                           struct value *out)
{
    size_t from = in->stack.count;
    struct value item = value_nil();
    bool more;

    while (next_item(in, ']', false, &more)) {
        bool key = (in->stack.count - from) % 2 == 0;
        if (!more) {
            if (!key)
                return bad(in, start, "a map with a key that has no value");
            *out = value_stack_take(&in->stack, from, VALUE_MAP, in->arena);
            return check_distinct(in, start, out);
        }
        if (!(key ? read_key : read_value)(in, depth, &item))
            return false;
        value_stack_push(&in->stack, item);
    }
    return false;
}

/* ["~#tag",rep] behind the tag. */
static bool read_tag_array(struct reader *in, const struct string *tag, struct depth depth,
                           struct value *out)
{
    bool more;

    if (!next_item(in, ']', false, &more))
        return false;
    if (!more)
        return bad_text(in, tag->at, tag->text, "is a tag with nothing behind it");
    if (!read_tagged(in, tag, depth, out) || !next_item(in, ']', false, &more))
        return false;
    return !more || bad_text(in, tag->at, tag->text, "is a tag with more than one value behind it");
}

/* One level deeper in JSON, and in values when `value`. */
static bool deeper(const struct reader *in, const char *at, struct depth *depth, bool value)
{
    if (value ? depth->values == LIMIT_DEPTH : depth->json == JSON_DEPTH_MAX)
        return bad_depth(in, at);
    if (value)
        depth->values++;
    else
        depth->json++;
    return true;
}

static bool read_array(struct reader *in, struct depth depth, struct value *out)
{
    const char *start = in->at++;
    size_t from = in->stack.count;
    struct string string = { 0 };
    struct value item = value_nil();
    bool more;

    if (!deeper(in, start, &depth, false))
        return false;
    if (!next_item(in, ']', true, &more))
        return false;
    if (more && *in->at == '"') { /* the first string decides what the array is */
        if (!read_string(in, false, &string))
            return false;
        if (is_tag(string.text))
            return read_tag_array(in, &string, depth, out);
        if (!deeper(in, start, &depth, true))
            return false;
        if (bytes_equal(string.text, BYTES("^ ")))
            return read_map_array(in, start, depth, out);
        if (!decode(in, &string, &item))
            return false;
        value_stack_push(&in->stack, item);
        if (!next_item(in, ']', false, &more))
            return false;
    } else if (!deeper(in, start, &depth, true)) {
        return false;
    }
    while (more) {
        if (!read_value(in, depth, &item))
            return false;
        value_stack_push(&in->stack, item);
        if (!next_item(in, ']', false, &more))
            return false;
    }
    *out = value_stack_take(&in->stack, from, VALUE_VECTOR, in->arena);
    return true;
}

/* Reads the key of an object and its colon. */
static bool read_object_key(struct reader *in, struct string *out)
{
    skip_blank(in);
    if (*in->at != '"')
        return bad(in, in->at,
                   in->at == in->end ? "the text ends inside an array or object"
                                     : "the key of an object must be a string");
    if (!read_string(in, true, out))
        return false;
    skip_blank(in);
    if (*in->at != ':')
        return bad(in, in->at, "no colon behind the key of an object");
    in->at++;
    return true;
}

/* {"~#tag":rep} behind the colon. */
static bool read_tag_object(struct reader *in, const struct string *tag, struct depth depth,
                            struct value *out)
{
    bool more;

    if (!read_tagged(in, tag, depth, out) || !next_item(in, '}', false, &more))
        return false;
    return !more || bad_text(in, tag->at, tag->text, "is a tag with another key beside it");
}

static bool read_object(struct reader *in, struct depth depth, struct value *out)
{
    const char *start = in->at++;
    size_t from = in->stack.count;
    struct string string = { 0 };
    struct value key = value_nil(), item = value_nil();
    bool more;

    if (!deeper(in, start, &depth, false) || !next_item(in, '}', true, &more))
        return false;
    for (bool first = true; more; first = false) {
        if (!read_object_key(in, &string))
            return false;
        if (first && is_tag(string.text))
            return read_tag_object(in, &string, depth, out);
        if (first && !deeper(in, start, &depth, true))
            return false;
        if (!decode(in, &string, &key) || !read_value(in, depth, &item))
            return false;
        value_stack_push(&in->stack, key);
        value_stack_push(&in->stack, item);
        if (!next_item(in, '}', false, &more))
            return false;
    }
    *out = value_stack_take(&in->stack, from, VALUE_MAP, in->arena);
    return check_distinct(in, start, out);
}

static bool read_value(struct reader *in, struct depth depth, struct value *out)
{
    struct string string = { 0 };

    skip_blank(in);
    if (in->at == in->end)
        return bad(in, in->at, "the text ends where a value should be");
    switch (*in->at) {
    case '[':
        return read_array(in, depth, out);
    case '{':
        return read_object(in, depth, out);
    case '"':
        return read_string(in, false, &string) && decode(in, &string, out);
    case 't':
    case 'f':
    case 'n':
        return read_word(in, out);
    default:
        return read_number(in, out);
    }
}

bool transit_read(struct bytes text, struct arena *arena, struct value *out, struct error *err)
{
    char *copy = arena_alloc(arena, text.len + 1);
    struct reader in = {
        .start = copy, .at = copy, .end = copy + text.len, .arena = arena, .err = err
    };
    struct depth depth = { 0, 0 };
    struct value value;
    size_t offset;

    if (text.len)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    if (!bytes_utf8_valid(text, &offset))
        return bad(&in, copy + offset, "not UTF-8");
    bool ok = read_value(&in, depth, &value);
    if (ok) {
        skip_blank(&in);
        ok = in.at == in.end || bad(&in, in.at, "more text behind the value");
    }
    value_stack_release(&in.stack);
    free(in.cache.entries);
    if (ok)
        *out = value;
    return ok;
}

/* --- writing --- */

static void write_items(struct buffer *out, const struct value *items, size_t count)
{
    buffer_append_u8(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            buffer_append_u8(out, ',');
        transit_write(out, &items[i]);
    }
    buffer_append_u8(out, ']');
}

static void write_tagged(struct buffer *out, const char *tag, const struct value *items,
                         size_t count)
{
    buffer_printf(out, "{\"~#%s\":", tag);
    write_items(out, items, count);
    buffer_append_u8(out, '}');
}

/* `text` as a JSON string behind `prefix`. */
static void write_text(struct buffer *out, struct bytes prefix, struct bytes text)
{
    buffer_append_u8(out, '"');
    buffer_append_bytes(out, prefix);
    quote_write_inner(out, text);
    buffer_append_u8(out, '"');
}

static void write_string(struct buffer *out, struct bytes text)
{
    bool escape = text.len && (text.data[0] == '~' || text.data[0] == '^' || text.data[0] == '`');

    write_text(out, escape ? BYTES("~") : BYTES(""), text);
}

static void write_double(struct buffer *out, double real)
{
    char text[VALUE_DOUBLE_BYTES];

    if (isnan(real))
        buffer_append_bytes(out, BYTES("\"~zNaN\""));
    else if (isinf(real))
        buffer_append_bytes(out, real > 0 ? BYTES("\"~zINF\"") : BYTES("\"~z-INF\""));
    else
        buffer_append_bytes(out, bytes_of(value_double_format(real, text)));
}

static void write_long(struct buffer *out, int64_t number)
{
    if (number >= -JSON_INTEGER_MAX && number <= JSON_INTEGER_MAX) {
        buffer_append_decimal(out, number);
        return;
    }
    buffer_append_bytes(out, BYTES("\"~i"));
    buffer_append_decimal(out, number);
    buffer_append_u8(out, '"');
}

static bool has_text_keys(const struct value *map)
{
    for (size_t i = 0; i < map->count; i++) {
        enum value_type type = map->items[2 * i].type;
        if (type != VALUE_KEYWORD && type != VALUE_STRING)
            return false;
    }
    return true;
}

static void write_map(struct buffer *out, const struct value *map)
{
    if (!has_text_keys(map)) {
        write_tagged(out, "cmap", map->items, 2 * (size_t)map->count);
        return;
    }
    buffer_append_u8(out, '{');
    for (size_t i = 0; i < map->count; i++) {
        if (i)
            buffer_append_u8(out, ',');
        transit_write(out, &map->items[2 * i]);
        buffer_append_u8(out, ':');
        transit_write(out, &map->items[2 * i + 1]);
    }
    buffer_append_u8(out, '}');
}

void transit_write(struct buffer *out, const struct value *value)
{
    char uuid[UUID_TEXT_BYTES];

    switch (value->type) {
    case VALUE_NIL:
        buffer_append_bytes(out, BYTES("null"));
        break;
    case VALUE_BOOLEAN:
        buffer_append_bytes(out, value->boolean ? BYTES("true") : BYTES("false"));
        break;
    case VALUE_LONG:
        write_long(out, value->number);
        break;
    case VALUE_DOUBLE:
        write_double(out, value->real);
        break;
    case VALUE_INSTANT:
        buffer_append_bytes(out, BYTES("\"~m"));
        buffer_append_decimal(out, value->number);
        buffer_append_u8(out, '"');
        break;
    case VALUE_UUID:
        buffer_printf(out, "\"~u%s\"", uuid_format(&value->uuid, uuid));
        break;
    case VALUE_STRING:
        write_string(out, value->text);
        break;
    case VALUE_KEYWORD:
        write_text(out, BYTES("~:"), value->text);
        break;
    case VALUE_SYMBOL:
        write_text(out, BYTES("~$"), value->text);
        break;
    case VALUE_BYTES:
        buffer_append_bytes(out, BYTES("\"~b"));
        base64_write(out, value->text);
        buffer_append_u8(out, '"');
        break;
    case VALUE_VECTOR:
        write_items(out, value->items, value->count);
        break;
    case VALUE_LIST:
        write_tagged(out, "list", value->items, value->count);
        break;
    case VALUE_SET:
        write_tagged(out, "set", value->items, value->count);
        break;
    case VALUE_MAP:
        write_map(out, value);
        break;
    }
}
