/*
 * Who is connected, as gateways announce it (BUS.md). Kept in memory only: after a restart the
 * gateways announce themselves again. A gateway that is silent for BUS_LEASE_MS is gone with all
 * its sessions. Changes are published on the feed of their graph, numbered by `seq`.
 */
#ifndef STOA_TXD_PRESENCE_H
#define STOA_TXD_PRESENCE_H

#include "txd/server.h"

struct presence;

struct presence *presence_open(struct server *server, struct uuid incarnation);
void presence_close(struct presence *presence);

/* Answers a `presence` request and publishes what it changed. */
void presence_announce(struct presence *presence, struct request *request);

/* Answers a `presence-read` request. */
void presence_read(struct presence *presence, struct request *request);

/* Ends the sessions of gateways that were silent for too long. Call about once a second. */
void presence_expire(struct presence *presence);

#endif
