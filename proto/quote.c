#include "proto/quote.h"

static const struct escape {
    char letter, meaning;
} escapes[] = {
    { '"', '"' },  { '\\', '\\' }, { '/', '/' },  { 'n', '\n' },
    { 'r', '\r' }, { 't', '\t' },  { 'b', '\b' }, { 'f', '\f' },
};

static bool is_plain(char c)
{
    return (unsigned char)c >= ' ' && c != '"' && c != '\\';
}

void quote_write_inner(struct buffer *out, struct bytes text)
{
    for (size_t at = 0; at < text.len;) {
        size_t start = at;
        while (at < text.len && is_plain(text.data[at]))
            at++;
        buffer_append(out, text.data + start, at - start);
        if (at == text.len)
            break;
        char c = text.data[at++];
        switch (c) {
        case '"':
        case '\\':
            buffer_append(out, (char[]){ '\\', c }, 2);
            break;
        case '\n':
            buffer_append(out, "\\n", 2);
            break;
        case '\r':
            buffer_append(out, "\\r", 2);
            break;
        case '\t':
            buffer_append(out, "\\t", 2);
            break;
        default:
            buffer_printf(out, "\\u%04x", (unsigned)c);
        }
    }
}

void quote_write(struct buffer *out, struct bytes text)
{
    buffer_append_u8(out, '"');
    quote_write_inner(out, text);
    buffer_append_u8(out, '"');
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool quote_hex4(const char *at, const char *end, uint32_t *out)
{
    uint32_t unit = 0;

    if (end - at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return false;
        unit = unit << 4 | (uint32_t)digit;
    }
    *out = unit;
    return true;
}

char *quote_utf8(char *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
    } else {
        if (code < 0x10000) {
            *to++ = (char)(0xe0 | code >> 12);
        } else {
            *to++ = (char)(0xf0 | code >> 18);
            *to++ = (char)(0x80 | (code >> 12 & 63));
        }
        *to++ = (char)(0x80 | (code >> 6 & 63));
    }
    *to++ = (char)(0x80 | (code & 63));
    return to;
}

/* Reads what follows "\u", the second half of a pair included. */
static bool read_unicode(char **at, const char *end, char **to, const char **fault)
{
    uint32_t code, low;

    if (!quote_hex4(*at, end, &code)) {
        *fault = "\\u takes four hexadecimal digits";
        return false;
    }
    char *next = *at + 4;
    if (code >= 0xd800 && code <= 0xdfff) {
        if (code >= 0xdc00 || end - next < 2 || next[0] != '\\' || next[1] != 'u' ||
            !quote_hex4(next + 2, end, &low) || low < 0xdc00 || low > 0xdfff) {
            *fault = "half of a surrogate pair";
            return false;
        }
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        next += 6;
    }
    *at = next;
    *to = quote_utf8(*to, code);
    return true;
}

/* Reads what follows a backslash. */
static bool read_escape(char **at, const char *end, char **to, const char **fault)
{
    char letter = *(*at)++;

    if (letter == 'u') {
        if (read_unicode(at, end, to, fault))
            return true;
        *at -= 2;
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(escapes); i++) {
        if (escapes[i].letter == letter) {
            *(*to)++ = escapes[i].meaning;
            return true;
        }
    }
    *at -= 2;
    *fault = "unknown escape in a string";
    return false;
}

bool quote_read(char **at, char *end, bool raw, struct bytes *out, const char **fault)
{
    char *start = *at, *to = start;

    for (;;) {
        char *run = *at;
        while (*at < end && (is_plain(**at) || (raw && (unsigned char)**at < ' ')))
            ++*at;
        size_t len = (size_t)(*at - run);
        if (to != run)
            memmove(to, run, len);
        to += len;
        if (*at == end || (**at == '\\' && *at + 1 == end)) {
            *at = end;
            *fault = "the text ends inside a string";
            return false;
        }
        if (**at == '"')
            break;
        if (**at != '\\') {
            *fault = "a control character in a string";
            return false;
        }
        ++*at;
        if (!read_escape(at, end, &to, fault))
            return false;
    }
    ++*at;
    *out = (struct bytes){ start, (size_t)(to - start) };
    return true;
}
