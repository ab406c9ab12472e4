/*
 * The value model: everything that a client, a query or a datom can hold, decoded. A value is 24
 * bytes and points into an arena (or into other bytes that live as long as it does); it is copied
 * by assignment and never freed by itself.
 *
 * Keywords and symbols are their text without colon: the keyword :db/ident is "db/ident". There is
 * no type for refs: an entity id is a long, and the schema knows which attributes hold one.
 */
#ifndef STOA_PROTO_VALUE_H
#define STOA_PROTO_VALUE_H

#include "common/arena.h"
#include "common/error.h"
#include "common/uuid.h"

/* Instants are within this many milliseconds of 1970, as JavaScript's Date; readers refuse others.
 */
#define VALUE_INSTANT_MAX INT64_C(8640000000000000)

/* Also the order of values of different types; numbers are one type there. */
enum value_type {
    VALUE_NIL,
    VALUE_BOOLEAN,
    VALUE_LONG,
    VALUE_DOUBLE,
    VALUE_INSTANT, /* milliseconds since 1970 UTC */
    VALUE_UUID,
    VALUE_STRING, /* UTF-8, NULs allowed */
    VALUE_KEYWORD,
    VALUE_SYMBOL,
    VALUE_BYTES,
    VALUE_VECTOR,
    VALUE_LIST,
    VALUE_SET,
    VALUE_MAP,
};

struct value {
    enum value_type type;
    uint32_t count; /* items of a vector, list or set; entries of a map */
    union {
        bool boolean;
        int64_t number; /* VALUE_LONG, VALUE_INSTANT */
        double real;
        struct uuid uuid;
        struct bytes text;   /* VALUE_STRING, VALUE_KEYWORD, VALUE_SYMBOL, VALUE_BYTES */
        struct value *items; /* collections; a map has key, value, key, value: 2 * count */
    };
};

/*
 * A value with nothing in it, for the makers below to fill. Field by field, and not by an
 * initializer: for that GCC clears the whole on the stack and copies it to its place by wider loads
 * than it was stored by, and the processor waits for each.
 */
static inline struct value value_blank(enum value_type type, uint32_t count)
{
    struct value value;

    value.type = type;
    value.count = count;
    value.number = 0;
    value.text.len = 0;
    return value;
}

static inline struct value value_nil(void)
{
    return value_blank(VALUE_NIL, 0);
}

static inline struct value value_boolean(bool boolean)
{
    struct value value = value_blank(VALUE_BOOLEAN, 0);

    value.boolean = boolean;
    return value;
}

static inline struct value value_long(int64_t number)
{
    struct value value = value_blank(VALUE_LONG, 0);

    value.number = number;
    return value;
}

static inline struct value value_double(double real)
{
    struct value value = value_blank(VALUE_DOUBLE, 0);

    value.real = real;
    return value;
}

static inline struct value value_instant(int64_t ms)
{
    struct value value = value_blank(VALUE_INSTANT, 0);

    value.number = ms;
    return value;
}

static inline struct value value_uuid(struct uuid uuid)
{
    struct value value = value_blank(VALUE_UUID, 0);

    value.uuid = uuid;
    return value;
}

/* `type` is VALUE_STRING, VALUE_KEYWORD, VALUE_SYMBOL or VALUE_BYTES. */
static inline struct value value_text(enum value_type type, struct bytes text)
{
    struct value value = value_blank(type, 0);

    value.text = text;
    return value;
}

static inline struct value value_string(struct bytes text)
{
    return value_text(VALUE_STRING, text);
}

static inline struct value value_keyword(struct bytes text)
{
    return value_text(VALUE_KEYWORD, text);
}

/* A collection over `items`, which are not copied. For a map, `count` entries. */
static inline struct value value_collection(enum value_type type, struct value *items,
                                            uint32_t count)
{
    struct value value = value_blank(type, count);

    value.items = items;
    return value;
}

static inline bool value_is_collection(const struct value *value)
{
    return value->type >= VALUE_VECTOR;
}

static inline bool value_is_sequence(const struct value *value)
{
    return value->type == VALUE_VECTOR || value->type == VALUE_LIST;
}

static inline bool value_is_keyword(const struct value *value, const char *text)
{
    return value->type == VALUE_KEYWORD && bytes_equal(value->text, bytes_of(text));
}

static inline bool value_is_symbol(const struct value *value, const char *text)
{
    return value->type == VALUE_SYMBOL && bytes_equal(value->text, bytes_of(text));
}

static inline bool value_instant_valid(int64_t ms)
{
    return ms >= -VALUE_INSTANT_MAX && ms <= VALUE_INSTANT_MAX;
}

/* The names of types as errors say them: "string", "keyword", "long", ... */
const char *value_type_name(enum value_type type);

/*
 * The total order of values, the same as that of keys in an index. Types in the order of
 * enum value_type, except that longs and doubles are one type compared by exact value; NaN follows
 * all numbers and equals itself. Text by bytes; vectors and lists item by item, a prefix first;
 * sets and maps by their canonical encoding. 1 and 1.0 give 0 here; false and true in that order.
 */
int value_compare(const struct value *a, const struct value *b);

/*
 * The same datom value: as value_compare() == 0, and 1 is not 1.0, and a vector is not a list.
 * Sets and maps are equal whatever their order.
 */
bool value_equal(const struct value *a, const struct value *b);

/* How many collections are inside one another; 0 of what is none. */
unsigned value_depth(const struct value *value);

/* Agrees with value_equal(). Not stable between versions. */
uint64_t value_hash(const struct value *value);

/*
 * True when the set holds no item twice, or the map no key, and sets are not nested too deep
 * (LIMIT_SET_DEPTH); else *fault, in `arena` and NUL-terminated, says what is wrong. Every reader
 * asks this of each set and map, from the innermost on.
 */
bool value_distinct(const struct value *collection, struct arena *arena, struct bytes *fault);

#define VALUE_DOUBLE_BYTES 32

/* Writes a finite double with a point or an exponent, in the fewest of 15 to 17 digits that read
 * back as the same double. NUL-terminated; returns `out`. */
const char *value_double_format(double real, char out[VALUE_DOUBLE_BYTES]);

/* A deep copy into `arena`, sharing nothing with `value`. */
struct value value_copy(struct arena *arena, const struct value *value);

/* The value of a string or keyword key `name` (without colon) in a map; NULL when not there, or
 * when `map` is no map. */
const struct value *value_get(const struct value *map, const char *name);

/*
 * Items of collections that are being read, one on top of the other, on the heap: a collection is
 * copied to the arena once its size is known, so the arena holds what it needs and no more.
 * Zero-initialise.
 */
struct value_stack {
    struct value *items;
    size_t count, cap;
};

void value_stack_push(struct value_stack *stack, struct value value);

/* Takes off the items from `from` on, as a collection of `type` in `arena`. */
struct value value_stack_take(struct value_stack *stack, size_t from, enum value_type type,
                              struct arena *arena);
void value_stack_release(struct value_stack *stack);

/* Building collections whose size is not known before. Zero-initialise; items are in the arena. */
struct value_builder {
    struct value *items;
    size_t count, cap;
};

void value_builder_add(struct value_builder *builder, struct arena *arena, struct value value);

/* Adds a string key and its value, for envelopes. */
void value_builder_entry(struct value_builder *builder, struct arena *arena, const char *key,
                         struct value value);

/* What was added as a collection of `type`; a map has half as many entries as items. */
struct value value_builder_end(const struct value_builder *builder, enum value_type type);

#endif
