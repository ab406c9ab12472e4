/* Reading the rules that come for % in :in. See parse.h for what comes out. */
#ifndef STOA_TXD_QUERY_PARSE_RULES_H
#define STOA_TXD_QUERY_PARSE_RULES_H

#include "txd/query/clause.h"

/* Fills the query's rules from the argument for %, if :in has one. */
bool parse_rules(struct parser *parser, struct error *err) MUST_USE;

#endif
