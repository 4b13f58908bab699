/* agent, transcript: receives the session that an agent told and the user's environment, hands on
 * what the agent wrote down on disk and does not print: which model it asked, each request's
 * tokens. Only Codex's is read; opencode's names the model that was asked for, which is known. */
#include "reader.h"

#include "base/clock.h"
#include "base/file.h"

#include <dirent.h>
#include <string.h>

enum { DIRECTORY_ENTRIES_MOST = 100000, UUID_BYTES = 36 };

/* A UUID, which cannot be a path. */
static bool is_uuid(struct slice id)
{
    for (size_t i = 0; i < id.len; i++)
        if (!strchr(i == 8 || i == 13 || i == 18 || i == 23 ? "-" : "0123456789abcdef", id.base[i]))
            return false;
    return id.len == UUID_BYTES;
}

/* The day on which a UUID of version 7 was made: its first 48 bits are milliseconds. */
static int32_t day_of_uuid(struct slice id)
{
    int64_t ms = 0;
    for (size_t i = 0; i < 13; i++)
        if (id.base[i] != '-')
            ms = ms * 16 + (id.base[i] <= '9' ? id.base[i] - '0' : id.base[i] - 'a' + 10);
    return clock_day_from_ms(ms);
}

static const char *variable(const char *const *environment, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; environment[i]; i++)
        if (strncmp(environment[i], name, len) == 0 && environment[i][len] == '=')
            return environment[i] + len + 1;
    return NULL;
}

/* "rollout-<local time>-<session>.jsonl" in a directory; NULL where there is none. */
static const char *find_rollout(struct arena *arena, const char *directory, struct slice session)
{
    const char *found = NULL;
    const char *end = arena_print(arena, "-%.*s.jsonl", SLICE_ARG(session)).base;
    DIR *open = opendir(directory);
    struct dirent *entry;
    for (int i = 0; open && !found && i < DIRECTORY_ENTRIES_MOST && (entry = readdir(open)); i++) {
        struct slice name = slice_from(entry->d_name);
        if (slice_starts(name, "rollout-") && slice_ends(name, end))
            found = file_join(arena, directory, entry->d_name);
    }
    if (open)
        closedir(open);
    return found;
}

const char *agent_transcript_path(
    struct arena *arena, const struct agent_reader *reader, const char *const *environment)
{
    struct slice session = kept_slice(&reader->session);
    if (!reader->row->transcript || !is_uuid(session))
        return NULL;
    const char *home = variable(environment, "CODEX_HOME");
    if (!home || !*home) {
        home = variable(environment, "HOME");
        home = home && *home ? file_join(arena, home, ".codex") : NULL;
    }
    const char *found = NULL;
    int32_t day = day_of_uuid(session);
    for (int32_t i = day - 1; home && !found && i <= day + 1; i++) { /* folders are of local time */
        struct civil_date date = clock_civil_from_day(i);
        found = find_rollout(arena,
            arena_print(arena, "%s/sessions/%04d/%02d/%02d", home, date.year, date.month, date.day)
                .base,
            session);
    }
    return found;
}

void agent_reader_transcript(struct agent_reader *reader, struct slice bytes)
{
    struct json_parser *parser = json_parser_make();
    struct json value;
    struct slice line;
    while (reader->row->transcript && slice_next_line(&bytes, &line))
        if (line.len <= AGENT_LINE_BYTES_MOST && json_parse(parser, line, &value, NULL) &&
            json_kind(value) == JSON_OBJECT)
            reader->row->transcript(reader, value);
    json_parser_free(parser);
}
