#include "tests/fault/check.h"

#include "common/hashmap.h"
#include "proto/edn.h"
#include "proto/mp.h"
#include "tests/fault/history.h"

#include <stdarg.h>
#include <stdlib.h>

/* The transaction t of a graph has the entity 2^29 + t (DESIGN.md). */
#define TX_ENTITY_BASE ((int64_t)1 << 29)

/* Breaches of one rule that are told; one is often followed by thousands. */
#define TOLD_MAX 5

struct op {
    struct bytes name; /* "CLIENT/NUMBER" */
    int64_t client, number;
    int64_t session;        /* of its first sending */
    size_t invoked_at;      /* event of its first sending */
    bool resent;            /* it was not answered the first time */
    const struct event *ok; /* NULL: not acknowledged */
    const struct event *failed;
    int64_t acked_before; /* the highest t acknowledged to anyone when it was first sent */
    int64_t t;            /* where it is in the log; 0: nowhere */
    unsigned times;       /* how many different t it was seen at */
};

/* What is known of transaction t: from the first client that was sent it. */
struct seen {
    const struct event *first;
};

struct check {
    struct arena arena;
    struct event *events;
    size_t event_count;
    struct hashmap ops; /* name -> struct op */
    struct op **op_list;
    size_t op_count, op_cap;
    struct seen *seen; /* by t, 1 .. t_max */
    int64_t t_max;
    struct buffer *report;
    const char *rule; /* the one that is being checked */
    unsigned told;
    bool kept;
};

static void breach(struct check *check, const char *format, ...) PRINTF_LIKE(2, 3);

static void breach(struct check *check, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    check->kept = false;
    if (check->told++ < TOLD_MAX)
        buffer_printf(check->report, "%s: %s\n", check->rule, text);
}

/* --- reading --------------------------------------------------------------------------------- */

static bool read_events(struct check *check, struct bytes history, struct error *err)
{
    size_t cap = 1, line_number = 0;

    for (size_t i = 0; i < history.len; i++)
        cap += history.data[i] == '\n';
    check->events = xcalloc(cap, sizeof(*check->events));
    while (history.len > 0) {
        const char *end = memchr(history.data, '\n', history.len);
        struct bytes line = { history.data, end ? (size_t)(end - history.data) : history.len };
        line_number++;
        if (line.len > 0 &&
            !history_read(line, &check->arena, &check->events[check->event_count++], err))
            return fail_in(err, "line %zu of the history", line_number);
        size_t used = line.len + (end ? 1 : 0);
        history.data += used;
        history.len -= used;
    }
    return true;
}

static struct op *find_op(struct check *check, int64_t client, int64_t number)
{
    char name[48];

    snprintf(name, sizeof(name), "%lld/%lld", (long long)client, (long long)number);
    return hashmap_get(&check->ops, bytes_of(name));
}

static struct op *add_op(struct check *check, const struct event *event)
{
    struct op *op = ARENA_NEW(&check->arena, struct op);

    op->name =
        arena_printf(&check->arena, "%lld/%lld", (long long)event->client, (long long)event->op);
    op->client = event->client;
    op->number = event->op;
    op->session = event->session;
    op->invoked_at = (size_t)(event - check->events);
    hashmap_put(&check->ops, op->name, op);
    if (check->op_count == check->op_cap) {
        check->op_cap = check->op_cap ? 2 * check->op_cap : 256;
        check->op_list = xrealloc(check->op_list, check->op_cap * sizeof(struct op *));
    }
    check->op_list[check->op_count++] = op;
    return op;
}

/* Brings together what the events say of each operation. */
static bool gather_ops(struct check *check, struct error *err)
{
    int64_t acked = 0;

    for (size_t i = 0; i < check->event_count; i++) {
        const struct event *event = &check->events[i];
        if (event->type > EVENT_INFO)
            continue;
        struct op *op = find_op(check, event->client, event->op);
        if (!op && event->type != EVENT_INVOKE)
            return fail(err, ERROR_INCORRECT, "%lld/%lld ends but never began",
                        (long long)event->client, (long long)event->op);
        if (event->type == EVENT_INVOKE && !op) {
            add_op(check, event)->acked_before = acked;
        } else if (event->type == EVENT_INFO) {
            op->resent = true;
        } else if (event->type == EVENT_FAIL) {
            op->failed = event;
        } else if (event->type == EVENT_OK) {
            op->ok = event;
            if (event->t > acked)
                acked = event->t;
        }
    }
    return true;
}

static void place_op(struct check *check, struct bytes name, int64_t t)
{
    struct op *op = hashmap_get(&check->ops, name);

    if (!op) {
        breach(check, "t %lld holds the operation %.*s, which no one sent", (long long)t,
               BYTES_ARG(name));
        return;
    }
    if (op->t == t)
        return;
    op->t = t;
    op->times++;
}

/* Brings together what clients were sent at each t. */
static void gather_seen(struct check *check)
{
    for (size_t i = 0; i < check->event_count; i++)
        if ((check->events[i].type == EVENT_TX || check->events[i].type == EVENT_FINAL) &&
            check->events[i].t > check->t_max)
            check->t_max = check->events[i].t;
    check->seen = xcalloc((size_t)check->t_max + 1, sizeof(*check->seen));
    check->rule = "known";
    for (size_t i = 0; i < check->event_count; i++) {
        const struct event *event = &check->events[i];
        if (event->type != EVENT_TX || event->t < 1 || check->seen[event->t].first)
            continue;
        check->seen[event->t].first = event;
        for (uint32_t o = 0; o < event->ops.count; o++)
            place_op(check, event->ops.items[o].text, event->t);
    }
}

/* --- the rules ------------------------------------------------------------------------------- */

/* What was acknowledged is in the log, at the t that was said. */
static void acknowledged(struct check *check)
{
    for (size_t i = 0; i < check->op_count; i++) {
        const struct op *op = check->op_list[i];
        if (op->ok && op->t == 0)
            breach(check, "%.*s was acknowledged at t %lld and is lost", BYTES_ARG(op->name),
                   (long long)op->ok->t);
        else if (op->ok && op->t != op->ok->t)
            breach(check, "%.*s was acknowledged at t %lld and is at t %lld", BYTES_ARG(op->name),
                   (long long)op->ok->t, (long long)op->t);
    }
}

/* An operation, which is one tx_id, was applied at most once. */
static void once(struct check *check)
{
    for (size_t i = 0; i < check->op_count; i++) {
        const struct op *op = check->op_list[i];
        if (op->times > 1)
            breach(check, "%.*s was applied %u times, last at t %lld", BYTES_ARG(op->name),
                   op->times, (long long)op->t);
    }
    for (int64_t t = 1; t <= check->t_max; t++)
        if (check->seen[t].first && check->seen[t].first->ops.count > 1)
            breach(check, "t %lld holds %u operations", (long long)t,
                   check->seen[t].first->ops.count);
}

static void refused(struct check *check)
{
    for (size_t i = 0; i < check->op_count; i++) {
        const struct op *op = check->op_list[i];
        if (op->failed && op->t > 0)
            breach(check, "%.*s was refused as %.*s, and is at t %lld", BYTES_ARG(op->name),
                   BYTES_ARG(op->failed->text), (long long)op->t);
    }
}

/* Everything that was sent is known to have ended one way or the other. */
static void ended(struct check *check)
{
    for (size_t i = 0; i < check->op_count; i++) {
        const struct op *op = check->op_list[i];
        if (!op->ok && !op->failed)
            breach(check, "%.*s never got an answer", BYTES_ARG(op->name));
    }
}

/* Where a client stands: the last t it was sent, -1 before its first. */
static int64_t *standing(struct check *check, struct hashmap *clients, const struct event *event)
{
    struct bytes client = { (const char *)&event->client, sizeof(event->client) };
    int64_t *t = hashmap_get(clients, client);

    if (!t) {
        t = ARENA_NEW(&check->arena, int64_t);
        *t = -1;
        hashmap_put(clients, client, t);
    }
    return t;
}

/* Every client is sent t + 1 after t. */
static void gapless(struct check *check)
{
    struct hashmap clients = { 0 };

    for (size_t i = 0; i < check->event_count; i++) {
        const struct event *event = &check->events[i];
        if (event->type != EVENT_BASE && event->type != EVENT_TX)
            continue;
        int64_t *last = standing(check, &clients, event);
        if (event->type == EVENT_TX && event->t != *last + 1)
            breach(check, "client %lld was sent t %lld after t %lld", (long long)event->client,
                   (long long)event->t, (long long)*last);
        if (event->type == EVENT_BASE && bytes_equal(event->text, BYTES("log")) && *last >= 0 &&
            event->t != *last)
            breach(check, "client %lld stood at t %lld and goes on from the log at t %lld",
                   (long long)event->client, (long long)*last, (long long)event->t);
        if (event->type == EVENT_BASE && event->t < *last)
            breach(check, "client %lld stood at t %lld and got a snapshot of t %lld",
                   (long long)event->client, (long long)*last, (long long)event->t);
        *last = event->t;
    }
    hashmap_release(&clients);
}

/* Everyone is sent the same transaction at a t. */
static void same(struct check *check)
{
    for (size_t i = 0; i < check->event_count; i++) {
        const struct event *event = &check->events[i];
        if (event->type != EVENT_TX || event->t < 1)
            continue;
        const struct event *first = check->seen[event->t].first;
        if (!bytes_equal(first->text, event->text) || !value_equal(&first->ops, &event->ops))
            breach(check, "clients %lld and %lld were sent different datoms at t %lld",
                   (long long)first->client, (long long)event->client, (long long)event->t);
    }
}

static int by_client_and_number(const void *a, const void *b)
{
    const struct op *const *left = a, *const *right = b;

    if ((*left)->client != (*right)->client)
        return (*left)->client < (*right)->client ? -1 : 1;
    return (*left)->number < (*right)->number ? -1 : (*left)->number > (*right)->number;
}

/*
 * What was acknowledged to anyone before an operation was first sent comes before it in the log;
 * and operations of one session that were answered the first time keep the order of sending.
 */
static void order(struct check *check)
{
    const struct op *before = NULL;

    qsort(check->op_list, check->op_count, sizeof(struct op *), by_client_and_number);
    for (size_t i = 0; i < check->op_count; i++) {
        const struct op *op = check->op_list[i];
        if (op->t == 0)
            continue;
        if (op->t <= op->acked_before)
            breach(check, "%.*s is at t %lld, but t %lld had been acknowledged before it was sent",
                   BYTES_ARG(op->name), (long long)op->t, (long long)op->acked_before);
        if (op->resent)
            continue;
        if (before && before->client == op->client && before->session == op->session &&
            before->t >= op->t)
            breach(check, "%.*s was sent before %.*s on one socket, and is behind it at t %lld",
                   BYTES_ARG(before->name), BYTES_ARG(op->name), (long long)before->t);
        before = op;
    }
}

/* The result of a transact comes after its tx on the same socket. */
static void result_after_tx(struct check *check)
{
    for (size_t i = 0; i < check->event_count; i++) {
        const struct event *event = &check->events[i];
        if (event->type == EVENT_OK && event->seen < event->t)
            breach(check, "client %lld was told of t %lld when it had been sent t %lld",
                   (long long)event->client, (long long)event->t, (long long)event->seen);
    }
}

static void checksums(struct check *check)
{
    for (size_t i = 0; i < check->event_count; i++) {
        const struct event *event = &check->events[i];
        if (event->type == EVENT_CHECK && !bytes_equal(event->text, event->other))
            breach(check, "client %lld has %.*s at t %lld, the server %.*s",
                   (long long)event->client, BYTES_ARG(event->text), (long long)event->t,
                   BYTES_ARG(event->other));
    }
}

static void sound(struct check *check)
{
    for (size_t i = 0; i < check->event_count; i++)
        if (check->events[i].type == EVENT_BROKEN)
            breach(check, "client %lld: %.*s", (long long)check->events[i].client,
                   BYTES_ARG(check->events[i].text));
}

/* Tells the datoms of `a` that are not in `b`. */
static void compare(struct check *check, const struct event *a, const struct event *b)
{
    struct hashmap datoms = { 0 };
    struct buffer text = { 0 };

    for (uint32_t i = 0; i < b->datoms.count; i++) {
        buffer_clear(&text);
        mp_write_canonical(&text, &b->datoms.items[i]);
        hashmap_put(&datoms, buffer_bytes(&text), &b->datoms.items[i]);
    }
    for (uint32_t i = 0; i < a->datoms.count; i++) {
        buffer_clear(&text);
        mp_write_canonical(&text, &a->datoms.items[i]);
        if (hashmap_get(&datoms, buffer_bytes(&text)))
            continue;
        struct bytes excerpt = edn_excerpt(&check->arena, &a->datoms.items[i]);
        breach(check, "%s %lld holds %.*s, and %s %lld does not",
               a->type == EVENT_EXPORT ? "the export" : "client", (long long)a->client,
               BYTES_ARG(excerpt), b->type == EVENT_EXPORT ? "the export" : "client",
               (long long)b->client);
    }
    hashmap_release(&datoms);
    buffer_release(&text);
}

/* In the end every client and the server hold the same datoms, at the same t. */
static void converged(struct check *check)
{
    const struct event *first = NULL, *export = NULL;

    for (size_t i = 0; i < check->event_count; i++) {
        const struct event *event = &check->events[i];
        if (event->type == EVENT_EXPORT)
            export = event;
        if (event->type == EVENT_FINAL && first && event->t != first->t)
            breach(check, "client %lld ends at t %lld and client %lld at t %lld",
                   (long long)first->client, (long long)first->t, (long long)event->client,
                   (long long)event->t);
        if (event->type == EVENT_FINAL && !first)
            first = event;
    }
    if (!first || !export) {
        breach(check, "the history has no end: a :final and an :export are missing");
        return;
    }
    for (size_t i = 0; i < check->event_count; i++) {
        const struct event *event = &check->events[i];
        if (event->type != EVENT_FINAL)
            continue;
        compare(check, event, export);
        compare(check, export, event);
    }
}

/* Someone was sent each t, and what the server holds in the end is what the log says. */
static void complete(struct check *check)
{
    for (int64_t t = 1; t <= check->t_max; t++)
        if (!check->seen[t].first)
            breach(check, "no one was ever sent t %lld", (long long)t);
    for (size_t i = 0; i < check->event_count; i++) {
        const struct event *event = &check->events[i];
        if (event->type != EVENT_EXPORT)
            continue;
        size_t held = 0, logged = 0;
        for (uint32_t d = 0; d < event->datoms.count; d++) {
            const struct value *datom = event->datoms.items[d].items;
            if (event->datoms.items[d].count != 4 || !value_is_keyword(&datom[1], "fault/op"))
                continue;
            held++;
            const struct op *op = hashmap_get(&check->ops, datom[2].text);
            if (!op || op->t != datom[3].number - TX_ENTITY_BASE)
                breach(check,
                       "the server holds %.*s with tx %lld, which is not where the log has it",
                       BYTES_ARG(datom[2].text), (long long)datom[3].number);
        }
        for (size_t o = 0; o < check->op_count; o++)
            logged += check->op_list[o]->t > 0;
        if (held != logged)
            breach(check, "the log has %zu operations and the server holds %zu", logged, held);
    }
}

static const struct {
    const char *name;
    void (*check)(struct check *check);
} rules[] = {
    { "acknowledged", acknowledged },
    { "checksums", checksums },
    { "complete", complete },
    { "converged", converged },
    { "ended", ended },
    { "gapless", gapless },
    { "once", once },
    { "order", order },
    { "refused", refused },
    { "result-after-tx", result_after_tx },
    { "same", same },
    { "sound", sound },
};

static void summarize(const struct check *check)
{
    size_t counts[EVENT_EXPORT + 1] = { 0 };

    for (size_t i = 0; i < check->event_count; i++)
        counts[check->events[i].type]++;
    buffer_printf(check->report,
                  "%zu operations: %zu acknowledged, %zu refused, %zu answers lost; %zu kills, t "
                  "%lld, %zu transactions and %zu checksums seen by clients: %s\n",
                  check->op_count, counts[EVENT_OK], counts[EVENT_FAIL], counts[EVENT_INFO],
                  counts[EVENT_KILL], (long long)check->t_max, counts[EVENT_TX],
                  counts[EVENT_CHECK], check->kept ? "every rule is kept" : "BROKEN");
}

bool check_history(struct bytes history, struct buffer *report, bool *kept, struct error *err)
{
    struct check check = { .report = report, .kept = true };
    bool ok = read_events(&check, history, err) && gather_ops(&check, err);

    if (ok) {
        gather_seen(&check);
        for (size_t r = 0; r < ARRAY_LEN(rules); r++) {
            check.rule = rules[r].name;
            check.told = 0;
            rules[r].check(&check);
        }
        summarize(&check);
        *kept = check.kept;
    }
    free(check.events);
    free(check.op_list);
    free(check.seen);
    hashmap_release(&check.ops);
    arena_release(&check.arena);
    return ok;
}
