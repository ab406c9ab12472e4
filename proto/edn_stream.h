/*
 * Reading a long EDN text in pieces. The reader keeps what it has not consumed; a value is given
 * out once its last byte has been seen. Between values the caller may step into a collection and
 * read its items one by one, so that memory holds one item and not the whole file.
 *
 * After EDN_MORE the same function is called again. After EDN_ERROR nothing but close. Of a
 * collection that is entered, keys and items that come twice are not noticed.
 */
#ifndef STOA_PROTO_EDN_STREAM_H
#define STOA_PROTO_EDN_STREAM_H

#include "proto/value.h"

struct edn_stream;

enum edn_step {
    EDN_VALUE, /* *out is the next whole value at the level the stream stands at */
    EDN_CLOSE, /* the collection that was entered is at its end, and has been left */
    EDN_MORE,  /* feed more text, or say that it has ended */
    EDN_END,   /* the text ended where it may end */
    EDN_ERROR,
};

/* A value with more text than `value_bytes_max`, other than one that is entered, is an error. */
struct edn_stream *edn_stream_open(size_t value_bytes_max);

/* Accepts NULL. */
void edn_stream_close(struct edn_stream *stream);

/* Copies `text`. What has been fed and not yet read is kept: feed on EDN_MORE. */
void edn_stream_feed(struct edn_stream *stream, struct bytes text);
void edn_stream_end(struct edn_stream *stream);

/* The next value, whole, in `arena`. Errors (incorrect) name the byte offset in all that was fed.
 */
enum edn_step edn_stream_next(struct edn_stream *stream, struct arena *arena, struct value *out,
                              struct error *err) MUST_USE;

/*
 * Enters the next value, which must be a vector, list, set or map (tags #datascript/DB and
 * #datascript/Datom before it are skipped): EDN_VALUE with *out an empty collection of its type,
 * then edn_stream_next() gives its items (of a map: key, value, key, ...) and EDN_CLOSE.
 */
enum edn_step edn_stream_enter(struct edn_stream *stream, struct value *out,
                               struct error *err) MUST_USE;

#endif
