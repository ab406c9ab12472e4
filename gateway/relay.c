#include "gateway/relay.h"

#include "common/clock.h"
#include "gateway/metrics.h"

#include <assert.h>
#include <stdlib.h>

/* What may come ahead of what is missing. */
#define AHEAD_BYTES_MAX (8 << 20)

#define RING_COUNT_MAX 65536

/* The feed and answers come over two connections: so long they may be out of step. */
#define BEHIND_US_MAX 30000

#define FETCH_AGAIN_US 500000
#define SILENCE_US     4000000

/* --- rings --- */

static struct relay_tx *ring_at(const struct relay_ring *ring, uint32_t i)
{
    return &ring->slots[(ring->head + i) & (ring->cap - 1)];
}

/* Its size, which does not change with what else it is encoded as. */
static size_t tx_bytes(const struct relay_tx *tx)
{
    return tx->encoded[ENCODING_MSGPACK]->len;
}

static void ring_grow(struct relay_ring *ring)
{
    uint32_t cap = ring->cap ? ring->cap * 2 : 64;
    struct relay_tx *slots = xcalloc(cap, sizeof(*slots));

    for (uint32_t i = 0; i < ring->count; i++)
        slots[i] = *ring_at(ring, i);
    free(ring->slots);
    ring->slots = slots;
    ring->cap = cap;
    ring->head = 0;
}

static void ring_push(struct relay_ring *ring, const struct relay_tx *tx)
{
    if (ring->count == ring->cap)
        ring_grow(ring);
    *ring_at(ring, ring->count++) = *tx;
    ring->bytes += tx_bytes(tx);
}

/* Takes the first out; its blobs are the caller's. */
static struct relay_tx ring_shift(struct relay_ring *ring)
{
    struct relay_tx tx = *ring_at(ring, 0);

    ring->head = (ring->head + 1) & (ring->cap - 1);
    ring->count--;
    ring->bytes -= tx_bytes(&tx);
    return tx;
}

static void tx_release(struct relay_tx *tx)
{
    for (size_t i = 0; i < ENCODINGS; i++)
        blob_release(tx->encoded[i]);
}

static void ring_clear(struct relay_ring *ring)
{
    while (ring->count) {
        struct relay_tx tx = ring_shift(ring);
        tx_release(&tx);
    }
    free(ring->slots);
    *ring = (struct relay_ring){ 0 };
}

static void ring_trim(struct relay_ring *ring, size_t bytes_max)
{
    while (ring->count > 1 && (ring->bytes > bytes_max || ring->count > RING_COUNT_MAX)) {
        struct relay_tx tx = ring_shift(ring);
        tx_release(&tx);
    }
}

/* --- life --- */

void checksum_copy(char out[CHECKSUM_TEXT_BYTES], struct bytes text)
{
    size_t len = text.len < CHECKSUM_TEXT_BYTES ? text.len : CHECKSUM_TEXT_BYTES - 1;

    if (len)
        memcpy(out, text.data, len);
    out[len] = '\0';
}

void relay_open(struct relay *relay, size_t bytes_max, const struct relay_operations *operations,
                void *arg)
{
    *relay = (struct relay){ .bytes_max = bytes_max, .operations = operations, .arg = arg };
}

void relay_close(struct relay *relay)
{
    ring_clear(&relay->ring);
    ring_clear(&relay->ahead);
    relay->positioned = false;
    relay->t = relay->known_t = 0;
    relay->behind_us = 0;
}

void relay_break(struct relay *relay)
{
    relay_close(relay);
    relay->operations->broken(relay->arg);
}

static bool same_epoch(struct relay *relay, const struct uuid *epoch)
{
    relay->heard_us = clock_monotonic_us();
    if (uuid_equal(&relay->epoch, epoch))
        return true;
    relay_break(relay);
    return false;
}

/* --- passing on --- */

static void pass_on(struct relay *relay, struct relay_tx *tx)
{
    assert(tx->t == relay->t + 1);
    tx->before = relay->passed;
    relay->passed += tx->encoded[ENCODING_MSGPACK]->len;
    relay->t = tx->t;
    memcpy(relay->checksum, tx->checksum, sizeof(relay->checksum));
    ring_push(&relay->ring, tx);
    ring_trim(&relay->ring, relay->bytes_max);
    metrics_add(METRIC_RELAYED, 1);
}

/* What came ahead and now fits; then what is known to be there is still missing, or not. */
static void settle(struct relay *relay)
{
    while (relay->ahead.count && ring_at(&relay->ahead, 0)->t <= relay->t + 1) {
        struct relay_tx tx = ring_shift(&relay->ahead);
        if (tx.t == relay->t + 1)
            pass_on(relay, &tx);
        else
            tx_release(&tx);
    }
    if (relay->known_t < relay->t)
        relay->known_t = relay->t;
    if (relay->known_t == relay->t)
        relay->behind_us = 0;
    else if (!relay->behind_us)
        relay->behind_us = clock_monotonic_us();
}

static void fetch(struct relay *relay)
{
    if (relay->fetching)
        return;
    relay->fetching = true;
    relay->operations->fetch(relay->arg, relay->t + 1);
}

static void fill_gap(struct relay *relay)
{
    if (!relay->fetching)
        metrics_add(METRIC_GAPS, 1);
    fetch(relay);
}

void relay_expect(struct relay *relay, uint32_t t)
{
    if (!relay->positioned || t <= relay->known_t)
        return;
    relay->known_t = t;
    settle(relay);
}

void relay_position(struct relay *relay, const struct uuid *epoch, uint32_t t,
                    struct bytes checksum)
{
    if (relay->positioned && same_epoch(relay, epoch)) {
        relay_expect(relay, t);
        return;
    }
    relay->positioned = true;
    relay->epoch = *epoch;
    relay->t = relay->known_t = t;
    relay->heard_us = clock_monotonic_us();
    checksum_copy(relay->checksum, checksum);
}

static struct relay_tx tx_new(uint32_t t, struct bytes checksum, struct bytes message)
{
    struct relay_tx tx = { .t = t, .encoded[ENCODING_MSGPACK] = blob_new(message) };

    checksum_copy(tx.checksum, checksum);
    return tx;
}

static void take_next(struct relay *relay, struct bytes checksum, struct bytes message)
{
    struct relay_tx tx = tx_new(relay->t + 1, checksum, message);

    pass_on(relay, &tx);
    settle(relay);
    relay->operations->advanced(relay->arg);
}

void relay_answer(struct relay *relay, const struct uuid *epoch, uint32_t t, struct bytes checksum,
                  struct bytes message)
{
    if (relay->positioned && uuid_equal(&relay->epoch, epoch) && t == relay->t + 1)
        take_next(relay, checksum, message);
}

void relay_tx(struct relay *relay, const struct uuid *epoch, uint32_t t, struct bytes checksum,
              struct bytes message)
{
    struct relay_ring *ahead = &relay->ahead;

    if (!relay->positioned) { /* the sync that is under way may answer with a t before this one */
        relay->positioned = true;
        relay->epoch = *epoch;
        relay->t = t - 1;
    }
    if (!same_epoch(relay, epoch) || t <= relay->t)
        return;
    if (t == relay->t + 1) {
        take_next(relay, checksum, message);
        return;
    }
    if (ahead->bytes <= AHEAD_BYTES_MAX &&
        (!ahead->count || ring_at(ahead, ahead->count - 1)->t < t)) {
        struct relay_tx tx = tx_new(t, checksum, message);
        ring_push(ahead, &tx);
        fill_gap(relay);
    }
    relay_expect(relay, t);
}

void relay_head(struct relay *relay, const struct uuid *epoch, uint32_t t, struct bytes checksum)
{
    if (!relay->positioned || !same_epoch(relay, epoch))
        return;
    if (t == relay->t)
        checksum_copy(relay->checksum, checksum);
    relay_expect(relay, t);
    if (relay->t < t)
        fill_gap(relay);
    else if (t < relay->t) /* an old word, or the log has gone back: the answer tells */
        fetch(relay);
}

void relay_log(struct relay *relay, uint32_t from, const struct value *messages, uint32_t count,
               uint32_t end_t, struct bytes checksum)
{
    uint32_t t_before = relay->t;

    relay->fetching = false;
    if (!relay->positioned)
        return;
    for (uint32_t i = 0; i < count; i++) {
        struct relay_tx tx = { .t = from + i };
        if (tx.t != relay->t + 1 || messages[i].type != VALUE_BYTES)
            continue;
        if (tx.t == end_t)
            checksum_copy(tx.checksum, checksum);
        tx.encoded[ENCODING_MSGPACK] = blob_new(messages[i].text);
        pass_on(relay, &tx);
    }
    relay_expect(relay, end_t);
    settle(relay);
    if (relay->t > t_before)
        relay->operations->advanced(relay->arg);
    if (relay->t < relay->known_t && relay->t > t_before)
        fetch(relay);
}

void relay_log_failed(struct relay *relay)
{
    relay->fetching = false;
    relay->fetch_again_us = clock_monotonic_us() + FETCH_AGAIN_US;
}

void relay_tick(struct relay *relay)
{
    int64_t now = clock_monotonic_us();

    if (!relay->positioned || now < relay->fetch_again_us)
        return;
    if (relay->behind_us && now - relay->behind_us > BEHIND_US_MAX) {
        fill_gap(relay);
    } else if (now - relay->heard_us > SILENCE_US) {
        relay->heard_us = now;
        fetch(relay);
    }
}

/* --- reading --- */

uint32_t relay_first_t(const struct relay *relay)
{
    return relay->ring.count ? ring_at(&relay->ring, 0)->t : relay->t + 1;
}

struct bytes relay_message(struct relay *relay, uint32_t t, enum encoding encoding)
{
    uint32_t first = relay_first_t(relay);

    assert(t >= first && t <= relay->t);
    struct relay_tx *tx = ring_at(&relay->ring, t - first);
    if (!tx->encoded[encoding])
        tx->encoded[encoding] = encode_message(encoding, blob_bytes(tx->encoded[ENCODING_MSGPACK]));
    return tx->encoded[encoding] ? blob_bytes(tx->encoded[encoding]) : (struct bytes){ 0 };
}

uint64_t relay_bytes(const struct relay *relay, uint32_t from, uint32_t to)
{
    uint32_t first = relay_first_t(relay);

    if (to > relay->t)
        to = relay->t;
    if (from > to)
        return 0;
    if (from < first)
        return UINT64_MAX;
    uint64_t end = to == relay->t ? relay->passed : ring_at(&relay->ring, to + 1 - first)->before;
    return end - ring_at(&relay->ring, from - first)->before;
}
