/* Receives finished tasks with labels and titles, hands on what goes with success or failure of the
 * cheap rung. Refuses to know policies: which tasks a rule can move is told by how strongly their
 * start is decided already. */
#include "eval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LABELS_MOST = 64, WORDS_MOST = 32, WORD_BYTES_LEAST = 3, FEATURES_MOST = 256 };

static const double NO_WORSE = 0.05; /* by which other rungs may do better */

static const char KIND_MARKS[] = "LPW";
static const char *const KIND_NAMES[] = {"label", "prefix", "words"};

const char *eval_hint_kind_name(enum eval_hint_kind kind)
{
    return KIND_NAMES[kind];
}

/* First attempts of the cheap rung, and of all others. */
struct tally {
    double n, held, other_n, other_held;
};

static void tally_add(struct tally *tally, const struct eval_hint_row *row)
{
    *(row->began_cheap ? &tally->n : &tally->other_n) += 1;
    *(row->began_cheap ? &tally->held : &tally->other_held) += row->held;
}

/* Whose attempts a feature is tested among: all tasks, or those alone that a rule could move one
 * way or the other. The router chose which tasks the others are. */
enum among { AMONG_ALL, AMONG_MOVED_IN, AMONG_MOVED_OUT, AMONG };

/* What is counted of one feature. */
struct feature {
    struct slice key; /* its kind's mark, then its text */
    struct tally among[AMONG];
    size_t moves_in, moves_out;    /* towards the cheap rung, away from it */
    struct stats_sums cheap, dear; /* costs of such tasks by where they began */
};

struct mine {
    struct arena *arena;
    struct feature *features;
    size_t n, room;
    uint32_t *slots; /* 1 + number; 0: free */
    size_t n_slots;
};

static size_t slot_of(const struct mine *mine, struct slice key)
{
    size_t slot = (size_t)slice_hash(key) & (mine->n_slots - 1);
    while (mine->slots[slot] && !slice_equal(mine->features[mine->slots[slot] - 1].key, key))
        slot = (slot + 1) & (mine->n_slots - 1);
    return slot;
}

static void rehash(struct mine *mine)
{
    mine->n_slots = mine->n_slots ? 2 * mine->n_slots : 1024;
    mine->slots = ARENA_ARRAY(mine->arena, uint32_t, mine->n_slots);
    for (size_t i = 0; i < mine->n; i++)
        mine->slots[slot_of(mine, mine->features[i].key)] = (uint32_t)i + 1;
}

/* NULL where there are too many features. */
static struct feature *feature_of(struct mine *mine, struct slice key)
{
    if (2 * (mine->n + 1) > mine->n_slots)
        rehash(mine);
    size_t slot = slot_of(mine, key);
    if (mine->slots[slot])
        return &mine->features[mine->slots[slot] - 1];
    if (mine->n == EVAL_HINT_FEATURES_MOST)
        return NULL;
    mine->features =
        arena_grow(mine->arena, mine->features, mine->n, &mine->room, sizeof(*mine->features));
    mine->features[mine->n] = (struct feature){.key = arena_copy(mine->arena, key)};
    mine->slots[slot] = (uint32_t)++mine->n;
    return &mine->features[mine->n - 1];
}

/* ---- the features of a task, each once ---- */

struct keys {
    struct arena *arena;
    struct slice items[FEATURES_MOST];
    size_t n;
};

static void add_key(struct keys *keys, enum eval_hint_kind kind, struct slice a, struct slice b)
{
    struct slice key = arena_print(keys->arena, "%c%.*s%s%.*s", KIND_MARKS[kind], SLICE_ARG(a),
        b.len ? " " : "", SLICE_ARG(b));
    for (size_t i = 0; i < keys->n; i++)
        if (slice_equal(keys->items[i], key))
            return;
    if (keys->n < FEATURES_MOST)
        keys->items[keys->n++] = key;
}

static void add_labels(struct keys *keys, const struct eval_hint_row *row)
{
    static const struct slice none = {"", 0};
    for (size_t i = 0; i < row->n_labels && i < LABELS_MOST; i++) {
        struct slice label = row->labels[i];
        size_t colon = slice_find_byte(label, ':'), slash = slice_find_byte(label, '/');
        size_t end = colon < slash ? colon : slash;
        if (label.len == 0)
            continue;
        add_key(keys, EVAL_HINT_LABEL, label, none);
        if (end != SIZE_MAX && end > 0)
            add_key(keys, EVAL_HINT_PREFIX, slice_sub(label, 0, end + 1), none);
    }
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The next run of letters, in lower case; what holds digits is no word. False at the end. */
static bool next_word(struct arena *arena, struct slice *rest, struct slice *word)
{
    size_t from = 0, to;
    while (from < rest->len && !slice_ascii_is_word((unsigned char)rest->base[from]))
        from++;
    bool all_letters = true;
    for (to = from; to < rest->len && slice_ascii_is_word((unsigned char)rest->base[to]); to++)
        all_letters = all_letters && is_letter(rest->base[to]);
    if (from == to)
        return false;
    char *lower = arena_take(arena, to - from + 1);
    for (size_t i = from; i < to; i++)
        lower[i - from] = slice_ascii_lower(rest->base[i]);
    *word = (struct slice){lower, all_letters ? to - from : 0};
    *rest = slice_sub(*rest, to, rest->len);
    return true;
}

static void add_words(struct keys *keys, struct slice title)
{
    static const struct slice none = {"", 0};
    struct slice rest = title, word, before = none;
    if (slice_starts(title, "sha256:")) /* the text was not kept */
        return;
    for (int i = 0; i < WORDS_MOST && next_word(keys->arena, &rest, &word); i++) {
        if (word.len >= WORD_BYTES_LEAST)
            add_key(keys, EVAL_HINT_WORDS, word, none);
        if (word.len && before.len)
            add_key(keys, EVAL_HINT_WORDS, before, word);
        before = word;
    }
}

static void list_keys(struct keys *keys, const struct eval_hint_row *row)
{
    keys->n = 0;
    add_labels(keys, row);
    add_words(keys, row->title);
}

/* ---- counting ---- */

/* A label rule overrides patterns and the default, words the default alone; away from the cheap
 * rung a label also overrides another label (the higher counts), words another pattern. */
static bool can_move(const struct eval_hint_row *row, bool is_words, bool to_cheap)
{
    enum eval_spoke most = is_words ? (to_cheap ? EVAL_SPOKE_DEFAULT : EVAL_SPOKE_PATTERN)
                                    : (to_cheap ? EVAL_SPOKE_PATTERN : EVAL_SPOKE_LABEL);
    return row->goes_cheap != to_cheap && row->spoke <= most;
}

static void count(struct feature *feature, const struct eval_hint_row *row)
{
    bool is_words = feature->key.base[0] == KIND_MARKS[EVAL_HINT_WORDS];
    bool in = can_move(row, is_words, true), out = can_move(row, is_words, false);
    feature->moves_in += in;
    feature->moves_out += out;
    tally_add(&feature->among[AMONG_ALL], row);
    if (in || out)
        tally_add(&feature->among[in ? AMONG_MOVED_IN : AMONG_MOVED_OUT], row);
    if (!isnan(row->cost_usd))
        stats_sums_add(row->began_cheap ? &feature->cheap : &feature->dear, row->cost_usd);
}

static void count_rows(struct mine *mine, const struct eval_hint_row *rows, size_t n)
{
    struct arena arena = {0};
    struct keys keys = {.arena = &arena};
    for (size_t i = 0; i < n; i++) {
        arena_reset(&arena);
        list_keys(&keys, &rows[i]);
        for (size_t k = 0; k < keys.n; k++) {
            struct feature *feature = feature_of(mine, keys.items[k]);
            if (feature)
                count(feature, &rows[i]);
        }
    }
    arena_free(&arena);
}

/* ---- from counts to hints ---- */

static struct interval times(struct interval interval, double factor)
{
    return (struct interval){interval.low * factor, interval.mean * factor, interval.high * factor};
}

static struct eval_hint hint_of(
    const struct feature *feature, const struct tally *seen, bool to_cheap)
{
    struct eval_hint hint = {.text = slice_sub(feature->key, 1, feature->key.len),
        .to_cheap = to_cheap,
        .n = seen->n,
        .held = seen->held,
        .other_n = seen->other_n,
        .other_held = seen->other_held,
        .success = stats_wilson(seen->held, seen->n, 0.95),
        .moves = to_cheap ? feature->moves_in : feature->moves_out,
        .saved_usd = {NAN, NAN, NAN}};
    hint.kind = (enum eval_hint_kind)(strchr(KIND_MARKS, feature->key.base[0]) - KIND_MARKS);
    const struct stats_sums *from = to_cheap ? &feature->dear : &feature->cheap,
                            *to = to_cheap ? &feature->cheap : &feature->dear;
    if (hint.moves > 0 && from->n > 0 && to->n > 0)
        hint.saved_usd = times(stats_difference_interval(from, to, 0.95), (double)hint.moves);
    return hint;
}

static bool is_useful(const struct eval_hint *hint)
{
    if (!hint->to_cheap)
        return true;
    bool others_better =
        hint->other_n > 0 && hint->other_held / hint->other_n > hint->success.mean + NO_WORSE;
    return hint->moves > 0 && !others_better;
}

static int compare_hints(const void *a, const void *b)
{
    const struct eval_hint *x = a, *y = b;
    double saved_x = isnan(x->saved_usd.mean) ? 0 : x->saved_usd.mean,
           saved_y = isnan(y->saved_usd.mean) ? 0 : y->saved_usd.mean;
    if (x->to_cheap != y->to_cheap)
        return x->to_cheap ? -1 : 1;
    if (saved_x != saved_y && x->to_cheap)
        return saved_x > saved_y ? -1 : 1;
    if (x->p != y->p)
        return x->p < y->p ? -1 : 1;
    return slice_compare(x->text, y->text);
}

/* Two features of the same tasks (a word, and the pair that it always stands in) are one hint: the
 * first found, labels before words, stands for them. */
static bool says_the_same(const struct eval_hint *a, const struct eval_hint *b)
{
    return a->to_cheap == b->to_cheap && a->n == b->n && a->held == b->held &&
           a->other_n == b->other_n && a->other_held == b->other_held;
}

static size_t keep_apart(struct eval_hint *hints, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool known = false;
        for (size_t k = 0; k < kept && !known; k++)
            if (says_the_same(&hints[k], &hints[i])) {
                known = true;
                bool longer = hints[i].text.len > hints[k].text.len;
                if (hints[i].kind == EVAL_HINT_WORDS && hints[k].kind == EVAL_HINT_WORDS && longer)
                    hints[k] = hints[i];
            }
        if (!known)
            hints[kept++] = hints[i];
    }
    return kept;
}

/* Tests one feature one way: among the tasks that a rule could move where the cheap rung was tried
 * on enough of them, else among all. False where too few were seen, or a word is on most tasks. */
static bool test(const struct feature *feature, struct tally all[2][AMONG], bool to_cheap,
    struct eval_hint *hint)
{
    bool is_words = feature->key.base[0] == KIND_MARKS[EVAL_HINT_WORDS];
    enum among among = to_cheap ? AMONG_MOVED_IN : AMONG_MOVED_OUT;
    if (feature->among[among].n < EVAL_HINT_SUPPORT ||
        2 * feature->among[among].n > all[is_words][among].n)
        among = AMONG_ALL;
    const struct tally *seen = &feature->among[among], *of = &all[is_words][among];
    if (seen->n < EVAL_HINT_SUPPORT || seen->n >= of->n || (is_words && 2 * seen->n > of->n))
        return false;
    *hint = hint_of(feature, seen, to_cheap);
    hint->p = to_cheap ? stats_fisher_at_least_mid(seen->held, seen->n, of->held, of->n)
                       : stats_fisher_at_least_mid(
                             seen->n - seen->held, seen->n, of->n - of->held, of->n);
    return true;
}

static void add_up(const struct eval_hint_row *rows, size_t n, struct tally all[2][AMONG])
{
    for (size_t i = 0; i < n; i++)
        for (int is_words = 0; is_words < 2; is_words++) {
            tally_add(&all[is_words][AMONG_ALL], &rows[i]);
            if (can_move(&rows[i], is_words, true))
                tally_add(&all[is_words][AMONG_MOVED_IN], &rows[i]);
            if (can_move(&rows[i], is_words, false))
                tally_add(&all[is_words][AMONG_MOVED_OUT], &rows[i]);
        }
}

size_t eval_suggest(struct arena *arena, const struct eval_hint_row *rows, size_t n, double rate,
    struct eval_hint **hints, double *base_rate)
{
    struct mine mine = {.arena = arena};
    struct tally all[2][AMONG] = {0};
    size_t n_hints = 0, looked = 0, room = 0;
    add_up(rows, n, all);
    *base_rate = all[0][AMONG_ALL].n > 0 ? all[0][AMONG_ALL].held / all[0][AMONG_ALL].n : NAN;
    count_rows(&mine, rows, n);
    struct eval_hint *found = NULL;
    for (size_t i = 0; i < mine.n; i++)
        for (int away = 0; away < 2; away++) {
            found = arena_grow(arena, found, looked, &room, sizeof(*found));
            looked += test(&mine.features[i], all, !away, &found[looked]);
        }
    double *p = ARENA_ARRAY(arena, double, looked), *adjusted = ARENA_ARRAY(arena, double, looked);
    bool *accepted = ARENA_ARRAY(arena, bool, looked);
    for (size_t i = 0; i < looked; i++)
        p[i] = found[i].p;
    stats_discoveries(p, looked, rate, accepted, adjusted);
    for (size_t i = 0; i < looked; i++) {
        found[i].adjusted = adjusted[i];
        if (accepted[i] && is_useful(&found[i]))
            found[n_hints++] = found[i];
    }
    n_hints = keep_apart(found, n_hints);
    if (n_hints > 0)
        qsort(found, n_hints, sizeof(*found), compare_hints);
    *hints = found;
    return n_hints;
}
