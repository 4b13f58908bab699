#include "unit.h"

#include "base/file.h"
#include "task/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A reader over literal bytes and the record that it gave last. */
struct reading {
    struct task_reader *reader;
    struct arena arena;
    struct task task;
    struct failure failure;
};

static struct slice s(const char *text)
{
    return slice_from(text);
}

static struct reading open_named(enum task_format format, const char *name, const char *text)
{
    struct reading reading = {0};
    if (!task_reader_open(format, name, s(text), &reading.reader, &reading.failure))
        fail_msg("%s", reading.failure.text);
    return reading;
}

static struct reading open_as(enum task_format format, const char *text)
{
    return open_named(format, "f", text);
}

static enum task_read next(struct reading *reading)
{
    arena_reset(&reading->arena);
    return task_reader_next(reading->reader, &reading->arena, &reading->task, &reading->failure);
}

static const struct task *next_task(struct reading *reading)
{
    enum task_read read = next(reading);
    if (read != TASK_READ_TASK)
        fail_msg("no task but %d: %s", (int)read, reading->failure.text);
    return &reading->task;
}

static void next_is_bad(struct reading *reading, const char *sentence)
{
    assert_int_equal(next(reading), TASK_READ_BAD);
    assert_string_equal(reading->failure.text, sentence);
}

static void end(struct reading *reading)
{
    assert_int_equal(next(reading), TASK_READ_END);
    assert_int_equal(next(reading), TASK_READ_END);
    task_reader_close(reading->reader);
    arena_free(&reading->arena);
}

static void refused(enum task_format format, struct slice bytes, const char *sentence)
{
    struct task_reader *reader = NULL;
    struct failure failure = {0};
    assert_false(task_reader_open(format, "f", bytes, &reader, &failure));
    assert_string_equal(failure.text, sentence);
    assert_null(reader);
}

static void assert_list(struct task_list list, const char *joined)
{
    char text[1024] = "";
    size_t len = 0;
    for (size_t i = 0; i < list.n; i++)
        len += (size_t)snprintf(
            text + len, sizeof(text) - len, "%s%.*s", i ? "|" : "", SLICE_ARG(list.items[i]));
    assert_string_equal(text, joined);
}

/* --- words --- */

static void words_have_a_meaning(void **state)
{
    (void)state;
    assert_int_equal(task_state_from_name(s("In Progress")), TASK_STATE_IN_PROGRESS);
    assert_int_equal(task_state_from_name(s("in-progress")), TASK_STATE_IN_PROGRESS);
    assert_int_equal(task_state_from_name(s("CLOSED")), TASK_STATE_CLOSED);
    assert_int_equal(task_state_from_name(s("To Do")), TASK_STATE_OPEN);
    assert_int_equal(task_state_from_name(s("")), TASK_STATE_NONE);
    assert_int_equal(task_state_from_name(s("closedish")), TASK_STATE_OTHER);
    assert_int_equal(task_priority_from_name(s("P0")), 0);
    assert_int_equal(task_priority_from_name(s("p4")), 4);
    assert_int_equal(task_priority_from_name(s("High")), 1);
    assert_int_equal(task_priority_from_name(s("P5")), -1);
    assert_int_equal(task_priority_from_name(s("")), -1);
    enum task_format format = TASK_FORMAT_AUTO;
    assert_true(task_format_from_name(s("taskmaster"), &format));
    assert_int_equal(format, TASK_FORMAT_TASKMASTER);
    assert_false(task_format_from_name(s("jira"), &format));
    assert_string_equal(task_format_name(TASK_FORMAT_BACKLOG), "backlog");
}

static void label_values_come_in_order(void **state)
{
    (void)state;
    struct slice labels[] = {s("ui"), s("complexity:simple"), s("complexity: complex")};
    struct task task = {.labels = {labels, 3}};
    struct slice value;
    size_t at = 0;
    assert_true(task_label_value(&task, "complexity:", &at, &value));
    assert_slice(value, "simple");
    assert_true(task_label_value(&task, "complexity:", &at, &value));
    assert_slice(value, "complex");
    assert_false(task_label_value(&task, "complexity:", &at, &value));
}

/* --- beads --- */

static void beads_fields(void **state)
{
    (void)state;
    struct reading r = open_as(TASK_FORMAT_BEADS,
        "{\"id\":\"a-1\",\"title\":\" Add cart \",\"description\":\"One\",\"design\":\"Two\","
        "\"acceptance_criteria\":\"- [ ] it adds\\n- it sums\",\"notes\":\"Four\","
        "\"status\":\"hooked\",\"priority\":0,\"issue_type\":\"bug\","
        "\"labels\":[\"complexity:simple\",\"ui\"],\"dependencies\":["
        "{\"issue_id\":\"a-1\",\"depends_on_id\":\"a-2\",\"type\":\"blocks\"},"
        "{\"depends_on_id\":\"a-3\",\"type\":\"parent-child\"},"
        "{\"depends_on_id\":\"a-4\",\"type\":\"waits-for\"},"
        "{\"depends_on_id\":\"a-5\",\"type\":\"related\"},"
        "{\"id\":\"a-6\",\"dependency_type\":\"conditional-blocks\",\"title\":\"x\"}],"
        "\"metadata\":{\"execution_suggested_model\":\"opus\","
        "\"execution_reasoning_effort\":\"high\",\"rung_decision\":\"d-7\"}}\n");
    const struct task *task = next_task(&r);
    assert_slice(task->id, "a-1");
    assert_slice(task->title, "Add cart");
    assert_slice(task->body, "One\n\nTwo\n\n- [ ] it adds\n- it sums\n\nFour");
    assert_list(task->acceptance, "it adds|it sums");
    assert_slice(task->status, "hooked");
    assert_int_equal(task->state, TASK_STATE_HOOKED);
    assert_true(task_is_open(task));
    assert_int_equal(task->priority, 0);
    assert_slice(task->type, "bug");
    assert_list(task->labels, "complexity:simple|ui");
    assert_list(task->depends_on, "a-2|a-4|a-6");
    assert_slice(task->suggested_model, "opus");
    assert_slice(task->suggested_effort, "high");
    assert_slice(task->rung_decision, "d-7");
    assert_string_equal(task->source, "beads");
    assert_int_equal(task->line, 1);
    end(&r);
}

static void beads_lines_go_on_behind_a_bad_one(void **state)
{
    (void)state;
    struct reading r = open_as(TASK_FORMAT_BEADS,
        "\xef\xbb\xbf{\"id\":\"a\",\"title\":\"A\",\"schema_version\":1}\r\n"
        "\r\n"
        "{\"id\":\"b\",\"title\":\"torn\n"
        "{\"id\":\"c\",\"title\":\"C\xff\"}\n"
        "{\"_type\":\"memory\",\"key\":\"k\",\"value\":\"v\"}\n"
        "{\"id\":\"d\",\"status\":\"open\"}\n"
        "7\n"
        "{\"id\":\"e\",\"title\":\"E\",\"status\":\"tombstone\",\"priority\":\"P1\"}\n"
        "{\"title\":\"no id\",\"priority\":9}");
    const struct task *task = next_task(&r);
    assert_slice(task->id, "a");
    assert_int_equal(task->state, TASK_STATE_NONE);
    assert_int_equal(task->priority, -1);
    next_is_bad(&r, "f:3: not valid JSON: a string is not closed (cut off?)");
    next_is_bad(&r, "f:4: not valid UTF-8");
    assert_int_equal(next(&r), TASK_READ_OTHER);
    next_is_bad(&r, "f:6: d: neither a title nor a text");
    next_is_bad(&r, "f:7: not an object");
    task = next_task(&r);
    assert_int_equal(task->state, TASK_STATE_TOMBSTONE);
    assert_false(task_is_open(task));
    assert_int_equal(task->priority, 1);
    assert_int_equal(task->line, 8);
    task = next_task(&r);
    assert_slice(task->id, "L9");
    assert_int_equal(task->priority, -1);
    end(&r);
}

static void beads_come_in_every_wrapping(void **state)
{
    (void)state;
    static const char *const WRAPPED[] = {
        "[{\"id\":\"a\",\"title\":\"A\",\"issue_type\":\"bug\"}]",
        "{\"id\":\"a\",\"title\":\"A\",\"issue_type\":\"bug\"}",
        "{\n \"id\": \"a\",\n \"title\": \"A\",\n \"issue_type\": \"bug\"\n}\n",
        "{\"schema_version\":1,\"data\":[{\"id\":\"a\",\"title\":\"A\"}]}",
        "{\"schema_version\":1,\n\"data\":{\"id\":\"a\",\"title\":\"A\"}}\n",
    };
    for (size_t i = 0; i < sizeof(WRAPPED) / sizeof(*WRAPPED); i++) {
        assert_int_equal(task_format_detect(s(WRAPPED[i]), NULL), TASK_FORMAT_BEADS);
        struct reading r = open_as(TASK_FORMAT_AUTO, WRAPPED[i]);
        assert_int_equal(task_reader_format(r.reader), TASK_FORMAT_BEADS);
        assert_slice(next_task(&r)->id, "a");
        end(&r);
    }
}

static void an_empty_backlog_has_no_tasks(void **state)
{
    (void)state;
    static const char *const EMPTY[] = {
        "", " \n\n", "null\n", "[]", "{\"schema_version\":1,\"data\":null}"};
    for (size_t i = 0; i < sizeof(EMPTY) / sizeof(*EMPTY); i++) {
        struct reading r = open_as(TASK_FORMAT_BEADS, EMPTY[i]);
        end(&r);
    }
    for (int format = TASK_FORMAT_AUTO; format <= TASK_FORMAT_TEXT; format++) {
        struct reading r = open_as((enum task_format)format, "\n");
        end(&r);
    }
}

static void bad_records_of_a_list_are_named(void **state)
{
    (void)state;
    struct reading r =
        open_as(TASK_FORMAT_BEADS, "[{\"title\":\"A\"},7,{\"id\":12.0},{\"id\":34,\"title\":404}]");
    assert_slice(next_task(&r)->id, "R1");
    next_is_bad(&r, "f: record 2: not an object");
    next_is_bad(&r, "f: record 3: 12.0: neither a title nor a text");
    const struct task *task = next_task(&r);
    assert_slice(task->id, "34");
    assert_slice(task->title, "404");
    assert_int_equal(task->line, 0);
    end(&r);
}

static void odd_characters_pass_or_are_named(void **state)
{
    (void)state;
    struct reading r = open_as(TASK_FORMAT_BEADS, "{\"title\":\"a\\u0000b\"}\n"
                                                  "{\"title\":\"a\tb\"}\n"
                                                  "{\"title\":\"\\ud800 alone\"}\n");
    assert_int_equal(next_task(&r)->title.len, 3);
    next_is_bad(&r, "f:2: not valid JSON: a control character inside a string");
    next_is_bad(&r, "f:3: not valid JSON");
    end(&r);
    struct task_reader *reader = NULL;
    struct slice nul = {"{\"title\":\"a\0b\"}\n{\"title\":\"c\"}\n", 30};
    assert_true(task_reader_open(TASK_FORMAT_BEADS, "f", nul, &reader, &r.failure));
    r = (struct reading){.reader = reader};
    next_is_bad(&r, "f:1: not valid JSON: a control character inside a string");
    assert_slice(next_task(&r)->title, "c");
    end(&r);
}

static void the_first_of_duplicate_keys_counts(void **state)
{
    (void)state;
    struct reading r =
        open_as(TASK_FORMAT_BEADS, "{\"id\":\"a\",\"title\":\"one\",\"title\":\"two\"}");
    assert_slice(next_task(&r)->title, "one");
    end(&r);
}

static void what_cannot_be_read_is_refused(void **state)
{
    (void)state;
    refused(TASK_FORMAT_BEADS, s("hello\nworld\n"), "f: not valid JSON");
    refused(TASK_FORMAT_BEADS, s("[{\"id\":\"a\",\"tit"),
        "f: not valid JSON: a string is not closed (cut off?)");
    refused(TASK_FORMAT_GITHUB, s("\"text\""), "f: neither a list nor an object of JSON");
    refused(TASK_FORMAT_TASKMASTER, s("{\"a\":{\"b\":[]}}"),
        "f: no list of \"tasks\", neither at the top nor in a tag: no tasks.json of Task Master");
    refused(TASK_FORMAT_TASKMASTER, s("{\"tasks\":[]}\n{\"tasks\":[]}\n"),
        "f: more than one JSON document, so no tasks.json of Task Master");
    static const char SENTENCE[] = "f: UTF-16 text; make it UTF-8 first: iconv -f UTF-16 -t UTF-8";
    refused(TASK_FORMAT_AUTO, (struct slice){"\xff\xfe[\0", 4}, SENTENCE);
    refused(TASK_FORMAT_TEXT, (struct slice){"\xfe\xff\0a", 4}, SENTENCE);
    refused(TASK_FORMAT_AUTO, (struct slice){"[\0{\0", 4}, SENTENCE);
    refused(TASK_FORMAT_AUTO, (struct slice){"\0[\0{", 4}, SENTENCE);

    char deep[2001];
    memset(deep, '[', 1000);
    memset(deep + 1000, ']', 1000);
    deep[2000] = '\0';
    refused(TASK_FORMAT_JSONL, s(deep), "f: JSON nested deeper than 128 levels");
}

static void bounds_are_kept(void **state)
{
    (void)state;
    /* the bytes are never looked at */
    refused(TASK_FORMAT_BEADS, (struct slice){"{", (size_t)TASK_INPUT_BYTES_MOST + 1},
        "f: 1073741825 bytes; the most is 1073741824");
    size_t len = TASK_LINE_BYTES_MOST + 64;
    char *bytes = calloc(1, len + 64);
    memset(bytes, ' ', len);
    memcpy(bytes, "{\"title\":\"A\",\"body\":\"", 21);
    memset(bytes + 21, 'x', len - 23);
    memcpy(bytes + len - 2, "\"}\n{\"title\":\"B\"}\n", 17);
    struct reading r = open_as(TASK_FORMAT_JSONL, bytes);
    next_is_bad(&r, "f:1: a line of 16777280 bytes; the most is 16777216");
    assert_slice(next_task(&r)->title, "B");
    end(&r);
    r = open_as(TASK_FORMAT_TEXT, bytes);
    next_is_bad(&r, "f:1: a line of 16777280 bytes; the most is 16777216");
    assert_slice(next_task(&r)->id, "L2");
    end(&r);
    free(bytes);
}

static void lists_are_cut(void **state)
{
    (void)state;
    char text[4096] = "{\"title\":\"A\",\"labels\":[";
    size_t len = strlen(text);
    for (int i = 0; i < 300; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\"l%d\"", i ? "," : "", i);
    snprintf(text + len, sizeof(text) - len, "]}");
    struct reading r = open_as(TASK_FORMAT_JSONL, text);
    assert_int_equal(next_task(&r)->labels.n, TASK_LABELS_MOST);
    assert_slice(r.task.labels.items[255], "l255");
    end(&r);
}

/* --- github --- */

static void github_issues(void **state)
{
    (void)state;
    struct reading r = open_as(TASK_FORMAT_AUTO,
        "[{\"number\":12,\"title\":\"Crash\",\"body\":null,\"state\":\"OPEN\",\"labels\":"
        "[{\"id\":\"L\",\"name\":\"bug\"},{\"name\":\"priority:high\"}],"
        "\"blockedBy\":{\"nodes\":[{\"number\":3}]}},"
        "{\"number\":13,\"title\":\"T\",\"body\":\"B\",\"state\":\"CLOSED\","
        "\"labels\":[\"kind/docs\",\"P3\"],\"issueType\":{\"name\":\"Task\"}},"
        "{\"number\":14}]");
    assert_int_equal(task_reader_format(r.reader), TASK_FORMAT_GITHUB);
    const struct task *task = next_task(&r);
    assert_slice(task->id, "gh-12");
    assert_slice(task->body, "");
    assert_slice(task->type, "bug");
    assert_list(task->labels, "bug|priority:high");
    assert_list(task->depends_on, "gh-3");
    assert_int_equal(task->priority, 1);
    assert_int_equal(task->state, TASK_STATE_OPEN);
    task = next_task(&r);
    assert_slice(task->type, "Task");
    assert_int_equal(task->priority, 3);
    assert_int_equal(task->state, TASK_STATE_CLOSED);
    next_is_bad(&r, "f: record 3: gh-14: neither a title nor a text");
    end(&r);
    r = open_as(TASK_FORMAT_AUTO, "{\"number\":7,\"title\":\"One\",\"state\":\"OPEN\"}\n");
    assert_int_equal(task_reader_format(r.reader), TASK_FORMAT_GITHUB);
    assert_slice(next_task(&r)->id, "gh-7");
    end(&r);
}

/* --- taskmaster --- */

static const char TAGGED[] =
    "{\"master\":{\"tasks\":[{\"id\":1,\"title\":\"Shop\",\"description\":\"D\",\"details\":\"E\","
    "\"testStrategy\":\"F\",\"status\":\"in-progress\",\"dependencies\":[2,\"3.1\"],"
    "\"priority\":\"high\",\"complexity\":\"very-complex\",\"relevantFiles\":"
    "[{\"path\":\"src/a.ts\",\"action\":\"modify\"}],\"acceptanceCriteria\":[\"x\",\"y\"],"
    "\"subtasks\":[{\"id\":1,\"title\":\"Sub\",\"status\":\"done\",\"dependencies\":[]},"
    "{\"id\":2,\"title\":\"Sub two\",\"dependencies\":[1,\"1.1\",9],\"complexity\":4},null]},"
    "{\"id\":\"2\",\"title\":\"Later\",\"status\":\"deferred\",\"priority\":null}],"
    "\"metadata\":{\"created\":\"x\"}},"
    "\"new-ui\":{\"tasks\":[{\"id\":1,\"title\":\"Other\",\"dependencies\":[2]},5]}}";

static void taskmaster_tags_and_subtasks(void **state)
{
    (void)state;
    struct reading r = open_as(TASK_FORMAT_AUTO, TAGGED);
    assert_int_equal(task_reader_format(r.reader), TASK_FORMAT_TASKMASTER);
    const struct task *task = next_task(&r);
    assert_slice(task->id, "1");
    assert_slice(task->body, "D\n\nE\n\nF");
    assert_list(task->depends_on, "2|3.1");
    assert_list(task->files, "src/a.ts");
    assert_list(task->acceptance, "x|y");
    assert_int_equal(task->complexity, 10);
    assert_int_equal(task->priority, 1);
    assert_int_equal(task->state, TASK_STATE_IN_PROGRESS);
    task = next_task(&r);
    assert_slice(task->id, "1.1");
    assert_slice(task->context, "Shop");
    assert_int_equal(task->state, TASK_STATE_CLOSED);
    task = next_task(&r);
    assert_slice(task->id, "1.2");
    assert_list(task->depends_on, "1.1|1.1|9");
    assert_int_equal(task->complexity, 4);
    next_is_bad(&r, "f: tag master, task 1, subtask 3: not an object");
    task = next_task(&r);
    assert_slice(task->id, "2");
    assert_slice(task->context, "");
    assert_int_equal(task->priority, -1);
    assert_int_equal(task->state, TASK_STATE_DEFERRED);
    task = next_task(&r);
    assert_slice(task->id, "new-ui:1");
    assert_list(task->depends_on, "new-ui:2");
    next_is_bad(&r, "f: tag new-ui, task 2: not an object");
    end(&r);
}

static void taskmaster_scores_come_from_reports(void **state)
{
    (void)state;
    struct reading r = open_as(TASK_FORMAT_TASKMASTER,
        "{\n\"tasks\":[{\"id\":1,\"title\":\"A\"},{\"id\":2,\"title\":\"B\",\"complexity\":9},"
        "{\"title\":\"C\"}]}");
    assert_false(task_reader_add_complexity(r.reader, "report", s("{}"), &r.failure));
    assert_string_equal(r.failure.text,
        "report: no list \"complexityAnalysis\": no complexity report of Task Master");
    assert_false(task_reader_add_complexity(r.reader, "report", s("{"), &r.failure));
    assert_true(task_reader_add_complexity(r.reader, "report",
        s("{\"complexityAnalysis\":[{\"taskId\":2,\"complexityScore\":3},"
          "{\"taskId\":\"1\",\"complexityScore\":7.6},{\"taskId\":3,\"complexityScore\":11}]}"),
        &r.failure));
    assert_int_equal(next_task(&r)->complexity, 8);
    assert_int_equal(next_task(&r)->complexity, 9);
    assert_int_equal(next_task(&r)->complexity, 0);
    assert_slice(r.task.id, "3");
    end(&r);
    r = open_as(TASK_FORMAT_TASKMASTER, "{\"x\":{\"tasks\":[{\"id\":1,\"title\":\"A\"}]}}");
    assert_true(task_reader_add_complexity(r.reader, "d/task-complexity-report_x.json",
        s("{\"complexityAnalysis\":[{\"taskId\":1,\"complexityScore\":5}]}"), &r.failure));
    assert_int_equal(next_task(&r)->complexity, 5);
    end(&r);
}

/* --- backlog --- */

static const char BACKLOG[] = "---\n"
                              "id: TASK-1\n"
                              "title: >-\n"
                              "  Add a long title that\n"
                              "  goes on\n"
                              "status: To Do\n"
                              "assignee: @ann\n"
                              "created_date: '2026-01-07 22:48'\n"
                              "labels:\n"
                              "  - 'complexity:trivial'\n"
                              "  - ui\n"
                              "dependencies: [TASK-2, \"TASK-3\"]\n"
                              "modified_files: [src/a.c]\n"
                              "priority: high\n"
                              "type: bug\n"
                              "---\n"
                              "\n"
                              "## Description\n"
                              "<!-- SECTION:DESCRIPTION:BEGIN -->\n"
                              "What to do.\n"
                              "<!-- SECTION:DESCRIPTION:END -->\n"
                              "## Acceptance Criteria\n"
                              "<!-- AC:BEGIN -->\n"
                              "- [ ] #1 First\n"
                              "- [x] #2 Second\n"
                              "<!-- AC:END -->\n"
                              "<!-- SECTION:NOTES:BEGIN -->\nNote.\n<!-- SECTION:NOTES:END -->\n";

static void backlog_front_matter_and_sections(void **state)
{
    (void)state;
    struct reading r = open_as(TASK_FORMAT_AUTO, BACKLOG);
    assert_int_equal(task_reader_format(r.reader), TASK_FORMAT_BACKLOG);
    const struct task *task = next_task(&r);
    assert_slice(task->id, "TASK-1");
    assert_slice(task->title, "Add a long title that goes on");
    assert_slice(task->body, "What to do.\n\n- [ ] #1 First\n- [x] #2 Second\n\nNote.");
    assert_list(task->acceptance, "First|Second");
    assert_list(task->labels, "complexity:trivial|ui");
    assert_list(task->depends_on, "TASK-2|TASK-3");
    assert_list(task->files, "src/a.c");
    assert_int_equal(task->priority, 1);
    assert_slice(task->type, "bug");
    assert_int_equal(task->state, TASK_STATE_OPEN);
    assert_int_equal(task->line, 1);
    end(&r);
}

static void backlog_files_one_behind_the_other(void **state)
{
    (void)state;
    struct reading r = open_as(TASK_FORMAT_BACKLOG,
        "---\r\nid: T-1\r\ntitle: One\r\nlabels: []\r\n---\r\nText\r\n---\r\nmore\r\n"
        "---\nid: T-2\ntitle: a: b\n---\n"
        "---\nid: T-3\ntitle: Three\n---\n## Acceptance Criteria\n- [ ] done\n\n## Notes\nn\n"
        "---\nid: T-4\ntitle: cut off\n");
    const struct task *task = next_task(&r);
    assert_slice(task->body, "Text\r\n---\r\nmore");
    next_is_bad(
        &r, "f:11: the front matter is no YAML: mapping values are not allowed in this context");
    task = next_task(&r);
    assert_slice(task->id, "T-3");
    assert_int_equal(task->line, 13);
    assert_list(task->acceptance, "done");
    next_is_bad(&r, "f:22: the front matter is not closed by \"---\"");
    end(&r);
    r = open_as(TASK_FORMAT_BACKLOG, "\n# A heading\ntext\n---\nid: A\ntitle: b\xff\n---\n");
    next_is_bad(&r, "f:2: no front matter: this is no task of Backlog.md");
    assert_slice(next_task(&r)->title, "b\xef\xbf\xbd");
    end(&r);
}

static void backlog_as_its_program_prints_it(void **state)
{
    (void)state;
    struct reading r = open_as(TASK_FORMAT_AUTO,
        "{\n\"schemaVersion\": 1,\n\"kind\": \"task-list\",\n\"tasks\": [{\"id\":\"BACK-1\","
        "\"title\":\"T\",\"status\":\"In Progress\",\"priority\":\"low\",\"labels\":[\"a:b\"],"
        "\"modifiedFiles\":[\"x.c\"],\"acceptanceCriteriaCount\":0}]}");
    assert_int_equal(task_reader_format(r.reader), TASK_FORMAT_BACKLOG);
    const struct task *task = next_task(&r);
    assert_slice(task->id, "BACK-1");
    assert_int_equal(task->priority, 3);
    assert_int_equal(task->state, TASK_STATE_IN_PROGRESS);
    assert_list(task->files, "x.c");
    end(&r);
}

/* --- markdown --- */

static void markdown_spec_kit(void **state)
{
    (void)state;
    struct reading r = open_as(TASK_FORMAT_AUTO,
        "# Tasks: Shop\n"
        "\n"
        "## Phase 2: Cart (Priority: P1)\n"
        "\n"
        "<!-- - [ ] T000 hidden\n"
        "- [ ] T001 hidden -->\n"
        "```\n"
        "- [ ] T002 hidden\n"
        "```\n"
        "- [ ] T012 [P] [US1] Create cart in src/models/cart.ts and `README.md`, see "
        "https://x.org/a/b.html and/or ask\n"
        "- [x] T013 [US1] [P3] Serve it (depends on T012, T003-T005, and T010) for 3 users\n"
        "* [ ] **ABC-7**: Review it, depends on S3 buckets\n"
        "1. [-] [docs](http://x) are [linked]\n"
        "- [ ] Choose [a b:c] it [complexity:complex] [model:x]\n");
    assert_int_equal(task_reader_format(r.reader), TASK_FORMAT_MARKDOWN);
    const struct task *task = next_task(&r);
    assert_slice(task->id, "T012");
    assert_slice(task->title, "Create cart in src/models/cart.ts and `README.md`, see "
                              "https://x.org/a/b.html and/or ask");
    assert_slice(task->context, "Tasks: Shop › Phase 2: Cart (Priority: P1)");
    assert_true(task->parallel);
    assert_list(task->labels, "US1");
    assert_list(task->files, "src/models/cart.ts|README.md");
    assert_int_equal(task->state, TASK_STATE_OPEN);
    assert_int_equal(task->priority, 1);
    assert_int_equal(task->line, 10);
    task = next_task(&r);
    assert_slice(task->id, "T013");
    assert_false(task->parallel);
    assert_list(task->depends_on, "T012|T003|T004|T005|T010");
    assert_int_equal(task->state, TASK_STATE_CLOSED);
    assert_int_equal(task->priority, 3);
    task = next_task(&r);
    assert_slice(task->id, "L12");
    assert_slice(task->title, "**ABC-7**: Review it, depends on S3 buckets");
    assert_list(task->depends_on, "");
    task = next_task(&r);
    assert_slice(task->title, "[docs](http://x) are [linked]");
    assert_list(task->labels, "");
    assert_int_equal(task->state, TASK_STATE_IN_PROGRESS);
    task = next_task(&r);
    assert_slice(task->title, "Choose [a b:c] it");
    assert_list(task->labels, "model:x|complexity:complex");
    end(&r);
}

static void markdown_nests(void **state)
{
    (void)state;
    struct reading r = open_as(TASK_FORMAT_MARKDOWN, "- [ ] 1. Set up\r\n"
                                                     "  - detail in lib/x.c\r\n"
                                                     "\r\n"
                                                     "  ```\r\n"
                                                     "- [ ] code\r\n"
                                                     "  ```\r\n"
                                                     "  - [ ]* 1.1 Write it\n"
                                                     "      depends on 1.\n"
                                                     "  - [x] UTF8 [ok]\n"
                                                     "not a body\n"
                                                     "- [ ]\n"
                                                     "- [] loose\n"
                                                     "- [?] none\n"
                                                     "- [ ] last \xff\n");
    const struct task *task = next_task(&r);
    assert_slice(task->id, "1");
    assert_slice(task->title, "Set up");
    assert_slice(task->body, "- detail in lib/x.c\r\n\r\n  ```\r\n- [ ] code\r\n  ```");
    assert_list(task->files, "lib/x.c");
    task = next_task(&r);
    assert_slice(task->id, "1.1");
    assert_slice(task->title, "Write it");
    assert_slice(task->context, "Set up");
    assert_slice(task->body, "depends on 1.");
    assert_list(task->depends_on, "1");
    assert_int_equal(task->line, 7);
    task = next_task(&r);
    assert_slice(task->title, "UTF8 [ok]");
    assert_slice(task->id, "L9");
    next_is_bad(&r, "f:11: neither a title nor a text");
    task = next_task(&r);
    assert_slice(task->title, "loose");
    assert_slice(task->context, "");
    task = next_task(&r);
    assert_slice(task->title, "last \xef\xbf\xbd");
    assert_int_equal(task->line, 14);
    end(&r);
}

/* --- jsonl --- */

static void rows_take_fields_from_labels(void **state)
{
    (void)state;
    struct reading r = open_as(TASK_FORMAT_AUTO,
        "{\"id\":\"a/1\",\"title\":\"Fix it\",\"text\":\"Fix it\\n\\nNow.\","
        "\"labels\":[\"type:bug\",\"priority:P1\",\"status:open\"]}\n"
        "{\"id\":2,\"title\":\"T\",\"body\":\"B\",\"labels\":\"x, y\",\"type\":\"chore\","
        "\"status\":\"closed\",\"priority\":0,\"depends_on\":[1],\"files\":[\"a.c\"]}\n"
        "{\"text\":\"First line\\nand more\",\"labels\":[\"type:None\"]}\n"
        "{\"text\":\"Fix it now\",\"title\":\"Fix\"}\n");
    assert_int_equal(task_reader_format(r.reader), TASK_FORMAT_JSONL);
    const struct task *task = next_task(&r);
    assert_slice(task->body, "Now.");
    assert_slice(task->type, "bug");
    assert_int_equal(task->priority, 1);
    assert_slice(task->status, "open");
    assert_int_equal(task->labels.n, 3);
    task = next_task(&r);
    assert_slice(task->id, "2");
    assert_list(task->labels, "x|y");
    assert_slice(task->type, "chore");
    assert_int_equal(task->state, TASK_STATE_CLOSED);
    assert_int_equal(task->priority, 0);
    assert_list(task->depends_on, "1");
    assert_list(task->files, "a.c");
    task = next_task(&r);
    assert_slice(task->id, "L3");
    assert_slice(task->title, "First line");
    assert_slice(task->body, "and more");
    assert_slice(task->type, "");
    task = next_task(&r);
    assert_slice(task->body, "Fix it now");
    end(&r);
}

static void long_titles_are_cut_at_a_blank(void **state)
{
    (void)state;
    char text[512] = "{\"text\":\"";
    for (int i = 0; i < 60; i++)
        strncat(text, "word ", sizeof(text) - strlen(text) - 1);
    strncat(text, "end\"}", sizeof(text) - strlen(text) - 1);
    struct reading r = open_as(TASK_FORMAT_JSONL, text);
    assert_int_equal(next_task(&r)->title.len, 199);
    assert_int_equal(r.task.title.len + 1 + r.task.body.len, 303);
    end(&r);
    char wide[400];
    for (size_t i = 0; i + 2 < sizeof(wide); i += 3)
        memcpy(wide + i, "€", 3);
    wide[399] = '\0';
    r = open_as(TASK_FORMAT_TEXT, wide);
    assert_int_equal(next_task(&r)->title.len, 198);
    end(&r);
}

/* --- text and detection --- */

static void text_is_a_task_a_line(void **state)
{
    (void)state;
    struct reading r = open_as(
        TASK_FORMAT_AUTO, "[WIP] Fix login\n\n  - Add cart\r\n2. Ship it\n-\n2.5 is a version\n");
    assert_int_equal(task_reader_format(r.reader), TASK_FORMAT_TEXT);
    assert_slice(next_task(&r)->title, "[WIP] Fix login");
    assert_slice(r.task.id, "L1");
    assert_int_equal(r.task.state, TASK_STATE_NONE);
    assert_true(task_is_open(&r.task));
    assert_slice(next_task(&r)->title, "Add cart");
    assert_slice(r.task.id, "L3");
    assert_slice(next_task(&r)->title, "Ship it");
    assert_slice(next_task(&r)->title, "-");
    assert_slice(next_task(&r)->title, "2.5 is a version");
    end(&r);
}

static void formats_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
        enum task_format format;
    } ROWS[] = {
        {"Fix it", NULL, TASK_FORMAT_TEXT},
        {"Fix it", "TODO.md", TASK_FORMAT_MARKDOWN},
        {"Fix it", "x.jsonl", TASK_FORMAT_JSONL},
        {"[ ] Fix it", NULL, TASK_FORMAT_TEXT},
        {"text\n- [ ] Fix it", NULL, TASK_FORMAT_MARKDOWN},
        {"---\ntitle: notes\n---\n- [ ] a", NULL, TASK_FORMAT_MARKDOWN},
        {"---\ntitle: a\nid: b\n---\n", "x.md", TASK_FORMAT_BACKLOG},
        {"{\"id\":1,\"title\":\"x\"}", NULL, TASK_FORMAT_JSONL},
        {"torn\"}\n{\"id\":\"a\",\"title\":\"x\",\"issue_type\":\"bug\"}\n", NULL,
            TASK_FORMAT_BEADS},
        {"{\"id\":\"a\",\"title\":\"x\",\"status\":\"open\",\"priority\":2,\"created_at\":\"\"}",
            NULL, TASK_FORMAT_BEADS},
        {"{\"tasks\":[]}", NULL, TASK_FORMAT_TASKMASTER},
        {"[{\"id\":1,\"title\":\"x\",\"testStrategy\":\"y\"}]", NULL, TASK_FORMAT_TASKMASTER},
        {"{\"torn", NULL, TASK_FORMAT_JSONL},
        {"[\n {\"number\":1,\"title\":\"x\"}]", NULL, TASK_FORMAT_GITHUB},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
        if (task_format_detect(s(ROWS[i].text), ROWS[i].name) != ROWS[i].format)
            fail_msg("row %zu is seen as %s", i,
                task_format_name(task_format_detect(s(ROWS[i].text), ROWS[i].name)));
}

/* --- files --- */

struct tally {
    size_t tasks, bad, other, tombstones, open, labelled, bugs, lines;
};

static struct tally tally_file(const char *path, enum task_format expected)
{
    struct tally tally = {0};
    struct arena arena = {0};
    struct failure failure = {0};
    struct file_bytes file;
    struct task_reader *reader = NULL;
    struct task task;
    assert_true(file_open(path, TASK_INPUT_BYTES_MOST, &file, &failure));
    assert_true(task_reader_open(TASK_FORMAT_AUTO, path, file.bytes, &reader, &failure));
    assert_int_equal(task_reader_format(reader), expected);
    for (enum task_read read;
         (read = task_reader_next(reader, &arena, &task, &failure)) != TASK_READ_END;) {
        tally.tasks += read == TASK_READ_TASK;
        tally.bad += read == TASK_READ_BAD;
        tally.other += read == TASK_READ_OTHER;
        if (read == TASK_READ_TASK) {
            tally.tombstones += task.state == TASK_STATE_TOMBSTONE;
            tally.open += task_is_open(&task);
            tally.labelled += task.labels.n > 0;
            tally.bugs += slice_is(task.type, "bug");
            tally.lines += task.line;
        }
        arena_reset(&arena);
    }
    task_reader_close(reader);
    file_close(&file);
    arena_free(&arena);
    return tally;
}

static void the_examples_are_whole(void **state)
{
    (void)state;
    struct tally beads = tally_file("examples/backlog.jsonl", TASK_FORMAT_BEADS);
    assert_int_equal(beads.bad, 0);
    assert_int_equal(beads.other, 1);
    assert_int_equal(beads.tombstones, 1);
    struct tally list = tally_file("examples/tasks.md", TASK_FORMAT_MARKDOWN);
    assert_int_equal(list.bad, 0);
    assert_true(list.tasks >= 14);
    assert_true(beads.open + list.open >= 40);
}

static bool tally_data(const char *file_name, enum task_format expected, struct tally *tally)
{
    struct arena arena = {0};
    const char *directory = getenv("RUNG_DATA");
    const char *path = file_join(&arena, directory ? directory : "../shared/data", file_name);
    bool there = file_exists(path);
    if (there)
        *tally = tally_file(path, expected);
    else
        printf("%s is not there: nothing was read\n", path);
    arena_free(&arena);
    return there;
}

/* The figures were counted with Python's json module. */
static void a_whole_beads_backlog(void **state)
{
    (void)state;
    struct tally tally = {0};
    if (!tally_data("backlog.jsonl", TASK_FORMAT_BEADS, &tally))
        skip();
    assert_int_equal(tally.tasks, 1327);
    assert_int_equal(tally.bad + tally.other, 0);
    assert_int_equal(tally.tombstones, 3);
    assert_int_equal(tally.open, 150); /* 147 open, 2 in progress, 1 blocked */
    assert_int_equal(tally.labelled, 1164);
    assert_int_equal(tally.bugs, 63);
    assert_int_equal(tally.lines, 1327 * 1328 / 2);
}

static void rows_of_five_trackers(void **state)
{
    (void)state;
    struct tally tally = {0};
    if (!tally_data("tasks.jsonl", TASK_FORMAT_JSONL, &tally))
        skip();
    assert_int_equal(tally.tasks, 1781);
    assert_int_equal(tally.bad + tally.other, 0);
    assert_int_equal(tally.open, 191 + 12 + 9); /* open, in progress, hooked */
    assert_int_equal(tally.labelled, 1781);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_have_a_meaning),
        cmocka_unit_test(label_values_come_in_order),
        cmocka_unit_test(beads_fields),
        cmocka_unit_test(beads_lines_go_on_behind_a_bad_one),
        cmocka_unit_test(beads_come_in_every_wrapping),
        cmocka_unit_test(an_empty_backlog_has_no_tasks),
        cmocka_unit_test(bad_records_of_a_list_are_named),
        cmocka_unit_test(odd_characters_pass_or_are_named),
        cmocka_unit_test(the_first_of_duplicate_keys_counts),
        cmocka_unit_test(what_cannot_be_read_is_refused),
        cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(lists_are_cut),
        cmocka_unit_test(github_issues),
        cmocka_unit_test(taskmaster_tags_and_subtasks),
        cmocka_unit_test(taskmaster_scores_come_from_reports),
        cmocka_unit_test(backlog_front_matter_and_sections),
        cmocka_unit_test(backlog_files_one_behind_the_other),
        cmocka_unit_test(backlog_as_its_program_prints_it),
        cmocka_unit_test(markdown_spec_kit),
        cmocka_unit_test(markdown_nests),
        cmocka_unit_test(rows_take_fields_from_labels),
        cmocka_unit_test(long_titles_are_cut_at_a_blank),
        cmocka_unit_test(text_is_a_task_a_line),
        cmocka_unit_test(formats_are_told_apart),
        cmocka_unit_test(the_examples_are_whole),
        cmocka_unit_test(a_whole_beads_backlog),
        cmocka_unit_test(rows_of_five_trackers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
