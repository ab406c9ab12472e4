/*
 * Random questions over random histories, asked three ways: txd, npm's datascript, and a naive
 * evaluator that decides. What differs is shrunk and printed as a case, which can be asked again. A
 * fault of DataScript alone that is not among the known ones (mask.c) is news for a person to look
 * at: it is printed, and fails the run only with STOA_NEWS=fail, since it may turn up any day.
 *
 *   conformance_differential                  STOA_CASES cases; STOA_SEED repeats a run
 *   conformance_differential --case 'EDN'     one case again
 */
#include "common/clock.h"
#include "proto/edn.h"
#include "tests/oracle/generate.h"
#include "tests/oracle/shrink.h"
#include "tests/oracle/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CASES_DEFAULT      20000
#define QUESTIONS_OF_WORLD 200
#define FAILURES_MAX       5  /* then it stops: there is enough to mend */
#define FAN_EVERY          20 /* one in so many worlds is a fan: closures of more rows */
#define FAN_HANDLE         10
#define FAN_RIBS           1100 /* than a page of anything has */
#define PROGRESS_EVERY     20000

struct run {
    struct random random;
    struct peer *peer;
    uint64_t cases, counts[VERDICTS];
    uint32_t failures;
    bool news_fail;
};

static void report(struct run *run, const struct value *history, const struct value *question,
                   enum verdict verdict, struct bytes words)
{
    struct arena arena = { 0 };
    struct buffer text = { 0 };

    printf("%s:\n%.*s", verdict_names[verdict], BYTES_ARG(words));
    fflush(stdout);
    struct value small = shrink_case(history, question, verdict, run->peer, &arena, &words);
    edn_write(&text, &small);
    printf("shrunk:\n%.*sagain: conformance_differential --case '%.*s'\n", BYTES_ARG(words),
           (int)text.len, text.data);
    fflush(stdout);
    buffer_release(&text);
    arena_release(&arena);
}

static void ask(struct run *run, const struct world *world, const struct value *history,
                const struct value *question)
{
    struct arena arena = { 0 };
    struct bytes words = { 0 };
    enum verdict verdict = verdict_of(world, question, run->peer, &arena, &words);

    run->cases++;
    run->counts[verdict]++;
    bool failure = verdict_is_failure(verdict) || (run->news_fail && verdict_is_news(verdict));
    if (failure || verdict_is_news(verdict))
        report(run, history, question, verdict, words);
    run->failures += failure;
    arena_release(&arena);
}

/* Closures over a fan: from near its end, from the other, and of all that reach its middle. */
static void ask_fan(struct run *run)
{
    static const char *const rules[] = {
        "[[(r ?x ?y) [?x :friend ?y]] [(r ?x ?y) [?x :friend ?z] (r ?z ?y)]]",
        "[[(r ?x ?y) [?x :friend ?y]] [(r ?x ?y) (r ?x ?z) [?z :friend ?y]]]",
    };
    struct arena arena = { 0 };
    struct value history = generate_fan(FAN_HANDLE, FAN_RIBS, &arena), question;
    uint32_t ends[] = { 1 + random_below(&run->random, FAN_HANDLE), FAN_HANDLE + FAN_RIBS + 1 };
    struct world world;
    struct error err;

    world_open(&world, &history);
    for (uint32_t i = 0; i < 2 * ARRAY_LEN(rules); i++) {
        struct bytes text =
            arena_printf(&arena, "{:query [:find ?%s :in $ %% ?%s :where (r ?x ?y)] :args [%s %u]}",
                         i % 2 ? "x" : "y", i % 2 ? "y" : "x", rules[i / 2], ends[i % 2]);
        if (!edn_read(text, &arena, &question, &err))
            oracle_die("%s", err.message);
        ask(run, &world, &history, &question);
    }
    world_close(&world);
    arena_release(&arena);
}

static void ask_questions(struct run *run, const struct world *world, const struct value *history,
                          const struct scale *scale, uint64_t cases)
{
    struct scale now = *scale;

    now.transactions = graph_head(world->graph.graph)->t + 1;
    for (int i = 0; i < QUESTIONS_OF_WORLD / 2 && run->cases < cases; i++) {
        struct arena arena = { 0 };
        struct value question = generate_question(&run->random, &now, &arena);
        if (run->failures < FAILURES_MAX)
            ask(run, world, history, &question);
        arena_release(&arena);
    }
}

/* Asks about a part of a history, and then about all of it: what is kept in memory between queries
 * must go along with the transactions. */
static void ask_world(struct run *run, uint64_t cases)
{
    struct arena arena = { 0 };
    struct scale scale;
    struct value history = generate_history(&run->random, &arena, &scale);
    struct value first = history, rest = history;
    struct world world;

    first.count = 1 + random_below(&run->random, history.count);
    rest.items += first.count;
    rest.count -= first.count;
    world_open(&world, &first);
    ask_questions(run, &world, &first, &scale, cases);
    world_transact(&world, &rest);
    ask_questions(run, &world, &history, &scale, cases);
    world_close(&world);
    arena_release(&arena);
}

static int run_cases(struct run *run, uint64_t cases)
{
    const char *seed = getenv("STOA_SEED");
    int64_t begun = clock_monotonic_us();
    uint64_t said = 0;

    run->random.state = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    printf("STOA_SEED=%llu, %s\n", (unsigned long long)run->random.state,
           run->peer ? "three ways" : "two ways: node or npm's datascript is not there");
    fflush(stdout);
    for (uint64_t worlds = 1; run->cases < cases && run->failures < FAILURES_MAX; worlds++) {
        if (worlds % FAN_EVERY == 0)
            ask_fan(run);
        ask_world(run, cases);
        if (run->cases / PROGRESS_EVERY > said) {
            said = run->cases / PROGRESS_EVERY;
            printf("%llu cases so far\n", (unsigned long long)run->cases);
            fflush(stdout);
        }
    }
    printf("%llu cases in %lld s:", (unsigned long long)run->cases,
           (long long)((clock_monotonic_us() - begun) / 1000000));
    for (int i = 0; i < VERDICTS; i++)
        printf(" %llu %s%s", (unsigned long long)run->counts[i], verdict_names[i],
               i + 1 < VERDICTS ? "," : "\n");
    return run->failures ? 1 : 0;
}

/* A case that was printed: a question with its :world. */
static int run_case(struct run *run, const char *text)
{
    struct arena arena = { 0 };
    struct value question;
    struct bytes words = { 0 };
    struct world world;
    struct error err;

    if (!edn_read(bytes_of(text), &arena, &question, &err))
        oracle_die("%s", err.message);
    const struct value *history = value_get(&question, "world");
    if (!history)
        oracle_die("a case has a :world and a :query");
    world_open(&world, history);
    enum verdict verdict = verdict_of(&world, &question, run->peer, &arena, &words);
    printf("%s\n%.*s\n", verdict_names[verdict], BYTES_ARG(words));
    world_close(&world);
    arena_release(&arena);
    return verdict_is_failure(verdict) || verdict_is_news(verdict);
}

int main(int argc, char **argv)
{
    const char *source = getenv("STOA_SOURCE"), *cases = getenv("STOA_CASES"),
               *news = getenv("STOA_NEWS");
    struct run run = { .peer = peer_open(source ? source : "."),
                       .news_fail = news && strcmp(news, "fail") == 0 };
    int status;

    if (argc == 3 && strcmp(argv[1], "--case") == 0)
        status = run_case(&run, argv[2]);
    else
        status = run_cases(&run, cases ? strtoull(cases, NULL, 10) : CASES_DEFAULT);
    peer_close(run.peer);
    return status;
}
