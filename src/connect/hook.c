/* Receives what Claude Code tells a hook, hands on what it asks about, and the answer that changes
 * a sub-agent's model and effort. Refuses to know how the rung was decided. */
#include "connect.h"

#include "base/emit.h"
#include "base/file.h"
#include "base/json.h"
#include "splice.h"

#include <string.h>

static const struct {
    const char *name;
    enum connect_event event;
} EVENTS[] = {
    {"PreToolUse", CONNECT_BEFORE_TOOL},
    {"SubagentStop", CONNECT_SUBAGENT_STOP},
    {"Stop", CONNECT_STOP},
    {"UserPromptSubmit", CONNECT_PROMPT},
};

static enum connect_event event_of(struct slice name)
{
    for (size_t i = 0; i < sizeof(EVENTS) / sizeof(EVENTS[0]); i++)
        if (slice_is(name, EVENTS[i].name))
            return EVENTS[i].event;
    return CONNECT_OTHER_EVENT;
}

static struct slice kept(struct arena *arena, struct json object, const char *key)
{
    return arena_copy(arena, json_get_text(object, key));
}

/* The call of a sub-agent. What is not spelt as expected is no call that we change. */
static void read_call(
    struct arena *arena, struct json root, struct slice bytes, struct connect_hook *hook)
{
    struct json input = json_get(root, "tool_input");
    struct slice tool = json_get_text(root, "tool_name");
    if ((!slice_is(tool, "Agent") && !slice_is(tool, "Task")) || json_kind(input) != JSON_OBJECT)
        return;
    hook->input = splice_get(slice_trim(bytes), "tool_input");
    hook->is_agent_call = hook->input.len > 0;
    hook->call_id = kept(arena, root, "tool_use_id");
    hook->description = kept(arena, input, "description");
    hook->prompt = kept(arena, input, "prompt");
    hook->agent_type = kept(arena, input, "subagent_type");
    hook->model = kept(arena, input, "model");
    hook->effort = kept(arena, input, "effort");
}

bool connect_hook_read(
    struct arena *arena, struct slice bytes, struct connect_hook *hook, struct failure *failure)
{
    *hook = (struct connect_hook){0};
    struct json_parser *parser = json_parser_make();
    struct json root;
    bool ok = json_parse(parser, bytes, &root, failure);
    if (ok && json_kind(root) != JSON_OBJECT)
        ok = failure_set(failure, "the hook's input is no JSON object");
    if (ok) {
        hook->event = event_of(json_get_text(root, "hook_event_name"));
        hook->session = kept(arena, root, "session_id");
        hook->directory = kept(arena, root, "cwd");
        hook->transcript = kept(arena, root, "transcript_path");
        hook->agent_transcript = kept(arena, root, "agent_transcript_path");
        if (hook->event == CONNECT_BEFORE_TOOL)
            read_call(arena, root, bytes, hook);
        else
            hook->prompt = kept(arena, root, "prompt");
    }
    json_parser_free(parser);
    return ok;
}

const char *connect_claude_alias(struct slice model)
{
    static const char *const words[] = {"haiku", "sonnet", "opus", "fable"};
    struct slice rest = model, part;
    while (slice_next_field(&rest, '-', &part))
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            if (slice_is(part, words[i]))
                return words[i];
    return NULL;
}

bool connect_claude_knows_effort(struct slice effort)
{
    static const char *const words[] = {"low", "medium", "high", "xhigh", "max"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (slice_is(effort, words[i]))
            return true;
    return false;
}

struct slice connect_hook_answer(
    struct arena *arena, const struct connect_hook *hook, const char *alias, struct slice effort)
{
    struct slice input =
        splice_set(arena, hook->input, hook->input, "model", arena_print(arena, "\"%s\"", alias));
    if (hook->effort.len == 0 && connect_claude_knows_effort(effort))
        input = splice_set(
            arena, input, input, "effort", arena_print(arena, "\"%.*s\"", SLICE_ARG(effort)));
    return arena_print(arena,
        "{\"hookSpecificOutput\":{\"hookEventName\":\"PreToolUse\",\"updatedInput\":%.*s}}\n",
        SLICE_ARG(input));
}

struct slice connect_hook_advice(struct arena *arena, struct slice sentence)
{
    struct emit emit = {0};
    emit_open(&emit, '{');
    emit_member_text(&emit, "systemMessage", sentence);
    emit_close(&emit, '}');
    emit_bytes(&emit, slice_from("\n"));
    struct slice answer = arena_copy(arena, emit_slice(&emit));
    emit_free(&emit);
    return answer;
}

/* The value of `model:` in the front matter of an agent's file. */
static struct slice model_of_file(struct arena *arena, const char *path)
{
    struct file_bytes file = {0};
    struct slice model = {0}, rest, line;
    if (!file_exists(path) || !file_open(path, CONNECT_AGENT_FILE_BYTES, &file, NULL))
        return model;
    rest = file.bytes;
    bool inside = slice_next_line(&rest, &line) && slice_is(slice_trim(line), "---");
    while (inside && slice_next_line(&rest, &line) && !slice_is(slice_trim(line), "---"))
        if (slice_starts(line, "model:"))
            model = arena_copy(arena, slice_trim(slice_sub(line, 6, line.len)));
    file_close(&file);
    return model;
}

/* A name that may stand in a path. */
static bool is_plain_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!slice_ascii_is_word((unsigned char)name.base[i]) && name.base[i] != '-' &&
            name.base[i] != '_' && name.base[i] != '.')
            return false;
    return name.len > 0 && name.len <= CONNECT_AGENT_NAME_BYTES;
}

struct slice connect_agent_file_model(
    struct arena *arena, struct slice agent_type, const char *directory, const char *home)
{
    struct slice model = {0};
    if (!is_plain_name(agent_type))
        return model;
    const char *name = arena_print(arena, ".claude/agents/%.*s.md", SLICE_ARG(agent_type)).base;
    const char *project = file_find_upward(arena, directory, name);
    if (project)
        model = model_of_file(arena, file_join(arena, project, name));
    if (!project && home)
        model = model_of_file(arena, file_join(arena, home, name));
    return slice_is(model, "inherit") ? (struct slice){0} : model;
}
