/* The handlers of the API's rows, and the schemas of what they answer. */
#ifndef RUNG_SERVE_API_H
#define RUNG_SERVE_API_H

#include "routes.h"
#include "state.h"

/* A JSON object of which these members are always there. */
#define SCHEMA_OBJECT(required, properties)                                                        \
    "{\"type\":\"object\",\"required\":[" required "],\"properties\":{" properties "}}"

/* ---- api_health.c ---- */
#define API_HEALTH_SCHEMA                                                                          \
    SCHEMA_OBJECT("\"version\",\"ledger\",\"uptime_s\"",                                           \
        "\"version\":{\"type\":\"string\"},"                                                       \
        "\"ledger\":{\"const\":\"ok\"},"                                                           \
        "\"uptime_s\":{\"type\":\"integer\",\"minimum\":0}")
serve_handler api_health;

/* ---- the event stream, which events.c answers ---- */
enum { EVENTS_LAST_ID };

/* ---- openapi.c ---- */
serve_handler openapi_answer;

#endif
