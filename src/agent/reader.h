/* Inner header: what the readers of single agents share. Bytes become lines or one document, these
 * become JSON, and a row's functions tell the reader what they mean. */
#ifndef RUNG_AGENT_READER_H
#define RUNG_AGENT_READER_H

#include "agent.h"

#include "base/json.h"

enum {
    READER_CALLS_KEPT = 16, /* tool calls among which repetitions are looked for */
    READER_DOING_BYTES = 200,
};

/* A text that may be set again and again: its memory does not grow with the stream. */
struct kept {
    char *bytes;
    size_t len, room;
};

/* One request to a model, as far as the stream tells. */
struct request {
    uint64_t id_hash;
    size_t model; /* index into `models` */
    struct token_counts tokens;
};

/* Totals of one model, by the agent's own account. */
struct own_use {
    struct kept model;
    bool has_totals;
    struct token_counts tokens;
    double own_usd;
};

struct agent_reader {
    struct agent_setup setup;
    const struct agent_row *row;
    struct agent_progress progress;
    bool changed; /* progress, since the last call */

    struct kept line;    /* begun, not ended */
    bool is_skipping;    /* the line is longer than is kept */
    bool is_document;    /* the whole output is one value */
    bool is_lines;       /* a line was one */
    uint64_t n_strange;  /* lines that are no JSON object */
    struct kept strange; /* the first of them, its beginning */
    struct kept errors;  /* the end of standard error */
    struct kept session, version, served, answer, structured, error;
    char doing[READER_DOING_BYTES];

    struct own_use uses[AGENT_MODELS_MOST];
    size_t n_uses;
    struct request *requests;
    size_t n_requests, requests_room;
    bool requests_cut;
    bool has_events; /* each request's last event tells all of it */
    double own_usd;  /* the agent's total; NAN */

    uint64_t calls[READER_CALLS_KEPT], last_edit;
    int n_calls, errors_in_a_row, turns_since_change;

    bool has_result; /* the agent said how it ended */
    enum agent_ending ending;
    int denials, turns_told; /* turns_told: by the agent; -1 */
};

/* ---- an agent is a row ---- */

struct words { /* an argument vector that grows */
    struct arena *arena;
    const char *items[AGENT_ARGUMENTS_MOST + 1];
    size_t n;
};
void words_add(struct words *words, const char *word);
void words_add_slice(struct words *words, struct slice word);

struct agent_row {
    const char *name, *program;
    const char *const *efforts; /* that it takes, ends in NULL; NULL: any */
    bool has_own_cap, has_spend_inside;
    bool is_document, is_plain;
    bool (*arguments)(struct words *words, const struct policy_agent *agent,
        const struct agent_call *call, struct agent_start *start, struct failure *failure);
    void (*value)(struct agent_reader *reader, struct json value); /* one JSON value came */
    void (*end)(struct agent_reader *reader, const struct agent_exit *exit); /* may be NULL */
    void (*transcript)(struct agent_reader *reader, struct json value);      /* may be NULL */
};
const struct agent_row *agent_row_of(enum policy_agent_kind kind);

bool claude_arguments(struct words *words, const struct policy_agent *agent,
    const struct agent_call *call, struct agent_start *start, struct failure *failure);
void claude_value(struct agent_reader *reader, struct json value);
bool codex_arguments(struct words *words, const struct policy_agent *agent,
    const struct agent_call *call, struct agent_start *start, struct failure *failure);
void codex_value(struct agent_reader *reader, struct json value);
void codex_transcript(struct agent_reader *reader, struct json value);
void codex_end(struct agent_reader *reader, const struct agent_exit *exit);
bool opencode_arguments(struct words *words, const struct policy_agent *agent,
    const struct agent_call *call, struct agent_start *start, struct failure *failure);
void opencode_value(struct agent_reader *reader, struct json value);
void opencode_end(struct agent_reader *reader, const struct agent_exit *exit);
bool program_arguments(struct words *words, const struct policy_agent *agent,
    const struct agent_call *call, struct agent_start *start, struct failure *failure);
void program_value(struct agent_reader *reader, struct json value);
void program_end(struct agent_reader *reader, const struct agent_exit *exit);
bool messages_arguments(struct words *words, const struct policy_agent *agent,
    const struct agent_call *call, struct agent_start *start, struct failure *failure);
void messages_value(struct agent_reader *reader, struct json value);
void messages_end(struct agent_reader *reader, const struct agent_exit *exit);

/* A file to be written before the start; returns its path. */
const char *start_add_file(struct agent_start *start, const char *path, struct slice bytes);

/* ---- what the rows tell the reader ---- */

void kept_set(struct kept *kept, struct slice text, size_t most);     /* its beginning */
void kept_add_end(struct kept *kept, struct slice text, size_t most); /* appended; the end stays */
struct slice kept_slice(const struct kept *kept);
void kept_free(struct kept *kept);

void reader_session(struct agent_reader *reader, struct slice id);
void reader_served(struct agent_reader *reader, struct slice model);
size_t reader_model(struct agent_reader *reader, struct slice model); /* its index in `uses` */
/* Usage of one request; the same id again replaces what it said, as far as it is more. */
void reader_request(struct agent_reader *reader, struct slice id, struct slice model,
    const struct token_counts *tokens);
/* The same, for a request that was told of by its id before; nothing where none was. */
void reader_request_again(
    struct agent_reader *reader, struct slice id, const struct token_counts *tokens);
/* To be called where a request has been told in full, so that what it cost is known when the agent
 * is stopped. */
void reader_check_budget(struct agent_reader *reader);
void reader_turn(struct agent_reader *reader);
void reader_tool_call(struct agent_reader *reader, struct slice name, struct json input);
void reader_tool_end(struct agent_reader *reader, bool is_error);
void reader_ending(struct agent_reader *reader, enum agent_ending ending, struct slice error);

double number_or(struct json object, const char *key, double otherwise);

/* Where an agent tells the failure only in words: not logged in, rate limit, upstream, context
 * full. FAILED where the words say nothing. */
enum agent_ending ending_from_words(struct slice words);
/* By the status of HTTP (below 400: not known), and by words where it leaves the reason open. */
enum agent_ending ending_from_status(int http_status, struct slice words);

/* Reads what no newline has ended. */
void reader_finish_output(struct agent_reader *reader);

/* ---- what it cost ---- */

void cost_reckon(struct agent_reader *reader, struct arena *arena, struct agent_result *result);
double cost_of_request(const struct agent_setup *setup, struct slice model,
    const struct token_counts *tokens, bool *is_known);
void result_warn(struct arena *arena, struct agent_result *result, const char *format, ...)
    FORMAT(3, 4);

#endif
