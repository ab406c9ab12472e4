/*
 * A look at RocksDB's write-ahead logs before they are replayed.
 *
 * RocksDB takes a record that runs past the end of its file for one that its writer did not
 * finish, and stops there without a word. That is right for a torn tail; but a broken length in
 * the middle of the last block looks the same, and then acknowledged transactions would be dropped
 * silently. The difference: behind a torn tail there is no whole record.
 *
 * Format (github.com/facebook/rocksdb/wiki/Write-Ahead-Log-File-Format): blocks of 32 KiB holding
 * records of crc:4 length:2 type:1 payload, little-endian; the masked CRC-32C is over type and
 * payload; types 1 to 4; a block's last 6 bytes or fewer are filled with zeros.
 */
#ifndef STOA_TXD_DB_WAL_H
#define STOA_TXD_DB_WAL_H

#include "common/error.h"

/* Looks at all WALs in the folder of a database that is closed. Errors: fault, naming file and
 * offset, when a whole record stands behind one that runs past the end. */
bool wal_check(const char *dir, struct error *err) MUST_USE;

#endif
