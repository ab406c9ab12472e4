#include "cli/input.h"

#include "proto/edn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES 65536

bool input_temporary(FILE **out, struct error *err)
{
    const char *dir = getenv("TMPDIR");
    struct buffer name = { 0 };

    buffer_printf(&name, "%s/stoa-XXXXXX%c", dir && *dir ? dir : "/tmp", '\0');
    int fd = mkstemp(name.data);
    if (fd < 0) {
        fail(err, ERROR_FAULT, "no temporary file can be made at %s: %s (TMPDIR says where)",
             name.data, strerror(errno));
        buffer_release(&name);
        return false;
    }
    unlink(name.data);
    buffer_release(&name);
    *out = fdopen(fd, "w+");
    if (*out)
        return true;
    close(fd);
    return fail(err, ERROR_FAULT, "a temporary file cannot be opened: %s", strerror(errno));
}

/* Copies what is left of `in` to a temporary file and leaves that at its beginning. */
static bool spool(const char *name, FILE *in, FILE **out, struct error *err)
{
    char piece[COPY_BYTES];
    FILE *copy;
    size_t len;

    if (!input_temporary(&copy, err))
        return false;
    while ((len = fread(piece, 1, sizeof(piece), in)) > 0) {
        if (fwrite(piece, 1, len, copy) != len) {
            fail(err, ERROR_FAULT, "%s cannot be copied to a temporary file: %s", name,
                 strerror(errno));
            fclose(copy);
            return false;
        }
    }
    if (ferror(in) || fflush(copy) || fseek(copy, 0, SEEK_SET)) {
        fail(err, ERROR_FAULT, "%s cannot be read: %s", name, strerror(errno));
        fclose(copy);
        return false;
    }
    *out = copy;
    return true;
}

bool input_open(const char *name, FILE **out, uint64_t *bytes, struct error *err)
{
    bool standard = !strcmp(name, "-");
    FILE *file = standard ? stdin : fopen(name, "r");
    struct stat stat;

    if (!file)
        return fail(err, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_FAULT, "%s: %s", name,
                    strerror(errno));
    if (fstat(fileno(file), &stat) != 0) {
        fail(err, ERROR_FAULT, "%s: %s", name, strerror(errno));
        goto failed;
    }
    if (S_ISDIR(stat.st_mode)) {
        fail(err, ERROR_INCORRECT, "%s is a folder", name);
        goto failed;
    }
    if (standard || !S_ISREG(stat.st_mode)) {
        FILE *copy;
        if (!spool(standard ? "standard input" : name, file, &copy, err))
            goto failed;
        if (!standard)
            fclose(file);
        file = copy;
        if (fstat(fileno(file), &stat) != 0) {
            fail(err, ERROR_FAULT, "%s: %s", name, strerror(errno));
            goto failed;
        }
    }
    *out = file;
    *bytes = (uint64_t)stat.st_size;
    return true;
failed:
    if (file != stdin)
        fclose(file);
    return false;
}

bool input_read(const char *name, size_t bytes_max, struct buffer *out, struct error *err)
{
    uint64_t bytes = 0;
    FILE *file = NULL;

    if (!input_open(name, &file, &bytes, err))
        return false;
    bool ok = bytes <= bytes_max;
    if (!ok)
        fail(err, ERROR_INCORRECT, "%s has %llu bytes, and the limit is %zu", name,
             (unsigned long long)bytes, bytes_max);
    else if (fread(buffer_reserve(out, bytes + 1), 1, bytes, file) == bytes)
        out->len += bytes;
    else
        ok = fail(err, ERROR_FAULT, "%s cannot be read to its end", name);
    fclose(file);
    return ok;
}

bool input_check_edn(const char *what, struct bytes text, struct error *err)
{
    struct arena arena = { 0 };
    struct value value;
    bool ok = edn_read(text, &arena, &value, err) || fail_in(err, "%s is not EDN", what);

    arena_release(&arena);
    return ok;
}

bool input_quote_edn(const char *what, struct bytes text, struct buffer *out, struct error *err)
{
    struct value quoted = value_string(text);

    if (!input_check_edn(what, text, err))
        return false;
    edn_write(out, &quoted);
    return true;
}
