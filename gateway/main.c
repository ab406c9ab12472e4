/* stoa-gateway: terminates the sockets of clients; keeps nothing. */
#include "common/config.h"
#include "common/limits.h"
#include "common/log.h"
#include "gateway/server.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SETTING(field) offsetof(struct settings, field)

static const struct config_parameter parameters[] = {
    { "allowed-origins", CONFIG_TEXT, SETTING(allowed_origins), 0, 0, "", "",
      "origins of other sites whose pages may connect, separated by commas; * for any" },
    { "drain-ms", CONFIG_NUMBER, SETTING(drain_ms), 0, 600000, "5000", "ms",
      "how long requests may take to be answered after SIGTERM" },
    { "feed", CONFIG_ADDRESS, SETTING(feed_url), 0, 0, "tcp://127.0.0.1:7011", "",
      "where txd publishes" },
    { "frame-bytes", CONFIG_NUMBER, SETTING(frame_bytes), 1024, 64 << 20, "1048576", "bytes",
      "the largest frame that a client may send" },
    { "hello-seconds", CONFIG_NUMBER, SETTING(hello_seconds), 1, 600, "10", "s",
      "how long a socket may stay without a hello" },
    { "idle-seconds", CONFIG_NUMBER, SETTING(idle_seconds), 2, 3600, "35", "s",
      "a socket that is silent for so long is closed; more than --ping-ms" },
    { "listen-host", CONFIG_TEXT, SETTING(listen_host), 0, 0, "127.0.0.1", "",
      "address or interface to listen on; 0.0.0.0 for all" },
    { "listen-port", CONFIG_NUMBER, SETTING(listen_port), 1, 65535, "3010", "",
      "port to listen on" },
    { "log-level", CONFIG_TEXT, SETTING(log_level), 0, 0, "info", "",
      "error, warn, info or debug" },
    { "permessage-deflate", CONFIG_FLAG, SETTING(permessage_deflate), 0, 0, "false", "",
      "compress frames; takes about 120 KB of memory a socket" },
    { "ping-ms", CONFIG_NUMBER, SETTING(ping_ms), 100, 3600000, "25000", "ms",
      "between pings, and heartbeats, of a quiet socket; pings are rounded up to seconds" },
    { "rate-limit", CONFIG_NUMBER, SETTING(rate_limit), 0, 1000000, "0", "",
      "messages a second that one socket may send; 0 for any" },
    { "socket-queue-bytes", CONFIG_NUMBER, SETTING(socket_queue_bytes), 65536, 1 << 30, "4194304",
      "bytes", "a socket that falls so far behind is closed" },
    { "sockets-max", CONFIG_NUMBER, SETTING(sockets_max), 1, 65000, "50000", "",
      "how many sockets may be open" },
    { "static-dir", CONFIG_TEXT, SETTING(static_dir), 0, 0, "", "", "folder of the web client" },
    { "tls-cert", CONFIG_TEXT, SETTING(tls_cert), 0, 0, "", "",
      "PEM file with the certificate chain; without it there is no TLS" },
    { "tls-key", CONFIG_TEXT, SETTING(tls_key), 0, 0, "", "", "PEM file with its private key" },
    { "txd", CONFIG_ADDRESS, SETTING(txd_url), 0, 0, "tcp://127.0.0.1:7010", "",
      "where txd takes requests" },
};

static bool check(const struct settings *settings, struct error *err)
{
    bool cert = settings->tls_cert && *settings->tls_cert;
    bool key = settings->tls_key && *settings->tls_key;
    const char *dir = settings->static_dir;
    struct stat folder;

    if (dir && *dir && (stat(dir, &folder) != 0 || !S_ISDIR(folder.st_mode)))
        return fail(err, ERROR_INCORRECT, "--static-dir: there is no folder %s", dir);
    if (cert != key)
        return fail(err, ERROR_INCORRECT, "--tls-cert and --tls-key go together");
    if (settings->idle_seconds * 1000 <= settings->ping_ms)
        return fail(err, ERROR_INCORRECT, "--idle-seconds must be more than --ping-ms");
    return true;
}

int main(int argc, char **argv)
{
    struct settings settings = { 0 };
    struct server *server = NULL;
    struct error error;
    enum log_level level = LOG_INFO;
    int status = EXIT_FAILURE;

    enum config_result result =
        config_read(parameters, ARRAY_LEN(parameters), "stoa-gateway",
                    "Terminates the WebSockets of clients, serves HTTP, and talks to one txd.",
                    argc, argv, &settings, &error);
    if (result == CONFIG_BAD || (result == CONFIG_OK && !check(&settings, &error))) {
        fprintf(stderr, "stoa-gateway: %s\n", error.message);
    } else if (result == CONFIG_HELP) {
        status = EXIT_SUCCESS;
    } else if (!log_level_parse(bytes_of(settings.log_level), &level)) {
        fprintf(stderr, "stoa-gateway: --log-level is error, warn, info or debug\n");
    } else {
        log_open("gateway", level);
        if (server_open(&settings, &server, &error)) {
            server_run(server);
            status = EXIT_SUCCESS;
        } else {
            log_error("%s", error.message);
        }
        server_close(server);
    }
    config_release(parameters, ARRAY_LEN(parameters), &settings);
    return status;
}
