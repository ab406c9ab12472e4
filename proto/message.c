#include "proto/message.h"

#include "common/buffer.h"
#include "common/limits.h"
#include "proto/edn.h"
#include "proto/mp.h"

/* --- kinds of fields --- */

struct kind {
    bool (*accepts)(const struct value *value);
    const char *text; /* what it must be, for messages */
};

static bool is_id(const struct value *v)
{
    return v->type == VALUE_LONG ||
           (v->type == VALUE_STRING && v->text.len <= MESSAGE_ID_BYTES_MAX);
}

static bool is_string(const struct value *v)
{
    return v->type == VALUE_STRING;
}

static bool is_boolean(const struct value *v)
{
    return v->type == VALUE_BOOLEAN;
}

static bool is_map(const struct value *v)
{
    return v->type == VALUE_MAP;
}

static bool is_list(const struct value *v)
{
    return value_is_sequence(v);
}

static bool is_count(const struct value *v)
{
    return v->type == VALUE_LONG && v->number >= 0;
}

static bool is_positive(const struct value *v)
{
    return v->type == VALUE_LONG && v->number > 0;
}

static bool is_uuid(const struct value *v)
{
    struct uuid uuid;

    return v->type == VALUE_UUID || (v->type == VALUE_STRING && uuid_parse(v->text, &uuid));
}

static bool is_forms(const struct value *v)
{
    return value_is_sequence(v) || v->type == VALUE_STRING;
}

static bool is_query(const struct value *v)
{
    return value_is_sequence(v) || v->type == VALUE_STRING || v->type == VALUE_MAP;
}

static bool is_eid(const struct value *v)
{
    return value_is_sequence(v) || v->type == VALUE_STRING || v->type == VALUE_LONG ||
           v->type == VALUE_KEYWORD;
}

static bool is_one_of(const struct value *v, const char *const *names, size_t count)
{
    if (v->type != VALUE_STRING && v->type != VALUE_KEYWORD)
        return false;
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(v->text, bytes_of(names[i])))
            return true;
    return false;
}

static bool is_sync(const struct value *v)
{
    static const char *const names[] = { "auto", "log", "none", "snapshot" };

    return is_one_of(v, names, ARRAY_LEN(names));
}

static bool is_index(const struct value *v)
{
    static const char *const names[] = { "aevt", "avet", "eavt", "vaet" };

    return is_one_of(v, names, ARRAY_LEN(names));
}

static bool is_walk(const struct value *v)
{
    static const char *const names[] = { "datoms", "range", "reverse", "seek" };

    return is_one_of(v, names, ARRAY_LEN(names));
}

static bool is_any(const struct value *v)
{
    (void)v;
    return true;
}

static bool is_small(const struct value *v, size_t bytes_max)
{
    struct buffer encoded = { 0 };

    if (value_depth(v) > LIMIT_KEPT_DEPTH)
        return false;
    mp_write(&encoded, v);
    bool small = encoded.len <= bytes_max;
    buffer_release(&encoded);
    return small;
}

static bool is_user(const struct value *v)
{
    const struct value *name = value_get(v, "name");

    return v->type == VALUE_MAP && (!name || name->type == VALUE_STRING) &&
           is_small(v, LIMIT_USER_BYTES);
}

static bool is_state(const struct value *v)
{
    return v->type == VALUE_MAP && is_small(v, LIMIT_STATE_BYTES);
}

static const struct kind kind_any = { is_any, "a value" },
                         kind_walk = { is_walk, "\"datoms\", \"seek\", \"reverse\" or \"range\"" },
                         kind_boolean = { is_boolean, "true or false" },
                         kind_count = { is_count, "an integer from 0 on" },
                         kind_eid = { is_eid,
                                      "an entity id, an ident, a lookup ref or a list of these" },
                         kind_forms = { is_forms,
                                        "a list of forms, or a string of EDN that holds one" },
                         kind_id = { is_id, "an integer or a string of at most 256 bytes" },
                         kind_index = { is_index, "\"eavt\", \"aevt\", \"avet\" or \"vaet\"" },
                         kind_list = { is_list, "a list" }, kind_map = { is_map, "a map" },
                         kind_positive = { is_positive, "an integer from 1 on" },
                         kind_query = { is_query, "a query, or a string of EDN that holds one" },
                         kind_pattern = { is_forms,
                                          "a pull pattern, or a string of EDN that holds one" },
                         kind_state = { is_state,
                                        "a map of at most 1024 bytes, nested at most 100 deep" },
                         kind_string = { is_string, "a string" },
                         kind_sync = { is_sync, "\"auto\", \"log\", \"snapshot\" or \"none\"" },
                         kind_user = { is_user, "a map of at most 1024 bytes, nested at most 100 "
                                                "deep, whose \"name\" is a string" },
                         kind_uuid = { is_uuid, "a uuid" };

/* --- the table --- */

static const char *const type_names[MESSAGE_TYPES] = {
    [MESSAGE_HELLO] = "hello", [MESSAGE_TRANSACT] = "transact", [MESSAGE_QUERY] = "query",
    [MESSAGE_PULL] = "pull",   [MESSAGE_INDEX] = "index",       [MESSAGE_PRESENCE] = "presence",
};

static const char *const field_names[MESSAGE_FIELDS] = {
    [FIELD_AFTER] = "after",     [FIELD_ARGS] = "args",
    [FIELD_AS_OF] = "as_of",     [FIELD_COMPONENTS] = "components",
    [FIELD_EID] = "eid",         [FIELD_EPOCH] = "epoch",
    [FIELD_EXPLAIN] = "explain", [FIELD_HISTORY] = "history",
    [FIELD_ID] = "id",           [FIELD_INDEX] = "index",
    [FIELD_LIMIT] = "limit",     [FIELD_MANY] = "many",
    [FIELD_META] = "meta",       [FIELD_OFFSET] = "offset",
    [FIELD_PATTERN] = "pattern", [FIELD_QUERY] = "query",
    [FIELD_SINCE] = "since",     [FIELD_STATE] = "state",
    [FIELD_SYNC] = "sync",       [FIELD_TIMEOUT_MS] = "timeout_ms",
    [FIELD_TOKEN] = "token",     [FIELD_TX_DATA] = "tx_data",
    [FIELD_TX_ID] = "tx_id",     [FIELD_USER] = "user",
    [FIELD_WITH] = "with",       [FIELD_END] = "end",
    [FIELD_WALK] = "walk",
};

enum need {
    OPTIONAL,
    REQUIRED,
    ENVELOPE, /* required on a socket; HTTP has none */
    BODY,     /* optional in an HTTP body; a socket has it from its hello */
};

struct row {
    enum message_type type;
    enum message_field field;
    enum need need;
    const struct kind *kind;
};

static const struct row rows[] = {
    { MESSAGE_HELLO, FIELD_ID, ENVELOPE, &kind_id },
    { MESSAGE_HELLO, FIELD_EPOCH, OPTIONAL, &kind_uuid },
    { MESSAGE_HELLO, FIELD_SINCE, OPTIONAL, &kind_count },
    { MESSAGE_HELLO, FIELD_STATE, OPTIONAL, &kind_state },
    { MESSAGE_HELLO, FIELD_SYNC, OPTIONAL, &kind_sync },
    { MESSAGE_HELLO, FIELD_TOKEN, OPTIONAL, &kind_string },
    { MESSAGE_HELLO, FIELD_USER, OPTIONAL, &kind_user },
    { MESSAGE_TRANSACT, FIELD_ID, ENVELOPE, &kind_id },
    { MESSAGE_TRANSACT, FIELD_TX_DATA, REQUIRED, &kind_forms },
    { MESSAGE_TRANSACT, FIELD_TX_ID, OPTIONAL, &kind_uuid },
    { MESSAGE_TRANSACT, FIELD_META, OPTIONAL, &kind_map },
    { MESSAGE_TRANSACT, FIELD_USER, BODY, &kind_user },
    { MESSAGE_QUERY, FIELD_ID, ENVELOPE, &kind_id },
    { MESSAGE_QUERY, FIELD_QUERY, REQUIRED, &kind_query },
    { MESSAGE_QUERY, FIELD_ARGS, OPTIONAL, &kind_list },
    { MESSAGE_QUERY, FIELD_AS_OF, OPTIONAL, &kind_count },
    { MESSAGE_QUERY, FIELD_SINCE, OPTIONAL, &kind_count },
    { MESSAGE_QUERY, FIELD_HISTORY, OPTIONAL, &kind_boolean },
    { MESSAGE_QUERY, FIELD_EXPLAIN, OPTIONAL, &kind_boolean },
    { MESSAGE_QUERY, FIELD_LIMIT, OPTIONAL, &kind_count },
    { MESSAGE_QUERY, FIELD_OFFSET, OPTIONAL, &kind_count },
    { MESSAGE_QUERY, FIELD_TIMEOUT_MS, OPTIONAL, &kind_positive },
    { MESSAGE_QUERY, FIELD_WITH, OPTIONAL, &kind_forms },
    { MESSAGE_PULL, FIELD_ID, ENVELOPE, &kind_id },
    { MESSAGE_PULL, FIELD_PATTERN, REQUIRED, &kind_pattern },
    { MESSAGE_PULL, FIELD_EID, REQUIRED, &kind_eid },
    { MESSAGE_PULL, FIELD_MANY, OPTIONAL, &kind_boolean },
    { MESSAGE_PULL, FIELD_AS_OF, OPTIONAL, &kind_count },
    { MESSAGE_PULL, FIELD_SINCE, OPTIONAL, &kind_count },
    { MESSAGE_PULL, FIELD_HISTORY, OPTIONAL, &kind_boolean },
    { MESSAGE_PULL, FIELD_TIMEOUT_MS, OPTIONAL, &kind_positive },
    { MESSAGE_PULL, FIELD_WITH, OPTIONAL, &kind_forms },
    { MESSAGE_INDEX, FIELD_ID, ENVELOPE, &kind_id },
    { MESSAGE_INDEX, FIELD_INDEX, REQUIRED, &kind_index },
    { MESSAGE_INDEX, FIELD_COMPONENTS, OPTIONAL, &kind_list },
    { MESSAGE_INDEX, FIELD_WALK, OPTIONAL, &kind_walk },
    { MESSAGE_INDEX, FIELD_END, OPTIONAL, &kind_any },
    { MESSAGE_INDEX, FIELD_LIMIT, OPTIONAL, &kind_count },
    { MESSAGE_INDEX, FIELD_AFTER, OPTIONAL, &kind_string },
    { MESSAGE_INDEX, FIELD_AS_OF, OPTIONAL, &kind_count },
    { MESSAGE_INDEX, FIELD_SINCE, OPTIONAL, &kind_count },
    { MESSAGE_INDEX, FIELD_HISTORY, OPTIONAL, &kind_boolean },
    { MESSAGE_INDEX, FIELD_TIMEOUT_MS, OPTIONAL, &kind_positive },
    { MESSAGE_INDEX, FIELD_WITH, OPTIONAL, &kind_forms },
    { MESSAGE_PRESENCE, FIELD_STATE, REQUIRED, &kind_state },
};

/* --- reading --- */

/* Keys of the envelope are strings; a keyword of the same name is something else. */
static const struct value *get(const struct value *map, const char *name)
{
    for (uint32_t i = 0; map->type == VALUE_MAP && i < map->count; i++) {
        const struct value *key = &map->items[2 * (size_t)i];
        if (key->type == VALUE_STRING && bytes_equal(key->text, bytes_of(name)))
            return key + 1;
    }
    return NULL;
}

static bool read_field(const struct row *row, const struct value *map, bool required,
                       struct message *out, struct error *err)
{
    const char *name = field_names[row->field];
    const struct value *value = get(map, name);

    if (!value || value->type == VALUE_NIL)
        return !required || fail(err, ERROR_INCORRECT, "%s: \"%s\" is missing; it must be %s",
                                 type_names[row->type], name, row->kind->text);
    if (!row->kind->accepts(value)) {
        struct arena arena = { 0 };
        struct bytes excerpt = edn_excerpt(&arena, value);
        fail(err, ERROR_INCORRECT, "%s: \"%s\" is %.*s; it must be %s", type_names[row->type], name,
             BYTES_ARG(excerpt), row->kind->text);
        arena_release(&arena);
        return false;
    }
    out->fields[row->field] = value;
    return true;
}

static bool read_fields(enum message_type type, const struct value *map, bool body,
                        struct message *out, struct error *err)
{
    struct message message = { .type = type };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        if (row->type != type || row->need == (body ? ENVELOPE : BODY))
            continue;
        if (!read_field(row, map, row->need == REQUIRED || row->need == ENVELOPE, &message, err))
            return false;
    }
    *out = message;
    return true;
}

bool message_read(const struct value *map, struct message *out, struct error *err)
{
    if (map->type != VALUE_MAP)
        return fail(err, ERROR_INCORRECT, "a message is a map, and this is a %s",
                    value_type_name(map->type));
    const struct value *type = get(map, "type");
    if (!type || type->type != VALUE_STRING)
        return fail(err, ERROR_INCORRECT, "a message has a \"type\", which is a string");
    for (int i = 0; i < MESSAGE_TYPES; i++)
        if (bytes_equal(type->text, bytes_of(type_names[i])))
            return read_fields((enum message_type)i, map, false, out, err);
    return fail(err, ERROR_UNSUPPORTED, "no message has the type \"%.*s\"", BYTES_ARG(type->text));
}

bool message_read_body(enum message_type type, const struct value *map, struct message *out,
                       struct error *err)
{
    if (map->type != VALUE_MAP)
        return fail(err, ERROR_INCORRECT, "the body of %s is a map, and this is a %s",
                    type_names[type], value_type_name(map->type));
    return read_fields(type, map, true, out, err);
}

bool message_is(const struct value *map, enum message_type type)
{
    const struct value *name = get(map, "type");

    return name && name->type == VALUE_STRING &&
           bytes_equal(name->text, bytes_of(type_names[type]));
}

const struct value *message_id(const struct value *map)
{
    const struct value *id = get(map, "id");

    return id && is_id(id) ? id : NULL;
}

bool message_id_valid(const struct value *id)
{
    return is_id(id);
}

struct bytes message_text(const struct message *message, enum message_field field,
                          const char *otherwise)
{
    const struct value *value = message->fields[field];

    return value ? value->text : bytes_of(otherwise);
}

bool message_uuid(const struct message *message, enum message_field field, struct uuid *out)
{
    const struct value *value = message->fields[field];

    if (!value)
        return false;
    if (value->type == VALUE_STRING)
        return uuid_parse(value->text, out);
    *out = value->uuid;
    return true;
}

const char *message_field_name(enum message_field field)
{
    return field_names[field];
}
