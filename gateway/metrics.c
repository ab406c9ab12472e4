#include "gateway/metrics.h"

struct metric_row {
    const char *name, *type, *text;
};

static const struct metric_row metric_rows[METRICS] = {
    [METRIC_SOCKETS] = { "sockets", "gauge", "WebSockets that are open." },
    [METRIC_SOCKETS_TOTAL] = { "sockets_total", "counter", "WebSockets opened." },
    [METRIC_SESSIONS] = { "sessions", "gauge", "Sockets that were welcomed." },
    [METRIC_HTTP_REQUESTS] = { "http_requests_total", "counter", "HTTP requests." },
    [METRIC_HTTP_IN_FLIGHT] = { "http_in_flight", "gauge",
                                "HTTP requests whose answer is not sent yet." },
    [METRIC_MESSAGES_IN] = { "messages_in_total", "counter", "Messages from clients." },
    [METRIC_BYTES_IN] = { "bytes_in_total", "counter", "Bytes of frames from clients." },
    [METRIC_MESSAGES_OUT] = { "messages_out_total", "counter", "Messages to clients." },
    [METRIC_FRAMES_OUT] = { "frames_out_total", "counter", "Frames to clients." },
    [METRIC_BYTES_OUT] = { "bytes_out_total", "counter", "Bytes of frames to clients." },
    [METRIC_QUEUE_BYTES] = { "queue_bytes", "gauge",
                             "Bytes that wait for sockets, the feed left out." },
    [METRIC_ERRORS_OUT] = { "errors_out_total", "counter", "Errors answered to clients." },
    [METRIC_SLOW_CLOSES] = { "slow_closes_total", "counter",
                             "Sockets closed since they read too slowly." },
    [METRIC_TRANSACTIONS] = { "transactions_total", "counter", "Transactions sent to txd." },
    [METRIC_RELAYED] = { "relayed_total", "counter", "Transactions received of the feed." },
    [METRIC_GAPS] = { "gaps_total", "counter", "Gaps of the feed that the log filled." },
    [METRIC_TXD_UP] = { "txd_up", "gauge", "1 while txd is reachable." },
    [METRIC_BUS_WAITING] = { "bus_waiting", "gauge", "Requests that wait to be sent to txd." },
    [METRIC_BUS_IN_FLIGHT] = { "bus_in_flight", "gauge", "Requests that txd is answering." },
};

static const struct metric_row histogram_rows[HISTOGRAMS] = {
    [HISTOGRAM_TRANSACT] = { "transact_seconds", "histogram",
                             "From a transaction's arrival to its result." },
    [HISTOGRAM_QUERY] = { "query_seconds", "histogram",
                          "From the arrival of a query, pull or index to its result." },
    [HISTOGRAM_SYNC] = { "sync_seconds", "histogram", "From a hello to its welcome." },
};

static const int64_t bounds_us[] = { 500,    1000,   2500,   5000,    10000,   25000,   50000,
                                     100000, 250000, 500000, 1000000, 2500000, 10000000 };

struct histogram_state {
    int64_t buckets[ARRAY_LEN(bounds_us)];
    int64_t count, sum_us;
};

static int64_t amounts[METRICS];
static struct histogram_state histograms[HISTOGRAMS];

void metrics_add(enum metric metric, int64_t amount)
{
    amounts[metric] += amount;
}

int64_t metrics_get(enum metric metric)
{
    return amounts[metric];
}

void metrics_set(enum metric metric, int64_t amount)
{
    amounts[metric] = amount;
}

void metrics_observe(enum histogram histogram, int64_t elapsed_us)
{
    struct histogram_state *state = &histograms[histogram];

    for (size_t i = 0; i < ARRAY_LEN(bounds_us); i++)
        if (elapsed_us <= bounds_us[i])
            state->buckets[i]++;
    state->count++;
    state->sum_us += elapsed_us;
}

static void write_head(struct buffer *out, const struct metric_row *row)
{
    buffer_printf(out, "# HELP stoa_gateway_%s %s\n# TYPE stoa_gateway_%s %s\n", row->name,
                  row->text, row->name, row->type);
}

void metrics_write(struct buffer *out)
{
    for (size_t i = 0; i < METRICS; i++) {
        write_head(out, &metric_rows[i]);
        buffer_printf(out, "stoa_gateway_%s %lld\n", metric_rows[i].name, (long long)amounts[i]);
    }
    for (size_t i = 0; i < HISTOGRAMS; i++) {
        const struct histogram_state *state = &histograms[i];
        const char *name = histogram_rows[i].name;
        write_head(out, &histogram_rows[i]);
        for (size_t j = 0; j < ARRAY_LEN(bounds_us); j++)
            buffer_printf(out, "stoa_gateway_%s_bucket{le=\"%g\"} %lld\n", name,
                          (double)bounds_us[j] / 1e6, (long long)state->buckets[j]);
        buffer_printf(out, "stoa_gateway_%s_bucket{le=\"+Inf\"} %lld\n", name,
                      (long long)state->count);
        buffer_printf(out, "stoa_gateway_%s_sum %.6f\nstoa_gateway_%s_count %lld\n", name,
                      (double)state->sum_us / 1e6, name, (long long)state->count);
    }
}
