#include "tests/load/world.h"

#include "common/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_TIMEOUT_MS 20000
#define STOP_TIMEOUT_MS  INT64_C(5000)
#define POLL_US          5000
#define PROC_BYTES       1024

uint16_t world_free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) ||
        getsockname(fd, (struct sockaddr *)&address, &len)) {
        perror("no free port");
        abort();
    }
    close(fd);
    return ntohs(address.sin_port);
}

static void log_to(const struct world *world, const char *name)
{
    char path[WORLD_PATH_BYTES + 32];

    snprintf(path, sizeof(path), "%s/%s.log", world->dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (fd < 0)
        return;
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

static void exec_txd(const struct world *world)
{
    char data[WORLD_PATH_BYTES + 8], listen[64], feed[64];

    snprintf(data, sizeof(data), "%s/data", world->dir);
    snprintf(listen, sizeof(listen), "tcp://127.0.0.1:%u", world->listen_port);
    snprintf(feed, sizeof(feed), "tcp://127.0.0.1:%u", world->feed_port);
    log_to(world, "txd");
    if (world->txd_environment)
        putenv(xstrdup(world->txd_environment));
    if (world->txd_preload)
        setenv("LD_PRELOAD", world->txd_preload, 1);
    execl(world->txd, "stoa-txd", "--data-dir", data, "--listen", listen, "--feed", feed,
          (char *)NULL);
}

static void exec_gateway(const struct world *world, unsigned gateway)
{
    char port[16], txd[64], feed[64], name[32];

    snprintf(port, sizeof(port), "%u", world->http_ports[gateway]);
    snprintf(txd, sizeof(txd), "tcp://127.0.0.1:%u", world->listen_port);
    snprintf(feed, sizeof(feed), "tcp://127.0.0.1:%u", world->feed_port);
    snprintf(name, sizeof(name), "gateway-%u", gateway);
    log_to(world, name);
    execl(world->gateway, "stoa-gateway", "--listen-host", "127.0.0.1", "--listen-port", port,
          "--txd", txd, "--feed", feed, (char *)NULL);
}

bool world_start_process(struct world *world, unsigned process, struct error *err)
{
    pid_t pid = fork();

    if (pid < 0)
        return fail(err, ERROR_FAULT, "fork: %s", strerror(errno));
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that is killed leaves nothing running */
        if (process == 0)
            exec_txd(world);
        else
            exec_gateway(world, process - 1);
        perror("exec");
        _exit(127);
    }
    world->processes[process].pid = pid;
    world->processes[process].started++;
    return true;
}

void world_signal(struct world *world, unsigned process, int signal)
{
    if (world->processes[process].pid > 0)
        kill(world->processes[process].pid, signal);
}

bool world_tend(struct world *world, unsigned *process, int *status)
{
    struct error err;

    for (unsigned p = 0; p <= world->gateways; p++) {
        if (world->processes[p].pid == 0 ||
            waitpid(world->processes[p].pid, status, WNOHANG) != world->processes[p].pid)
            continue;
        world->processes[p].pid = 0;
        if (world->ended)
            world->ended(world, p);
        if (world->supervised && !world_start_process(world, p, &err))
            fprintf(stderr, "%s\n", err.message);
        *process = p;
        return true;
    }
    return false;
}

int world_wait(struct world *world, unsigned process)
{
    int status = 0;

    if (world->processes[process].pid > 0)
        waitpid(world->processes[process].pid, &status, 0);
    world->processes[process].pid = 0;
    return status;
}

struct http *world_http(const struct world *world, unsigned gateway)
{
    char url[64];
    struct http *http;
    struct error err;

    snprintf(url, sizeof(url), "http://127.0.0.1:%u", world->http_ports[gateway]);
    if (http_open(url, &http, &err) != OUTCOME_OK)
        abort();
    return http;
}

static bool ready(const struct world *world, unsigned gateway, struct error *err)
{
    struct http *http = world_http(world, gateway);
    struct buffer answer = { 0 };
    bool ok = http_send(http, &(struct http_request){ .method = "GET", .path = "/readyz" }, &answer,
                        err) == OUTCOME_OK;

    buffer_release(&answer);
    http_close(http);
    return ok;
}

bool world_await_ready(struct world *world, int timeout_ms, struct error *err)
{
    int64_t deadline_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;

    for (unsigned g = 0; g < world->gateways;) {
        unsigned process;
        int status;
        if (ready(world, g, err)) {
            g++;
            continue;
        }
        if (world_tend(world, &process, &status) && !world->supervised)
            return fail(err, ERROR_FAULT, "%s ended with status %x; its log is in %s",
                        process == 0 ? "txd" : "a gateway", (unsigned)status, world->dir);
        if (clock_monotonic_us() > deadline_us)
            return fail_in(err, "gateway %u is not ready after %d ms", g, timeout_ms);
        usleep(POLL_US);
    }
    return true;
}

bool world_start(struct world *world, const char *build, unsigned gateways, struct error *err)
{
    const char *parent = getenv("STOA_LOAD_DIR");

    snprintf(world->txd, sizeof(world->txd), "%s/txd/stoa-txd", build);
    snprintf(world->gateway, sizeof(world->gateway), "%s/gateway/stoa-gateway", build);
    snprintf(world->dir, sizeof(world->dir), "%s/load-XXXXXX", parent && *parent ? parent : build);
    if (!mkdtemp(world->dir))
        return fail(err, ERROR_FAULT, "%s: %s", world->dir, strerror(errno));
    world->gateways = gateways;
    world->keep = getenv("STOA_LOAD_KEEP") != NULL;
    world->listen_port = world_free_port();
    world->feed_port = world_free_port();
    for (unsigned p = 0; p <= gateways; p++) {
        if (p > 0)
            world->http_ports[p - 1] = world_free_port();
        if (!world_start_process(world, p, err))
            return false;
    }
    if (world_await_ready(world, READY_TIMEOUT_MS, err))
        return true;
    world->keep = true;
    world_stop(world);
    return false;
}

void world_halt(struct world *world)
{
    int64_t deadline_us = clock_monotonic_us() + STOP_TIMEOUT_MS * 1000;

    world->supervised = false;
    for (unsigned p = world->gateways + 1; p-- > 0;)
        world_signal(world, p, SIGTERM);
    for (unsigned p = 0; p <= world->gateways;) {
        unsigned ended;
        int status;
        if (world->processes[p].pid == 0) {
            p++;
        } else if (!world_tend(world, &ended, &status)) {
            if (clock_monotonic_us() > deadline_us)
                world_signal(world, p, SIGKILL);
            usleep(POLL_US);
        }
    }
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

void world_stop(struct world *world)
{
    world_halt(world);
    if (!world->keep)
        nftw(world->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

bool world_import(const struct world *world, const char *graph, const char *file, struct error *err)
{
    struct buffer path = { 0 }, answer = { 0 };
    FILE *upload = fopen(file, "r");
    struct stat stat;

    if (!upload || fstat(fileno(upload), &stat))
        return fail(err, ERROR_NOT_FOUND, "%s: %s", file, strerror(errno));
    buffer_printf(&path, "/v1/graphs/%s/import%c", graph, '\0');
    struct http *http = world_http(world, 0);
    bool ok = http_send(http,
                        &(struct http_request){
                            .method = "POST",
                            .path = path.data,
                            .upload = upload,
                            .upload_bytes = (uint64_t)stat.st_size,
                        },
                        &answer, err) == OUTCOME_OK;
    http_close(http);
    fclose(upload);
    buffer_release(&path);
    buffer_release(&answer);
    return ok;
}

bool world_export(const struct world *world, unsigned gateway, const char *graph,
                  struct buffer *out, struct error *err)
{
    struct buffer path = { 0 };

    buffer_printf(&path, "/v1/graphs/%s/export%c", graph, '\0');
    struct http *http = world_http(world, gateway);
    bool ok = http_send(http, &(struct http_request){ .method = "GET", .path = path.data }, out,
                        err) == OUTCOME_OK;
    http_close(http);
    buffer_release(&path);
    return ok;
}

/* The text of /proc/PID/`name`; empty when the process is gone. */
static void read_proc(const struct world *world, unsigned process, const char *name,
                      char out[PROC_BYTES])
{
    char path[64];

    out[0] = '\0';
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)world->processes[process].pid, name);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    out[fread(out, 1, PROC_BYTES - 1, file)] = '\0';
    fclose(file);
}

/* The number after `skip` spaces. */
static uint64_t proc_number(const char *text, unsigned skip)
{
    while (text && skip-- > 0) {
        text = strchr(text, ' ');
        text = text ? text + 1 : NULL;
    }
    return text ? strtoull(text, NULL, 10) : 0;
}

uint64_t world_memory(const struct world *world, unsigned process)
{
    char text[PROC_BYTES];

    read_proc(world, process, "statm", text); /* total resident ... in pages: proc(5) */
    return proc_number(text, 1) * (uint64_t)sysconf(_SC_PAGESIZE);
}

int64_t world_processor_us(const struct world *world, unsigned process)
{
    char text[PROC_BYTES];

    read_proc(world, process, "stat", text);
    const char *state = strrchr(text, ')'); /* the name before it may hold anything */
    if (!state)
        return 0;
    uint64_t ticks = proc_number(state, 12) + proc_number(state, 13); /* utime, stime */
    return (int64_t)(ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}
