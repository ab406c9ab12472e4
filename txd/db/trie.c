#include "txd/db/trie.h"

#include "common/memory.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#define BITS   4u
#define PLACES (1u << BITS)
#define LEVELS (64u / BITS)

/* A place holds an item, when its bit is set, or a node further down, or NULL. */
struct trie {
    atomic_int references;
    uint16_t items;
    void *places[PLACES];
};

static atomic_uint_fast64_t nodes_made;

uint64_t trie_nodes_made(void)
{
    return atomic_load(&nodes_made);
}

static unsigned place_of(uint64_t number, unsigned level)
{
    return (unsigned)(number >> (level * BITS)) & (PLACES - 1);
}

static bool is_item(const struct trie *node, unsigned place)
{
    return node->items >> place & 1;
}

struct trie *trie_retain(struct trie *trie)
{
    if (trie)
        atomic_fetch_add(&trie->references, 1);
    return trie;
}

void trie_item_release(struct trie_item *item)
{
    if (item && atomic_fetch_sub(&item->references, 1) == 1)
        free(item);
}

static void place_release(struct trie *node, unsigned place)
{
    if (is_item(node, place))
        trie_item_release(node->places[place]);
    else
        trie_release(node->places[place]);
}

/* As deep as numbers have digits. */
void trie_release(struct trie *trie)
{
    if (!trie || atomic_fetch_sub(&trie->references, 1) != 1)
        return;
    for (unsigned place = 0; place < PLACES; place++)
        place_release(trie, place);
    free(trie);
}

struct trie_item *trie_find(const struct trie *trie, trie_number number_of, uint64_t number)
{
    for (unsigned level = 0; trie; level++) {
        unsigned place = place_of(number, level);
        if (is_item(trie, place)) {
            struct trie_item *item = trie->places[place];
            return number_of(item) == number ? item : NULL;
        }
        trie = trie->places[place];
    }
    return NULL;
}

/* A node with the same places, or an empty one for NULL. */
static struct trie *node_copy(const struct trie *from)
{
    struct trie *node = xcalloc(1, sizeof(*node));

    atomic_fetch_add(&nodes_made, 1);
    atomic_init(&node->references, 1);
    for (unsigned place = 0; from && place < PLACES; place++) {
        node->places[place] = from->places[place];
        if (is_item(from, place))
            atomic_fetch_add(&((struct trie_item *)from->places[place])->references, 1);
        else
            trie_retain(from->places[place]);
    }
    node->items = from ? from->items : 0;
    return node;
}

/* Puts into a node that nobody shares what it takes over; NULL empties the place. */
static void place_set(struct trie *node, unsigned place, void *what, bool item)
{
    place_release(node, place);
    node->places[place] = what;
    node->items = (uint16_t)((node->items & ~(1u << place)) | (item ? 1u << place : 0));
}

static struct trie *with(const struct trie *trie, trie_number number_of, struct trie_item *item,
                         unsigned level)
{
    struct trie *node = node_copy(trie);
    unsigned place = place_of(number_of(item), level);

    assert(level < LEVELS);
    if (!node->places[place] ||
        (is_item(node, place) && number_of(node->places[place]) == number_of(item))) {
        atomic_fetch_add(&item->references, 1);
        place_set(node, place, item, true);
    } else if (is_item(node, place)) { /* both go one level down */
        struct trie *one = with(NULL, number_of, node->places[place], level + 1);
        place_set(node, place, with(one, number_of, item, level + 1), false);
        trie_release(one);
    } else {
        place_set(node, place, with(node->places[place], number_of, item, level + 1), false);
    }
    return node;
}

struct trie *trie_with(const struct trie *trie, trie_number number_of, struct trie_item *item)
{
    return with(trie, number_of, item, 0);
}

static struct trie *without(const struct trie *trie, uint64_t number, unsigned level)
{
    struct trie *node = node_copy(trie);
    unsigned place = place_of(number, level);

    if (is_item(node, place))
        place_set(node, place, NULL, false);
    else
        place_set(node, place, without(node->places[place], number, level + 1), false);
    return node;
}

/* Nodes that are empty now stay: attributes are seldom retracted, and ids not used again. */
struct trie *trie_without(const struct trie *trie, trie_number number_of, uint64_t number)
{
    if (!trie_find(trie, number_of, number))
        return trie_retain((struct trie *)(uintptr_t)trie);
    return without(trie, number, 0);
}
