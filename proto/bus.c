#include "proto/bus.h"

#include "proto/mp.h"

#include <inttypes.h>
#include <stdio.h>

void bus_write_error(struct buffer *out, const struct error *error)
{
    mp_write_string(out, BYTES("error"));
    mp_write_map(out, 2);
    mp_write_string(out, BYTES("code"));
    mp_write_string(out, bytes_of(error_code(error->kind)));
    mp_write_string(out, BYTES("message"));
    mp_write_string(out, bytes_of(error->message));
}

void bus_write_checksum(struct buffer *out, uint64_t checksum)
{
    char text[17];

    snprintf(text, sizeof(text), "%016" PRIx64, checksum);
    mp_write_string(out, bytes_of(text));
}

bool bus_read_answer(const struct value *answer, struct error *err)
{
    const struct value *error = value_get(answer, "error");

    if (!error || error->type != VALUE_MAP)
        return true;
    struct bytes message = bus_text(error, "message");
    return fail(err, error_kind_of(bus_text(error, "code")), "%.*s", (int)message.len,
                message.data ? message.data : "");
}

/* The field when it is there and of `type`; *ok is false when it is missing or of another type. */
static const struct value *field(const struct value *map, const char *name, bool required,
                                 enum value_type type, bool *ok, struct error *err)
{
    const struct value *value = value_get(map, name);

    *ok = true;
    if (!value || value->type == VALUE_NIL) {
        if (required)
            *ok = fail(err, ERROR_INCORRECT, "\"%s\" is missing", name);
        return NULL;
    }
    if (value->type != type) {
        *ok = fail(err, ERROR_INCORRECT, "\"%s\" is a %s, and must be a %s", name,
                   value_type_name(value->type), value_type_name(type));
        return NULL;
    }
    return value;
}

bool bus_field_text(const struct value *map, const char *name, bool required, struct bytes *out,
                    struct error *err)
{
    bool ok;
    const struct value *value = field(map, name, required, VALUE_STRING, &ok, err);

    if (value)
        *out = value->text;
    return ok;
}

bool bus_field_bytes(const struct value *map, const char *name, bool required, struct bytes *out,
                     struct error *err)
{
    bool ok;
    const struct value *value = field(map, name, required, VALUE_BYTES, &ok, err);

    if (value)
        *out = value->text;
    return ok;
}

bool bus_field_uuid(const struct value *map, const char *name, bool required, struct uuid *out,
                    struct error *err)
{
    bool ok;
    const struct value *value = field(map, name, required, VALUE_UUID, &ok, err);

    if (value)
        *out = value->uuid;
    return ok;
}

bool bus_field_flag(const struct value *map, const char *name, bool *out, struct error *err)
{
    bool ok;
    const struct value *value = field(map, name, false, VALUE_BOOLEAN, &ok, err);

    if (value)
        *out = value->boolean;
    return ok;
}

bool bus_field_number(const struct value *map, const char *name, bool required, int64_t min,
                      int64_t max, int64_t *out, struct error *err)
{
    bool ok;
    const struct value *value = field(map, name, required, VALUE_LONG, &ok, err);

    if (!value)
        return ok;
    if (value->number < min || value->number > max)
        return fail(err, ERROR_INCORRECT, "\"%s\" is %lld, and must be from %lld to %lld", name,
                    (long long)value->number, (long long)min, (long long)max);
    *out = value->number;
    return true;
}

int64_t bus_number(const struct value *map, const char *name)
{
    const struct value *value = value_get(map, name);

    return value && value->type == VALUE_LONG ? value->number : 0;
}

struct bytes bus_text(const struct value *map, const char *name)
{
    const struct value *value = value_get(map, name);
    bool text = value && (value->type == VALUE_STRING || value->type == VALUE_BYTES);

    return text ? value->text : (struct bytes){ 0 };
}
