/* What edn.c and edn_stream.c both know of EDN's text. Nobody else includes this. */
#ifndef STOA_PROTO_EDN_TEXT_H
#define STOA_PROTO_EDN_TEXT_H

#include "proto/edn.h"

enum edn_class {
    EDN_BAD,       /* control characters */
    EDN_TOKEN,     /* may be part of a keyword, symbol or number; # and ' as in Clojure */
    EDN_BLANK,     /* white space; a comma is one */
    EDN_DELIMITER, /* ends a token, and begins something itself */
};

static inline enum edn_class edn_class_of(char c)
{
    switch (c) {
    case ' ':
    case ',':
    case '\t':
    case '\n':
    case '\v':
    case '\f':
    case '\r':
        return EDN_BLANK;
    case '"':
    case ';':
    case '^':
    case '\\':
    case '(':
    case ')':
    case '[':
    case ']':
    case '{':
    case '}':
        return EDN_DELIMITER;
    default:
        return (unsigned char)c < ' ' || c == 0x7f ? EDN_BAD : EDN_TOKEN;
    }
}

/* True when the tag, with its #, is known and gives what it tags. */
bool edn_tag_is_transparent(struct bytes name);

/* As edn_read(), of a text that is at `base` of a longer one: for the offsets in errors. */
bool edn_read_at(struct bytes text, size_t base, struct arena *arena, struct value *out,
                 struct error *err) MUST_USE;

#endif
