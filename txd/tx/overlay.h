/*
 * What the transaction has changed so far, over what the store holds: every question about the
 * present state of the graph that a form asks is answered here. Datoms are fetched from the store
 * when first asked for and kept; an entity or attribute that the transaction itself has made is
 * known to have none, and is never looked for.
 *
 * Everything is in the arena of the transaction, and stays where it is.
 */
#ifndef STOA_TXD_TX_OVERLAY_H
#define STOA_TXD_TX_OVERLAY_H

#include "txd/db/index.h"
#include "txd/tx/recent.h"
#include "txd/tx/table.h"

/* A datom that some form has touched or asked for. */
struct pending {
    struct chain chain;   /* by e, a and v */
    struct chain target;  /* by v, of refs */
    struct pending *next; /* of the overlay, in the order of first touch */
    struct pending *next_in_group;
    struct pending *next_of_holder;
    struct group *group;
    uint32_t e;
    uint32_t t; /* when it was added, if `before` */
    uint16_t a;
    bool before; /* it is in the store */
    bool is_ref;
    bool now; /* it is there after the forms so far */
    struct value v;
};

/* The datoms of one entity and attribute. */
struct group {
    struct chain chain; /* by e and a */
    uint32_t e;
    uint16_t a;
    bool whole;       /* all that the store has of it is here */
    uint32_t present; /* how many of its datoms are `now`: walks end when they have seen them */
    struct pending *first;
    struct group *next_of_entity;
};

struct entity {
    struct chain chain; /* by e */
    uint32_t e;
    bool whole;
    bool targeted;      /* all references to it in the store are here */
    uint32_t referrers; /* how many references to it are `now` */
    bool asserted;      /* some form has added a datom to it, if a redundant one */
    struct group *groups;
};

struct overlay {
    struct arena *arena;
    const struct db *db;
    const struct recent *recent;     /* NULL: nothing is remembered */
    uint32_t fresh_e, fresh_a, tx_e; /* ids from here on, and this one, have nothing in the store */
    struct table datoms, groups, entities, holders, targets;
    struct pending *first, **last;
    struct index_values *values; /* NULL until the first is asked for */
};

void overlay_init(struct overlay *overlay, struct arena *arena, const struct db *db,
                  const struct recent *recent, uint32_t fresh_e, uint32_t fresh_a, uint32_t tx_e);
void overlay_release(struct overlay *overlay); /* what is not in the arena */

/* Errors: incorrect when the arena has come to LIMIT_TX_MEMORY_BYTES. What reads looks by itself.
 */
bool overlay_room(const struct overlay *overlay, struct error *err) MUST_USE;

/* The entity's place in the overlay; nothing is read. */
struct entity *overlay_entity(struct overlay *overlay, uint32_t e);

/* The datom; `before` and `now` are false when it is nowhere. `v` must live as long as the
 * overlay. */
bool overlay_find(struct overlay *overlay, uint32_t e, const struct attribute *a,
                  const struct value *v, struct pending **out, struct error *err) MUST_USE;

/* The datom is there, or not, from now on. */
void overlay_set(struct overlay *overlay, struct pending *pending, bool now);

/* All datoms of the entity and attribute; those that are not `now` are among them. */
bool overlay_values(struct overlay *overlay, uint32_t e, uint16_t a, struct group **out,
                    struct error *err) MUST_USE;

/* All datoms of the entity, by its groups. */
bool overlay_whole(struct overlay *overlay, uint32_t e, struct entity **out,
                   struct error *err) MUST_USE;

/* All datoms whose value is a ref to `e`: overlay_target() walks them. */
bool overlay_targets(struct overlay *overlay, uint32_t e, struct error *err) MUST_USE;

/* The next one after `at` (NULL: the first) that is `now`; NULL at the end. */
struct pending *overlay_target(const struct overlay *overlay, uint32_t e, struct pending *at);

/* Which entity holds the value of a unique attribute now. */
bool overlay_holder(struct overlay *overlay, const struct attribute *a, const struct value *v,
                    bool *found, uint32_t *e, struct error *err) MUST_USE;

/* True when the transaction has changed a datom of the attribute. */
bool overlay_changed(const struct overlay *overlay, uint16_t a);

#endif
