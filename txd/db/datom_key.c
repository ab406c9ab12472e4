#include "txd/db/datom_key.h"

#include <assert.h>

static const uint8_t current_tags[] = {
    [INDEX_EAVT] = 'E', [INDEX_AEVT] = 'A', [INDEX_AVET] = 'V', [INDEX_VAET] = 'R'
};
static const uint8_t past_tags[] = {
    [INDEX_EAVT] = 'e', [INDEX_AEVT] = 'a', [INDEX_AVET] = 'v', [INDEX_VAET] = 'r'
};

const enum component datom_key_orders[][3] = {
    [INDEX_EAVT] = { COMPONENT_E, COMPONENT_A, COMPONENT_V },
    [INDEX_AEVT] = { COMPONENT_A, COMPONENT_E, COMPONENT_V },
    [INDEX_AVET] = { COMPONENT_A, COMPONENT_V, COMPONENT_E },
    [INDEX_VAET] = { COMPONENT_V, COMPONENT_A, COMPONENT_E },
};

uint8_t datom_key_tag(enum index index, bool past)
{
    return (past ? past_tags : current_tags)[index];
}

bool datom_key_ref(const struct value *v, uint32_t *out)
{
    if (v->type != VALUE_LONG || v->number < 1 || v->number > INT32_MAX)
        return false;
    *out = (uint32_t)v->number;
    return true;
}

void datom_key_append(struct buffer *key, enum index index, uint32_t e, uint16_t a,
                      const struct value *v, struct bytes encoded)
{
    uint32_t ref = 0;

    for (int i = 0; i < 3; i++) {
        switch (datom_key_orders[index][i]) {
        case COMPONENT_E:
            buffer_append_u32be(key, e);
            break;
        case COMPONENT_A:
            buffer_append_u16be(key, a);
            break;
        case COMPONENT_V:
            if (index != INDEX_VAET) {
                buffer_append_bytes(key, encoded);
            } else {
                bool is_ref = datom_key_ref(v, &ref);
                assert(is_ref);
                buffer_append_u32be(key, ref);
            }
            break;
        }
    }
}

struct bytes datom_key_value(enum index index, struct bytes body)
{
    if (index == INDEX_AVET)
        return (struct bytes){ body.data + A_BYTES, body.len - A_BYTES - E_BYTES };
    if (index == INDEX_VAET)
        return (struct bytes){ body.data, E_BYTES };
    return (struct bytes){ body.data + A_BYTES + E_BYTES, body.len - A_BYTES - E_BYTES };
}

void datom_key_ids(enum index index, struct bytes body, uint32_t *e, uint16_t *a)
{
    const uint8_t *data = (const uint8_t *)body.data;

    switch (index) {
    case INDEX_EAVT:
        *e = load_u32be(data);
        *a = load_u16be(data + E_BYTES);
        break;
    case INDEX_AEVT:
        *a = load_u16be(data);
        *e = load_u32be(data + A_BYTES);
        break;
    case INDEX_AVET:
        *a = load_u16be(data);
        *e = load_u32be(data + body.len - E_BYTES);
        break;
    case INDEX_VAET:
        *a = load_u16be(data + E_BYTES);
        *e = load_u32be(data + E_BYTES + A_BYTES);
        break;
    }
}
