/* agent, command: any program as an agent, started and read as the policy declares it. Refuses to
 * interpret its text beyond the declared paths. */
#include "reader.h"

#include <math.h>
#include <string.h>

/* ---- arguments ---- */

struct blank {
    const char *name; /* "{model}" */
    struct slice value;
};

/* The word with its blanks filled in. Values are not looked into again. */
static const char *fill(
    struct arena *arena, struct slice word, const struct blank *blanks, size_t n_blanks)
{
    struct slice filled = {"", 0};
    while (word.len) {
        size_t open = slice_find_byte(word, '{');
        struct slice before = slice_sub(word, 0, open);
        word = slice_sub(word, before.len, word.len);
        struct slice with = {word.base, word.len ? 1 : 0};
        size_t taken = with.len;
        for (size_t i = 0; i < n_blanks; i++)
            if (slice_starts(word, blanks[i].name)) {
                with = blanks[i].value;
                taken = strlen(blanks[i].name);
            }
        filled = arena_print(
            arena, "%.*s%.*s%.*s", SLICE_ARG(filled), SLICE_ARG(before), SLICE_ARG(with));
        word = slice_sub(word, taken, word.len);
    }
    return arena_text(arena, filled);
}

static bool is_wanted(const struct policy_agent *agent, const char *name)
{
    for (size_t i = 0; i < agent->n_command; i++)
        if (slice_find(agent->command[i], name) != SIZE_MAX)
            return true;
    return false;
}

bool program_arguments(struct words *words, const struct policy_agent *agent,
    const struct agent_call *call, struct agent_start *start, struct failure *failure)
{
    static const char *const PHASES[] = {"execute", "plan", "review", "judge"};
    struct arena *arena = words->arena;
    if (agent->n_command == 0 || agent->n_command > AGENT_ARGUMENTS_MOST)
        return failure_set(failure, "agent.command holds no program, or too many arguments");
    const char *prompt_file = arena_print(arena, "%s/prompt.txt", call->scratch).base;
    const char *schema_file = arena_print(arena, "%s/answer-schema.json", call->scratch).base;
    if (agent->prompt_is_file || is_wanted(agent, "{prompt_file}")) {
        start_add_file(start, prompt_file, call->prompt);
        start->input = (struct slice){"", 0};
    }
    if (call->schema.len && is_wanted(agent, "{schema_file}"))
        start_add_file(start, schema_file, call->schema);
    const struct blank blanks[] = {
        {"{model}", call->rung->model},
        {"{effort}", call->rung->effort},
        {"{rung}", call->rung->name},
        {"{phase}", slice_from(PHASES[call->phase])},
        {"{prompt_file}", slice_from(prompt_file)},
        {"{schema_file}", slice_from(call->schema.len ? schema_file : "/dev/null")},
        {"{budget_usd}", arena_print(arena, "%.6f", call->budget_usd)},
        {"{max_turns}", arena_print(arena, "%d", agent->max_turns)},
    };
    for (size_t i = 0; i < agent->n_command; i++)
        words_add(words, fill(arena, agent->command[i], blanks, sizeof(blanks) / sizeof(*blanks)));
    start->has_own_cap = is_wanted(agent, "{budget_usd}");
    start->has_spend_inside = agent->result_is_json && agent->paths.cost_usd.len > 0;
    return true;
}

/* ---- the result ---- */

/* "usage.cost" below an object; a number in the path is an index of an array. */
static struct json at_path(struct json value, struct slice path)
{
    struct arena arena = {0};
    struct slice key;
    while (slice_next_field(&path, '.', &key)) {
        int64_t index;
        if (json_kind(value) == JSON_ARRAY && slice_to_int64(key, &index)) {
            struct json_walk walk = json_walk_over(value);
            value = (struct json){NULL, 0};
            while (index >= 0 && json_next(&walk))
                if (index-- == 0)
                    value = walk.value;
        } else {
            value = json_get(value, arena_text(&arena, key));
        }
    }
    arena_free(&arena);
    return value;
}

static struct slice text_at(struct json value, struct slice path)
{
    struct slice text = {"", 0};
    if (path.len && !json_text(at_path(value, path), &text))
        text = (struct slice){"", 0};
    return text;
}

static bool number_at(struct json value, struct slice path, double *number)
{
    return path.len && json_double(at_path(value, path), number) && *number >= 0 && *number < 1e15;
}

static void read_tokens(struct agent_reader *reader, struct json value)
{
    const struct policy_agent_paths *paths = &reader->setup.agent->paths;
    double n;
    struct slice model = text_at(value, paths->model);
    const struct {
        struct slice path;
        size_t at;
    } COUNTS[] = {
        {paths->input, offsetof(struct token_counts, input)},
        {paths->output, offsetof(struct token_counts, output)},
        {paths->cache_read, offsetof(struct token_counts, cache_read)},
        {paths->cache_write, offsetof(struct token_counts, cache_write_5m)},
    };
    struct own_use *use = NULL;
    for (size_t i = 0; i < sizeof(COUNTS) / sizeof(*COUNTS); i++)
        if (number_at(value, COUNTS[i].path, &n)) {
            if (!use)
                use = &reader->uses[reader_model(reader, model.len ? model
                                                         : reader->served.len
                                                             ? kept_slice(&reader->served)
                                                             : reader->setup.rung->model)];
            use->has_totals = true;
            *(double *)(void *)((char *)&use->tokens + COUNTS[i].at) = n;
        }
    reader_served(reader, model);
}

void program_value(struct agent_reader *reader, struct json value)
{
    const struct policy_agent_paths *paths = &reader->setup.agent->paths;
    double cost_usd;
    if (number_at(value, paths->cost_usd, &cost_usd))
        reader->own_usd = reader->progress.spend_usd = cost_usd;
    reader_check_budget(reader);
    read_tokens(reader, value);
    reader_session(reader, text_at(value, paths->session));
    struct slice answer = text_at(value, paths->answer);
    if (answer.len)
        kept_set(&reader->answer, answer, AGENT_ANSWER_BYTES_MOST);
    struct slice error = text_at(value, paths->error);
    if (error.len) {
        reader_ending(reader, ending_from_words(error), error);
    } else if (!reader->has_result) {
        kept_set(&reader->error, (struct slice){"", 0}, 0);
    }
    reader->changed = true;
}

void program_end(struct agent_reader *reader, const struct agent_exit *exit)
{
    if (reader->has_result || exit->exit_status != 0 || exit->stopped || exit->timed_out)
        return;
    if (!reader->setup.agent->result_is_json || reader->is_lines)
        reader_ending(reader, AGENT_DONE, (struct slice){"", 0});
}
