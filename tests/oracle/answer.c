#include "tests/oracle/answer.h"

#include "tests/oracle/ready.h"

/* The items behind a section's keyword, in either form of a query; nil when it is not there. */
static struct value section(const struct value *query, const char *name)
{
    const struct value *given = query->type == VALUE_MAP ? value_get(query, name) : NULL;

    if (given)
        return value_is_sequence(given)
                   ? *given
                   : value_collection(VALUE_VECTOR, (struct value *)(uintptr_t)given, 1);
    for (uint32_t i = 0; value_is_sequence(query) && i < query->count; i++) {
        if (!value_is_keyword(&query->items[i], name))
            continue;
        uint32_t end = i + 1;
        while (end < query->count && query->items[end].type != VALUE_KEYWORD)
            end++;
        return value_collection(VALUE_VECTOR, query->items + i + 1, end - i - 1);
    }
    return value_nil();
}

static uint64_t number(const struct value *query, const char *name)
{
    struct value given = section(query, name);

    return given.type == VALUE_VECTOR && given.count == 1 ? (uint64_t)given.items[0].number : 0;
}

/* ---- :in ---- */

static bool open_sources(struct question *question, const struct value *in,
                         const struct value *args, const struct facts *facts, struct error *err)
{
    uint32_t next = 0;
    bool graph = false;

    question->sources = ARENA_ARRAY(question->arena, struct facts_source, in->count + 1);
    for (uint32_t i = 0; i < in->count; i++) {
        bool source = form_is_source(&in->items[i]);
        if (source && !graph) {
            question->sources[question->source_count++] = (struct facts_source){
                .name = in->items[i].text, .is_graph = true, .facts = *facts
            };
            graph = true;
            continue;
        }
        if (next == args->count)
            return fail(err, ERROR_INCORRECT, "too few arguments");
        if (source)
            question->sources[question->source_count++] =
                (struct facts_source){ .name = in->items[i].text, .tuples = args->items[next] };
        else if (value_is_symbol(&in->items[i], "%"))
            question->rules = &args->items[next];
        next++;
    }
    return next == args->count || fail(err, ERROR_BUSY, "$ is the graph here, and no argument");
}

static bool bind_input(struct question *question, const struct value *form,
                       const struct value *value, struct solutions *table, struct error *err)
{
    struct names names = { 0 };
    struct row_list rows = { 0 };
    struct solutions out;

    clause_variables(form, false, question->arena, &names);
    solutions_like(&out, table, names.items, names.count, question->arena);
    for (size_t i = 0; i < table->rows; i++) {
        struct row row = row_begin(&out, table, i, question->arena);
        if (!row_bind(&row, form, value, question->arena, &rows, err))
            return false;
    }
    for (size_t i = 0; i < rows.count; i++)
        solutions_add(&out, rows.items[i].cells, question->arena);
    *table = out;
    return true;
}

static bool bind_inputs(struct question *question, const struct value *in, const struct value *args,
                        struct solutions *table, struct error *err)
{
    bool graph = false;

    for (uint32_t i = 0, next = 0; i < in->count; i++) {
        const struct value *form = &in->items[i];
        if (form_is_source(form) && !graph) {
            graph = true;
            continue;
        }
        const struct value *arg = &args->items[next++];
        if (!form_is_source(form) && !value_is_symbol(form, "%") &&
            !bind_input(question, form, arg, table, err))
            return false;
    }
    return true;
}

/* ---- :find ---- */

/* The elements of :find without what says their shape. */
static struct value elements_of(struct value find, enum shape *shape)
{
    *shape = SHAPE_RELATION;
    if (find.count == 2 && value_is_symbol(&find.items[1], ".")) {
        *shape = SHAPE_SCALAR;
        find.count = 1;
    } else if (find.count == 1 && find.items[0].type == VALUE_VECTOR) {
        find = find.items[0];
        *shape = SHAPE_TUPLE;
        if (find.count == 2 && value_is_symbol(&find.items[1], "...")) {
            *shape = SHAPE_COLLECTION;
            find.count = 1;
        }
    }
    return find;
}

static struct value keys_of(const struct value *query, struct arena *arena)
{
    static const struct {
        const char *name;
        enum value_type type;
    } kinds[] = { { "keys", VALUE_KEYWORD }, { "strs", VALUE_STRING }, { "syms", VALUE_SYMBOL } };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct value names = section(query, kinds[i].name);
        if (names.type == VALUE_NIL)
            continue;
        struct value *keys = ARENA_ARRAY(arena, struct value, names.count);
        for (uint32_t j = 0; j < names.count; j++)
            keys[j] = value_text(kinds[i].type, names.items[j].text);
        return value_collection(VALUE_VECTOR, keys, names.count);
    }
    return value_nil();
}

bool answer_query(const struct database *database, const struct moment *moment,
                  const struct value *query, const struct value *args, struct arena *arena,
                  struct answer *out, struct error *err)
{
    static struct value dollar = { .type = VALUE_SYMBOL, .text = { "$", 1 } };
    static const struct value no_rules = { .type = VALUE_VECTOR };
    struct moment now = { .has_as_of = moment->has_as_of, .as_of = moment->as_of };
    struct question question = { .database = database, .arena = arena, .rules = &no_rules };
    struct facts facts = database_view(database, moment, arena);
    struct value in = section(query, "in"), where = section(query, "where");
    struct value with = section(query, "with");
    struct solutions table;

    if (in.type == VALUE_NIL)
        in = value_collection(VALUE_VECTOR, &dollar, 1);
    question.now = database_view(database, &now, arena);
    solutions_begin(&table, arena);
    if (!open_sources(&question, &in, args, &facts, err) ||
        !bind_inputs(&question, &in, args, &table, err))
        return false;
    if (!clauses_well_formed(where.items, where.count) || !rules_well_formed(question.rules))
        return fail(err, ERROR_BUSY, "a clause or a rule of no known shape");
    struct frame frame = { question_source(&question, BYTES("$")), NULL };
    if (!evaluate_clauses(&question, &frame, where.items, where.count, &table, err))
        return false;
    struct value elements = elements_of(section(query, "find"), &out->shape);
    if (elements.count == 0)
        return fail(err, ERROR_INCORRECT, "nothing in :find");
    out->keys = keys_of(query, arena);
    out->limit = number(query, "limit");
    out->offset = number(query, "offset");
    out->paged = section(query, "limit").type != VALUE_NIL || out->offset > 0;
    return answer_find(&question, elements.items, elements.count, &with, &table, &out->rows, err);
}
