/*
 * A query as it is understood: the abstract syntax that plan, execution and any other evaluator
 * start from. Nothing here knows a database.
 *
 * Variables are numbers. A name stands for one variable in one scope: the query is a scope, each
 * branch of a rule is one, and or-join and not-join open one in which only the variables they list
 * are the outer ones. So different variables of the same name never meet.
 *
 * Terms of a clause point into the parsed value, which lives as long as the query.
 */
#ifndef STOA_TXD_QUERY_PARSE_H
#define STOA_TXD_QUERY_PARSE_H

#include "proto/value.h"

struct function;
struct aggregate;

/* What one query may hold; a 1 MiB frame could name far more, and planning compares all clauses. */
#define CLAUSES_MAX   1000 /* of one conjunction; branches of one or */
#define TERMS_MAX     1000 /* of one clause, binding or section */
#define VARIABLES_MAX 4096 /* of the whole query */
#define BINDINGS_MAX  4096 /* items of all its bindings: each is bound inside the last one */
#define RULES_MAX     256

enum term_type { TERM_BLANK, TERM_VARIABLE, TERM_CONSTANT, TERM_SOURCE };

struct term {
    enum term_type type;
    uint32_t id;        /* of the variable or source */
    struct value value; /* of the constant */
};

/* Where a value from outside (:in) or from a function goes. */
enum binding_type {
    BINDING_BLANK,
    BINDING_VARIABLE,
    BINDING_SOURCE,     /* $x, only in :in */
    BINDING_RULES,      /* %, only in :in */
    BINDING_TUPLE,      /* [?a ?b]: items are bound one to one */
    BINDING_COLLECTION, /* [?a ...] and [[?a ?b]]: one item, bound to each in turn */
};

struct binding {
    enum binding_type type;
    uint32_t id;
    struct binding *items;
    uint32_t count;
    struct value form; /* as written, for messages */
};

struct id_set { /* variables, each once, in order of first appearance */
    uint32_t *ids;
    uint32_t count;
};

struct conjunction {
    struct clause *clauses;
    uint32_t count;
};

enum clause_type {
    CLAUSE_PATTERN,   /* [$src ?e :a ?v ?tx ?added] */
    CLAUSE_PREDICATE, /* [(f ?x ..)] */
    CLAUSE_FUNCTION,  /* [(f ?x ..) ?y] */
    CLAUSE_RULE,      /* (rule ?x ..) */
    CLAUSE_NOT,       /* (not ..), (not-join [..] ..): one branch */
    CLAUSE_OR,        /* (or ..), (or-join [..] ..): its branches */
};

#define SOURCE_IMPLICIT                                                                            \
    UINT32_MAX /* the source of what is around: $, or the caller's in a rule                       \
                */

struct clause {
    enum clause_type type;
    struct value form;  /* as written, for messages */
    uint32_t source;    /* an explicit one, or SOURCE_IMPLICIT */
    struct term *terms; /* positions of a pattern, arguments of a call */
    uint32_t term_count;
    const struct function *function;
    struct binding *binding;      /* of a function */
    uint32_t rule;                /* index in query->rules */
    struct conjunction *branches; /* of not and or */
    uint32_t branch_count;
    struct id_set variables; /* what it shares with what is around it */
    struct id_set required;  /* those of them that must be bound before it can run */
};

struct rule_branch {
    uint32_t *head; /* variables, as many as the rule's arity */
    struct conjunction body;
};

struct rule {
    struct bytes name;
    uint32_t arity;
    uint32_t required_count; /* the first so many must be bound by the caller */
    struct rule_branch *branches;
    uint32_t branch_count;
};

enum find_type { FIND_RELATION, FIND_COLLECTION, FIND_TUPLE, FIND_SCALAR };
enum element_type { ELEMENT_VARIABLE, ELEMENT_AGGREGATE, ELEMENT_PULL };

struct find_element {
    enum element_type type;
    uint32_t variable; /* that is given out, aggregated, or pulled */
    const struct aggregate *aggregate;
    struct term *arguments; /* of the aggregate, without its variable */
    uint32_t argument_count;
    uint32_t source;     /* of the pull */
    struct term pattern; /* of the pull: a constant, or a variable from :in */
    struct value form;
};

struct order_key {    /* of :order-by */
    uint32_t element; /* of :find, no pull */
    bool descends;
};

struct query {
    enum find_type find_type;
    struct find_element *elements;
    uint32_t element_count;
    struct value *keys; /* of the maps to return, one an element; NULL: no maps */
    struct id_set with;
    struct binding *inputs; /* one for each of `arguments` */
    uint32_t input_count;
    struct value *arguments; /* one an input; a source that is nil is the graph */
    struct conjunction where;
    struct rule *rules;
    uint32_t rule_count;
    struct bytes *variables; /* names */
    uint32_t variable_count;
    struct bytes *sources; /* names, in the order of :in */
    uint32_t source_count;
    uint32_t default_source; /* the one named `$`; SOURCE_IMPLICIT: there is none */
    struct order_key *order;
    uint32_t order_count;
    uint64_t limit, offset; /* as the query itself says; 0: it does not */
    uint64_t timeout_ms;    /* likewise */
};

/*
 * Reads a query in list or map form, or a string of EDN, with its arguments (a sequence, or nil).
 * Errors (incorrect) name the clause and what is wrong with it.
 */
bool query_parse(const struct value *form, const struct value *arguments, struct arena *arena,
                 struct query **out, struct error *err) MUST_USE;

/* The name of a variable as it was written. */
struct bytes query_variable_name(const struct query *query, uint32_t variable);

void id_set_add(struct id_set *set, struct arena *arena, uint32_t id);
void id_set_add_all(struct id_set *set, struct arena *arena, const struct id_set *other);
bool id_set_has(const struct id_set *set, uint32_t id);

/* fail() with the clause quoted: "... in clause [(< ?x 3)]". */
bool fail_clause(struct error *err, enum error_kind kind, struct arena *arena,
                 const struct value *form, const char *what);

#endif
