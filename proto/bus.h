/* What both ends of the bus (BUS.md) share: its version, topics, fields and errors. */
#ifndef STOA_PROTO_BUS_H
#define STOA_PROTO_BUS_H

#include "common/buffer.h"
#include "proto/value.h"

#define BUS_VERSION            1
#define BUS_TOPIC_TXD          "txd"     /* txd's own topic */
#define BUS_TOPIC_GRAPH        "g:"      /* and before a graph's name */
#define BUS_ANNOUNCE_MS        2000      /* between two presence announcements of a gateway */
#define BUS_LEASE_MS           6000      /* silent for so long, a gateway is gone */
#define BUS_PRESENCE_SETTLE_MS 5000      /* after txd's return, until presence-read is the truth */
#define BUS_TRANSACTIONS_MAX   4096      /* in one `transact` request */
#define BUS_OVERHEAD_BYTES     (1 << 20) /* what nng and an envelope add to LIMIT_BUS_BYTES */
#define BUS_FEED_BYTES         (1 << 18) /* of transactions joined in one feed message */
#define BUS_ANSWER_BYTES       (1 << 13) /* of transactions that an answer brings ahead of the feed */
#define BUS_PAGE_BYTES         (1 << 18) /* of `snapshot`, unless asked otherwise */
#define BUS_LOG_BYTES          (1 << 20) /* of `log`, unless asked otherwise */

/* Writes the entry "error": {"code", "message"} of a map. */
void bus_write_error(struct buffer *out, const struct error *error);

/* Writes the value of a "checksum": 16 hex digits. */
void bus_write_checksum(struct buffer *out, uint64_t checksum);

/* True when the answer is no error; else `err` is the one that it holds. */
bool bus_read_answer(const struct value *answer, struct error *err) MUST_USE;

/*
 * Fields of a request by kind. With `required` false an absent or nil field leaves *out as it is.
 * Errors (incorrect) name the field and what it must be.
 */
bool bus_field_text(const struct value *map, const char *name, bool required, struct bytes *out,
                    struct error *err) MUST_USE; /* a string */
bool bus_field_bytes(const struct value *map, const char *name, bool required, struct bytes *out,
                     struct error *err) MUST_USE;
bool bus_field_uuid(const struct value *map, const char *name, bool required, struct uuid *out,
                    struct error *err) MUST_USE;
bool bus_field_flag(const struct value *map, const char *name, bool *out,
                    struct error *err) MUST_USE;
bool bus_field_number(const struct value *map, const char *name, bool required, int64_t min,
                      int64_t max, int64_t *out, struct error *err) MUST_USE;

/* Fields of an answer or a feed message, for a reader that has checked what it needs: absent or of
 * another type gives 0, "" or NULL. */
int64_t bus_number(const struct value *map, const char *name);
struct bytes bus_text(const struct value *map, const char *name); /* string or bytes */

#endif
