/*
 * What clients may say (PROTOCOL.md, "Messages"): the table of message types, their fields, which
 * of them are required and of what kind. A message that passes has fields of the right types;
 * what is inside tx_data, a query or a pattern is txd's to judge.
 */
#ifndef STOA_PROTO_MESSAGE_H
#define STOA_PROTO_MESSAGE_H

#include "proto/value.h"

enum message_type {
    MESSAGE_HELLO,
    MESSAGE_TRANSACT,
    MESSAGE_QUERY,
    MESSAGE_PULL,
    MESSAGE_INDEX,
    MESSAGE_PRESENCE,
};

#define MESSAGE_TYPES (MESSAGE_PRESENCE + 1)

enum message_field {
    FIELD_AFTER,
    FIELD_ARGS,
    FIELD_AS_OF,
    FIELD_COMPONENTS,
    FIELD_EID,
    FIELD_END,
    FIELD_EPOCH,
    FIELD_EXPLAIN,
    FIELD_HISTORY,
    FIELD_ID,
    FIELD_INDEX,
    FIELD_LIMIT,
    FIELD_MANY,
    FIELD_META,
    FIELD_OFFSET,
    FIELD_PATTERN,
    FIELD_QUERY,
    FIELD_SINCE,
    FIELD_STATE,
    FIELD_SYNC,
    FIELD_TIMEOUT_MS,
    FIELD_TOKEN,
    FIELD_TX_DATA,
    FIELD_TX_ID,
    FIELD_USER,
    FIELD_WALK,
    FIELD_WITH,
};

#define MESSAGE_FIELDS (FIELD_WITH + 1)

struct message {
    enum message_type type;
    const struct value *fields[MESSAGE_FIELDS]; /* NULL: absent or nil */
};

/* An id as a string has at most so many bytes. */
#define MESSAGE_ID_BYTES_MAX 256

/*
 * Reads a client's message. Fields point into `map`. Errors: incorrect, naming the field, what it
 * holds and what it must be; unsupported for a type that is not in the table.
 */
bool message_read(const struct value *map, struct message *out, struct error *err) MUST_USE;

/*
 * The same of an HTTP body, which is a message without type and id; that of a `transact` may
 * have a `user`.
 */
bool message_read_body(enum message_type type, const struct value *map, struct message *out,
                       struct error *err) MUST_USE;

/* True when the message says that it is of this type, however wrong the rest of it is. */
bool message_is(const struct value *map, enum message_type type);

/* The id to answer to, however wrong the rest of the message is; NULL when there is none. */
const struct value *message_id(const struct value *map);

/* True when the value may be an id. */
bool message_id_valid(const struct value *id);

/* The text of a field that takes a string or keyword, as FIELD_SYNC and FIELD_INDEX; `otherwise`
 * when it is absent. */
struct bytes message_text(const struct message *message, enum message_field field,
                          const char *otherwise);

/* A uuid field, which may have been written as a string; false when it is absent. */
bool message_uuid(const struct message *message, enum message_field field, struct uuid *out);

const char *message_field_name(enum message_field field);

#endif
