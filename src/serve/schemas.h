/* JSON Schema of what the API takes and gives, as text: words first, then one for each row. */
#ifndef RUNG_SERVE_SCHEMAS_H
#define RUNG_SERVE_SCHEMAS_H

#define SCHEMA_TEXT "{\"type\":\"string\"}"
#define SCHEMA_TEXT_OR_NULL "{\"type\":[\"string\",\"null\"]}"
#define SCHEMA_BOOL "{\"type\":\"boolean\"}"
#define SCHEMA_COUNT "{\"type\":\"integer\",\"minimum\":0}"
#define SCHEMA_COUNT_OR_NULL "{\"type\":[\"integer\",\"null\"],\"minimum\":0}"
#define SCHEMA_NUMBER "{\"type\":\"number\"}"
#define SCHEMA_NUMBER_OR_NULL "{\"type\":[\"number\",\"null\"]}"
#define SCHEMA_TIME "{\"type\":\"integer\",\"minimum\":0}"
#define SCHEMA_TIME_OR_NULL "{\"type\":[\"integer\",\"null\"],\"minimum\":0}"
/* [low, mean, high], or null where nothing is known */
#define SCHEMA_X3                                                                                  \
    "{\"type\":[\"array\",\"null\"],\"minItems\":3,\"maxItems\":3,"                                \
    "\"items\":{\"type\":[\"number\",\"null\"]}}"
#define SCHEMA_BASIS "{\"enum\":[\"assumed\",\"measured\",null]}"
#define SCHEMA_LIST(items) "{\"type\":\"array\",\"items\":" items "}"
#define SCHEMA_ENUM(words) "{\"enum\":[" words "]}"
#define SCHEMA_BOUNDED(most) "{\"type\":\"string\",\"maxLength\":" #most "}"
#define IS(name, schema) "\"" name "\":" schema
/* An object of which the members named in `required` are always there. */
#define SCHEMA_OBJECT(required, properties)                                                        \
    "{\"type\":\"object\",\"required\":[" required "],\"properties\":{" properties "}}"
#define SCHEMA_ONLY(required, properties)                                                          \
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[" required                  \
    "],\"properties\":{" properties "}}"
#define SCHEMA_NULL_OR(schema) "{\"anyOf\":[{\"type\":\"null\"}," schema "]}"

/* ---- experiments ---- */

#define SCHEMA_GATE                                                                                \
    SCHEMA_OBJECT("\"name\",\"verdict\"",                                                          \
        IS("name", SCHEMA_TEXT) "," IS("verdict", SCHEMA_TEXT) "," IS("seconds", SCHEMA_NUMBER))
#define SCHEMA_TOKENS                                                                              \
    SCHEMA_OBJECT("", IS("input", SCHEMA_NUMBER) "," IS("output", SCHEMA_NUMBER) "," IS(           \
                          "cacheRead", SCHEMA_NUMBER) "," IS("cacheWrite5m",                       \
                          SCHEMA_NUMBER) "," IS("cacheWrite1h", SCHEMA_NUMBER))
#define SCHEMA_ATTEMPT                                                                             \
    SCHEMA_OBJECT("\"rung\",\"phase\",\"success\"",                                                \
        IS("rung", SCHEMA_TEXT) "," IS("model", SCHEMA_TEXT) "," IS("effort", SCHEMA_TEXT) "," IS( \
            "phase", SCHEMA_ENUM("\"execute\",\"plan\",\"review\",\"judge\"")) "," IS("success",   \
            "{\"type\":[\"boolean\",\"null\"]}") "," IS("gates",                                   \
            SCHEMA_LIST(SCHEMA_GATE)) "," IS("tokens", SCHEMA_TOKENS) "," IS("cost",               \
            SCHEMA_NUMBER) "," IS("seconds", SCHEMA_NUMBER) "," IS("session",                      \
            SCHEMA_TEXT) "," IS("agentVersion", SCHEMA_TEXT) "," IS("error", SCHEMA_TEXT))
#define SCHEMA_EXPERIMENT                                                                          \
    SCHEMA_OBJECT("\"id\",\"timestamp\",\"taskId\",\"description\",\"modelUsed\","                 \
                  "\"routingStrategy\",\"routingConfidence\",\"success\",\"cost\",\"notes\","      \
                  "\"schema\",\"labels\",\"rung\",\"costSource\",\"outcomeSource\",\"pending\"",   \
        IS("id", SCHEMA_TEXT) "," IS("timestamp", SCHEMA_TIME) "," IS(                             \
            "taskId", SCHEMA_TEXT) "," IS("description", SCHEMA_TEXT) "," IS("modelUsed",          \
            SCHEMA_TEXT) "," IS("routingStrategy", SCHEMA_TEXT) "," IS("routingConfidence",        \
            SCHEMA_NUMBER_OR_NULL) "," IS("success",                                               \
            "{\"type\":[\"boolean\",\"null\"]}") "," IS("cost",                                    \
            SCHEMA_NUMBER_OR_NULL) "," IS("timeToComplete", SCHEMA_NUMBER) "," IS("qualityScore",  \
            SCHEMA_NUMBER) "," IS("notes", SCHEMA_TEXT) "," IS("schema",                           \
            "{\"type\":\"integer\"}") "," IS("source", SCHEMA_TEXT) "," IS("project",              \
            SCHEMA_TEXT) "," IS("labels", SCHEMA_LIST(SCHEMA_TEXT)) "," IS("rung",                 \
            SCHEMA_TEXT) "," IS("effort", SCHEMA_TEXT) "," IS("requested",                         \
            SCHEMA_TEXT) "," IS("decided", SCHEMA_TEXT) "," IS("served",                           \
            SCHEMA_TEXT) "," IS("propensities",                                                    \
            "{\"type\":\"object\",\"additionalProperties\":" SCHEMA_NUMBER "}") "," IS("policy",   \
            SCHEMA_TEXT) "," IS("evidence", SCHEMA_TEXT) "," IS("costSource",                      \
            SCHEMA_ENUM("\"assumed\",\"measured\"")) "," IS("outcomeSource",                       \
            SCHEMA_ENUM("\"none\",\"test\",\"review\",\"user\"")) "," IS("pending",                \
            SCHEMA_BOOL) "," IS("attempts", SCHEMA_LIST(SCHEMA_ATTEMPT)) "," IS("matched",         \
            SCHEMA_LIST(SCHEMA_TEXT)))
#define API_EXPERIMENTS_SCHEMA SCHEMA_LIST(SCHEMA_EXPERIMENT)

/* ---- decisions ---- */

#define SCHEMA_ALTERNATIVE                                                                         \
    SCHEMA_ONLY("\"rung\",\"success\",\"cost_usd\",\"why_not\"",                                   \
        IS("rung", SCHEMA_TEXT) "," IS("success", SCHEMA_X3) "," IS("cost_usd", SCHEMA_X3) "," IS( \
            "why_not", SCHEMA_TEXT))
#define SCHEMA_DECISION_WITH(required, more)                                                       \
    SCHEMA_ONLY("\"task\",\"title\",\"rung\",\"model\",\"effort\",\"strategy\","                   \
                "\"base_strategy\",\"confidence\",\"success\",\"cost_usd\",\"cost_basis\","        \
                "\"why\",\"matched\",\"warnings\",\"climb\",\"alternatives\",\"propensity\","      \
                "\"requested\",\"policy\",\"evidence\"," required,                                 \
        IS("task", SCHEMA_TEXT) "," IS("title", SCHEMA_TEXT) "," IS("rung", SCHEMA_TEXT) "," IS(   \
            "model", SCHEMA_TEXT) "," IS("effort", SCHEMA_TEXT_OR_NULL) "," IS("strategy",         \
            SCHEMA_TEXT) "," IS("base_strategy", SCHEMA_TEXT) "," IS("confidence",                 \
            SCHEMA_NUMBER) "," IS("success", SCHEMA_X3) "," IS("cost_usd",                         \
            SCHEMA_X3) "," IS("cost_basis", SCHEMA_BASIS) "," IS("why",                            \
            SCHEMA_TEXT) "," IS("matched", SCHEMA_LIST(SCHEMA_TEXT)) "," IS("warnings",            \
            SCHEMA_LIST(SCHEMA_TEXT)) "," IS("climb",                                              \
            SCHEMA_LIST(SCHEMA_TEXT)) "," IS("alternatives",                                       \
            SCHEMA_LIST(SCHEMA_ALTERNATIVE)) "," IS("propensity",                                  \
            SCHEMA_NUMBER) "," IS("requested", SCHEMA_TEXT_OR_NULL) "," IS("policy",               \
            SCHEMA_TEXT) "," IS("evidence", SCHEMA_TEXT_OR_NULL) "," more)
#define SCHEMA_PROBLEM                                                                             \
    SCHEMA_ONLY("\"line\",\"column\",\"key\",\"message\"",                                         \
        IS("line", SCHEMA_COUNT) "," IS("column", SCHEMA_COUNT) "," IS("key", SCHEMA_TEXT) "," IS( \
            "message", SCHEMA_TEXT))
#define SCHEMA_OUTPUT                                                                              \
    SCHEMA_ONLY("\"attempt\",\"text\",\"truncated\"",                                              \
        IS("attempt", SCHEMA_COUNT) "," IS("text", SCHEMA_TEXT) "," IS("truncated", SCHEMA_BOOL))
#define API_EXPERIMENT_SCHEMA                                                                      \
    SCHEMA_ONLY("\"experiment\",\"decision\",\"output\"",                                          \
        IS("experiment", SCHEMA_EXPERIMENT) "," IS("decision",                                     \
            SCHEMA_DECISION_WITH("\"note\"", IS("note", SCHEMA_TEXT))) "," IS("output",            \
            SCHEMA_LIST(SCHEMA_OUTPUT)))
#define API_DECIDE_BODY                                                                            \
    SCHEMA_ONLY("\"title\"",                                                                       \
        IS("title",                                                                                \
            "{\"type\":\"string\",\"minLength\":1,\"maxLength\":2000,"                             \
            "\"pattern\":\"\\\\S\"}") "," IS("body", SCHEMA_BOUNDED(200000)) "," IS("labels",      \
            "{\"type\":\"array\",\"maxItems\":64,\"items\":{\"type\":\"string\","                  \
            "\"minLength\":1,\"maxLength\":200}}") "," IS("type",                                  \
            SCHEMA_BOUNDED(200)) "," IS("touches",                                                 \
            "{\"type\":\"array\",\"maxItems\":256,\"items\":{\"type\":\"string\","                 \
            "\"minLength\":1,\"maxLength\":1000}}") "," IS("rung",                                 \
            SCHEMA_BOUNDED(200)) "," IS("policy", SCHEMA_BOUNDED(200000)))
#define API_DECIDE_SCHEMA                                                                          \
    SCHEMA_DECISION_WITH("\"policy_problems\"", IS("policy_problems", SCHEMA_LIST(SCHEMA_PROBLEM)))

/* ---- outcomes ---- */

#define API_OUTCOME_SCHEMA                                                                         \
    SCHEMA_ONLY("\"id\",\"put\"",                                                                  \
        IS("id", SCHEMA_TEXT) "," IS("put", SCHEMA_ENUM("\"added\",\"completed\",\"kept\"")))

/* ---- policy ---- */

#define SCHEMA_RUNG                                                                                \
    SCHEMA_ONLY("\"rung\",\"model\",\"effort\"",                                                   \
        IS("rung", SCHEMA_TEXT) "," IS("model", SCHEMA_TEXT) "," IS(                               \
            "effort", SCHEMA_TEXT_OR_NULL))
#define API_POLICY_SCHEMA                                                                          \
    SCHEMA_ONLY("\"path\",\"hash\",\"trusted\",\"text\",\"problems\",\"refused\",\"ladder\","      \
                "\"default\",\"middle\",\"top\"",                                                  \
        IS("path", SCHEMA_TEXT_OR_NULL) "," IS("hash", SCHEMA_TEXT) "," IS(                        \
            "trusted", SCHEMA_BOOL) "," IS("text", SCHEMA_TEXT) "," IS("problems",                 \
            SCHEMA_LIST(SCHEMA_PROBLEM)) "," IS("refused",                                         \
            SCHEMA_LIST(SCHEMA_TEXT)) "," IS("ladder", SCHEMA_LIST(SCHEMA_RUNG)) "," IS("default", \
            SCHEMA_TEXT) "," IS("middle", SCHEMA_TEXT) "," IS("top", SCHEMA_TEXT))
#define API_CHECK_BODY SCHEMA_ONLY("\"policy\"", IS("policy", SCHEMA_BOUNDED(200000)))
#define API_CHECK_SCHEMA                                                                           \
    SCHEMA_ONLY("\"ok\",\"problems\"",                                                             \
        IS("ok", SCHEMA_BOOL) "," IS("problems", SCHEMA_LIST(SCHEMA_PROBLEM)))

/* ---- summary, series, validation ---- */

#define SCHEMA_GROUP                                                                               \
    SCHEMA_ONLY("\"key\",\"n\",\"accepted\",\"success\",\"cost_usd\",\"cost_basis\","              \
                "\"cost_per_task\",\"cost_per_accepted\",\"seconds\",\"quality\"",                 \
        IS("key", SCHEMA_TEXT) "," IS("n", SCHEMA_COUNT) "," IS("accepted", SCHEMA_COUNT) "," IS(  \
            "success", SCHEMA_X3) "," IS("cost_usd", SCHEMA_NUMBER_OR_NULL) "," IS("cost_basis",   \
            SCHEMA_BASIS) "," IS("cost_per_task",                                                  \
            SCHEMA_NUMBER_OR_NULL) "," IS("cost_per_accepted",                                     \
            SCHEMA_NUMBER_OR_NULL) "," IS("seconds", SCHEMA_NUMBER_OR_NULL) "," IS("quality",      \
            SCHEMA_NUMBER_OR_NULL) "," IS("stated", SCHEMA_NUMBER_OR_NULL))
#define SCHEMA_GROUPS SCHEMA_LIST(SCHEMA_GROUP)
#define SCHEMA_SAVING                                                                              \
    SCHEMA_ONLY("\"baseline\",\"baseline_usd\",\"usd\",\"percent\",\"interval\",\"basis\"",        \
        IS("baseline", SCHEMA_TEXT) "," IS("baseline_usd", SCHEMA_NUMBER_OR_NULL) "," IS(          \
            "usd", SCHEMA_NUMBER_OR_NULL) "," IS("percent",                                        \
            SCHEMA_NUMBER_OR_NULL) "," IS("interval", SCHEMA_X3) "," IS("basis", SCHEMA_BASIS))
#define SCHEMA_PROJECTION                                                                          \
    SCHEMA_ONLY("\"tasks\",\"against\",\"actual\",\"baseline\",\"saved\",\"interval\",\"basis\"",  \
        IS("tasks", SCHEMA_COUNT) "," IS("against", SCHEMA_TEXT) "," IS("actual",                  \
            SCHEMA_NUMBER_OR_NULL) "," IS("baseline", SCHEMA_NUMBER_OR_NULL) "," IS("saved",       \
            SCHEMA_NUMBER_OR_NULL) "," IS("interval", SCHEMA_X3) "," IS("basis", SCHEMA_BASIS))
#define SCHEMA_BIN                                                                                 \
    SCHEMA_ONLY("\"from\",\"to\",\"n\",\"stated\",\"observed\"",                                   \
        IS("from", SCHEMA_NUMBER) "," IS("to", SCHEMA_NUMBER) "," IS("n", SCHEMA_COUNT) "," IS(    \
            "stated", SCHEMA_NUMBER_OR_NULL) "," IS("observed", SCHEMA_X3))
#define SCHEMA_CALIBRATION_MEMBERS                                                                 \
    IS("n", SCHEMA_COUNT)                                                                          \
    "," IS("stated", SCHEMA_NUMBER_OR_NULL) "," IS("observed", SCHEMA_NUMBER_OR_NULL) "," IS(      \
        "ece", SCHEMA_NUMBER_OR_NULL) "," IS("ece_null", SCHEMA_X3) "," IS("bins",                 \
        SCHEMA_LIST(SCHEMA_BIN))
#define SCHEMA_ALARM                                                                               \
    SCHEMA_ONLY("\"rung\",\"model\",\"label\",\"of\",\"expected\",\"seen\",\"at\",\"text\"",       \
        IS("rung", SCHEMA_TEXT) "," IS("model", SCHEMA_TEXT) "," IS("label", SCHEMA_TEXT) "," IS(  \
            "of", SCHEMA_ENUM("\"cost_usd\",\"success\"")) "," IS("expected",                      \
            SCHEMA_NUMBER) "," IS("seen", SCHEMA_NUMBER) "," IS("at", SCHEMA_TIME) "," IS("text",  \
            SCHEMA_TEXT))
#define SCHEMA_STANDING                                                                            \
    SCHEMA_ONLY("\"rung\",\"model\",\"effort\",\"colour_index\",\"is_middle\",\"is_top\",\"n\","   \
                "\"accepted\",\"success\",\"cost_usd\",\"cost_basis\",\"cost_per_task\","          \
                "\"cost_per_accepted\",\"assumed_usd\"",                                           \
        IS("rung", SCHEMA_TEXT) "," IS("model", SCHEMA_TEXT_OR_NULL) "," IS(                       \
            "effort", SCHEMA_TEXT_OR_NULL) "," IS("colour_index",                                  \
            SCHEMA_COUNT_OR_NULL) "," IS("is_middle", SCHEMA_BOOL) "," IS("is_top",                \
            SCHEMA_BOOL) "," IS("n", SCHEMA_COUNT) "," IS("accepted",                              \
            SCHEMA_COUNT) "," IS("success", SCHEMA_X3) "," IS("cost_usd",                          \
            SCHEMA_NUMBER_OR_NULL) "," IS("cost_basis", SCHEMA_BASIS) "," IS("cost_per_task",      \
            SCHEMA_NUMBER_OR_NULL) "," IS("cost_per_accepted",                                     \
            SCHEMA_NUMBER_OR_NULL) "," IS("assumed_usd", SCHEMA_NUMBER_OR_NULL))
#define SCHEMA_BUDGET                                                                              \
    SCHEMA_ONLY("\"task_usd\",\"day_usd\",\"spent_today_usd\",\"left_today_usd\"",                 \
        IS("task_usd", SCHEMA_NUMBER_OR_NULL) "," IS("day_usd", SCHEMA_NUMBER_OR_NULL) "," IS(     \
            "spent_today_usd", SCHEMA_NUMBER) "," IS("left_today_usd", SCHEMA_NUMBER_OR_NULL))
/* `looked` is null where the figures rest on all experiments that pass the filters */
#define SCHEMA_LOOKED                                                                              \
    SCHEMA_NULL_OR(SCHEMA_ONLY(                                                                    \
        "\"latest\",\"note\"", IS("latest", SCHEMA_COUNT) "," IS("note", SCHEMA_TEXT)))
#define API_SUMMARY_SCHEMA                                                                         \
    SCHEMA_ONLY("\"schema\",\"n\",\"period\",\"all\",\"by_model\",\"by_strategy\",\"by_label\","   \
                "\"by_pattern\",\"by_project\",\"by_day\",\"warnings\",\"notes\",\"savings\","     \
                "\"projection\",\"mean_confidence\",\"calibration\",\"alarms\",\"degenerate\","    \
                "\"recent\",\"rungs\",\"budget\",\"pending\",\"rejected\",\"evidence\","           \
                "\"policy\",\"looked\",\"version\"",                                               \
        IS("schema", SCHEMA_COUNT) "," IS("n", SCHEMA_COUNT) "," IS("period",                      \
            "{\"type\":[\"array\",\"null\"],\"minItems\":2,\"maxItems\":2,"                        \
            "\"items\":{\"type\":\"string\"}}") "," IS("all", SCHEMA_GROUP) "," IS("by_model",     \
            SCHEMA_GROUPS) "," IS("by_strategy", SCHEMA_GROUPS) "," IS("by_label",                 \
            SCHEMA_GROUPS) "," IS("by_pattern", SCHEMA_GROUPS) "," IS("by_project",                \
            SCHEMA_GROUPS) "," IS("by_day", SCHEMA_GROUPS) "," IS("warnings",                      \
            SCHEMA_LIST(SCHEMA_TEXT)) "," IS("notes", SCHEMA_LIST(SCHEMA_TEXT)) "," IS("savings",  \
            SCHEMA_LIST(SCHEMA_SAVING)) "," IS("projection",                                       \
            SCHEMA_LIST(SCHEMA_PROJECTION)) "," IS("mean_confidence",                              \
            SCHEMA_NUMBER_OR_NULL) "," IS("calibration",                                           \
            SCHEMA_ONLY("", SCHEMA_CALIBRATION_MEMBERS)) "," IS("alarms",                          \
            SCHEMA_LIST(SCHEMA_ALARM)) "," IS("degenerate",                                        \
            SCHEMA_LIST(SCHEMA_TEXT)) "," IS("recent",                                             \
            SCHEMA_LIST(SCHEMA_EXPERIMENT)) "," IS("rungs",                                        \
            SCHEMA_LIST(SCHEMA_STANDING)) "," IS("budget", SCHEMA_BUDGET) "," IS("pending",        \
            SCHEMA_COUNT) "," IS("rejected", SCHEMA_COUNT) "," IS("evidence",                      \
            SCHEMA_NULL_OR(SCHEMA_ONLY("\"id\",\"made_at\",\"outcomes\"",                          \
                IS("id", SCHEMA_TEXT) "," IS("made_at", SCHEMA_TIME) "," IS(                       \
                    "outcomes", SCHEMA_COUNT)))) "," IS("policy",                                  \
            SCHEMA_ONLY("\"path\",\"hash\",\"trusted\"",                                           \
                IS("path", SCHEMA_TEXT_OR_NULL) "," IS("hash", SCHEMA_TEXT) "," IS("trusted",      \
                    SCHEMA_BOOL))) "," IS("looked", SCHEMA_LOOKED) "," IS("version", SCHEMA_TEXT))

#define API_SERIES_SCHEMA                                                                          \
    SCHEMA_ONLY("\"by\",\"at\",\"rungs\",\"n\",\"accepted\",\"cost_usd\"",                         \
        IS("by", SCHEMA_ENUM("\"day\",\"hour\"")) "," IS("at", SCHEMA_LIST(SCHEMA_TIME)) "," IS(   \
            "rungs", SCHEMA_LIST(SCHEMA_ONLY("\"rung\",\"n\",\"accepted\",\"cost_usd\"",           \
                         IS("rung", SCHEMA_TEXT) "," IS("n", SCHEMA_LIST(SCHEMA_COUNT)) "," IS(    \
                             "accepted", SCHEMA_LIST(SCHEMA_COUNT)) "," IS("cost_usd",             \
                             SCHEMA_LIST(SCHEMA_NUMBER_OR_NULL))))) "," IS("n",                    \
            SCHEMA_LIST(SCHEMA_COUNT)) "," IS("accepted",                                          \
            SCHEMA_LIST(SCHEMA_COUNT)) "," IS("cost_usd", SCHEMA_LIST(SCHEMA_NUMBER_OR_NULL)))

#define SCHEMA_VERDICT SCHEMA_ENUM("\"SUPPORTED\",\"REFUTED\",\"INSUFFICIENT\"")
#define SCHEMA_CRITERION_MEMBERS                                                                   \
    IS("id", SCHEMA_TEXT)                                                                          \
    "," IS("claim", SCHEMA_TEXT) "," IS("version", SCHEMA_TEXT_OR_NULL) "," IS(                    \
        "verdict", SCHEMA_VERDICT) "," IS("target", SCHEMA_NUMBER_OR_NULL) "," IS("estimate",      \
        SCHEMA_NUMBER_OR_NULL) "," IS("lower", SCHEMA_NUMBER_OR_NULL) "," IS("e",                  \
        SCHEMA_NUMBER_OR_NULL) "," IS("n", SCHEMA_COUNT) "," IS("k",                               \
        SCHEMA_COUNT) "," IS("more_needed", SCHEMA_COUNT_OR_NULL) "," IS("reason", SCHEMA_TEXT)
#define SCHEMA_CRITERION(more)                                                                     \
    SCHEMA_ONLY("\"id\",\"verdict\",\"target\",\"estimate\",\"lower\",\"e\",\"n\",\"k\","          \
                "\"more_needed\",\"reason\"",                                                      \
        SCHEMA_CRITERION_MEMBERS more)
#define API_VALIDATION_SCHEMA                                                                      \
    SCHEMA_ONLY("\"verdict\",\"criteria\"",                                                        \
        IS("verdict", SCHEMA_VERDICT) ","                                                          \
        IS("criteria", SCHEMA_LIST(SCHEMA_CRITERION(                                               \
            "," IS("versions", SCHEMA_LIST(SCHEMA_CRITERION("")))))))

#endif
