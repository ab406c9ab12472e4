/*
 * What one request may use: time, memory and rows. Every loop over data counts its turns here, so
 * that no query runs on after its limit or after its client has gone.
 */
#ifndef STOA_TXD_QUERY_BUDGET_H
#define STOA_TXD_QUERY_BUDGET_H

#include "common/arena.h"
#include "txd/query/query.h"

#define BUDGET_TURNS 1024 /* loops look at the clock once in so many turns */

struct budget {
    const struct query_limits *limits;
    const struct arena *arena; /* whose memory is limited */
    uint32_t turns;
};

/* Looks at everything now. Errors (interrupted) name the limit. */
bool budget_check(const struct budget *budget, struct error *err) MUST_USE;

/* Whether `rows` rows of `width` values may still be made, before they are. */
bool budget_room(const struct budget *budget, uint64_t rows, uint64_t width,
                 struct error *err) MUST_USE;

/* Whether `bytes` more may still be taken, in the arena or beside it, before they are. */
bool budget_bytes(const struct budget *budget, uint64_t bytes, struct error *err) MUST_USE;

/* The same for a relation that has grown to `rows`. */
bool budget_rows(const struct budget *budget, uint64_t rows, struct error *err) MUST_USE;

/* One turn of a loop: looks now and then. */
static inline bool MUST_USE budget_turn(struct budget *budget, struct error *err)
{
    return ++budget->turns % BUDGET_TURNS != 0 || budget_check(budget, err);
}

#endif
