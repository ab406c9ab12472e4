#include "txd/tx/recent.h"

#include "txd/tx/table.h"

#include <stdlib.h>

#define SLOTS          1024u /* a power of two; more blocks are not typed in at once */
#define TEXT_BYTES_MAX 4096u /* longer texts are read from the store: bounds what a graph holds */

struct slot {
    uint32_t e; /* 0: free */
    uint16_t a;
    bool present;
    uint32_t t;
    struct value v; /* its text is in `text` */
    struct buffer text;
};

struct recent {
    struct slot slots[SLOTS];
};

struct recent *recent_new(void)
{
    return xcalloc(1, sizeof(struct recent));
}

void recent_free(void *recent)
{
    if (!recent)
        return;
    for (uint32_t i = 0; i < SLOTS; i++)
        buffer_release(&((struct recent *)recent)->slots[i].text);
    free(recent);
}

void recent_clear(struct recent *recent)
{
    for (uint32_t i = 0; i < SLOTS; i++)
        recent->slots[i].e = 0;
}

static uint32_t slot_of(uint32_t e, uint16_t a)
{
    return (uint32_t)number_hash((uint64_t)e << 16 | a) & (SLOTS - 1);
}

void recent_retracted(struct recent *recent, uint32_t e, uint16_t a)
{
    struct slot *slot = &recent->slots[slot_of(e, a)];

    slot->e = e;
    slot->a = a;
    slot->present = false;
}

static bool has_text(const struct value *v)
{
    return v->type >= VALUE_STRING && v->type <= VALUE_BYTES;
}

void recent_added(struct recent *recent, uint32_t e, uint16_t a, const struct value *v, uint32_t t)
{
    struct slot *slot = &recent->slots[slot_of(e, a)];

    if (slot->e != e || slot->a != a)
        return;
    if (value_is_collection(v) || (has_text(v) && v->text.len > TEXT_BYTES_MAX)) {
        slot->e = 0;
        return;
    }
    slot->present = true;
    slot->t = t;
    slot->v = *v;
    buffer_clear(&slot->text);
    if (has_text(v))
        buffer_append_bytes(&slot->text, v->text);
}

bool recent_find(const struct recent *recent, uint32_t e, uint16_t a, struct arena *arena,
                 bool *present, struct value *v, uint32_t *t)
{
    const struct slot *slot = &recent->slots[slot_of(e, a)];

    if (slot->e != e || slot->a != a)
        return false;
    *present = slot->present;
    if (slot->present) {
        *t = slot->t;
        *v = slot->v;
        if (has_text(v))
            v->text = arena_copy(arena, buffer_bytes(&slot->text));
    }
    return true;
}
