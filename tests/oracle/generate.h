/*
 * Random histories and questions. They are small, with few entities and few values, so that what
 * is joined meets; and they go where optimisers have gone wrong before: predicates between two
 * variables, `not` whose variables all come from :in, cycles of joins, constants in the output of
 * recursive rules, variables repeated in one clause, rules that use the names of their callers,
 * attributes without datoms, closures longer than any page, retraction and assertion in one
 * transaction, and :find in any order.
 */
#ifndef STOA_TESTS_ORACLE_GENERATE_H
#define STOA_TESTS_ORACLE_GENERATE_H

#include "common/buffer.h"
#include "proto/value.h"
#include "tests/oracle/random.h"

enum kind { /* of variables and of what attributes hold */
            KIND_ENTITY,
            KIND_LONG,
            KIND_STRING,
            KIND_KEYWORD,
            KIND_BOOLEAN,
            KIND_DOUBLE,
            KIND_ANY,
            KIND_ATTRIBUTE,
            KIND_TX,
            KIND_ADDED,
            KINDS,
};

struct generated_attribute {
    const char *name;
    enum kind kind;
    bool many;
    const char *always;    /* what every schema says of it */
    const char *sometimes; /* what one in two does */
};

#define GENERATED_ATTRIBUTES 15
extern const struct generated_attribute generated_attributes[GENERATED_ATTRIBUTES];

/* How many entities a history is about, its t + 1 at the end, and whether :name is unique.
 */
struct scale {
    uint32_t entities, transactions;
    bool named;
};

/* A vector of tx_data, the first of which declares attributes. */
struct value generate_history(struct random *random, struct arena *arena, struct scale *out);

/* The history with changes of the schema between its transactions: attributes that are indexed,
 * made unique, made many or one, made components, and back. Not all are possible. */
struct value generate_changes(struct random *random, const struct value *history,
                              struct arena *arena);

/* Entities 1 .. handle, each the :friend of the one before it; the last has `ribs` friends, and
 * these one, whose id is handle + ribs + 1. */
struct value generate_fan(uint32_t handle, uint32_t ribs, struct arena *arena);

/* {:query .. :args .. :as-of .. :since .. :history ..} (verdict.h) */
struct value generate_question(struct random *random, const struct scale *scale,
                               struct arena *arena);

/* Appends a value of the kind, as EDN. */
void generate_value(struct random *random, enum kind kind, uint32_t entities, struct buffer *out);

#endif
