/* Turns a text into what the learner sees. Receives title and body, hands on bucket numbers with
 * weights and surface figures; refuses to know outcomes. */
#include "features.h"

#include <math.h>
#include <string.h>

enum surface {
    LOG_CHARS,
    LOG_WORDS,
    LOG_LINES,
    LOG_DIGITS,
    LOG_CAPITALS,
    DIGIT_SHARE,
    CAPITAL_SHARE,
    LOG_QUESTIONS,
    LOG_COMMAS,
    LOG_FULL_STOPS,
    LOG_FORMULAS,
    LOG_OPERATORS,
    LOG_PARENTHESES,
    LOG_UNDERSCORES,
    LOG_BACKTICKS,
    LOG_QUOTES,
    WORD_LENGTH,
    LOG_ITEMS,
    LOG_ITEM_LENGTH,
    LOG_ITEM_SPREAD,
    ITEM_DIGIT_SHARE,
    LOG_HEAD,
    DISTINCT_SHARE,
    LOG_COLONS,
    LOG_NOT_ASCII,
    LOG_FENCES,
    LOG_SLASHES,
    LOG_BRACKETS,
};

static const char *const surface_names[FEATURES_SURFACE] = {
    [LOG_CHARS] = "log_chars",
    [LOG_WORDS] = "log_words",
    [LOG_LINES] = "log_lines",
    [LOG_DIGITS] = "log_digits",
    [LOG_CAPITALS] = "log_capitals",
    [DIGIT_SHARE] = "digit_share",
    [CAPITAL_SHARE] = "capital_share",
    [LOG_QUESTIONS] = "log_questions",
    [LOG_COMMAS] = "log_commas",
    [LOG_FULL_STOPS] = "log_full_stops",
    [LOG_FORMULAS] = "log_formulas",
    [LOG_OPERATORS] = "log_operators",
    [LOG_PARENTHESES] = "log_parentheses",
    [LOG_UNDERSCORES] = "log_underscores",
    [LOG_BACKTICKS] = "log_backticks",
    [LOG_QUOTES] = "log_quotes",
    [WORD_LENGTH] = "word_length",
    [LOG_ITEMS] = "log_items",
    [LOG_ITEM_LENGTH] = "log_item_length",
    [LOG_ITEM_SPREAD] = "log_item_spread",
    [ITEM_DIGIT_SHARE] = "item_digit_share",
    [LOG_HEAD] = "log_head",
    [DISTINCT_SHARE] = "distinct_share",
    [LOG_COLONS] = "log_colons",
    [LOG_NOT_ASCII] = "log_not_ascii",
    [LOG_FENCES] = "log_fences",
    [LOG_SLASHES] = "log_slashes",
    [LOG_BRACKETS] = "log_brackets",
};

const char *features_surface_name(size_t feature)
{
    return feature < FEATURES_SURFACE ? surface_names[feature] : NULL;
}

enum { WORD_BREAK, WORD_LETTER, WORD_DIGIT };

static int word_kind(unsigned char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80)
        return WORD_LETTER;
    return c >= '0' && c <= '9' ? WORD_DIGIT : WORD_BREAK;
}

/* Everything that is counted in one walk over the text. */
struct count {
    struct features *features;
    struct features_scratch *scratch;
    uint32_t bytes[256];
    uint32_t words, word_bytes, distinct, fences, lines;
    uint32_t items, item_bytes, item_shortest, item_longest, items_with_digit;
    uint32_t head; /* bytes before the first item of a list */
    uint64_t previous;
    size_t most; /* buckets; the last ones are kept for the surface */
};

/* The finaliser of MurmurHash3: every bit of the result depends on every bit of h. */
static uint64_t mix(uint64_t h)
{
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdu;
    h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53u;
    return h ^ (h >> 33);
}

/* Returns true where the bucket is new in this text. */
static bool add_bucket(struct count *count, uint64_t hash)
{
    struct features *features = count->features;
    uint32_t bucket = (uint32_t)(hash >> (64 - FEATURES_BUCKET_BITS));
    uint32_t at = bucket % FEATURES_SLOTS;
    for (; count->scratch->slot[at]; at = (at + 1) % FEATURES_SLOTS)
        if (features->bucket[count->scratch->slot[at] - 1] == bucket)
            return false;
    if (features->n == count->most)
        return false;
    count->scratch->used[features->n] = (uint16_t)at;
    features->bucket[features->n++] = bucket;
    count->scratch->slot[at] = (uint16_t)features->n;
    return true;
}

static void count_word(struct count *count, uint64_t hash, size_t len)
{
    uint64_t word = mix(hash);
    count->words++;
    count->word_bytes += (uint32_t)len;
    count->distinct += add_bucket(count, word);
    if (count->previous)
        add_bucket(count, mix(count->previous * 3 + word));
    if (count->words <= FEATURES_FIRST_WORDS)
        add_bucket(count, mix(word + count->words));
    count->previous = word;
}

static void count_words(struct count *count, struct slice text)
{
    if (text.len == 0)
        return; /* its base may be NULL */
    const unsigned char *p = (const unsigned char *)text.base, *end = p + text.len;
    while (p < end) {
        int kind = word_kind(*p);
        if (kind == WORD_BREAK) {
            count->bytes[*p++]++;
            continue;
        }
        const unsigned char *from = p;
        uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
        for (; p < end && word_kind(*p) == kind; p++) {
            count->bytes[*p]++;
            hash = (hash ^ (unsigned char)slice_ascii_lower((char)*p)) * 0x100000001b3u;
        }
        count_word(count, hash, (size_t)(p - from));
    }
}

/* "- x", "* x", "A. x", "1) x", "(b) x": a line of a list, or an answer to choose from. */
static bool is_item(struct slice line)
{
    line = slice_trim(line);
    if (line.len >= 2 && (line.base[0] == '-' || line.base[0] == '*') && line.base[1] == ' ')
        return true;
    if (line.len && line.base[0] == '(')
        line = slice_sub(line, 1, line.len);
    size_t i = 0;
    while (i < line.len && i < 2 && slice_ascii_is_word((unsigned char)line.base[i]))
        i++;
    return i > 0 && i + 1 < line.len && (line.base[i] == '.' || line.base[i] == ')') &&
           line.base[i + 1] == ' ';
}

static bool has_digit(struct slice line)
{
    /* the number of the item itself does not count */
    for (size_t i = 3; i < line.len; i++)
        if (word_kind((unsigned char)line.base[i]) == WORD_DIGIT)
            return true;
    return false;
}

static void count_lines(struct count *count, struct slice text)
{
    struct slice line;
    while (slice_next_line(&text, &line)) {
        count->lines++;
        count->fences += slice_starts(line, "```");
        if (is_item(line)) {
            uint32_t len = (uint32_t)line.len;
            if (!count->items || len < count->item_shortest)
                count->item_shortest = len;
            if (len > count->item_longest)
                count->item_longest = len;
            count->items++;
            count->item_bytes += len;
            count->items_with_digit += has_digit(line);
        } else if (!count->items) {
            count->head += (uint32_t)line.len;
        }
    }
}

static float log_count(uint32_t n)
{
    return logf(1.0f + (float)n);
}

static float share(uint32_t part, uint32_t whole)
{
    return whole ? (float)part / (float)whole : 0.0f;
}

static uint32_t sum_of(const struct count *count, const char *characters)
{
    uint32_t n = 0;
    for (; *characters; characters++)
        n += count->bytes[(unsigned char)*characters];
    return n;
}

static uint32_t sum_range(const struct count *count, unsigned from, unsigned to)
{
    uint32_t n = 0;
    for (unsigned c = from; c <= to; c++)
        n += count->bytes[c];
    return n;
}

static void set_surface(const struct count *count, size_t len, float *surface)
{
    uint32_t chars = (uint32_t)len;
    uint32_t digits = sum_range(count, '0', '9'), capitals = sum_range(count, 'A', 'Z');
    surface[LOG_CHARS] = log_count(chars);
    surface[LOG_WORDS] = log_count(count->words);
    surface[LOG_LINES] = log_count(count->lines);
    surface[LOG_DIGITS] = log_count(digits);
    surface[LOG_CAPITALS] = log_count(capitals);
    surface[DIGIT_SHARE] = share(digits, chars);
    surface[CAPITAL_SHARE] = share(capitals, chars);
    surface[LOG_QUESTIONS] = log_count(sum_of(count, "?"));
    surface[LOG_COMMAS] = log_count(sum_of(count, ","));
    surface[LOG_FULL_STOPS] = log_count(sum_of(count, "."));
    surface[LOG_FORMULAS] = log_count(sum_of(count, "$\\"));
    surface[LOG_OPERATORS] = log_count(sum_of(count, "=+-*/^<>|~"));
    surface[LOG_PARENTHESES] = log_count(sum_of(count, "("));
    surface[LOG_UNDERSCORES] = log_count(sum_of(count, "_"));
    surface[LOG_BACKTICKS] = log_count(sum_of(count, "`"));
    surface[LOG_QUOTES] = log_count(sum_of(count, "\"'"));
    surface[WORD_LENGTH] = share(count->word_bytes, count->words);
    surface[LOG_ITEMS] = log_count(count->items);
    surface[LOG_ITEM_LENGTH] = logf(1.0f + share(count->item_bytes, count->items));
    surface[LOG_ITEM_SPREAD] = log_count(count->item_longest) - log_count(count->item_shortest);
    surface[ITEM_DIGIT_SHARE] = share(count->items_with_digit, count->items);
    surface[LOG_HEAD] = log_count(count->head);
    surface[DISTINCT_SHARE] = share(count->distinct, count->words);
    surface[LOG_COLONS] = log_count(sum_of(count, ":;"));
    surface[LOG_NOT_ASCII] = log_count(sum_range(count, 0x80, 0xff));
    surface[LOG_FENCES] = log_count(count->fences);
    surface[LOG_SLASHES] = log_count(sum_of(count, "/"));
    surface[LOG_BRACKETS] = log_count(sum_of(count, "[{"));
}

/* A rounded surface figure is a bucket too: it lets the learner bend where a line would not do.
 * Shares and figures between 0 and 1 are rounded to tenths, all others to whole numbers. */
static void add_surface(struct count *count)
{
    count->most = FEATURES_MOST;
    for (size_t i = 0; i < FEATURES_SURFACE; i++) {
        bool is_share =
            i == DIGIT_SHARE || i == CAPITAL_SHARE || i == ITEM_DIGIT_SHARE || i == DISTINCT_SHARE;
        float steps = floorf(count->features->surface[i] * (is_share ? 10.0f : 1.0f));
        add_bucket(count, mix(i * 65536 + (uint64_t)steps + 1));
    }
}

void features_extract(struct slice title, struct slice body, struct features_scratch *scratch,
    struct features *features)
{
    struct count count = {
        .features = features, .scratch = scratch, .most = FEATURES_MOST - FEATURES_SURFACE};
    title = slice_sub(title, 0, FEATURES_BYTES_MOST);
    body = slice_sub(body, 0, FEATURES_BYTES_MOST - title.len);
    features->n = 0;
    count_words(&count, title);
    count_words(&count, body);
    count_lines(&count, title);
    count_lines(&count, body);
    set_surface(&count, title.len + body.len, features->surface);
    add_surface(&count);
    for (size_t i = 0; i < features->n; i++)
        scratch->slot[scratch->used[i]] = 0;
}
