#include "gateway/static.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX (32 << 20)
#define PATH_BYTES_MAX 4096

static const struct type {
    const char *suffix, *type;
} types[] = {
    { ".css", "text/css; charset=utf-8" },
    { ".html", "text/html; charset=utf-8" },
    { ".ico", "image/x-icon" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".json", "application/json" },
    { ".map", "application/json" },
    { ".mjs", "text/javascript; charset=utf-8" },
    { ".png", "image/png" },
    { ".svg", "image/svg+xml" },
    { ".txt", "text/plain; charset=utf-8" },
    { ".wasm", "application/wasm" },
    { ".webmanifest", "application/manifest+json" },
    { ".woff2", "font/woff2" },
};

/* Files compressed ahead of time lie beside the plain ones, as `x.js.br`; the first that is
 * accepted goes. */
static const struct encoding {
    const char *name, *suffix;
} encodings[] = {
    { "br", ".br" },
    { "gzip", ".gz" },
};

/* Names below this hold a hash of their content (Vite's `assets`), so what they name never changes.
 */
#define HASHED_FOLDER "/assets/"

/*
 * What a page may load, so that text which others wrote into a graph can at worst show a picture:
 * nothing but its own scripts and styles, no frames, and sockets and requests to its own gateway
 * alone.
 */
#define PAGE_POLICY                                                                                \
    "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; "           \
    "img-src 'self' https: data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "      \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"                              \
    "referrer-policy: no-referrer\r\n"

static const char built_in_page[] =
    "<!doctype html><meta charset=utf-8><title>Stoa</title>\n"
    "<h1>Stoa</h1><p>This gateway serves graphs at <code>/v1/graphs</code>; it was started without"
    " --static-dir, so there is no web client here.\n";

static const char *type_of(const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        size_t suffix = strlen(types[i].suffix);
        if (len > suffix && !strcmp(path + len - suffix, types[i].suffix))
            return types[i].type;
    }
    return "application/octet-stream";
}

/* A name that begins with a dot is never served, which leaves out ".." too. */
static bool path_is_plain(const char *path)
{
    return *path == '/' && !strstr(path, "/.") && !strchr(path, '\\');
}

static void reply_not_found(struct exchange *exchange)
{
    struct error error;

    fail(&error, ERROR_NOT_FOUND, "nothing is at %.200s", exchange->path);
    exchange_reply_error(exchange, 0, &error);
}

static bool read_all(int fd, struct buffer *out, size_t len)
{
    while (out->len < len) {
        ssize_t got = read(fd, buffer_reserve(out, len - out->len), len - out->len);
        if (got <= 0)
            return false;
        out->len += (size_t)got;
    }
    return true;
}

/* Whether an Accept-Encoding names a coding, and not with a weight of 0 (RFC 9110, 12.5.3). */
static bool is_accepted(const char *accepted, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = accepted; *at; at += strcspn(at, ","), at += *at == ',') {
        at += strspn(at, " \t");
        size_t end = strcspn(at, "; \t,");
        if (end != len || strncasecmp(at, name, len) != 0)
            continue;
        size_t rest = strcspn(at, ",");
        const char *weight = memmem(at, rest, "q=", 2);
        return !weight || strtod(weight + 2, NULL) > 0;
    }
    return false;
}

/* Opens a regular file that is not too large; -1 when there is none. */
static int open_file(const char *path, struct stat *file)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd >= 0 &&
        (fstat(fd, file) != 0 || !S_ISREG(file->st_mode) || file->st_size > FILE_BYTES_MAX)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Opens the file as the client likes it best; `*encoding` is NULL for the plain one. */
static int open_encoded(const char *path, const char *accepted, struct stat *file,
                        const char **encoding)
{
    char encoded[PATH_BYTES_MAX];

    for (size_t i = 0; i < ARRAY_LEN(encodings); i++) {
        *encoding = encodings[i].name;
        int len = snprintf(encoded, sizeof(encoded), "%s%s", path, encodings[i].suffix);
        if (len >= (int)sizeof(encoded) || !is_accepted(accepted, *encoding))
            continue;
        int fd = open_file(encoded, file);
        if (fd >= 0)
            return fd;
    }
    *encoding = NULL;
    return open_file(path, file);
}

static void reply_file(struct exchange *exchange, int fd, const struct stat *file, const char *path,
                       const char *encoding)
{
    struct buffer text = { 0 };
    char tag[64], headers[1024];
    const char *type = type_of(path);
    bool hashed = bytes_starts_with(bytes_of(exchange->path), BYTES(HASHED_FOLDER));

    snprintf(tag, sizeof(tag), "\"%llx-%llx\"", (unsigned long long)file->st_size,
             (unsigned long long)file->st_mtim.tv_sec * 1000000000ull +
                 (unsigned long long)file->st_mtim.tv_nsec);
    snprintf(headers, sizeof(headers),
             "etag: %s\r\ncache-control: %s\r\nvary: accept-encoding\r\n%s%s%s%s", tag,
             hashed ? "public, max-age=31536000, immutable" : "no-cache",
             encoding ? "content-encoding: " : "", encoding ? encoding : "", encoding ? "\r\n" : "",
             !strncmp(type, "text/html", 9) ? PAGE_POLICY : "");
    /* In a list too, and as W/"..", which proxies that compress make of it. */
    if (strstr(exchange->if_none_match, tag))
        exchange_reply(exchange, 304, "", headers, (struct bytes){ 0 });
    else if (read_all(fd, &text, (size_t)file->st_size))
        exchange_reply(exchange, 200, type, headers, buffer_bytes(&text));
    else
        reply_not_found(exchange);
    buffer_release(&text);
}

void static_reply(struct exchange *exchange)
{
    const char *dir = exchange->gateway->settings->static_dir, *path = exchange->path;
    char full[PATH_BYTES_MAX];
    struct stat file;

    if (!dir || !*dir) {
        if (!strcmp(path, "/"))
            exchange_reply(exchange, 200, "text/html; charset=utf-8", NULL,
                           bytes_of(built_in_page));
        else
            reply_not_found(exchange);
        return;
    }
    bool folder = *path && path[strlen(path) - 1] == '/';
    int len = snprintf(full, sizeof(full), "%s%s%s", dir, path, folder ? "index.html" : "");
    const char *encoding = NULL;
    int fd = path_is_plain(path) && len < (int)sizeof(full)
                 ? open_encoded(full, exchange->accept_encoding, &file, &encoding)
                 : -1;
    if (fd < 0) {
        reply_not_found(exchange);
        return;
    }
    reply_file(exchange, fd, &file, full, encoding);
    close(fd);
}
