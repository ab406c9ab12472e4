#include "tests/oracle/peer.h"

#include "common/clock.h"
#include "proto/edn.h"
#include "proto/transit.h"
#include "tests/oracle/graph.h"

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MS                                                                                  \
    5000 /* far more than any answer takes; a recursion that never ends is cut off                 \
          */

struct peer {
    char script[4096];
    pid_t pid;
    int in, out;
    struct buffer text; /* what it has said */
};

/* ---- the process ---- */

static bool start(struct peer *peer)
{
    int to[2], from[2];

    if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
        oracle_die("cannot make pipes");
    peer->pid = fork();
    if (peer->pid == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        execlp("node", "node", peer->script, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    peer->in = to[1];
    peer->out = from[0];
    peer->text.len = 0;
    return peer->pid > 0;
}

static void stop(struct peer *peer)
{
    close(peer->in);
    close(peer->out);
    kill(peer->pid, SIGKILL);
    waitpid(peer->pid, NULL, 0);
}

/* The next line without its end; false when none comes. */
static bool read_line(struct peer *peer, int wait_ms, struct bytes *out)
{
    int64_t deadline = clock_monotonic_us() + (int64_t)wait_ms * 1000;
    size_t seen = 0;

    for (;;) {
        const char *end = peer->text.len > seen
                              ? memchr(peer->text.data + seen, '\n', peer->text.len - seen)
                              : NULL;
        if (end) {
            *out = (struct bytes){ peer->text.data, (size_t)(end - peer->text.data) };
            return true;
        }
        seen = peer->text.len;
        int64_t left_ms = (deadline - clock_monotonic_us()) / 1000;
        struct pollfd ready = { .fd = peer->out, .events = POLLIN };
        if (left_ms <= 0 || poll(&ready, 1, (int)left_ms) <= 0)
            return false;
        ssize_t got = read(peer->out, buffer_reserve(&peer->text, 65536), 65536);
        if (got <= 0)
            return false;
        peer->text.len += (size_t)got;
    }
}

static bool greeted(struct peer *peer)
{
    struct bytes line;
    bool ok = read_line(peer, 20000, &line) && bytes_equal(line, BYTES("ready"));

    peer->text.len = 0;
    return ok;
}

struct peer *peer_open(const char *source)
{
    struct peer *peer = xcalloc(1, sizeof(*peer));

    signal(SIGPIPE, SIG_IGN);
    snprintf(peer->script, sizeof(peer->script), "%s/tests/oracle/datascript.mjs", source);
    if (start(peer) && greeted(peer))
        return peer;
    peer_close(peer);
    return NULL;
}

void peer_close(struct peer *peer)
{
    if (!peer)
        return;
    stop(peer);
    buffer_release(&peer->text);
    free(peer);
}

/* ---- values ---- */

/* What stays a keyword inside of queries: sections, and the options of pull. */
static bool is_word(const struct value *value)
{
    static const char *const words[] = { "find", "in",   "with",    "where", "keys",
                                         "strs", "syms", "default", "as",    "limit" };

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (value_is_keyword(value, words[i]))
            return true;
    return value_is_keyword(value, "db/id");
}

/* :name and :_name as its strings: the underscore comes first. */
static struct value as_string(const struct value *keyword, struct arena *arena)
{
    struct bytes text = keyword->text;

    if (text.data[0] == '_')
        return value_string(arena_printf(arena, "_:%.*s", (int)text.len - 1, text.data + 1));
    return value_string(arena_printf(arena, ":%.*s", BYTES_ARG(text)));
}

static struct value as_strings(const struct value *value, bool query, struct arena *arena)
{
    struct value copy = *value;
    uint32_t items = value->type == VALUE_MAP ? 2 * value->count : value->count;

    if (value->type == VALUE_KEYWORD && !(query && is_word(value)))
        return as_string(value, arena);
    if (!value_is_collection(value))
        return copy;
    copy.items = ARENA_ARRAY(arena, struct value, items + 1);
    for (uint32_t i = 0; i < items; i++)
        copy.items[i] = as_strings(&value->items[i], query, arena);
    return copy;
}

static int by_value(const void *a, const void *b)
{
    return value_compare(a, b);
}

static struct value plain(const struct value *value, bool sorted, struct arena *arena)
{
    struct value copy = *value;
    uint32_t items = value->type == VALUE_MAP ? 2 * value->count : value->count;

    if (value_is_keyword(value, "db/id")) /* it cuts the namespaces off keywords */
        return value_string(BYTES("id"));
    if (value->type == VALUE_KEYWORD)
        return as_string(value, arena);
    if (value->type == VALUE_DOUBLE && value->real == floor(value->real))
        return value_long((int64_t)value->real);
    if (!value_is_collection(value))
        return copy;
    copy.items = ARENA_ARRAY(arena, struct value, items + 1);
    for (uint32_t i = 0; i < items; i++)
        copy.items[i] = plain(&value->items[i], true, arena);
    if (value->type != VALUE_MAP)
        copy.type = VALUE_VECTOR;
    if (value->type != VALUE_MAP && sorted && copy.count)
        qsort(copy.items, copy.count, sizeof(*copy.items), by_value);
    return copy;
}

struct value peer_form(const struct value *value, struct arena *arena)
{
    return plain(value, false, arena);
}

/* ---- asking ---- */

/* It runs clauses in the order written: what needs bound variables goes to the end. */
static unsigned lateness(const struct value *clause)
{
    const struct value *first = value_is_sequence(clause) ? &clause->items[0] : clause;

    if (clause->type == VALUE_LIST)
        return value_is_symbol(first, "not") || value_is_symbol(first, "not-join") ? 3 : 0;
    return first->type != VALUE_LIST || clause->type != VALUE_VECTOR ? 0 : 3 - clause->count;
}

static void put_in_order(struct value *query, struct arena *arena)
{
    struct value_builder ordered = { 0 };
    uint32_t where = 0;

    while (where < query->count && !value_is_keyword(&query->items[where], "where"))
        value_builder_add(&ordered, arena, query->items[where++]);
    for (unsigned late = 0; late <= 3; late++)
        for (uint32_t i = where; i < query->count; i++)
            if (lateness(&query->items[i]) == late)
                value_builder_add(&ordered, arena, query->items[i]);
    *query = value_builder_end(&ordered, VALUE_VECTOR);
}

static void write_all(struct peer *peer, struct bytes text)
{
    while (text.len > 0) {
        ssize_t wrote = write(peer->in, text.data, text.len);
        if (wrote <= 0)
            return; /* it has died: its answer will not come */
        text.data += wrote;
        text.len -= (size_t)wrote;
    }
}

/* Rules are given as text, as the query is. */
static struct value argument(const struct value *value, struct arena *arena)
{
    bool rules = value_is_sequence(value) && value->count && value_is_sequence(value->items) &&
                 value->items[0].count && value->items[0].items[0].type == VALUE_LIST;
    struct value copy = as_strings(value, false, arena);
    struct buffer text = { 0 };

    if (!rules)
        return copy;
    edn_write(&text, &copy);
    copy = value_string(arena_copy(arena, buffer_bytes(&text)));
    buffer_release(&text);
    return copy;
}

void peer_ask(struct peer *peer, const struct value *schema, const struct value *datoms,
              const struct value *query, const struct value *args)
{
    struct arena arena = { 0 };
    struct buffer text = { 0 };
    struct value items[4], form = as_strings(query, true, &arena);
    struct value *list = ARENA_ARRAY(&arena, struct value, args->count + 1);

    if (value_is_sequence(&form))
        put_in_order(&form, &arena);
    for (uint32_t i = 0; i < args->count; i++)
        list[i] = argument(&args->items[i], &arena);
    edn_write(&text, &form);
    items[0] = as_strings(schema, false, &arena);
    items[1] = as_strings(datoms, false, &arena);
    items[2] = value_string(arena_copy(&arena, buffer_bytes(&text)));
    items[3] = value_collection(VALUE_VECTOR, list, args->count);
    text.len = 0;
    struct value line = value_collection(VALUE_VECTOR, items, 4);
    transit_write(&text, &line);
    buffer_append_u8(&text, '\n');
    write_all(peer, buffer_bytes(&text));
    buffer_release(&text);
    arena_release(&arena);
}

enum peer_reply peer_answer(struct peer *peer, struct arena *arena, struct value *out)
{
    struct bytes line;
    struct error err;

    if (!read_line(peer, ANSWER_MS, &line)) {
        stop(peer);
        if (!start(peer) || !greeted(peer))
            oracle_die("node cannot be started again");
        return PEER_SILENT;
    }
    if (!edn_read(line, arena, out, &err))
        oracle_die("datascript.mjs: %s: %.*s", err.message, BYTES_ARG(line));
    peer->text.len = 0;
    bool ok = value_is_keyword(&out->items[0], "ok");
    *out = out->items[1];
    return ok ? PEER_ANSWER : PEER_REFUSED;
}
