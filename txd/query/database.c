#include "txd/query/database.h"

#include "proto/edn.h"

static bool check_t(const struct snapshot *snapshot, const char *name, int64_t t, struct error *err)
{
    uint32_t base = graph_base(snapshot->graph);

    if (t > snapshot->t)
        return fail(err, ERROR_NOT_FOUND, "%s %lld is beyond the graph's t %u", name, (long long)t,
                    snapshot->t);
    if (t < base)
        return fail(err, ERROR_NOT_FOUND,
                    "%s %lld is below the graph's base: it was imported at t %u", name,
                    (long long)t, base);
    return true;
}

bool query_basis_db(const struct snapshot *snapshot, const struct query_basis *basis,
                    struct db *out, struct error *err)
{
    struct db db = snapshot_db(snapshot);

    if (basis->has_as_of) {
        if (!check_t(snapshot, "as_of", basis->as_of, err))
            return false;
        db.as_of = (uint32_t)basis->as_of;
    }
    if (basis->has_since) {
        if (!check_t(snapshot, "since", basis->since, err))
            return false;
        db.since = (uint32_t)basis->since;
    }
    db.history = basis->history;
    *out = db;
    return true;
}

/* ---- a graph as an argument ---- */

enum field { FIELD_AS_OF, FIELD_GRAPH, FIELD_HISTORY, FIELD_SINCE, FIELD_WITH, FIELDS };

static const struct {
    const char *name, *edn_name;
    const char *wanted;
} fields[FIELDS] = {
    [FIELD_AS_OF] = { "as_of", "as-of", "a t" },
    [FIELD_GRAPH] = { "graph", "graph", "a graph's name" },
    [FIELD_HISTORY] = { "history", "history", "true or false" },
    [FIELD_SINCE] = { "since", "since", "a t" },
    [FIELD_WITH] = { "with", "with", "a list of forms, or a string of EDN that holds one" },
};

static bool field_fits(enum field field, const struct value *value)
{
    switch (field) {
    case FIELD_AS_OF:
    case FIELD_SINCE:
        return value->type == VALUE_LONG && value->number >= 0;
    case FIELD_GRAPH:
        return value->type == VALUE_STRING && value->text.len > 0;
    case FIELD_HISTORY:
        return value->type == VALUE_BOOLEAN;
    case FIELD_WITH:
    case FIELDS:
        break;
    }
    return value_is_sequence(value) || value->type == VALUE_STRING;
}

/* The fields that the map has, nil where it has none. */
static bool read_fields(const struct databases *databases, const struct value *map,
                        struct value values[FIELDS], struct error *err)
{
    for (int i = 0; i < FIELDS; i++)
        values[i] = value_nil();
    for (uint32_t i = 0; i < map->count; i++) {
        const struct value *key = &map->items[2 * (size_t)i], *value = key + 1;
        bool named = key->type == VALUE_STRING || key->type == VALUE_KEYWORD;
        int field = 0;
        while (field < FIELDS &&
               !(named && (bytes_equal(key->text, bytes_of(fields[field].name)) ||
                           bytes_equal(key->text, bytes_of(fields[field].edn_name)))))
            field++;
        struct bytes text = edn_excerpt(databases->arena, field < FIELDS ? value : key);
        if (field == FIELDS)
            return fail(err, ERROR_INCORRECT,
                        "a database has \"graph\", \"as_of\", \"since\", \"history\" and \"with\", "
                        "given %.*s",
                        BYTES_ARG(text));
        if (value->type != VALUE_NIL && !field_fits((enum field)field, value))
            return fail(err, ERROR_INCORRECT, "\"%s\" of a database must be %s, given %.*s",
                        fields[field].name, fields[field].wanted, BYTES_ARG(text));
        values[field] = *value;
    }
    return true;
}

static bool open_graph(const struct databases *databases, const struct value *map,
                       struct source *out, struct error *err)
{
    struct value values[FIELDS];
    struct db db;

    if (!read_fields(databases, map, values, err))
        return false;
    struct query_basis basis = {
        .has_as_of = values[FIELD_AS_OF].type != VALUE_NIL,
        .has_since = values[FIELD_SINCE].type != VALUE_NIL,
        .as_of = values[FIELD_AS_OF].number,
        .since = values[FIELD_SINCE].number,
        .history = values[FIELD_HISTORY].type == VALUE_BOOLEAN && values[FIELD_HISTORY].boolean,
    };
    const struct snapshot *snapshot = databases->snapshot;
    struct snapshot *opened = NULL;
    const struct query_graphs *graphs = databases->graphs;
    if (values[FIELD_GRAPH].type != VALUE_NIL || values[FIELD_WITH].type != VALUE_NIL) {
        struct bytes name =
            values[FIELD_GRAPH].type == VALUE_NIL ? (struct bytes){ 0 } : values[FIELD_GRAPH].text;
        if (!graphs)
            return fail(err, ERROR_UNSUPPORTED, "no other graph can be named here");
        if (!graphs->open(graphs->arg, name, &values[FIELD_WITH], databases->arena, &opened, err))
            return false;
        snapshot = opened;
    }
    if (!query_basis_db(snapshot, &basis, &db, err)) {
        snapshot_release(opened);
        return false;
    }
    source_graph(out, snapshot, &db);
    out->opened = opened;
    return true;
}

/* ---- the whole ---- */

/* The map that stands for a graph, when the argument is one; else NULL. */
static const struct value *graph_map(const struct value *argument)
{
    const struct value *map = argument->count == 1 ? value_get(argument, "db") : NULL;

    return map && map->type == VALUE_MAP ? map : NULL;
}

static struct value entries(const struct value *map, struct arena *arena)
{
    struct value *tuples = ARENA_ARRAY(arena, struct value, map->count);

    for (uint32_t i = 0; i < map->count; i++)
        tuples[i] = value_collection(VALUE_VECTOR, &map->items[2 * (size_t)i], 2);
    return value_collection(VALUE_VECTOR, tuples, map->count);
}

bool database_open(const struct databases *databases, struct bytes name,
                   const struct value *argument, struct source *out, struct error *err)
{
    const struct value *map = graph_map(argument);

    if (argument->type == VALUE_NIL) {
        source_graph(out, databases->snapshot, &databases->db);
        return true;
    }
    if (map)
        return open_graph(databases, map, out, err) || fail_in(err, ":in %.*s", BYTES_ARG(name));
    if (!value_is_collection(argument))
        return fail(err, ERROR_INCORRECT,
                    "the source %.*s must be nil for the graph, {\"db\": {..}} for another, or a "
                    "collection of tuples, given a %s",
                    BYTES_ARG(name), value_type_name(argument->type));
    out->tuples = argument->type == VALUE_MAP ? entries(argument, databases->arena) : *argument;
    return true;
}

void database_close(struct source *source)
{
    snapshot_release(source->opened);
    source->opened = NULL;
}
