/*
 * Preloaded into txd, in place of a disk that one could pull the plug of.
 *
 * As long as the file that STOA_FSYNC_FAILS names is there, fsync() and fdatasync() fail with EIO;
 * the writes themselves happen, as on a disk that loses what it was given. When STOA_FSYNC_JOURNAL
 * names a file, every sync that succeeded is noted there as inode and size (faulty_fsync.h): all
 * that a power cut would leave of an appended file.
 */
#include "tests/fault/faulty_fsync.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The size is that of before the sync: what is written meanwhile may not be in it. */
static int note(const struct stat *before)
{
    const char *name = getenv("STOA_FSYNC_JOURNAL");
    struct synced synced = { before->st_ino, (uint64_t)before->st_size };

    if (!name)
        return 0;
    int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        return -1;
    ssize_t len = write(fd, &synced, sizeof(synced));
    close(fd);
    return len == sizeof(synced) ? 0 : -1;
}

static int sync_or_fail(long number, int fd)
{
    const char *name = getenv("STOA_FSYNC_FAILS");
    struct stat before;

    if (name && access(name, F_OK) == 0) {
        errno = EIO;
        return -1;
    }
    if (fstat(fd, &before) || syscall(number, fd))
        return -1;
    return note(&before);
}

int fsync(int fd)
{
    return sync_or_fail(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_or_fail(SYS_fdatasync, fd);
}
