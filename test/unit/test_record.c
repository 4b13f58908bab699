#include "unit.h"

#include "base/file.h"
#include "record/record.h"

#include <stdlib.h>

static struct slice s(const char *text)
{
    return slice_from(text);
}

struct reader {
    struct arena arena;
    struct json_parser *parser;
    struct failure failure;
    struct emit emit;
};

static struct reader open_reader(void)
{
    return (struct reader){.parser = json_parser_make()};
}

static void close_reader(struct reader *reader)
{
    json_parser_free(reader->parser);
    emit_free(&reader->emit);
    arena_free(&reader->arena);
}

static struct experiment read_line(struct reader *reader, const char *line)
{
    struct experiment experiment;
    if (!record_read(&reader->arena, reader->parser, s(line), &experiment, &reader->failure))
        fail_msg("%s", reader->failure.text);
    return experiment;
}

static struct slice written(struct reader *reader, const struct experiment *experiment)
{
    emit_clear(&reader->emit);
    record_write(&reader->emit, experiment);
    return emit_slice(&reader->emit);
}

#define OLD                                                                                        \
    "{\"id\":\"exp_a_bcdef\",\"timestamp\":1767647361000,\"taskId\":\"t1\","                       \
    "\"description\":\"d\",\"modelUsed\":\"haiku\",\"routingStrategy\":\"pattern-match\","         \
    "\"routingConfidence\":0.85,\"success\":true,\"cost\":0.001,\"notes\":\"n\""

static void a_line_of_the_prior_system_reads_with_what_is_missing(void **state)
{
    (void)state;
    struct reader reader = open_reader();
    struct experiment experiment = read_line(&reader, OLD "}");
    assert_slice(experiment.id, "exp_a_bcdef");
    assert_slice(experiment.rung, "haiku");
    assert_true(experiment.at_ms == 1767647361000);
    assert_true(experiment.success == RECORD_ACCEPTED && !experiment.pending);
    assert_true(isnan(experiment.seconds) && isnan(experiment.quality));
    assert_int_equal(experiment.cost_source, RECORD_ASSUMED);
    assert_int_equal(experiment.outcome_source, RECORD_NOBODY);
    assert_int_equal(record_model_version(&experiment).len, 0);

    struct record_attempt implied;
    struct record_attempts attempts = record_attempts_of(&experiment, &implied);
    assert_int_equal(attempts.n, 1);
    assert_slice(attempts.items[0].rung, "haiku");
    assert_true(attempts.items[0].success == RECORD_ACCEPTED);
    assert_close(attempts.items[0].cost_usd, 0.001, 0);
    assert_slice(written(&reader, &experiment),
        OLD ",\"schema\":1,\"labels\":[],\"rung\":\"haiku\",\"costSource\":\"assumed\","
            "\"outcomeSource\":\"none\",\"pending\":false}");
    close_reader(&reader);
}

/* Every field there is, in the order of the format, with unknown ones at every level. */
static const char FULL[] =
    "{\"id\":\"exp_1_22222\",\"timestamp\":0,\"taskId\":\"é\\u0000\",\"description\":\"a\\nb\","
    "\"modelUsed\":\"sonnet\",\"routingStrategy\":\"learned\",\"routingConfidence\":0.7,"
    "\"success\":false,\"cost\":1.25,\"timeToComplete\":12.5,\"qualityScore\":4,\"notes\":\"\","
    "\"schema\":1,\"source\":\"beads\",\"project\":\"p\",\"labels\":[\"x\",\"model:haiku\"],"
    "\"rung\":\"haiku\",\"effort\":\"low\",\"requested\":\"auto\",\"decided\":\"claude-haiku-5-5\","
    "\"served\":\"claude-haiku-4-5\",\"propensities\":{\"haiku\":0.9,\"sonnet\":0.1},"
    "\"policy\":\"ab12\",\"evidence\":\"e7\",\"costSource\":\"measured\","
    "\"outcomeSource\":\"test\",\"pending\":false,\"attempts\":[{\"rung\":\"haiku\","
    "\"model\":\"claude-haiku-5-5\",\"effort\":\"low\",\"phase\":\"execute\",\"success\":false,"
    "\"gates\":[{\"name\":\"tests\",\"verdict\":\"fail\",\"seconds\":3,\"why\":[1,2]}],"
    "\"tokens\":{\"input\":10,\"output\":20,\"cacheRead\":30,\"cacheWrite5m\":40,"
    "\"cacheWrite1h\":50,\"thinking\":7},\"cost\":0.25,\"prices\":{\"day\":\"2026-10-07\"},"
    "\"seconds\":5,\"session\":\"s\",\"agentVersion\":\"2.1.330\",\"error\":\"boom\","
    "\"host\":\"h\"},{\"rung\":\"opus\",\"phase\":\"review\",\"success\":null},"
    "{\"rung\":\"sonnet\",\"phase\":\"execute\",\"success\":true}],\"matched\":[\"fix typo\"],"
    "\"zebra\":{\"deep\":[null,-1,1.5e+300,\"\\u001b\"]},\"apple\":null}";

static void every_field_survives_and_unknown_ones_too(void **state)
{
    (void)state;
    struct reader reader = open_reader();
    struct experiment experiment = read_line(&reader, FULL);
    assert_slice(written(&reader, &experiment), FULL);
    assert_int_equal(experiment.extras.n, 2);
    assert_int_equal(experiment.attempts.n, 3);
    assert_true(experiment.attempts.items[0].has_tokens);
    assert_close(experiment.attempts.items[0].tokens.cache_write_1h, 50, 0);
    assert_true(experiment.attempts.items[1].success == RECORD_OPEN);
    assert_true(experiment.attempts.items[1].phase == RECORD_REVIEW_PHASE);
    assert_slice(record_model_version(&experiment), "claude-haiku-5-5");
    assert_true(record_is_explored(&experiment) && record_is_verified(&experiment));
    assert_true(record_is_calibrated(&experiment));
    close_reader(&reader);
}

static void the_rest_and_the_columns_make_the_whole(void **state)
{
    (void)state;
    struct reader reader = open_reader();
    struct experiment whole = read_line(&reader, FULL);
    struct emit emit = {0};
    record_write_rest(&emit, &whole);
    assert_true(slice_find(emit_slice(&emit), "\"notes\"") == SIZE_MAX);
    assert_true(slice_find(emit_slice(&emit), "\"zebra\"") != SIZE_MAX);
    struct experiment again = whole; /* the columns */
    again.labels = (struct record_texts){0};
    again.attempts = (struct record_attempts){0};
    again.propensities = (struct record_actions){0};
    again.matched = (struct record_texts){0};
    again.extras = (struct record_extras){0};
    again.effort = again.requested = again.decided = again.served = s("");
    assert_true(
        record_read_rest(&reader.arena, reader.parser, emit_slice(&emit), &again, &reader.failure));
    assert_slice(written(&reader, &again), FULL);
    emit_free(&emit);
    close_reader(&reader);
}

static void duplicates_count_once_and_members_come_in_any_order(void **state)
{
    (void)state;
    struct reader reader = open_reader();
    struct experiment experiment = read_line(&reader,
        "{\"success\":null,\"pending\":true,\"rung\":\"opus\",\"taskId\":\"t\",\"cost\":null,"
        "\"taskId\":\"u\",\"timestamp\":5,\"id\":\"i\"}");
    assert_slice(written(&reader, &experiment),
        "{\"id\":\"i\",\"timestamp\":5,\"taskId\":\"t\",\"description\":\"\","
        "\"modelUsed\":\"opus\",\"routingStrategy\":\"default\",\"routingConfidence\":null,"
        "\"success\":null,\"cost\":null,\"notes\":\"\",\"schema\":1,\"labels\":[],"
        "\"rung\":\"opus\",\"costSource\":\"assumed\",\"outcomeSource\":\"none\","
        "\"pending\":true}");
    struct record_attempt implied;
    assert_int_equal(record_attempts_of(&experiment, &implied).n, 0);
    close_reader(&reader);
}

static void mistakes_name_their_key(void **state)
{
    (void)state;
    static const struct {
        const char *line, *named;
    } cases[] = {
        {"", "empty"},
        {"[]", "a JSON object is expected"},
        {"{\"id\":", "not valid JSON"},
        {"{}", "id: missing"},
        {"{\"id\":\"a\",\"timestamp\":1,\"taskId\":\"\",\"modelUsed\":\"m\",\"success\":true}",
            "taskId: missing"},
        {"{\"id\":\"a\",\"timestamp\":null,\"taskId\":\"t\"}", "timestamp: missing"},
        {"{\"id\":\"a\",\"timestamp\":1,\"taskId\":\"t\",\"success\":true}", "modelUsed: missing"},
        {"{\"id\":\"a\",\"timestamp\":1,\"taskId\":\"t\",\"modelUsed\":\"m\"}",
            "success: missing, and"},
        {"{\"id\":\"a\",\"timestamp\":1.5}", "timestamp: a whole number"},
        {"{\"id\":\"a\",\"timestamp\":-1}", "timestamp: -1 is not in"},
        {"{\"id\":7}", "id: a text is expected"},
        {OLD ",\"routingConfidence\":2}", NULL}, /* a duplicate: the first one counts */
        {OLD ",\"qualityScore\":0}", "qualityScore: 0 is not in 1 … 5"},
        {OLD ",\"timeToComplete\":\"5\"}", "timeToComplete: a number is expected"},
        {OLD ",\"pending\":true}", "success: given, but"},
        {OLD ",\"pending\":1}", "pending: true or false"},
        {OLD ",\"labels\":\"x\"}", "labels: an array of texts"},
        {OLD ",\"labels\":[1]}", "labels: a text"},
        {OLD ",\"propensities\":{\"a\":1.5}}", "propensities: 1.5 is not in 0 … 1"},
        {OLD ",\"propensities\":[1]}", "propensities: an object"},
        {OLD ",\"costSource\":\"guess\"}", "costSource: \"guess\" is not known"},
        {OLD ",\"attempts\":[{},{\"phase\":\"fly\"}]}", "attempts[1]: phase: \"fly\""},
        {OLD ",\"attempts\":[{\"gates\":[3]}]}", "attempts[0]: gates[0]: a JSON object"},
        {OLD ",\"attempts\":[{\"tokens\":{\"input\":-1}}]}", "attempts[0]: tokens: input: -1"},
    };
    struct reader reader = open_reader();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct experiment experiment;
        struct failure failure = {{0}};
        bool ok =
            record_read(&reader.arena, reader.parser, s(cases[i].line), &experiment, &failure);
        assert_int_equal(ok, cases[i].named == NULL);
        if (cases[i].named && !strstr(failure.text, cases[i].named))
            fail_msg("\"%s\" does not say \"%s\"", failure.text, cases[i].named);
    }
    close_reader(&reader);
}

static void bounds_hold(void **state)
{
    (void)state;
    struct reader reader = open_reader();
    struct emit emit = {0};
    struct experiment experiment;
    emit_bytes(&emit, s(OLD ",\"labels\":[\"x\""));
    for (int i = 0; i < RECORD_LABELS_MOST; i++)
        emit_bytes(&emit, s(",\"x\""));
    emit_bytes(&emit, s("]}"));
    assert_false(
        record_read(&reader.arena, reader.parser, emit_slice(&emit), &experiment, &reader.failure));
    assert_string_equal(reader.failure.text, "labels: more than 256");
    emit_clear(&emit);
    emit_bytes(&emit, s(OLD ",\"project\":\""));
    for (int i = 0; i <= RECORD_NAME_BYTES_MOST; i++)
        emit_bytes(&emit, s("x"));
    emit_bytes(&emit, s("\"}"));
    assert_false(
        record_read(&reader.arena, reader.parser, emit_slice(&emit), &experiment, &reader.failure));
    assert_string_equal(reader.failure.text, "project: longer than the 512 bytes that are kept");
    emit_free(&emit);
    close_reader(&reader);
}

static void ids_are_time_and_chance(void **state)
{
    (void)state;
    struct dice dice = dice_from_seed(1);
    char first[RECORD_ID_BYTES], second[RECORD_ID_BYTES], last[RECORD_ID_BYTES];
    record_make_id(1767647361000, &dice, first);
    record_make_id(1767647361000, &dice, second);
    record_make_id(INT64_MAX, &dice, last);
    assert_memory_equal(first, "exp_mk1nlkvc_", 13); /* Number(1767647361000).toString(36) */
    assert_int_equal(strlen(first), 18);
    assert_string_not_equal(first, second);
    assert_int_equal(strlen(last), 4 + 13 + 1 + 5);
}

static void csv_has_the_twelve_fields(void **state)
{
    (void)state;
    struct reader reader = open_reader();
    struct experiment experiment = read_line(&reader,
        "{\"id\":\"a,b\",\"timestamp\":1767571200000,\"taskId\":\"=1+1\","
        "\"description\":\"say \\\"hi\\\",\\nyou\",\"modelUsed\":\"haiku\","
        "\"routingConfidence\":0.85,\"success\":false,\"cost\":0.00001,\"notes\":\"\"}");
    struct emit emit = {0};
    record_write_csv_header(&emit);
    record_write_csv(&emit, &experiment, RECORD_CSV_EXACT);
    assert_slice(emit_slice(&emit),
        "id,timestamp,taskId,description,modelUsed,routingStrategy,routingConfidence,success,cost,"
        "timeToComplete,qualityScore,notes\n"
        "\"a,b\",1767571200000,=1+1,\"say \"\"hi\"\",\nyou\",haiku,default,0.85,false,1e-05,,,"
        "\"\"\n");
    emit_clear(&emit);
    experiment.description = slice_from("@SUM(1)");
    experiment.notes = slice_from("a = b");
    experiment.model_used = slice_from("-2");
    record_write_csv(&emit, &experiment, RECORD_CSV_SPREADSHEET);
    assert_slice(emit_slice(&emit),
        "\"a,b\",1767571200000,\"'=1+1\",\"'@SUM(1)\",\"'-2\",default,0.85,false,1e-05,,,"
        "\"a = b\"\n");
    emit_free(&emit);
    close_reader(&reader);
}

static void evidence_learns_from_judged_executions(void **state)
{
    (void)state;
    struct reader reader = open_reader();
    struct experiment experiment = read_line(&reader, FULL);
    struct evidence_attempt *judged;
    assert_int_equal(record_attempts_judged(&reader.arena, &experiment, &judged), 2);
    assert_slice(judged[0].rung, "haiku");
    assert_slice(judged[0].effort, "low");
    assert_false(judged[0].success);
    assert_true(judged[0].cost_usd > 0);
    assert_int_equal(judged[0].after.len, 0);
    assert_slice(judged[1].rung, "sonnet");
    assert_slice(judged[1].after, "haiku");
    assert_true(judged[1].success);
    assert_true(judged[1].n_labels >= 2);
    experiment.outcome_source = RECORD_NOBODY;
    assert_int_equal(record_attempts_judged(&reader.arena, &experiment, &judged), 0);
    close_reader(&reader);
}

static void the_eight_examples_read(void **state)
{
    (void)state;
    struct reader reader = open_reader();
    struct file_bytes file;
    assert_true(file_open("examples/experiments.jsonl", 1 << 20, &file, &reader.failure));
    struct slice rest = file.bytes, line;
    size_t n = 0;
    double cost = 0, confidence = 0;
    while (slice_next_line(&rest, &line)) {
        struct experiment experiment;
        assert_true(record_read(&reader.arena, reader.parser, line, &experiment, &reader.failure));
        cost += experiment.cost_usd;
        confidence += experiment.confidence;
        n++;
    }
    assert_int_equal(n, 8);
    assert_close(cost, 0.026, 1e-12);
    assert_close(confidence / 8, 0.86875, 1e-12);
    file_close(&file);
    close_reader(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_of_the_prior_system_reads_with_what_is_missing),
        cmocka_unit_test(every_field_survives_and_unknown_ones_too),
        cmocka_unit_test(the_rest_and_the_columns_make_the_whole),
        cmocka_unit_test(duplicates_count_once_and_members_come_in_any_order),
        cmocka_unit_test(mistakes_name_their_key),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(ids_are_time_and_chance),
        cmocka_unit_test(csv_has_the_twelve_fields),
        cmocka_unit_test(evidence_learns_from_judged_executions),
        cmocka_unit_test(the_eight_examples_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
