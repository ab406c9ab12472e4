#include "txd/db/built_in.h"

struct built_in {
    const char *ident;
    enum attribute_type type;
    enum unique unique;
    bool many, indexed;
    enum attribute_type items; /* of a tuple */
    const char *doc;
};

static const struct built_in built_ins[ATTR_BUILT_IN_COUNT] = {
    [ATTR_IDENT] = { "db/ident", TYPE_KEYWORD, .unique = UNIQUE_IDENTITY,
                     .doc = "The name of an attribute or of any other entity." },
    [ATTR_VALUE_TYPE] = { "db/valueType", TYPE_KEYWORD,
                          .doc = "The type of an attribute's values: :db.type/string, ..." },
    [ATTR_CARDINALITY] = { "db/cardinality", TYPE_KEYWORD,
                           .doc = ":db.cardinality/one (the default) or :db.cardinality/many." },
    [ATTR_UNIQUE] = { "db/unique", TYPE_KEYWORD,
                      .doc = ":db.unique/value or :db.unique/identity; identities upsert." },
    [ATTR_INDEX] = { "db/index", TYPE_BOOLEAN,
                     .doc = "Whether datoms of the attribute are also sorted by value." },
    [ATTR_IS_COMPONENT] = { "db/isComponent", TYPE_BOOLEAN,
                            .doc = "Whether what a ref points to is part of the entity." },
    [ATTR_NO_HISTORY] = { "db/noHistory", TYPE_BOOLEAN,
                          .doc = "Whether past values of the attribute are forgotten." },
    [ATTR_TUPLE_ATTRS] = { "db/tupleAttrs", TYPE_TUPLE, .items = TYPE_KEYWORD,
                           .doc = "The attributes that a composite tuple is made of." },
    [ATTR_TUPLE_TYPES] = { "db/tupleTypes", TYPE_TUPLE, .items = TYPE_KEYWORD,
                           .doc = "The types of the items of a tuple of fixed length." },
    [ATTR_TUPLE_TYPE] = { "db/tupleType", TYPE_KEYWORD,
                          .doc = "The type of all items of a tuple of any length." },
    [ATTR_DOC] = { "db/doc", TYPE_STRING, .doc = "What the entity is, for people." },
    [ATTR_TX_INSTANT] = { "db/txInstant", TYPE_INSTANT, .indexed = true,
                          .doc = "When the transaction was committed; never goes back." },
    [ATTR_TX_USER] = { "tx/user", TYPE_STRING, .doc = "The name of who transacted." },
    [ATTR_TX_SESSION] = { "tx/session", TYPE_STRING,
                          .doc = "The session in which the transaction was made." },
    [ATTR_TX_ID] = { "tx/id", TYPE_UUID,
                     .doc = "The client's id of the transaction, which makes a retry safe." },
};

static struct value keyword(const char *text)
{
    return value_keyword(bytes_of(text));
}

size_t built_in_datoms(uint16_t id, struct schema_datom out[BUILT_IN_DATOMS_MAX])
{
    if (id >= ATTR_BUILT_IN_COUNT)
        return 0;
    const struct built_in *row = &built_ins[id];
    size_t count = 0;

    out[count++] = (struct schema_datom){ ATTR_IDENT, keyword(row->ident) };
    out[count++] =
        (struct schema_datom){ ATTR_VALUE_TYPE, keyword(attribute_type_keywords[row->type]) };
    out[count++] = (struct schema_datom){ ATTR_CARDINALITY,
                                          keyword(attribute_cardinality_keywords[row->many]) };
    if (row->unique != UNIQUE_NONE)
        out[count++] =
            (struct schema_datom){ ATTR_UNIQUE, keyword(attribute_unique_keywords[row->unique]) };
    if (row->indexed)
        out[count++] = (struct schema_datom){ ATTR_INDEX, value_boolean(true) };
    if (row->type == TYPE_TUPLE)
        out[count++] =
            (struct schema_datom){ ATTR_TUPLE_TYPE, keyword(attribute_type_keywords[row->items]) };
    out[count++] = (struct schema_datom){ ATTR_DOC, value_string(bytes_of(row->doc)) };
    return count;
}
