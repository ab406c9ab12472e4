#include "tests/oracle/verdict.h"

#include "common/clock.h"
#include "proto/edn.h"
#include "tests/oracle/mask.h"
#include "txd/query/query.h"

#include <stdio.h>
#include <stdlib.h>

#define TIME_LIMIT_US ((int64_t)20000000)
#define MEMORY_MAX    ((size_t)1 << 30)
#define ROWS_MAX      10000000

const char *const verdict_names[VERDICTS] = {
    [VERDICT_AGREE] = "agree",
    [VERDICT_REFUSED] = "refused",
    [VERDICT_GIVEN_UP] = "given up",
    [VERDICT_DIFFER] = "txd differs",
    [VERDICT_TXD_REFUSES] = "txd alone refuses",
    [VERDICT_TXD_ANSWERS] = "txd alone answers",
    [VERDICT_PEER_DIFFERS] = "DataScript differs",
    [VERDICT_PEER_REFUSES] = "DataScript alone refuses",
    [VERDICT_PEER_MASKED] = "known of DataScript",
};

bool verdict_is_failure(enum verdict verdict)
{
    return verdict >= VERDICT_DIFFER && verdict <= VERDICT_TXD_ANSWERS;
}

bool verdict_is_news(enum verdict verdict)
{
    return verdict == VERDICT_PEER_DIFFERS || verdict == VERDICT_PEER_REFUSES;
}

/* A question on its way. */
struct trial {
    const struct world *world;
    struct value query, args;
    struct moment moment;
    struct arena *arena;
    bool naive_ok, txd_ok;
    struct answer naive;
    struct value txd;
    struct error naive_err, txd_err;
};

static int64_t number_of(const struct value *question, const char *key, bool *has)
{
    const struct value *value = value_get(question, key);

    *has = value && value->type == VALUE_LONG;
    return *has ? value->number : 0;
}

static void read_question(struct trial *trial, const struct value *question)
{
    const struct value *args = value_get(question, "args"), *query = value_get(question, "query");

    trial->query = query ? *query : value_nil();
    trial->args = args ? *args : value_collection(VALUE_VECTOR, NULL, 0);
    trial->moment.as_of = number_of(question, "as-of", &trial->moment.has_as_of);
    trial->moment.since = number_of(question, "since", &trial->moment.has_since);
    trial->moment.history = value_get(question, "history") != NULL;
}

static void ask_txd(struct trial *trial)
{
    struct snapshot *snapshot = graph_snapshot(trial->world->graph.graph);
    struct query_limits limits = { .deadline_us = clock_monotonic_us() + TIME_LIMIT_US,
                                   .memory_bytes_max = MEMORY_MAX,
                                   .rows_max = ROWS_MAX };
    struct query_request request = { .query = trial->query,
                                     .args = trial->args,
                                     .basis = { .has_as_of = trial->moment.has_as_of,
                                                .has_since = trial->moment.has_since,
                                                .history = trial->moment.history,
                                                .as_of = (uint32_t)trial->moment.as_of,
                                                .since = (uint32_t)trial->moment.since } };
    struct buffer text = { 0 };

    /* as a client that writes EDN sends it: data in which a vector is a call would be another */
    edn_write(&text, &trial->query);
    request.query = value_string(arena_copy(trial->arena, buffer_bytes(&text)));
    buffer_release(&text);
    trial->txd_ok =
        query_run(snapshot, &request, &limits, trial->arena, &trial->txd, &trial->txd_err);
    if (trial->txd_ok)
        trial->txd = value_copy(trial->arena, &trial->txd);
    snapshot_release(snapshot);
}

/* ---- comparing ---- */

/* Lists become vectors, and doubles lose their last digits, which the order of sums changes. */
static struct value normal(const struct value *value, struct arena *arena)
{
    struct value copy = *value;
    uint32_t items = value->type == VALUE_MAP ? 2 * value->count : value->count;
    char text[40];

    if (value->type == VALUE_DOUBLE) {
        snprintf(text, sizeof(text), "%.9g", value->real);
        copy.real = strtod(text, NULL);
    }
    if (!value_is_collection(value))
        return copy;
    if (value->type == VALUE_LIST)
        copy.type = VALUE_VECTOR;
    copy.items = ARENA_ARRAY(arena, struct value, items + 1);
    for (uint32_t i = 0; i < items; i++)
        copy.items[i] = normal(&value->items[i], arena);
    return copy;
}

/* Likewise, in the words of DataScript. */
static struct value normal_of_peer(const struct value *value, struct arena *arena)
{
    struct value rounded = normal(value, arena);

    return peer_form(&rounded, arena);
}

/* The items of a sequence as a set: a table of one column. */
static struct solutions set_of(const struct value *items, struct arena *arena)
{
    struct solutions table = { .width = 1 };

    for (uint32_t i = 0; i < items->count; i++)
        solutions_add(&table, &items->items[i], arena);
    return table;
}

static bool is_part_of(const struct solutions *part, struct solutions *whole, struct arena *arena)
{
    for (size_t i = 0; i < part->rows; i++)
        if (solutions_add(whole, solutions_row(part, i), arena))
            return false;
    return true;
}

/* An item of what was answered as a row. */
static struct value as_row(const struct answer *answer, const struct value *item,
                           struct arena *arena)
{
    struct value *items = ARENA_NEW(arena, struct value);

    if (answer->shape != SHAPE_COLLECTION && answer->shape != SHAPE_SCALAR)
        return *item;
    *items = *item;
    return value_collection(VALUE_VECTOR, items, 1);
}

/* A row of the naive answer as the shape shows it; in all shapes a row. */
static struct value shaped(const struct answer *answer, const struct value *row,
                           struct arena *arena)
{
    if (answer->keys.type == VALUE_NIL)
        return *row;
    struct value *map = ARENA_ARRAY(arena, struct value, 2 * row->count);
    for (uint32_t i = 0; i < row->count; i++) {
        map[2 * i] = answer->keys.items[i];
        map[2 * i + 1] = row->items[i];
    }
    return value_collection(VALUE_MAP, map, row->count);
}

static uint64_t page_size(const struct answer *answer)
{
    uint64_t count = answer->rows.count;
    uint64_t rest = answer->offset < count ? count - answer->offset : 0;

    return answer->limit < rest && answer->limit > 0 ? answer->limit : rest;
}

/* Whether what was answered is one of the right answers. `form` shows the rows in the words of who
 * answered. */
static bool is_right(const struct answer *answer, const struct value *given,
                     struct value (*form)(const struct value *value, struct arena *arena),
                     struct arena *arena)
{
    struct value *items = ARENA_ARRAY(arena, struct value, answer->rows.count + 1);
    bool one = answer->shape == SHAPE_TUPLE || answer->shape == SHAPE_SCALAR;

    for (uint32_t i = 0; i < answer->rows.count; i++) {
        struct value row = shaped(answer, &answer->rows.items[i], arena);
        items[i] = form(&row, arena);
    }
    struct value all = value_collection(VALUE_VECTOR, items, answer->rows.count);
    struct solutions whole = set_of(&all, arena);
    if (one) {
        struct value row = as_row(answer, given, arena);
        row = form(&row, arena);
        return given->type == VALUE_NIL && whole.rows == 0 ? true
                                                           : !solutions_add(&whole, &row, arena);
    }
    if (!value_is_sequence(given))
        return false;
    struct value *found = ARENA_ARRAY(arena, struct value, given->count + 1);
    for (uint32_t i = 0; i < given->count; i++) {
        struct value row = as_row(answer, &given->items[i], arena);
        found[i] = form(&row, arena);
    }
    struct value list = value_collection(VALUE_VECTOR, found, given->count);
    struct solutions part = set_of(&list, arena);
    size_t wanted = whole.rows;
    if (!is_part_of(&part, &whole, arena))
        return false;
    return answer->paged ? given->count == page_size(answer) : part.rows == wanted;
}

/* ---- verdicts ---- */

static struct bytes text_of(const struct value *value, struct arena *arena)
{
    struct buffer text = { 0 };

    edn_write(&text, value);
    struct bytes copy = arena_copy(arena, buffer_bytes(&text));
    buffer_release(&text);
    return copy;
}

static struct bytes said(bool ok, const struct value *value, const struct error *err,
                         struct arena *arena)
{
    return ok ? text_of(value, arena)
              : arena_printf(arena, "%s: %s", error_code(err->kind), err->message);
}

static enum verdict between_two(struct trial *trial, struct bytes *words)
{
    bool fault = !trial->txd_ok && trial->txd_err.kind == ERROR_FAULT;

    if (!trial->naive_ok && trial->naive_err.kind == ERROR_BUSY)
        return VERDICT_GIVEN_UP;
    if (!trial->naive_ok && !trial->txd_ok && !fault)
        return VERDICT_REFUSED;
    if (trial->naive_ok && trial->txd_ok &&
        is_right(&trial->naive, &trial->txd, normal, trial->arena))
        return VERDICT_AGREE;
    *words = arena_printf(
        trial->arena, "  txd:   %.*s\n  naive: %.*s\n",
        BYTES_ARG(said(trial->txd_ok, &trial->txd, &trial->txd_err, trial->arena)),
        BYTES_ARG(said(trial->naive_ok, &trial->naive.rows, &trial->naive_err, trial->arena)));
    if (trial->naive_ok && trial->txd_ok)
        return VERDICT_DIFFER;
    return trial->naive_ok || fault ? VERDICT_TXD_REFUSES : VERDICT_TXD_ANSWERS;
}

static enum verdict with_peer(struct trial *trial, struct peer *peer, const struct value *schema,
                              enum verdict verdict, struct bytes *words)
{
    struct value given = value_nil();
    enum peer_reply reply = peer_answer(peer, trial->arena, &given);

    if (verdict != VERDICT_AGREE ||
        (reply == PEER_ANSWER && is_right(&trial->naive, &given, normal_of_peer, trial->arena)))
        return verdict;
    struct value refusal = reply == PEER_REFUSED ? given : value_nil();
    struct value datoms = world_datoms(trial->world, &trial->moment, trial->arena);
    const char *fault = mask_fault(&trial->query, &trial->args, schema, &datoms, &refusal);
    if (fault) {
        *words = bytes_of(fault);
        return VERDICT_PEER_MASKED;
    }
    *words = arena_printf(
        trial->arena, "  txd and naive: %.*s\n  DataScript:    %.*s\n",
        BYTES_ARG(text_of(&trial->naive.rows, trial->arena)),
        BYTES_ARG(reply == PEER_SILENT ? BYTES("says nothing") : text_of(&given, trial->arena)));
    return reply == PEER_REFUSED ? VERDICT_PEER_REFUSES : VERDICT_PEER_DIFFERS;
}

enum verdict verdict_of(const struct world *world, const struct value *question, struct peer *peer,
                        struct arena *arena, struct bytes *words)
{
    struct trial trial = { .world = world, .arena = arena };

    read_question(&trial, question);
    bool peered = peer && !trial.moment.history && mask_can_ask(&trial.query, &trial.args);
    struct value schema = peered ? world_schema(world, arena) : value_nil();
    if (peered) {
        struct value datoms = world_datoms(world, &trial.moment, arena);
        peer_ask(peer, &schema, &datoms, &trial.query, &trial.args);
    }
    ask_txd(&trial);
    trial.naive_ok = answer_query(&world->database, &trial.moment, &trial.query, &trial.args, arena,
                                  &trial.naive, &trial.naive_err);
    enum verdict verdict = between_two(&trial, words);
    return peered ? with_peer(&trial, peer, &schema, verdict, words) : verdict;
}
