/* What the datoms of an attribute's entity say: read and checked, into an attribute. */
#ifndef STOA_TXD_DB_DECLARATION_H
#define STOA_TXD_DB_DECLARATION_H

#include "txd/db/schema.h"

/*
 * Reads the attribute into *attribute, whose id is given, and of one that was there already its
 * ident and the tuples it is in. What it points to is in `arena` and in the datoms. Errors
 * (incorrect, conflict) as schema_with() has them.
 */
bool declaration_read(const struct schema *schema, const struct schema_datom *datoms, size_t count,
                      struct arena *arena, struct attribute *attribute, struct error *err) MUST_USE;

#endif
