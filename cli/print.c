#include "cli/print.h"

#include "proto/edn.h"
#include "proto/transit.h"

#include <errno.h>

static void print_edn(struct buffer *out, const struct value *value)
{
    static const char *const brackets[][2] = {
        [VALUE_VECTOR] = { "[", "]" },
        [VALUE_LIST] = { "(", ")" },
        [VALUE_SET] = { "#{", "}" },
    };

    if (!value_is_collection(value) || value->type == VALUE_MAP) {
        edn_write(out, value);
        return;
    }
    buffer_append_bytes(out, bytes_of(brackets[value->type][0]));
    for (uint32_t i = 0; i < value->count; i++) {
        if (i > 0)
            buffer_append_bytes(out, bytes_of(value->type == VALUE_SET ? "\n  " : "\n "));
        edn_write(out, &value->items[i]);
    }
    buffer_append_bytes(out, bytes_of(brackets[value->type][1]));
}

/* The width of well-formed UTF-8 in code points: what a terminal shows, for most of the world. */
static size_t width(struct bytes text)
{
    size_t points = 0;

    for (size_t i = 0; i < text.len; i++)
        points += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return points;
}

static struct bytes cell_text(struct arena *arena, const struct value *value)
{
    struct buffer text = { 0 };

    if (!value)
        return BYTES("");
    if (value->type == VALUE_STRING) {
        buffer_append_bytes(&text, value->text);
        for (size_t i = 0; i < text.len; i++)
            if ((unsigned char)text.data[i] < ' ')
                text.data[i] = ' '; /* a line break would break the table */
    } else {
        edn_write(&text, value);
    }
    struct bytes copy = arena_copy(arena, buffer_bytes(&text));
    buffer_release(&text);
    return copy;
}

static const struct value *cell(const struct value *row, const struct value *head, uint32_t column)
{
    if (row->type == VALUE_MAP && head->type == VALUE_MAP) {
        if (column >= head->count)
            return NULL;
        for (uint32_t i = 0; i < row->count; i++)
            if (value_equal(&row->items[(size_t)2 * i], &head->items[(size_t)2 * column]))
                return &row->items[(size_t)2 * i + 1];
        return NULL;
    }
    if (value_is_sequence(row))
        return column < row->count ? &row->items[column] : NULL;
    return column == 0 ? row : NULL;
}

static void print_cells(struct buffer *out, const struct bytes *cells, const size_t *widths,
                        uint32_t columns)
{
    for (uint32_t c = 0; c < columns; c++) {
        buffer_append_bytes(out, cells[c]);
        for (size_t pad = width(cells[c]); c + 1 < columns && pad < widths[c] + 2; pad++)
            buffer_append_u8(out, ' ');
    }
    buffer_append_u8(out, '\n');
}

static void print_table(struct buffer *out, const struct value *value)
{
    struct arena arena = { 0 };
    struct value one = *value;
    bool rows_inside = value_is_collection(value) && value->type != VALUE_MAP;
    const struct value *rows = rows_inside ? value->items : &one;
    uint32_t row_count = rows_inside ? value->count : 1;
    uint32_t columns = 1;

    if (!rows || row_count == 0)
        return;
    const struct value *head = &rows[0];
    bool headed = head->type == VALUE_MAP;
    for (uint32_t r = 0; r < row_count; r++)
        if ((headed ? r == 0 : value_is_sequence(&rows[r])) && rows[r].count > columns)
            columns = rows[r].count;
    uint32_t lines = row_count + (headed ? 1 : 0);
    struct bytes *cells = ARENA_ARRAY(&arena, struct bytes, (size_t)lines * columns + 1);
    size_t *widths = ARENA_ARRAY(&arena, size_t, columns);

    for (uint32_t l = 0; l < lines; l++) {
        for (uint32_t c = 0; c < columns; c++) {
            const struct value *v = headed && l == 0
                                        ? (c < head->count ? &head->items[(size_t)2 * c] : NULL)
                                        : cell(&rows[l - headed], head, c);
            struct bytes *text = &cells[(size_t)l * columns + c];
            *text = cell_text(&arena, v);
            if (width(*text) > widths[c])
                widths[c] = width(*text);
        }
    }
    for (uint32_t l = 0; l < lines; l++)
        print_cells(out, &cells[(size_t)l * columns], widths, columns);
    arena_release(&arena);
}

void print_value(struct buffer *out, enum format format, const struct value *value)
{
    switch (format) {
    case FORMAT_EDN:
        print_edn(out, value);
        break;
    case FORMAT_JSON:
        transit_write(out, value);
        break;
    case FORMAT_TABLE:
        print_table(out, value);
        return; /* its rows end with newlines */
    }
    buffer_append_u8(out, '\n');
}

bool print_flush(FILE *file, struct bytes text, struct error *err)
{
    if (fwrite(text.data, 1, text.len, file) == text.len && fflush(file) == 0)
        return true;
    return fail(err, ERROR_FAULT, "the result cannot be written: %s", strerror(errno));
}
