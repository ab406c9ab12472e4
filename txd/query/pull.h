/*
 * Pull: an entity as a map, by a pattern.
 *
 *   [:a :ns/_b * {:c [..]} {:d 3} {:e ...} [:f :as "F" :limit 10 :default 0 :xform inc]]
 *
 * A recursive attribute (a depth or `...`) repeats the pattern it stands in; it, and components
 * that nothing is asked of, stop at an entity that their own path has been through, leaving its id.
 * The entity that was asked for itself does not count as been through. A value of cardinality many
 * is cut at 1000 unless :limit says otherwise. An entity with nothing to say is nil, and is left
 * out of collections.
 */
#ifndef STOA_TXD_QUERY_PULL_H
#define STOA_TXD_QUERY_PULL_H

#include "txd/query/facts.h"

struct pull_pattern;
struct regex_cache;

struct puller {
    struct facts_reader reader;
    struct regex_cache *regexes;
};

/* Maps nested in a result: each is also inside a vector, and readers of results have
 * LIMIT_DEPTH. */
#define PULL_DEPTH_MAX 60

/* `form`: the pattern, or a string of EDN. Errors (incorrect) name the part that is wrong. */
bool pull_parse(struct puller *puller, const struct value *form, struct pull_pattern **out,
                struct error *err) MUST_USE;

/* The entity that `entity` names (an id, a lookup ref, an ident); nil when it names none. */
bool pull_entity(struct puller *puller, struct pull_pattern *pattern, const struct value *entity,
                 struct value *out, struct error *err) MUST_USE;

#endif
