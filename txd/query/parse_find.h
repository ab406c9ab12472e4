/* Reading :find, :keys (:strs, :syms), :with and :order-by. See parse.h for what comes out. */
#ifndef STOA_TXD_QUERY_PARSE_FIND_H
#define STOA_TXD_QUERY_PARSE_FIND_H

#include "txd/query/clause.h"
#include "txd/query/sections.h"

/* Fills the query's find_type, elements, keys, with and order. */
bool parse_find(struct parser *parser, struct scope *scope, const struct section_items *sections,
                struct error *err) MUST_USE;

/* Once :in and :where have been read: what is found must be bound by :in, or by a clause other than
 * `not`. */
bool parse_find_check(struct parser *parser, struct error *err) MUST_USE;

#endif
