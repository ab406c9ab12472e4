#include "tests/fault/history.h"

#include "proto/edn.h"

enum field_kind { FIELD_NUMBER, FIELD_TEXT, FIELD_VECTOR };

static const struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;
} fields[] = {
    { "client", FIELD_NUMBER, offsetof(struct event, client) },
    { "op", FIELD_NUMBER, offsetof(struct event, op) },
    { "session", FIELD_NUMBER, offsetof(struct event, session) },
    { "t", FIELD_NUMBER, offsetof(struct event, t) },
    { "seen", FIELD_NUMBER, offsetof(struct event, seen) },
    { "text", FIELD_TEXT, offsetof(struct event, text) },
    { "other", FIELD_TEXT, offsetof(struct event, other) },
    { "ops", FIELD_VECTOR, offsetof(struct event, ops) },
    { "datoms", FIELD_VECTOR, offsetof(struct event, datoms) },
};

/* Which fields an event of a type has, in the order of `fields`. */
static const struct {
    const char *name;
    bool has[ARRAY_LEN(fields)];
} types[] = {
    /* client op session t seen text other ops datoms */
    [EVENT_INVOKE] = { "invoke", { 1, 1, 1 } },
    [EVENT_OK] = { "ok", { 1, 1, 0, 1, 1 } },
    [EVENT_FAIL] = { "fail", { 1, 1, 0, 0, 0, 1 } },
    [EVENT_INFO] = { "info", { 1, 1, 0, 0, 0, 1 } },
    [EVENT_BASE] = { "base", { 1, 0, 0, 1, 0, 1 } },
    [EVENT_TX] = { "tx", { 1, 0, 0, 1, 0, 1, 0, 1 } },
    [EVENT_CHECK] = { "check", { 1, 0, 0, 1, 0, 1, 1 } },
    [EVENT_BROKEN] = { "broken", { 1, 0, 0, 0, 0, 1 } },
    [EVENT_KILL] = { "kill", { 0, 0, 0, 0, 0, 1 } },
    [EVENT_FINAL] = { "final", { 1, 0, 0, 1, 0, 0, 0, 0, 1 } },
    [EVENT_EXPORT] = { "export", { 0, 0, 0, 0, 0, 0, 0, 0, 1 } },
};

static struct value get_field(const struct event *event, const struct field *field)
{
    const void *at = (const char *)event + field->offset;

    switch (field->kind) {
    case FIELD_NUMBER:
        return value_long(*(const int64_t *)at);
    case FIELD_TEXT:
        return value_string(*(const struct bytes *)at);
    case FIELD_VECTOR:
        break;
    }
    return *(const struct value *)at;
}

static bool set_field(struct event *event, const struct field *field, const struct value *value)
{
    void *at = (char *)event + field->offset;

    switch (field->kind) {
    case FIELD_NUMBER:
        if (value->type != VALUE_LONG)
            return false;
        *(int64_t *)at = value->number;
        return true;
    case FIELD_TEXT:
        if (value->type != VALUE_STRING)
            return false;
        *(struct bytes *)at = value->text;
        return true;
    case FIELD_VECTOR:
        break;
    }
    *(struct value *)at = *value;
    return value->type == VALUE_VECTOR;
}

void history_write(FILE *file, const struct event *event)
{
    struct buffer line = { 0 };

    buffer_printf(&line, "{:event :%s", types[event->type].name);
    for (size_t f = 0; f < ARRAY_LEN(fields); f++) {
        if (!types[event->type].has[f])
            continue;
        struct value value = get_field(event, &fields[f]);
        buffer_printf(&line, " :%s ", fields[f].name);
        edn_write(&line, &value);
    }
    buffer_append_bytes(&line, BYTES("}\n"));
    fwrite(line.data, 1, line.len, file);
    buffer_release(&line);
}

bool history_read(struct bytes line, struct arena *arena, struct event *out, struct error *err)
{
    struct event event = { 0 };
    struct value map;
    size_t type = 0;

    if (!edn_read(line, arena, &map, err))
        return false;
    const struct value *name = value_get(&map, "event");
    while (type < ARRAY_LEN(types) && !(name && value_is_keyword(name, types[type].name)))
        type++;
    if (type == ARRAY_LEN(types))
        return fail(err, ERROR_INCORRECT, "no event: %.*s", BYTES_ARG(line));
    event.type = (enum event_type)type;
    for (size_t f = 0; f < ARRAY_LEN(fields); f++) {
        const struct value *value = value_get(&map, fields[f].name);
        if (types[type].has[f] && (!value || !set_field(&event, &fields[f], value)))
            return fail(err, ERROR_INCORRECT, "no :%s in %.*s", fields[f].name, BYTES_ARG(line));
    }
    *out = event;
    return true;
}
