/*
 * A query cut into its sections, from the list form (keywords between items) and the map form
 * alike. Nothing in them is understood yet.
 */
#ifndef STOA_TXD_QUERY_SECTIONS_H
#define STOA_TXD_QUERY_SECTIONS_H

#include "proto/value.h"

enum section {
    SECTION_FIND,
    SECTION_IN,
    SECTION_KEYS,
    SECTION_LIMIT,
    SECTION_OFFSET,
    SECTION_ORDER_BY,
    SECTION_STRS,
    SECTION_SYMS,
    SECTION_TIMEOUT,
    SECTION_WHERE,
    SECTION_WITH,
    SECTION_COUNT,
};

struct section_items {
    const struct value *items;
    uint32_t count;
    bool given;
};

/* Without the colon. */
const char *section_name(enum section section);

/* `form`: a vector, list or map. Fills `sections`, SECTION_COUNT of them. Errors (incorrect): it is
 * none of these, or has a section that there is not, or one twice. */
bool sections_split(const struct value *form, struct section_items *sections, struct arena *arena,
                    struct error *err) MUST_USE;

#endif
