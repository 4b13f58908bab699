/* Receives the text of Claude Code's settings, hands it on with Rung's hooks or without them,
 * every other byte as it was; and the files of agents for the rungs. */
#include "connect.h"

#include "base/json.h"
#include "splice.h"

#include <string.h>

static const char COMMAND[] = "rung hook";
static const char MARK[] = "<!-- written by `rung init --claude`; edit or delete as you like -->";

/* The hooks that are ours. Claude Code ends one after `timeout` seconds. */
struct hook_row {
    const char *event;
    const char *entry;
    bool advises;
};

static const struct hook_row HOOKS[] = {
    {"PreToolUse",
        "{\"matcher\": \"Agent|Task\", \"hooks\": [{\"type\": \"command\", \"command\": \"rung "
        "hook\", \"timeout\": 5}]}",
        false},
    {"SubagentStop",
        "{\"hooks\": [{\"type\": \"command\", \"command\": \"rung hook\", \"timeout\": 5}]}",
        false},
    {"Stop", "{\"hooks\": [{\"type\": \"command\", \"command\": \"rung hook\", \"timeout\": 5}]}",
        false},
    {"UserPromptSubmit",
        "{\"hooks\": [{\"type\": \"command\", \"command\": \"rung hook --advise\", \"timeout\": "
        "5}]}",
        true},
};
enum { HOOKS_COUNT = sizeof(HOOKS) / sizeof(HOOKS[0]) };

/* `rung hook`, by any path, with any options. */
static bool is_our_command(struct json command)
{
    struct slice text;
    if (!json_text(command, &text))
        return false;
    size_t at = slice_find(text, COMMAND);
    if (at == SIZE_MAX || (at > 0 && text.base[at - 1] != '/'))
        return false;
    size_t end = at + sizeof(COMMAND) - 1;
    return end == text.len || text.base[end] == ' ';
}

/* True where an entry of an event has our command and no other. */
static bool is_our_entry(struct json entry)
{
    struct json_walk walk = json_walk_over(json_get(entry, "hooks"));
    size_t ours = 0, all = 0;
    while (!walk.is_object && json_next(&walk)) {
        all++;
        ours += is_our_command(json_get(walk.value, "command"));
    }
    return all > 0 && ours == all;
}

/* Whether the settings are shaped as Claude Code reads them, as far as we touch them. */
static bool check_shape(struct json root, struct failure *failure)
{
    struct json hooks = json_get(root, "hooks");
    if (json_kind(root) != JSON_OBJECT)
        return failure_set(failure, "not a JSON object; nothing was changed");
    if (!hooks.document)
        return true;
    if (json_kind(hooks) != JSON_OBJECT)
        return failure_set(failure, "\"hooks\" is no object; nothing was changed");
    for (size_t i = 0; i < HOOKS_COUNT; i++) {
        struct json entries = json_get(hooks, HOOKS[i].event);
        if (entries.document && json_kind(entries) != JSON_ARRAY)
            return failure_set(
                failure, "\"hooks\".\"%s\" is no array; nothing was changed", HOOKS[i].event);
    }
    return true;
}

static bool has_entry(struct json root, const char *event)
{
    struct json_walk walk = json_walk_over(json_get(json_get(root, "hooks"), event));
    while (json_next(&walk))
        if (is_our_entry(walk.value))
            return true;
    return false;
}

/* The text with a member "hooks" and in it one of the event, which may be empty. */
static struct slice with_entry(struct arena *arena, struct slice text, const struct hook_row *row)
{
    struct slice root = slice_trim(text), hooks = splice_get(root, "hooks");
    if (hooks.len == 0) {
        text = splice_set(arena, text, root, "hooks", slice_from("{}"));
        hooks = splice_get(slice_trim(text), "hooks");
    }
    struct slice entries = splice_get(hooks, row->event);
    if (entries.len == 0) {
        text = splice_set(arena, text, hooks, row->event, slice_from("[]"));
        entries = splice_get(splice_get(slice_trim(text), "hooks"), row->event);
    }
    return splice_append(arena, text, entries, slice_from(row->entry));
}

bool connect_settings_add(struct arena *arena, struct slice text, bool advise,
    struct slice *changed, struct failure *failure)
{
    struct json_parser *parser = json_parser_make();
    struct json root;
    *changed = json_is_blank(text) ? slice_from("{\n}\n") : text;
    bool ok = json_parse(parser, *changed, &root, failure) && check_shape(root, failure);
    for (size_t i = 0; ok && i < HOOKS_COUNT; i++)
        if (!has_entry(root, HOOKS[i].event) && (advise || !HOOKS[i].advises))
            *changed = with_entry(arena, *changed, &HOOKS[i]);
    /* what was made of a text with keys spelt by escapes might not be well-formed any more */
    ok = ok && json_parse(parser, *changed, &root, failure);
    json_parser_free(parser);
    return ok;
}

/* One entry of ours less, with the containers that it leaves empty. False where there is none. */
static bool remove_one(struct arena *arena, struct json root, struct slice *text, const char *event)
{
    struct slice top = slice_trim(*text), hooks = splice_get(top, "hooks"),
                 entries = splice_get(hooks, event);
    struct json_walk parsed = json_walk_over(json_get(json_get(root, "hooks"), event));
    struct splice_walk walk = splice_walk_over(entries);
    while (json_next(&parsed) && splice_next(&walk)) {
        if (!is_our_entry(parsed.value))
            continue;
        *text = splice_remove(arena, *text, entries, walk.item);
        return true;
    }
    return false;
}

static struct slice without_empty(
    struct arena *arena, struct slice text, struct slice container, const char *key)
{
    struct splice_walk walk = splice_walk_over(container);
    while (splice_next(&walk)) {
        if (!slice_is(walk.key, key))
            continue;
        struct splice_walk inside = splice_walk_over(walk.value);
        return splice_next(&inside) ? text : splice_remove(arena, text, container, walk.item);
    }
    return text;
}

bool connect_settings_remove(
    struct arena *arena, struct slice text, struct slice *changed, struct failure *failure)
{
    struct json_parser *parser = json_parser_make();
    struct json root;
    bool removed = false;
    *changed = text;
    bool ok = json_parse(parser, text, &root, failure) && check_shape(root, failure);
    for (size_t i = 0; ok && i < HOOKS_COUNT; i++) {
        bool from_here = false;
        while (ok && remove_one(arena, root, changed, HOOKS[i].event)) {
            from_here = removed = true;
            ok = json_parse(parser, *changed, &root, failure);
        }
        if (from_here)
            *changed = without_empty(
                arena, *changed, splice_get(slice_trim(*changed), "hooks"), HOOKS[i].event);
        ok = ok && json_parse(parser, *changed, &root, failure);
    }
    if (removed)
        *changed = without_empty(arena, *changed, slice_trim(*changed), "hooks");
    json_parser_free(parser);
    return ok;
}

bool connect_settings_has(struct slice text)
{
    struct json_parser *parser = json_parser_make();
    struct json root;
    bool has = json_parse(parser, text, &root, NULL) && has_entry(root, "PreToolUse");
    json_parser_free(parser);
    return has;
}

struct slice connect_agent_file(struct arena *arena, const struct policy_rung *rung)
{
    const char *alias = connect_claude_alias(rung->model);
    if (!alias)
        return (struct slice){0};
    struct slice effort = {0};
    if (connect_claude_knows_effort(rung->effort))
        effort = arena_print(arena, "effort: %.*s\n", SLICE_ARG(rung->effort));
    return arena_print(arena,
        "---\nname: rung-%.*s\ndescription: Does one well-described task on the rung %.*s of "
        "rung.yaml's ladder. Use it when this rung is asked for by name.\nmodel: %s\n%.*s---\n\n"
        "%s\n\nDo the task that you are given, and nothing beside it. Run the project's own checks "
        "before you\nsay that it is done, and report what you changed and what the checks said. "
        "Where the task needs\na decision that was not made for you, stop and say so.\n",
        SLICE_ARG(rung->name), SLICE_ARG(rung->name), alias, SLICE_ARG(effort), MARK);
}

bool connect_agent_file_is_ours(struct slice text)
{
    return slice_find(text, MARK) != SIZE_MAX;
}
