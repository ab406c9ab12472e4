/* The transactor process: its settings and its life from start to signal. */
#include "common/config.h"
#include "common/log.h"
#include "txd/txd.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define PROBE_MS    2000
#define THREADS_MIN 2
#define THREADS_MAX 64

struct settings {
    char *data_dir, *listen, *feed, *check, *log_level;
    int64_t cache_mib, column_cache_mib, write_buffer_mib, graphs_open, readers, reads_waiting,
        writers, writes_waiting;
};

#define FIELD(name) offsetof(struct settings, name)

static const struct config_parameter parameters[] = {
    { "data-dir", CONFIG_TEXT, FIELD(data_dir), 0, 0, "./data", "",
      "the folder that holds everything: back this up" },
    { "listen", CONFIG_ADDRESS, FIELD(listen), 0, 0, "tcp://127.0.0.1:7010", "",
      "where gateways send requests" },
    { "feed", CONFIG_ADDRESS, FIELD(feed), 0, 0, "tcp://127.0.0.1:7011", "",
      "where gateways subscribe" },
    { "cache-mib", CONFIG_NUMBER, FIELD(cache_mib), 8, 1 << 20, "128", "MiB",
      "block cache of all graphs together" },
    { "column-cache-mib", CONFIG_NUMBER, FIELD(column_cache_mib), 0, 1 << 20, "256", "MiB",
      "attributes that queries read much, held as columns, of all graphs together; 0: none" },
    { "write-buffer-mib", CONFIG_NUMBER, FIELD(write_buffer_mib), 1, 1 << 14, "64", "MiB",
      "memtables of one graph" },
    { "graphs-open", CONFIG_NUMBER, FIELD(graphs_open), 1, 1 << 16, "256", "",
      "graphs held open; idle ones beyond it are closed" },
    { "readers", CONFIG_NUMBER, FIELD(readers), 0, THREADS_MAX, "0", "",
      "threads that answer queries; 0: as many as processors" },
    { "reads-waiting", CONFIG_NUMBER, FIELD(reads_waiting), 1, 1 << 16, "64", "",
      "reads that wait for a thread; more are answered busy" },
    { "writers", CONFIG_NUMBER, FIELD(writers), THREADS_MIN, THREADS_MAX, "6", "",
      "threads that apply transactions and wait for the disk, for all graphs" },
    { "writes-waiting", CONFIG_NUMBER, FIELD(writes_waiting), 1, 1 << 24, "65536", "",
      "transactions of one graph that wait; more are answered busy" },
    { "check", CONFIG_ADDRESS, FIELD(check), 0, 0, "", "",
      "do not serve: exit 0 when the txd that listens at this address answers, else 1" },
    { "log-level", CONFIG_TEXT, FIELD(log_level), 0, 0, "info", "", "error, warn, info or debug" },
};

/* RocksDB holds a file descriptor for every table of every open graph. */
static void raise_open_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static uint32_t reader_threads(int64_t asked)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (asked == 0)
        asked = processors < THREADS_MIN   ? THREADS_MIN
                : processors > THREADS_MAX ? THREADS_MAX
                                           : processors;
    return (uint32_t)asked;
}

static int serve(const struct settings *settings)
{
    struct txd_options options = {
        .data_dir = settings->data_dir,
        .catalog = { .cache_bytes = (size_t)settings->cache_mib << 20,
                     .write_buffer_bytes = (size_t)settings->write_buffer_mib << 20,
                     .open_max = (uint32_t)settings->graphs_open },
        .server = { .request_url = settings->listen, .feed_url = settings->feed },
        .writer = { .threads = (uint32_t)settings->writers,
                    .waiting_max = (uint32_t)settings->writes_waiting },
        .reader_threads = reader_threads(settings->readers),
        .reads_waiting_max = (uint32_t)settings->reads_waiting,
    };
    struct txd *txd;
    struct error err;
    sigset_t signals;
    int signal_number;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* threads inherit it; sigwait() takes them */
    signal(SIGPIPE, SIG_IGN);
    raise_open_files();
    extents_limit((size_t)settings->column_cache_mib << 20);
    if (!txd_open(&options, &txd, &err)) {
        log_error("cannot start: %s", err.message);
        return EXIT_FAILURE;
    }
    log_info("serving %s at %s, feed at %s", settings->data_dir, settings->listen, settings->feed);
    sigwait(&signals, &signal_number);
    log_info("stopping on %s", strsignal(signal_number));
    txd_close(txd);
    log_info("stopped");
    return EXIT_SUCCESS;
}

static int probe(const char *url)
{
    struct error err;

    if (server_probe(url, PROBE_MS, &err))
        return EXIT_SUCCESS;
    fprintf(stderr, "stoa-txd: %s\n", err.message);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct settings settings = { 0 };
    enum log_level level;
    struct error err;
    int status = EXIT_FAILURE;

    switch (config_read(parameters, ARRAY_LEN(parameters), "stoa-txd",
                        "The transactor of Stoa: owns a data directory and is its only writer.",
                        argc, argv, &settings, &err)) {
    case CONFIG_HELP:
        status = EXIT_SUCCESS;
        break;
    case CONFIG_BAD:
        fprintf(stderr, "stoa-txd: %s\n", err.message);
        break;
    case CONFIG_OK:
        if (!log_level_parse(bytes_of(settings.log_level), &level)) {
            fprintf(stderr, "stoa-txd: --log-level: \"%s\" is no level\n", settings.log_level);
            break;
        }
        log_open("stoa-txd", level);
        status = *settings.check ? probe(settings.check) : serve(&settings);
        break;
    }
    config_release(parameters, ARRAY_LEN(parameters), &settings);
    return status;
}
