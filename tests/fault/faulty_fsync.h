/* What faulty_fsync.c notes of each sync that succeeded. */
#ifndef STOA_TESTS_FAULT_FAULTY_FSYNC_H
#define STOA_TESTS_FAULT_FAULTY_FSYNC_H

#include <stdint.h>

struct synced {
    uint64_t inode, bytes;
};

#endif
