/*
 * One pass over a copy of the text in the arena: strings are unescaped in place (they only get
 * shorter) and values point into the copy.
 */
#include "proto/edn_text.h"

#include "common/clock.h"
#include "common/limits.h"
#include "proto/base64.h"
#include "proto/quote.h"
#include "proto/tagged.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define EXCERPT_BYTES 200

/* --- characters --- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_number(struct bytes token)
{
    bool sign = token.data[0] == '+' || token.data[0] == '-' || token.data[0] == '.';

    return is_digit(token.data[sign && token.len > 1]);
}

const char *edn_name_fault(enum value_type type, struct bytes text)
{
    static const char *const taken[] = { "nil", "true", "false" };

    if (text.len == 0)
        return "is empty";
    if (text.len > LIMIT_KEYWORD_BYTES)
        return "is longer than the limit of 512 bytes";
    for (size_t i = 0; i < text.len; i++)
        if (edn_class_of(text.data[i]) != EDN_TOKEN)
            return "holds a character that EDN does not allow there";
    if (text.data[0] == ':')
        return "begins with two colons";
    if (type == VALUE_KEYWORD)
        return NULL;
    if (text.data[0] == '#' || is_number(text))
        return "begins as no symbol may";
    for (size_t i = 0; i < ARRAY_LEN(taken); i++)
        if (bytes_equal(text, bytes_of(taken[i])))
            return "is a word of EDN itself";
    return NULL;
}

_Static_assert(LIMIT_KEYWORD_BYTES == 512, "edn_name_fault() says so");

/* --- reading --- */

struct reader {
    char *start, *at, *end; /* the copy; *end is a NUL */
    size_t base;            /* the offset of `start` in the whole text */
    struct arena *arena;
    struct value_stack stack;
    size_t spread; /* bytes that #:ns{...} has put before keys: the one place where text grows */
    struct error *err;
};

static bool read_value(struct reader *in, unsigned depth, struct value *out);

static size_t offset_of(const struct reader *in, const char *at)
{
    return in->base + (size_t)(at - in->start);
}

static bool bad(const struct reader *in, const char *at, const char *what)
{
    return fail(in->err, ERROR_INCORRECT, "EDN at byte %zu: %s", offset_of(in, at), what);
}

/* As bad(), quoting `text`. */
static bool bad_text(const struct reader *in, const char *at, struct bytes text, const char *what)
{
    return fail(in->err, ERROR_INCORRECT, "EDN at byte %zu: \"%.*s\" %s", offset_of(in, at),
                BYTES_ARG(text), what);
}

static void skip_comment(struct reader *in)
{
    char *newline = memchr(in->at, '\n', (size_t)(in->end - in->at));

    in->at = newline ? newline + 1 : in->end;
}

/* Skips white space, comments and discarded forms. */
static bool skip_blank(struct reader *in, unsigned depth)
{
    struct value discarded;

    for (;;) {
        while (edn_class_of(*in->at) == EDN_BLANK)
            in->at++;
        if (*in->at == ';') {
            skip_comment(in);
        } else if (in->at[0] == '#' && in->at[1] == '_') {
            in->at += 2;
            if (!read_value(in, depth + 1, &discarded))
                return false;
        } else {
            return true;
        }
    }
}

/* The characters up to where a token ends. */
static struct bytes take_token(struct reader *in)
{
    const char *start = in->at;

    while (edn_class_of(*in->at) == EDN_TOKEN)
        in->at++;
    return (struct bytes){ start, (size_t)(in->at - start) };
}

static void skip_digits(const char **at)
{
    while (is_digit(**at))
        ++*at;
}

/* Reads the double that is `len` characters long. */
static bool read_double(const struct reader *in, char *text, size_t len, struct value *out)
{
    char behind = text[len];

    text[len] = '\0';
    double real = strtod(text, NULL);
    text[len] = behind;
    if (isinf(real))
        return bad(in, text, "a number too large for a double");
    *out = value_double(real);
    return true;
}

static bool read_long(const struct reader *in, const char *text, size_t len, struct value *out)
{
    bool minus = text[0] == '-';
    int64_t number = 0;

    for (size_t i = minus || text[0] == '+'; i < len; i++) {
        int digit = text[i] - '0';
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, minus ? -digit : digit, &number))
            return bad(in, text, "an integer beyond 64 bits");
    }
    *out = value_long(number);
    return true;
}

static bool read_number(struct reader *in, struct value *out)
{
    char *text = in->at;
    struct bytes token = take_token(in);
    const char *at = text, *end = text + token.len;
    bool real = false;

    at += *at == '+' || *at == '-';
    if (at[0] == '0' && is_digit(at[1]))
        return bad_text(in, text, token, "is a number that begins with 0");
    skip_digits(&at);
    if (*at == '/')
        return bad_text(in, text, token, "is a ratio, which no value can be; write a double");
    if (*at == '.') {
        real = true;
        at++;
        skip_digits(&at);
    }
    if (*at == 'e' || *at == 'E') {
        real = true;
        at++;
        at += *at == '+' || *at == '-';
        if (!is_digit(*at))
            return bad_text(in, text, token, "is no number");
        skip_digits(&at);
    }
    size_t len = (size_t)(at - text);
    if (at + 1 == end && *at == 'M')
        real = true;
    else if (at != end && (real || at + 1 != end || *at != 'N'))
        return bad_text(in, text, token, "is no number");
    return real ? read_double(in, text, len, out) : read_long(in, text, len, out);
}

static bool read_name(struct reader *in, enum value_type type, struct value *out)
{
    const char *start = in->at;

    in->at += type == VALUE_KEYWORD;
    struct bytes text = take_token(in);
    const char *fault = edn_name_fault(type, text);
    if (fault)
        return fail(in->err, ERROR_INCORRECT, "EDN at byte %zu: %s \"%.*s\" %s",
                    offset_of(in, start), value_type_name(type), BYTES_ARG(text), fault);
    *out = value_text(type, text);
    return true;
}

/* nil, true, false, a number or a symbol. */
static bool read_token(struct reader *in, struct value *out)
{
    static const struct word {
        const char *text;
        struct value value;
    } words[] = {
        { "nil", { .type = VALUE_NIL } },
        { "true", { .type = VALUE_BOOLEAN, .boolean = true } },
        { "false", { .type = VALUE_BOOLEAN, .boolean = false } },
    };
    char *start = in->at;
    struct bytes token = take_token(in);

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (bytes_equal(token, bytes_of(words[i].text))) {
            *out = words[i].value;
            return true;
        }
    }
    in->at = start;
    if (is_digit(start[0]) || ((start[0] == '+' || start[0] == '-') && is_digit(start[1])))
        return read_number(in, out);
    return read_name(in, VALUE_SYMBOL, out);
}

static bool read_string(struct reader *in, struct value *out)
{
    const char *fault;
    struct bytes text;

    in->at++;
    if (!quote_read(&in->at, in->end, true, &text, &fault))
        return bad(in, in->at, fault);
    *out = value_string(text);
    return true;
}

/* Reads a character, as \c, as \uXXXX or by its name. */
static bool read_character(struct reader *in, struct value *out)
{
    static const struct name {
        const char *name, *text;
    } names[] = {
        { "newline", "\n" }, { "space", " " },      { "tab", "\t" },
        { "return", "\r" },  { "backspace", "\b" }, { "formfeed", "\f" },
    };
    char *start = in->at++;
    uint32_t code;

    if (in->at == in->end)
        return bad(in, start, "the text ends inside a character");
    enum edn_class first = edn_class_of(*in->at);
    if (first == EDN_BLANK || first == EDN_BAD)
        return bad(in, start, "a backslash with no character");
    in->at++; /* the first may be one that ends tokens */
    take_token(in);
    struct bytes text = { start + 1, (size_t)(in->at - start) - 1 };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (bytes_equal(text, bytes_of(names[i].name))) {
            *out = value_string(bytes_of(names[i].text));
            return true;
        }
    }
    if (text.len == 5 && text.data[0] == 'u' && quote_hex4(text.data + 1, in->end, &code)) {
        if (code >= 0xd800 && code <= 0xdfff)
            return bad(in, start, "half of a surrogate pair");
        text = (struct bytes){ start, (size_t)(quote_utf8(start, code) - start) };
    } else {
        size_t len = 1; /* one code point: what is valid UTF-8 continues with 10xxxxxx */
        while (len < text.len && ((unsigned char)text.data[len] & 0xc0) == 0x80)
            len++;
        if (len != text.len)
            return bad_text(in, start, text, "is no character");
    }
    *out = value_string(text);
    return true;
}

static bool check_depth(const struct reader *in, unsigned depth)
{
    if (depth < LIMIT_DEPTH)
        return true;
    return fail(in->err, ERROR_INCORRECT, "EDN at byte %zu: nested deeper than the limit of %d",
                offset_of(in, in->at), LIMIT_DEPTH);
}

static bool check_distinct(const struct reader *in, const char *start,
                           const struct value *collection)
{
    struct bytes fault;

    return value_distinct(collection, in->arena, &fault) || bad(in, start, fault.data);
}

/* Reads the items of the collection that began at `start`, from behind its opening bracket. */
static bool read_items(struct reader *in, const char *start, char closer, enum value_type type,
                       unsigned depth, struct value *out)
{
    size_t from = in->stack.count;
    struct value item = value_nil();

    for (;;) {
        if (!skip_blank(in, depth))
            return false;
        if (in->at == in->end)
            return fail(in->err, ERROR_INCORRECT,
                        "EDN at byte %zu: the text ends inside the %s that began at byte %zu",
                        offset_of(in, in->at), value_type_name(type), offset_of(in, start));
        if (*in->at == closer)
            break;
        if (!read_value(in, depth + 1, &item))
            return false;
        value_stack_push(&in->stack, item);
    }
    in->at++;
    if (type == VALUE_MAP && (in->stack.count - from) % 2)
        return bad(in, start, "a map with a key that has no value");
    *out = value_stack_take(&in->stack, from, type, in->arena);
    return true;
}

static bool read_collection(struct reader *in, char closer, enum value_type type, unsigned depth,
                            struct value *out)
{
    const char *start = in->at;

    if (!check_depth(in, depth))
        return false;
    in->at += type == VALUE_SET ? 2 : 1; /* #{ */
    if (!read_items(in, start, closer, type, depth, out))
        return false;
    return type == VALUE_VECTOR || type == VALUE_LIST || check_distinct(in, start, out);
}

/* Puts the key of a map with the namespace `ns` into it: :k is :ns/k, and :_/k is :k. */
static bool qualify(struct reader *in, const char *start, struct bytes ns, struct value *key)
{
    if (key->type != VALUE_KEYWORD && key->type != VALUE_SYMBOL)
        return true;
    if (bytes_starts_with(key->text, BYTES("_/"))) {
        key->text = (struct bytes){ key->text.data + 2, key->text.len - 2 };
    } else if (!memchr(key->text.data, '/', key->text.len)) {
        in->spread += ns.len;
        if (in->spread > LIMIT_VALUE_BYTES)
            return bad(in, start, "a long namespace for too many keys");
        key->text = arena_printf(in->arena, "%.*s/%.*s", (int)ns.len, ns.data, (int)key->text.len,
                                 key->text.data);
    }
    const char *fault = edn_name_fault(key->type, key->text);
    return !fault || bad_text(in, start, key->text, fault);
}

/* #:ns{...} */
static bool read_namespaced(struct reader *in, unsigned depth, struct value *out)
{
    const char *start = in->at;

    if (!check_depth(in, depth))
        return false;
    in->at += 2;
    struct bytes ns = take_token(in);
    const char *fault = edn_name_fault(VALUE_KEYWORD, ns);
    if (fault)
        return bad_text(in, start, ns, fault);
    if (!skip_blank(in, depth))
        return false;
    if (*in->at != '{')
        return bad_text(in, start, ns, "is a namespace with no map behind it");
    in->at++;
    if (!read_items(in, start, '}', VALUE_MAP, depth, out))
        return false;
    for (size_t i = 0; i < out->count; i++)
        if (!qualify(in, start, ns, &out->items[2 * i]))
            return false;
    return check_distinct(in, start, out);
}

/* ##Inf, ##-Inf, ##NaN */
static bool read_symbolic(struct reader *in, struct value *out)
{
    const char *start = in->at;
    struct bytes token = take_token(in);

    if (bytes_equal(token, BYTES("##Inf")))
        *out = value_double((double)INFINITY);
    else if (bytes_equal(token, BYTES("##-Inf")))
        *out = value_double(-(double)INFINITY);
    else if (bytes_equal(token, BYTES("##NaN")))
        *out = value_double((double)NAN);
    else
        return bad_text(in, start, token, "is none of ##Inf, ##-Inf and ##NaN");
    return true;
}

static const struct tag {
    const char *name;
    /* Makes a value of a string; NULL: the tag gives what it tags. */
    bool (*read)(struct bytes text, struct arena *arena, struct value *out);
    const char *fault; /* of the string, when that fails */
} tags[] = {
    { "#bytes", tagged_bytes, "is not base64" },
    { "#datascript/DB", NULL, NULL },
    { "#datascript/Datom", NULL, NULL },
    { "#inst", tagged_instant, "is no instant of RFC 3339" },
    { "#uuid", tagged_uuid, "is no uuid" },
};

static const struct tag *find_tag(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(tags); i++)
        if (bytes_equal(bytes_of(tags[i].name), name))
            return &tags[i];
    return NULL;
}

bool edn_tag_is_transparent(struct bytes name)
{
    const struct tag *tag = find_tag(name);

    return tag && !tag->read;
}

static bool read_tagged(struct reader *in, unsigned depth, struct value *out)
{
    const char *start = in->at;
    struct bytes name = take_token(in);
    const struct tag *tag = find_tag(name);
    struct value text = value_string((struct bytes){ 0 });

    if (!tag)
        return bad_text(in, start, name,
                        "is an unknown tag; known are #inst, #uuid, #bytes, #datascript/DB and "
                        "#datascript/Datom");
    if (!tag->read)
        return read_value(in, depth + 1, out);
    if (!skip_blank(in, depth))
        return false;
    const char *at = in->at;
    if (*at != '"')
        return bad_text(in, at, name, "must be followed by a string");
    if (!read_string(in, &text))
        return false;
    return tag->read(text.text, in->arena, out) || bad_text(in, at, text.text, tag->fault);
}

/* What begins with #. */
static bool read_dispatch(struct reader *in, unsigned depth, struct value *out)
{
    switch (in->at[1]) {
    case '{':
        return read_collection(in, '}', VALUE_SET, depth, out);
    case ':':
        return read_namespaced(in, depth, out);
    case '#':
        return read_symbolic(in, out);
    case '"':
        return bad(in, in->at, "#\"...\" (a regular expression) is not EDN; write a string");
    default:
        return read_tagged(in, depth, out);
    }
}

static bool read_value(struct reader *in, unsigned depth, struct value *out)
{
    if (depth > LIMIT_DEPTH && !check_depth(in, depth))
        return false;
    if (!skip_blank(in, depth))
        return false;
    if (in->at == in->end)
        return bad(in, in->at, "the text ends where a value should be");
    switch (*in->at) {
    case '"':
        return read_string(in, out);
    case ':':
        return read_name(in, VALUE_KEYWORD, out);
    case '[':
        return read_collection(in, ']', VALUE_VECTOR, depth, out);
    case '(':
        return read_collection(in, ')', VALUE_LIST, depth, out);
    case '{':
        return read_collection(in, '}', VALUE_MAP, depth, out);
    case '#':
        return read_dispatch(in, depth, out);
    case '\\':
        return read_character(in, out);
    case ')':
    case ']':
    case '}':
        return bad(in, in->at, "a closing bracket where a value should be");
    case '^':
        return bad(in, in->at, "metadata is not EDN");
    default:
        if (edn_class_of(*in->at) == EDN_BAD)
            return bad(in, in->at, "a control character");
        return read_token(in, out);
    }
}

bool edn_read_at(struct bytes text, size_t base, struct arena *arena, struct value *out,
                 struct error *err)
{
    char *copy = arena_alloc(arena, text.len + 1);
    struct reader in = {
        .start = copy,
        .at = copy,
        .end = copy + text.len,
        .base = base,
        .arena = arena,
        .err = err,
    };
    struct value value = value_nil();
    size_t offset;

    if (text.len)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    if (!bytes_utf8_valid(text, &offset))
        return bad(&in, copy + offset, "not UTF-8");
    bool ok = read_value(&in, 0, &value) && skip_blank(&in, 0);
    if (ok && in.at != in.end)
        ok = bad(&in, in.at, "more text behind the value");
    value_stack_release(&in.stack);
    if (ok)
        *out = value;
    return ok;
}

bool edn_read(struct bytes text, struct arena *arena, struct value *out, struct error *err)
{
    return edn_read_at(text, 0, arena, out, err);
}

/* --- writing --- */

static void write_value(struct buffer *out, const struct value *value, size_t end);

static void write_double(struct buffer *out, double real)
{
    char text[VALUE_DOUBLE_BYTES];

    if (isnan(real))
        buffer_append_bytes(out, BYTES("##NaN"));
    else if (isinf(real))
        buffer_append_bytes(out, real > 0 ? BYTES("##Inf") : BYTES("##-Inf"));
    else
        buffer_append_bytes(out, bytes_of(value_double_format(real, text)));
}

static void write_bytes(struct buffer *out, struct bytes bytes)
{
    buffer_append_bytes(out, BYTES("#bytes \""));
    base64_write(out, bytes);
    buffer_append_u8(out, '"');
}

static void write_collection(struct buffer *out, const struct value *value, size_t end)
{
    static const struct brackets {
        const char *open;
        char close;
    } brackets[] = {
        [VALUE_VECTOR] = { "[", ']' },
        [VALUE_LIST] = { "(", ')' },
        [VALUE_SET] = { "#{", '}' },
        [VALUE_MAP] = { "{", '}' },
    };
    size_t slots = (size_t)value->count * (value->type == VALUE_MAP ? 2 : 1);

    buffer_append_bytes(out, bytes_of(brackets[value->type].open));
    for (size_t i = 0; i < slots && out->len < end; i++) {
        if (i)
            buffer_append_u8(out, ' ');
        write_value(out, &value->items[i], end);
    }
    buffer_append_u8(out, (uint8_t)brackets[value->type].close);
}

static struct bytes cut(struct bytes text, size_t len)
{
    return (struct bytes){ text.data, text.len < len ? text.len : len };
}

/* Writes the value, and may leave out what would go behind `end`. */
static void write_value(struct buffer *out, const struct value *value, size_t end)
{
    char when[CLOCK_TEXT_BYTES], uuid[UUID_TEXT_BYTES];

    switch (value->type) {
    case VALUE_NIL:
        buffer_append_bytes(out, BYTES("nil"));
        break;
    case VALUE_BOOLEAN:
        buffer_append_bytes(out, value->boolean ? BYTES("true") : BYTES("false"));
        break;
    case VALUE_LONG:
        buffer_append_decimal(out, value->number);
        break;
    case VALUE_DOUBLE:
        write_double(out, value->real);
        break;
    case VALUE_INSTANT:
        buffer_printf(out, "#inst \"%s\"", clock_format(value->number, when));
        break;
    case VALUE_UUID:
        buffer_printf(out, "#uuid \"%s\"", uuid_format(&value->uuid, uuid));
        break;
    case VALUE_STRING:
        quote_write(out, cut(value->text, end));
        break;
    case VALUE_BYTES:
        write_bytes(out, cut(value->text, end));
        break;
    case VALUE_KEYWORD:
        buffer_append_u8(out, ':');
        buffer_append_bytes(out, value->text);
        break;
    case VALUE_SYMBOL:
        buffer_append_bytes(out, value->text);
        break;
    case VALUE_VECTOR:
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_MAP:
        write_collection(out, value, end);
        break;
    }
}

void edn_write(struct buffer *out, const struct value *value)
{
    write_value(out, value, SIZE_MAX);
}

struct bytes edn_excerpt(struct arena *arena, const struct value *value)
{
    struct buffer text = { 0 };

    write_value(&text, value, EXCERPT_BYTES + 1);
    size_t len = text.len;
    if (len > EXCERPT_BYTES) {
        len = EXCERPT_BYTES;
        while (len && ((unsigned char)text.data[len] & 0xc0) == 0x80)
            len--; /* not through the middle of a character */
    }
    struct bytes excerpt =
        arena_printf(arena, "%.*s%s", (int)len, text.data, len < text.len ? "..." : "");
    buffer_release(&text);
    return excerpt;
}
