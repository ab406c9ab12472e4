#include "cli/save.h"

#include "cli/print.h"
#include "proto/edn.h"
#include "proto/transit.h"

#define PIECE_BYTES 65536

bool save_recognise(struct bytes head)
{
    size_t at = 0;

    while (at < head.len && strchr(" \t\r\n", head.data[at]))
        at++;
    struct bytes rest = { head.data + at, head.len - at };
    return bytes_starts_with(rest, BYTES("[\"~#")) || bytes_starts_with(rest, BYTES("{\"~#"));
}

static bool check_datom(const struct value *datom, uint32_t number, struct error *err)
{
    struct arena arena = { 0 };

    if (value_is_sequence(datom) && (datom->count == 4 || datom->count == 5) &&
        datom->items[0].type == VALUE_LONG && datom->items[3].type == VALUE_LONG &&
        (datom->items[1].type == VALUE_KEYWORD || datom->items[1].type == VALUE_STRING) &&
        (datom->count == 4 || (datom->items[4].type == VALUE_BOOLEAN && datom->items[4].boolean)))
        return true;
    struct bytes text = edn_excerpt(&arena, datom);
    fail(err, ERROR_INCORRECT, "datom %u of the save is not [e a v tx]: %.*s", number,
         BYTES_ARG(text));
    arena_release(&arena);
    return false;
}

static bool write_datoms(const struct value *datoms, struct buffer *piece, FILE *out,
                         struct error *err)
{
    for (uint32_t i = 0; i < datoms->count; i++) {
        struct value datom = datoms->items[i];
        if (!check_datom(&datom, i + 1, err))
            return false;
        datom.count = 4;
        if (i > 0)
            buffer_append_bytes(piece, BYTES("\n "));
        edn_write(piece, &datom);
        if (piece->len > PIECE_BYTES) {
            if (!print_flush(out, buffer_bytes(piece), err))
                return false;
            buffer_clear(piece);
        }
    }
    return true;
}

static bool write_database(const struct value *save, FILE *out, struct error *err)
{
    const struct value *schema = value_get(save, "schema");
    const struct value *datoms = value_get(save, "datoms");
    struct value empty = value_collection(VALUE_MAP, NULL, 0);
    struct buffer piece = { 0 };

    if (!datoms || !value_is_sequence(datoms))
        return fail(err, ERROR_INCORRECT,
                    "this is no DataScript database: it has no :datoms that are a vector");
    buffer_append_bytes(&piece, BYTES("#datascript/DB {:schema "));
    edn_write(&piece, schema && schema->type == VALUE_MAP ? schema : &empty);
    buffer_append_bytes(&piece, BYTES(", :datoms ["));
    bool ok = write_datoms(datoms, &piece, out, err);
    buffer_append_bytes(&piece, BYTES("]}\n"));
    ok = ok && print_flush(out, buffer_bytes(&piece), err);
    buffer_release(&piece);
    return ok;
}

bool save_convert(struct bytes text, FILE *out, struct error *err)
{
    struct arena arena = { 0 };
    struct value save;
    bool ok = transit_read(text, &arena, &save, err) && write_database(&save, out, err);

    arena_release(&arena);
    return ok;
}
