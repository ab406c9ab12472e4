/*
 * Preloaded into txd: fsync() and fdatasync() fail with EIO as long as the file that
 * STOA_FSYNC_FAILS names is there. The writes themselves happen, as on a disk that loses what it
 * was given.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int failing(void)
{
    const char *name = getenv("STOA_FSYNC_FAILS");

    return name && access(name, F_OK) == 0;
}

static int call(const char *name, int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);

    if (failing()) {
        errno = EIO;
        return -1;
    }
    return real(fd);
}

int fsync(int fd)
{
    return call("fsync", fd);
}

int fdatasync(int fd)
{
    return call("fdatasync", fd);
}
