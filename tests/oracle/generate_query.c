#include "tests/oracle/generate.h"

#include "proto/edn.h"
#include "tests/oracle/graph.h"

#include <ctype.h>

#define NAMES       3 /* variables of each kind */
#define CLAUSES_MAX 10
#define LETTERS     "ensktdvaxo"

/* Which variables are bound, by kind: bit i is number i. */
struct scope {
    uint8_t bound[KINDS];
};

struct asker {
    struct random *random;
    const struct scale *scale;
    struct scope scope;
    bool history;
    struct buffer in, args, rules;
    struct buffer clauses[CLAUSES_MAX];
    uint32_t clause_count;
    bool has_rules, has_tuples;
};

static uint32_t below(struct asker *asker, uint32_t end)
{
    return random_below(asker->random, end);
}

static bool chance(struct asker *asker, uint32_t percent)
{
    return random_chance(asker->random, percent);
}

/* ---- variables ---- */

static void variable(struct buffer *out, enum kind kind, uint32_t number)
{
    buffer_printf(out, "?%c%u", LETTERS[kind], number);
}

static bool bound_one(struct asker *asker, const struct scope *scope, enum kind kind,
                      uint32_t *number)
{
    uint32_t first = below(asker, NAMES);

    for (uint32_t i = 0; i < NAMES; i++) {
        *number = (first + i) % NAMES;
        if (scope->bound[kind] >> *number & 1)
            return true;
    }
    return false;
}

/* Some variable of the kind, rather one that is bound; it is bound afterwards. */
static void write_variable(struct asker *asker, struct scope *scope, enum kind kind,
                           struct buffer *out)
{
    uint32_t number;

    if (!chance(asker, 70) || !bound_one(asker, scope, kind, &number))
        number = below(asker, NAMES);
    scope->bound[kind] |= (uint8_t)(1u << number);
    variable(out, kind, number);
}

/* A variable of the kind that is bound, or a constant. */
static void write_known(struct asker *asker, const struct scope *scope, enum kind kind,
                        uint32_t constants, struct buffer *out)
{
    uint32_t number;

    if (!chance(asker, constants) && bound_one(asker, scope, kind, &number))
        variable(out, kind, number);
    else
        generate_value(asker->random, kind, asker->scale->entities, out);
}

static const struct generated_attribute *pick(struct asker *asker)
{
    return &generated_attributes[below(asker, GENERATED_ATTRIBUTES)];
}

static const struct generated_attribute *pick_of(struct asker *asker, enum kind kind)
{
    const struct generated_attribute *attribute;

    do
        attribute = pick(asker);
    while (attribute->kind != kind);
    return attribute;
}

/* ---- patterns ---- */

static void write_entity(struct asker *asker, struct scope *scope, struct buffer *out)
{
    uint32_t roll = below(asker, 100);

    if (roll < 6)
        buffer_printf(out, "_");
    else if (roll < 14)
        generate_value(asker->random, KIND_ENTITY, asker->scale->entities, out);
    else
        write_variable(asker, scope, KIND_ENTITY, out);
}

static void write_value(struct asker *asker, struct scope *scope, enum kind kind,
                        struct buffer *out)
{
    uint32_t roll = below(asker, 100);

    if (roll < 10)
        buffer_printf(out, " _");
    else if (roll < 30 && kind != KIND_ANY) {
        buffer_printf(out, " ");
        generate_value(asker->random, kind, asker->scale->entities, out);
    } else {
        buffer_printf(out, " ");
        write_variable(asker, scope, kind, out);
    }
}

/* The transaction, and with history whether it was added. */
static void write_tx(struct asker *asker, struct scope *scope, struct buffer *out)
{
    buffer_printf(out, " ");
    write_variable(asker, scope, KIND_TX, out);
    if (!asker->history || chance(asker, 30))
        return;
    buffer_printf(out, " ");
    if (chance(asker, 40))
        generate_value(asker->random, KIND_ADDED, 1, out);
    else
        write_variable(asker, scope, KIND_ADDED, out);
}

static void write_pattern(struct asker *asker, struct scope *scope, struct buffer *out)
{
    const struct generated_attribute *attribute = pick(asker);
    uint32_t roll = below(asker, 100);

    buffer_printf(out, "[");
    write_entity(asker, scope, out);
    if (roll < 7) {
        buffer_printf(out, " ");
        write_variable(asker, scope, KIND_ATTRIBUTE, out);
        write_value(asker, scope, KIND_ANY, out);
    } else if (roll < 15) {
        buffer_printf(out, " :%s", attribute->name);
    } else {
        buffer_printf(out, " :%s", attribute->name);
        write_value(asker, scope, attribute->kind, out);
        if (chance(asker, asker->history ? 50 : 8))
            write_tx(asker, scope, out);
    }
    buffer_printf(out, "]");
}

/* ---- calls ---- */

static enum kind comparable(struct asker *asker)
{
    static const enum kind kinds[] = { KIND_LONG,   KIND_LONG,   KIND_STRING,
                                       KIND_ENTITY, KIND_DOUBLE, KIND_KEYWORD };

    return kinds[below(asker, ARRAY_LEN(kinds))];
}

static void write_comparison(struct asker *asker, const struct scope *scope, struct buffer *out)
{
    static const char *const words[] = { "<", ">", "<=", ">=", "=", "!=", "not=" };
    enum kind kind = comparable(asker);

    buffer_printf(out, "[(%s ", words[below(asker, ARRAY_LEN(words))]);
    write_known(asker, scope, kind, 5, out);
    buffer_printf(out, " ");
    write_known(asker, scope, kind, 40, out);
    if (chance(asker, 10)) {
        buffer_printf(out, " ");
        write_known(asker, scope, kind, 50, out);
    }
    buffer_printf(out, ")]");
}

static void write_predicate(struct asker *asker, const struct scope *scope, struct buffer *out)
{
    static const char *const texts[] = { "starts-with?", "ends-with?", "includes?" };

    switch (below(asker, 10)) {
    case 0:
        buffer_printf(out, "[(%s ", chance(asker, 50) ? "even?" : "odd?");
        write_known(asker, scope, KIND_LONG, 5, out);
        break;
    case 1:
        buffer_printf(out, "[(clojure.string/%s ", texts[below(asker, 3)]);
        write_known(asker, scope, KIND_STRING, 5, out);
        buffer_printf(out, " \"%s\"", chance(asker, 50) ? "b" : "a");
        break;
    case 2:
        buffer_printf(out, "[(missing? $ ");
        write_known(asker, scope, KIND_ENTITY, 5, out);
        buffer_printf(out, " :%s", pick(asker)->name);
        break;
    case 3:
        buffer_printf(out, "[(-differ? ");
        for (int i = 0; i < 4; i++) {
            write_known(asker, scope, i % 2 ? KIND_LONG : KIND_ENTITY, 20, out);
            buffer_printf(out, " ");
        }
        break;
    default:
        write_comparison(asker, scope, out);
        return;
    }
    buffer_printf(out, ")]");
}

/* A function of one kind of arguments and one of results. */
static const struct {
    const char *call;
    enum kind from, to;
} functions[] = {
    { "(+ %s 1)", KIND_LONG, KIND_LONG },
    { "(- 3 %s)", KIND_LONG, KIND_LONG },
    { "(* %s %s)", KIND_LONG, KIND_LONG },
    { "(quot %s 2)", KIND_LONG, KIND_LONG },
    { "(mod %s 3)", KIND_LONG, KIND_LONG },
    { "(inc %s)", KIND_LONG, KIND_LONG },
    { "(dec %s)", KIND_LONG, KIND_LONG },
    { "(max %s 2)", KIND_LONG, KIND_LONG },
    { "(min %s %s)", KIND_LONG, KIND_LONG },
    { "(str %s \"-\" %s)", KIND_STRING, KIND_STRING },
    { "(clojure.string/upper-case %s)", KIND_STRING, KIND_STRING },
    { "(count %s)", KIND_STRING, KIND_LONG },
    { "(str %s)", KIND_LONG, KIND_STRING },
    { "(identity %s)", KIND_ENTITY, KIND_ENTITY },
    { "(identity %s)", KIND_ANY, KIND_ANY },
    { "(even? %s)", KIND_LONG, KIND_BOOLEAN },
    { "(< %s %s)", KIND_LONG, KIND_BOOLEAN },
    { "(not %s)", KIND_BOOLEAN, KIND_BOOLEAN },
    { "(and %s 5)", KIND_LONG, KIND_LONG },
    { "(tuple %s %s)", KIND_ENTITY, KIND_ANY },
    { "(vector %s %s)", KIND_LONG, KIND_ANY },
};

static void write_mapped(struct asker *asker, struct scope *scope, struct buffer *out)
{
    size_t i = below(asker, ARRAY_LEN(functions));
    enum kind to = functions[i].to;

    buffer_printf(out, "[");
    for (const char *at = functions[i].call; *at; at++) {
        if (*at == '%') {
            write_known(asker, scope, functions[i].from, 10, out);
            at++;
        } else {
            buffer_append_u8(out, (uint8_t)*at);
        }
    }
    buffer_printf(out, " ");
    write_variable(asker, scope, to, out);
    buffer_printf(out, "]");
}

static void write_function(struct asker *asker, struct scope *scope, struct buffer *out)
{
    const struct generated_attribute *attribute = pick(asker);
    uint32_t number;

    switch (below(asker, 8)) {
    case 0:
        buffer_printf(out, "[(ground %u) ", below(asker, 5));
        write_variable(asker, scope, chance(asker, 50) ? KIND_LONG : KIND_ENTITY, out);
        buffer_printf(out, "]");
        return;
    case 1:
        buffer_printf(out, "[(ground [1 2 %u]) [", below(asker, 6));
        write_variable(asker, scope, KIND_LONG, out);
        buffer_printf(out, " ...]]");
        return;
    case 2:
        if (asker->history || !bound_one(asker, scope, KIND_ENTITY, &number))
            break;
        buffer_printf(out, "[(get-else $ ?e%u :%s ", number, attribute->name);
        generate_value(asker->random, attribute->kind, asker->scale->entities, out);
        buffer_printf(out, ") ");
        write_variable(asker, scope, attribute->kind, out);
        buffer_printf(out, "]");
        return;
    case 3:
        if (asker->history || !bound_one(asker, scope, KIND_ENTITY, &number))
            break;
        buffer_printf(out, "[(get-some $ ?e%u :%s :age) [", number, attribute->name);
        write_variable(asker, scope, KIND_ATTRIBUTE, out);
        buffer_printf(out, " ");
        write_variable(asker, scope, KIND_ANY, out);
        buffer_printf(out, "]]");
        return;
    default:
        break;
    }
    write_mapped(asker, scope, out);
}

/* ---- not, or ---- */

static void write_clause(struct asker *asker, struct scope *scope, unsigned depth,
                         struct buffer *out);

static void write_not(struct asker *asker, const struct scope *scope, unsigned depth,
                      struct buffer *out)
{
    struct scope inner = *scope;
    uint32_t number, second;

    if (!bound_one(asker, scope, KIND_ENTITY, &number) || chance(asker, 60)) {
        buffer_printf(out, "(not ");
    } else {
        buffer_printf(out, "(not-join [?e%u", number);
        if (bound_one(asker, scope, KIND_LONG, &second)) {
            buffer_printf(out, " ?n%u", second);
            inner = (struct scope){ .bound[KIND_LONG] = (uint8_t)(1u << second) };
        } else {
            inner = (struct scope){ 0 };
        }
        inner.bound[KIND_ENTITY] = (uint8_t)(1u << number);
        buffer_printf(out, "] ");
    }
    for (uint32_t i = 0; i <= below(asker, 2); i++)
        write_clause(asker, &inner, depth + 1, out);
    buffer_printf(out, ")");
}

/* A branch that binds ?eN and, when it is asked for, a variable of a kind. */
static void write_branch(struct asker *asker, uint32_t e, enum kind kind, uint32_t number,
                         bool both, struct buffer *out)
{
    if (!both) {
        const struct generated_attribute *attribute = pick(asker);
        buffer_printf(out, "[?e%u :%s", e, attribute->name);
        if (chance(asker, 60) && attribute->kind != KIND_ANY) {
            buffer_printf(out, " ");
            generate_value(asker->random, attribute->kind, asker->scale->entities, out);
        }
        buffer_printf(out, "]");
    } else if (chance(asker, 80)) {
        buffer_printf(out, "[?e%u :%s ", e, pick_of(asker, kind)->name);
        variable(out, kind, number);
        buffer_printf(out, "]");
    } else {
        buffer_printf(out, "(and [?e%u :%s] [(ground ", e, pick(asker)->name);
        generate_value(asker->random, kind, asker->scale->entities, out);
        buffer_printf(out, ") ");
        variable(out, kind, number);
        buffer_printf(out, "])");
    }
}

static void write_or(struct asker *asker, struct scope *scope, unsigned depth, struct buffer *out)
{
    static const enum kind kinds[] = { KIND_LONG, KIND_ENTITY, KIND_STRING, KIND_KEYWORD };
    enum kind kind = kinds[below(asker, ARRAY_LEN(kinds))];
    bool join = chance(asker, 40), both = chance(asker, 60);
    uint32_t e = below(asker, NAMES), number = below(asker, NAMES);

    if (kind == KIND_ENTITY && number == e)
        number = (e + 1) % NAMES;
    buffer_printf(out, join ? "(or-join [" : "(or ");
    if (join) {
        variable(out, KIND_ENTITY, e);
        if (both) {
            buffer_printf(out, " ");
            variable(out, kind, number);
        }
        buffer_printf(out, "] ");
    }
    for (uint32_t i = 0; i < 2 + below(asker, 2); i++) {
        struct buffer one = { 0 };
        bool more = chance(asker, 40);
        write_branch(asker, e, kind, number, both, &one);
        if (more) {
            /* a second clause of the same variables, and of others in or-join */
            struct scope inner = { 0 };
            inner.bound[KIND_ENTITY] = (uint8_t)(1u << e);
            if (both)
                inner.bound[kind] |= (uint8_t)(1u << number);
            buffer_printf(out, "(and ");
            if (join)
                write_clause(asker, &inner, depth + 1, out);
            else if (both && (kind == KIND_LONG || kind == KIND_ENTITY))
                buffer_printf(out, "[(%s ?%c%u %u)]",
                              chance(asker, 50) ? "<" : "not=", LETTERS[kind], number,
                              below(asker, 4));
            else
                buffer_printf(out, "(not [?e%u :%s])", e, pick(asker)->name);
        }
        buffer_append_bytes(out, buffer_bytes(&one));
        buffer_printf(out, more ? ")" : " ");
        buffer_release(&one);
    }
    buffer_printf(out, ")");
    scope->bound[KIND_ENTITY] |= (uint8_t)(1u << e);
    if (both)
        scope->bound[kind] |= (uint8_t)(1u << number);
}

/* ---- rules ---- */

/* Sets of rules; R and S become attributes that are refs, L one of longs. The variables are those
 * of the queries that call them. All define (r ?x ?y) from entity to entity. */
static const char *const rule_sets[] = {
    "[(r ?e0 ?e1) [?e0 R ?e1]] [(r ?e0 ?e1) [?e0 R ?e2] (r ?e2 ?e1)]",
    "[(r ?e0 ?e1) [?e0 R ?e1]] [(r ?e0 ?e1) (r ?e0 ?e2) [?e2 R ?e1]]",
    "[(r ?e0 ?e1) [?e0 R ?e1]] [(r ?e0 ?e1) (r ?e0 ?e2) (r ?e2 ?e1)]",
    "[(r ?e1 ?e0) [?e1 R ?e0]] [(r ?e0 ?e1) [?e2 S ?e1] (r ?e0 ?e2)]",
    "[(r ?e0 ?e1) [?e0 R ?e1]] [(r ?e0 ?e1) [?e0 R ?e2] (q ?e2 ?e1)]"
    "[(q ?e2 ?e0) [?e2 S ?e1] (r ?e1 ?e0)]",
    "[(r [?e0] ?e1) [?e0 R ?e1]] [(r [?e1] ?e0) [?e1 S ?e2] (r ?e2 ?e0)]",
    "[(r ?e0 ?e1) [?e0 R ?e1] [?e1 L ?n0] [(< ?n0 3)]] [(r ?e0 ?e1) (r ?e1 ?e0)]",
    "[(r ?e0 ?e1) [?e0 L ?n0] [?e1 L ?n0]]",
    "[(r ?e0 ?e1) [?e0 R ?e1] (not [?e1 S ?e0])] [(r ?e0 ?e1) (r ?e0 ?e2) [?e2 R ?e1]"
    " (not-join [?e1] [?e1 L ?n0] [(odd? ?n0)])]",
    "[(r ?e0 ?e1) (or-join [?e0 ?e1] [?e0 R ?e1] (and [?e0 S ?e2] (r ?e2 ?e1)))]",
    "[(r ?e0 ?e1) [?e0 R ?e1]] [(r ?e0 ?e1) (or-join [?e0 ?e1] (and [?e0 R ?e2] (r ?e2 ?e1))"
    " (r ?e1 ?e0))]",
    "[(r ?e0 ?e1) [?e0 R] [(ground 2) ?e1]] [(r ?e2 ?e1) [?e2 S ?e0] (r ?e0 ?e1)]",
    "[(r ?e0 ?e1) [?e0 R] [(identity ?e0) ?e1]] [(r ?e0 ?e1) [?e0 S ?e2] (r ?e2 ?e1)]",
    "[(r ?e0 ?e1) (q ?e0 ?e1 ?n0) [(< ?n0 4)]]"
    "[(q ?e0 ?e1 ?n0) [?e0 R ?e1] [(ground 1) ?n0]]"
    "[(q ?e0 ?e1 ?n0) (q ?e0 ?e2 ?n1) [?e2 R ?e1] [(< ?n1 4)] [(inc ?n1) ?n0]]",
    "[(r ?e0 ?e1) [?e0 R ?e1]] [(r ?e0 ?e1) (r ?e0 2) [?e0 S ?e1]]"
    "[(r ?e0 ?e1) (r ?e0 3) [?e1 S ?e0]]",
    "[(r ?e0 ?e1) [?e0 R ?e1]] [(r ?e0 ?e1) (r 1 ?e0) (r 2 ?e1) (r ?e1 1)]",
    "[(r ?e0 ?e1) (q ?e0) (q ?e1)] [(q ?e0) [?e0 R]] [(q ?e1) [?e1 S ?e0] (q ?e0)]",
    "[(r ?e0 ?e1) (p ?e0 ?e1)] [(p ?e0 ?e1) [?e0 R ?e1]] [(p ?e1 ?e0) (r ?e0 ?e1)]",
};

static void add_rules(struct asker *asker)
{
    static const char *const refs[] = { "friend", "boss", "part", "friend", "boss", "never" };
    const char *r = refs[below(asker, 5)], *s = refs[below(asker, ARRAY_LEN(refs))];
    const char *l = chance(asker, 50) ? "age" : "nums";

    asker->has_rules = true;
    for (const char *at = rule_sets[below(asker, ARRAY_LEN(rule_sets))]; *at; at++) {
        if (*at == 'R' || *at == 'S' || *at == 'L')
            buffer_printf(&asker->rules, ":%s", *at == 'R' ? r : *at == 'S' ? s : l);
        else
            buffer_append_u8(&asker->rules, (uint8_t)*at);
    }
}

static void write_rule(struct asker *asker, struct scope *scope, struct buffer *out)
{
    if (!asker->has_rules)
        add_rules(asker);
    buffer_printf(out, "(r");
    for (int i = 0; i < 2; i++) {
        uint32_t roll = below(asker, 100);
        buffer_printf(out, " ");
        if (roll < 15)
            write_known(asker, scope, KIND_ENTITY, 100, out);
        else if (roll < 20 && i == 1)
            buffer_printf(out, "_");
        else
            write_variable(asker, scope, KIND_ENTITY, out);
    }
    buffer_printf(out, ")");
}

/* ---- clauses ---- */

static void write_tuple_pattern(struct asker *asker, struct scope *scope, struct buffer *out)
{
    asker->has_tuples = true;
    buffer_printf(out, "[$2 ");
    if (chance(asker, 20))
        write_known(asker, scope, KIND_ENTITY, 50, out);
    else
        write_variable(asker, scope, KIND_ENTITY, out);
    write_value(asker, scope, KIND_LONG, out);
    buffer_printf(out, "]");
}

static void write_cycle(struct asker *asker, struct scope *scope, struct buffer *out)
{
    const char *r = pick_of(asker, KIND_ENTITY)->name, *s = pick_of(asker, KIND_ENTITY)->name;

    buffer_printf(out, "[?e0 :%s ?e1] [?e1 :%s ?e2] [?e2 :%s ?e0]", r, s, r);
    scope->bound[KIND_ENTITY] |= 7;
}

static void write_self(struct asker *asker, struct scope *scope, struct buffer *out)
{
    uint32_t e = below(asker, NAMES);

    buffer_printf(out, "[?e%u :%s ?e%u]", e, pick_of(asker, KIND_ENTITY)->name, e);
    scope->bound[KIND_ENTITY] |= (uint8_t)(1u << e);
}

/* A value with a bound, which may be read by it. */
static void write_bounded(struct asker *asker, struct scope *scope, struct buffer *out)
{
    static const char *const words[] = { "<", ">", "<=", ">=" };
    const char *word = words[below(asker, ARRAY_LEN(words))];
    uint32_t number = below(asker, NAMES);

    buffer_printf(out, "[");
    write_entity(asker, scope, out);
    buffer_printf(out, " :%s ?n%u] [(%s ", pick_of(asker, KIND_LONG)->name, number, word);
    if (chance(asker, 50)) {
        buffer_printf(out, "?n%u ", number);
        write_known(asker, scope, KIND_LONG, 70, out);
    } else {
        write_known(asker, scope, KIND_LONG, 70, out);
        buffer_printf(out, " ?n%u", number);
    }
    buffer_printf(out, ")]");
    scope->bound[KIND_LONG] |= (uint8_t)(1u << number);
}

static void write_clause(struct asker *asker, struct scope *scope, unsigned depth,
                         struct buffer *out)
{
    uint32_t roll = below(asker, 100);

    if (depth > 2 || roll < 40)
        write_pattern(asker, scope, out);
    else if (roll < 45)
        write_bounded(asker, scope, out);
    else if (roll < 60)
        write_predicate(asker, scope, out);
    else if (roll < 70)
        write_function(asker, scope, out);
    else if (roll < 78)
        write_not(asker, scope, depth, out);
    else if (roll < 86)
        write_or(asker, scope, depth, out);
    else if (roll < 93)
        write_rule(asker, scope, out);
    else if (roll < 95 && !asker->history)
        write_tuple_pattern(asker, scope, out);
    else if (roll < 97)
        write_cycle(asker, scope, out);
    else
        write_self(asker, scope, out);
}

/* ---- :in ---- */

static void write_input(struct asker *asker)
{
    static const enum kind kinds[] = { KIND_ENTITY, KIND_LONG, KIND_STRING, KIND_KEYWORD };
    enum kind kind = kinds[below(asker, ARRAY_LEN(kinds))];
    uint32_t number = below(asker, NAMES), count = below(asker, 5);
    struct buffer *in = &asker->in, *args = &asker->args;

    if (asker->scope.bound[kind] >> number & 1)
        return;
    asker->scope.bound[kind] |= (uint8_t)(1u << number);
    switch (below(asker, 4)) {
    case 0:
        buffer_printf(in, " [?%c%u ...]", LETTERS[kind], number);
        buffer_printf(args, " [");
        for (uint32_t i = 0; i < count; i++, buffer_printf(args, " "))
            generate_value(asker->random, kind, asker->scale->entities, args);
        buffer_printf(args, "]");
        break;
    case 1:
        buffer_printf(in, " [[?%c%u ?b0]]", LETTERS[kind], number);
        buffer_printf(args, " [");
        for (uint32_t i = 0; i < count; i++) {
            buffer_printf(args, "[");
            generate_value(asker->random, kind, asker->scale->entities, args);
            buffer_printf(args, " %s]", chance(asker, 50) ? "true" : "false");
        }
        buffer_printf(args, "]");
        asker->scope.bound[KIND_BOOLEAN] |= 1;
        break;
    case 2:
        if (kind == KIND_ENTITY && asker->scale->named && chance(asker, 30)) {
            buffer_printf(in, " ?e%u", number);
            buffer_printf(args, " [:name \"%c\"]", 'a' + below(asker, 5));
            break;
        }
        buffer_printf(in, " [?%c%u _]", LETTERS[kind], number);
        buffer_printf(args, " [");
        generate_value(asker->random, kind, asker->scale->entities, args);
        buffer_printf(args, " 0]");
        break;
    default:
        buffer_printf(in, " ?%c%u", LETTERS[kind], number);
        buffer_printf(args, " ");
        generate_value(asker->random, kind, asker->scale->entities, args);
        break;
    }
}

/* ---- :find ---- */

static void write_pull(struct asker *asker, unsigned depth, struct buffer *out)
{
    const struct generated_attribute *attribute = pick(asker);
    bool ref = attribute->kind == KIND_ENTITY;
    const char *under = ref && chance(asker, 30) ? "_" : "";

    buffer_printf(out, "[");
    if (chance(asker, 30))
        buffer_printf(out, "*");
    else if (chance(asker, 50))
        buffer_printf(out, ":db/id :age");
    else
        buffer_printf(out, ":name");
    if (ref && chance(asker, 70)) {
        buffer_printf(out, " {:%s%s ", under, attribute->name);
        if (depth > 1 || chance(asker, 40))
            buffer_printf(out, "%s", chance(asker, 50) ? "..." : "2");
        else
            write_pull(asker, depth + 1, out);
        buffer_printf(out, "}");
    } else if (chance(asker, 25)) {
        buffer_printf(out, " [:%s%s :as :got]", under, attribute->name);
    } else if (chance(asker, 30)) {
        buffer_printf(out, " [:%s :limit 1]", attribute->name);
    } else if (chance(asker, 30)) {
        buffer_printf(out, " [:%s :default 7]", attribute->name);
    } else {
        buffer_printf(out, " :%s%s", under, attribute->name);
    }
    buffer_printf(out, "]");
}

static void write_aggregate(struct asker *asker, enum kind kind, uint32_t number,
                            struct buffer *out)
{
    static const char *const any[] = { "count", "count-distinct", "distinct", "min",
                                       "max",   "min 2",          "max 2" };
    static const char *const numbers[] = { "sum", "avg", "median", "variance", "stddev" };
    bool numeric = kind == KIND_LONG || kind == KIND_DOUBLE;

    buffer_printf(out, "(%s ",
                  numeric && chance(asker, 50) ? numbers[below(asker, ARRAY_LEN(numbers))]
                                               : any[below(asker, ARRAY_LEN(any))]);
    variable(out, kind, number);
    buffer_printf(out, ")");
}

static void write_element(struct asker *asker, uint32_t aggregates, struct buffer *out)
{
    enum kind kind;
    uint32_t number;

    do
        kind = (enum kind)below(asker, KINDS);
    while (!bound_one(asker, &asker->scope, kind, &number));
    buffer_printf(out, " ");
    if (chance(asker, aggregates)) {
        write_aggregate(asker, kind, number, out);
    } else if (kind == KIND_ENTITY && !asker->history && chance(asker, 15)) {
        buffer_printf(out, "(pull ?e%u ", number);
        write_pull(asker, 0, out);
        buffer_printf(out, ")");
    } else {
        variable(out, kind, number);
    }
}

/* A variable that :find has not: the first that is drawn, or none. */
static void write_with(struct asker *asker, struct bytes find, struct buffer *out)
{
    struct buffer with = { 0 };

    write_element(asker, 0, &with);
    struct bytes name = { with.data + 1, with.len - 1 };
    size_t at = 0;
    while (at + name.len <= find.len && (memcmp(find.data + at, name.data, name.len) != 0 ||
                                         isdigit((unsigned char)find.data[at + name.len])))
        at++;
    if (name.data[0] == '?' && at + name.len > find.len)
        buffer_printf(out, " :with %.*s", BYTES_ARG(name));
    buffer_release(&with);
}

static void write_find(struct asker *asker, struct buffer *out)
{
    size_t start = out->len;
    uint32_t roll = below(asker, 100), aggregates = chance(asker, 25) ? 60 : 0;
    uint32_t count = 1 + below(asker, 3);

    buffer_printf(out, ":find");
    if (roll < 75) {
        for (uint32_t i = 0; i < count; i++)
            write_element(asker, aggregates, out);
        if (chance(asker, 10)) {
            buffer_printf(out, chance(asker, 70) ? " :strs" : " :keys");
            for (uint32_t i = 0; i < count; i++)
                buffer_printf(out, " key%u", i);
        }
    } else if (roll < 85) {
        buffer_printf(out, " [");
        write_element(asker, aggregates, out);
        buffer_printf(out, " ...]");
    } else if (roll < 93) {
        write_element(asker, aggregates, out);
        buffer_printf(out, " .");
    } else {
        buffer_printf(out, " [");
        for (uint32_t i = 0; i < count; i++)
            write_element(asker, aggregates, out);
        buffer_printf(out, "]");
    }
    if (chance(asker, 30))
        write_with(asker, (struct bytes){ out->data + start, out->len - start }, out);
}

/* ---- the whole ---- */

static bool binds_anything(const struct scope *scope)
{
    for (int kind = 0; kind < KINDS; kind++)
        if (scope->bound[kind])
            return true;
    return false;
}

/* In any order, since no order must matter. */
static void append_clauses(struct asker *asker, struct buffer *out)
{
    while (asker->clause_count > 0) {
        uint32_t i = below(asker, asker->clause_count);
        buffer_printf(out, " ");
        buffer_append_bytes(out, buffer_bytes(&asker->clauses[i]));
        buffer_release(&asker->clauses[i]);
        asker->clauses[i] = asker->clauses[--asker->clause_count];
    }
}

static void write_basis(struct asker *asker, struct buffer *out)
{
    uint32_t transactions = asker->scale->transactions;

    if (chance(asker, 20))
        buffer_printf(out, " :as-of %u", below(asker, transactions));
    else if (chance(asker, 10))
        buffer_printf(out, " :since %u", below(asker, transactions));
    if (asker->history)
        buffer_printf(out, " :history true");
}

static struct value finish(struct asker *asker, struct arena *arena)
{
    struct buffer text = { 0 };
    struct value out;
    struct error err;

    buffer_printf(&text, "{:query [");
    write_find(asker, &text);
    buffer_printf(&text, " :in $%s%s", asker->has_tuples ? " $2" : "",
                  asker->has_rules ? " %" : "");
    buffer_append_bytes(&text, buffer_bytes(&asker->in));
    buffer_printf(&text, " :where");
    append_clauses(asker, &text);
    if (chance(asker, 5))
        buffer_printf(&text, " :limit %u :offset %u", 1 + below(asker, 4), below(asker, 3));
    buffer_printf(&text, "] :args [%s", asker->has_tuples ? "[[1 2] [2 3] [1 1] [3 0]]" : "");
    if (asker->has_rules)
        buffer_printf(&text, "[%.*s]", (int)asker->rules.len, asker->rules.data);
    buffer_append_bytes(&text, buffer_bytes(&asker->args));
    buffer_printf(&text, "]");
    write_basis(asker, &text);
    buffer_printf(&text, "}");
    if (!edn_read(buffer_bytes(&text), arena, &out, &err))
        oracle_die("generated: %s: %.*s", err.message, (int)text.len, text.data);
    buffer_release(&text);
    buffer_release(&asker->in);
    buffer_release(&asker->args);
    buffer_release(&asker->rules);
    return out;
}

struct value generate_question(struct random *random, const struct scale *scale,
                               struct arena *arena)
{
    struct asker asker = { .random = random, .scale = scale };
    uint32_t clauses = 1 + random_below(random, 5);

    asker.history = random_chance(random, 12);
    while (random_chance(random, 25))
        write_input(&asker);
    while (asker.clause_count < clauses || !binds_anything(&asker.scope)) {
        if (asker.clause_count == CLAUSES_MAX)
            break;
        struct buffer *clause = &asker.clauses[asker.clause_count++];
        if (asker.clause_count == 1)
            write_pattern(&asker, &asker.scope, clause);
        else
            write_clause(&asker, &asker.scope, 0, clause);
    }
    if (!binds_anything(&asker.scope)) {
        buffer_printf(&asker.clauses[0], " [?e0 :age ?n0]");
        asker.scope.bound[KIND_ENTITY] |= 1;
    }
    return finish(&asker, arena);
}
