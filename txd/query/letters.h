/*
 * Upper and lower case of any script, by Unicode's simple mappings (one code point becomes one),
 * but for the German sharp s. The
 * only file of txd that knows utf8proc.
 */
#ifndef STOA_TXD_QUERY_LETTERS_H
#define STOA_TXD_QUERY_LETTERS_H

#include "common/arena.h"

enum letter_case { CASE_LOWER, CASE_UPPER };

/* `text` is UTF-8; the result is in `arena`, and may be longer or shorter. */
struct bytes letters_turn(struct bytes text, enum letter_case wanted, struct arena *arena);

#endif
