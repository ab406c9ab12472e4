#include "gateway/static.h"

#include <fcntl.h>
#include <stdio.h>
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

static void reply_file(struct exchange *exchange, int fd, const struct stat *file, const char *path)
{
    struct buffer text = { 0 };
    char tag[64], headers[160];

    snprintf(tag, sizeof(tag), "\"%llx-%llx\"", (unsigned long long)file->st_size,
             (unsigned long long)file->st_mtim.tv_sec * 1000000000ull +
                 (unsigned long long)file->st_mtim.tv_nsec);
    snprintf(headers, sizeof(headers), "etag: %s\r\ncache-control: no-cache\r\n", tag);
    if (!strcmp(exchange->if_none_match, tag))
        exchange_reply(exchange, 304, "", headers, (struct bytes){ 0 });
    else if (read_all(fd, &text, (size_t)file->st_size))
        exchange_reply(exchange, 200, type_of(path), headers, buffer_bytes(&text));
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
    int fd = path_is_plain(path) && len < (int)sizeof(full)
                 ? open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
                 : -1;
    if (fd >= 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_size <= FILE_BYTES_MAX)
        reply_file(exchange, fd, &file, full);
    else
        reply_not_found(exchange);
    if (fd >= 0)
        close(fd);
}
