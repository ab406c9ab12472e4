#include "tests/oracle/database.h"

#include <stdlib.h>

void database_release(struct database *database)
{
    arena_release(&database->arena);
    *database = (struct database){ 0 };
}

/* ---- attributes ---- */

const struct property *database_property(const struct database *database, struct bytes ident)
{
    for (size_t i = 0; i < database->property_count; i++)
        if (bytes_equal(database->properties[i].ident, ident))
            return &database->properties[i];
    return NULL;
}

static struct property *property_for(struct database *database, struct bytes ident)
{
    for (size_t i = 0; i < database->property_count; i++)
        if (bytes_equal(database->properties[i].ident, ident))
            return &database->properties[i];
    if (database->property_count == database->property_cap) {
        size_t cap = database->property_cap ? 2 * database->property_cap : 16;
        struct property *grown = ARENA_ARRAY(&database->arena, struct property, cap);
        for (size_t i = 0; i < database->property_count; i++)
            grown[i] = database->properties[i];
        database->properties = grown;
        database->property_cap = cap;
    }
    struct property *property = &database->properties[database->property_count++];
    *property = (struct property){ .ident = arena_copy(&database->arena, ident) };
    return property;
}

static void declare(struct property *property, const struct value *key, const struct value *value)
{
    if (value_is_keyword(key, "db/cardinality"))
        property->many = value_is_keyword(value, "db.cardinality/many");
    else if (value_is_keyword(key, "db/valueType"))
        property->ref = value_is_keyword(value, "db.type/ref");
    else if (value_is_keyword(key, "db/unique"))
        property->unique = true;
    else if (value_is_keyword(key, "db/isComponent"))
        property->component = value->boolean;
    else if (value_is_keyword(key, "db/noHistory"))
        property->no_history = value->boolean;
    if (value_is_keyword(value, "db.type/double"))
        property->real = true;
}

void database_declare(struct database *database, const struct value *tx_data)
{
    for (uint32_t i = 0; i < tx_data->count; i++) {
        const struct value *form = &tx_data->items[i];
        const struct value *ident = value_get(form, "db/ident");
        if (!ident || ident->type != VALUE_KEYWORD)
            continue;
        struct property *property = property_for(database, ident->text);
        for (uint32_t j = 0; j < form->count; j++)
            declare(property, &form->items[2 * j], &form->items[2 * j + 1]);
    }
}

/* ---- facts ---- */

void facts_add(struct facts *facts, struct arena *arena, const struct fact *fact)
{
    if (facts->count == facts->cap) {
        size_t cap = facts->cap ? 2 * facts->cap : 64;
        struct fact *grown = ARENA_ARRAY(arena, struct fact, cap);
        for (size_t i = 0; i < facts->count; i++)
            grown[i] = facts->items[i];
        facts->items = grown;
        facts->cap = cap;
    }
    facts->items[facts->count++] = *fact;
}

void database_add(struct database *database, int64_t t, const struct value *datoms)
{
    for (uint32_t i = 0; i < datoms->count; i++) {
        const struct value *items = datoms->items[i].items;
        struct fact fact = { .e = items[0].number,
                             .a = arena_copy(&database->arena, items[1].text),
                             .v = value_copy(&database->arena, &items[2]),
                             .t = t,
                             .added = items[3].boolean };
        facts_add(&database->log, &database->arena, &fact);
    }
}

/* Takes out what a retraction takes back. */
static void facts_remove(struct facts *facts, const struct fact *gone)
{
    size_t kept = 0;

    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->items[i];
        bool same =
            fact->e == gone->e && bytes_equal(fact->a, gone->a) && value_equal(&fact->v, &gone->v);
        if (!same)
            facts->items[kept++] = *fact;
    }
    facts->count = kept;
}

/* What holds after `t`. */
static struct facts standing(const struct database *database, int64_t t, struct arena *arena)
{
    struct facts facts = { 0 };

    for (size_t i = 0; i < database->log.count; i++) {
        const struct fact *fact = &database->log.items[i];
        if (fact->t > t)
            continue;
        if (fact->added)
            facts_add(&facts, arena, fact);
        else
            facts_remove(&facts, fact);
    }
    return facts;
}

static bool keeps_history(const struct database *database, const struct fact *fact)
{
    const struct property *property = database_property(database, fact->a);

    return !property || !property->no_history;
}

struct facts database_view(const struct database *database, const struct moment *moment,
                           struct arena *arena)
{
    int64_t until = moment->has_as_of ? moment->as_of : INT64_MAX;
    int64_t since = moment->has_since ? moment->since : -1;
    struct facts now = standing(database, INT64_MAX, arena);
    struct facts all = moment->history ? database->log : standing(database, until, arena);
    struct facts seen = { 0 };

    for (size_t i = 0; i < all.count; i++) {
        const struct fact *fact = &all.items[i];
        if (fact->t > since && fact->t <= until && keeps_history(database, fact))
            facts_add(&seen, arena, fact);
    }
    /* an attribute without history has at every moment what it has now */
    for (size_t i = 0; i < now.count; i++) {
        const struct fact *fact = &now.items[i];
        if (fact->t > since && fact->t <= until && !keeps_history(database, fact))
            facts_add(&seen, arena, fact);
    }
    return seen;
}

static int compare_facts(const void *a, const void *b)
{
    const struct fact *x = a, *y = b;
    int order = (x->e > y->e) - (x->e < y->e);

    if (!order)
        order = bytes_compare(x->a, y->a);
    if (!order)
        order = value_compare(&x->v, &y->v);
    if (!order)
        order = (x->t > y->t) - (x->t < y->t);
    return order ? order : x->added - y->added;
}

void facts_sort(struct facts *facts)
{
    if (facts->count)
        qsort(facts->items, facts->count, sizeof(*facts->items), compare_facts);
}
