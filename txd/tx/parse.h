/*
 * The first stage: what a client sent, as forms whose shape is right. Nothing is known here of the
 * graph; entities and values are as they were written.
 */
#ifndef STOA_TXD_TX_PARSE_H
#define STOA_TXD_TX_PARSE_H

#include "proto/value.h"

enum form_kind {
    FORM_ADD,               /* [:db/add e a v] */
    FORM_RETRACT,           /* [:db/retract e a v] */
    FORM_RETRACT_ATTRIBUTE, /* [:db/retract e a], [:db.fn/retractAttribute e a] */
    FORM_RETRACT_ENTITY,    /* [:db/retractEntity e] */
    FORM_CAS,               /* [:db/cas e a old new] */
    FORM_MAP,               /* {:db/id e, a v, ...} */
};

struct form_entry { /* of a map, in the order written; without :db/id */
    struct bytes attribute;
    bool reverse; /* :a/_b; `attribute` is a/b */
    const struct value *value;
};

struct form {
    enum form_kind kind;
    const struct value *source;
    const struct value *entity; /* NULL: a map without :db/id */
    struct bytes attribute;     /* without colon */
    const struct value *value;
    const struct value *old;
    struct form_entry *entries;
    uint32_t entry_count;
};

/*
 * The forms of tx_data: a vector or list of them, or a string that holds one as EDN; nils among
 * them are left out. They point into `tx_data` and `arena`. Errors (incorrect) name the form.
 */
bool parse_tx_data(const struct value *tx_data, struct arena *arena, struct form **forms,
                   size_t *count, struct error *err) MUST_USE;

/* A map form, at top level or as the value of a ref. */
bool parse_map(const struct value *map, struct arena *arena, struct form *out,
               struct error *err) MUST_USE;

/* The name in an attribute's position: a keyword, or a string with or without its colon. */
bool parse_attribute(const struct value *value, struct arena *arena, struct bytes *out,
                     struct error *err) MUST_USE;

#endif
