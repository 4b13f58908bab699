/* Receives decisions, hands them to the tracker that each task came from: bd and gh one by one,
 * files whole, where nobody has changed them meanwhile. */
#include "write.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "connect/connect.h"

#include <stdlib.h>
#include <sys/stat.h>

enum { WRITE_FAILURES_MOST = 3 }; /* in a row, then the tracker is given up */

/* Notes for one file, or (path NULL) for one program. */
struct batch {
    const char *path;
    enum task_format format;
    struct connect_note *notes;
    size_t n, room;
};

struct writing {
    enum write_mode mode;
    const struct policy *policy;
    struct arena arena;
    struct batch *batches;
    size_t n_batches, room;
    size_t written, same, left, failed;
};

struct writing *writing_make(enum write_mode mode, const struct policy *policy)
{
    struct writing *writing = memory_take(sizeof(*writing));
    *writing = (struct writing){.mode = mode, .policy = policy};
    return writing;
}

void writing_free(struct writing *writing)
{
    if (!writing)
        return;
    arena_free(&writing->arena);
    free(writing);
}

static struct batch *batch_of(struct writing *writing, const char *path, enum task_format format)
{
    struct batch *last = writing->n_batches ? &writing->batches[writing->n_batches - 1] : NULL;
    if (last && last->format == format &&
        (last->path == path || (path && last->path && slice_is(slice_from(path), last->path))))
        return last;
    writing->batches = arena_grow(&writing->arena, writing->batches, writing->n_batches,
        &writing->room, sizeof(*writing->batches));
    writing->batches[writing->n_batches] = (struct batch){
        .path = path ? arena_text(&writing->arena, slice_from(path)) : NULL, .format = format};
    return &writing->batches[writing->n_batches++];
}

/* Formats whose mark is the rung's name alone. */
static bool is_marked_by_name(enum task_format format)
{
    return format == TASK_FORMAT_GITHUB || format == TASK_FORMAT_BACKLOG ||
           format == TASK_FORMAT_MARKDOWN;
}

static bool is_same(
    const struct task *task, enum task_format format, const struct policy_rung *rung)
{
    if (task->rung_decision.len == 0)
        return false;
    if (is_marked_by_name(format))
        return slice_equal(task->rung_decision, rung->name);
    return slice_equal(task->suggested_model, rung->model) &&
           slice_equal(task->suggested_effort, rung->effort);
}

void writing_add(struct writing *writing, const struct source *source, const struct task *task,
    const struct decision *decision, struct slice id)
{
    struct arena *arena = &writing->arena;
    const struct policy_rung *rung = &writing->policy->rungs[decision->rung];
    enum task_format format = source_format(source);
    bool marked = task->rung_decision.len > 0;
    if (writing->mode == WRITE_UNDO && !marked)
        return;
    if (writing->mode != WRITE_UNDO) {
        bool persons = decision->strategy == DECIDE_EXPLICIT_LABEL ||
                       (!marked && (task->suggested_model.len || task->suggested_effort.len));
        bool same = is_same(task, format, rung);
        writing->left += persons;
        writing->same += !persons && same;
        if (persons || same)
            return;
    }
    struct batch *batch = batch_of(writing, source_path(source), format);
    batch->notes = arena_grow(arena, batch->notes, batch->n, &batch->room, sizeof(*batch->notes));
    batch->notes[batch->n++] = (struct connect_note){
        .id = arena_copy(arena, task->id),
        .line = task->line,
        .rung = rung->name,
        .model = rung->model,
        .effort = rung->effort,
        .decision = arena_copy(arena, id.len ? id : slice_from("rung")),
        .had = arena_copy(arena, task->rung_decision),
    };
}

static void preview(const struct writing *writing, struct batch *batch, FILE *out)
{
    struct arena arena = {0};
    for (size_t i = 0; i < batch->n; i++)
        fprintf(out, "%.*s: %.*s (%.*s%s%.*s) -> %s%s%s\n",
            SLICE_ARG(text_one_line(&arena, batch->notes[i].id, 0)),
            SLICE_ARG(batch->notes[i].rung), SLICE_ARG(batch->notes[i].model),
            batch->notes[i].effort.len ? " " : "", SLICE_ARG(batch->notes[i].effort),
            connect_write_place(batch->format), batch->path ? " in " : "",
            batch->path ? batch->path : "");
    (void)writing;
    arena_free(&arena);
}

static bool write_file(struct writing *writing, struct batch *batch, struct failure *failure)
{
    struct arena *arena = &writing->arena;
    struct file_bytes file = {0};
    struct stat status;
    struct slice changed;
    if (stat(batch->path, &status) != 0 ||
        !file_open_plain(batch->path, TASK_INPUT_BYTES_MOST, &file, failure))
        return failure_prefix(failure, "cannot write decisions");
    struct slice text = arena_copy(arena, file.bytes);
    file_close(&file);
    bool ok = connect_write_text(arena, batch->format, text, batch->notes, batch->n,
        writing->mode == WRITE_UNDO, &changed, failure);
    if (!ok)
        return failure_prefix(failure, "%s", batch->path);
    return slice_equal(text, changed) ||
           file_replace(batch->path, changed, status.st_mode & 0777, failure);
}

static bool write_issues(struct writing *writing, struct batch *batch, struct failure *failure)
{
    size_t in_a_row = 0, failed = 0;
    for (size_t i = 0; i < batch->n && in_a_row < WRITE_FAILURES_MOST; i++) {
        if (connect_write_issue(&writing->arena, batch->format, &batch->notes[i],
                writing->mode == WRITE_UNDO, failure)) {
            writing->written++;
            in_a_row = 0;
            continue;
        }
        log_error("%.*s: %s", SLICE_ARG(batch->notes[i].id), failure->text);
        failed++;
        in_a_row++;
    }
    if (in_a_row == WRITE_FAILURES_MOST)
        return failure_set(failure,
            "%zu decisions were not written: given up after %d failures in a row", failed,
            WRITE_FAILURES_MOST);
    return failed == 0 || failure_set(failure, "%zu decisions could not be written", failed);
}

static bool write_batch(
    struct writing *writing, struct batch *batch, FILE *out, struct failure *failure)
{
    if (!connect_write_place(batch->format))
        return failure_set(
            failure, "the format %s has no place for a decision", task_format_name(batch->format));
    bool by_program = batch->format == TASK_FORMAT_BEADS || batch->format == TASK_FORMAT_GITHUB;
    if (!by_program && !batch->path)
        return failure_set(
            failure, "what came on standard input cannot be written back; name it with --file");
    if (writing->mode == WRITE_PREVIEW) {
        preview(writing, batch, out);
        return true;
    }
    if (by_program)
        return write_issues(writing, batch, failure);
    if (!write_file(writing, batch, failure))
        return false;
    writing->written += batch->n;
    return true;
}

bool writing_finish(struct writing *writing, FILE *out, struct failure *failure)
{
    struct failure one = {0};
    bool ok = true;
    for (size_t i = 0; i < writing->n_batches; i++)
        if (!write_batch(writing, &writing->batches[i], out, &one)) {
            if (!ok)
                log_error("%s", failure->text);
            *failure = one;
            ok = false;
        }
    if (writing->mode == WRITE_UNDO)
        log_note("%zu decisions taken out", writing->written);
    else if (writing->mode == WRITE_DECISIONS)
        log_note("%zu decisions written, %zu stood there already, %zu left to what a person named",
            writing->written, writing->same, writing->left);
    return ok;
}
