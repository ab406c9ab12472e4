/*
 * Folders of the data directory. What is made, renamed or removed here survives a power cut once
 * the call returns: the folder that holds the name is fsynced.
 */
#ifndef STOA_TXD_DB_FOLDER_H
#define STOA_TXD_DB_FOLDER_H

#include "common/error.h"

/* Makes the folder, and those above it that are not there. One that is there is fine. */
bool folder_make(const char *path, struct error *err) MUST_USE;

/* True when there is something of that name. */
bool folder_exists(const char *path);

/* Fsyncs the folder itself: the names in it. */
bool folder_sync(const char *path, struct error *err) MUST_USE;

/* Moves a folder; nothing may have the new name. Errors: conflict when something has. */
bool folder_rename(const char *from, const char *to, struct error *err) MUST_USE;

/* Removes the folder with everything in it; one that is not there is fine. */
bool folder_remove(const char *path, struct error *err) MUST_USE;

#endif
