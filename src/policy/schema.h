/* Inner header: what rung.yaml says, as the walker fills it in, before it becomes a policy. */
#ifndef RUNG_POLICY_SCHEMA_H
#define RUNG_POLICY_SCHEMA_H

#include "match.h"
#include "walk.h"

/* seen: which keys of the map were given; bit i is row i of the map's table. */
struct draft_tokens {
    uint64_t seen;
    struct token_counts counts;
};

struct draft_price {
    uint64_t seen;
    struct price_row row;
};

struct draft_rung {
    uint64_t seen;
    struct slice name, model;
    int effort; /* of SCHEMA_EFFORTS, where given */
    struct draft_tokens assume;
    struct draft_price price;
};

struct draft_complexity {
    struct slice value;
    int rung;
};

struct draft_synonym {
    struct slice label, value;
};

struct draft_labels {
    uint64_t seen;
    struct slice explicit_prefix;
    struct draft_complexity *complexity;
    size_t n_complexity;
    struct draft_synonym *synonyms;
    size_t n_synonyms;
};

struct draft_pattern {
    uint64_t seen;
    int rung, where;
    struct slice *words;
    size_t n_words;
    struct slice expression;
};

struct draft_assume {
    struct slice rung;
    struct draft_tokens tokens;
};

struct draft_goal {
    uint64_t seen;
    int keep, per;
    double within, value_usd, budget_usd;
    bool tiers;
};

struct draft_gate {
    uint64_t seen;
    bool is_audit;
    struct policy_gate gate;
};

struct draft_review {
    uint64_t seen;
    struct slice *when;
    size_t n_when;
    int rung, mode; /* of enum policy_review_mode */
};

struct draft_plan {
    uint64_t seen;
    struct slice *when;
    size_t n_when;
    int rung, mode; /* of enum policy_plan_mode */
};

struct draft_agent_paths {
    uint64_t seen;
    struct policy_agent_paths paths;
};

struct draft_agent {
    uint64_t seen;
    int kind, prompt, result; /* of SCHEMA_AGENTS; stdin, file; plain, json */
    struct draft_agent_paths where;
    struct policy_agent agent;
};

struct draft_budget {
    uint64_t seen;
    double task_usd, day_usd;
};

struct draft {
    uint64_t seen;
    struct draft_rung *ladder;
    size_t n_ladder;
    int default_rung, middle, top;
    struct draft_labels labels;
    struct draft_pattern *patterns;
    size_t n_patterns;
    struct draft_assume *assume;
    size_t n_assume;
    struct draft_goal goal;
    double explore;
    bool keep_text;
    struct draft_gate *gates;
    size_t n_gates;
    int audit;
    struct draft_review review;
    struct draft_plan plan;
    struct draft_budget budget;
    struct draft_agent agent;
    struct slice ledger;
};

/* The whole file's map, filling a `struct draft`. */
extern const struct schema_map SCHEMA_POLICY;

/* Efforts from the least to the most; ends in NULL. */
extern const char *const SCHEMA_EFFORTS[];

/* Values of `complexity:` where a policy lists none. */
enum { SCHEMA_N_COMPLEXITIES = 4 };
extern const char *const SCHEMA_COMPLEXITIES[SCHEMA_N_COMPLEXITIES];

/* Agents, in the order of `enum policy_agent_kind`; ends in NULL. */
extern const char *const SCHEMA_AGENTS[];

/* The agent that works where the policy names none: the table's defaults. */
void schema_default_agent(struct draft_agent *agent);

/* True where the map's key was given and could be read. */
bool schema_has(const struct schema_map *map, uint64_t seen, const char *key);

bool draft_goal_has(const struct draft_goal *goal, const char *key);
bool draft_rung_has(const struct draft_rung *rung, const char *key);
bool draft_price_has(const struct draft_price *price, const char *key);

#endif
