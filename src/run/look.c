/* Receives the journal of a run, hands on how far its tasks are; and carries a person's wish that
 * it stop to the process that works on it. Takes no lock on a journal: a run that goes on must
 * never meet one. */
#include "run.h"

#include "base/file.h"
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    READ_BYTES = 1 << 20,
    LOOK_BYTES_MOST = 64 << 20, /* of one journal */
    LOCK_LINE_BYTES = 256,
    SAID_BYTES_MOST = 4 << 20,
};

/* ---- is anybody at work? ---- */

/* Whether a line of /proc/locks, "1: FLOCK ADVISORY WRITE 707 08:01:1234 0 EOF", is a lock by flock
 * on the file of this number, on whatever disk. */
static bool is_lock_on(struct slice line, ino_t inode)
{
    struct slice field, file = {0};
    int64_t number = -1;
    bool is_flock = false;
    for (int i = 0; i < 6 && slice_next_field(&line, ' ', &field);)
        if (field.len) { /* blanks fill the columns */
            is_flock = is_flock || (i == 1 && slice_is(field, "FLOCK"));
            file = field;
            i++;
        }
    for (int i = 0; i < 2; i++) /* behind the disk's numbers */
        file = slice_sub(file, slice_find_byte(file, ':') + 1, file.len);
    return is_flock && slice_to_int64(file, &number) && (ino_t)number == inode;
}

static bool is_locked(const char *path)
{
    struct stat about;
    char line[LOCK_LINE_BYTES];
    bool found = false;
    FILE *locks = lstat(path, &about) == 0 ? fopen("/proc/locks", "re") : NULL;
    while (locks && !found && fgets(line, sizeof(line), locks))
        found = is_lock_on(slice_from(line), about.st_ino);
    if (locks)
        fclose(locks);
    return found;
}

/* ---- one line ---- */

struct looking {
    struct arena *arena;
    struct run_look *look;
    size_t room;
};

static struct run_task_look *task_at(struct looking *looking, struct json line)
{
    struct run_look *look = looking->look;
    int64_t index = -1;
    if (!json_int64(json_get(line, "task"), &index) || index < 0 || index >= RUN_TASKS_MOST)
        return NULL;
    while ((int64_t)look->n_tasks <= index) {
        look->tasks = arena_grow(
            looking->arena, look->tasks, look->n_tasks, &looking->room, sizeof(*look->tasks));
        look->tasks[look->n_tasks++] = (struct run_task_look){.state = RUN_LOOK_QUEUED};
    }
    return &look->tasks[index];
}

static struct slice copy_text(struct arena *arena, struct json object, const char *key)
{
    return arena_copy(arena, json_get_text(object, key));
}

static double number_of(struct json object, const char *key)
{
    double number = 0;
    return json_double(json_get(object, key), &number) ? number : 0;
}

static void take_experiment(
    struct looking *looking, struct run_task_look *task, struct json experiment)
{
    task->experiment = copy_text(looking->arena, experiment, "id");
    if (task->rung.len == 0)
        task->rung = copy_text(looking->arena, experiment, "rung");
    if (task->n_attempts) /* before the first one its cost is only what is expected */
        task->spent_usd = number_of(experiment, "cost");
    task->seconds = number_of(experiment, "timeToComplete");
    task->streaming_usd = 0;
}

/* How a task that is over counts: not begun or given up is neither a failure of the work. */
static enum run_look_state state_of(struct slice stop)
{
    if (slice_is(stop, run_stop_name(RUN_ACCEPTED)))
        return RUN_LOOK_ACCEPTED;
    bool failed = slice_is(stop, run_stop_name(RUN_NO_RUNG_LEFT)) ||
                  slice_is(stop, run_stop_name(RUN_MAX_ATTEMPTS)) ||
                  slice_is(stop, run_stop_name(RUN_NOT_WORTH_IT)) ||
                  slice_is(stop, run_stop_name(RUN_REJECTED)) ||
                  slice_is(stop, run_stop_name(RUN_TROUBLE));
    return failed ? RUN_LOOK_FAILED : RUN_LOOK_STOPPED;
}

static void take_task_line(struct looking *looking, struct json line)
{
    struct arena *arena = looking->arena;
    struct run_task_look *task = task_at(looking, line);
    struct json is = json_get(line, "is"), experiment = json_get(line, "experiment");
    struct slice rung = json_get_text(line, "attempting"), stop = json_get_text(line, "stop");
    if (!task)
        return;
    if (is.document) {
        task->task_id = copy_text(arena, is, "id");
        task->title = copy_text(arena, is, "title");
    }
    if (rung.len) {
        task->state = RUN_LOOK_RUNNING;
        task->rung = arena_copy(arena, rung);
        task->phase = copy_text(arena, line, "phase");
        task->n_attempts++;
    }
    if (json_get(line, "unwanted").document && task->state == RUN_LOOK_QUEUED) {
        task->state = RUN_LOOK_STOPPED;
        task->why = slice_from("a person stopped it before its turn came");
    }
    if (json_get(line, "spend").document)
        task->streaming_usd = number_of(line, "spend");
    if (experiment.document)
        take_experiment(looking, task, experiment);
    if (stop.len) {
        task->state = state_of(stop);
        task->stop = arena_copy(arena, stop);
        task->why = copy_text(arena, line, "why");
        task->branch = copy_text(arena, line, "branch");
    }
}

static void take_line(struct looking *looking, struct json line)
{
    struct run_look *look = looking->look;
    bool ended = false;
    if (json_get(line, "run").document) {
        json_int64(json_get(line, "at"), &look->begun_ms);
        look->is_swarm = json_get_text(line, "signature").len > 0;
    } else if (json_bool(json_get(line, "end"), &ended)) {
        look->is_over = look->is_over || ended;
    } else {
        take_task_line(looking, line);
    }
}

/* ---- the whole ---- */

static void take_lines(struct looking *looking, struct json_parser *parser, struct slice text)
{
    struct slice line;
    struct json json;
    struct failure unread;
    while (slice_next_line(&text, &line))
        if (json_parse(parser, line, &json, &unread))
            take_line(looking, json);
}

/* What nobody works on is stopped where it was. */
static void settle(struct run_look *look)
{
    for (size_t i = 0; i < look->n_tasks; i++) {
        struct run_task_look *task = &look->tasks[i];
        task->spent_usd += task->streaming_usd;
        bool is_open = task->state == RUN_LOOK_RUNNING || task->state == RUN_LOOK_QUEUED;
        if (is_open && !look->is_live)
            task->state = RUN_LOOK_STOPPED;
        look->n_of_state[task->state]++;
        look->spent_usd += task->spent_usd;
    }
}

static const char *file_of(
    struct arena *arena, const char *home, struct slice id, const char *suffix)
{
    return arena_print(arena, "%s/runs/%.*s%s", home, SLICE_ARG(id), suffix).base;
}

bool run_is_live(struct arena *arena, const char *home, struct slice id)
{
    return run_is_id(id) && is_locked(file_of(arena, home, id, ".jsonl"));
}

bool run_look(struct arena *arena, const char *home, struct slice id, struct run_look *look,
    bool *found, struct failure *failure)
{
    struct looking looking = {.arena = arena, .look = look};
    struct json_parser *parser = NULL;
    int64_t at = 0;
    bool ok = true;
    *look = (struct run_look){.id = arena_copy(arena, id)};
    const char *path = run_is_id(id) ? file_of(arena, home, id, ".jsonl") : NULL;
    *found = path && file_exists(path);
    if (!*found)
        return true;
    look->is_live = is_locked(path);
    parser = json_parser_make();
    while (ok && at < LOOK_BYTES_MOST) {
        struct arena scratch = {0};
        struct run_lines lines;
        ok = run_read_journal(&scratch, home, id, at, READ_BYTES, &lines, failure);
        if (ok)
            take_lines(&looking, parser, lines.text);
        bool is_end = ok && lines.next == at;
        at = lines.next;
        arena_free(&scratch);
        if (is_end)
            break;
    }
    json_parser_free(parser);
    look->is_live = look->is_live && !look->is_over;
    settle(look);
    return ok;
}

/* ---- wishes ---- */

bool run_ask_to_stop(
    struct arena *arena, const char *home, struct slice id, int64_t task, struct failure *failure)
{
    char wish[32];
    const char *path = file_of(arena, home, id, ".stop");
    int len = task < 0 ? snprintf(wish, sizeof(wish), "all\n")
                       : snprintf(wish, sizeof(wish), "%lld\n", (long long)task);
    if (!run_is_id(id))
        return failure_set(failure, "\"%.*s\" is no run's id", SLICE_ARG(id));
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    bool ok = fd >= 0 && flock(fd, LOCK_EX) == 0 && write(fd, wish, (size_t)len) == len;
    if (!ok)
        failure_set(failure, "cannot write %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

bool run_take_wishes(struct arena *arena, const char *home, struct slice id, struct slice *wishes)
{
    char bytes[RUN_WISHES_BYTES_MOST];
    const char *path = file_of(arena, home, id, ".stop");
    struct stat about;
    *wishes = (struct slice){0};
    if (lstat(path, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size == 0)
        return false;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t n = fd >= 0 && flock(fd, LOCK_EX) == 0 ? read(fd, bytes, sizeof(bytes)) : -1;
    if (n > 0 && ftruncate(fd, 0) == 0)
        *wishes = arena_copy(arena, (struct slice){bytes, (size_t)n});
    if (fd >= 0)
        close(fd);
    return wishes->len > 0;
}

void run_forget_wishes(struct arena *arena, const char *home, struct slice id)
{
    if (run_is_id(id))
        unlink(file_of(arena, home, id, ".stop"));
}

/* ---- what was said ---- */

static void take_said(
    struct arena *arena, struct json line, struct run_said **items, size_t *n, size_t *room)
{
    struct run_said said = {.text = copy_text(arena, line, "text")};
    if (!json_int64(json_get(line, "attempt"), &said.attempt) || said.attempt < 0)
        return;
    json_bool(json_get(line, "truncated"), &said.is_cut);
    *items = arena_grow(arena, *items, *n, room, sizeof(**items));
    (*items)[(*n)++] = said;
}

size_t run_read_said(
    struct arena *arena, const char *home, struct slice experiment, struct run_said **items)
{
    struct failure unread;
    struct file_bytes file;
    struct slice line;
    struct json json;
    size_t n = 0, room = 0;
    *items = NULL;
    if (!run_is_id(experiment) || !file_refuse_links(home, "said", &unread))
        return 0;
    const char *path = arena_print(arena, "%s/said/%.*s.jsonl", home, SLICE_ARG(experiment)).base;
    if (!file_open_unlinked(path, SAID_BYTES_MOST, &file, &unread))
        return 0;
    struct json_parser *parser = json_parser_make();
    struct slice rest = file.bytes;
    while (n < RUN_ATTEMPTS_MOST && slice_next_line(&rest, &line))
        if (json_parse(parser, line, &json, &unread))
            take_said(arena, json, items, &n, &room);
    json_parser_free(parser);
    file_close(&file);
    return n;
}
