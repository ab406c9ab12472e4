#include "tests/fault/client.h"

#include "common/clock.h"
#include "proto/mp.h"

#define REGISTERS    8
#define MEMBERS      20
#define RETRY_US     30000
#define FAIL_ONE_IN  16
#define RESET_ONE_IN 6

uint64_t client_random(uint64_t *state, uint64_t bound)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % bound;
}

void client_init(struct client *client, int64_t number, FILE *history, const uint16_t *ports,
                 unsigned port_count, uint64_t seed)
{
    *client = (struct client){
        .number = number,
        .history = history,
        .json = number % 2,
        .ports = ports,
        .port_count = port_count,
        .gateway = (unsigned)number % port_count,
        .random = seed + (uint64_t)number,
        .session.ws.fd = -1,
        .next_number = 1,
        .pace_us = 20000,
    };
}

void client_release(struct client *client)
{
    session_close(&client->session);
    mirror_release(&client->mirror);
}

static void tell(struct client *client, struct event event)
{
    event.client = client->number;
    history_write(client->history, &event);
}

static void broken(struct client *client, const char *text)
{
    tell(client, (struct event){ .type = EVENT_BROKEN, .text = bytes_of(text) });
}

/* --- the connection -------------------------------------------------------------------------- */

static void lose(struct client *client, const char *why, int64_t now_us)
{
    for (size_t i = 0; i < client->pending_count; i++) {
        struct pending *pending = &client->pending[i];
        if (pending->sent)
            tell(client, (struct event){
                             .type = EVENT_INFO, .op = pending->number, .text = bytes_of(why) });
        pending->sent = false;
    }
    session_close(&client->session);
    client->open = client->welcomed = client->synced = false;
    client->gateway = (client->gateway + 1) % client->port_count;
    client->retry_us = now_us + RETRY_US;
}

/* A snapshot that was not finished is worth nothing. */
static void forget(struct client *client)
{
    mirror_release(&client->mirror);
    client->has_epoch = false;
    client->t = 0;
}

static void connect_again(struct client *client, int64_t now_us)
{
    struct error err;
    char name[32];
    struct session_hello hello = { .user = name };

    if (now_us < client->retry_us)
        return;
    snprintf(name, sizeof(name), "client %lld", (long long)client->number);
    if (client->audits)
        hello.sync = "log";
    else if (client_random(&client->random, RESET_ONE_IN) == 0)
        hello.sync = "snapshot";
    if (client->has_epoch || client->audits) {
        hello.has_since = true;
        hello.epoch = client->epoch;
        hello.since = client->t;
        if (!hello.sync && client_random(&client->random, 2))
            hello.sync = "log";
    }
    client->open = session_open(&client->session, client->ports[client->gateway], "main",
                                client->json, &hello, &err);
    if (!client->open) {
        client->gateway = (client->gateway + 1) % client->port_count;
        client->retry_us = now_us + RETRY_US;
        return;
    }
    client->sessions++;
    client->sent_t = 0;
}

/* --- writing --------------------------------------------------------------------------------- */

static void add_form(struct value_builder *forms, struct arena *arena, const char *op,
                     struct value e, const char *a, struct value v)
{
    struct value_builder form = { 0 };

    value_builder_add(&form, arena, value_keyword(bytes_of(op)));
    value_builder_add(&form, arena, e);
    value_builder_add(&form, arena, value_keyword(bytes_of(a)));
    value_builder_add(&form, arena, v);
    if (!strcmp(op, "db/cas"))
        value_builder_add(&form, arena, value_string(BYTES("never")));
    value_builder_add(forms, arena, value_builder_end(&form, VALUE_VECTOR));
}

/* The forms depend on the operation alone, so that it is the same when sent again. */
static struct value forms_of(const struct client *client, const struct pending *pending,
                             struct arena *arena)
{
    uint64_t state = (uint64_t)(client->number * 1000003 + pending->number);
    struct value name = value_string(
        arena_printf(arena, "%lld/%lld", (long long)client->number, (long long)pending->number));
    struct value entity = value_long(-1), shared = value_long(-2);
    struct value lookup[] = {
        value_keyword(BYTES("fault/register")),
        value_string(arena_printf(arena, "r%d", (int)client_random(&state, REGISTERS))),
    };
    struct value shared_again = value_collection(VALUE_VECTOR, lookup, 2);
    struct value_builder forms = { 0 };

    shared_again = value_copy(arena, &shared_again);
    add_form(&forms, arena, "db/add", entity, "fault/op", name);
    add_form(&forms, arena, "db/add", entity, "fault/number", value_long(pending->number));
    add_form(&forms, arena, "db/add", shared, "fault/register", lookup[1]);
    add_form(&forms, arena, "db/add", shared, "fault/last", name);
    add_form(&forms, arena, "db/add", shared, "fault/member",
             value_long((int64_t)client_random(&state, MEMBERS)));
    if (pending->must_fail)
        add_form(&forms, arena, "db/cas", shared_again, "fault/last",
                 value_string(BYTES("not this")));
    else
        add_form(&forms, arena, "db/retract", shared_again, "fault/member",
                 value_long((int64_t)client_random(&state, MEMBERS)));
    return value_builder_end(&forms, VALUE_VECTOR);
}

static void send_pending(struct client *client)
{
    for (size_t i = 0; i < client->pending_count; i++) {
        struct pending *pending = &client->pending[i];
        struct arena arena = { 0 };
        if (pending->sent)
            continue;
        struct value forms = forms_of(client, pending, &arena);
        session_transact(&client->session, pending->number, &pending->tx_id, &forms);
        pending->sent = true;
        tell(client, (struct event){ .type = EVENT_INVOKE,
                                     .op = pending->number,
                                     .session = client->sessions });
        arena_release(&arena);
    }
}

static void begin_operations(struct client *client, int64_t now_us)
{
    if (!client->writes || now_us < client->next_us || client->pending_count == CLIENT_PENDING_MAX)
        return;
    client->next_us =
        now_us + (int64_t)client_random(&client->random, 2 * (uint64_t)client->pace_us);
    client->pending[client->pending_count++] = (struct pending){
        .number = client->next_number++,
        .tx_id = uuid_random(),
        .must_fail = client_random(&client->random, FAIL_ONE_IN) == 0,
    };
}

void client_turn(struct client *client, int64_t now_us)
{
    struct error err;

    begin_operations(client, now_us);
    if (!client->open)
        connect_again(client, now_us);
    if (client->welcomed && now_us >= client->retry_us)
        send_pending(client);
    if (client->open && !ws_flush(&client->session.ws, &err))
        lose(client, err.message, now_us);
}

/* --- reading --------------------------------------------------------------------------------- */

static void check_sum(struct client *client, const struct value *message)
{
    const struct value *server = value_get(message, "checksum");
    char mine[17];

    if (!server || session_number(message, "t", -1) != client->t)
        return;
    snprintf(mine, sizeof(mine), "%016llx", (unsigned long long)client->mirror.checksum);
    tell(client,
         (struct event){
             .type = EVENT_CHECK, .t = client->t, .text = bytes_of(mine), .other = server->text });
}

static void on_welcome(struct client *client, const struct value *message)
{
    const struct value *epoch = value_get(message, "epoch");
    const struct value *sync = value_get(message, "sync");

    client->welcomed = true;
    if (!epoch || epoch->type != VALUE_UUID || !sync || sync->type != VALUE_STRING) {
        broken(client, "a welcome without epoch or sync");
        return;
    }
    if (client->has_epoch && !uuid_equal(&epoch->uuid, &client->epoch))
        broken(client, "the epoch has changed");
    if (bytes_equal(sync->text, BYTES("log"))) {
        client->sent_t = client->t;
        client->synced = true;
        tell(client, (struct event){ .type = EVENT_BASE, .t = client->t, .text = sync->text });
        if (!client->has_epoch && !client->audits)
            broken(client, "a log was offered to a client that holds nothing");
    } else if (client->audits)
        broken(client, "the log was asked for from its beginning, and is not given");
    client->epoch = epoch->uuid;
}

static void on_synced(struct client *client, const struct value *message)
{
    client->t = client->sent_t = session_number(message, "t", -1);
    client->has_epoch = client->synced = true;
    if (client->snapshot_left != 0)
        broken(client, "a snapshot does not hold as many datoms as it said");
    tell(client, (struct event){ .type = EVENT_BASE, .t = client->t, .text = BYTES("snapshot") });
    check_sum(client, message);
}

static void on_tx(struct client *client, const struct value *message)
{
    const struct value *datoms = value_get(message, "datoms");
    struct arena arena = { 0 };
    struct value_builder ops = { 0 };
    struct buffer text = { 0 };
    struct error err;
    char hash[17];

    if (!datoms || !value_is_sequence(datoms)) {
        broken(client, "a tx without datoms");
        return;
    }
    if (!client->synced)
        broken(client, "a tx before synced");
    if (!mirror_apply(&client->mirror, datoms, session_number(message, "tx", 0), &err))
        broken(client, err.message);
    for (uint32_t i = 0; i < datoms->count; i++)
        if (value_is_keyword(&datoms->items[i].items[1], "fault/op"))
            value_builder_add(&ops, &arena, datoms->items[i].items[2]);
    mp_write_canonical(&text, datoms);
    snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)bytes_hash(buffer_bytes(&text)));
    client->t = client->sent_t = session_number(message, "t", -1);
    tell(client, (struct event){ .type = EVENT_TX,
                                 .t = client->t,
                                 .text = bytes_of(hash),
                                 .ops = value_builder_end(&ops, VALUE_VECTOR) });
    buffer_release(&text);
    arena_release(&arena);
}

static void end_operation(struct client *client, size_t at)
{
    client->pending_count--;
    memmove(&client->pending[at], &client->pending[at + 1],
            (client->pending_count - at) * sizeof(client->pending[0]));
}

static void on_result(struct client *client, size_t at, const struct value *message)
{
    int64_t t = session_number(message, "t", -1);

    if (client->pending[at].must_fail)
        broken(client, "an operation that must fail was acknowledged");
    tell(client,
         (struct event){
             .type = EVENT_OK, .op = client->pending[at].number, .t = t, .seen = client->sent_t });
    client->acked++;
    if (t > client->acked_t)
        client->acked_t = t;
    end_operation(client, at);
}

/* What may be retried, and a fault, leave it open whether the operation is applied. */
static void on_refusal(struct client *client, size_t at, const struct value *message,
                       int64_t now_us)
{
    const struct value *code = value_get(message, "code");
    struct bytes name = code && code->type == VALUE_STRING ? code->text : BYTES("nothing");
    enum error_kind kind = error_kind_of(name);
    struct pending *pending = &client->pending[at];

    if (kind == ERROR_UNAVAILABLE || kind == ERROR_INTERRUPTED || kind == ERROR_BUSY ||
        kind == ERROR_FAULT) {
        tell(client, (struct event){ .type = EVENT_INFO, .op = pending->number, .text = name });
        pending->sent = false;
        client->faults += kind == ERROR_FAULT;
        client->retry_us = now_us + RETRY_US;
        return;
    }
    if (!pending->must_fail) {
        const struct value *text = value_get(message, "message");
        struct arena arena = { 0 };
        struct bytes complaint =
            arena_printf(&arena, "an operation was refused: %.*s", text ? (int)text->text.len : 0,
                         text ? text->text.data : "");
        tell(client, (struct event){ .type = EVENT_BROKEN, .text = complaint });
        arena_release(&arena);
    }
    tell(client, (struct event){ .type = EVENT_FAIL, .op = pending->number, .text = name });
    end_operation(client, at);
}

/* A result or error; false when it closes the session. */
static void on_answer(struct client *client, const struct value *message, int64_t now_us)
{
    int64_t re = session_number(message, "re", -1);
    bool result = session_is(message, "result");

    for (size_t i = 0; i < client->pending_count; i++) {
        if (client->pending[i].number != re)
            continue;
        if (!client->pending[i].sent)
            broken(client, "an answer to what was not asked");
        else if (result)
            on_result(client, i, message);
        else
            on_refusal(client, i, message, now_us);
        return;
    }
    if (result || re > 0)
        broken(client, "an answer to an operation that is not open");
}

static void on_message(struct client *client, const struct value *message, int64_t now_us)
{
    struct error err;

    if (session_is(message, "tx")) {
        on_tx(client, message);
    } else if (session_is(message, "result") || session_is(message, "error")) {
        on_answer(client, message, now_us);
    } else if (session_is(message, "welcome")) {
        on_welcome(client, message);
    } else if (session_is(message, "snapshot")) {
        forget(client);
        client->snapshot_left = session_number(message, "count", 0);
    } else if (session_is(message, "datoms")) {
        const struct value *datoms = value_get(message, "datoms");
        client->snapshot_left -= datoms ? datoms->count : 0;
        if (!datoms || !mirror_load(&client->mirror, datoms, &err))
            broken(client, datoms ? err.message : "datoms without datoms");
    } else if (session_is(message, "synced")) {
        on_synced(client, message);
    } else if (session_is(message, "heartbeat") && client->synced) {
        check_sum(client, message);
    }
}

void client_receive(struct client *client, int64_t now_us)
{
    struct value message;
    struct error err;
    bool found;
    bool ok = ws_fill(&client->session.ws, &err);

    for (;;) { /* what came before the end counts */
        struct error last;
        if (!session_next(&client->session, &message, &found, &last)) {
            if (last.kind == ERROR_FAULT)
                broken(client, last.message);
            if (ok)
                err = last;
            ok = false;
            break;
        }
        if (!found)
            break;
        on_message(client, &message, now_us);
    }
    if (!ok)
        lose(client, err.message, now_us);
}
