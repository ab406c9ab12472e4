#include "txd/db/wal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK_BYTES = 32768, HEADER_BYTES = 7, TYPE_MIN = 1, TYPE_MAX = 4 };

static uint32_t crc_table[256];
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;

/* CRC-32C (RFC 3720, appendix B.4), a byte at a time: at most one block is looked at closely. */
static void crc_init(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
        crc_table[byte] = crc;
    }
}

static uint32_t crc32c(const uint8_t *data, size_t len)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < len; i++)
        crc = crc >> 8 ^ crc_table[(crc ^ data[i]) & 0xff];
    return ~crc;
}

static uint32_t load_u32le(const uint8_t *in)
{
    return (uint32_t)in[3] << 24 | (uint32_t)in[2] << 16 | (uint32_t)in[1] << 8 | in[0];
}

static size_t length_at(const uint8_t *record)
{
    return (size_t)(record[5] << 8 | record[4]);
}

/* A record that is all there: `left` bytes are left of its block or of the file. */
static bool is_whole(const uint8_t *record, size_t left)
{
    if (left < HEADER_BYTES || record[6] < TYPE_MIN || record[6] > TYPE_MAX)
        return false;
    size_t len = length_at(record);
    if (len > left - HEADER_BYTES)
        return false;
    uint32_t crc = crc32c(record + 6, 1 + len);
    return load_u32le(record) == (crc >> 15 | crc << 17) + 0xa282ead8u; /* RocksDB's mask */
}

/* In a block that is not the last one RocksDB refuses a length that is wrong. */
static bool check_last_block(const uint8_t *block, size_t len, size_t *offset)
{
    size_t at = 0;

    while (len - at >= HEADER_BYTES && length_at(block + at) <= len - at - HEADER_BYTES)
        at += HEADER_BYTES + length_at(block + at);
    for (size_t behind = at + 1; behind < len; behind++) {
        if (is_whole(block + behind, len - behind)) {
            *offset = at;
            return false;
        }
    }
    return true;
}

static bool check_file(const char *path, struct error *err)
{
    uint8_t block[BLOCK_BYTES];
    struct stat status;
    size_t offset;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return fail(err, ERROR_FAULT, "cannot open %s: %s", path, strerror(errno));
    bool ok = fstat(fd, &status) == 0;
    off_t start = ok ? status.st_size - status.st_size % BLOCK_BYTES : 0;
    size_t len = ok ? (size_t)(status.st_size % BLOCK_BYTES) : 0;
    ok = ok && pread(fd, block, len, start) == (ssize_t)len;
    if (!ok)
        fail(err, ERROR_FAULT, "cannot read %s: %s", path, strerror(errno));
    close(fd);
    if (ok && !check_last_block(block, len, &offset))
        ok = fail(err, ERROR_FAULT,
                  "%s is broken at byte %lld: the record there runs past the end of the file, but "
                  "whole records follow it",
                  path, (long long)start + (long long)offset);
    return ok;
}

bool wal_check(const char *dir, struct error *err)
{
    char path[PATH_MAX];
    DIR *folder = opendir(dir);
    bool ok = true;

    if (!folder)
        return fail(err, ERROR_FAULT, "cannot read %s: %s", dir, strerror(errno));
    pthread_once(&crc_once, crc_init);
    for (struct dirent *entry; ok && (entry = readdir(folder));) {
        const char *suffix = strrchr(entry->d_name, '.');
        if (!suffix || strcmp(suffix, ".log") != 0)
            continue;
        int len = snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
        ok = (len > 0 && (size_t)len < sizeof(path)) ||
             fail(err, ERROR_FAULT, "the path of %s is too long", entry->d_name);
        ok = ok && check_file(path, err);
    }
    closedir(folder);
    return ok;
}
