/*
 * Every fixed limit of Stoa with the reason for it. What an operator can change is a parameter of
 * the program that uses it; these are its bounds or defaults.
 */
#ifndef STOA_COMMON_LIMITS_H
#define STOA_COMMON_LIMITS_H

#include <stddef.h>

/* Nesting of any decoded value. Readers recurse at most this deep, and 8 MiB stacks hold it. */
#define LIMIT_DEPTH 128

/* Nesting of what is kept and passed on: an attribute's value, a user, a presence state. The rest
 * of LIMIT_DEPTH is for the messages and results around it: what they could not hold together would
 * reach nobody, and stop the feed of who is owed it. */
#define LIMIT_KEPT_DEPTH 100

/* Sets in sets, and collections in keys of maps: what is in one is compared with its neighbours at
 * each level again, so this bounds the time that a frame of nothing else takes to read. */
#define LIMIT_SET_DEPTH 16

/* A client's frame, or the whole of its fragments. Answers may be larger. */
#define LIMIT_FRAME_BYTES (1 << 20)

/* An HTTP body other than an import, which is streamed. */
#define LIMIT_BODY_BYTES (16 << 20)

/* Forms in one transaction. A nested map counts as one. */
#define LIMIT_TX_OPS 10000

/* Attributes that one transaction makes or changes. Each makes a new schema, of a kilobyte or so,
 * that lives as long as the transaction is worked on. */
#define LIMIT_TX_ATTRIBUTES 32768

/* What a change of one attribute may write into indexes, in the one batch of its transaction: some
 * five million short values. A million take 130 MB while it is worked on and keep the graph's
 * writer for seconds. */
#define LIMIT_REBUILD_BYTES ((size_t)256 << 20)

/* Net datoms of one transaction and their encoded size: what one broadcast may carry. */
#define LIMIT_TX_DATOMS 100000
#define LIMIT_TX_BYTES  (16 << 20)

/* What one transaction may take while it is worked on: little of it is in its forms when they name
 * entities with long values, or parts of many composite tuples. The largest that is written takes
 * some 50 MB for each run of its forms. */
#define LIMIT_TX_MEMORY_BYTES ((size_t)512 << 20)

/* One value: a string or a whole collection, encoded. Bounds what a key's tail and a page hold. */
#define LIMIT_VALUE_BYTES (4 << 20)

/* A keyword or symbol. Attributes are keywords, and an ident is part of every broadcast datom. */
#define LIMIT_KEYWORD_BYTES 512

/* Requests of one socket that wait for their answer. */
#define LIMIT_IN_FLIGHT 64

/* A session's user map and its presence state, encoded. */
#define LIMIT_USER_BYTES  1024
#define LIMIT_STATE_BYTES 1024

/* One message on the bus between gateway and txd: the largest frame plus its envelope, batched. */
#define LIMIT_BUS_BYTES (64 << 20)

/* A query, pull or index read: its time unless it asks for another, the most it may ask for, the
 * memory and the rows of any one relation. What passes one is `interrupted`. */
#define LIMIT_QUERY_MS     10000
#define LIMIT_QUERY_MS_MAX 120000
#define LIMIT_QUERY_BYTES  ((size_t)1 << 30)
#define LIMIT_QUERY_ROWS   10000000

/* Datoms in one page of `index`: unless asked otherwise, and at most. */
#define LIMIT_INDEX_DATOMS     1000
#define LIMIT_INDEX_DATOMS_MAX 100000

/* Extents of attributes in memory, all graphs together, unless the operator says otherwise. */
#define LIMIT_EXTENT_BYTES ((size_t)256 << 20)

/* A graph's name: [a-z0-9][a-z0-9_-]{0,62}; it is also a folder name and a bus topic. */
#define LIMIT_GRAPH_NAME_BYTES 63

#endif
