/* JSON Schema of what the API takes and gives, as text: words first, then one for each row. */
#ifndef RUNG_SERVE_SCHEMAS_H
#define RUNG_SERVE_SCHEMAS_H

/* A member a line reads better than what the formatter makes of them. */
/* clang-format off */

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
    SCHEMA_OBJECT("\"name\",\"verdict\"", IS("name", SCHEMA_TEXT) ","                              \
        IS("verdict", SCHEMA_TEXT) "," IS("seconds", SCHEMA_NUMBER))
#define SCHEMA_TOKENS                                                                              \
    SCHEMA_OBJECT("", IS("input", SCHEMA_NUMBER) "," IS("output", SCHEMA_NUMBER) ","               \
        IS("cacheRead", SCHEMA_NUMBER) "," IS("cacheWrite5m", SCHEMA_NUMBER) ","                  \
        IS("cacheWrite1h", SCHEMA_NUMBER))
#define SCHEMA_ATTEMPT                                                                             \
    SCHEMA_OBJECT("\"rung\",\"phase\",\"success\"", IS("rung", SCHEMA_TEXT) ","                    \
        IS("model", SCHEMA_TEXT) "," IS("effort", SCHEMA_TEXT) ","                                 \
        IS("phase", SCHEMA_ENUM("\"execute\",\"plan\",\"review\",\"judge\"")) ","                 \
        IS("success", "{\"type\":[\"boolean\",\"null\"]}") ","                                     \
        IS("gates", SCHEMA_LIST(SCHEMA_GATE)) "," IS("tokens", SCHEMA_TOKENS) ","                  \
        IS("cost", SCHEMA_NUMBER) "," IS("seconds", SCHEMA_NUMBER) ","                             \
        IS("session", SCHEMA_TEXT) "," IS("agentVersion", SCHEMA_TEXT) ","                         \
        IS("error", SCHEMA_TEXT))
#define SCHEMA_EXPERIMENT                                                                          \
    SCHEMA_OBJECT("\"id\",\"timestamp\",\"taskId\",\"description\",\"modelUsed\","                 \
        "\"routingStrategy\",\"routingConfidence\",\"success\",\"cost\",\"notes\","                \
        "\"schema\",\"labels\",\"rung\",\"costSource\",\"outcomeSource\",\"pending\"",             \
        IS("id", SCHEMA_TEXT) "," IS("timestamp", SCHEMA_TIME) ","                                 \
        IS("taskId", SCHEMA_TEXT) "," IS("description", SCHEMA_TEXT) ","                          \
        IS("modelUsed", SCHEMA_TEXT) "," IS("routingStrategy", SCHEMA_TEXT) ","                    \
        IS("routingConfidence", SCHEMA_NUMBER_OR_NULL) "," IS("success",                           \
        "{\"type\":[\"boolean\",\"null\"]}") "," IS("cost", SCHEMA_NUMBER_OR_NULL) ","             \
        IS("timeToComplete", SCHEMA_NUMBER) "," IS("qualityScore", SCHEMA_NUMBER) ","              \
        IS("notes", SCHEMA_TEXT) "," IS("schema", "{\"type\":\"integer\"}") ","                    \
        IS("source", SCHEMA_TEXT) "," IS("project", SCHEMA_TEXT) ","                               \
        IS("labels", SCHEMA_LIST(SCHEMA_TEXT)) "," IS("rung", SCHEMA_TEXT) ","                     \
        IS("effort", SCHEMA_TEXT) "," IS("requested", SCHEMA_TEXT) ","                             \
        IS("decided", SCHEMA_TEXT) "," IS("served", SCHEMA_TEXT) ","                               \
        IS("propensities", "{\"type\":\"object\",\"additionalProperties\":" SCHEMA_NUMBER "}")     \
        "," IS("policy", SCHEMA_TEXT) "," IS("evidence", SCHEMA_TEXT) ","                          \
        IS("costSource", SCHEMA_ENUM("\"assumed\",\"measured\"")) ","                              \
        IS("outcomeSource", SCHEMA_ENUM("\"none\",\"test\",\"review\",\"user\"")) ","              \
        IS("pending", SCHEMA_BOOL) "," IS("attempts", SCHEMA_LIST(SCHEMA_ATTEMPT)) ","             \
        IS("matched", SCHEMA_LIST(SCHEMA_TEXT)))
#define API_EXPERIMENTS_SCHEMA SCHEMA_LIST(SCHEMA_EXPERIMENT)

/* ---- decisions ---- */

#define SCHEMA_ALTERNATIVE                                                                         \
    SCHEMA_ONLY("\"rung\",\"success\",\"cost_usd\",\"why_not\"",                                   \
        IS("rung", SCHEMA_TEXT) "," IS("success", SCHEMA_X3) ","                                   \
        IS("cost_usd", SCHEMA_X3) "," IS("why_not", SCHEMA_TEXT))
#define SCHEMA_DECISION_WITH(required, more)                                                       \
    SCHEMA_ONLY("\"task\",\"title\",\"rung\",\"model\",\"effort\",\"strategy\","                   \
        "\"base_strategy\",\"confidence\",\"success\",\"cost_usd\",\"cost_basis\","                \
        "\"why\",\"matched\",\"warnings\",\"climb\",\"alternatives\",\"propensity\","              \
        "\"requested\",\"policy\",\"evidence\"," required, IS("task", SCHEMA_TEXT) ","             \
        IS("title", SCHEMA_TEXT) "," IS("rung", SCHEMA_TEXT) ","                                   \
        IS("model", SCHEMA_TEXT) "," IS("effort", SCHEMA_TEXT_OR_NULL) ","                        \
        IS("strategy", SCHEMA_TEXT) "," IS("base_strategy", SCHEMA_TEXT) ","                       \
        IS("confidence", SCHEMA_NUMBER) "," IS("success", SCHEMA_X3) ","                           \
        IS("cost_usd", SCHEMA_X3) "," IS("cost_basis", SCHEMA_BASIS) ","                           \
        IS("why", SCHEMA_TEXT) "," IS("matched", SCHEMA_LIST(SCHEMA_TEXT)) ","                     \
        IS("warnings", SCHEMA_LIST(SCHEMA_TEXT)) "," IS("climb", SCHEMA_LIST(SCHEMA_TEXT)) ","     \
        IS("alternatives", SCHEMA_LIST(SCHEMA_ALTERNATIVE)) ","                                    \
        IS("propensity", SCHEMA_NUMBER) "," IS("requested", SCHEMA_TEXT_OR_NULL) ","               \
        IS("policy", SCHEMA_TEXT) "," IS("evidence", SCHEMA_TEXT_OR_NULL) "," more)
#define SCHEMA_PROBLEM                                                                             \
    SCHEMA_ONLY("\"line\",\"column\",\"key\",\"message\"", IS("line", SCHEMA_COUNT) ","            \
        IS("column", SCHEMA_COUNT) "," IS("key", SCHEMA_TEXT) ","                                  \
        IS("message", SCHEMA_TEXT))
#define SCHEMA_OUTPUT                                                                              \
    SCHEMA_ONLY("\"attempt\",\"text\",\"truncated\"", IS("attempt", SCHEMA_COUNT) ","              \
        IS("text", SCHEMA_TEXT) "," IS("truncated", SCHEMA_BOOL))
#define API_EXPERIMENT_SCHEMA                                                                      \
    SCHEMA_ONLY("\"experiment\",\"decision\",\"output\"", IS("experiment", SCHEMA_EXPERIMENT)      \
        "," IS("decision", SCHEMA_DECISION_WITH("\"note\"", IS("note", SCHEMA_TEXT))) ","          \
        IS("output", SCHEMA_LIST(SCHEMA_OUTPUT)))
#define API_DECIDE_BODY                                                                            \
    SCHEMA_ONLY("\"title\"", IS("title",                                                           \
        "{\"type\":\"string\",\"minLength\":1,\"maxLength\":2000," "\"pattern\":\"\\\\S\"}")       \
        "," IS("body", SCHEMA_BOUNDED(200000)) "," IS("labels",                                    \
        "{\"type\":\"array\",\"maxItems\":64,\"items\":{\"type\":\"string\","                      \
        "\"minLength\":1,\"maxLength\":200}}") "," IS("type", SCHEMA_BOUNDED(200)) ","             \
        IS("touches", "{\"type\":\"array\",\"maxItems\":256,\"items\":{\"type\":\"string\","       \
        "\"minLength\":1,\"maxLength\":1000}}") "," IS("rung", SCHEMA_BOUNDED(200)) ","            \
        IS("policy", SCHEMA_BOUNDED(200000)))
#define API_DECIDE_SCHEMA                                                                          \
    SCHEMA_DECISION_WITH("\"policy_problems\"", IS("policy_problems",                              \
        SCHEMA_LIST(SCHEMA_PROBLEM)))

/* ---- outcomes ---- */

#define API_OUTCOME_SCHEMA                                                                         \
    SCHEMA_ONLY("\"id\",\"put\"", IS("id", SCHEMA_TEXT) "," IS("put",                              \
        SCHEMA_ENUM("\"added\",\"completed\",\"kept\"")))

/* what is known of a pending decision, or a whole experiment, of which the record keeps what it
 * does not know */
#define SCHEMA_NAME "{\"type\":\"string\",\"minLength\":1,\"maxLength\":120}"
#define SCHEMA_MONEY "{\"type\":\"number\",\"minimum\":0,\"maximum\":1000000}"
#define SCHEMA_SECONDS "{\"type\":\"number\",\"minimum\":0,\"maximum\":100000000}"
#define SCHEMA_QUALITY "{\"type\":\"number\",\"minimum\":1,\"maximum\":5}"
#define SCHEMA_JUDGES SCHEMA_ENUM("\"test\",\"review\",\"user\"")
#define SCHEMA_OUTCOME_MEMBERS                                                                     \
    IS("id", SCHEMA_NAME) "," IS("taskId", SCHEMA_NAME) "," IS("success", SCHEMA_BOOL) ","         \
        IS("cost", SCHEMA_MONEY) "," IS("quality", SCHEMA_QUALITY) ","                            \
        IS("seconds", SCHEMA_SECONDS) "," IS("notes", SCHEMA_BOUNDED(10000)) ","                   \
        IS("outcomeSource", SCHEMA_JUDGES)
#define SCHEMA_WHOLE_EXPERIMENT                                                                    \
    SCHEMA_OBJECT("\"id\",\"timestamp\",\"taskId\",\"modelUsed\",\"success\"",                     \
        IS("id", SCHEMA_NAME) "," IS("timestamp",                                                  \
        "{\"type\":\"integer\",\"minimum\":0,\"maximum\":4102444800000}") ","                      \
        IS("taskId", SCHEMA_NAME) "," IS("description", SCHEMA_BOUNDED(10000)) ","                 \
        IS("modelUsed", SCHEMA_NAME) "," IS("routingStrategy", SCHEMA_NAME) ","                    \
        IS("routingConfidence", "{\"type\":\"number\",\"minimum\":0,\"maximum\":1}") ","           \
        IS("success", SCHEMA_BOOL) "," IS("cost", SCHEMA_MONEY) ","                                \
        IS("timeToComplete", SCHEMA_SECONDS) "," IS("qualityScore", SCHEMA_QUALITY) ","            \
        IS("notes", SCHEMA_BOUNDED(10000)) "," IS("rung", SCHEMA_NAME) ","                         \
        IS("source", SCHEMA_BOUNDED(120)) "," IS("project", SCHEMA_BOUNDED(120)) ","               \
        IS("labels", "{\"type\":\"array\",\"maxItems\":64,\"items\":" SCHEMA_NAME "}") ","         \
        IS("costSource", SCHEMA_ENUM("\"assumed\",\"measured\"")) ","                              \
        IS("outcomeSource", SCHEMA_ENUM("\"none\",\"test\",\"review\",\"user\"")))
#define API_OUTCOME_BODY                                                                           \
    "{\"anyOf\":[" SCHEMA_ONLY("\"id\",\"success\"", SCHEMA_OUTCOME_MEMBERS) "," SCHEMA_ONLY(      \
        "\"taskId\",\"success\"", SCHEMA_OUTCOME_MEMBERS) "," SCHEMA_WHOLE_EXPERIMENT "]}"

/* ---- calibration, replay ---- */

#define SCHEMA_POINT                                                                               \
    SCHEMA_ONLY("\"name\",\"kind\",\"cost_usd\",\"success\"",                                      \
        IS("name", SCHEMA_TEXT) "," IS("kind", SCHEMA_ENUM("\"policy\",\"control\"")) ","          \
        IS("cost_usd", SCHEMA_NUMBER) "," IS("success", SCHEMA_NUMBER))
#define SCHEMA_SPEAKER                                                                             \
    SCHEMA_ONLY("\"key\",\"n\",\"accepted\",\"success\",\"agrees\",\"note\"",                      \
        IS("key", SCHEMA_TEXT) "," IS("n", SCHEMA_COUNT) "," IS("accepted", SCHEMA_COUNT) ","      \
        IS("success", SCHEMA_X3) "," IS("agrees", "{\"type\":[\"boolean\",\"null\"]}") ","        \
        IS("note", SCHEMA_TEXT))
#define SCHEMA_HINT                                                                                \
    SCHEMA_ONLY(                                                                                   \
        "\"number\",\"kind\",\"text\",\"rung\",\"because\",\"n\",\"accepted\",\"success\","        \
        "\"other_n\",\"other_accepted\",\"p\",\"adjusted\",\"moves\",\"saved_usd\"",               \
        IS("number", SCHEMA_COUNT) "," IS("kind",                                                 \
        SCHEMA_ENUM("\"label\",\"prefix\",\"words\"")) "," IS("text", SCHEMA_TEXT) ","             \
        IS("rung", SCHEMA_TEXT) "," IS("because", SCHEMA_ENUM("\"success\",\"failure\"")) ","      \
        IS("n", SCHEMA_COUNT) "," IS("accepted", SCHEMA_COUNT) ","                                 \
        IS("success", SCHEMA_X3) "," IS("other_n", SCHEMA_COUNT) ","                               \
        IS("other_accepted", SCHEMA_COUNT) "," IS("p", SCHEMA_NUMBER) ","                          \
        IS("adjusted", SCHEMA_NUMBER) "," IS("moves", SCHEMA_COUNT) ","                            \
        IS("saved_usd", SCHEMA_X3))
#define SCHEMA_MISROUTED                                                                           \
    SCHEMA_ONLY("\"id\",\"taskId\",\"title\",\"rung\",\"why\"",                                    \
        IS("id", SCHEMA_TEXT) "," IS("taskId", SCHEMA_TEXT) ","                                    \
        IS("title", SCHEMA_TEXT) "," IS("rung", SCHEMA_TEXT) ","                                  \
        IS("why", SCHEMA_TEXT))
#define API_CALIBRATION_SCHEMA                                                                     \
    SCHEMA_ONLY(                                                                                   \
        "\"n\",\"stated\",\"observed\",\"ece\",\"ece_null\",\"bins\",\"curve\",\"labels\","        \
        "\"patterns\",\"suggestions\",\"misrouted\",\"looked\"", SCHEMA_CALIBRATION_MEMBERS        \
        "," IS("curve", SCHEMA_ONLY("\"points\",\"note\"", IS("points",                            \
        SCHEMA_LIST(SCHEMA_POINT)) "," IS("note", SCHEMA_TEXT))) ","                              \
        IS("labels", SCHEMA_LIST(SCHEMA_SPEAKER)) "," IS("patterns",                               \
        SCHEMA_LIST(SCHEMA_SPEAKER)) "," IS("suggestions", SCHEMA_LIST(SCHEMA_HINT)) ","           \
        IS("misrouted", SCHEMA_LIST(SCHEMA_MISROUTED)) "," IS("looked", SCHEMA_LOOKED))

/* a policy that can be replayed, for programs that try what is described */
#define EXAMPLE_POLICY                                                                            \
    "ladder:\\n  - {rung: haiku, model: claude-haiku-5-5}\\n"                                     \
    "  - {rung: opus, model: claude-opus-5-5}\\ndefault: opus\\nmiddle: opus\\ntop: opus\\n"
#define API_REPLAY_BODY                                                                           \
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"policy\"],"              \
    "\"examples\":[{\"policy\":\"" EXAMPLE_POLICY "\",\"limit\":10}],\"properties\":{"            \
    IS("policy", SCHEMA_BOUNDED(200000)) ","                                                      \
    IS("since", "{\"type\":\"integer\",\"minimum\":0,\"maximum\":253402300799999}") ","           \
    IS("limit", "{\"type\":\"integer\",\"minimum\":1,\"maximum\":10000}") "}}"
#define SCHEMA_REPLAY_FIGURE                                                                       \
    SCHEMA_ONLY("\"n\",\"logged\",\"unexplored\",\"estimate\",\"change\",\"relative\","            \
        "\"effective_n\",\"identifiable\",\"refused\",\"naive\"",                                  \
        IS("n", SCHEMA_COUNT) "," IS("logged", SCHEMA_X3) ","                                      \
        IS("unexplored", SCHEMA_X3) "," IS("estimate", SCHEMA_X3) ","                             \
        IS("change", SCHEMA_X3) "," IS("relative", SCHEMA_X3) ","                                  \
        IS("effective_n", SCHEMA_NUMBER_OR_NULL) "," IS("identifiable", SCHEMA_BOOL) ","           \
        IS("refused", SCHEMA_TEXT_OR_NULL) "," IS("naive", SCHEMA_ONLY("\"mean\",\"warning\"",     \
        IS("mean", SCHEMA_NUMBER_OR_NULL) "," IS("warning", SCHEMA_TEXT))))
#define API_REPLAY_SCHEMA                                                                          \
                                                                                                   \
        SCHEMA_ONLY("\"policy\",\"path\",\"decisions\",\"forced\",\"explored\",\"moves\",\"by_move\"," \
        "\"success\",\"cost_usd\",\"expected_cost_usd\",\"warnings\",\"n\",\"share\","             \
        "\"latest_only\",\"rows\"", IS("policy", SCHEMA_TEXT) ","                                  \
        IS("path", SCHEMA_TEXT_OR_NULL) "," IS("decisions", SCHEMA_COUNT) ","                     \
        IS("forced", SCHEMA_COUNT) "," IS("explored", SCHEMA_COUNT) ","                            \
        IS("moves", SCHEMA_COUNT) "," IS("by_move",                                                \
        SCHEMA_LIST(SCHEMA_ONLY("\"from\",\"to\",\"tasks\",\"tried\"",                             \
        IS("from", SCHEMA_TEXT) "," IS("to", SCHEMA_TEXT) ","                                      \
        IS("tasks", SCHEMA_COUNT) "," IS("tried", SCHEMA_COUNT)))) ","                            \
        IS("success", SCHEMA_REPLAY_FIGURE) "," IS("cost_usd", SCHEMA_REPLAY_FIGURE) ","           \
        IS("expected_cost_usd", SCHEMA_ONLY("\"n\",\"logged\",\"new\",\"basis\"",                  \
        IS("n", SCHEMA_COUNT) "," IS("logged", SCHEMA_NUMBER_OR_NULL) ","                          \
        IS("new", SCHEMA_NUMBER_OR_NULL) "," IS("basis", SCHEMA_BASIS))) ","                       \
        IS("warnings", "{\"type\":\"object\",\"additionalProperties\":" SCHEMA_COUNT "}") ","      \
        IS("n", SCHEMA_COUNT) "," IS("share", SCHEMA_NUMBER) ","                                   \
        IS("latest_only", SCHEMA_BOOL) "," IS("rows",                                              \
        SCHEMA_LIST(SCHEMA_ONLY("\"id\",\"taskId\",\"title\",\"from\",\"to\",\"why\"",             \
        IS("id", SCHEMA_TEXT) "," IS("taskId", SCHEMA_TEXT) ","                                    \
        IS("title", SCHEMA_TEXT) "," IS("from", SCHEMA_TEXT) ","                                  \
        IS("to", SCHEMA_TEXT) "," IS("why", SCHEMA_TEXT)))))

/* ---- runs ---- */

#define SCHEMA_RUN_ROW                                                                             \
    SCHEMA_ONLY("\"id\",\"kind\",\"started\",\"live\",\"tasks\",\"done\",\"queued\",\"running\","  \
        "\"accepted\",\"failed\",\"stopped\",\"spent_usd\",\"expected_usd\",\"saved_usd\","        \
        "\"baseline\",\"stopped_because\"",                                                        \
        IS("id", SCHEMA_TEXT) "," IS("kind", SCHEMA_ENUM("\"run\",\"swarm\"")) ","                 \
        IS("started", SCHEMA_TIME) "," IS("live", SCHEMA_BOOL) "," IS("tasks", SCHEMA_COUNT) ","   \
        IS("done", SCHEMA_COUNT) "," IS("queued", SCHEMA_COUNT) ","                                \
        IS("running", SCHEMA_COUNT) "," IS("accepted", SCHEMA_COUNT) ","                           \
        IS("failed", SCHEMA_COUNT) "," IS("stopped", SCHEMA_COUNT) ","                             \
        IS("spent_usd", SCHEMA_NUMBER) "," IS("expected_usd", SCHEMA_NUMBER_OR_NULL) ","           \
        IS("saved_usd", SCHEMA_NUMBER_OR_NULL) "," IS("baseline", SCHEMA_TEXT) ","                 \
        IS("stopped_because", SCHEMA_TEXT_OR_NULL))
#define API_RUNS_SCHEMA SCHEMA_LIST(SCHEMA_RUN_ROW)
#define SCHEMA_RUN_TASK                                                                            \
    SCHEMA_ONLY("\"index\",\"taskId\",\"title\",\"experiment\",\"rung\",\"attempt\",\"phase\","    \
        "\"state\",\"spent_usd\",\"seconds\",\"stop\",\"why\",\"branch\"",                         \
        IS("index", SCHEMA_COUNT) "," IS("taskId", SCHEMA_TEXT) ","                                \
        IS("title", SCHEMA_TEXT) "," IS("experiment", SCHEMA_TEXT) ","                             \
        IS("rung", SCHEMA_TEXT) "," IS("attempt", SCHEMA_COUNT) ","                                \
        IS("phase", SCHEMA_TEXT) ","                                                               \
        IS("state", SCHEMA_ENUM("\"queued\",\"running\",\"accepted\",\"failed\",\"stopped\"")) "," \
        IS("spent_usd", SCHEMA_NUMBER) "," IS("seconds", SCHEMA_NUMBER) ","                        \
        IS("stop", SCHEMA_TEXT) "," IS("why", SCHEMA_TEXT) "," IS("branch", SCHEMA_TEXT))
#define API_RUN_SCHEMA                                                                             \
    SCHEMA_ONLY("\"run\",\"tasks\"",                                                               \
        IS("run", SCHEMA_RUN_ROW) "," IS("tasks", SCHEMA_LIST(SCHEMA_RUN_TASK)))
#define API_STOP_BODY                                                                              \
    "{\"oneOf\":[" SCHEMA_ONLY("\"task\"",                                                         \
        IS("task", "{\"type\":\"integer\",\"minimum\":0,\"maximum\":99999}")) ","                  \
    SCHEMA_ONLY("\"all\"", IS("all", "{\"const\":true}")) "]}"
#define API_STOP_SCHEMA SCHEMA_ONLY("\"asked\"", IS("asked", "{\"const\":true}"))

/* ---- policy ---- */

#define SCHEMA_RUNG                                                                                \
    SCHEMA_ONLY("\"rung\",\"model\",\"effort\"", IS("rung", SCHEMA_TEXT) ","                       \
        IS("model", SCHEMA_TEXT) "," IS("effort", SCHEMA_TEXT_OR_NULL))
#define API_POLICY_SCHEMA                                                                          \
    SCHEMA_ONLY("\"path\",\"hash\",\"trusted\",\"text\",\"problems\",\"refused\",\"ladder\","      \
        "\"default\",\"middle\",\"top\"", IS("path", SCHEMA_TEXT_OR_NULL) ","                      \
        IS("hash", SCHEMA_TEXT) "," IS("trusted", SCHEMA_BOOL) ","                                \
        IS("text", SCHEMA_TEXT) "," IS("problems", SCHEMA_LIST(SCHEMA_PROBLEM)) ","                \
        IS("refused", SCHEMA_LIST(SCHEMA_TEXT)) "," IS("ladder", SCHEMA_LIST(SCHEMA_RUNG)) ","     \
        IS("default", SCHEMA_TEXT) "," IS("middle", SCHEMA_TEXT) ","                               \
        IS("top", SCHEMA_TEXT))
#define API_CHECK_BODY SCHEMA_ONLY("\"policy\"", IS("policy", SCHEMA_BOUNDED(200000)))
#define API_CHECK_SCHEMA                                                                           \
    SCHEMA_ONLY("\"ok\",\"problems\"", IS("ok", SCHEMA_BOOL) ","                                   \
        IS("problems", SCHEMA_LIST(SCHEMA_PROBLEM)))

/* ---- summary, series, validation ---- */

#define SCHEMA_GROUP                                                                               \
    SCHEMA_ONLY("\"key\",\"n\",\"accepted\",\"success\",\"cost_usd\",\"cost_basis\","              \
        "\"cost_per_task\",\"cost_per_accepted\",\"seconds\",\"quality\"",                         \
        IS("key", SCHEMA_TEXT) "," IS("n", SCHEMA_COUNT) "," IS("accepted", SCHEMA_COUNT) ","      \
        IS("success", SCHEMA_X3) "," IS("cost_usd", SCHEMA_NUMBER_OR_NULL) ","                    \
        IS("cost_basis", SCHEMA_BASIS) "," IS("cost_per_task", SCHEMA_NUMBER_OR_NULL) ","          \
        IS("cost_per_accepted", SCHEMA_NUMBER_OR_NULL) "," IS("seconds",                           \
        SCHEMA_NUMBER_OR_NULL) "," IS("quality", SCHEMA_NUMBER_OR_NULL) ","                        \
        IS("stated", SCHEMA_NUMBER_OR_NULL))
#define SCHEMA_GROUPS SCHEMA_LIST(SCHEMA_GROUP)
#define SCHEMA_SAVING                                                                              \
    SCHEMA_ONLY("\"baseline\",\"baseline_usd\",\"usd\",\"percent\",\"interval\",\"basis\"",        \
        IS("baseline", SCHEMA_TEXT) "," IS("baseline_usd", SCHEMA_NUMBER_OR_NULL) ","              \
        IS("usd", SCHEMA_NUMBER_OR_NULL) "," IS("percent", SCHEMA_NUMBER_OR_NULL) ","             \
        IS("interval", SCHEMA_X3) "," IS("basis", SCHEMA_BASIS))
#define SCHEMA_PROJECTION                                                                          \
                                                                                                   \
        SCHEMA_ONLY("\"tasks\",\"against\",\"actual\",\"baseline\",\"saved\",\"interval\",\"basis\"", \
        IS("tasks", SCHEMA_COUNT) "," IS("against", SCHEMA_TEXT) ","                               \
        IS("actual", SCHEMA_NUMBER_OR_NULL) "," IS("baseline", SCHEMA_NUMBER_OR_NULL) ","          \
        IS("saved", SCHEMA_NUMBER_OR_NULL) "," IS("interval", SCHEMA_X3) ","                       \
        IS("basis", SCHEMA_BASIS))
#define SCHEMA_BIN                                                                                 \
    SCHEMA_ONLY("\"from\",\"to\",\"n\",\"stated\",\"observed\"",                                   \
        IS("from", SCHEMA_NUMBER) "," IS("to", SCHEMA_NUMBER) ","                                  \
        IS("n", SCHEMA_COUNT) "," IS("stated", SCHEMA_NUMBER_OR_NULL) ","                         \
        IS("observed", SCHEMA_X3))
#define SCHEMA_CALIBRATION_MEMBERS                                                                 \
    IS("n", SCHEMA_COUNT) "," IS("stated", SCHEMA_NUMBER_OR_NULL) ","                              \
        IS("observed", SCHEMA_NUMBER_OR_NULL) "," IS("ece", SCHEMA_NUMBER_OR_NULL) ","            \
        IS("ece_null", SCHEMA_X3) "," IS("bins", SCHEMA_LIST(SCHEMA_BIN))
#define SCHEMA_ALARM                                                                               \
    SCHEMA_ONLY("\"rung\",\"model\",\"label\",\"of\",\"expected\",\"seen\",\"at\",\"text\"",       \
        IS("rung", SCHEMA_TEXT) "," IS("model", SCHEMA_TEXT) ","                                   \
        IS("label", SCHEMA_TEXT) "," IS("of", SCHEMA_ENUM("\"cost_usd\",\"success\"")) ","        \
        IS("expected", SCHEMA_NUMBER) "," IS("seen", SCHEMA_NUMBER) ","                            \
        IS("at", SCHEMA_TIME) "," IS("text", SCHEMA_TEXT))
#define SCHEMA_STANDING                                                                            \
                                                                                                   \
        SCHEMA_ONLY("\"rung\",\"model\",\"effort\",\"colour_index\",\"is_middle\",\"is_top\",\"n\"," \
        "\"accepted\",\"success\",\"cost_usd\",\"cost_basis\",\"cost_per_task\","                  \
        "\"cost_per_accepted\",\"assumed_usd\"", IS("rung", SCHEMA_TEXT) ","                       \
        IS("model", SCHEMA_TEXT_OR_NULL) "," IS("effort", SCHEMA_TEXT_OR_NULL) ","                \
        IS("colour_index", SCHEMA_COUNT_OR_NULL) "," IS("is_middle", SCHEMA_BOOL) ","              \
        IS("is_top", SCHEMA_BOOL) "," IS("n", SCHEMA_COUNT) ","                                    \
        IS("accepted", SCHEMA_COUNT) "," IS("success", SCHEMA_X3) ","                              \
        IS("cost_usd", SCHEMA_NUMBER_OR_NULL) "," IS("cost_basis", SCHEMA_BASIS) ","               \
        IS("cost_per_task", SCHEMA_NUMBER_OR_NULL) "," IS("cost_per_accepted",                     \
        SCHEMA_NUMBER_OR_NULL) "," IS("assumed_usd", SCHEMA_NUMBER_OR_NULL))
#define SCHEMA_BUDGET                                                                              \
    SCHEMA_ONLY("\"task_usd\",\"day_usd\",\"spent_today_usd\",\"left_today_usd\"",                 \
        IS("task_usd", SCHEMA_NUMBER_OR_NULL) "," IS("day_usd", SCHEMA_NUMBER_OR_NULL) ","         \
        IS("spent_today_usd", SCHEMA_NUMBER) "," IS("left_today_usd", SCHEMA_NUMBER_OR_NULL))
/* `looked` is null where the figures rest on all experiments that pass the filters */
#define SCHEMA_LOOKED                                                                              \
    SCHEMA_NULL_OR(SCHEMA_ONLY( "\"latest\",\"note\"", IS("latest", SCHEMA_COUNT) ","              \
        IS("note", SCHEMA_TEXT)))
#define SCHEMA_GATE_STANDING                                                                       \
    SCHEMA_ONLY("\"name\",\"n\",\"flaky\"", IS("name", SCHEMA_TEXT) ","                            \
        IS("n", SCHEMA_COUNT) "," IS("asked_again", SCHEMA_COUNT) ","                              \
        IS("flaky", SCHEMA_COUNT) "," IS("wasted_climbs_avoided", SCHEMA_COUNT) ","                \
        IS("false_acceptances_avoided", SCHEMA_COUNT) "," IS("passed_once", SCHEMA_COUNT) ","      \
        IS("confirmed", SCHEMA_COUNT) "," IS("false_acceptances", SCHEMA_X3))
#define SCHEMA_ARM                                                                                 \
    SCHEMA_ONLY("\"n\",\"held\"", IS("n", SCHEMA_COUNT) "," IS("held", SCHEMA_COUNT) ","           \
        IS("success", SCHEMA_X3) "," IS("cost_usd", SCHEMA_NUMBER_OR_NULL) ","                    \
        IS("cost_per_accepted", SCHEMA_NUMBER_OR_NULL) "," IS("cost_basis", SCHEMA_BASIS))
#define SCHEMA_WHERE IS("label", SCHEMA_TEXT_OR_NULL) "," IS("rung", SCHEMA_TEXT_OR_NULL)
#define SCHEMA_PLANNING                                                                            \
    SCHEMA_ONLY("\"planned\",\"alone\"", SCHEMA_WHERE "," IS("planned", SCHEMA_ARM) ","            \
        IS("alone", SCHEMA_ARM) "," IS("difference", SCHEMA_X3) ","                               \
        IS("randomised", SCHEMA_BOOL) "," IS("thrown", SCHEMA_COUNT) ","                           \
        IS("verdict", SCHEMA_VERDICT))
#define SCHEMA_CHECKER                                                                             \
    SCHEMA_ONLY("\"name\",\"n\"", SCHEMA_WHERE "," IS("name", SCHEMA_TEXT) ","                     \
        IS("n", SCHEMA_COUNT) "," IS("passed", SCHEMA_COUNT) ","                                  \
        IS("rejected", SCHEMA_COUNT) "," IS("unsure", SCHEMA_COUNT) ","                            \
        IS("caught", SCHEMA_COUNT) "," IS("false_alarms", SCHEMA_COUNT) ","                        \
        IS("confirmed", SCHEMA_COUNT) "," IS("missed", SCHEMA_COUNT) ","                           \
        IS("agreement", SCHEMA_X3) "," IS("cost_usd", SCHEMA_NUMBER_OR_NULL) ","                   \
        IS("cost_per_catch", SCHEMA_NUMBER_OR_NULL) "," IS("cost_per_rejection",                   \
        SCHEMA_NUMBER_OR_NULL))
#define SCHEMA_AUDIT                                                                               \
    SCHEMA_ONLY("\"n\",\"refuted\"", SCHEMA_WHERE "," IS("n", SCHEMA_COUNT) ","                    \
        IS("refuted", SCHEMA_COUNT) "," IS("unsure", SCHEMA_COUNT) ","                            \
        IS("false_accepts", SCHEMA_X3))
#define SCHEMA_PHASES                                                                              \
    SCHEMA_ONLY("\"plans\",\"judges\",\"audits\"", IS("plans", SCHEMA_LIST(SCHEMA_PLANNING))       \
        "," IS("judges", SCHEMA_LIST(SCHEMA_CHECKER)) "," IS("audits",                            \
        SCHEMA_LIST(SCHEMA_AUDIT)))
#define API_SUMMARY_SCHEMA                                                                         \
                                                                                                   \
        SCHEMA_ONLY("\"schema\",\"n\",\"period\",\"all\",\"by_model\",\"by_strategy\",\"by_label\"," \
        "\"by_pattern\",\"by_project\",\"by_day\",\"warnings\",\"notes\",\"savings\","             \
        "\"projection\",\"mean_confidence\",\"calibration\",\"alarms\",\"degenerate\","            \
        "\"recent\",\"rungs\",\"budget\",\"pending\",\"rejected\",\"evidence\","                   \
        "\"policy\",\"looked\",\"version\"", IS("schema", SCHEMA_COUNT) ","                        \
        IS("n", SCHEMA_COUNT) "," IS("period",                                                     \
        "{\"type\":[\"array\",\"null\"],\"minItems\":2,\"maxItems\":2,"                            \
        "\"items\":{\"type\":\"string\"}}") "," IS("all", SCHEMA_GROUP) ","                        \
        IS("by_model", SCHEMA_GROUPS) "," IS("by_strategy", SCHEMA_GROUPS) ","                     \
        IS("by_label", SCHEMA_GROUPS) "," IS("by_pattern", SCHEMA_GROUPS) ","                      \
        IS("by_project", SCHEMA_GROUPS) "," IS("by_day", SCHEMA_GROUPS) ","                        \
        IS("warnings", SCHEMA_LIST(SCHEMA_TEXT)) "," IS("notes", SCHEMA_LIST(SCHEMA_TEXT)) ","     \
        IS("savings", SCHEMA_LIST(SCHEMA_SAVING)) "," IS("projection",                             \
        SCHEMA_LIST(SCHEMA_PROJECTION)) "," IS("mean_confidence", SCHEMA_NUMBER_OR_NULL) ","       \
        IS("calibration", SCHEMA_ONLY("", SCHEMA_CALIBRATION_MEMBERS)) ","                         \
        IS("alarms", SCHEMA_LIST(SCHEMA_ALARM)) ","                                                \
        IS("gates", SCHEMA_LIST(SCHEMA_GATE_STANDING)) ","                                         \
        IS("planning_and_review", SCHEMA_PHASES) ","                                               \
        IS("degenerate", SCHEMA_LIST(SCHEMA_TEXT))                                                 \
        "," IS("recent", SCHEMA_LIST(SCHEMA_EXPERIMENT)) "," IS("rungs",                           \
        SCHEMA_LIST(SCHEMA_STANDING)) "," IS("budget", SCHEMA_BUDGET) ","                          \
        IS("pending", SCHEMA_COUNT) "," IS("rejected", SCHEMA_COUNT) ","                           \
        IS("evidence", SCHEMA_NULL_OR(SCHEMA_ONLY("\"id\",\"made_at\",\"outcomes\"",               \
        IS("id", SCHEMA_TEXT) "," IS("made_at", SCHEMA_TIME) ","                                   \
        IS("outcomes", SCHEMA_COUNT)))) "," IS("policy",                                          \
        SCHEMA_ONLY("\"path\",\"hash\",\"trusted\"", IS("path", SCHEMA_TEXT_OR_NULL) ","           \
        IS("hash", SCHEMA_TEXT) "," IS("trusted", SCHEMA_BOOL))) ","                               \
        IS("looked", SCHEMA_LOOKED) "," IS("version", SCHEMA_TEXT))

#define API_SERIES_SCHEMA                                                                          \
    SCHEMA_ONLY("\"by\",\"at\",\"rungs\",\"n\",\"accepted\",\"cost_usd\"",                         \
        IS("by", SCHEMA_ENUM("\"day\",\"hour\"")) "," IS("at", SCHEMA_LIST(SCHEMA_TIME)) ","       \
        IS("rungs", SCHEMA_LIST(SCHEMA_ONLY("\"rung\",\"n\",\"accepted\",\"cost_usd\"",           \
        IS("rung", SCHEMA_TEXT) "," IS("n", SCHEMA_LIST(SCHEMA_COUNT)) ","                         \
        IS("accepted", SCHEMA_LIST(SCHEMA_COUNT)) "," IS("cost_usd",                              \
        SCHEMA_LIST(SCHEMA_NUMBER_OR_NULL))))) "," IS("n", SCHEMA_LIST(SCHEMA_COUNT)) ","          \
        IS("accepted", SCHEMA_LIST(SCHEMA_COUNT)) "," IS("cost_usd",                               \
        SCHEMA_LIST(SCHEMA_NUMBER_OR_NULL)))

#define SCHEMA_VERDICT SCHEMA_ENUM("\"SUPPORTED\",\"REFUTED\",\"INSUFFICIENT\"")
#define SCHEMA_CRITERION_MEMBERS                                                                   \
    IS("id", SCHEMA_TEXT) "," IS("claim", SCHEMA_TEXT) "," IS("version", SCHEMA_TEXT_OR_NULL)      \
        "," IS("verdict", SCHEMA_VERDICT) "," IS("target", SCHEMA_NUMBER_OR_NULL) ","             \
        IS("estimate", SCHEMA_NUMBER_OR_NULL) "," IS("lower", SCHEMA_NUMBER_OR_NULL) ","           \
        IS("e", SCHEMA_NUMBER_OR_NULL) "," IS("n", SCHEMA_COUNT) ","                               \
        IS("k", SCHEMA_COUNT) "," IS("more_needed", SCHEMA_COUNT_OR_NULL) ","                      \
        IS("reason", SCHEMA_TEXT)
#define SCHEMA_CRITERION(more)                                                                     \
    SCHEMA_ONLY("\"id\",\"verdict\",\"target\",\"estimate\",\"lower\",\"e\",\"n\",\"k\","          \
        "\"more_needed\",\"reason\"", SCHEMA_CRITERION_MEMBERS more)
#define API_VALIDATION_SCHEMA                                                                      \
    SCHEMA_ONLY("\"verdict\",\"criteria\"", IS("verdict", SCHEMA_VERDICT) ","                      \
        IS("criteria", SCHEMA_LIST(SCHEMA_CRITERION("," IS("versions",                             \
        SCHEMA_LIST(SCHEMA_CRITERION("")))))))

#endif
