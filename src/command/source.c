/* Receives the options that choose tasks, hands on one task after another. Refuses to know what
 * is done with them. */
#include "source.h"

#include "base/file.h"
#include "base/log.h"
#include "connect/connect.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct source {
    struct call *call;
    struct arena arena; /* names of files */
    enum task_format format;
    const char **paths; /* files still to be read, in the order of their names */
    size_t n_paths, at;
    struct file_bytes file;
    struct task_reader *reader;
    const char *path; /* of the file that is being read; NULL: it is none */
    struct source_counts counts;
    size_t opened; /* files of which something could be read */
};

static const struct option_value *option(const struct source *source, int row)
{
    return &source->call->options[row];
}

static void name_bad(struct source *source, const struct failure *failure)
{
    source->counts.read++;
    if (source->counts.bad++ < SOURCE_BAD_SHOWN)
        log_warning("%s", failure->text);
}

/* Task Master's report lies beside its tasks: ../reports/task-complexity-report.json. */
static bool add_complexity(struct source *source, const char *path, struct failure *failure)
{
    const struct option_value *given = option(source, SOURCE_COMPLEXITY);
    const char *report = NULL;
    if (given->given)
        report = arena_text(&source->arena, given->text);
    else if (path && task_reader_format(source->reader) == TASK_FORMAT_TASKMASTER)
        report = file_join(&source->arena, file_directory(&source->arena, path),
            "../reports/task-complexity-report.json");
    if (!report || (!given->given && !file_exists(report)))
        return true;
    struct file_bytes file;
    if (!file_open_plain(report, TASK_INPUT_BYTES_MOST, &file, failure))
        return false;
    bool ok = task_reader_add_complexity(source->reader, report, file.bytes, failure);
    file_close(&file);
    return ok;
}

static bool open_bytes(struct source *source, const char *name, const char *path,
    struct slice bytes, struct failure *failure)
{
    enum task_format format = source->format;
    if (format == TASK_FORMAT_AUTO)
        format = task_format_detect(bytes, name);
    source->path = path;
    if (!task_reader_open(format, name, bytes, &source->reader, failure))
        return false;
    return add_complexity(source, path, failure);
}

static void close_file(struct source *source)
{
    task_reader_close(source->reader);
    source->reader = NULL;
    file_close(&source->file);
}

/* Opens the next file that can be read; those that cannot are named. */
static bool open_next_path(struct source *source, struct failure *failure)
{
    close_file(source);
    while (source->at < source->n_paths) {
        const char *path = source->paths[source->at++];
        if (file_open_plain(path, TASK_INPUT_BYTES_MOST, &source->file, failure) &&
            open_bytes(source, path, path, source->file.bytes, failure)) {
            source->opened++;
            return true;
        }
        name_bad(source, failure);
        close_file(source);
    }
    return false;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool list_directory(struct source *source, const char *path, struct failure *failure)
{
    DIR *directory = opendir(path);
    if (!directory)
        return failure_set(failure, "cannot read the directory %s", path);
    size_t room = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        struct slice name = slice_from(entry->d_name);
        if (name.base[0] == '.' || !slice_ends(name, ".md") || source->n_paths == SOURCE_FILES_MOST)
            continue;
        source->paths = arena_grow(
            &source->arena, source->paths, source->n_paths, &room, sizeof(*source->paths));
        source->paths[source->n_paths++] = file_join(&source->arena, path, entry->d_name);
    }
    closedir(directory);
    if (source->n_paths == 0)
        return failure_set(failure, "%s has no .md files", path);
    qsort(source->paths, source->n_paths, sizeof(*source->paths), compare_paths);
    return true;
}

/* What a person names may be a pipe; what was found in the repository must not be. */
static bool open_path(struct source *source, const char *path, bool named, struct failure *failure)
{
    if (strcmp(path, "-") != 0 && file_is_directory(path)) {
        const char *tasks = file_join(&source->arena, path, "tasks");
        if (file_is_directory(tasks)) /* Backlog.md's folder: backlog/tasks */
            path = tasks;
        return list_directory(source, path, failure) &&
               (open_next_path(source, failure) ||
                   failure_set(failure, "%s: nothing could be read", path));
    }
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    bool ok = named ? file_open(path, TASK_INPUT_BYTES_MOST, &source->file, failure)
                    : file_open_plain(path, TASK_INPUT_BYTES_MOST, &source->file, failure);
    if (!ok || !open_bytes(source, name, name == path ? path : NULL, source->file.bytes, failure))
        return false;
    source->opened++;
    return true;
}

static bool input_is_waiting(void)
{
    struct stat status;
    return fstat(STDIN_FILENO, &status) == 0 &&
           (S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode) || S_ISSOCK(status.st_mode));
}

static bool open_tracker(struct source *source, struct failure *failure)
{
    struct connect_fetched fetched;
    const char *here = file_working_directory(&source->arena);
    if (!connect_fetch(&source->arena, here, &source->format, &fetched, failure))
        return false;
    if (fetched.warning.len)
        log_warning("%.*s", SLICE_ARG(fetched.warning));
    if (fetched.path)
        return open_path(source, fetched.path, false, failure);
    source->opened++;
    return open_bytes(source, fetched.name, NULL, fetched.bytes, failure);
}

/* No file named: what is piped in, and be it nothing, else what the tracker says. */
static bool open_unnamed(struct source *source, struct failure *failure)
{
    if (!input_is_waiting())
        return open_tracker(source, failure);
    if (!file_open("-", TASK_INPUT_BYTES_MOST, &source->file, failure))
        return false;
    if (slice_trim(source->file.bytes).len == 0) { /* an empty backlog of whatever format */
        log_note("standard input is empty: read 0 tasks");
        source->format = TASK_FORMAT_TEXT;
    }
    source->opened++;
    return open_bytes(source, "standard input", NULL, source->file.bytes, failure);
}

static bool names_priority(struct slice item)
{
    if (item.len == 2 && slice_ascii_lower(item.base[0]) == 'p')
        item = slice_sub(item, 1, 2);
    return item.len == 1 && item.base[0] >= '0' && item.base[0] <= '4';
}

bool source_check(const struct call *call, struct failure *failure)
{
    static const char *const fields[] = {"label", "id", "title", "type", "status", "file"};
    const struct option_value *from = &call->options[SOURCE_FROM];
    const struct option_value *where = &call->options[SOURCE_WHERE];
    struct slice rest = call->options[SOURCE_PRIORITY].text, item;
    enum task_format format;
    if (from->given && !task_format_from_name(from->text, &format))
        return failure_set(failure,
            "--from %.*s: no such format; there are beads, github, taskmaster, backlog, markdown, "
            "jsonl, text and auto",
            SLICE_ARG(from->text));
    while (call->options[SOURCE_PRIORITY].given && slice_next_field(&rest, ',', &item))
        if (!names_priority(slice_trim(item)))
            return failure_set(failure, "--priority takes P0 to P4, parted by commas, not \"%.*s\"",
                SLICE_ARG(item));
    for (size_t i = 0; i < where->n_many; i++) {
        size_t equals = slice_find_byte(where->many[i], '=');
        bool known = false;
        for (size_t k = 0; equals != SIZE_MAX && k < sizeof(fields) / sizeof(fields[0]); k++)
            known = known || slice_is(slice_sub(where->many[i], 0, equals), fields[k]);
        if (!known)
            return failure_set(failure,
                "--where %.*s: FIELD=GLOB is expected, with label, id, title, type, status or file",
                SLICE_ARG(where->many[i]));
    }
    return true;
}

bool source_is_chosen(const struct call *call)
{
    for (int i = 0; i < SOURCE_OPTIONS_COUNT; i++)
        if (call->options[i].given)
            return true;
    return false;
}

bool source_open(struct call *call, struct source **made, struct failure *failure)
{
    struct source *source = memory_take(sizeof(*source));
    source->call = call;
    const struct option_value *from = option(source, SOURCE_FROM),
                              *file = option(source, SOURCE_FILE);
    bool ok = true;
    if (from->given && !task_format_from_name(from->text, &source->format))
        ok = failure_set(failure,
            "--from %.*s: no such format; there are beads, github, taskmaster, backlog, markdown, "
            "jsonl, text and auto",
            SLICE_ARG(from->text));
    else if (file->given)
        ok = open_path(source, arena_text(&source->arena, file->text), true, failure);
    else
        ok = open_unnamed(source, failure);
    if (!ok) {
        source_close(source);
        source = NULL;
    }
    *made = source;
    return ok;
}

/* True where `list` is empty or names `value`; "P1" and "1" name priority 1. */
static bool is_listed(const struct option_value *list, struct slice value)
{
    if (!list->given)
        return true;
    struct slice rest = list->text, item;
    while (slice_next_field(&rest, ',', &item))
        if (slice_equal_caseless(slice_trim(item), value))
            return true;
    return false;
}

static bool has_priority(const struct option_value *list, int priority)
{
    if (!list->given)
        return true;
    if (priority < 0)
        return false;
    const char names[] = {'P', (char)('0' + priority)};
    return is_listed(list, (struct slice){names, 2}) ||
           is_listed(list, (struct slice){names + 1, 1});
}

static bool any_matches(const struct task_list *list, struct slice glob)
{
    for (size_t i = 0; i < list->n; i++)
        if (slice_glob(list->items[i], glob))
            return true;
    return false;
}

static bool holds_where(const struct task *task, struct slice condition)
{
    size_t equals = slice_find_byte(condition, '=');
    struct slice field = slice_sub(condition, 0, equals);
    struct slice glob = slice_sub(condition, equals + 1, condition.len);
    if (slice_is(field, "label"))
        return any_matches(&task->labels, glob);
    if (slice_is(field, "file"))
        return any_matches(&task->files, glob);
    return slice_glob(slice_is(field, "id")      ? task->id
                      : slice_is(field, "title") ? task->title
                      : slice_is(field, "type")  ? task->type
                                                 : task->status,
        glob);
}

static bool passes(const struct source *source, const struct task *task)
{
    if (!is_listed(option(source, SOURCE_STATUS), task->status) ||
        !is_listed(option(source, SOURCE_TYPE), task->type) ||
        !has_priority(option(source, SOURCE_PRIORITY), task->priority))
        return false;
    const struct option_value *where = option(source, SOURCE_WHERE);
    for (size_t i = 0; i < where->n_many; i++)
        if (!holds_where(task, where->many[i]))
            return false;
    return true;
}

/* Counts a record that was read; true where it is to be handed on. */
static bool admit(struct source *source, const struct task *task)
{
    struct source_counts *counts = &source->counts;
    counts->read++;
    counts->with_label += task->labels.n > 0;
    bool wants_all = option(source, SOURCE_ALL)->given || option(source, SOURCE_STATUS)->given;
    if (task->state == TASK_STATE_TOMBSTONE)
        counts->tombstone++;
    else if (!wants_all && !task_is_open(task))
        counts->not_open++;
    else if (!passes(source, task))
        counts->filtered++;
    else
        return true;
    return false;
}

bool source_next(struct source *source, struct arena *arena, struct task *task)
{
    struct failure failure;
    for (;;) {
        arena_reset(arena);
        switch (task_reader_next(source->reader, arena, task, &failure)) {
        case TASK_READ_TASK:
            if (admit(source, task))
                return true;
            break;
        case TASK_READ_BAD:
            name_bad(source, &failure);
            break;
        case TASK_READ_OTHER:
            source->counts.read++;
            source->counts.memory++;
            break;
        case TASK_READ_END:
            if (!open_next_path(source, &failure))
                return false;
            break;
        }
    }
}

enum task_format source_format(const struct source *source)
{
    return task_reader_format(source->reader);
}

const char *source_path(const struct source *source)
{
    return source->path;
}

const struct source_counts *source_counted(const struct source *source)
{
    return &source->counts;
}

void source_finish(const struct source *source)
{
    const struct source_counts *counts = &source->counts;
    if (counts->bad > SOURCE_BAD_SHOWN)
        log_warning("%zu more records could not be read", counts->bad - SOURCE_BAD_SHOWN);
    bool is_beads = source->format == TASK_FORMAT_BEADS ||
                    (source->reader && task_reader_format(source->reader) == TASK_FORMAT_BEADS);
    if (is_beads && counts->read > counts->bad + 1 && counts->with_label == 0)
        log_warning("no record has any label: exports are known to lose them; compare with "
                    "`bd list --json --limit 0`");
}

void source_close(struct source *source)
{
    if (!source)
        return;
    close_file(source);
    arena_free(&source->arena);
    free(source);
}
