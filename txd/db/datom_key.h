/*
 * The keys of a datom in the indexes, by key.h's table. The body of a key is what current and past
 * keys share: all but the first byte and a past key's two times.
 */
#ifndef STOA_TXD_DB_DATOM_KEY_H
#define STOA_TXD_DB_DATOM_KEY_H

#include "txd/db/key.h"

/* Of a past key's two times, of each of them, of an entity and of an attribute. */
enum { PAST_BYTES = 8, T_BYTES = 4, E_BYTES = 4, A_BYTES = 2 };

enum component { COMPONENT_E, COMPONENT_A, COMPONENT_V };

/* By index, the components in the order of its body. */
extern const enum component datom_key_orders[][3];

/* The first byte of an index's keys. */
uint8_t datom_key_tag(enum index index, bool past);

/* Appends the body. `encoded` is the value as key_append_value() has it; vaet, whose values are
 * refs, does not use it. */
void datom_key_append(struct buffer *key, enum index index, uint32_t e, uint16_t a,
                      const struct value *v, struct bytes encoded);

/* The value's bytes inside a body, and the entity and attribute of one. */
struct bytes datom_key_value(enum index index, struct bytes body);
void datom_key_ids(enum index index, struct bytes body, uint32_t *e, uint16_t *a);

/* The entity that a value refers to, as vaet holds it; false when it can be no ref. */
bool datom_key_ref(const struct value *v, uint32_t *out);

#endif
