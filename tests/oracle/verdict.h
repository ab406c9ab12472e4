/*
 * A query over a world, asked three ways. The naive evaluator decides: where txd differs from it
 * something is to be mended; where DataScript does, it is one of its known faults or news.
 *
 * As EDN a question is {:query .. :args [..] :as-of t :since t :history true}; with its world, a
 * case, it has :world [tx_data ..] too.
 */
#ifndef STOA_TESTS_ORACLE_VERDICT_H
#define STOA_TESTS_ORACLE_VERDICT_H

#include "tests/oracle/answer.h"
#include "tests/oracle/peer.h"
#include "tests/oracle/world.h"

enum verdict {
    VERDICT_AGREE,
    VERDICT_REFUSED,      /* by both */
    VERDICT_GIVEN_UP,     /* too much for the naive evaluator */
    VERDICT_DIFFER,       /* txd and the naive evaluator: other rows */
    VERDICT_TXD_REFUSES,  /* what the naive evaluator answers */
    VERDICT_TXD_ANSWERS,  /* what the naive evaluator refuses */
    VERDICT_PEER_DIFFERS, /* they agree; DataScript finds other rows */
    VERDICT_PEER_REFUSES, /* they agree; DataScript throws */
    VERDICT_PEER_MASKED,  /* likewise, by a fault of its that is known */
    VERDICTS,
};

extern const char *const verdict_names[VERDICTS];

/* Whether something is to be mended here; and whether DataScript differs in a way that was not
 * known. */
bool verdict_is_failure(enum verdict verdict);
bool verdict_is_news(enum verdict verdict);

/*
 * `peer` may be NULL: two ways. *words, in `arena`, says what each answered when they differ, or
 * names the fault that masks.
 */
enum verdict verdict_of(const struct world *world, const struct value *question, struct peer *peer,
                        struct arena *arena, struct bytes *words);

#endif
