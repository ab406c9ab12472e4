#include "proto/tagged.h"

#include "common/clock.h"
#include "proto/base64.h"

bool tagged_instant(struct bytes text, struct arena *arena, struct value *out)
{
    int64_t ms;

    (void)arena;
    if (!clock_parse(text, &ms) || !value_instant_valid(ms))
        return false;
    *out = value_instant(ms);
    return true;
}

bool tagged_uuid(struct bytes text, struct arena *arena, struct value *out)
{
    struct uuid uuid;

    (void)arena;
    if (!uuid_parse(text, &uuid))
        return false;
    *out = value_uuid(uuid);
    return true;
}

bool tagged_bytes(struct bytes text, struct arena *arena, struct value *out)
{
    struct bytes bytes;

    if (!base64_read(text, arena, &bytes))
        return false;
    *out = value_text(VALUE_BYTES, bytes);
    return true;
}
