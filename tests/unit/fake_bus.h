/*
 * gateway/bus.h without a txd: what is asked is kept until the test answers it. A program with this
 * file in it uses it in place of gateway/bus.c.
 */
#ifndef STOA_TESTS_UNIT_FAKE_BUS_H
#define STOA_TESTS_UNIT_FAKE_BUS_H

#include "gateway/bus.h"

/* The oldest request of this type that is not answered; NULL when there is none. Valid until it is
 * answered. */
const struct value *fake_bus_asked(struct bus *bus, const char *type);

/* How many are not answered. */
size_t fake_bus_count(const struct bus *bus, const char *type);

/* Answers that request. */
void fake_bus_answer(struct bus *bus, const char *type, const struct value *answer);
void fake_bus_fail(struct bus *bus, const char *type, enum error_kind kind);

/* While true, requests wait in the gateway and can be withdrawn. */
void fake_bus_hold(struct bus *bus, bool hold);

/* A value written as EDN, in `arena`. */
struct value fake_bus_value(struct arena *arena, const char *edn);

#endif
