/* What can be asked of a task and of a tracker's words, whatever format they came in. Knows no
 * bytes of any tracker. */
#include "task.h"

#include <string.h>

bool task_is_open(const struct task *task)
{
    switch (task->state) {
    case TASK_STATE_NONE:
    case TASK_STATE_OPEN:
    case TASK_STATE_IN_PROGRESS:
    case TASK_STATE_BLOCKED:
    case TASK_STATE_HOOKED:
        return true;
    case TASK_STATE_DEFERRED:
    case TASK_STATE_PINNED:
    case TASK_STATE_REVIEW:
    case TASK_STATE_CLOSED:
    case TASK_STATE_TOMBSTONE:
    case TASK_STATE_OTHER:
        break;
    }
    return false;
}

bool task_label_value(const struct task *task, const char *prefix, size_t *at, struct slice *value)
{
    size_t prefix_len = strlen(prefix);
    while (*at < task->labels.n) {
        struct slice label = task->labels.items[(*at)++];
        if (slice_starts(label, prefix)) {
            *value = slice_trim(slice_sub(label, prefix_len, label.len));
            return true;
        }
    }
    return false;
}

struct state_word {
    const char *word;
    enum task_state state;
};

/* Beads, GitHub, Task Master, Backlog.md and what people make of them; the frequent first. */
static const struct state_word STATE_WORDS[] = {
    {"closed", TASK_STATE_CLOSED},
    {"open", TASK_STATE_OPEN},
    {"in progress", TASK_STATE_IN_PROGRESS},
    {"blocked", TASK_STATE_BLOCKED},
    {"hooked", TASK_STATE_HOOKED},
    {"deferred", TASK_STATE_DEFERRED},
    {"pinned", TASK_STATE_PINNED},
    {"tombstone", TASK_STATE_TOMBSTONE},
    {"pending", TASK_STATE_OPEN},
    {"to do", TASK_STATE_OPEN},
    {"todo", TASK_STATE_OPEN},
    {"done", TASK_STATE_CLOSED},
    {"completed", TASK_STATE_CLOSED},
    {"cancelled", TASK_STATE_CLOSED},
    {"canceled", TASK_STATE_CLOSED},
    {"review", TASK_STATE_REVIEW},
    {"in review", TASK_STATE_REVIEW},
    {"ready", TASK_STATE_OPEN},
    {"new", TASK_STATE_OPEN},
    {"reopened", TASK_STATE_OPEN},
    {"doing", TASK_STATE_IN_PROGRESS},
    {"started", TASK_STATE_IN_PROGRESS},
    {"complete", TASK_STATE_CLOSED},
    {"resolved", TASK_STATE_CLOSED},
    {"merged", TASK_STATE_CLOSED},
    {"wontfix", TASK_STATE_CLOSED},
};

static bool same_word(struct slice s, const char *word)
{
    size_t n = strlen(word);
    if (s.len != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool joint = s.base[i] == '-' || s.base[i] == '_';
        if (word[i] != (joint ? ' ' : slice_ascii_lower(s.base[i])))
            return false;
    }
    return true;
}

enum task_state task_state_from_name(struct slice status)
{
    status = slice_trim(status);
    if (status.len == 0)
        return TASK_STATE_NONE;
    for (size_t i = 0; i < sizeof(STATE_WORDS) / sizeof(*STATE_WORDS); i++)
        if (same_word(status, STATE_WORDS[i].word))
            return STATE_WORDS[i].state;
    return TASK_STATE_OTHER;
}

struct priority_word {
    const char *word;
    int priority;
};

static const struct priority_word PRIORITY_WORDS[] = {
    {"critical", 0},
    {"urgent", 0},
    {"highest", 0},
    {"high", 1},
    {"medium", 2},
    {"normal", 2},
    {"low", 3},
    {"lowest", 4},
};

int task_priority_from_name(struct slice priority)
{
    priority = slice_trim(priority);
    if (priority.len && slice_ascii_lower(priority.base[0]) == 'p')
        priority = slice_sub(priority, 1, priority.len);
    if (priority.len == 1 && priority.base[0] >= '0' && priority.base[0] <= '4')
        return priority.base[0] - '0';
    for (size_t i = 0; i < sizeof(PRIORITY_WORDS) / sizeof(*PRIORITY_WORDS); i++)
        if (slice_is_caseless(priority, PRIORITY_WORDS[i].word))
            return PRIORITY_WORDS[i].priority;
    return -1;
}
