/* policy, parsing: receives the bytes of rung.yaml, hands on a `struct policy` or all the
 * problems. Refuses to know where the file lies and who trusts it. */
#include "schema.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- the document ---- */

/* Line and column of a byte, for errors of the encoding, of which libyaml tells the offset. */
static void place_of_byte(struct slice text, size_t offset, size_t *line, size_t *column)
{
    *line = *column = 1;
    for (size_t i = 0; i < offset && i < text.len; i++) {
        ++*column;
        if (text.base[i] == '\n') {
            ++*line;
            *column = 1;
        }
    }
}

static void report_syntax(struct walk *walk, const yaml_parser_t *parser, struct slice text)
{
    size_t line = parser->problem_mark.line + 1, column = parser->problem_mark.column + 1;
    if (parser->error == YAML_READER_ERROR)
        place_of_byte(text, parser->problem_offset, &line, &column);
    const char *context = parser->context ? parser->context : "";
    walk_problem_at(walk, line, column, "is not YAML: %s%s%s", context, *context ? ", " : "",
        parser->problem ? parser->problem : "it cannot be read");
}

/* libyaml's time grows with the square of how deep flows are nested; so deep is no policy. The
 * count takes brackets in texts for nesting too, which so far off the limit does no harm. */
static bool is_too_deep(struct slice text, size_t *line)
{
    enum { FLOW_DEPTH_MOST = 1000 };
    size_t depth = 0;
    *line = 1;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.base[i];
        *line += c == '\n';
        if (c == '[' || c == '{')
            depth++;
        else if ((c == ']' || c == '}') && depth > 0)
            depth--;
        if (depth > FLOW_DEPTH_MOST)
            return true;
    }
    return false;
}

static bool load(
    struct walk *walk, yaml_parser_t *parser, struct slice text, yaml_document_t *document)
{
    if (yaml_parser_load(parser, document))
        return true;
    if (parser->error == YAML_MEMORY_ERROR)
        memory_exhausted();
    report_syntax(walk, parser, text);
    return false;
}

/* Nothing but the end may follow the document. */
static void check_end(struct walk *walk, yaml_parser_t *parser, struct slice text)
{
    yaml_document_t further;
    if (!load(walk, parser, text, &further))
        return;
    if (yaml_document_get_root_node(&further))
        walk_problem_at(walk, further.start_mark.line + 1, further.start_mark.column + 1,
            "a second document begins here; a policy is one");
    yaml_document_delete(&further);
}

/* Depth-first over the nodes: an alias that holds itself makes a text without end. */
struct loop_check {
    struct walk *walk;
    unsigned char *state; /* by node index: 0 unseen, 1 being visited, 2 done */
    bool is_sound;
};

static void visit(struct loop_check *check, int index, size_t depth)
{
    struct walk *walk = check->walk;
    yaml_node_t *node = yaml_document_get_node(walk->document, index);
    size_t line = node->start_mark.line + 1, column = node->start_mark.column + 1;
    if (check->state[index] == 2 || !check->is_sound)
        return;
    if (check->state[index] == 1 || depth > WALK_DEPTH_MOST / 2) {
        check->is_sound = false;
        if (check->state[index] == 1)
            walk_problem_at(walk, line, column, "an alias stands within what it stands for");
        else
            walk_problem_at(walk, line, column, "nested deeper than %d", WALK_DEPTH_MOST / 2);
        return;
    }
    check->state[index] = 1;
    if (node->type == YAML_SEQUENCE_NODE)
        for (yaml_node_item_t *item = node->data.sequence.items.start;
             item < node->data.sequence.items.top; item++)
            visit(check, *item, depth + 1);
    if (node->type == YAML_MAPPING_NODE)
        for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
             pair < node->data.mapping.pairs.top; pair++) {
            visit(check, pair->key, depth + 1);
            visit(check, pair->value, depth + 1);
        }
    check->state[index] = 2;
}

static bool is_sound(struct walk *walk)
{
    size_t n = (size_t)(walk->document->nodes.top - walk->document->nodes.start);
    struct loop_check check = {walk, arena_take(walk->arena, n + 1), true};
    visit(&check, 1, 0);
    return check.is_sound;
}

/* ---- rungs by name ---- */

static int find_rung(const struct draft *draft, struct slice name)
{
    for (size_t i = 0; i < draft->n_ladder; i++)
        if (draft->ladder[i].name.len && slice_equal(draft->ladder[i].name, name))
            return (int)i;
    return POLICY_NONE;
}

static void report_unknown_rung(
    struct walk *walk, const struct draft *draft, const struct place *place, struct slice name)
{
    struct slice known = {"", 0}, nearest = {"", 0};
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < draft->n_ladder; i++) {
        struct slice rung = draft->ladder[i].name;
        if (walk_is_near(name, rung, &best))
            nearest = rung;
        known = arena_print(walk->arena, "%.*s%s%.*s", SLICE_ARG(known), i ? ", " : "",
            SLICE_ARG(walk_shown(walk, rung)));
    }
    struct slice shown = walk_shown(walk, name);
    if (nearest.len)
        walk_problem(walk, place, "\"%.*s\" is no rung of the ladder; did you mean \"%.*s\"?",
            SLICE_ARG(shown), SLICE_ARG(walk_shown(walk, nearest)));
    else
        walk_problem(walk, place, "\"%.*s\" is no rung of the ladder; these are: %.*s",
            SLICE_ARG(shown), SLICE_ARG(known));
}

static void resolve_rungs(struct walk *walk, const struct place *root, const struct draft *draft)
{
    if (draft->n_ladder == 0) /* said already; every name would be unknown */
        return;
    for (size_t i = 0; i < walk->n_rungs; i++) {
        *walk->rungs[i].index = find_rung(draft, walk->rungs[i].name);
        if (*walk->rungs[i].index == POLICY_NONE)
            report_unknown_rung(walk, draft, walk->rungs[i].place, walk->rungs[i].name);
    }
    for (size_t i = 0; i < draft->n_assume; i++)
        if (find_rung(draft, draft->assume[i].rung) == POLICY_NONE) {
            const struct place *assume = walk_find(walk, root, "assume");
            report_unknown_rung(walk, draft,
                walk_below(walk, assume, draft->assume[i].rung,
                    walk_find(walk, assume, arena_text(walk->arena, draft->assume[i].rung))->node),
                draft->assume[i].rung);
        }
}

/* ---- from draft to policy ---- */

static struct price_row finish_price(const struct draft_rung *rung)
{
    struct price_row row = rung->price.row;
    row.model = rung->model;
    row.batch_factor = 1;
    row.source = slice_from("the policy");
    if (!draft_price_has(&rung->price, "cache_read"))
        row.cache_read = row.input;
    if (!draft_price_has(&rung->price, "cache_write"))
        row.cache_write_5m = row.input;
    if (!draft_price_has(&rung->price, "cache_write_1h"))
        row.cache_write_1h = row.cache_write_5m;
    return row;
}

static void finish_ladder(struct arena *arena, const struct draft *draft, struct policy *policy)
{
    policy->n_rungs = draft->n_ladder;
    policy->rungs = ARENA_ARRAY(arena, struct policy_rung, draft->n_ladder);
    for (size_t i = 0; i < draft->n_ladder; i++) {
        const struct draft_rung *from = &draft->ladder[i];
        struct policy_rung *rung = &policy->rungs[i];
        rung->name = from->name;
        rung->model = from->model;
        if (draft_rung_has(from, "effort"))
            rung->effort = slice_from(SCHEMA_EFFORTS[from->effort]);
        rung->has_assume = draft_rung_has(from, "assume");
        rung->assume = from->assume.counts;
        rung->has_price = draft_rung_has(from, "price");
        if (rung->has_price)
            rung->price = finish_price(from);
    }
    for (size_t i = 0; i < draft->n_assume; i++) {
        struct policy_rung *rung = &policy->rungs[find_rung(draft, draft->assume[i].rung)];
        rung->has_assume = true;
        rung->assume = draft->assume[i].tokens.counts;
    }
    policy->default_rung = draft->default_rung;
    policy->middle = draft->middle == POLICY_NONE ? draft->default_rung : draft->middle;
    policy->top = draft->top == POLICY_NONE ? (int)draft->n_ladder - 1 : draft->top;
}

static int rung_of_value(const struct policy *policy, struct slice value)
{
    for (size_t i = 0; i < policy->n_complexity; i++)
        if (!policy->complexity[i].is_synonym &&
            slice_equal_caseless(policy->complexity[i].value, value))
            return policy->complexity[i].rung;
    return POLICY_NONE;
}

static void finish_labels(
    struct arena *arena, const struct draft_labels *labels, struct policy *policy)
{
    const int usual[SCHEMA_N_COMPLEXITIES] = {0, 0, policy->middle, policy->top};
    size_t n = labels->n_complexity ? labels->n_complexity : SCHEMA_N_COMPLEXITIES;
    policy->explicit_prefix =
        labels->explicit_prefix.len ? labels->explicit_prefix : slice_from("model:");
    policy->complexity = ARENA_ARRAY(arena, struct policy_label, n + labels->n_synonyms);
    for (size_t i = 0; i < n; i++)
        policy->complexity[i] =
            labels->n_complexity
                ? (struct policy_label){labels->complexity[i].value, labels->complexity[i].rung,
                      false}
                : (struct policy_label){slice_from(SCHEMA_COMPLEXITIES[i]), usual[i], false};
    policy->n_complexity = n;
    for (size_t i = 0; i < labels->n_synonyms; i++)
        policy->complexity[policy->n_complexity++] = (struct policy_label){
            labels->synonyms[i].label, rung_of_value(policy, labels->synonyms[i].value), true};
}

static void finish_patterns(struct arena *arena, const struct draft *draft, struct policy *policy)
{
    struct match_row *rows = ARENA_ARRAY(arena, struct match_row, draft->n_patterns);
    for (size_t i = 0; i < draft->n_patterns; i++) {
        const struct draft_pattern *from = &draft->patterns[i];
        rows[i] = (struct match_row){from->rung, (enum policy_where)from->where, from->words,
            from->n_words, from->expression};
    }
    policy->matcher = match_compile(arena, rows, draft->n_patterns);
}

static void finish_goal(const struct draft_goal *goal, struct policy *policy)
{
    policy->goal = (struct policy_goal){.kind = POLICY_GOAL_TIERS,
        .keep = goal->keep,
        .within = goal->within,
        .value_usd = goal->value_usd,
        .budget_usd = goal->budget_usd};
    if (draft_goal_has(goal, "keep"))
        policy->goal.kind = POLICY_GOAL_KEEP;
    if (draft_goal_has(goal, "value_usd"))
        policy->goal.kind = POLICY_GOAL_VALUE;
    if (draft_goal_has(goal, "budget_usd"))
        policy->goal.kind = POLICY_GOAL_BUDGET;
}

static void finish_agent(struct draft_agent draft, struct policy *policy)
{
    policy->agent = slice_from(SCHEMA_AGENTS[draft.kind]);
    policy->worker = draft.agent;
    policy->worker.kind = (enum policy_agent_kind)draft.kind;
    policy->worker.prompt_is_file = draft.prompt == 1;
    policy->worker.result_is_json = draft.result == 1;
    policy->worker.paths = draft.where.paths;
}

/* Where no gate is there to audit, the top rung judges. */
static void finish_gates(struct arena *arena, const struct draft *draft, struct policy *policy)
{
    policy->gates = ARENA_ARRAY(arena, struct policy_gate, draft->n_gates);
    policy->audit_gates = ARENA_ARRAY(arena, struct policy_gate, draft->n_gates + 1);
    policy->audit = draft->audit;
    for (size_t i = 0; i < draft->n_gates; i++)
        if (!draft->gates[i].is_audit)
            policy->gates[policy->n_gates++] = draft->gates[i].gate;
        else
            policy->audit_gates[policy->n_audit_gates++] = draft->gates[i].gate;
    if (draft->audit && policy->n_audit_gates == 0)
        policy->audit_gates[policy->n_audit_gates++] =
            (struct policy_gate){.name = policy->rungs[policy->top].name,
                .kind = POLICY_GATE_JUDGE,
                .judge_rung = policy->top};
}

static void finish_trusted(struct arena *arena, const struct draft *draft, struct policy *policy)
{
    finish_gates(arena, draft, policy);
    policy->plan_mode = (enum policy_plan_mode)draft->plan.mode;
    policy->plan_when = draft->plan.when;
    policy->n_plan_when = draft->plan.n_when;
    policy->plan_rung = draft->plan.seen ? draft->plan.rung : POLICY_NONE;
    policy->review_when = draft->review.when;
    policy->n_review_when = draft->review.n_when;
    policy->review_mode = (enum policy_review_mode)draft->review.mode;
    if (draft->review.n_when)
        policy->review_rung = draft->review.rung == POLICY_NONE ? policy->top : draft->review.rung;
    finish_agent(draft->agent, policy);
    policy->ledger = draft->ledger;
}

bool policy_needs_trust(struct slice key)
{
    for (size_t i = 0; i < SCHEMA_POLICY.n_keys; i++)
        if (SCHEMA_POLICY.keys[i].needs_trust && slice_is(key, SCHEMA_POLICY.keys[i].name))
            return true;
    return false;
}

static void refuse_keys(struct walk *walk, const struct place *root, struct policy *policy)
{
    policy->refused = ARENA_ARRAY(walk->arena, struct slice, SCHEMA_POLICY.n_keys);
    for (size_t i = 0; i < SCHEMA_POLICY.n_keys; i++) {
        const struct schema_key *key = &SCHEMA_POLICY.keys[i];
        const struct place *at = key->needs_trust ? walk_find(walk, root, key->name) : NULL;
        if (at)
            policy->refused[policy->n_refused++] = arena_print(walk->arena,
                "%.*snot obeyed, because this policy is not trusted; read it, then run `rung "
                "trust`",
                SLICE_ARG(walk_where(walk, at)));
    }
}

static void finish(
    struct walk *walk, const struct place *root, const struct draft *draft, struct policy *policy)
{
    finish_ladder(walk->arena, draft, policy);
    finish_labels(walk->arena, &draft->labels, policy);
    finish_patterns(walk->arena, draft, policy);
    finish_goal(&draft->goal, policy);
    policy->explore = policy->trusted ? draft->explore : 0;
    policy->keep_text = draft->keep_text || !policy->trusted;
    policy->budget_task_usd = draft->budget.task_usd;
    policy->budget_day_usd = draft->budget.day_usd;
    policy->review_rung = policy->plan_rung = POLICY_NONE;
    struct draft_agent usual = {0};
    schema_default_agent(&usual);
    finish_agent(usual, policy);
    if (policy->trusted)
        finish_trusted(walk->arena, draft, policy);
    else
        refuse_keys(walk, root, policy);
}

/* ---- the door ---- */

static int compare_problems(const void *a, const void *b)
{
    const struct walk_problem *x = a, *y = b;
    if (x->problem.line != y->problem.line)
        return x->problem.line < y->problem.line ? -1 : 1;
    if (x->problem.column != y->problem.column)
        return x->problem.column < y->problem.column ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static void hand_over_problems(struct walk *walk, struct policy_problems *problems)
{
    if (walk->n_problems)
        qsort(walk->problems, walk->n_problems, sizeof(*walk->problems), compare_problems);
    if (!problems)
        return;
    problems->n = walk->n_problems;
    problems->more = walk->n_more;
    problems->items = ARENA_ARRAY(walk->arena, struct policy_problem, walk->n_problems);
    for (size_t i = 0; i < walk->n_problems; i++)
        problems->items[i] = walk->problems[i].problem;
}

static void read_document(struct walk *walk, struct policy *policy)
{
    yaml_node_t *root = yaml_document_get_root_node(walk->document);
    if (!root || root->type != YAML_MAPPING_NODE) {
        walk_problem_at(walk, root ? root->start_mark.line + 1 : 1,
            root ? root->start_mark.column + 1 : 1,
            root ? "a policy is a map of keys and values, beginning with ladder"
                 : "is empty; a policy needs at least ladder and default");
        return;
    }
    if (!is_sound(walk))
        return;
    struct draft draft = {0};
    struct place place = {.node = root};
    draft.goal.keep = draft.review.rung = POLICY_NONE;
    schema_default_agent(&draft.agent);
    walk_map(walk, &place, &SCHEMA_POLICY, &draft);
    resolve_rungs(walk, &place, &draft);
    if (walk->n_problems == 0)
        finish(walk, &place, &draft, policy);
}

bool policy_parse(struct arena *arena, const char *path, struct slice text, bool trusted,
    struct policy *policy, struct policy_problems *problems)
{
    struct walk walk = {.arena = arena};
    walk.name = path ? text_one_line(arena, slice_from(path), 0) : slice_from("built-in policy");
    *policy = (struct policy){
        .path = path ? arena_text(arena, slice_from(path)) : NULL, .trusted = trusted};
    file_sha256(text, policy->hash);
    yaml_parser_t parser;
    yaml_document_t document;
    size_t deep_line = 0;
    if (text.len > POLICY_BYTES_MOST) {
        walk_problem_at(&walk, 1, 1, "is larger than the 1 MB that a policy may have");
    } else if (is_too_deep(text, &deep_line)) {
        walk_problem_at(&walk, deep_line, 1, "brackets are nested too deeply for a policy");
    } else {
        if (!yaml_parser_initialize(&parser))
            memory_exhausted();
        yaml_parser_set_input_string(
            &parser, (const unsigned char *)(text.len ? text.base : ""), text.len);
        walk.document = &document;
        if (load(&walk, &parser, text, &document)) {
            read_document(&walk, policy);
            if (yaml_document_get_root_node(&document))
                check_end(&walk, &parser, text);
            yaml_document_delete(&document);
        }
        yaml_parser_delete(&parser);
    }
    hand_over_problems(&walk, problems);
    return walk.n_problems == 0;
}

void policy_free(struct policy *policy)
{
    match_free(policy->matcher);
    policy->matcher = NULL;
}
