/*
 * Where a value ends is found before it is read, by a small machine that looks at each byte once,
 * however the text is cut into pieces.
 */
#include "proto/edn_stream.h"

#include "common/limits.h"
#include "proto/edn_text.h"

#include <assert.h>
#include <stdlib.h>

/* Where the scanner stands: what the last byte was part of. */
enum mode {
    MODE_BETWEEN,
    MODE_TOKEN,
    MODE_TAG,
    MODE_HASH,      /* behind a # that begins something */
    MODE_CHARACTER, /* behind a backslash */
    MODE_STRING,
    MODE_ESCAPE, /* behind a backslash in a string */
    MODE_COMMENT,
};

/* The search for the end of the next value. It is resumed where the text ran out. */
struct scan {
    size_t at;       /* the next byte to look at */
    size_t tag_at;   /* where the last tag began */
    size_t brackets; /* open ones */
    size_t forms;    /* that must end before the value has: one more for each #_ */
    enum mode mode;
    bool tagged;  /* a tag of the value itself has been seen */
    bool foreign; /* and it is one that makes something of what it tags */
};

struct edn_stream {
    struct buffer text;
    size_t at;   /* what is before it in `text` has been consumed */
    size_t base; /* the offset of text.data[0] in all that was fed */
    size_t value_bytes_max;
    bool ended;
    struct scan scan;
    unsigned depth;
    struct level { /* the collections that were entered */
        enum value_type type;
        size_t start; /* offset in all that was fed */
        size_t items;
    } levels[LIMIT_DEPTH];
};

enum found {
    FOUND_VALUE,  /* from stream->at to scan.at */
    FOUND_OPENER, /* at scan.at, of the next value itself */
    FOUND_CLOSER, /* at scan.at, of the collection that was entered last */
    FOUND_NOTHING,
};

static void scan_begin(struct edn_stream *stream)
{
    stream->scan = (struct scan){ .at = stream->at, .forms = 1 };
}

struct edn_stream *edn_stream_open(size_t value_bytes_max)
{
    struct edn_stream *stream = xcalloc(1, sizeof(*stream));

    stream->value_bytes_max = value_bytes_max;
    scan_begin(stream);
    return stream;
}

void edn_stream_close(struct edn_stream *stream)
{
    if (!stream)
        return;
    buffer_release(&stream->text);
    free(stream);
}

void edn_stream_feed(struct edn_stream *stream, struct bytes text)
{
    assert(!stream->ended);
    if (stream->at > stream->text.len / 2) { /* moves less than was consumed since the last time */
        stream->text.len -= stream->at;
        memmove(stream->text.data, stream->text.data + stream->at, stream->text.len);
        stream->base += stream->at;
        stream->scan.at -= stream->at;
        stream->scan.tag_at -= stream->at; /* wraps, and is not looked at, when it was consumed */
        stream->at = 0;
    }
    buffer_append_bytes(&stream->text, text);
}

void edn_stream_end(struct edn_stream *stream)
{
    stream->ended = true;
}

/* True while only what is skipped has been seen. */
static bool is_idle(const struct scan *scan)
{
    return scan->brackets == 0 && scan->forms == 1 && !scan->tagged;
}

/* A form has ended before scan->at: true when it was the value. */
static bool end_form(struct edn_stream *stream)
{
    struct scan *scan = &stream->scan;

    scan->mode = MODE_BETWEEN;
    if (scan->brackets)
        return false;
    if (scan->forms == 1)
        return true;
    scan->forms--;
    if (is_idle(scan))
        stream->at = scan->at; /* it was discarded */
    return false;
}

static void end_tag(struct edn_stream *stream)
{
    struct scan *scan = &stream->scan;

    scan->mode = MODE_BETWEEN;
    if (scan->brackets || scan->forms > 1)
        return;
    scan->tagged = true;
    scan->foreign |= !edn_tag_is_transparent(
        (struct bytes){ stream->text.data + scan->tag_at, scan->at - scan->tag_at });
}

/* Looks at a byte between forms, or at the one behind a #. */
static enum found scan_between(struct edn_stream *stream, char c, bool enter)
{
    struct scan *scan = &stream->scan;

    switch (c) {
    case '(':
    case '[':
    case '{':
        if (enter && scan->brackets == 0 && scan->forms == 1)
            return FOUND_OPENER;
        scan->brackets++;
        scan->mode = MODE_BETWEEN;
        break;
    case ')':
    case ']':
    case '}':
        if (scan->brackets == 0)
            return FOUND_CLOSER;
        scan->brackets--;
        scan->at++;
        return end_form(stream) ? FOUND_VALUE : FOUND_NOTHING;
    case ';':
        scan->mode = MODE_COMMENT;
        break;
    case '"':
        scan->mode = MODE_STRING;
        break;
    case '\\':
        scan->mode = MODE_CHARACTER;
        break;
    case '#':
        scan->mode = MODE_HASH;
        scan->tag_at = scan->at;
        break;
    default:
        if (edn_class_of(c) != EDN_BLANK)
            scan->mode = MODE_TOKEN;
        else if (is_idle(scan))
            stream->at = scan->at + 1;
    }
    scan->at++;
    return FOUND_NOTHING;
}

static enum found scan_hash(struct edn_stream *stream, char c, bool enter)
{
    struct scan *scan = &stream->scan;

    if (c == '{' || c == '"')
        return scan_between(stream, c, enter);
    if (c == '_') {
        scan->mode = MODE_BETWEEN;
        scan->forms += scan->brackets == 0;
        scan->at++;
    } else {
        scan->mode = c == '#' ? MODE_TOKEN : MODE_TAG;
        scan->at += c == '#';
    }
    return FOUND_NOTHING;
}

/* Goes on until something is found or the text runs out. */
static enum found scan_on(struct edn_stream *stream, bool enter)
{
    struct scan *scan = &stream->scan;
    enum found found = FOUND_NOTHING;

    while (found == FOUND_NOTHING && scan->at < stream->text.len) {
        char c = stream->text.data[scan->at];
        switch (scan->mode) {
        case MODE_BETWEEN:
            found = scan_between(stream, c, enter);
            break;
        case MODE_HASH:
            found = scan_hash(stream, c, enter);
            break;
        case MODE_TOKEN:
            if (edn_class_of(c) == EDN_TOKEN)
                scan->at++;
            else if (end_form(stream))
                found = FOUND_VALUE;
            break;
        case MODE_TAG:
            if (edn_class_of(c) == EDN_TOKEN)
                scan->at++;
            else
                end_tag(stream);
            break;
        case MODE_STRING:
            scan->at++;
            if (c == '\\')
                scan->mode = MODE_ESCAPE;
            else if (c == '"' && end_form(stream))
                found = FOUND_VALUE;
            break;
        case MODE_COMMENT:
            scan->at++;
            if (is_idle(scan))
                stream->at = scan->at;
            if (c == '\n')
                scan->mode = MODE_BETWEEN;
            break;
        case MODE_CHARACTER:
            scan->at++;
            scan->mode = MODE_TOKEN;
            break;
        case MODE_ESCAPE:
            scan->at++;
            scan->mode = MODE_STRING;
            break;
        }
    }
    return found;
}

static enum edn_step stream_fail(const struct edn_stream *stream, size_t at, const char *what,
                                 struct error *err)
{
    fail(err, ERROR_INCORRECT, "EDN at byte %zu: %s", stream->base + at, what);
    return EDN_ERROR;
}

static enum edn_step check_length(const struct edn_stream *stream, struct error *err)
{
    if (stream->scan.at - stream->at <= stream->value_bytes_max)
        return EDN_VALUE;
    fail(err, ERROR_INCORRECT, "EDN at byte %zu: a value longer than the limit of %zu bytes",
         stream->base + stream->at, stream->value_bytes_max);
    return EDN_ERROR;
}

/* The text has run out, and with it what may still come. */
static enum edn_step stream_finish(struct edn_stream *stream, struct error *err)
{
    if (is_idle(&stream->scan) &&
        (stream->scan.mode == MODE_BETWEEN || stream->scan.mode == MODE_COMMENT)) {
        if (stream->depth == 0)
            return EDN_END;
        const struct level *level = &stream->levels[stream->depth - 1];
        fail(err, ERROR_INCORRECT,
             "EDN at byte %zu: the text ends inside the %s that began at byte %zu",
             stream->base + stream->text.len, value_type_name(level->type), level->start);
        return EDN_ERROR;
    }
    return stream_fail(stream, stream->text.len, "the text ends inside a value", err);
}

/* Leaves the collection that was entered last. */
static enum edn_step stream_leave(struct edn_stream *stream, struct error *err)
{
    static const char closers[] = {
        [VALUE_VECTOR] = ']', [VALUE_LIST] = ')', [VALUE_SET] = '}', [VALUE_MAP] = '}'
    };
    size_t at = stream->scan.at;

    if (stream->depth == 0 || !is_idle(&stream->scan) ||
        stream->text.data[at] != closers[stream->levels[stream->depth - 1].type])
        return stream_fail(stream, at, "a closing bracket where a value should be", err);
    const struct level *level = &stream->levels[stream->depth - 1];
    if (level->type == VALUE_MAP && level->items % 2)
        return stream_fail(stream, at, "a map with a key that has no value", err);
    stream->depth--;
    stream->at = at + 1;
    scan_begin(stream);
    return EDN_CLOSE;
}

/* Looks for the next value. EDN_VALUE: *found says what is there. */
static enum edn_step stream_find(struct edn_stream *stream, bool enter, enum found *found,
                                 struct error *err)
{
    struct scan *scan = &stream->scan;

    *found = scan_on(stream, enter);
    if (*found == FOUND_NOTHING && stream->ended) { /* the end ends a token, too */
        if (scan->mode == MODE_TAG)
            end_tag(stream);
        if (scan->mode == MODE_TOKEN && end_form(stream))
            *found = FOUND_VALUE;
    }
    if (*found == FOUND_CLOSER)
        return stream_leave(stream, err);
    enum edn_step step = check_length(stream, err);
    if (step == EDN_VALUE && *found == FOUND_NOTHING)
        return stream->ended ? stream_finish(stream, err) : EDN_MORE;
    return step;
}

static void count_item(struct edn_stream *stream)
{
    if (stream->depth)
        stream->levels[stream->depth - 1].items++;
}

enum edn_step edn_stream_next(struct edn_stream *stream, struct arena *arena, struct value *out,
                              struct error *err)
{
    enum found found;
    enum edn_step step = stream_find(stream, false, &found, err);

    if (step != EDN_VALUE)
        return step;
    struct bytes text = { stream->text.data + stream->at, stream->scan.at - stream->at };
    if (!edn_read_at(text, stream->base + stream->at, arena, out, err))
        return EDN_ERROR;
    stream->at = stream->scan.at;
    scan_begin(stream);
    count_item(stream);
    return EDN_VALUE;
}

enum edn_step edn_stream_enter(struct edn_stream *stream, struct value *out, struct error *err)
{
    enum found found;
    enum edn_step step = stream_find(stream, true, &found, err);
    const struct scan *scan = &stream->scan;

    if (step != EDN_VALUE)
        return step;
    if (found != FOUND_OPENER)
        return stream_fail(stream, stream->at, "this value must be a collection", err);
    if (scan->foreign)
        return stream_fail(stream, stream->at, "no such tag is known on a collection here", err);
    if (stream->depth == LIMIT_DEPTH)
        return stream_fail(stream, stream->at, "nested too deep to be read in pieces", err);
    char opener = stream->text.data[scan->at];
    enum value_type type = opener == '(' ? VALUE_LIST : opener == '[' ? VALUE_VECTOR : VALUE_MAP;
    if (scan->mode == MODE_HASH)
        type = VALUE_SET;
    count_item(stream);
    stream->levels[stream->depth++] = (struct level){ type, stream->base + scan->at, 0 };
    stream->at = scan->at + 1;
    scan_begin(stream);
    *out = value_collection(type, NULL, 0);
    return EDN_VALUE;
}
