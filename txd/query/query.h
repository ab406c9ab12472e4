/*
 * Queries, pulls and index reads over a database value. Safe from any thread; each call is given
 * its snapshot, its arena and its limits.
 *
 *   parse    EDN or data            ->  struct query (query/parse.h)
 *   plan     query and counts       ->  an order of steps, never the order written
 *   execute  steps                  ->  relations: columns of values
 *   find     relation               ->  the shape of the find spec
 */
#ifndef STOA_TXD_QUERY_QUERY_H
#define STOA_TXD_QUERY_QUERY_H

#include "common/buffer.h"
#include "txd/db/graph.h"

struct query_limits {
    int64_t deadline_us;       /* on clock_monotonic_us(); passing it is `interrupted` */
    int64_t deadline_max_us;   /* what a longer :timeout of the query may move it to */
    size_t memory_bytes_max;   /* of the arena; `interrupted` */
    uint64_t rows_max;         /* of any relation on the way; `interrupted` */
    const atomic_bool *cancel; /* set from another thread: `interrupted`; may be NULL */
};

/* The basis of a read, as a client asks for it. */
struct query_basis {
    bool has_as_of, has_since, history;
    int64_t as_of, since; /* as given, so from 0 on to any number */
};

/*
 * Opens what an argument may name (database.h): a snapshot of the graph `name` (empty: the
 * request's own), with the transaction `tx_data` (nil: none) that is not committed. The caller
 * releases it.
 */
struct query_graphs {
    bool (*open)(void *arg, struct bytes name, const struct value *tx_data, struct arena *arena,
                 struct snapshot **out, struct error *err);
    void *arg;
};

/* The database value at the basis. Errors: not-found when it is beyond the snapshot or below the
 * graph's base, naming both. */
bool query_basis_db(const struct snapshot *snapshot, const struct query_basis *basis,
                    struct db *out, struct error *err) MUST_USE;

/*
 * `query` and `args` as the protocol has them: data, or a string of EDN. `limit` 0: as the query
 * itself says, or none. The result is a vector of vectors (relation), a vector (collection, tuple),
 * a value (scalar), or maps with :keys; nil where a tuple or scalar finds nothing. It may point
 * into the request.
 */
struct query_request {
    struct value query;
    struct value args; /* a sequence, or nil */
    struct query_basis basis;
    uint64_t limit, offset;
    const struct query_graphs *graphs; /* NULL: arguments can name none */
    bool explain;                      /* the result is how it was found (explain.h) */
};
bool query_run(const struct snapshot *snapshot, const struct query_request *request,
               const struct query_limits *limits, struct arena *arena, struct value *out,
               struct error *err) MUST_USE;

/* `eid`: an id, a lookup ref, an ident; with `many` a sequence of them. What names nothing is nil;
 * there is no pulling from history. */
struct pull_request {
    struct value pattern; /* data, or a string of EDN */
    struct value eid;
    bool many;
    struct query_basis basis;
};
bool pull_run(const struct snapshot *snapshot, const struct pull_request *request,
              const struct query_limits *limits, struct arena *arena, struct value *out,
              struct error *err) MUST_USE;

/*
 * The protocol's `index`: appends to `out`, as a vector in MessagePack, a page of datoms [e a v
 * tx], with a fifth item `added` in history, in the order of the index. Components may be lookup
 * refs and idents. avet holds unique and indexed attributes, refs and composite tuples; asking it
 * for another attribute is an error (incorrect).
 *
 * `after` is the token of the page before, or empty; *next is in the arena, empty at the end. A
 * token names the t of its first page, and the pages after it are read as of that t.
 */
enum index_walk {
    INDEX_WALK_DATOMS,  /* those that begin with the components */
    INDEX_WALK_SEEK,    /* from the components on, to the end of the index */
    INDEX_WALK_REVERSE, /* from the components back, to the beginning */
    INDEX_WALK_RANGE,   /* of avet: the attribute's, from the second component to `end`, both in;
                           nil: without a bound */
};

struct index_request {
    struct bytes index; /* "eavt", "aevt", "avet", "vaet" */
    enum index_walk walk;
    struct value components; /* a sequence of leading components, or nil */
    struct value end;
    struct query_basis basis;
    uint32_t limit; /* 0: 1000 */
    struct bytes after;
};
bool index_run(const struct snapshot *snapshot, const struct index_request *request,
               const struct query_limits *limits, struct arena *arena, struct buffer *out,
               struct bytes *next, struct error *err) MUST_USE;

#endif
