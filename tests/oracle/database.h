/*
 * The naive evaluator's database: an array of everything that was ever asserted or retracted, in
 * the order of the log, and what was declared of attributes. No index, and nothing of txd's.
 */
#ifndef STOA_TESTS_ORACLE_DATABASE_H
#define STOA_TESTS_ORACLE_DATABASE_H

#include "proto/value.h"

#define ORACLE_TX_BASE ((int64_t)1 << 29) /* the transaction t is the entity 2^29 + t */

struct fact {
    int64_t e;
    struct bytes a; /* ident without colon */
    struct value v;
    int64_t t;
    bool added;
};

struct facts {
    struct fact *items;
    size_t count, cap;
};

/* What is known of an attribute; an unknown one has one value, of any type. */
struct property {
    struct bytes ident;
    bool many, ref, component, unique, no_history, real;
};

struct database {
    struct arena arena;
    struct facts log;
    struct property *properties;
    size_t property_count, property_cap;
};

/* Which facts a query sees. */
struct moment {
    bool has_as_of, has_since, history;
    int64_t as_of, since;
};

void database_release(struct database *database);

/* Learns attributes from the maps with a :db/ident among the forms of a transaction. */
void database_declare(struct database *database, const struct value *tx_data);

/* Adds the datoms [e a v added] of transaction t, in order. */
void database_add(struct database *database, int64_t t, const struct value *datoms);

/* NULL: never declared. */
const struct property *database_property(const struct database *database, struct bytes ident);

/* The facts of a moment: with history all that happened, else what holds. */
struct facts database_view(const struct database *database, const struct moment *moment,
                           struct arena *arena);

void facts_add(struct facts *facts, struct arena *arena, const struct fact *fact);

/* The order of eavt: by entity, attribute, value, t. */
void facts_sort(struct facts *facts);

#endif
