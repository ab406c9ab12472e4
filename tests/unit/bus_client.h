/*
 * A txd inside the test's own process, on free ports and a temporary folder, and a client of its
 * bus. Failures end the test.
 */
#ifndef STOA_TESTS_UNIT_BUS_CLIENT_H
#define STOA_TESTS_UNIT_BUS_CLIENT_H

#include "proto/value.h"
#include "txd/txd.h"

struct txd_fixture {
    struct txd *txd;
    char dir[64];
    char request_url[64], feed_url[64];
};

void txd_fixture_open(struct txd_fixture *fixture);

/* Closes the txd and opens it again on the same folder: another incarnation. */
void txd_fixture_restart(struct txd_fixture *fixture);
void txd_fixture_close(struct txd_fixture *fixture); /* removes the folder */

/* Connections; each may be used by one thread. */
struct bus_client;
struct bus_client *bus_client_open(const struct txd_fixture *fixture);
void bus_client_close(struct bus_client *client);

/* Sends the EDN map (string keys) and gives the answer. */
struct value bus_client_ask(struct bus_client *client, const char *edn, struct arena *arena);

/* A subscription to one topic. */
struct bus_feed;
struct bus_feed *bus_feed_open(const struct txd_fixture *fixture, const char *topic);
void bus_feed_close(struct bus_feed *feed);

/* The next message of type `type`, skipping others; waits at most 10 s. */
struct value bus_feed_next(struct bus_feed *feed, const char *type, struct arena *arena);

#endif
