/* What happens once a second: heads and `alive` on the feed, leases of gateways, stale imports. */
#ifndef STOA_TXD_TICKER_H
#define STOA_TXD_TICKER_H

#include "txd/txd.h"

struct ticker;

struct ticker *ticker_open(struct txd *txd);
void ticker_close(struct ticker *ticker); /* accepts NULL */

#endif
