/* What an operator can set, from the table in main.c. */
#ifndef STOA_GATEWAY_SETTINGS_H
#define STOA_GATEWAY_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct settings {
    char *listen_host;
    int64_t listen_port;
    char *txd_url, *feed_url;
    char *static_dir;      /* NULL or "": none */
    char *allowed_origins; /* separated by commas; "*": any */
    char *tls_cert, *tls_key;
    int64_t frame_bytes;
    int64_t rate_limit; /* messages a second and socket; 0: none */
    int64_t socket_queue_bytes;
    int64_t sockets_max;
    int64_t hello_seconds;
    int64_t ping_ms;
    int64_t idle_seconds;
    int64_t drain_ms;
    bool permessage_deflate;
    char *log_level;
};

#endif
