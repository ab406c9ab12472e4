/*
 * Values compared, measured, hashed and copied. Recursion is as deep as the value: readers let none
 * in that is deeper than LIMIT_DEPTH.
 */
#include "proto/value.h"

#include "common/limits.h"
#include "proto/edn.h"
#include "proto/mp.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Sets of up to this many items are compared pair by pair, without a table. */
#define PAIRWISE_MAX 8

static const char *const type_names[] = {
    [VALUE_NIL] = "nil",       [VALUE_BOOLEAN] = "boolean", [VALUE_LONG] = "long",
    [VALUE_DOUBLE] = "double", [VALUE_INSTANT] = "instant", [VALUE_UUID] = "uuid",
    [VALUE_STRING] = "string", [VALUE_KEYWORD] = "keyword", [VALUE_SYMBOL] = "symbol",
    [VALUE_BYTES] = "bytes",   [VALUE_VECTOR] = "vector",   [VALUE_LIST] = "list",
    [VALUE_SET] = "set",       [VALUE_MAP] = "map",
};

const char *value_type_name(enum value_type type)
{
    return type_names[type];
}

/* How many struct values `items` holds. */
static size_t slots(const struct value *value)
{
    return value->type == VALUE_MAP ? 2 * (size_t)value->count : value->count;
}

static int order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* NaN equals itself and follows all numbers. */
static int compare_doubles(double a, double b)
{
    if (isnan(a) || isnan(b))
        return order(isnan(a) != 0, isnan(b) != 0);
    return (a > b) - (a < b);
}

/* Exact, where a cast of the long to double would round beyond 2^53. */
static int compare_long_double(int64_t a, double b)
{
    if (isnan(b) || b >= 0x1p63)
        return -1;
    if (b < -0x1p63)
        return 1;
    int64_t whole = (int64_t)b;
    return a != whole ? order(a, whole) : compare_doubles(0, b - (double)whole);
}

static int compare_numbers(const struct value *a, const struct value *b)
{
    if (a->type == VALUE_LONG)
        return b->type == VALUE_LONG ? order(a->number, b->number)
                                     : compare_long_double(a->number, b->real);
    return b->type == VALUE_LONG ? -compare_long_double(b->number, a->real)
                                 : compare_doubles(a->real, b->real);
}

static int compare_items(const struct value *a, const struct value *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        int result = value_compare(&a->items[i], &b->items[i]);
        if (result)
            return result;
    }
    return order(a->count, b->count);
}

static int compare_canonical(const struct value *a, const struct value *b)
{
    struct buffer left = { 0 }, right = { 0 };

    mp_write_canonical(&left, a);
    mp_write_canonical(&right, b);
    int result = bytes_compare(buffer_bytes(&left), buffer_bytes(&right));
    buffer_release(&left);
    buffer_release(&right);
    return result;
}

static enum value_type rank(const struct value *value)
{
    return value->type == VALUE_DOUBLE ? VALUE_LONG : value->type;
}

int value_compare(const struct value *a, const struct value *b)
{
    if (rank(a) != rank(b))
        return order(rank(a), rank(b));
    switch (a->type) {
    case VALUE_NIL:
        return 0;
    case VALUE_BOOLEAN:
        return order(a->boolean, b->boolean);
    case VALUE_LONG:
    case VALUE_DOUBLE:
        return compare_numbers(a, b);
    case VALUE_INSTANT:
        return order(a->number, b->number);
    case VALUE_UUID:
        return memcmp(a->uuid.octets, b->uuid.octets, sizeof(a->uuid.octets));
    case VALUE_STRING:
    case VALUE_KEYWORD:
    case VALUE_SYMBOL:
    case VALUE_BYTES:
        return bytes_compare(a->text, b->text);
    case VALUE_VECTOR:
    case VALUE_LIST:
        return compare_items(a, b);
    case VALUE_SET:
    case VALUE_MAP:
        return compare_canonical(a, b);
    }
    abort();
}

/* Both, in this order. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    return number_hash(number_hash(a) ^ b);
}

static uint64_t hash_double(double real)
{
    uint64_t bits;

    if (isnan(real))
        real = NAN; /* every NaN is one value */
    real += 0.0;    /* -0.0 is 0.0 */
    memcpy(&bits, &real, sizeof(bits));
    return bits;
}

static uint64_t hash_items(const struct value *value)
{
    uint64_t hash = value->count;

    if (value->type == VALUE_SET) { /* a sum, since order does not matter */
        for (size_t i = 0; i < value->count; i++)
            hash += mix(0, value_hash(&value->items[i]));
    } else if (value->type == VALUE_MAP) {
        for (size_t i = 0; i < value->count; i++)
            hash += mix(value_hash(&value->items[2 * i]), value_hash(&value->items[2 * i + 1]));
    } else {
        for (size_t i = 0; i < value->count; i++)
            hash = mix(hash, value_hash(&value->items[i]));
    }
    return hash;
}

uint64_t value_hash(const struct value *value)
{
    switch (value->type) {
    case VALUE_NIL:
        return mix(value->type, 0);
    case VALUE_BOOLEAN:
        return mix(value->type, value->boolean);
    case VALUE_LONG:
    case VALUE_INSTANT:
        return mix(value->type, (uint64_t)value->number);
    case VALUE_DOUBLE:
        return mix(value->type, hash_double(value->real));
    case VALUE_UUID:
        return mix(load_u64be(value->uuid.octets), load_u64be(value->uuid.octets + 8));
    case VALUE_STRING:
    case VALUE_KEYWORD:
    case VALUE_SYMBOL:
    case VALUE_BYTES:
        return mix(value->type, bytes_hash(value->text));
    case VALUE_VECTOR:
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_MAP:
        return mix(value->type, hash_items(value));
    }
    abort();
}

/*
 * Every `stride`th of some items, found by hash. Hashes come first, so that two big items are
 * compared in full only when they are very likely equal.
 */
struct index {
    const struct value *items;
    size_t stride, mask;
    struct index_slot {
        uint64_t hash;
        const struct value *item; /* NULL where the slot is empty */
    } * slots;
};

static struct index index_open(const struct value *items, size_t count, size_t stride)
{
    size_t cap = 16;

    while (cap < 2 * count)
        cap *= 2;
    return (struct index){ .items = items,
                           .stride = stride,
                           .mask = cap - 1,
                           .slots = xcalloc(cap, sizeof(struct index_slot)) };
}

/* The slot of the item that equals `value`, or the empty one where it would go. */
static struct index_slot *index_find(const struct index *index, const struct value *value,
                                     uint64_t hash)
{
    size_t at = (size_t)hash & index->mask;

    while (index->slots[at].item &&
           !(index->slots[at].hash == hash && value_equal(index->slots[at].item, value)))
        at = (at + 1) & index->mask;
    return &index->slots[at];
}

/* The first item that is there already, or NULL when all `count` were put in. */
static const struct value *index_fill(struct index *index, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct value *item = &index->items[i * index->stride];
        uint64_t hash = value_hash(item);
        struct index_slot *slot = index_find(index, item, hash);
        if (slot->item)
            return item;
        *slot = (struct index_slot){ hash, item };
    }
    return NULL;
}

/* The first of items[0], items[stride], ... that equals one before it, or NULL. */
static const struct value *duplicate_of(const struct value *items, size_t count, size_t stride)
{
    if (count < 2)
        return NULL;
    if (count <= PAIRWISE_MAX) {
        uint64_t hashes[PAIRWISE_MAX]; /* of collections: comparing two in full is dear */
        for (size_t i = 0; i < count; i++) {
            const struct value *item = &items[i * stride];
            hashes[i] = value_is_collection(item) ? value_hash(item) : 0;
            for (size_t j = 0; j < i; j++)
                if (hashes[i] == hashes[j] && value_equal(item, &items[j * stride]))
                    return item;
        }
        return NULL;
    }
    struct index index = index_open(items, count, stride);
    const struct value *duplicate = index_fill(&index, count);
    free(index.slots);
    return duplicate;
}

/* How many sets, or keys of maps, are one inside the other. */
static unsigned set_depth(const struct value *value)
{
    unsigned deepest = 0;

    if (!value_is_collection(value))
        return 0;
    for (size_t i = 0; i < slots(value); i++) {
        bool key = value->type == VALUE_SET || (value->type == VALUE_MAP && i % 2 == 0);
        unsigned depth =
            set_depth(&value->items[i]) + (key && value_is_collection(&value->items[i]));
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
}

bool value_distinct(const struct value *collection, struct arena *arena, struct bytes *fault)
{
    bool map = collection->type == VALUE_MAP;
    size_t stride = map ? 2 : 1;

    for (size_t i = 0; i < collection->count; i++) {
        const struct value *item = &collection->items[i * stride];
        /* What is in it has passed here, so none of this walks over more than the limit again. */
        if (set_depth(item) + value_is_collection(item) >= LIMIT_SET_DEPTH) {
            *fault = arena_printf(arena, "sets or keys of maps nested deeper than the limit of %d",
                                  LIMIT_SET_DEPTH);
            return false;
        }
    }
    const struct value *twice = duplicate_of(collection->items, collection->count, stride);
    if (twice)
        *fault = arena_printf(arena, "%s twice in a %s", edn_excerpt(arena, twice).data,
                              map ? "map" : "set");
    return !twice;
}

/* Two sets, or two maps, of the same count. Neither holds an item twice, so it is enough that one
 * is in the other. */
static bool equal_unordered(const struct value *a, const struct value *b)
{
    size_t stride = a->type == VALUE_MAP ? 2 : 1;
    struct index index = index_open(a->items, a->count, stride);
    bool equal = true;

    index_fill(&index, a->count);
    for (size_t i = 0; equal && i < b->count; i++) {
        const struct value *item = &b->items[i * stride];
        const struct value *other = index_find(&index, item, value_hash(item))->item;
        equal = other && (stride == 1 || value_equal(other + 1, item + 1));
    }
    free(index.slots);
    return equal;
}

static bool equal_items(const struct value *a, const struct value *b)
{
    for (size_t i = 0; i < a->count; i++)
        if (!value_equal(&a->items[i], &b->items[i]))
            return false;
    return true;
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    if (!value_is_collection(a))
        return value_compare(a, b) == 0;
    if (a->count != b->count)
        return false;
    return value_is_sequence(a) ? equal_items(a, b) : equal_unordered(a, b);
}

unsigned value_depth(const struct value *value)
{
    unsigned deepest = 0;

    if (!value_is_collection(value))
        return 0;
    for (size_t i = 0; i < (value->type == VALUE_MAP ? 2 : 1) * (size_t)value->count; i++) {
        unsigned depth = value_depth(&value->items[i]);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

const char *value_double_format(double real, char out[VALUE_DOUBLE_BYTES])
{
    assert(isfinite(real));
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, VALUE_DOUBLE_BYTES, "%.*g", digits, real);
        if (strtod(out, NULL) == real)
            break;
    }
    if (!strpbrk(out, ".e"))
        memcpy(out + strlen(out), ".0", sizeof(".0"));
    return out;
}

struct value value_copy(struct arena *arena, const struct value *value)
{
    struct value copy = *value;

    switch (value->type) {
    case VALUE_STRING:
    case VALUE_KEYWORD:
    case VALUE_SYMBOL:
    case VALUE_BYTES:
        copy.text = arena_copy(arena, value->text);
        break;
    case VALUE_VECTOR:
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_MAP:
        copy.items = arena_alloc(arena, slots(value) * sizeof(*copy.items));
        for (size_t i = 0; i < slots(value); i++)
            copy.items[i] = value_copy(arena, &value->items[i]);
        break;
    case VALUE_NIL:
    case VALUE_BOOLEAN:
    case VALUE_LONG:
    case VALUE_DOUBLE:
    case VALUE_INSTANT:
    case VALUE_UUID:
        break;
    }
    return copy;
}

const struct value *value_get(const struct value *map, const char *name)
{
    struct bytes text = bytes_of(name);

    if (map->type != VALUE_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++) {
        const struct value *key = &map->items[2 * i];
        if ((key->type == VALUE_STRING || key->type == VALUE_KEYWORD) &&
            bytes_equal(key->text, text))
            return key + 1;
    }
    return NULL;
}

void value_stack_push(struct value_stack *stack, struct value value)
{
    if (stack->count == stack->cap) {
        stack->cap = stack->cap ? stack->cap * 2 : 64;
        stack->items = xrealloc(stack->items, stack->cap * sizeof(*stack->items));
    }
    stack->items[stack->count++] = value;
}

/* `count` items as a collection of `type`. */
static struct value collect(enum value_type type, struct value *items, size_t count)
{
    if (type == VALUE_MAP) {
        assert(count % 2 == 0);
        count /= 2;
    }
    assert(count <= UINT32_MAX);
    return value_collection(type, items, (uint32_t)count);
}

struct value value_stack_take(struct value_stack *stack, size_t from, enum value_type type,
                              struct arena *arena)
{
    size_t count = stack->count - from;
    struct value *items = NULL;

    if (count) {
        items = arena_alloc(arena, count * sizeof(*items));
        memcpy(items, stack->items + from, count * sizeof(*items));
    }
    stack->count = from;
    return collect(type, items, count);
}

void value_stack_release(struct value_stack *stack)
{
    free(stack->items);
    *stack = (struct value_stack){ 0 };
}

void value_builder_add(struct value_builder *builder, struct arena *arena, struct value value)
{
    if (builder->count == builder->cap) {
        size_t cap = builder->cap ? builder->cap * 2 : 8;
        struct value *items = arena_alloc(arena, cap * sizeof(*items));
        if (builder->count)
            memcpy(items, builder->items, builder->count * sizeof(*items));
        builder->items = items;
        builder->cap = cap;
    }
    builder->items[builder->count++] = value;
}

void value_builder_entry(struct value_builder *builder, struct arena *arena, const char *key,
                         struct value value)
{
    value_builder_add(builder, arena, value_string(bytes_of(key)));
    value_builder_add(builder, arena, value);
}

struct value value_builder_end(const struct value_builder *builder, enum value_type type)
{
    return collect(type, builder->items, builder->count);
}
