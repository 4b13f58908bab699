/* Receives Task Master's tasks.json, tagged or legacy, and its complexity report; hands on every
 * task and, behind it, its subtasks. */
#include "reader.h"

#include "fields.h"

#include <stdlib.h>
#include <string.h>

enum taskmaster_field {
    TM_ID,
    TM_TITLE,
    TM_DESCRIPTION,
    TM_DETAILS,
    TM_TEST_STRATEGY,
    TM_STATUS,
    TM_PRIORITY,
    TM_TYPE,
    TM_LABELS,
    TM_DEPENDENCIES,
    TM_SUBTASKS,
    TM_COMPLEXITY,
    TM_FILES,
    TM_ACCEPTANCE,
    TM_METADATA,
    TM_FIELDS,
};

static const struct slice KEYS[TM_FIELDS] = {
    [TM_ID] = SLICE("id"),
    [TM_TITLE] = SLICE("title"),
    [TM_DESCRIPTION] = SLICE("description"),
    [TM_DETAILS] = SLICE("details"),
    [TM_TEST_STRATEGY] = SLICE("testStrategy"),
    [TM_STATUS] = SLICE("status"),
    [TM_PRIORITY] = SLICE("priority"),
    [TM_TYPE] = SLICE("category"),
    [TM_LABELS] = SLICE("labels"),
    [TM_DEPENDENCIES] = SLICE("dependencies"),
    [TM_SUBTASKS] = SLICE("subtasks"),
    [TM_COMPLEXITY] = SLICE("complexity"),
    [TM_FILES] = SLICE("relevantFiles"),
    [TM_ACCEPTANCE] = SLICE("acceptanceCriteria"),
    [TM_METADATA] = SLICE("metadata"),
};

struct complexity_word {
    const char *word;
    int score;
};

static const struct complexity_word COMPLEXITY_WORDS[] = {
    {"simple", 2},
    {"moderate", 5},
    {"complex", 8},
    {"very-complex", 10},
};

static int read_complexity(struct json value)
{
    struct slice word;
    double score = 0;
    if (json_text(value, &word)) {
        for (size_t i = 0; i < sizeof(COMPLEXITY_WORDS) / sizeof(*COMPLEXITY_WORDS); i++)
            if (slice_is_caseless(slice_trim(word), COMPLEXITY_WORDS[i].word))
                return COMPLEXITY_WORDS[i].score;
        if (!slice_to_double(slice_trim(word), &score))
            return 0;
    } else if (!json_double(value, &score)) {
        return 0;
    }
    return score >= 1 && score <= 10 ? (int)(score + 0.5) : 0;
}

static bool is_master(struct slice tag)
{
    return tag.len == 0 || slice_is(tag, "master");
}

/* "3" of master; "tag:3" of another tag. */
static struct slice tagged_id(struct arena *arena, struct slice tag, struct slice id)
{
    if (is_master(tag))
        return id;
    return arena_print(arena, "%.*s:%.*s", SLICE_ARG(tag), SLICE_ARG(id));
}

bool taskmaster_open(struct task_reader *reader, struct failure *failure)
{
    struct taskmaster_place *place = &reader->taskmaster;
    struct json root = reader->records.root;
    if (reader->records.by_line && !reader->records.only_line)
        return failure_set(failure,
            "%s: more than one JSON document, so no tasks.json of Task Master", reader->name);
    if (!root.document || json_kind(root) == JSON_NULL)
        return true;
    if (json_kind(root) == JSON_ARRAY)
        place->tasks = json_walk_over(root);
    else if (json_kind(json_get(root, "tasks")) == JSON_ARRAY)
        place->tasks = json_walk_over(json_get(root, "tasks"));
    else
        place->in_tags = true;
    if (!place->in_tags)
        return true;
    place->tags = json_walk_over(root);
    struct json_walk walk = place->tags;
    while (json_next(&walk))
        if (json_kind(json_get(walk.value, "tasks")) == JSON_ARRAY)
            return true;
    return failure_set(failure,
        "%s: no list of \"tasks\", neither at the top nor in a tag: "
        "no tasks.json of Task Master",
        reader->name);
}

/* Moves to the next subtask, task or tag, in this order. False at the end. */
static bool next_place(struct taskmaster_place *place, struct json *record)
{
    for (;;) {
        if (place->in_subtasks && json_next(&place->subtasks)) {
            place->subtask++;
            *record = place->subtasks.value;
            return true;
        }
        place->in_subtasks = false;
        if (json_next(&place->tasks)) {
            place->task++;
            *record = place->tasks.value;
            return true;
        }
        if (!place->in_tags || !json_next(&place->tags))
            return false;
        place->tag = place->tags.key;
        place->tasks = json_walk_over(json_get(place->tags.value, "tasks"));
        place->task = 0;
    }
}

static bool is_sibling(struct arena *arena, struct json siblings, struct slice id)
{
    struct json_walk walk = json_walk_over(siblings);
    for (size_t i = 0; i < TASK_LIST_MOST && json_next(&walk); i++)
        if (slice_equal(fields_text(arena, json_get(walk.value, "id")), id))
            return true;
    return false;
}

/* A subtask speaks of its siblings by their own number, and of every other task by the whole. */
static void name_dependencies(
    const struct taskmaster_place *place, struct arena *arena, struct task_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        struct slice *id = &list->items[i];
        bool local = place->in_subtasks && slice_find_byte(*id, '.') == SIZE_MAX &&
                     is_sibling(arena, place->siblings, *id);
        if (local)
            *id = arena_print(arena, "%.*s.%.*s", SLICE_ARG(place->parent_id), SLICE_ARG(*id));
        else
            *id = tagged_id(arena, place->tag, *id);
    }
}

static int compare_scores(const void *a, const void *b)
{
    const struct task_score *left = a, *right = b;
    return slice_compare(left->id, right->id);
}

static int score_of(const struct task_reader *reader, struct slice id)
{
    const struct task_score key = {id, 0};
    const struct task_score *found =
        reader->n_scores
            ? bsearch(&key, reader->scores, reader->n_scores, sizeof(key), compare_scores)
            : NULL;
    return found ? found->score : 0;
}

/* The id within its list: what the record says, or its position. */
static struct slice own_id(
    const struct taskmaster_place *place, struct arena *arena, struct json value)
{
    struct slice id = fields_text(arena, value);
    size_t position = place->in_subtasks ? place->subtask : place->task;
    return id.len ? id : arena_print(arena, "%zu", position);
}

static void read_fields(const struct taskmaster_place *place, struct arena *arena,
    const struct json *values, struct task *task)
{
    const struct slice parts[] = {
        fields_text(arena, values[TM_DESCRIPTION]),
        fields_text(arena, values[TM_DETAILS]),
        fields_text(arena, values[TM_TEST_STRATEGY]),
    };
    task->title = fields_text(arena, values[TM_TITLE]);
    task->body = fields_join(arena, parts, sizeof(parts) / sizeof(*parts));
    task->status = fields_text(arena, values[TM_STATUS]);
    task->type = fields_text(arena, values[TM_TYPE]);
    task->priority = fields_priority(values[TM_PRIORITY]);
    task->labels = fields_texts(arena, values[TM_LABELS], "name", TASK_LABELS_MOST);
    task->files = fields_texts(arena, values[TM_FILES], "path", TASK_LIST_MOST);
    task->depends_on = fields_texts(arena, values[TM_DEPENDENCIES], "id", TASK_LIST_MOST);
    name_dependencies(place, arena, &task->depends_on);
    struct slice acceptance;
    if (json_text(values[TM_ACCEPTANCE], &acceptance))
        task->acceptance = fields_lines(arena, acceptance, TASK_LIST_MOST);
    else
        task->acceptance = fields_texts(arena, values[TM_ACCEPTANCE], "text", TASK_LIST_MOST);
    task->complexity = read_complexity(values[TM_COMPLEXITY]);
    fields_metadata(arena, values[TM_METADATA], task);
}

static enum task_read bad_place(const struct task_reader *reader, struct failure *failure)
{
    const struct taskmaster_place *place = &reader->taskmaster;
    struct slice tag = place->tag.len ? place->tag : slice_from("master");
    if (place->in_subtasks)
        failure_prefix(failure, "%s: tag %.*s, task %zu, subtask %zu", reader->name, SLICE_ARG(tag),
            place->task, place->subtask);
    else
        failure_prefix(
            failure, "%s: tag %.*s, task %zu", reader->name, SLICE_ARG(tag), place->task);
    return TASK_READ_BAD;
}

enum task_read taskmaster_next(
    struct task_reader *reader, struct arena *arena, struct task *task, struct failure *failure)
{
    struct taskmaster_place *place = &reader->taskmaster;
    struct json record, values[TM_FIELDS];
    if (!next_place(place, &record))
        return TASK_READ_END;
    if (json_kind(record) != JSON_OBJECT) {
        failure_set(failure, "not an object");
        return bad_place(reader, failure);
    }
    fields_collect(record, KEYS, TM_FIELDS, values);
    struct slice id = own_id(place, arena, values[TM_ID]);
    if (place->in_subtasks) {
        task->id = arena_print(arena, "%.*s.%.*s", SLICE_ARG(place->parent_id), SLICE_ARG(id));
        task->context = place->parent_title;
    } else {
        task->id = tagged_id(arena, place->tag, id);
    }
    read_fields(place, arena, values, task);
    if (task->complexity == 0)
        task->complexity = score_of(reader, task->id);
    bool complete = reader_complete(reader, arena, task, failure);
    struct json subtasks = values[TM_SUBTASKS];
    if (!place->in_subtasks && json_kind(subtasks) == JSON_ARRAY && json_count(subtasks)) {
        /* what its subtasks need of it must outlive the caller's arena */
        place->parent_title = slice_trim(json_get_text(record, "title"));
        place->parent_id = arena_copy(&reader->arena, task->id);
        place->siblings = subtasks;
        place->subtasks = json_walk_over(subtasks);
        place->subtask = 0;
        place->in_subtasks = true;
    }
    return complete ? TASK_READ_TASK : bad_place(reader, failure);
}

/* The tag that a report's file name speaks of: "task-complexity-report_TAG.json". */
static struct slice report_tag(const char *name)
{
    struct slice rest = slice_from(name);
    size_t at = slice_find(rest, "complexity-report_");
    if (at == SIZE_MAX)
        return (struct slice){"", 0};
    rest = slice_sub(rest, at + strlen("complexity-report_"), rest.len);
    return slice_sub(rest, 0, slice_find(rest, ".json"));
}

/* Copies the scores of a parsed report into the reader, sorted. */
static bool take_scores(
    struct task_reader *reader, const char *name, struct json report, struct failure *failure)
{
    struct json rows = json_get(report, "complexityAnalysis");
    if (json_kind(rows) != JSON_ARRAY)
        return failure_set(failure,
            "%s: no list \"complexityAnalysis\": no complexity report of "
            "Task Master",
            name);
    size_t n = reader->n_scores;
    struct task_score *scores =
        ARENA_ARRAY(&reader->arena, struct task_score, n + json_count(rows));
    if (n)
        memcpy(scores, reader->scores, n * sizeof(*scores));
    struct slice tag = report_tag(name);
    struct json_walk walk = json_walk_over(rows);
    while (json_next(&walk)) {
        struct slice id = fields_text(&reader->arena, json_get(walk.value, "taskId"));
        int score = read_complexity(json_get(walk.value, "complexityScore"));
        if (id.len && score)
            scores[n++] = (struct task_score){
                arena_copy(&reader->arena, tagged_id(&reader->arena, tag, id)), score};
    }
    if (n)
        qsort(scores, n, sizeof(*scores), compare_scores);
    reader->scores = scores;
    reader->n_scores = n;
    return true;
}

bool task_reader_add_complexity(
    struct task_reader *reader, const char *name, struct slice bytes, struct failure *failure)
{
    struct json report;
    if (bytes.len > TASK_DOCUMENT_BYTES_MOST)
        return failure_set(
            failure, "%s: %zu bytes; the most is %d", name, bytes.len, TASK_DOCUMENT_BYTES_MOST);
    struct json_parser *parser = json_parser_make();
    bool ok = json_parse(parser, bytes, &report, failure);
    if (!ok)
        failure_prefix(failure, "%s", name);
    ok = ok && take_scores(reader, name, report, failure);
    json_parser_free(parser);
    return ok;
}
