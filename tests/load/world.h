/*
 * One txd and its gateways as real processes, on free ports, with a data folder of their own that
 * goes away at the end. What dies is started again by world_tend(), as a supervisor would.
 */
#ifndef STOA_TESTS_LOAD_WORLD_H
#define STOA_TESTS_LOAD_WORLD_H

#include "cli/http.h"

#include <sys/types.h>

#define WORLD_GATEWAYS_MAX  4
#define WORLD_PROCESSES_MAX (1 + WORLD_GATEWAYS_MAX)
#define WORLD_PATH_BYTES    512

/* Process 0 is txd, the others are the gateways. */
struct world_process {
    pid_t pid; /* 0: not running */
    unsigned started;
};

struct world {
    char dir[WORLD_PATH_BYTES]; /* data and the logs of the processes */
    char txd[WORLD_PATH_BYTES]; /* the programs */
    char gateway[WORLD_PATH_BYTES];
    unsigned gateways;
    uint16_t listen_port, feed_port, http_ports[WORLD_GATEWAYS_MAX];
    struct world_process processes[WORLD_PROCESSES_MAX];
    const char *txd_environment; /* one more "NAME=VALUE" for txd's next start, or NULL */
    const char *txd_preload;     /* LD_PRELOAD for txd, or NULL */
    /* Called when a process has ended, before it is started again; or NULL. */
    void (*ended)(struct world *world, unsigned process);
    bool supervised; /* world_tend() starts again what died */
    bool keep;       /* leave the folder behind; $STOA_LOAD_KEEP sets it */
};

/* Finds the programs in the build folder `build`, makes the folder in $STOA_LOAD_DIR (the build
 * folder when it is not set), starts everything and waits until the gateways are ready. */
bool world_start(struct world *world, const char *build, unsigned gateways,
                 struct error *err) MUST_USE;

/* Ends all processes: SIGTERM, and SIGKILL after five seconds. */
void world_halt(struct world *world);

/* Ends all processes and removes the folder. */
void world_stop(struct world *world);

bool world_start_process(struct world *world, unsigned process, struct error *err) MUST_USE;

/* Sends a signal, if the process runs. */
void world_signal(struct world *world, unsigned process, int signal);

/* Waits for the end of processes without blocking, and starts again those that ended when
 * supervised. `status` (as of waitpid) and `process` are of one that ended; false: none has. */
bool world_tend(struct world *world, unsigned *process, int *status);

/* Waits until the process has ended; its status. */
int world_wait(struct world *world, unsigned process);

/* Waits until every gateway answers /readyz with 200. */
bool world_await_ready(struct world *world, int timeout_ms, struct error *err) MUST_USE;

/* Connects to a gateway's HTTP (cli/http.h); close with http_close(). */
struct http *world_http(const struct world *world, unsigned gateway);

/* Imports a file of EDN into a new graph. */
bool world_import(const struct world *world, const char *graph, const char *file,
                  struct error *err) MUST_USE;

/* Appends the export of a graph. */
bool world_export(const struct world *world, unsigned gateway, const char *graph,
                  struct buffer *out, struct error *err) MUST_USE;

/* Resident memory of the process, in bytes; 0 when it does not run. */
uint64_t world_memory(const struct world *world, unsigned process);

/* Processor time that the process has taken so far, in microseconds. */
int64_t world_processor_us(const struct world *world, unsigned process);

/* A port of the loopback interface that was free a moment ago. */
uint16_t world_free_port(void);

#endif
