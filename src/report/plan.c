/* Hands on how many tasks a claim needs before it can be settled: the power table. */
#include "parts.h"

#include "base/table.h"

#include <inttypes.h>

/* Claims about a rate and the true rates for which the wait is told. */
struct plan_claim {
    const char *id;
    double target;
};
static const struct plan_claim CLAIMS[] = {{"cheap-success", 0.85}, {"confidence", 0.80}};
static const double RATES[] = {0.60, 0.70, 0.75, 0.88, 0.90, 0.92, 0.95, 0.97, 0.99, 1.00};
/* Shares of pairs in which two rungs disagree, for the comparison with the middle rung. */
static const double DISCORDANCE[] = {0.05, 0.10, 0.15, 0.20};

enum { N_CLAIMS = 2, N_RATES = 10, N_DISCORDANCE = 4 };
static const double MARGIN = 0.05, POWER = 0.80;

struct plan_row {
    double rate;
    int64_t one_look, median, most; /* 80 % power at one look; 50 % and 90 % of the waits */
};

static struct plan_row row_of(const struct plan_claim *claim, double rate)
{
    return (struct plan_row){.rate = rate,
        .one_look = stats_fixed_sample(claim->target, rate, REPORT_ALPHA, POWER),
        .median = stats_eprocess_wait(claim->target, rate, REPORT_ALPHA, 0.5),
        .most = stats_eprocess_wait(claim->target, rate, REPORT_ALPHA, 0.9)};
}

static struct slice count_text(struct arena *arena, int64_t n)
{
    return n == STATS_NEVER ? slice_from("–") : arena_print(arena, "%" PRId64, n);
}

static void print_claim(FILE *out, struct arena *arena, const struct plan_claim *claim)
{
    static const struct table_column columns[] = {{"true rate", true, TABLE_KEEPS},
        {"settles as", false, TABLE_KEEPS}, {"half of the times by task", true, TABLE_KEEPS},
        {"nine of ten by", true, TABLE_SPARE},
        {"one planned look (80 % power)", true, TABLE_SPARE}};
    fprintf(out, "%s%s%s: a rate of %.2f or more, looked at after every task\n",
        table_color_code(out, TABLE_BOLD), claim->id, table_color_code(out, TABLE_PLAIN),
        claim->target);
    struct table *table = table_make(out, columns, 5);
    for (int i = 0; i < N_RATES; i++) {
        struct plan_row row = row_of(claim, RATES[i]);
        bool true_claim = row.rate > claim->target;
        table_add_row(table);
        table_set(table, 0, arena_print(arena, "%.2f", row.rate), TABLE_PLAIN);
        table_set(table, 1, slice_from(true_claim ? "SUPPORTED" : "REFUTED"),
            true_claim ? TABLE_GREEN : TABLE_RED);
        table_set(table, 2, count_text(arena, row.median), TABLE_PLAIN);
        table_set(table, 3, count_text(arena, row.most), TABLE_PLAIN);
        table_set(table, 4, count_text(arena, row.one_look), TABLE_PLAIN);
    }
    table_print(table);
    table_free(table);
    fputc('\n', out);
}

void report_print_plan(FILE *out, struct arena *arena)
{
    static const struct table_column columns[] = {{"pairs that disagree", true, false},
        {"pairs needed", true, false}, {"if truly 2 points worse", true, false}};
    for (int i = 0; i < N_CLAIMS; i++)
        print_claim(out, arena, &CLAIMS[i]);
    fprintf(out,
        "%sno-regression%s: not worse than the middle rung by %.2f, paired (80 %% power)\n",
        table_color_code(out, TABLE_BOLD), table_color_code(out, TABLE_PLAIN), MARGIN);
    struct table *table = table_make(out, columns, 3);
    for (int i = 0; i < N_DISCORDANCE; i++) {
        table_add_row(table);
        table_set(table, 0, arena_print(arena, "%.0f %%", 100 * DISCORDANCE[i]), TABLE_PLAIN);
        table_set(table, 1,
            count_text(
                arena, stats_noninferiority_pairs(DISCORDANCE[i], 0, MARGIN, REPORT_ALPHA, POWER)),
            TABLE_PLAIN);
        table_set(table, 2,
            count_text(arena,
                stats_noninferiority_pairs(DISCORDANCE[i], -0.02, MARGIN, REPORT_ALPHA, POWER)),
            TABLE_PLAIN);
    }
    table_print(table);
    table_free(table);
}

static void write_count(struct emit *emit, const char *key, int64_t n)
{
    if (n == STATS_NEVER)
        emit_member_null(emit, key);
    else
        emit_member_int64(emit, key, n);
}

void report_write_plan(struct emit *emit)
{
    emit_open(emit, '{');
    emit_key(emit, "rates");
    emit_open(emit, '[');
    for (int i = 0; i < N_CLAIMS; i++)
        for (int j = 0; j < N_RATES; j++) {
            struct plan_row row = row_of(&CLAIMS[i], RATES[j]);
            emit_open(emit, '{');
            emit_member_cstring(emit, "id", CLAIMS[i].id);
            emit_member_double(emit, "target", CLAIMS[i].target);
            emit_member_double(emit, "rate", row.rate);
            write_count(emit, "median", row.median);
            write_count(emit, "ninety", row.most);
            write_count(emit, "one_look", row.one_look);
            emit_close(emit, '}');
        }
    emit_close(emit, ']');
    emit_key(emit, "pairs");
    emit_open(emit, '[');
    for (int i = 0; i < N_DISCORDANCE; i++) {
        emit_open(emit, '{');
        emit_member_cstring(emit, "id", "no-regression");
        emit_member_double(emit, "margin", MARGIN);
        emit_member_double(emit, "discordance", DISCORDANCE[i]);
        write_count(emit, "pairs",
            stats_noninferiority_pairs(DISCORDANCE[i], 0, MARGIN, REPORT_ALPHA, POWER));
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
    emit_close(emit, '}');
    emit_bytes(emit, slice_from("\n"));
}
