/*
 * A transaction being built: the ids it may give out, the schema as it has made it so far, and the
 * overlay of datoms. Nothing of the graph changes until apply; a draft that is released without it
 * leaves no trace.
 */
#ifndef STOA_TXD_TX_DRAFT_H
#define STOA_TXD_TX_DRAFT_H

#include "txd/db/graph.h"
#include "txd/tx/overlay.h"

struct tuple_due { /* a composite tuple whose parts have changed */
    uint32_t e;
    uint16_t a;
    struct tuple_due *next;
};

struct attribute_due { /* an attribute entity whose datoms have changed */
    uint32_t e;
    struct attribute_due *next;
};

struct schema_held {
    struct schema *schema;
    struct schema_held *next;
};

struct draft {
    struct arena *arena;
    struct graph *graph;
    const struct head *head;
    const struct recent *recent; /* NULL: nothing is remembered */
    struct db db;                /* what the head holds */
    enum flexibility flexibility;
    uint32_t t, tx_e;
    uint32_t next_e, next_a;  /* the next free ids */
    struct schema *schema;    /* as the forms so far have made it */
    struct schema_held *held; /* all schemas of the draft: attributes of each may be pointed to */
    struct attribute_due *attributes_due;
    struct attribute_due *attributes_changed; /* every one that was ever due */
    uint8_t *attribute_marks;                 /* of each attribute id, for declare.c; NULL: all 0 */
    uint32_t attribute_changes;
    struct tuple_due *tuples_due, **tuples_last;
    size_t operations;
    struct overlay overlay;
};

/* On the graph's head, by its writer. Errors: incorrect when the graph's t has come to its end. */
bool draft_init(struct draft *draft, struct graph *graph, struct arena *arena,
                struct error *err) MUST_USE;

/* On a snapshot, by any thread; it can only be previewed. `head` is room for what the snapshot
 * holds, and lives as long as the draft. */
bool draft_init_with(struct draft *draft, const struct snapshot *snapshot, struct head *head,
                     struct arena *arena, struct error *err) MUST_USE;

/* Forgets all forms, to begin again. */
void draft_reset(struct draft *draft);
void draft_release(struct draft *draft);

/* A new user entity, or attribute entity. Errors: incorrect when no id is left. */
bool draft_new_entity(struct draft *draft, uint32_t *e, struct error *err) MUST_USE;
bool draft_new_attribute(struct draft *draft, uint32_t *e, struct error *err) MUST_USE;

/* The attribute of a datom: as the forms have made it, or as it was when they have retracted it. */
const struct attribute *draft_attribute(const struct draft *draft, uint16_t a);

/* A user id that a client has named is used from now on. */
void draft_use_entity(struct draft *draft, uint32_t e);

/* Counts one more operation. Errors: incorrect over the limit, and as overlay_room(). */
bool draft_count(struct draft *draft, struct error *err) MUST_USE;

#endif
