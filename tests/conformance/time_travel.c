/*
 * Random histories, read at every t: as-of t is what comes of the log up to t, since is the part of
 * it that is younger, and history is the log itself; in all four indexes, forwards and backwards,
 * and by point look-ups. Attributes are indexed, made unique, and given another cardinality on the
 * way; some have no history; some graphs begin as an import.
 *
 *   conformance_time_travel          STOA_HISTORIES of them; STOA_SEED repeats a run
 */
#include "proto/edn.h"
#include "tests/oracle/generate.h"
#include "tests/oracle/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define HISTORIES_DEFAULT 60
#define FAILURES_MAX      3

struct travel {
    struct random random;
    uint64_t reads;
    uint32_t failures;
};

/* One read: what there should be, and how it is read. */
struct reading {
    const struct world *world;
    const struct moment *moment;
    const struct schema *schema;
    struct db db;
    enum index index;
    struct facts expected;
};

static const char *const index_names[] = {
    [INDEX_EAVT] = "eavt", [INDEX_AEVT] = "aevt", [INDEX_AVET] = "avet", [INDEX_VAET] = "vaet"
};

/* ---- what there should be ---- */

static uint16_t attribute_id(const struct schema *schema, const struct fact *fact)
{
    const struct attribute *attribute = schema_by_ident(schema, fact->a);

    if (!attribute)
        oracle_die("there is no attribute %.*s", BYTES_ARG(fact->a));
    return attribute->id;
}

static int compare_longs(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static const struct reading *sorting; /* qsort() passes nothing on */

static int by_index(const void *x, const void *y)
{
    const struct fact *a = x, *b = y;
    int e = compare_longs(a->e, b->e), v = value_compare(&a->v, &b->v);
    int attribute =
        compare_longs(attribute_id(sorting->schema, a), attribute_id(sorting->schema, b));
    const int orders[][3] = {
        [INDEX_EAVT] = { e, attribute, v },
        [INDEX_AEVT] = { attribute, e, v },
        [INDEX_AVET] = { attribute, v, e },
        [INDEX_VAET] = { v, attribute, e },
    };

    for (int i = 0; i < 3; i++)
        if (orders[sorting->index][i])
            return orders[sorting->index][i];
    return compare_longs(a->t, b->t);
}

/* The facts of the moment that the index has, in its order. */
static void expect(struct reading *reading, struct arena *arena)
{
    struct facts all = database_view(&reading->world->database, reading->moment, arena);

    reading->expected = (struct facts){ 0 };
    for (size_t i = 0; i < all.count; i++) {
        const struct attribute *attribute = schema_by_ident(reading->schema, all.items[i].a);
        if ((reading->index == INDEX_AVET && !attribute_in_avet(attribute)) ||
            (reading->index == INDEX_VAET && attribute->type != TYPE_REF))
            continue;
        facts_add(&reading->expected, arena, &all.items[i]);
    }
    sorting = reading;
    if (reading->expected.count)
        qsort(reading->expected.items, reading->expected.count, sizeof(struct fact), by_index);
}

/* ---- what there is ---- */

static bool same_fact(const struct reading *reading, const struct fact *fact,
                      const struct datom *datom)
{
    return fact->e == datom->e && fact->t == datom->t && fact->added == datom->added &&
           attribute_id(reading->schema, fact) == datom->a && value_equal(&fact->v, &datom->v);
}

static void print_difference(const struct reading *reading, size_t at, const struct datom *datom)
{
    const struct moment *moment = reading->moment;
    struct buffer text = { 0 };

    buffer_printf(&text, "%s%s as-of %lld since %lld, number %zu: expected ",
                  index_names[reading->index], moment->history ? " history" : "",
                  moment->has_as_of ? (long long)moment->as_of : -1,
                  moment->has_since ? (long long)moment->since : -1, at);
    if (at < reading->expected.count) {
        const struct fact *fact = &reading->expected.items[at];
        buffer_printf(&text, "%lld :%.*s ", (long long)fact->e, BYTES_ARG(fact->a));
        edn_write(&text, &fact->v);
        buffer_printf(&text, " %lld %d", (long long)fact->t, fact->added);
    }
    buffer_printf(&text, ", found ");
    if (datom) {
        buffer_printf(&text, "%u :%.*s ", datom->e,
                      BYTES_ARG(schema_by_id(reading->schema, datom->a)->ident));
        edn_write(&text, &datom->v);
        buffer_printf(&text, " %u %d", datom->t, datom->added);
    }
    printf("%.*s\n", (int)text.len, text.data);
    buffer_release(&text);
}

/* Reads the index from one end to the other. */
static bool check_walk(const struct reading *reading, bool reverse)
{
    struct cursor *cursor = cursor_open(&reading->db, reading->index, NULL, NULL, reverse);
    size_t count = reading->expected.count, seen = 0;
    struct datom datom;
    struct error err;
    bool ok = true;

    while (ok && cursor_next(cursor, &datom)) {
        if (!entity_is_user(datom.e) || datom.a < ATTR_USER_FIRST)
            continue;
        size_t at = reverse && seen < count ? count - 1 - seen : seen;
        ok = at < count && same_fact(reading, &reading->expected.items[at], &datom);
        if (!ok)
            print_difference(reading, at, &datom);
        seen++;
    }
    if (ok && !cursor_check(cursor, &err))
        oracle_die("%s", err.message);
    if (ok && seen != count) {
        print_difference(reading, reverse ? 0 : seen, NULL);
        ok = false;
    }
    cursor_close(cursor);
    return ok;
}

/* Every fact is found by itself, and in the walks of what it begins with. */
static bool check_look_ups(const struct reading *reading)
{
    for (size_t i = 0; i < reading->expected.count; i++) {
        const struct fact *fact = &reading->expected.items[i];
        const struct attribute *attribute = schema_by_ident(reading->schema, fact->a);
        struct error err;
        uint32_t t = 0;
        bool found;
        if (!index_find(&reading->db, (uint32_t)fact->e, attribute, &fact->v, &found, &t, &err))
            oracle_die("%s", err.message);
        if (!found || t != fact->t) {
            printf("looked up: %s, t %u\n", found ? "found" : "not found", t);
            print_difference(reading, i, NULL);
            return false;
        }
    }
    return true;
}

/* ---- travelling ---- */

static bool check_moment(struct travel *travel, const struct world *world,
                         const struct moment *moment)
{
    struct snapshot *snapshot = graph_snapshot(world->graph.graph);
    struct reading reading = {
        .world = world, .moment = moment, .schema = snapshot->schema, .db = snapshot_db(snapshot)
    };
    struct arena arena = { 0 };
    bool ok = true;

    if (moment->has_as_of)
        reading.db.as_of = (uint32_t)moment->as_of;
    if (moment->has_since)
        reading.db.since = (uint32_t)moment->since;
    reading.db.history = moment->history;
    for (int index = INDEX_EAVT; ok && index <= INDEX_VAET; index++) {
        reading.index = (enum index)index;
        expect(&reading, &arena);
        ok = check_walk(&reading, false) && check_walk(&reading, true);
        travel->reads += 2;
    }
    reading.index = INDEX_EAVT;
    expect(&reading, &arena);
    ok = ok && (moment->history || check_look_ups(&reading));
    arena_release(&arena);
    snapshot_release(snapshot);
    return ok;
}

/* Every t, with each t before it as `since` now and then, and the history up to it. */
static bool check_world(struct travel *travel, const struct world *world)
{
    uint32_t base = graph_base(world->graph.graph), last = graph_head(world->graph.graph)->t;
    struct moment moment = { 0 };
    bool ok = check_moment(travel, world, &moment);

    for (uint32_t t = base; ok && t <= last; t++) {
        uint32_t since = base + random_below(&travel->random, t - base + 1);
        moment = (struct moment){ .has_as_of = true, .as_of = t };
        ok = check_moment(travel, world, &moment);
        moment.history = true;
        ok = ok && check_moment(travel, world, &moment);
        moment.has_since = true;
        moment.since = since;
        ok = ok && check_moment(travel, world, &moment);
        moment.history = false;
        ok = ok && check_moment(travel, world, &moment);
        moment.has_as_of = false;
        ok = ok && check_moment(travel, world, &moment);
    }
    return ok;
}

static void print_history(const struct value *history)
{
    struct buffer text = { 0 };

    edn_write(&text, history);
    printf("history: %.*s\n", (int)text.len, text.data);
    buffer_release(&text);
}

/* A world, the same from its files, and one that begins as an import of it and goes on. */
static void travel_once(struct travel *travel)
{
    struct arena arena = { 0 };
    struct scale scale;
    struct value history = generate_history(&travel->random, &arena, &scale), more;
    struct world world, imported;

    history = generate_changes(&travel->random, &history, &arena);
    world_open(&world, &history);
    bool ok = check_world(travel, &world);
    oracle_graph_reopen(&world.graph);
    ok = ok && check_world(travel, &world);
    world_import(&imported, &world);
    more = generate_history(&travel->random, &arena, &scale);
    more = generate_changes(&travel->random, &more, &arena);
    world_transact(&imported, &more);
    if (!ok) {
        print_history(&history);
    } else if (!check_world(travel, &imported)) {
        ok = false;
        print_history(&history);
        printf("imported, and then:\n");
        print_history(&more);
    }
    travel->failures += !ok;
    world_close(&imported);
    world_close(&world);
    arena_release(&arena);
}

int main(void)
{
    const char *seed = getenv("STOA_SEED"), *given = getenv("STOA_HISTORIES");
    uint64_t histories = given ? strtoull(given, NULL, 10) : HISTORIES_DEFAULT, done = 0;
    struct travel travel = { 0 };

    travel.random.state = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    printf("STOA_SEED=%llu\n", (unsigned long long)travel.random.state);
    fflush(stdout);
    for (; done < histories && travel.failures < FAILURES_MAX; done++)
        travel_once(&travel);
    printf("%llu histories, %llu walks, %u failures\n", (unsigned long long)done,
           (unsigned long long)travel.reads, travel.failures);
    return travel.failures ? 1 : 0;
}
