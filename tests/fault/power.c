/*
 * `fault-power BUILD LIBRARY [SEED]`: the plug is pulled under write load. kill -9 loses nothing
 * that was written, so that a transaction that is acknowledged without an fsync would never be
 * missed; here, every file of txd is cut back to what it had synced when it died (faulty_fsync.c is
 * the LIBRARY that knows), before it is started again. Then the checker.
 *
 * Names of files that were made or removed are left alone: only contents are lost.
 */
#include "common/hashmap.h"
#include "tests/fault/crowd.h"
#include "tests/fault/faulty_fsync.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define GATEWAYS     2
#define CUTS         15
#define PAUSE_US_MIN 200000
#define PAUSE_US_MAX 1200000
#define SETTLE_US    1000000

/* A run in which nothing was ever lost has shown nothing. */
#define LOST_BYTES_MIN 1

/* ftw gives no argument to its visitor. */
static struct hashmap synced_files; /* inode -> struct synced */
static uint64_t lost_bytes;

static int cut_file(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    uint64_t inode = stat->st_ino;

    (void)ftw;
    if (type != FTW_F)
        return 0;
    const struct synced *synced =
        hashmap_get(&synced_files, (struct bytes){ (const char *)&inode, sizeof(inode) });
    uint64_t left = synced ? synced->bytes : 0;
    if (left >= (uint64_t)stat->st_size)
        return 0;
    lost_bytes += (uint64_t)stat->st_size - left;
    return truncate(path, (off_t)left);
}

static void read_journal(struct arena *arena)
{
    struct synced synced;
    FILE *file = fopen(getenv("STOA_FSYNC_JOURNAL"), "r");

    while (file && fread(&synced, sizeof(synced), 1, file) == 1) {
        struct synced *last = ARENA_NEW(arena, struct synced);
        *last = synced;
        hashmap_put(&synced_files, (struct bytes){ (const char *)&last->inode, sizeof(uint64_t) },
                    last);
    }
    if (file)
        fclose(file);
}

/* txd has died: what it had not synced is gone. */
static void cut(struct world *world, unsigned process)
{
    struct arena arena = { 0 };
    char data[WORLD_PATH_BYTES + 8];

    if (process != 0)
        return;
    snprintf(data, sizeof(data), "%s/data", world->dir);
    read_journal(&arena);
    if (nftw(data, cut_file, 16, FTW_PHYS))
        perror("cutting files back");
    hashmap_release(&synced_files);
    arena_release(&arena);
}

static bool run(struct crowd *crowd)
{
    crowd->world.ended = cut;
    crowd_run(crowd, SETTLE_US);
    for (int i = 0; i < CUTS; i++) {
        crowd_kill(crowd, 0);
        crowd_run(crowd, PAUSE_US_MIN +
                             (int64_t)client_random(&crowd->random, PAUSE_US_MAX - PAUSE_US_MIN));
    }
    bool ok = crowd_finish(crowd, "fault-power");
    printf("%llu bytes were cut off\n", (unsigned long long)lost_bytes);
    return ok && lost_bytes >= LOST_BYTES_MIN;
}

int main(int argc, char **argv)
{
    struct crowd *crowd = xcalloc(1, sizeof(*crowd));
    char journal[] = "/tmp/stoa-synced-XXXXXX";
    struct error err;

    if (argc < 3) {
        fprintf(stderr, "usage: fault-power BUILD LIBRARY [SEED]\n");
        return 2;
    }
    int fd = mkstemp(journal);
    if (fd >= 0)
        close(fd);
    setenv("STOA_FSYNC_JOURNAL", journal, 1);
    crowd->world.txd_preload = argv[2];
    bool ok =
        crowd_start(crowd, argv[1], GATEWAYS, argc > 3 ? strtoull(argv[3], NULL, 10) : 0, &err);
    if (!ok)
        fprintf(stderr, "fault-power: %s\n", err.message);
    ok = ok && run(crowd);
    unlink(journal);
    free(crowd);
    return ok ? 0 : 1;
}
