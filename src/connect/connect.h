/* connect: fetches bytes from and writes decisions to the programs where the tasks are: bd, gt, gh
 * by argument vector and with bounds; Claude Code through its hooks, settings and transcripts.
 * Refuses to know what a tracker's bytes say (`task` parses them) and how a rung is decided.
 *
 * Ownership: what a function hands on lives in the arena it was given. */
#ifndef RUNG_CONNECT_CONNECT_H
#define RUNG_CONNECT_CONNECT_H

#include "base/arena.h"
#include "base/failure.h"
#include "policy/policy.h"
#include "record/record.h"
#include "task/task.h"

enum {
    CONNECT_WAIT_MS = 10000,      /* for one question or change */
    CONNECT_LIST_WAIT_MS = 60000, /* for gh's backlog: it asks for every hundred issues anew */
    CONNECT_OUTPUT_BYTES = 256 << 20,
    CONNECT_HOOK_BYTES = 8 << 20,       /* what a hook is told on its standard input */
    CONNECT_TRANSCRIPT_BYTES = 1 << 30, /* one transcript */
    CONNECT_REQUESTS_MOST = 1000000,    /* of one transcript */
    CONNECT_MODELS_MOST = 32,           /* that answer in one transcript */
    CONNECT_AGENT_FILE_BYTES = 1 << 20, /* an agent's file, or what is noted beside a transcript */
    CONNECT_AGENT_NAME_BYTES = 64,
    CONNECT_SETTINGS_BYTES = 4 << 20,
    CONNECT_FILES_MOST = 10000, /* of one directory */
    CONNECT_ID_BYTES = 128,
    CONNECT_METADATA_MOST = 8,
    CONNECT_SLING_WAIT_MS = 300000,
};

/* ---- trackers ---- */

/* What a tracker's program said, or where its file lies. */
struct connect_fetched {
    const char *name;     /* goes into messages: "bd list", ".beads/issues.jsonl" */
    struct slice bytes;   /* in the arena; empty where `path` is set */
    const char *path;     /* the file or directory to read instead of a program's answer */
    struct slice warning; /* what a user should know of the detour; empty: nothing */
};

/* The backlog of the project at `directory`, as its tracker tells it: Beads from `bd list`, or
 * from .beads/issues.jsonl with a warning; GitHub from `gh issue list`; Task Master and
 * Backlog.md from their files. Where the format is AUTO, the tracker whose files are found at or
 * above `directory`; *format is set to it. */
bool connect_fetch(struct arena *arena, const char *directory, enum task_format *format,
    struct connect_fetched *fetched, struct failure *failure) MUST_USE;

/* ---- Beads ---- */

/* True for what may stand as an id on bd's or gt's command line: it begins with a letter or digit
 * and holds letters, digits, '-', '_', '.', '/'. */
bool connect_is_id(struct slice id);

/* What `bd show ID --json` printed, for task_reader_open. */
bool connect_beads_show(
    struct arena *arena, struct slice id, struct slice *bytes, struct failure *failure) MUST_USE;

struct connect_metadata {
    const char *key;
    struct slice value;
};

/* Sets metadata of one issue, or takes away what has an empty value; where this bd takes metadata
 * only whole (before --set-metadata), what is there is read, changed and put back. */
bool connect_beads_set(struct arena *arena, struct slice id,
    const struct connect_metadata *metadata, size_t n, struct failure *failure) MUST_USE;

/* True where a closing reason means that the work failed: it has one of Beads' words for that
 * (failed, rejected, wontfix, cancelled, …) as a word of its own, and does not begin with one that
 * says it was done: "fixed the timeout" is no failure. */
bool connect_reason_is_failure(struct slice reason);

/* Of the JSON of an issue, as bd gives it to a hook or as `bd show` prints it. */
struct connect_closing {
    bool closed;
    struct slice reason;
    struct slice session;  /* of Claude Code, which closed it; or empty */
    struct slice assignee; /* who worked on it; or empty */
};
bool connect_beads_closing(struct arena *arena, struct slice bytes, struct connect_closing *closing,
    struct failure *failure) MUST_USE;

/* What `bd list --json` printed of the issues that were made since our on_create was installed;
 * empty where it is not installed. */
bool connect_beads_list_new(
    struct arena *arena, struct slice *bytes, struct failure *failure) MUST_USE;

/* Adds an outcome as a line to .beads/routing-experiments.jsonl at or above the working directory,
 * for programs that read that file. Without a .beads nothing is done. */
bool connect_append_experiment(
    struct arena *arena, const struct experiment *experiment, struct failure *failure) MUST_USE;

/* The script .beads/hooks/on_create or on_close: calls `rung bead WORD ID`. */
struct slice connect_beads_hook(struct arena *arena, const char *word);
bool connect_beads_hook_is_ours(struct slice text);

/* Takes the issue for whoever works now; fails where somebody else has it. */
bool connect_beads_claim(struct arena *arena, struct slice id, struct failure *failure) MUST_USE;

/* What closing reasons of ours begin with: our own hook leaves such an issue alone. */
#define CONNECT_OWN_REASON "rung work: "
bool connect_beads_close(
    struct arena *arena, struct slice id, struct slice reason, struct failure *failure) MUST_USE;
/* Opens it again, with a note. */
bool connect_beads_give_back(
    struct arena *arena, struct slice id, struct slice note, struct failure *failure) MUST_USE;

/* ---- decisions written back ---- */

/* One decision for the tracker. */
struct connect_note {
    struct slice id;
    size_t line; /* Markdown: where the item begins */
    struct slice rung, model, effort;
    struct slice decision; /* id of its experiment */
    struct slice had;      /* what marks an earlier decision of ours there; empty: none does */
};

/* Where a format keeps a decision, in words; NULL where it has no place for one. */
const char *connect_write_place(enum task_format format);

/* The text of a Task Master, Backlog.md or Markdown file with the decisions in it, or, with `undo`,
 * without what an earlier call put there; every other byte stays. The notes are put in order. */
bool connect_write_text(struct arena *arena, enum task_format format, struct slice text,
    struct connect_note *notes, size_t n, bool undo, struct slice *changed,
    struct failure *failure) MUST_USE;
/* The same for one file of Backlog.md. */
bool connect_write_front_matter(struct arena *arena, struct slice text,
    const struct connect_note *notes, size_t n, bool undo, struct slice *changed,
    struct failure *failure) MUST_USE;

/* One decision to bd (metadata) or gh (the label rung:NAME, made where it is missing). */
bool connect_write_issue(struct arena *arena, enum task_format format,
    const struct connect_note *note, bool undo, struct failure *failure) MUST_USE;

/* ---- Gas Town ---- */

enum connect_gastown_way { /* how this gt is told a model */
    CONNECT_GASTOWN_NO_WAY,
    CONNECT_GASTOWN_MODEL,
    CONNECT_GASTOWN_AGENT,
    CONNECT_GASTOWN_QUALITY, /* rigor, not a model: the versions before 0.2.2 */
};

struct connect_gastown {
    enum connect_gastown_way way;
    bool aliases_known; /* AGENT: `gt config agent list --json` answered */
    struct slice *aliases;
    size_t n_aliases;
};

/* Asks the installed gt what its `sling` understands, and which agents it knows. */
bool connect_gastown_probe(
    struct arena *arena, struct connect_gastown *gastown, struct failure *failure) MUST_USE;
bool connect_gastown_has_alias(const struct connect_gastown *gastown, struct slice name);

/* The command line that makes the agent of a rung; it skips no permission. */
struct slice connect_gastown_alias_line(struct arena *arena, const struct policy_rung *rung);

struct connect_sling {
    struct slice bead, rig;
    struct slice *flags; /* the user's own, passed on behind ours */
    size_t n_flags;
};

/* gt sling BEAD RIG with the rung as --model, --agent (named as the rung is) or --quality. */
const char *const *connect_gastown_argv(struct arena *arena, const struct connect_gastown *gastown,
    const struct policy *policy, int rung, const struct connect_sling *sling);

/* Runs it, up to CONNECT_SLING_WAIT_MS; *said is what gt printed. */
bool connect_gastown_sling(struct arena *arena, const char *const *argv, struct slice *said,
    struct failure *failure) MUST_USE;

/* ---- Claude Code: hooks ---- */

enum connect_event {
    CONNECT_OTHER_EVENT,
    CONNECT_BEFORE_TOOL, /* PreToolUse */
    CONNECT_SUBAGENT_STOP,
    CONNECT_STOP,
    CONNECT_PROMPT, /* UserPromptSubmit */
};

/* What a hook was told. What was not said is empty. */
struct connect_hook {
    enum connect_event event;
    struct slice session, directory, transcript, agent_transcript;
    struct slice prompt; /* of the user, or of the sub-agent that is called */
    bool is_agent_call;  /* BEFORE_TOOL of Agent (Task in older versions) */
    struct slice call_id, description, agent_type, model, effort;
    struct slice input; /* the bytes of tool_input, a part of what was read */
};

/* False where it is no JSON object. */
bool connect_hook_read(struct arena *arena, struct slice bytes, struct connect_hook *hook,
    struct failure *failure) MUST_USE;

/* The word by which a call of a sub-agent names a model's tier: "haiku" of "claude-haiku-5-5".
 * NULL for a model that has none: Claude Code cannot be asked for it. */
const char *connect_claude_alias(struct slice model);
bool connect_claude_knows_effort(struct slice effort);

/* The line that answers BEFORE_TOOL: tool_input, byte by byte, with `model` set, and `effort` where
 * the call has none and Claude Code knows it. It carries no permissionDecision: Claude Code then
 * asks for what the user's mode and rules would have asked for. With "allow" it would not ask,
 * with "defer" a session without a person stops; that this form is obeyed was seen on 2.1.330. */
struct slice connect_hook_answer(
    struct arena *arena, const struct connect_hook *hook, const char *alias, struct slice effort);

/* The line that shows the user a sentence, and the model nothing. */
struct slice connect_hook_advice(struct arena *arena, struct slice sentence);

/* The model that the user named in the file of that agent (.claude/agents/NAME.md at or above
 * `directory`, else in `home`, which may be NULL); empty where it names none, or "inherit". */
struct slice connect_agent_file_model(
    struct arena *arena, struct slice agent_type, const char *directory, const char *home);

/* ---- Claude Code: transcripts ---- */

struct connect_use {
    struct slice model;
    size_t requests;
    struct token_counts tokens;
    double cost_usd; /* NAN where a request's price is not known */
};

struct connect_transcript {
    struct connect_use uses[CONNECT_MODELS_MOST]; /* in the order of first answers */
    size_t n_uses;
    size_t requests;     /* responses of the API, each once */
    struct slice served; /* the model of most of them; empty: none answered */
    size_t served_requests;
    struct slice requested, effort; /* as the last answer notes them */
    struct slice session, version;
    struct token_counts tokens;
    double cost_usd;    /* each request at the price of its day and band; NAN: one has none */
    double session_usd; /* Claude Code's own sum of the session, sub-agents included; NAN */
    int64_t first_ms, last_ms;
    bool ended_in_error; /* the last answer is an error of the API */
    bool cut;            /* more requests or models than are kept */
    size_t bad_lines;
};

/* Lines that cannot be read are counted; a response that spans several lines counts once, with
 * the usage of its last. */
void connect_transcript_read(struct arena *arena, struct slice bytes,
    const struct price_table *prices, struct connect_transcript *transcript);
bool connect_transcript_open(struct arena *arena, const char *path,
    const struct price_table *prices, struct connect_transcript *transcript,
    struct failure *failure) MUST_USE;

/* What Claude Code notes beside a sub-agent's transcript: which call it was. False where there is
 * no such note (older versions). */
struct connect_agent_meta {
    struct slice call_id, description, agent_type, model;
};
bool connect_agent_meta(
    struct arena *arena, const char *agent_transcript, struct connect_agent_meta *meta);

/* The paths of the newest sub-agents' transcripts of a project, newest first; at most `most`. */
size_t connect_agent_transcripts(
    struct arena *arena, const char *directory, const char **paths, size_t most);

/* The transcript of a session by its id, its sub-agents' costs and tokens added. False where there
 * is none, or `session` is no id. */
bool connect_session_transcript(struct arena *arena, struct slice session,
    const struct price_table *prices, struct connect_transcript *transcript);

/* A polecat of Gas Town that worked on a bead. */
struct connect_worker {
    struct slice assignee; /* "RIG/polecats/NAME" */
    struct slice bead;
    int64_t since_ms; /* when the bead was handed to it */
};

/* The transcripts of that work, added up: of the sessions in the polecat's directory that began
 * since then and speak of the bead. False outside a town, where the assignee is no polecat, or
 * where there is none. */
bool connect_worker_transcript(struct arena *arena, const struct connect_worker *worker,
    const struct price_table *prices, struct connect_transcript *transcript);

/* ---- Claude Code: settings ---- */

/* The text of a settings.json (empty: there is none yet) with Rung's hooks in it, or without them;
 * every other byte stays. Asked a second time it changes nothing. `advise`: with the hook that
 * advises on prompts. False where the text is not the JSON that Claude Code reads; the caller puts
 * the file's name before the sentence. */
bool connect_settings_add(struct arena *arena, struct slice text, bool advise,
    struct slice *changed, struct failure *failure) MUST_USE;
bool connect_settings_remove(struct arena *arena, struct slice text, struct slice *changed,
    struct failure *failure) MUST_USE;
bool connect_settings_has(struct slice text); /* our hook on sub-agents is there */

/* The file .claude/agents/rung-NAME.md for a rung: empty for a model that Claude Code cannot be
 * asked for. A file with the mark was written by us. */
struct slice connect_agent_file(struct arena *arena, const struct policy_rung *rung);
bool connect_agent_file_is_ours(struct slice text);

#endif
