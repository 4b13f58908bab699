/* Receives an attempt and its gates, hands on a bounded excerpt of what they said. */
#include "said.h"

#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <unistd.h>

enum { ANSWER_BYTES = 8 << 10, EVIDENCE_BYTES = 4 << 10 };

/* The end of a text, which tells more than its beginning. */
static struct slice end_of(struct slice text, size_t most, bool *cut)
{
    *cut = *cut || text.len > most;
    return slice_sub(text, text.len > most ? text.len - most : 0, text.len);
}

static struct slice excerpt(
    struct arena *arena, const struct attempt *attempt, const struct check *check, bool *cut)
{
    struct slice text = end_of(attempt->result.answer, ANSWER_BYTES, cut);
    if (attempt->result.error.len)
        text = arena_print(arena, "%.*s%s%.*s", SLICE_ARG(text), text.len ? "\n" : "",
            SLICE_ARG(attempt->result.error));
    for (size_t i = 0; check && i < check->n; i++) {
        const struct gate_result *gate = &check->results[i];
        struct slice evidence = end_of(gate->evidence, EVIDENCE_BYTES, cut);
        text = arena_print(arena, "%.*s%sgate %.*s: %s%s%.*s", SLICE_ARG(text),
            text.len ? "\n\n" : "", SLICE_ARG(gate->name), gate_verdict_name(gate->verdict),
            evidence.len ? "\n" : "", SLICE_ARG(evidence));
    }
    return text_utf8(arena, text, NULL);
}

static bool append(struct arena *arena, const char *home, struct slice id, struct slice line)
{
    struct failure failure;
    const char *directory = file_join(arena, home, "said");
    if (!run_is_id(id) || !file_refuse_links(home, "said", &failure) ||
        !file_make_directories(directory, 0700, &failure))
        return false;
    const char *path = arena_print(arena, "%s/%.*s.jsonl", directory, SLICE_ARG(id)).base;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok = fd >= 0 && write(fd, line.base, line.len) == (ssize_t)line.len;
    if (fd >= 0)
        close(fd);
    return ok;
}

void said_keep(struct run *run, const struct slot *slot, const struct attempt *attempt,
    const struct check *check)
{
    struct arena arena = {0};
    struct emit line = {0};
    bool cut = false;
    if (!run->parts->policy->keep_text)
        return;
    struct slice text = excerpt(&arena, attempt, check, &cut);
    emit_open(&line, '{');
    emit_member_int64(&line, "attempt", attempt->number);
    emit_member_text(&line, "text", text);
    emit_member_bool(&line, "truncated", cut);
    emit_close(&line, '}');
    emit_bytes(&line, slice_from("\n"));
    (void)append(&arena, run->repository.home, slot->job.experiment.id, emit_slice(&line));
    emit_free(&line);
    arena_free(&arena);
}
