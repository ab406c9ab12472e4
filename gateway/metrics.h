/*
 * What the gateway counts, as Prometheus text. One table; a row more is a metric more. Of the
 * loop's thread only.
 */
#ifndef STOA_GATEWAY_METRICS_H
#define STOA_GATEWAY_METRICS_H

#include "common/buffer.h"

enum metric {
    METRIC_SOCKETS,
    METRIC_SOCKETS_TOTAL,
    METRIC_SESSIONS,
    METRIC_HTTP_REQUESTS,
    METRIC_HTTP_IN_FLIGHT,
    METRIC_MESSAGES_IN,
    METRIC_BYTES_IN,
    METRIC_MESSAGES_OUT,
    METRIC_FRAMES_OUT,
    METRIC_BYTES_OUT,
    METRIC_QUEUE_BYTES,
    METRIC_ERRORS_OUT,
    METRIC_SLOW_CLOSES,
    METRIC_TRANSACTIONS,
    METRIC_RELAYED,
    METRIC_GAPS,
    METRIC_TXD_UP,
    METRIC_BUS_WAITING,
    METRIC_BUS_IN_FLIGHT,
};

#define METRICS (METRIC_BUS_IN_FLIGHT + 1)

enum histogram {
    HISTOGRAM_TRANSACT,
    HISTOGRAM_QUERY,
    HISTOGRAM_SYNC,
};

#define HISTOGRAMS (HISTOGRAM_SYNC + 1)

void metrics_add(enum metric metric, int64_t amount);
int64_t metrics_get(enum metric metric);
void metrics_set(enum metric metric, int64_t amount);
void metrics_observe(enum histogram histogram, int64_t elapsed_us);

/* Appends all of them in Prometheus' text format, version 0.0.4. */
void metrics_write(struct buffer *out);

#endif
