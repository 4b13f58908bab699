/* Receives a bead, a rig and a rung, hands on the `gt sling` command line that this version of gt
 * understands. Never adds a flag that skips permissions. */
#include "connect.h"

#include "base/json.h"
#include "program.h"

#include <string.h>

/* True where help lists the flag as a word of its own. */
static bool lists_flag(struct slice help, const char *flag)
{
    size_t n = strlen(flag);
    for (struct slice rest = help;;) {
        size_t at = slice_find(rest, flag);
        if (at == SIZE_MAX)
            return false;
        bool begins = at == 0 || strchr(" \t\n,[", rest.base[at - 1]) != NULL;
        bool ends = at + n == rest.len || strchr(" \t\n,]=", rest.base[at + n]) != NULL;
        if (begins && ends)
            return true;
        rest = slice_sub(rest, at + n, rest.len);
    }
}

static bool probe_aliases(struct arena *arena, struct connect_gastown *gastown)
{
    const char *const argv[] = {"gt", "config", "agent", "list", "--json", NULL};
    struct child_result result;
    struct failure failure;
    struct json root;
    if (!program_run(arena, argv, CONNECT_WAIT_MS, &result, &failure))
        return false;
    struct json_parser *parser = json_parser_make();
    bool ok = json_parse(parser, result.output, &root, &failure) && json_kind(root) == JSON_ARRAY;
    size_t room = ok ? json_count(root) : 0;
    gastown->aliases = ARENA_ARRAY(arena, struct slice, room + 1);
    struct json_walk walk = json_walk_over(root);
    while (ok && gastown->n_aliases < room && json_next(&walk))
        gastown->aliases[gastown->n_aliases++] =
            arena_copy(arena, json_get_text(walk.value, "name"));
    json_parser_free(parser);
    return ok;
}

bool connect_gastown_probe(
    struct arena *arena, struct connect_gastown *gastown, struct failure *failure)
{
    static const struct {
        const char *flag;
        enum connect_gastown_way way;
    } ways[] = {{"--model", CONNECT_GASTOWN_MODEL}, {"--agent", CONNECT_GASTOWN_AGENT},
        {"--quality", CONNECT_GASTOWN_QUALITY}};
    const char *const argv[] = {"gt", "sling", "--help", NULL};
    struct child_result result;
    *gastown = (struct connect_gastown){0};
    if (!program_run(arena, argv, CONNECT_WAIT_MS, &result, failure))
        return false;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]) && !gastown->way; i++)
        if (lists_flag(result.output, ways[i].flag) || lists_flag(result.error, ways[i].flag))
            gastown->way = ways[i].way;
    if (!gastown->way)
        return failure_set(failure,
            "this gt's `sling` has none of --model, --agent and --quality: it cannot be told a "
            "rung");
    if (gastown->way == CONNECT_GASTOWN_AGENT)
        gastown->aliases_known = probe_aliases(arena, gastown);
    return true;
}

bool connect_gastown_has_alias(const struct connect_gastown *gastown, struct slice name)
{
    for (size_t i = 0; i < gastown->n_aliases; i++)
        if (slice_equal(gastown->aliases[i], name))
            return true;
    return false;
}

struct slice connect_gastown_alias_line(struct arena *arena, const struct policy_rung *rung)
{
    struct slice effort = {0};
    if (connect_claude_knows_effort(rung->effort))
        effort = arena_print(arena, " --effort %.*s", SLICE_ARG(rung->effort));
    return arena_print(arena, "gt config agent set %.*s \"claude --model %.*s%.*s\"",
        SLICE_ARG(rung->name), SLICE_ARG(rung->model), SLICE_ARG(effort));
}

/* Rigor by tier, for versions that had qualities; by the place in the ladder for other models. */
static const char *quality_of(const struct policy *policy, int rung)
{
    const char *alias = connect_claude_alias(policy->rungs[rung].model);
    if (alias && strcmp(alias, "haiku") == 0)
        return "basic";
    if (alias && strcmp(alias, "sonnet") == 0)
        return "shiny";
    if (alias)
        return "chrome";
    return rung >= policy->top ? "chrome" : rung >= policy->middle ? "shiny" : "basic";
}

const char *const *connect_gastown_argv(struct arena *arena, const struct connect_gastown *gastown,
    const struct policy *policy, int rung, const struct connect_sling *sling)
{
    const char **argv = ARENA_ARRAY(arena, const char *, sling->n_flags + 8);
    size_t n = 0;
    argv[n++] = "gt";
    argv[n++] = "sling";
    argv[n++] = arena_text(arena, sling->bead);
    argv[n++] = arena_text(arena, sling->rig);
    if (gastown->way == CONNECT_GASTOWN_MODEL) {
        argv[n++] = "--model";
        argv[n++] = arena_text(arena, policy->rungs[rung].model);
    } else if (gastown->way == CONNECT_GASTOWN_AGENT) {
        argv[n++] = "--agent";
        argv[n++] = arena_text(arena, policy->rungs[rung].name);
    } else {
        argv[n++] = "--quality";
        argv[n++] = quality_of(policy, rung);
    }
    for (size_t i = 0; i < sling->n_flags; i++)
        argv[n++] = arena_text(arena, sling->flags[i]);
    return argv;
}

bool connect_gastown_sling(
    struct arena *arena, const char *const *argv, struct slice *said, struct failure *failure)
{
    struct child_result result;
    if (!program_run(arena, argv, CONNECT_SLING_WAIT_MS, &result, failure))
        return false;
    *said = result.output;
    return true;
}
