/* The table of the API: each row with its handler, which is in the file of its subject. */
#include "api.h"

#define N_OF(rows) (sizeof(rows) / sizeof((rows)[0]))

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
};

const size_t SERVE_ROUTES_COUNT = N_OF(SERVE_ROUTES);
