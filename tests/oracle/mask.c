#include "tests/oracle/mask.h"

#include "tests/oracle/ready.h"

static bool has_word(const struct value *form, enum value_type type, struct bytes word)
{
    uint32_t items = form->type == VALUE_MAP ? 2 * form->count : form->count;

    if (form->type == type && bytes_equal(form->text, word))
        return true;
    for (uint32_t i = 0; value_is_collection(form) && i < items; i++)
        if (has_word(&form->items[i], type, word))
            return true;
    return false;
}

static bool is_rules(const struct value *arg)
{
    return value_is_sequence(arg) && arg->count && value_is_sequence(arg->items) &&
           rules_well_formed(arg);
}

/* Whether a rule calls any rule, as far as can be seen. */
static bool calls_rules(const struct value *rules)
{
    for (uint32_t i = 0; i < rules->count; i++)
        for (uint32_t j = 0; j < rules->count; j++)
            for (uint32_t k = 1; k < rules->items[i].count; k++)
                if (has_word(&rules->items[i].items[k], VALUE_SYMBOL,
                             rules->items[j].items[0].items[0].text))
                    return true;
    return false;
}

bool mask_can_ask(const struct value *query, const struct value *args)
{
    for (uint32_t i = 0; i < args->count; i++)
        if (is_rules(&args->items[i]) && calls_rules(&args->items[i]))
            return false;
    return !has_word(query, VALUE_KEYWORD, BYTES("limit")) &&
           !has_word(query, VALUE_KEYWORD, BYTES("offset")) &&
           !has_word(query, VALUE_KEYWORD, BYTES("keys"));
}

/* [?e :friend ?e], and (r ?e ?e), in a clause or in one inside of it. */
static bool repeats_variable(const struct value *clause)
{
    for (uint32_t i = 0; value_is_sequence(clause) && i < clause->count; i++) {
        const struct value *item = &clause->items[i];
        bool variable = item->type == VALUE_SYMBOL && item->text.data[0] == '?';
        if (repeats_variable(item))
            return true;
        for (uint32_t j = 0; j < i && variable; j++)
            if (value_equal(&clause->items[j], item))
                return true;
    }
    return false;
}

static bool any_repeats(const struct value *clauses)
{
    for (uint32_t i = 0; value_is_sequence(clauses) && i < clauses->count; i++)
        if (value_is_sequence(&clauses->items[i]) && repeats_variable(&clauses->items[i]))
            return true;
    return false;
}

/* The attribute of an item of a pull pattern; nil when it is none. */
static struct value attribute_of(const struct value *item)
{
    while (value_is_sequence(item) && item->count)
        item = &item->items[0];
    return item->type == VALUE_KEYWORD ? *item : value_nil();
}

/* [:name [:name :as :n]] */
static bool pulls_twice(const struct value *form)
{
    for (uint32_t i = 0; form->type == VALUE_MAP && i < form->count; i++)
        if (pulls_twice(&form->items[2 * i + 1]))
            return true;
    for (uint32_t i = 0; value_is_sequence(form) && i < form->count; i++) {
        struct value one = attribute_of(&form->items[i]);
        if (pulls_twice(&form->items[i]))
            return true;
        for (uint32_t j = 0; j < i && one.type != VALUE_NIL; j++) {
            struct value other = attribute_of(&form->items[j]);
            if (value_equal(&one, &other))
                return true;
        }
    }
    return false;
}

/* A `not` inside of another clause, which is run where it stands. */
static bool has_inner_not(const struct value *clauses)
{
    for (uint32_t i = 0; value_is_sequence(clauses) && i < clauses->count; i++)
        for (uint32_t j = 1; value_is_sequence(&clauses->items[i]) && j < clauses->items[i].count;
             j++)
            if (has_word(&clauses->items[i].items[j], VALUE_SYMBOL, BYTES("not")) ||
                has_word(&clauses->items[i].items[j], VALUE_SYMBOL, BYTES("not-join")))
                return true;
    return false;
}

/* (missing? ?e :a) without its source, which Stoa takes for $. */
static bool leaves_out_source(const struct value *form)
{
    static const char *const words[] = { "missing?", "get-else", "get-some" };

    for (size_t i = 0; value_is_sequence(form) && form->count > 1 && i < ARRAY_LEN(words); i++)
        if (value_is_symbol(&form->items[0], words[i]) &&
            (form->items[1].type != VALUE_SYMBOL || form->items[1].text.data[0] != '$'))
            return true;
    for (uint32_t i = 0; value_is_sequence(form) && i < form->count; i++)
        if (leaves_out_source(&form->items[i]))
            return true;
    return false;
}

static bool has_order(const struct value *query)
{
    static const char *const words[] = { "min", "max", "<", ">", "<=", ">=" };

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (has_word(query, VALUE_SYMBOL, bytes_of(words[i])))
            return true;
    return false;
}

static bool is_entity(const struct value *datoms, int64_t id)
{
    for (uint32_t i = 0; i < datoms->count; i++)
        if (datoms->items[i].items[0].number == id)
            return true;
    return false;
}

static bool is_ref(const struct value *schema, const struct value *attribute)
{
    for (uint32_t i = 0; i < schema->count; i++) {
        const struct value *type = value_get(&schema->items[2 * i + 1], "db/valueType");
        if (value_equal(&schema->items[2 * i], attribute))
            return type && value_is_keyword(type, "db.type/ref");
    }
    return false;
}

/* Whether a ref leads to an entity that has nothing. */
static bool has_empty_ref(const struct value *schema, const struct value *datoms)
{
    for (uint32_t i = 0; i < datoms->count; i++) {
        const struct value *items = datoms->items[i].items;
        if (is_ref(schema, &items[1]) && !is_entity(datoms, items[2].number))
            return true;
    }
    return false;
}

/* Whether a lookup ref, or one that is in the value, names no entity. */
static bool names_nothing(const struct value *value, const struct value *datoms)
{
    if (!value_is_sequence(value))
        return false;
    for (uint32_t i = 0; i < value->count; i++)
        if (names_nothing(&value->items[i], datoms))
            return true;
    if (value->count != 2 || value->items[0].type != VALUE_KEYWORD)
        return false;
    for (uint32_t i = 0; i < datoms->count; i++)
        if (value_equal(&datoms->items[i].items[1], &value->items[0]) &&
            value_equal(&datoms->items[i].items[2], &value->items[1]))
            return false;
    return true;
}

static const char *fault_of_datoms(const struct value *query, const struct value *datoms)
{
    for (uint32_t i = 0; i < datoms->count; i++) {
        const struct value *v = &datoms->items[i].items[2];
        if (value_is_sequence(v))
            return "tuples come to it as JavaScript's arrays, each of which is itself alone";
        if (v->type == VALUE_KEYWORD && has_order(query))
            return "keywords come to it as strings, which have another order";
    }
    return NULL;
}

static const struct {
    const char *says;
    const char *fault;
} refusals[] = {
    { "Insufficient bindings", "it runs clauses in the order written" },
    { "Join variable not declared", "it wants all variables of or-join in each branch" },
    { "Lookup ref should contain 2 elements", "it takes any vector for a lookup ref" },
    { ":find and :with should not", "it wants :with to name other variables than :find" },
    { "Vars used in :in should be distinct", "it takes no variable twice in :in" },
    { "Nothing found for entity id", "it throws where a lookup ref names nothing" },
    { "Expected number or lookup ref for entity id, got", "it throws where a number can be no id" },
    { "Query for unknown vars", "it loses the variables of an `and` inside of an `and`" },
    { "Cannot compare", "it orders only values of one type" },
    { "Unknown function 'clojure.string", "it has fewer functions" },
    { "Unknown predicate 'clojure.string", "it has fewer functions" },
    { "Missing rules var", "it knows `and` only as a branch of `or`" },
    { "Unknown rule 'and", "it knows `and` only as a branch of `or`" },
    { "All clauses in 'or'", "it wants the same variables in all branches" },
};

const char *mask_fault(const struct value *query, const struct value *args,
                       const struct value *schema, const struct value *datoms,
                       const struct value *refusal)
{
    for (size_t i = 0; refusal->type == VALUE_STRING && i < ARRAY_LEN(refusals); i++)
        if (bytes_starts_with(refusal->text, bytes_of(refusals[i].says)))
            return refusals[i].fault;
    for (uint32_t i = 0; i < args->count; i++)
        for (uint32_t j = 0; is_rules(&args->items[i]) && j < args->items[i].count; j++)
            if (any_repeats(&args->items[i].items[j]))
                return "a variable repeated in one clause of a rule";
    if (any_repeats(query))
        return "a variable repeated in one clause";
    if (leaves_out_source(query))
        return "it takes the first argument for the source";
    if (has_word(query, VALUE_SYMBOL, BYTES("missing?")) && has_empty_ref(schema, datoms))
        return "it takes a ref to an entity without datoms for missing";
    if (has_word(query, VALUE_SYMBOL, BYTES("get-some")) && names_nothing(args, datoms))
        return "get-some takes a lookup ref that names nothing for any entity";
    if (has_inner_not(query))
        return "it runs a `not` inside of another clause where it stands";
    return pulls_twice(query) ? "it pulls an attribute once" : fault_of_datoms(query, datoms);
}
