/*
 * Preloaded into txd: fsync() and fdatasync() fail with EIO as long as the file that
 * STOA_FSYNC_FAILS names is there. The writes themselves happen, as on a disk that loses what it
 * was given.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int sync_or_fail(long number, int fd)
{
    const char *name = getenv("STOA_FSYNC_FAILS");

    if (name && access(name, F_OK) == 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(number, fd);
}

int fsync(int fd)
{
    return sync_or_fail(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_or_fail(SYS_fdatasync, fd);
}
