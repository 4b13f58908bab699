/* The handlers of the API's rows, and what they share. */
#ifndef RUNG_SERVE_API_H
#define RUNG_SERVE_API_H

#include "routes.h"
#include "schemas.h"
#include "state.h"

enum { API_TEXT_BODY_MOST = 256 << 10 }; /* of a task or a policy that is tried */

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

/* ---- api_experiments.c ---- */
enum {
    EXPERIMENTS_RUNG,
    EXPERIMENTS_STRATEGY,
    EXPERIMENTS_LABEL,
    EXPERIMENTS_PROJECT,
    EXPERIMENTS_SOURCE,
    EXPERIMENTS_OUTCOME,
    EXPERIMENTS_EXPLORED,
    EXPERIMENTS_SINCE,
    EXPERIMENTS_UNTIL,
    EXPERIMENTS_TEXT,
    EXPERIMENTS_LIMIT,
    EXPERIMENTS_CURSOR,
    EXPERIMENTS_ORDER,
    EXPERIMENTS_PARAMS,
};
extern const struct serve_param API_EXPERIMENTS_PARAMS[EXPERIMENTS_PARAMS];
extern const struct serve_param API_ID_PARAMS[1];
serve_handler api_experiments, api_experiment;

/* ---- api_summary.c ---- */
enum { SUMMARY_SINCE, SUMMARY_UNTIL, SUMMARY_PROJECT, SUMMARY_PARAMS };
extern const struct serve_param API_SUMMARY_PARAMS[SUMMARY_PARAMS];
serve_handler api_summary, api_validation;

/* ---- api_series.c ---- */
enum { SERIES_BY, SERIES_SINCE, SERIES_UNTIL, SERIES_PARAMS };
extern const struct serve_param API_SERIES_PARAMS[SERIES_PARAMS];
serve_handler api_series;

/* ---- api_decide.c, api_policy.c ---- */
serve_handler api_decide, api_policy, api_policy_check;

/* Each problem as {line, column, key, message}. */
void api_write_problems(struct emit *out, const char *key, const struct policy_problems *problems);

/* ---- api_calibration.c, api_replay.c, api_outcomes.c ---- */
serve_handler api_calibration, api_replay, api_outcomes;

/* ---- api_runs.c ---- */
extern const struct serve_param API_RUN_PARAMS[1];
serve_handler api_runs, api_run, api_run_stop;

/* ---- body.c: members of a body, checked by a table ---- */
enum api_kind { API_TEXT, API_TEXTS, API_NUMBER, API_WHOLE, API_BOOL };
struct api_member {
    const char *name;
    enum api_kind kind;
    double least, most; /* of a text its characters, of texts those of each; of a number itself */
    size_t most_items;
    bool required;
};
struct api_value {
    bool given;
    struct slice text;
    struct slice *texts;
    size_t n;
    double number;
    bool truth;
};
/* False, with a refusal (422) that names the member, where the body is no object, or has an
 * unknown, missing or bad member. Texts live as long as the body. */
bool api_read_body(const struct serve_request *request, struct serve_answer *answer,
    const struct api_member *members, size_t n, struct api_value *values);

/* The members of two JSON objects as one. */
void api_emit_joined(struct emit *out, struct slice first, struct slice second);

/* An answer that is kept: true where it was there, and is written. The key is made of the words and
 * of what the state goes by; keep it once it is made. */
bool api_answer_kept(struct serve_state *state, const struct serve_request *request,
    struct serve_answer *answer, int64_t most_us, struct slice words, struct slice *key);
void api_keep(struct serve_state *state, const struct serve_answer *answer, struct slice key);

/* 500 with what the ledger said. */
void api_fail(const struct serve_request *request, struct serve_answer *answer,
    const struct failure *failure);

#endif
