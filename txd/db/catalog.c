/*
 * An entry is there for every graph that is open, or on its way in or out. Opening, closing and
 * removing take time, so they are done without the mutex, and the entry's state keeps others off:
 * they wait for the condition and look again.
 */
#include "txd/db/catalog.h"

#include "common/hashmap.h"
#include "common/limits.h"
#include "common/log.h"
#include "txd/db/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define MAIN_GRAPH "main"
#define DROPPED    "DROPPED"

/* How long making a graph waits for readers of a dropped one of its name. */
#define DROP_WAIT_S 5

enum entry_state { ENTRY_BUSY, ENTRY_OPEN, ENTRY_DROPPED };

struct entry {
    struct catalog *catalog;
    char *name;
    enum entry_state state; /* BUSY: being opened or closed by some thread */
    struct graph *graph;    /* retained while OPEN */
    uint64_t used;          /* when it was last asked for, on catalog->clock */
};

struct catalog {
    char *dir;
    int lock_fd;
    struct catalog_options options;
    struct store_shared *shared;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* an entry went or changed its state */
    struct hashmap entries; /* name -> struct entry */
    uint64_t clock;
    uint64_t temporaries;
};

bool graph_name_check(struct bytes name, struct error *err)
{
    bool ok = name.len >= 1 && name.len <= LIMIT_GRAPH_NAME_BYTES;

    for (size_t i = 0; ok && i < name.len; i++) {
        char c = name.data[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        ok = word || (i > 0 && (c == '_' || c == '-'));
    }
    return ok || fail(err, ERROR_INCORRECT,
                      "\"%.*s\" is no graph name; a name has 1 to %d of a-z, 0-9, _ and -, and "
                      "begins with a letter or digit",
                      BYTES_ARG(name), LIMIT_GRAPH_NAME_BYTES);
}

struct path {
    char text[PATH_MAX];
};

static struct path path_of(const struct catalog *catalog, const char *folder, struct bytes name)
{
    struct path path;

    snprintf(path.text, sizeof(path.text), "%.*s/%s/%.*s", PATH_MAX / 2, catalog->dir, folder,
             BYTES_ARG(name));
    return path;
}

static struct path graph_path(const struct catalog *catalog, struct bytes name)
{
    return path_of(catalog, "graphs", name);
}

static bool has_marker(const struct path *folder)
{
    struct path marker;

    snprintf(marker.text, sizeof(marker.text), "%.*s/" DROPPED, PATH_MAX - 16, folder->text);
    return folder_exists(marker.text);
}

static bool marker_write(const struct path *folder, struct error *err)
{
    struct path marker;

    snprintf(marker.text, sizeof(marker.text), "%.*s/" DROPPED, PATH_MAX - 16, folder->text);
    int fd = open(marker.text, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return fail(err, ERROR_FAULT, "cannot make %s: %s", marker.text, strerror(errno));
    close(fd);
    if (folder_sync(folder->text, err))
        return true;
    unlink(marker.text); /* or the graph would be gone after the next start */
    return false;
}

static bool graph_is_there(const struct catalog *catalog, struct bytes name)
{
    struct path path = graph_path(catalog, name);

    return folder_exists(path.text) && !has_marker(&path);
}

void catalog_temporary(struct catalog *catalog, char *path, size_t path_bytes)
{
    pthread_mutex_lock(&catalog->mutex);
    uint64_t number = ++catalog->temporaries;
    pthread_mutex_unlock(&catalog->mutex);
    snprintf(path, path_bytes, "%s/tmp/%llu", catalog->dir, (unsigned long long)number);
}

/* Out of sight by one rename, then removed. */
static bool remove_graph(struct catalog *catalog, struct bytes name, struct error *err)
{
    struct path from = graph_path(catalog, name), to;

    catalog_temporary(catalog, to.text, sizeof(to.text));
    return folder_rename(from.text, to.text, err) && folder_remove(to.text, err);
}

/* --- opening and closing --- */

static bool lock_dir(struct catalog *catalog, struct error *err)
{
    struct path path;

    snprintf(path.text, sizeof(path.text), "%.*s/LOCK", PATH_MAX - 16, catalog->dir);
    catalog->lock_fd = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (catalog->lock_fd < 0)
        return fail(err, ERROR_FAULT, "cannot open %s: %s", path.text, strerror(errno));
    if (flock(catalog->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno == EWOULDBLOCK)
        return fail(err, ERROR_BUSY, "the data directory %s is in use by another stoa-txd",
                    catalog->dir);
    return fail(err, ERROR_FAULT, "cannot lock %s: %s", path.text, strerror(errno));
}

/* Calls `fn` for each name in the folder until it fails. */
static bool each_name(const char *path, bool (*fn)(void *arg, struct bytes name, struct error *err),
                      void *arg, struct error *err)
{
    DIR *dir = opendir(path);
    bool ok = true;

    if (!dir)
        return fail(err, ERROR_FAULT, "cannot read %s: %s", path, strerror(errno));
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (!entry) {
            ok = errno == 0 || fail(err, ERROR_FAULT, "cannot read %s: %s", path, strerror(errno));
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        ok = fn(arg, bytes_of(entry->d_name), err);
        if (!ok)
            break;
    }
    closedir(dir);
    return ok;
}

static bool finish_drop(void *arg, struct bytes name, struct error *err)
{
    struct catalog *catalog = arg;
    struct path path = graph_path(catalog, name);

    return !has_marker(&path) || remove_graph(catalog, name, err);
}

/* Makes the folders, and clears what a process that died left half made or half removed. */
static bool clean(struct catalog *catalog, struct error *err)
{
    struct path graphs = path_of(catalog, "graphs", BYTES(""));
    struct path tmp = path_of(catalog, "tmp", BYTES(""));

    return folder_make(graphs.text, err) && folder_remove(tmp.text, err) &&
           folder_make(tmp.text, err) && each_name(graphs.text, finish_drop, catalog, err);
}

bool catalog_open(const char *dir, const struct catalog_options *options, struct catalog **out,
                  struct error *err)
{
    struct catalog *catalog = xcalloc(1, sizeof(*catalog));
    bool created;

    catalog->dir = xstrdup(dir);
    catalog->lock_fd = -1;
    catalog->options = *options;
    catalog->shared = store_shared_open(options->cache_bytes, options->write_buffer_bytes);
    pthread_mutex_init(&catalog->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&catalog->changed, &attributes);
    pthread_condattr_destroy(&attributes);

    if (strlen(dir) > PATH_MAX / 2 - 1)
        fail(err, ERROR_INCORRECT, "the path of the data directory is too long");
    else if (folder_make(dir, err) && lock_dir(catalog, err) && clean(catalog, err) &&
             (graph_is_there(catalog, BYTES(MAIN_GRAPH)) ||
              catalog_create(catalog, BYTES(MAIN_GRAPH), FLEXIBILITY_READ, &created, err))) {
        *out = catalog;
        return true;
    }
    catalog_close(catalog);
    return false;
}

static void entry_free(struct entry *entry)
{
    hashmap_remove(&entry->catalog->entries, bytes_of(entry->name));
    pthread_cond_broadcast(&entry->catalog->changed);
    free(entry->name);
    free(entry);
}

/* Closes the graph of an entry that is OPEN and that nobody else holds. Gives up the mutex while
 * it does. */
static void entry_close(struct entry *entry)
{
    struct catalog *catalog = entry->catalog;

    entry->state = ENTRY_BUSY;
    pthread_mutex_unlock(&catalog->mutex);
    graph_release(entry->graph);
    pthread_mutex_lock(&catalog->mutex);
    entry_free(entry);
}

/*
 * The open entry that was asked for longest ago; when `idle`, of those that nobody holds and that
 * have not been stopped. A stopped graph is never closed to be opened afresh: its disk failed, and
 * it answers `fault` until somebody has looked and started txd again.
 */
static struct entry *oldest(struct catalog *catalog, bool idle)
{
    struct hashmap_entry *slot;
    struct error ignored;
    struct entry *found = NULL;

    for (size_t at = 0; (slot = hashmap_next(&catalog->entries, &at));) {
        struct entry *entry = slot->value;
        if (entry->state == ENTRY_OPEN && (!found || entry->used < found->used) &&
            (!idle || (graph_references(entry->graph) == 1 && graph_check(entry->graph, &ignored))))
            found = entry;
    }
    return found;
}

void catalog_close(struct catalog *catalog)
{
    struct entry *entry;

    if (!catalog)
        return;
    pthread_mutex_lock(&catalog->mutex);
    while ((entry = oldest(catalog, false)))
        entry_close(entry);
    while (catalog->entries.count)
        pthread_cond_wait(&catalog->changed, &catalog->mutex);
    pthread_mutex_unlock(&catalog->mutex);
    hashmap_release(&catalog->entries);
    store_shared_close(catalog->shared);
    pthread_cond_destroy(&catalog->changed);
    pthread_mutex_destroy(&catalog->mutex);
    if (catalog->lock_fd >= 0)
        close(catalog->lock_fd);
    free(catalog->dir);
    free(catalog);
}

struct store_shared *catalog_shared(struct catalog *catalog)
{
    return catalog->shared;
}

/* --- graphs --- */

static bool not_found(struct bytes name, struct error *err)
{
    return fail(err, ERROR_NOT_FOUND, "there is no graph \"%.*s\"", BYTES_ARG(name));
}

bool catalog_exists(struct catalog *catalog, struct bytes name)
{
    struct error ignored;

    return graph_name_check(name, &ignored) && graph_is_there(catalog, name);
}

/* The entry of the name once no thread is busy with it, or NULL. */
static struct entry *settled(struct catalog *catalog, struct bytes name)
{
    struct entry *entry;

    while ((entry = hashmap_get(&catalog->entries, name)) && entry->state == ENTRY_BUSY)
        pthread_cond_wait(&catalog->changed, &catalog->mutex);
    return entry;
}

static void evict(struct catalog *catalog)
{
    struct entry *entry;

    while (catalog->entries.count > catalog->options.open_max && (entry = oldest(catalog, true)))
        entry_close(entry);
}

/* The graph of the entry, retained. */
static struct graph *entry_use(struct entry *entry)
{
    entry->used = ++entry->catalog->clock;
    return graph_retain(entry->graph);
}

/* Opens the graph under a new entry. Gives up the mutex while it does. */
static bool entry_open(struct catalog *catalog, struct bytes name, struct graph **out,
                       struct error *err)
{
    struct path path = graph_path(catalog, name);
    struct entry *entry = xcalloc(1, sizeof(*entry));

    entry->catalog = catalog;
    entry->name = xmalloc(name.len + 1);
    memcpy(entry->name, name.data, name.len);
    entry->name[name.len] = '\0';
    entry->state = ENTRY_BUSY;
    hashmap_put(&catalog->entries, name, entry);
    pthread_mutex_unlock(&catalog->mutex);
    bool ok = graph_open(catalog->shared, entry->name, path.text, &entry->graph, err);
    pthread_mutex_lock(&catalog->mutex);
    if (!ok) {
        entry_free(entry);
        return false;
    }
    entry->state = ENTRY_OPEN;
    *out = entry_use(entry);
    pthread_cond_broadcast(&catalog->changed);
    evict(catalog);
    return true;
}

struct graph *catalog_get_open(struct catalog *catalog, struct bytes name)
{
    pthread_mutex_lock(&catalog->mutex);
    struct entry *entry = hashmap_get(&catalog->entries, name);
    struct graph *graph = entry && entry->state == ENTRY_OPEN ? entry_use(entry) : NULL;
    pthread_mutex_unlock(&catalog->mutex);
    return graph;
}

bool catalog_get(struct catalog *catalog, struct bytes name, struct graph **out, struct error *err)
{
    bool ok = true;

    if (!graph_name_check(name, err))
        return not_found(name, err);
    pthread_mutex_lock(&catalog->mutex);
    struct entry *entry = settled(catalog, name);
    if (entry && entry->state == ENTRY_OPEN) {
        *out = entry_use(entry);
    } else if (entry || !graph_is_there(catalog, name)) {
        ok = not_found(name, err);
    } else {
        ok = entry_open(catalog, name, out, err);
    }
    pthread_mutex_unlock(&catalog->mutex);
    return ok;
}

/* Waits a while for readers of a dropped graph of this name. */
static bool await_drop(struct catalog *catalog, struct bytes name, struct error *err)
{
    struct timespec until;
    struct entry *entry;
    int waited = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += DROP_WAIT_S;
    pthread_mutex_lock(&catalog->mutex);
    while ((entry = hashmap_get(&catalog->entries, name)) && entry->state == ENTRY_DROPPED &&
           waited == 0)
        waited = pthread_cond_timedwait(&catalog->changed, &catalog->mutex, &until);
    bool ok = !entry || entry->state != ENTRY_DROPPED;
    pthread_mutex_unlock(&catalog->mutex);
    return ok || fail(err, ERROR_BUSY,
                      "a graph \"%.*s\" was dropped and is still being read; try again later",
                      BYTES_ARG(name));
}

bool catalog_adopt(struct catalog *catalog, const char *path, struct bytes name, struct error *err)
{
    struct path to = graph_path(catalog, name);

    if (!graph_name_check(name, err) || !await_drop(catalog, name, err))
        return false;
    /* A dropped graph whose files could not be removed; another thread may be at it too. */
    if (has_marker(&to) && !remove_graph(catalog, name, err) && has_marker(&to))
        return fail_in(err, "a graph \"%.*s\" was dropped and is still in the way",
                       BYTES_ARG(name));
    if (folder_rename(path, to.text, err))
        return true;
    if (err->kind == ERROR_CONFLICT)
        fail(err, ERROR_CONFLICT, "there is a graph \"%.*s\" already", BYTES_ARG(name));
    return false;
}

static bool check_same(struct catalog *catalog, struct bytes name, enum flexibility flexibility,
                       struct error *err)
{
    struct graph *graph = NULL;

    if (!catalog_get(catalog, name, &graph, err))
        return false;
    bool same = graph_flexibility(graph) == flexibility;
    graph_release(graph);
    return same || fail(err, ERROR_CONFLICT,
                        "there is a graph \"%.*s\" already, with schema flexibility :%s",
                        BYTES_ARG(name), flexibility == FLEXIBILITY_READ ? "write" : "read");
}

bool catalog_create(struct catalog *catalog, struct bytes name, enum flexibility flexibility,
                    bool *created, struct error *err)
{
    struct error ignored;
    struct path path;

    if (!graph_name_check(name, err))
        return false;
    if (!graph_is_there(catalog, name)) {
        catalog_temporary(catalog, path.text, sizeof(path.text));
        if (graph_create(catalog->shared, path.text, flexibility, err) &&
            catalog_adopt(catalog, path.text, name, err)) {
            *created = true;
            return true;
        }
        (void)!folder_remove(path.text, &ignored); /* or the next start removes it */
        if (err->kind != ERROR_CONFLICT)
            return false;
    }
    if (!check_same(catalog, name, flexibility, err))
        return false;
    *created = false;
    return true;
}

/* The last reader of a dropped graph has let go. */
static void dropped(void *arg)
{
    struct entry *entry = arg;
    struct catalog *catalog = entry->catalog;
    struct error err;

    if (!remove_graph(catalog, bytes_of(entry->name), &err))
        log_warn(
            "dropping graph \"%s\": %s; making one of its name, or the next start, tries again",
            entry->name, err.message);
    pthread_mutex_lock(&catalog->mutex);
    entry_free(entry);
    pthread_mutex_unlock(&catalog->mutex);
}

/* Drops a graph that is open. Gives up the mutex to let go of it. */
static bool drop_open(struct entry *entry, struct error *err)
{
    struct catalog *catalog = entry->catalog;
    struct path path = graph_path(catalog, bytes_of(entry->name));
    struct error reason;

    if (!marker_write(&path, err))
        return false;
    fail(&reason, ERROR_NOT_FOUND, "the graph \"%s\" has been dropped", entry->name);
    entry->state = ENTRY_DROPPED;
    graph_stop(entry->graph, &reason);
    graph_on_close(entry->graph, dropped, entry);
    pthread_mutex_unlock(&catalog->mutex);
    graph_release(entry->graph);
    pthread_mutex_lock(&catalog->mutex);
    return true;
}

bool catalog_drop(struct catalog *catalog, struct bytes name, struct error *err)
{
    bool ok;

    if (!graph_name_check(name, err))
        return not_found(name, err);
    pthread_mutex_lock(&catalog->mutex);
    struct entry *entry = settled(catalog, name);
    if (entry && entry->state == ENTRY_OPEN) {
        ok = drop_open(entry, err);
        pthread_mutex_unlock(&catalog->mutex);
        return ok;
    }
    struct path from = graph_path(catalog, name), to;
    bool there = !entry && graph_is_there(catalog, name);
    if (there) {
        snprintf(to.text, sizeof(to.text), "%.*s/tmp/%llu", PATH_MAX / 2, catalog->dir,
                 (unsigned long long)++catalog->temporaries);
        ok = folder_rename(from.text, to.text, err);
    } else {
        ok = not_found(name, err);
    }
    pthread_mutex_unlock(&catalog->mutex);
    struct error reason;
    if (ok && !folder_remove(to.text, &reason)) /* the graph is gone all the same */
        log_warn("dropping graph \"%.*s\": %s; the next start tries again", BYTES_ARG(name),
                 reason.message);
    return ok;
}

/* --- lists --- */

struct listing {
    struct catalog *catalog;
    struct arena *arena;
    struct bytes *names;
    size_t count, cap;
};

static bool list_name(void *arg, struct bytes name, struct error *err)
{
    struct listing *listing = arg;
    struct error ignored;
    struct path path = graph_path(listing->catalog, name);

    (void)err;
    if (!graph_name_check(name, &ignored) || has_marker(&path))
        return true;
    if (listing->count == listing->cap) {
        size_t cap = listing->cap ? 2 * listing->cap : 16;
        struct bytes *names = ARENA_ARRAY(listing->arena, struct bytes, cap);
        for (size_t i = 0; i < listing->count; i++)
            names[i] = listing->names[i];
        listing->names = names;
        listing->cap = cap;
    }
    listing->names[listing->count++] = arena_copy(listing->arena, name);
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

bool catalog_list(struct catalog *catalog, struct arena *arena, struct bytes **names, size_t *count,
                  struct error *err)
{
    struct listing listing = { .catalog = catalog, .arena = arena };
    struct path graphs = path_of(catalog, "graphs", BYTES(""));

    if (!each_name(graphs.text, list_name, &listing, err))
        return false;
    if (listing.count)
        qsort(listing.names, listing.count, sizeof(*listing.names), compare_names);
    *names = listing.names;
    *count = listing.count;
    return true;
}

size_t catalog_open_count(struct catalog *catalog)
{
    size_t count = 0;
    struct hashmap_entry *slot;

    pthread_mutex_lock(&catalog->mutex);
    for (size_t at = 0; (slot = hashmap_next(&catalog->entries, &at));)
        count += ((struct entry *)slot->value)->state == ENTRY_OPEN;
    pthread_mutex_unlock(&catalog->mutex);
    return count;
}

void catalog_each_open(struct catalog *catalog, void (*fn)(const struct snapshot *, void *),
                       void *arg)
{
    struct hashmap_entry *slot;
    size_t count = 0;

    pthread_mutex_lock(&catalog->mutex);
    struct snapshot **snapshots = xcalloc(catalog->entries.count, sizeof(struct snapshot *));
    for (size_t at = 0; (slot = hashmap_next(&catalog->entries, &at));) {
        struct entry *entry = slot->value;
        if (entry->state == ENTRY_OPEN)
            snapshots[count++] = graph_snapshot(entry->graph);
    }
    pthread_mutex_unlock(&catalog->mutex);
    for (size_t i = 0; i < count; i++) {
        fn(snapshots[i], arg);
        snapshot_release(snapshots[i]);
    }
    free(snapshots);
}
