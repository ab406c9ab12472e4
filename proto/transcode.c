/*
 * Integers, strings, keywords, booleans, and arrays and maps of these are copied straight over:
 * they are nearly all of what datoms hold. Anything else is read as a value and written again.
 */
#include "proto/transcode.h"

#include "common/limits.h"
#include "proto/mp.h"
#include "proto/quote.h"
#include "proto/transit.h"

#define EXT_KEYWORD 1

/* The integers that JavaScript holds exactly; others are tagged (transit.h). */
#define JSON_INTEGER_MAX ((INT64_C(1) << 53) - 1)

struct cursor {
    const uint8_t *at, *end;
    struct buffer *out;
    struct error *err;
};

static size_t left(const struct cursor *in)
{
    return (size_t)(in->end - in->at);
}

static bool truncated(struct cursor *in)
{
    return fail(in->err, ERROR_INCORRECT, "MessagePack ends inside a value");
}

static bool too_deep(struct cursor *in)
{
    return fail(in->err, ERROR_INCORRECT, "MessagePack is nested deeper than the limit of %d",
                LIMIT_DEPTH);
}

static void write_long(struct buffer *out, int64_t number)
{
    char text[24], *end = text + sizeof(text), *at = end;
    uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do
        *--at = (char)('0' + size % 10);
    while ((size /= 10) > 0);
    if (number < 0)
        *--at = '-';
    buffer_append(out, at, (size_t)(end - at));
}

static void write_text(struct buffer *out, struct bytes prefix, struct bytes text)
{
    buffer_append_u8(out, '"');
    buffer_append_bytes(out, prefix);
    quote_write_inner(out, text);
    buffer_append_u8(out, '"');
}

/* The values that have no short way. */
static bool copy_value(struct cursor *in)
{
    struct bytes rest = { (const char *)in->at, left(in) };
    struct arena arena = { 0 };
    struct value value;
    size_t len;

    if (!mp_skip(rest, &len, in->err))
        return false;
    bool ok = mp_read((struct bytes){ rest.data, len }, &arena, &value, in->err);
    if (ok)
        transit_write(in->out, &value);
    arena_release(&arena);
    in->at += len;
    return ok;
}

static bool copy_text(struct cursor *in, size_t head, size_t len, bool keyword)
{
    struct bytes text = { (const char *)in->at + head, len };

    if (left(in) < head + len)
        return truncated(in);
    if (keyword && len > LIMIT_KEYWORD_BYTES)
        return copy_value(in); /* which says so */
    if (keyword)
        write_text(in->out, BYTES("~:"), text);
    else if (len && (text.data[0] == '~' || text.data[0] == '^' || text.data[0] == '`'))
        write_text(in->out, BYTES("~"), text);
    else
        write_text(in->out, BYTES(""), text);
    in->at += head + len;
    return true;
}

static bool copy_unsigned(struct cursor *in, size_t bytes)
{
    uint64_t number = 0;

    if (left(in) < 1 + bytes)
        return truncated(in);
    for (size_t i = 1; i <= bytes; i++)
        number = number << 8 | in->at[i];
    if (number > JSON_INTEGER_MAX)
        return copy_value(in);
    write_long(in->out, (int64_t)number);
    in->at += 1 + bytes;
    return true;
}

static bool copy(struct cursor *in, unsigned depth);

static bool copy_items(struct cursor *in, uint32_t count, unsigned depth)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i)
            buffer_append_u8(in->out, ',');
        if (!copy(in, depth))
            return false;
    }
    return true;
}

static bool copy_array(struct cursor *in, size_t head, uint32_t count, unsigned depth)
{
    if (depth == LIMIT_DEPTH)
        return too_deep(in);
    in->at += head;
    buffer_append_u8(in->out, '[');
    if (!copy_items(in, count, depth + 1))
        return false;
    buffer_append_u8(in->out, ']');
    return true;
}

/* True when a string or keyword is next: the keys that JSON can have. */
static bool is_text(const struct cursor *in)
{
    uint8_t c = left(in) ? in->at[0] : 0;

    return (c >= 0xa0 && c < 0xc0) || (c >= 0xd9 && c <= 0xdb) ||
           (c == 0xc7 && left(in) >= 3 && in->at[2] == EXT_KEYWORD) ||
           (c >= 0xd4 && c <= 0xd8 && left(in) >= 2 && in->at[1] == EXT_KEYWORD);
}

/* Begins as an object, and begins again as something else when a key turns up that is no text. */
static bool copy_map(struct cursor *in, size_t head, uint32_t count, unsigned depth)
{
    const uint8_t *start = in->at;
    size_t written = in->out->len;

    if (depth == LIMIT_DEPTH)
        return too_deep(in);
    in->at += head;
    buffer_append_u8(in->out, '{');
    for (uint32_t i = 0; i < count; i++) {
        if (i)
            buffer_append_u8(in->out, ',');
        if (left(in) && !is_text(in)) {
            in->at = start;
            in->out->len = written;
            return copy_value(in);
        }
        if (!copy(in, depth + 1))
            return false;
        buffer_append_u8(in->out, ':');
        if (!copy(in, depth + 1))
            return false;
    }
    buffer_append_u8(in->out, '}');
    return true;
}

/* Formats by github.com/msgpack/msgpack, spec.md, "Formats". */
static bool copy(struct cursor *in, unsigned depth)
{
    size_t bytes = left(in);

    if (bytes == 0)
        return truncated(in);
    uint8_t c = in->at[0];
    if (c == 0xc2 || c == 0xc3) {
        buffer_append_bytes(in->out, c == 0xc3 ? BYTES("true") : BYTES("false"));
        in->at++;
        return true;
    }
    if (c < 0x80 || c >= 0xe0) {
        write_long(in->out, (int8_t)c);
        in->at++;
        return true;
    }
    if (c >= 0xa0 && c < 0xc0)
        return copy_text(in, 1, c & 0x1f, false);
    if (c >= 0x80 && c < 0x90)
        return copy_map(in, 1, c & 0x0f, depth);
    if (c >= 0x90 && c < 0xa0)
        return copy_array(in, 1, c & 0x0f, depth);
    if (c >= 0xcc && c <= 0xcf)
        return copy_unsigned(in, (size_t)1 << (c - 0xcc));
    if (c == 0xd9 && bytes >= 2)
        return copy_text(in, 2, in->at[1], false);
    if (c == 0xda && bytes >= 3)
        return copy_text(in, 3, load_u16be(in->at + 1), false);
    if (c == 0xdb && bytes >= 5)
        return copy_text(in, 5, load_u32be(in->at + 1), false);
    if (c == 0xc7 && bytes >= 3 && in->at[2] == EXT_KEYWORD)
        return copy_text(in, 3, in->at[1], true);
    if (c >= 0xd4 && c <= 0xd8 && bytes >= 2 && in->at[1] == EXT_KEYWORD)
        return copy_text(in, 2, (size_t)1 << (c - 0xd4), true);
    if (c == 0xdc && bytes >= 3)
        return copy_array(in, 3, load_u16be(in->at + 1), depth);
    if (c == 0xde && bytes >= 3)
        return copy_map(in, 3, load_u16be(in->at + 1), depth);
    return copy_value(in);
}

bool transcode_json(struct buffer *out, struct bytes bytes, uint32_t count, struct error *err)
{
    struct cursor in = { .at = (const uint8_t *)bytes.data, .out = out, .err = err };

    in.end = in.at + bytes.len;
    if (!copy_items(&in, count, 0))
        return false;
    return in.at == in.end || fail(err, ERROR_INCORRECT,
                                   "MessagePack goes on for %zu bytes behind "
                                   "the values that were counted",
                                   left(&in));
}
