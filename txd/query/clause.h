/* Reading :where: data patterns, calls, rules, not and or. See parse.h for what comes out. */
#ifndef STOA_TXD_QUERY_CLAUSE_H
#define STOA_TXD_QUERY_CLAUSE_H

#include "txd/query/parse.h"

/* What reading shares from the first section of a query to the last. */
struct parser {
    struct query *query;
    struct arena *arena;
    uint32_t variable_cap, source_cap, bindings;
    bool vectors_call; /* the form came as data, in which lists have become vectors */
    bool looks;        /* something in the query looks into a source */
};

/* The names that are seen in one scope. */
struct scope {
    struct bytes *names;
    uint32_t *ids;
    uint32_t count, cap;
};

bool symbol_is_variable(const struct value *form); /* ?x */
bool symbol_is_source(const struct value *form);   /* $, $x */
bool symbol_is_blank(const struct value *form);    /* _ */

/*
 * A form that calls something: (count ?x), (not ..), ($ rule ?x). What came as data in MessagePack
 * or JSON has vectors for lists; there a vector is a call when it begins with a symbol that is
 * neither a variable nor a source, which no pattern or binding does.
 */
bool parser_is_call(const struct parser *parser, const struct value *form);

/* A clause that begins with a call: also [[?f ?x]] as data, since no entity is written so. */
bool parser_begins_with_call(const struct parser *parser, const struct value *form);

/* The variable that the name stands for in the scope, made when it is not there. */
uint32_t scope_variable(struct parser *parser, struct scope *scope, struct bytes name);

/* UINT32_MAX when the name stands for nothing there. */
uint32_t scope_find(const struct scope *scope, struct bytes name);

/* The source of that name; incorrect when :in has none. */
bool parser_source(struct parser *parser, struct bytes name, const struct value *form,
                   uint32_t *out, struct error *err) MUST_USE;

/* A term: `_`, a variable, a source, or a constant. A symbol of another kind is a variable when
 * :in has it, else a constant. */
bool parse_term(struct parser *parser, struct scope *scope, const struct value *form,
                const struct value *clause, struct term *out, struct error *err) MUST_USE;

/* `?x`, `_`, `[?x ?y]`, `[?x ...]`, `[[?x ?y]]`; with `inputs` also $x, % and plain symbols. */
bool parse_binding(struct parser *parser, struct scope *scope, const struct value *form,
                   bool inputs, struct binding *out, struct error *err) MUST_USE;

/* The variables that a binding binds. */
void binding_variables(const struct binding *binding, struct arena *arena, struct id_set *out);

/* `forms` are the clauses. */
bool parse_conjunction(struct parser *parser, struct scope *scope, const struct value *forms,
                       uint32_t count, struct conjunction *out, struct error *err) MUST_USE;

/* The list of a rule's head, or-join or not-join: `?a ?b` or `[?required ..] ?free ..`. */
bool parse_rule_variables(struct parser *parser, struct scope *scope, const struct value *forms,
                          uint32_t count, const struct value *clause, struct id_set *all,
                          uint32_t *required_count, struct error *err) MUST_USE;

#endif
