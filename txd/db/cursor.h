/*
 * Reading datoms. Every read, by readers and by the writer, goes through here or through the
 * look-ups of index.h.
 *
 * A struct db is a database value: a view of the store and the basis to read it at. With as_of T
 * and no history it sees the current datoms with t <= T and the past ones with
 * t added <= T < t retracted. With `since` S it sees of those the ones with t > S. With history it
 * sees every assertion and retraction up to as_of. A current read never touches past keys.
 */
#ifndef STOA_TXD_DB_CURSOR_H
#define STOA_TXD_DB_CURSOR_H

#include "txd/db/schema.h"
#include "txd/db/store.h"

struct datom {
    uint32_t e;
    uint16_t a;
    bool added; /* false only in history and in reports of transactions */
    uint32_t t; /* of the assertion; of a retraction (added false): when it was retracted */
    struct value v;
};

struct db {
    struct store *store;
    const struct store_view *view; /* NULL: what is written now (only the graph's writer) */
    struct schema *schema;         /* of `t`; not retained */
    struct extents *extents;       /* what of it is in memory (extents.h); NULL: the store alone */
    uint32_t t;                    /* the newest transaction in the view */
    uint32_t as_of;                /* T_MAX: the newest */
    uint32_t since;                /* 0: the beginning */
    bool history;
    bool speculative; /* `view` holds a transaction that is not committed (tx_with()) */
};

/* True when a read of `db` looks at past datoms too. */
static inline bool db_reads_past(const struct db *db)
{
    return db->history || db->as_of < db->t;
}

/* How many leading components of an index are given: of eavt 1 is e, 2 is e a, 3 is e a v. */
struct components {
    uint32_t count; /* 0 .. 4; the fourth is t and only filters */
    uint32_t e;
    uint16_t a;
    struct value v;
    uint32_t t;
};

/*
 * A walk over an index in its order (backwards when `reverse`), over the datoms that begin with
 * `prefix`, from the first one at or after `from` (at or before, when reverse). `prefix` and `from`
 * may be NULL, and are copied. Inside one (e a v) history is in order of t. Values are sorted by
 * their full text even where keys hold only a prefix.
 *
 * A prefix is exact: 1 is not 1.0. When the value is the last component of `from`, it is compared
 * as value_compare() does: from 1.0 on begins at 1. Attributes that are not in avet or vaet have no
 * datoms there.
 *
 *     struct cursor *cursor = cursor_open(&db, INDEX_AEVT, &prefix, NULL, false);
 *     while (cursor_next(cursor, &datom))
 *         ...
 *     if (!cursor_check(cursor, err))
 *         ...
 *     cursor_close(cursor);
 */
struct cursor;
struct cursor *cursor_open(const struct db *db, enum index index, const struct components *prefix,
                           const struct components *from, bool reverse);

/* The next datom; its value is valid until the next call. False at the end, or on failure. */
bool cursor_next(struct cursor *cursor, struct datom *out);

/* When the datom that was given out last was retracted; 0: it is there. */
uint32_t cursor_retracted(const struct cursor *cursor);

/* True when cursor_next() returned false because it came to the end. */
bool cursor_check(const struct cursor *cursor, struct error *err) MUST_USE;

/* Accepts NULL. */
void cursor_close(struct cursor *cursor);

#endif
