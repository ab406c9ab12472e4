/*
 * Athens' saved graphs (`index.transit`): a DataScript database as Transit JSON, as
 * datascript-transit 0.3 writes it: tag datascript/DB on {:schema .., :datoms [..]}, tag
 * datascript/Datom on [e a v tx], or [e a v tx false] for a retraction (never in a database).
 */
#ifndef STOA_CLI_SAVE_H
#define STOA_CLI_SAVE_H

#include "common/error.h"

#include <stdio.h>

/* True when a file that begins with `head` is such a save: a Transit value with a tag. */
bool save_recognise(struct bytes head);

/* Writes the save in `text` to `out` as `#datascript/DB {...}` EDN, one datom a line. Errors:
 * incorrect, naming the byte offset, or the datom by its number and text. */
bool save_convert(struct bytes text, FILE *out, struct error *err) MUST_USE;

#endif
