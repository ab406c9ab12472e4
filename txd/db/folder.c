#include "txd/db/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bool failed(const char *what, const char *path, struct error *err)
{
    return fail(err, ERROR_FAULT, "cannot %s %s: %s", what, path, strerror(errno));
}

bool folder_exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

bool folder_sync(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return failed("open", path, err);
    bool ok = fsync(fd) == 0 || failed("fsync", path, err);
    close(fd);
    return ok;
}

/* The folder that holds the last name of `path`. */
static bool parent_of(const char *path, char out[PATH_MAX], struct error *err)
{
    int len = snprintf(out, PATH_MAX, "%s", path);

    if (len < 0 || len >= PATH_MAX)
        return fail(err, ERROR_INCORRECT, "the path %.60s... is too long", path);
    while (len > 1 && out[len - 1] == '/')
        out[--len] = '\0';
    char *slash = strrchr(out, '/');
    if (!slash)
        strncpy(out, ".", PATH_MAX);
    else
        slash[slash == out ? 1 : 0] = '\0';
    return true;
}

bool folder_make(const char *path, struct error *err)
{
    char parent[PATH_MAX];
    struct stat status;

    if (stat(path, &status) == 0) {
        errno = ENOTDIR;
        return S_ISDIR(status.st_mode) || failed("make", path, err);
    }
    if (!parent_of(path, parent, err) || !folder_make(parent, err)) /* as deep as the path */
        return false;
    if (mkdir(path, 0755) < 0)
        return errno == EEXIST || failed("make", path, err);
    return folder_sync(parent, err);
}

bool folder_rename(const char *from, const char *to, struct error *err)
{
    char from_parent[PATH_MAX], to_parent[PATH_MAX];

    if (!parent_of(from, from_parent, err) || !parent_of(to, to_parent, err))
        return false;
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) < 0) {
        if (errno == EEXIST)
            return fail(err, ERROR_CONFLICT, "there is something at %s", to);
        return failed("rename", from, err);
    }
    return folder_sync(to_parent, err) && folder_sync(from_parent, err);
}

bool folder_remove(const char *path, struct error *err)
{
    char parent[PATH_MAX], copy[PATH_MAX];

    if (!folder_exists(path))
        return true;
    if (!parent_of(path, parent, err))
        return false;
    snprintf(copy, sizeof(copy), "%s", path);
    FTS *walk = fts_open((char *[]){ copy, NULL }, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!walk)
        return failed("read", path, err);
    bool ok = true;
    FTSENT *entry;
    while (ok && (entry = fts_read(walk))) {
        if (entry->fts_info == FTS_D)
            continue;
        bool is_folder = entry->fts_info == FTS_DP;
        if ((is_folder ? rmdir(entry->fts_accpath) : unlink(entry->fts_accpath)) < 0 &&
            errno != ENOENT)
            ok = failed("remove", entry->fts_path, err);
    }
    fts_close(walk);
    return ok && folder_sync(parent, err);
}
