#include "tests/fuzz/graph.h"

#include "common/clock.h"
#include "proto/edn.h"
#include "tests/oracle/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TIME_LIMIT_US ((int64_t)30000)
#define MEMORY_MAX    ((size_t)4 << 20)
#define ROWS_MAX      5000

/* A limit is looked at now and then, and under a sanitizer all is slower. */
#define CPU_US_MAX      ((int64_t)2000000)
#define MEMORY_MARGIN   ((size_t)16 << 20)
#define INPUT_BYTES_MAX 4096

static const char *const transactions[] = {
    "[{:db/ident :name :db/unique :db.unique/identity}"
    " {:db/ident :age :db/index true}"
    " {:db/ident :tag :db/cardinality :db.cardinality/many}"
    " {:db/ident :friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :boss :db/valueType :db.type/ref}"
    " {:db/ident :part :db/valueType :db.type/ref :db/cardinality :db.cardinality/many"
    "  :db/isComponent true}"
    " {:db/ident :name+age :db/valueType :db.type/tuple :db/tupleAttrs [:name :age]}]",
    "[{:db/id 1 :name \"a\" :age 10 :tag [\"x\" \"y\" :z] :friend [2 3] :boss 2}"
    " {:db/id 2 :name \"b\" :age 10 :tag \"x\" :friend [1] :boss 2}"
    " {:db/id 3 :name \"c\" :age 1.5 :friend [4] :part [5 6]}"
    " {:db/id 4 :name \"d\" :age -3 :friend [3] :any [1 {:k #{2}}]}"
    " {:db/id 5 :any #inst \"2020-01-01\" :part 7}"
    " {:db/id 6 :any true :ns/any nothing}"
    " {:db/id 7 :any #uuid \"00000000-0000-0000-0000-000000000001\"}]",
    "[[:db/retract 1 :tag \"x\"] [:db/add 1 :age 11] [:db/add 1 :tag \"w\"]]",
    "[[:db.fn/retractEntity 4] [:db/add 5 :friend 5] [:db/add :db/current-tx :note \"n\"]]",
    "[[:db/add 1 :tag \"x\"] [:db/add 4 :name \"d\"] [:db/retract 1 :tag \"w\"]]",
};

static struct oracle_graph graph;

static void open_graph(void)
{
    struct arena arena = { 0 };
    struct tx_result result;
    struct value tx_data;
    struct error err;

    oracle_graph_open(&graph);
    for (size_t i = 0; i < ARRAY_LEN(transactions); i++)
        if (!edn_read(bytes_of(transactions[i]), &arena, &tx_data, &err) ||
            !oracle_graph_transact(&graph, &tx_data, &arena, &result, &err))
            oracle_die("%s: %s", transactions[i], err.message);
    oracle_graph_unlink(&graph);
    arena_release(&arena);
}

struct graph *fuzz_graph(void)
{
    if (!graph.graph)
        open_graph();
    return graph.graph;
}

struct query_basis fuzz_basis(uint8_t choice)
{
    return (struct query_basis){ .history = choice & 1,
                                 .has_as_of = choice & 2,
                                 .as_of = 3,
                                 .has_since = choice & 4,
                                 .since = 2 };
}

static int64_t cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The answer goes to clients as MessagePack, and as text. */
static void check_answer(const struct value *answer)
{
    struct arena arena = { 0 };
    struct buffer text = { 0 };
    struct value again;
    struct error err;

    edn_write(&text, answer);
    if (!edn_read(buffer_bytes(&text), &arena, &again, &err)) {
        printf("%s: %.*s\n", err.message, (int)text.len, text.data);
        abort();
    }
    buffer_release(&text);
    arena_release(&arena);
}

void fuzz_read(const uint8_t *data, size_t size, fuzz_run_fn *run)
{
    struct arena arena = { 0 };
    struct value input, answer;
    struct error err = { .kind = ERROR_FAULT, .message = "" };

    if (size == 0 || size > INPUT_BYTES_MAX ||
        !edn_read((struct bytes){ (const char *)data + 1, size - 1 }, &arena, &input, &err)) {
        arena_release(&arena);
        return;
    }
    struct query_limits limits = { .deadline_us = clock_monotonic_us() + TIME_LIMIT_US,
                                   .memory_bytes_max = MEMORY_MAX,
                                   .rows_max = ROWS_MAX };
    struct snapshot *snapshot = graph_snapshot(fuzz_graph());
    int64_t begun = cpu_us();
    bool ok = run(snapshot, &input, data[0], &limits, &arena, &answer, &err);
    assert(cpu_us() - begun < CPU_US_MAX);
    assert(arena.used < MEMORY_MAX + MEMORY_MARGIN);
    if (ok)
        check_answer(&answer);
    else
        assert(err.kind != ERROR_FAULT && err.message[0] != '\0');
    snapshot_release(snapshot);
    arena_release(&arena);
}
