#include "tests/oracle/generate.h"

#include "proto/edn.h"
#include "tests/oracle/graph.h"

#define ONE       ":db/cardinality :db.cardinality/one"
#define MANY      ":db/cardinality :db.cardinality/many"
#define REF       ":db/valueType :db.type/ref"
#define IDENTITY  ":db/unique :db.unique/identity"
#define COMPONENT ":db/isComponent true"

const struct generated_attribute generated_attributes[GENERATED_ATTRIBUTES] = {
    { "name", KIND_STRING, false, ONE, IDENTITY },
    { "age", KIND_LONG, false, ONE, ":db/index true" },
    { "salary", KIND_LONG, false, ONE, ":db/valueType :db.type/long" },
    { "nums", KIND_LONG, true, MANY, ":db/index true" },
    { "score", KIND_DOUBLE, false, ONE, ":db/valueType :db.type/double" },
    { "tag", KIND_STRING, true, MANY, "" },
    { "friend", KIND_ENTITY, true, REF " " MANY, "" },
    { "boss", KIND_ENTITY, false, REF " " ONE, "" },
    { "part", KIND_ENTITY, true, REF " " MANY, COMPONENT },
    { "kind", KIND_KEYWORD, false, ONE, ":db/index true" },
    { "flag", KIND_BOOLEAN, false, ONE, "" },
    { "any", KIND_ANY, false, ONE, "" },
    { "never", KIND_ENTITY, true, REF " " MANY, "" }, /* nothing has it */
    { "quiet", KIND_LONG, false, ONE, ":db/noHistory true" },
    { "age+kind", KIND_ANY, false, ONE " :db/valueType :db.type/tuple :db/tupleAttrs [:age :kind]",
      "" },
};

#define ATTRIBUTE_NEVER 12
#define ATTRIBUTE_TUPLE 14

void generate_value(struct random *random, enum kind kind, uint32_t entities, struct buffer *out)
{
    static const enum kind mixed[] = { KIND_LONG, KIND_STRING, KIND_KEYWORD, KIND_BOOLEAN };

    switch (kind) {
    case KIND_ENTITY:
        buffer_printf(out, "%u", 1 + random_below(random, entities));
        break;
    case KIND_LONG:
        buffer_printf(out, "%d", (int)random_below(random, 7) - 1);
        break;
    case KIND_STRING:
        buffer_printf(out, "\"%c%s\"", 'a' + random_below(random, 5),
                      random_chance(random, 20) ? "b" : "");
        break;
    case KIND_KEYWORD:
    case KIND_ATTRIBUTE:
        buffer_printf(out, ":%c", 'x' + random_below(random, 3));
        break;
    case KIND_BOOLEAN:
    case KIND_ADDED:
        buffer_printf(out, "%s", random_chance(random, 50) ? "true" : "false");
        break;
    case KIND_DOUBLE:
        buffer_printf(out, "%u.5", random_below(random, 4));
        break;
    case KIND_TX:
        buffer_printf(out, "%u", (1u << 29) + 1 + random_below(random, 6));
        break;
    case KIND_ANY:
    case KINDS:
        generate_value(random, mixed[random_below(random, ARRAY_LEN(mixed))], entities, out);
        break;
    }
}

struct writer {
    struct random *random;
    struct buffer text;
    uint32_t entities;
    bool named; /* :name is unique */
};

static void write_schema(struct writer *writer)
{
    buffer_printf(&writer->text, "[");
    for (size_t i = 0; i < GENERATED_ATTRIBUTES; i++) {
        const struct generated_attribute *attribute = &generated_attributes[i];
        bool said = random_chance(writer->random, 50);
        if (i == ATTRIBUTE_TUPLE && !said)
            continue;
        if (i == 0)
            writer->named = said;
        buffer_printf(&writer->text, "{:db/ident :%s %s %s}", attribute->name, attribute->always,
                      said ? attribute->sometimes : "");
    }
    buffer_printf(&writer->text, "]");
}

static const struct generated_attribute *pick_attribute(struct writer *writer)
{
    uint32_t i;

    do
        i = random_below(writer->random, GENERATED_ATTRIBUTES);
    while (i == ATTRIBUTE_NEVER || i == ATTRIBUTE_TUPLE);
    return &generated_attributes[i];
}

/* An entity that is there, or will be: by its id, or by its name. */
static void write_entity(struct writer *writer)
{
    uint32_t e = 1 + random_below(writer->random, writer->entities);

    if (writer->named && e <= 5 && random_chance(writer->random, 10))
        buffer_printf(&writer->text, "[:name \"%c\"]", 'a' + e - 1);
    else
        buffer_printf(&writer->text, "%u", e);
}

/* :name "a", whose value goes with the entity most of the time, since it may be unique. */
static void write_pair(struct writer *writer, uint32_t e)
{
    const struct generated_attribute *attribute = pick_attribute(writer);

    buffer_printf(&writer->text, ":%s ", attribute->name);
    if (attribute == &generated_attributes[0] && random_chance(writer->random, 95))
        buffer_printf(&writer->text, "\"%c%s\"", 'a' + (e - 1) % 26, e > 26 ? "z" : "");
    else
        generate_value(writer->random, attribute->kind, writer->entities, &writer->text);
}

static void write_map(struct writer *writer)
{
    uint32_t e = 1 + random_below(writer->random, writer->entities);

    buffer_printf(&writer->text, "{:db/id %u", e);
    for (uint32_t i = 0, seen = 0; i <= random_below(writer->random, 5); i++) {
        const struct generated_attribute *attribute = pick_attribute(writer);
        uint32_t bit = 1u << (attribute - generated_attributes);
        if (seen & bit)
            continue;
        seen |= bit;
        buffer_printf(&writer->text, " :%s ", attribute->name);
        uint32_t values = attribute->many ? 1 + random_below(writer->random, 3) : 1;
        if (attribute->many)
            buffer_printf(&writer->text, "[");
        for (uint32_t j = 0; j < values; j++) {
            if (attribute == &generated_attributes[0])
                buffer_printf(&writer->text, "\"%c%s\"", 'a' + (e - 1) % 26, e > 26 ? "z" : "");
            else
                generate_value(writer->random, attribute->kind, writer->entities, &writer->text);
            buffer_printf(&writer->text, " ");
        }
        if (attribute->many)
            buffer_printf(&writer->text, "]");
    }
    buffer_printf(&writer->text, "}");
}

static void write_form(struct writer *writer)
{
    static const char *const words[] = { ":db/add", ":db/add", ":db/add", ":db/retract",
                                         ":db/retract" };
    uint32_t e = 1 + random_below(writer->random, writer->entities);

    switch (random_below(writer->random, 12)) {
    case 0:
        buffer_printf(&writer->text, "[:db.fn/retractEntity ");
        write_entity(writer);
        break;
    case 1:
        buffer_printf(&writer->text, "[:db/retract ");
        write_entity(writer);
        buffer_printf(&writer->text, " :%s", pick_attribute(writer)->name);
        break;
    case 2:
        buffer_printf(&writer->text, "[:db/add \"new\" ");
        write_pair(writer, 20);
        break;
    case 3:
    case 4:
    case 5:
        write_map(writer);
        return;
    default:
        buffer_printf(&writer->text, "[%s %u ", words[random_below(writer->random, 5)], e);
        write_pair(writer, e);
        break;
    }
    buffer_printf(&writer->text, "]");
}

static struct value end(struct writer *writer, struct arena *arena)
{
    struct value out;
    struct error err;

    if (!edn_read(buffer_bytes(&writer->text), arena, &out, &err))
        oracle_die("generated: %s: %.*s", err.message, (int)writer->text.len, writer->text.data);
    buffer_release(&writer->text);
    return out;
}

struct value generate_history(struct random *random, struct arena *arena, struct scale *out)
{
    struct writer writer = { .random = random, .entities = 2 + random_below(random, 7) };
    uint32_t transactions = 2 + random_below(random, 8);

    if (random_chance(random, 10))
        writer.entities = 40;
    buffer_printf(&writer.text, "[");
    write_schema(&writer);
    for (uint32_t i = 0; i < transactions; i++) {
        uint32_t forms = 1 + random_below(random, i == 0 ? 3 * writer.entities : 6);
        buffer_printf(&writer.text, "[");
        for (uint32_t j = 0; j < forms; j++)
            write_form(&writer);
        buffer_printf(&writer.text, "]");
    }
    buffer_printf(&writer.text, "]");
    *out = (struct scale){ writer.entities, transactions + 1, writer.named };
    return end(&writer, arena);
}

struct value generate_changes(struct random *random, const struct value *history,
                              struct arena *arena)
{
    static const char *const changes[] = {
        ":db/index true",
        ":db/index true",
        ":db/index false",
        ":db/unique :db.unique/value",
        ":db/cardinality :db.cardinality/many",
        ":db/cardinality :db.cardinality/one",
        ":db/isComponent true",
        ":db/valueType :db.type/ref",
        ":db/valueType :db.type/long",
    };
    struct writer writer = { .random = random };

    buffer_printf(&writer.text, "[");
    for (uint32_t i = 0; i < history->count; i++) {
        edn_write(&writer.text, &history->items[i]);
        while (i > 0 && random_chance(random, 40)) {
            const struct generated_attribute *attribute = pick_attribute(&writer);
            const char *change = changes[random_below(random, ARRAY_LEN(changes))];
            buffer_printf(&writer.text, "[{:db/ident :%s %s}]", attribute->name, change);
        }
    }
    buffer_printf(&writer.text, "]");
    return end(&writer, arena);
}

struct value generate_fan(uint32_t handle, uint32_t ribs, struct arena *arena)
{
    struct writer writer = { 0 };

    buffer_printf(&writer.text, "[[{:db/ident :friend " REF " " MANY "}][");
    for (uint32_t i = 1; i < handle; i++)
        buffer_printf(&writer.text, "[:db/add %u :friend %u]", i, i + 1);
    for (uint32_t i = 1; i <= ribs; i++)
        buffer_printf(&writer.text, "[:db/add %u :friend %u][:db/add %u :friend %u]", handle,
                      handle + i, handle + i, handle + ribs + 1);
    buffer_printf(&writer.text, "]]");
    return end(&writer, arena);
}
