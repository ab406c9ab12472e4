/*
 * One client of the fault tests: writes operations as history.h says, keeps a mirror of the graph,
 * goes to another gateway when its own dies, and sends again what was not answered, in order and
 * with the same tx_id. Everything it does and is sent becomes an event.
 *
 * An operation asserts its name on a new entity, overwrites and grows shared registers that all
 * clients write to; one in sixteen ends with a compare-and-swap that must fail.
 */
#ifndef STOA_TESTS_FAULT_CLIENT_H
#define STOA_TESTS_FAULT_CLIENT_H

#include "tests/fault/history.h"
#include "tests/load/mirror.h"
#include "tests/load/session.h"

/* Operations of one client that wait for their answer. */
#define CLIENT_PENDING_MAX 4

struct pending {
    int64_t number;
    struct uuid tx_id;
    bool sent; /* on the socket there is now */
    bool must_fail;
};

struct client {
    int64_t number;
    FILE *history;
    bool json;
    const uint16_t *ports; /* of the gateways */
    unsigned port_count, gateway;
    uint64_t random; /* state of its generator */

    struct session session;
    bool open, welcomed, synced;
    int64_t sessions; /* connections so far */
    int64_t retry_us; /* when to connect or send again */

    struct mirror mirror;
    struct uuid epoch;
    bool has_epoch;
    int64_t t;             /* the last applied */
    int64_t sent_t;        /* the last t of this socket */
    int64_t snapshot_left; /* datoms of the snapshot still to come */

    bool audits;     /* asks for the log from its beginning */
    bool writes;     /* begins new operations */
    int64_t next_us; /* when to begin the next one */
    int64_t pace_us; /* mean time between them */
    int64_t next_number, acked, faults;
    int64_t acked_t; /* the highest t it was told */
    struct pending pending[CLIENT_PENDING_MAX];
    size_t pending_count;
};

void client_init(struct client *client, int64_t number, FILE *history, const uint16_t *ports,
                 unsigned port_count, uint64_t seed);
void client_release(struct client *client);

/* Begins and sends what is due, and connects when there is no connection. */
void client_turn(struct client *client, int64_t now_us);

/* Takes what has come on the socket. */
void client_receive(struct client *client, int64_t now_us);

/* A number below `bound` from the client's generator (splitmix64). */
uint64_t client_random(uint64_t *state, uint64_t bound);

#endif
