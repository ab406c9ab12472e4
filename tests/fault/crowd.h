/*
 * All the clients of a fault test with the processes they talk to, on one thread: writers, readers,
 * and at the end an auditor that reads the whole log. The test decides when what is killed.
 */
#ifndef STOA_TESTS_FAULT_CROWD_H
#define STOA_TESTS_FAULT_CROWD_H

#include "tests/fault/client.h"
#include "tests/load/world.h"

#define CROWD_WRITERS 6
#define CROWD_READERS 2
#define CROWD_CLIENTS (CROWD_WRITERS + CROWD_READERS + 1) /* the auditor is the last */

struct crowd {
    struct world world;
    char history_name[WORLD_PATH_BYTES];
    FILE *history;
    uint64_t seed, random;
    struct client clients[CROWD_CLIENTS];
    unsigned ended[WORLD_PROCESSES_MAX]; /* how often each process has ended */
    int ended_status;                    /* of the last one (waitpid) */
};

/* Starts the processes, declares the schema, and lets the writers write. `seed` 0: by chance; it
 * is printed. */
bool crowd_start(struct crowd *crowd, const char *build, unsigned gateways, uint64_t seed,
                 struct error *err) MUST_USE;

/* Lets everyone work for a while. */
void crowd_run(struct crowd *crowd, int64_t duration_us);

/* Kills a process with SIGKILL, and notes it. */
void crowd_kill(struct crowd *crowd, unsigned process);

/* How many operations have been acknowledged. */
int64_t crowd_acked(const struct crowd *crowd);

/*
 * No new operations: waits until all have ended, all clients hold the last t and the auditor has
 * read the log, writes everyone's end and the export, and checks the history. Prints the report.
 * False when a rule is broken, or when it takes over a minute; then the history and the logs of the
 * processes stay. Stops the processes either way.
 */
bool crowd_finish(struct crowd *crowd, const char *what) MUST_USE;

#endif
