#include "gateway/auth.h"

#include <strings.h>

bool auth_check(const struct message *message, struct arena *arena, struct value *user,
                struct error *err)
{
    const struct value *given = message->fields[FIELD_USER];
    struct value_builder map = { 0 };

    (void)err; /* trust mode refuses nobody */
    if (given && value_get(given, "name")) {
        *user = *given;
        return true;
    }
    value_builder_entry(&map, arena, "name", value_string(BYTES("anonymous")));
    for (uint32_t i = 0; given && i < 2 * given->count; i++)
        value_builder_add(&map, arena, given->items[i]);
    *user = value_builder_end(&map, VALUE_MAP);
    return true;
}

static bool same(struct bytes a, struct bytes b)
{
    return a.len == b.len && strncasecmp(a.data, b.data, a.len) == 0;
}

/* The origin's host and port: what stands behind "://". */
static struct bytes authority(struct bytes origin)
{
    for (size_t i = 0; i + 3 <= origin.len; i++)
        if (!memcmp(origin.data + i, "://", 3))
            return (struct bytes){ origin.data + i + 3, origin.len - i - 3 };
    return (struct bytes){ 0 };
}

bool auth_origin(struct bytes origin, struct bytes host, const char *allowed)
{
    struct bytes own = authority(origin);

    if (origin.len == 0 || (own.len && same(own, host)))
        return true;
    for (const char *at = allowed ? allowed : ""; *at;) {
        struct bytes entry = { at, strcspn(at, ",") };
        at += entry.len + (at[entry.len] == ',');
        while (entry.len && *entry.data == ' ')
            entry = (struct bytes){ entry.data + 1, entry.len - 1 };
        if (bytes_equal(entry, BYTES("*")) || (entry.len && same(entry, origin)))
            return true;
    }
    return false;
}
