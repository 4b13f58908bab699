/* Receives a call of run or swarm, hands on its tasks one after another: from the words themselves,
 * from a source, or from a template for each file that a glob matches. */
#include "run_going.h"

#include "base/file.h"
#include "base/git.h"
#include "base/text.h"

#include <string.h>

enum { TEMPLATE_BYTES_MOST = 1 << 20 };

/* A title's own words make the id of a task that has none. */
static struct task task_from_words(struct going *going)
{
    struct call *call = going->call;
    struct slice title = call->words[0];
    const struct option_value *labels = option(going, GO_LABEL), *files = option(going, GO_TOUCHES);
    return (struct task){
        .title = title,
        .body = option(going, GO_BODY)->text,
        .id = option(going, GO_ID)->given ? option(going, GO_ID)->text
                                          : text_one_line(call->arena, title, 32),
        .type = option(going, GO_TYPE)->text,
        .labels = {labels->many, labels->n_many},
        .files = {files->many, files->n_many},
        .priority = -1,
        .source = "command line",
    };
}

bool going_has_source(const struct going *going)
{
    return option(going, SOURCE_FROM)->given || option(going, SOURCE_FILE)->given;
}

static bool take_from_source(
    struct going *going, struct slice id, take_task *take, void *context, struct failure *failure)
{
    struct source *source = NULL;
    struct arena arena = {0};
    struct task task;
    size_t n = 0;
    if (!source_open(going->call, &source, failure))
        return false;
    bool ok = true;
    while (ok && source_next(source, &arena, &task)) {
        if (id.len && !slice_equal(task.id, id))
            continue;
        n++;
        ok = take(context, &task, failure);
    }
    source_finish(source);
    source_close(source);
    arena_free(&arena);
    if (ok && n == 0 && id.len)
        ok = failure_set(failure, "there is no open task %.*s", SLICE_ARG(id));
    return ok;
}

/* '**' of a path is the glob's '*', which passes over '/'; a single '*' does not. */
static bool path_matches(struct slice path, struct slice glob)
{
    size_t i = 0, g = 0;
    while (g < glob.len && glob.base[g] != '*' && i < path.len && glob.base[g] == path.base[i]) {
        g++;
        i++;
    }
    if (g == glob.len || glob.base[g] != '*')
        return g == glob.len && i == path.len;
    bool deep = g + 1 < glob.len && glob.base[g + 1] == '*';
    struct slice rest = slice_sub(glob, g + (deep ? 2 : 1), glob.len);
    if (deep && rest.len && rest.base[0] == '/' &&
        path_matches(slice_sub(path, i, path.len), slice_sub(rest, 1, rest.len)))
        return true;
    for (; i <= path.len; i++) {
        if (path_matches(slice_sub(path, i, path.len), rest))
            return true;
        if (!deep && i < path.len && path.base[i] == '/')
            return false;
    }
    return false;
}

static struct slice fill_in(struct arena *arena, struct slice text, struct slice path)
{
    struct slice filled = {0};
    for (size_t at; (at = slice_find(text, "{file}")) != SIZE_MAX;
         text = slice_sub(text, at + strlen("{file}"), text.len))
        filled = arena_print(arena, "%.*s%.*s%.*s", SLICE_ARG(filled),
            SLICE_ARG(slice_sub(text, 0, at)), SLICE_ARG(path));
    return arena_print(arena, "%.*s%.*s", SLICE_ARG(filled), SLICE_ARG(text));
}

static bool take_file(struct going *going, struct slice template, struct slice path,
    take_task *take, void *context, struct failure *failure)
{
    struct arena arena = {0};
    struct slice text = fill_in(&arena, template, path), title = {0};
    if (slice_find(template, "{file}") == SIZE_MAX)
        text = arena_print(&arena, "%.*s\n\nFile: %.*s", SLICE_ARG(text), SLICE_ARG(path));
    while (slice_next_line(&text, &title) && slice_trim(title).len == 0)
        ;
    while (slice_starts(title, "#"))
        title = slice_sub(title, 1, title.len);
    struct task task = {
        .id = path,
        .title = arena_print(&arena, "%.*s: %.*s", SLICE_ARG(slice_trim(title)), SLICE_ARG(path)),
        .body = slice_trim(text),
        .files = {&path, 1},
        .priority = -1,
        .source = "template",
    };
    (void)going;
    bool ok = take(context, &task, failure);
    arena_free(&arena);
    return ok;
}

/* One task for each file that git tracks and the glob matches. */
static bool take_from_template(
    struct going *going, take_task *take, void *context, struct failure *failure)
{
    struct arena *arena = going->call->arena;
    struct file_bytes file = {0};
    struct child_result listed;
    struct slice path, glob = option(going, GO_EACH)->text;
    size_t n = 0;
    const char *name = arena_text(arena, option(going, GO_TEMPLATE)->text);
    if (!file_open(name, TEMPLATE_BYTES_MOST, &file, failure))
        return false;
    bool ok = git_run(arena, ".", (const char *[]){"ls-files", "-z", NULL},
                  (struct child_limits){64 << 20, 60000}, &listed, failure) &&
              (listed.exit_status == 0 ||
                  failure_set(failure, "git ls-files: %.*s", SLICE_ARG(listed.error)));
    while (ok && slice_next_field(&listed.output, '\0', &path))
        if (path.len && path_matches(path, glob)) {
            n++;
            ok = take_file(going, slice_trim(file.bytes), path, take, context, failure);
        }
    file_close(&file);
    if (ok && n == 0)
        ok = failure_set(failure, "--each %.*s matches no tracked file", SLICE_ARG(glob));
    return ok;
}

bool going_take_tasks(struct going *going, take_task *take, void *context, struct failure *failure)
{
    if (!going->is_many && !going_has_source(going)) {
        struct task task = task_from_words(going);
        return take(context, &task, failure);
    }
    if (going->is_many && option(going, GO_TEMPLATE)->given)
        return take_from_template(going, take, context, failure);
    struct slice id = going->is_many ? (struct slice){0} : going->call->words[0];
    return take_from_source(going, id, take, context, failure);
}
