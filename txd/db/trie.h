/*
 * A persistent map from 64-bit numbers to counted items: a change makes a new map, which shares
 * with the old one all but the path to what changed. A hash array mapped trie (Phil Bagwell, "Ideal
 * Hash Trees", 2001) with 16 places a node, so a change in 60,000 items copies four nodes or so.
 *
 * Maps are values: NULL is empty, and each that was returned is released once. Threads may share
 * them.
 */
#ifndef STOA_TXD_DB_TRIE_H
#define STOA_TXD_DB_TRIE_H

#include <stdatomic.h>
#include <stdint.h>

/* What a map holds; the first member of one block of memory, which free() ends. */
struct trie_item {
    atomic_int references;
};

/* The number of an item; fixed for each map. */
typedef uint64_t (*trie_number)(const struct trie_item *item);

struct trie;

/* The item of the number, or NULL. */
struct trie_item *trie_find(const struct trie *trie, trie_number number_of, uint64_t number);

/* A new map, with the item in the place of what had its number. Retains the item. */
struct trie *trie_with(const struct trie *trie, trie_number number_of, struct trie_item *item);

/* A new map without the number. */
struct trie *trie_without(const struct trie *trie, trie_number number_of, uint64_t number);

struct trie *trie_retain(struct trie *trie); /* accepts NULL, returns `trie` */
void trie_release(struct trie *trie);        /* accepts NULL */
void trie_item_release(struct trie_item *item);

/* How many nodes have been made since the process began: what changes cost, for tests. */
uint64_t trie_nodes_made(void);

#endif
