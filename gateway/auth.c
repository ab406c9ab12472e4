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

/* Browsers leave out the port that a scheme has by itself; proxies may write it. */
static struct bytes without_port(struct bytes authority, struct bytes port)
{
    if (authority.len > port.len &&
        !memcmp(authority.data + authority.len - port.len, port.data, port.len))
        authority.len -= port.len;
    return authority;
}

/* Whether the origin is that of the host: by its host and port, which stand behind "://". The
 * scheme may differ, where TLS ends at a proxy. */
static bool is_own(struct bytes origin, struct bytes host)
{
    struct bytes http = BYTES("http://"), https = BYTES("https://");
    struct bytes port = bytes_starts_with(origin, https) ? BYTES(":443") : BYTES(":80");
    size_t scheme = bytes_starts_with(origin, https)  ? https.len
                    : bytes_starts_with(origin, http) ? http.len
                                                      : origin.len;
    struct bytes authority = { origin.data + scheme, origin.len - scheme };

    return authority.len && same(without_port(authority, port), without_port(host, port));
}

bool auth_origin(struct bytes origin, struct bytes host, const char *allowed)
{
    if (origin.len == 0 || is_own(origin, host))
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
