/*
 * Who is there, of one graph, and what each of two audiences knows of it: the clients here, and
 * txd, which hears of our own sessions only. A list for each audience holds the entries of which it
 * knows too little. So changes merge by themselves until they are told.
 */
#ifndef STOA_GATEWAY_ROSTER_H
#define STOA_GATEWAY_ROSTER_H

#include "common/hashmap.h"
#include "proto/value.h"

enum audience { AUDIENCE_CLIENTS, AUDIENCE_TXD };

#define AUDIENCES (AUDIENCE_TXD + 1)

struct roster_entry;

/* Entries that an audience is to be told of. */
struct roster_list {
    struct roster_entry **items;
    size_t count, cap;
};

/* Zero-initialised is empty. */
struct roster {
    struct hashmap entries; /* session -> struct roster_entry */
    struct roster_list changed[AUDIENCES];
    uint64_t readings;
};

void roster_release(struct roster *roster);

/* Own sessions, by the text of their uuid. Those that are not there are not changed. */
void roster_join(struct roster *roster, struct bytes session, const struct value *user,
                 const struct value *state);
void roster_update(struct roster *roster, struct bytes session, const struct value *state);
void roster_leave(struct roster *roster, struct bytes session);

/* What is said of sessions elsewhere: {joined, updated, left}, of the feed. Own ones are left
 * alone. */
void roster_observe(struct roster *roster, const struct value *changes);

/* The sessions of everyone, [{session, user, state}]: whoever else is held here is gone. */
void roster_replace(struct roster *roster, const struct value *sessions);

/* Brings the audience up to date: {joined, updated, left}, without those that are empty. */
struct value roster_take_changes(struct roster *roster, enum audience audience,
                                 struct arena *arena);

/* Brings txd up to date by naming all own sessions, as {joined}. */
struct value roster_take_own(struct roster *roster, struct arena *arena);

/* Every session, [{session, user, state}]. */
struct value roster_full(const struct roster *roster, struct arena *arena);

static inline bool roster_changed(const struct roster *roster, enum audience audience)
{
    return roster->changed[audience].count > 0;
}

#endif
