/* The table of the API: each row with its handler, which is in the file of its subject. */
#include "api.h"

#include "feed.h"
#include "metrics.h"

#define N_OF(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct serve_param EVENTS_PARAMS[] = {
    [EVENTS_LAST_ID] = {.name = "last_event_id",
        .type = SERVE_TEXT,
        .most = FEED_ID_BYTES_MOST,
        .help = "the id of the last event that came: what was missed is told first"},
};

const struct serve_route SERVE_ROUTES[] = {
    {.method = "GET",
        .path = "/healthz",
        .id = "health",
        .summary = "Whether the server answers and its ledger can be read.",
        .data_schema = API_HEALTH_SCHEMA,
        .answer = api_health},
    {.method = "GET",
        .path = "/openapi.json",
        .id = "openapi",
        .summary = "This description, made from the rows that serve it.",
        .media = "application/json",
        .answer = openapi_answer},
    {.method = "GET",
        .path = "/metrics",
        .id = "metrics",
        .summary = "For Prometheus.",
        .media = "text/plain; version=0.0.4; charset=utf-8",
        .answer = metrics_answer},
    {.method = "GET",
        .path = "/api/events",
        .id = "events",
        .summary = "What happens, as it happens: decision, experiment, attempt, alarm.",
        .params = EVENTS_PARAMS,
        .n_params = N_OF(EVENTS_PARAMS),
        .media = "text/event-stream",
        .streams = true},
};

const size_t SERVE_ROUTES_COUNT = N_OF(SERVE_ROUTES);
