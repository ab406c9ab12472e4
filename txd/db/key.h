/*
 * Keys of a graph's RocksDB. Byte order (memcmp) is index order, so that a range of datoms is a
 * range of keys. All integers are big-endian.
 *
 *   byte 0   what                       rest of the key                           value
 *   'E'      eavt, current              e:4 a:2 v                                 t:4 tail
 *   'A'      aevt, current              a:2 e:4 v                                 t:4 tail
 *   'V'      avet, current              a:2 v e:4                                 t:4 tail
 *   'R'      vaet, current              v:4 a:2 e:4                               t:4
 *   'e' 'a' 'v' 'r'  the same, past     as above, then t added:4 t retracted:4    tail
 *   'L'      log                        t:4                                       log.h's record
 *   'X'      tx_id                      00 00 uuid:16                             t:4
 *   'M'      metadata of the graph      name                                      graph.h's table
 *
 *   e    entity id. User entities 1 .. 2^29-65537, attributes 2^29-65536 .. 2^29-1, the
 *        transaction t is 2^29+t.
 *   a    attribute: its entity id less 2^29-65536.
 *   v    the value, by its type byte:
 *
 *        0x05        nil (only inside tuples)
 *        0x08, 0x09  false, true
 *        0x10        double below -2^63, -Infinity      then its ordered bits:8
 *        0x11..0x18  negative number, 8..1 bytes        floor(n) in as many bytes, ones' complement
 *                                                       of its magnitude, then the kind
 *        0x19        number with floor 0                then the kind
 *        0x1a..0x21  positive number, 1..8 bytes        floor(n), then the kind
 *        0x22        double of 2^63 and above, Infinity then its ordered bits:8
 *        0x23        NaN
 *                    kind: 0x00 a long; 0x01 an integral double; 0x02 then ordered bits:8 of a
 *                    double that has a fraction. -0.0 is stored as 0.0.
 *        0x28        instant                            ms with the sign bit flipped:8
 *        0x30        uuid                               16 bytes
 *        0x38        string                             text
 *        0x40        keyword                            text
 *        0x48        symbol                             text
 *        0x50        bytes                              text
 *        0x58        vector (also every tuple)          items, each an encoded value, then 0x00
 *        0x60        list                               likewise
 *        0x68        set                                text of its canonical MessagePack encoding
 *        0x70        map                                likewise
 *
 *        text: the bytes with 00 written as 00 FF, ended by 00 01. Of a text longer than
 *        KEY_TEXT_BYTES only so many bytes, then 00 02 and XXH3-128 of the whole:16 (so that it
 *        follows the text that is just those bytes).
 *
 *        Inside a vector or list texts are never cut, and an integral double has the kind of the
 *        long it equals, so that [1.0 2] is before [1 3]. A vector or list whose encoding would be
 *        longer than KEY_SEQUENCE_BYTES is its type byte, 0xff, then like a set; such values sort
 *        after shorter ones of their type.
 *
 *        A collection that holds integral doubles differs in its end from what it equals otherwise:
 *        in place of the last 00 of a vector or list 01, in place of the 00 01 of a text 00 03,
 * each then XXH3-128:16 of the kinds (a byte each) of its integers and integral doubles in
 *        canonical order; that hash is xored to the one of a text that was cut.
 *
 *   tail the rest of the key's value. Empty when the key tells the value; else the whole text of a
 *        cut text, or the MessagePack encoding, as it was given, of a collection that was cut or
 *        that holds an integral double.
 *
 * No encoded value is a prefix of another, so what follows a value never disturbs the order.
 */
#ifndef STOA_TXD_DB_KEY_H
#define STOA_TXD_DB_KEY_H

#include "common/buffer.h"
#include "proto/value.h"

#define ATTRIBUTE_ENTITY_BASE ((uint32_t)(1u << 29) - 65536u) /* the entity of attribute 0 */
#define TX_ENTITY_BASE        ((uint32_t)1u << 29)            /* the entity of t 0 */
#define USER_ENTITY_MAX       (ATTRIBUTE_ENTITY_BASE - 1u)
#define T_MAX                 ((uint32_t)(1u << 31) - 1u - TX_ENTITY_BASE)

/* Keys with the same first bytes are of one kind: an entity's neighbours, one attribute's datoms.
 * Most kinds are written in ascending order, and a writer can go on at the last key of the kind. So
 * tx_ids, which come in no order, are of one kind. */
#define KEY_KIND_BYTES 3

#define KEY_TEXT_BYTES     256
#define KEY_SEQUENCE_BYTES 1024

enum index { INDEX_EAVT, INDEX_AEVT, INDEX_AVET, INDEX_VAET };

static inline bool entity_is_user(uint32_t e)
{
    return e >= 1 && e <= USER_ENTITY_MAX;
}

static inline bool entity_is_attribute(uint32_t e)
{
    return e >= ATTRIBUTE_ENTITY_BASE && e < TX_ENTITY_BASE;
}

static inline bool entity_is_tx(uint32_t e)
{
    return e >= TX_ENTITY_BASE;
}

/* What an exact look-up gives of a key: of eavt, current, the entity and the attribute; of vaet,
 * current, the value; of avet, current, all but the entity; a tx_id; of any other key nothing: no
 * bytes of it, at its start. */
struct bytes key_lookup_part(struct bytes key);

/* The look-up part that all keys have which begin with `key`; nothing unless it is of eavt or vaet.
 */
struct bytes key_group_part(struct bytes key);

/* Appends the encoded value. When the whole does not fit the key, *tail is what belongs into the
 * key's value (it may point into `v` or `scratch`); else it is empty. */
void key_append_value(struct buffer *key, const struct value *v, struct buffer *scratch,
                      struct bytes *tail);

/* Appends what the encodings of all values begin with that value_compare() gives 0 for with `v`: 1
 * and 1.0, say. With *behind after it, it is a key behind all of theirs, and before the next. */
void key_append_head(struct buffer *key, const struct value *v, struct buffer *scratch,
                     uint8_t *behind);

/*
 * Reads the encoded value at the head of `in`, with `tail` from the key's value. *len is what it
 * took. Texts point into `tail`, or into `in` where they hold no NUL, else into `arena`.
 * Errors: fault, when the bytes are not what key_append_value() writes.
 */
bool key_read_value(struct bytes in, struct bytes tail, struct arena *arena, struct value *out,
                    size_t *len, struct error *err) MUST_USE;

/* The length of an encoded value, or of its part before the hash when a text was cut: the values
 * that share those bytes are not in order. */
size_t key_uncut_len(struct bytes encoded);

#endif
