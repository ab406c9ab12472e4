#include "tests/oracle/shrink.h"

#include <stdio.h>

#define TRIES_MAX  3000 /* each may open a graph */
#define PATH_DEPTH 8

struct shrinker {
    struct value history, question; /* the smallest that fails */
    struct world world;             /* of the history */
    enum verdict verdict;
    struct peer *peer;
    struct arena *arena;
    struct bytes words;
    uint32_t tries;
};

static bool fails(struct shrinker *shrinker, const struct world *world,
                  const struct value *question)
{
    struct arena arena = { 0 };
    struct bytes words = { 0 };
    bool same = verdict_of(world, question, shrinker->peer, &arena, &words) == shrinker->verdict;

    shrinker->tries++;
    if (same)
        shrinker->words = arena_copy(shrinker->arena, words);
    arena_release(&arena);
    return same;
}

/* `value` without `count` items from `first` on (of a map, entries). */
static struct value without(const struct value *value, uint32_t first, uint32_t count,
                            struct arena *arena)
{
    uint32_t step = value->type == VALUE_MAP ? 2 : 1, kept = 0;
    struct value copy = *value;

    copy.items = ARENA_ARRAY(arena, struct value, step * value->count + 1);
    for (uint32_t i = 0; i < step * value->count; i++)
        if (i / step < first || i / step >= first + count)
            copy.items[kept++] = value->items[i];
    copy.count -= count;
    return copy;
}

/* True when what is left still fails, and is to be kept. */
typedef bool try_fn(struct shrinker *shrinker, const struct value *smaller);

struct place {
    const struct value *root;
    uint32_t path[PATH_DEPTH]; /* items to go down by */
    uint32_t depth;
};

/* The root with `part` at the place. */
static struct value replaced(const struct value *root, const struct place *place, uint32_t depth,
                             const struct value *part, struct arena *arena)
{
    struct value copy = *root;
    uint32_t items = root->type == VALUE_MAP ? 2 * root->count : root->count;

    if (depth == place->depth)
        return *part;
    copy.items = ARENA_ARRAY(arena, struct value, items + 1);
    memcpy(copy.items, root->items, items * sizeof(*copy.items));
    copy.items[place->path[depth]] =
        replaced(&root->items[place->path[depth]], place, depth + 1, part, arena);
    return copy;
}

static const struct value *at_place(const struct value *root, const struct place *place)
{
    for (uint32_t i = 0; i < place->depth; i++)
        root = &root->items[place->path[i]];
    return root;
}

/* Takes out of the collection at the place what can go: halves, quarters, ..., single items. */
static bool shrink_items(struct shrinker *shrinker, struct value *root, const struct place *place,
                         try_fn *try)
{
    bool any = false;

    for (uint32_t n = at_place(root, place)->count; n > 0; n /= 2) {
        uint32_t end = at_place(root, place)->count;
        while (end >= n && shrinker->tries < TRIES_MAX) {
            struct value part = without(at_place(root, place), end - n, n, shrinker->arena);
            struct value smaller = replaced(root, place, 0, &part, shrinker->arena);
            if (try(shrinker, &smaller)) {
                *root = smaller;
                any = true;
            }
            end -= n;
        }
    }
    return any;
}

/* Goes through all collections below the place. True when something could go. */
static bool shrink_below(struct shrinker *shrinker, struct value *root, struct place *place,
                         try_fn *try)
{
    const struct value *value = at_place(root, place);
    bool any = false;

    if (!value_is_collection(value))
        return false;
    any = shrink_items(shrinker, root, place, try);
    for (uint32_t i = 0; place->depth + 1 < PATH_DEPTH; i++) {
        value = at_place(root, place);
        if (i >= (value->type == VALUE_MAP ? 2 : 1) * value->count)
            break;
        place->path[place->depth++] = i;
        any |= shrink_below(shrinker, root, place, try);
        place->depth--;
    }
    return any;
}

static bool try_question(struct shrinker *shrinker, const struct value *question)
{
    return fails(shrinker, &shrinker->world, question);
}

static bool try_history(struct shrinker *shrinker, const struct value *history)
{
    struct world world;

    world_open(&world, history);
    bool same = fails(shrinker, &world, &shrinker->question);
    if (same) {
        world_close(&shrinker->world);
        shrinker->world = world;
    } else {
        world_close(&world);
    }
    return same;
}

/* The whole case in one value. */
static struct value joined(const struct shrinker *shrinker)
{
    const struct value *question = &shrinker->question;
    struct value_builder builder = { 0 };

    value_builder_add(&builder, shrinker->arena, value_keyword(BYTES("world")));
    value_builder_add(&builder, shrinker->arena, shrinker->history);
    for (uint32_t i = 0; i < 2 * question->count; i++)
        value_builder_add(&builder, shrinker->arena, question->items[i]);
    return value_builder_end(&builder, VALUE_MAP);
}

struct value shrink_case(const struct value *history, const struct value *question,
                         enum verdict verdict, struct peer *peer, struct arena *arena,
                         struct bytes *words)
{
    struct shrinker shrinker = { .history = *history,
                                 .question = *question,
                                 .verdict = verdict,
                                 .peer = peer,
                                 .arena = arena,
                                 .words = arena_copy(arena, *words) };
    bool any = true;

    world_open(&shrinker.world, history);
    if (!fails(&shrinker, &shrinker.world, question)) {
        printf("(it does not when it is asked alone: what was asked before has left something)\n");
        any = false;
    }
    while (any && shrinker.tries < TRIES_MAX) {
        struct place top = { 0 };
        any = shrink_below(&shrinker, &shrinker.question, &top, try_question);
        any |= shrink_below(&shrinker, &shrinker.history, &top, try_history);
    }
    world_close(&shrinker.world);
    *words = shrinker.words;
    return joined(&shrinker);
}
