/* Receives what an evaluation found; hands on a drawing in SVG: quality over cost with a labelled
 * point a policy, or stated over observed success. Refuses to draw anything but black on white
 * and one accent: it is read on paper too. */
#include "result.h"

#include "base/file.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

enum {
    WIDTH = 880,
    HEIGHT = 560,
    LEFT = 80,
    RIGHT = 40,
    TOP = 48,
    BOTTOM = 64,
    TICKS_MOST = 12,
    LABEL_COLUMNS = 40,
    LABEL_HEIGHT = 14,
    COVERED_MOST = 150, /* square points of other marks; a label that covers more is left out */
    NUDGES = 9,         /* places that are tried for a label */
};

static const char INK[] = "#1f2430", FAINT[] = "#e3e6ec", GREY[] = "#7a8191", ACCENT[] = "#1763c6";

struct axis {
    double low, high;   /* of the data */
    double from, to;    /* on the paper */
    double step, scale; /* between ticks; scale 100 shows a fraction as percent */
    const char *title;
};

struct paper {
    struct arena *arena;
    struct emit out;
    struct axis x, y;
};

struct box {
    double left, top, right, bottom;
};

static void add(struct paper *paper, struct slice text)
{
    emit_bytes(&paper->out, text);
}

/* Text that may stand between tags: one printable line, markup escaped. */
static struct slice escape(struct arena *arena, struct slice text, size_t columns)
{
    static const struct {
        char byte;
        const char *written;
    } marks[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    struct slice line = text_one_line(arena, text, columns);
    char *out = arena_take(arena, line.len * 6 + 1);
    size_t n = 0;
    for (size_t i = 0; i < line.len; i++) {
        const char *written = NULL;
        for (size_t m = 0; m < sizeof(marks) / sizeof(*marks); m++)
            if (line.base[i] == marks[m].byte)
                written = marks[m].written;
        size_t len = written ? strlen(written) : 1;
        memcpy(out + n, written ? written : &line.base[i], len);
        n += len;
    }
    return (struct slice){out, n};
}

static void add_text(struct paper *paper, double x, double y, const char *anchor, const char *color,
    int size, struct slice text)
{
    struct slice safe = escape(paper->arena, text, 0);
    add(paper, arena_print(paper->arena,
                   "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\" "
                   "font-size=\"%d\">%.*s</text>\n",
                   x, y, anchor, color, size, SLICE_ARG(safe)));
}

static void add_line(struct paper *paper, double x1, double y1, double x2, double y2,
    const char *color, const char *more)
{
    add(paper, arena_print(paper->arena,
                   "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"%s/>\n", x1,
                   y1, x2, y2, color, more));
}

static double place(const struct axis *axis, double value)
{
    return axis->from + (value - axis->low) / (axis->high - axis->low) * (axis->to - axis->from);
}

/* Round steps of 1, 2 or 5, the ends moved out to whole ones. */
static void round_axis(struct axis *axis)
{
    double span = axis->high - axis->low;
    if (!(span > 0))
        span = fabs(axis->high) > 0 ? fabs(axis->high) : 1;
    double raw = span / 6, power = pow(10, floor(log10(raw))), part = raw / power;
    axis->step = power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
    axis->low = floor(axis->low / axis->step) * axis->step;
    axis->high = ceil(axis->high / axis->step) * axis->step;
    if (!(axis->high > axis->low))
        axis->high = axis->low + axis->step;
}

static int digits_of(double step)
{
    int digits = (int)ceil(-log10(step) - 1e-9);
    return digits < 0 ? 0 : digits > 6 ? 6 : digits;
}

static void draw_axes(struct paper *paper)
{
    const struct axis *x = &paper->x, *y = &paper->y;
    for (int i = 0; i < TICKS_MOST && x->low + i * x->step <= x->high + x->step / 2; i++) {
        double value = x->low + i * x->step, at = place(x, value);
        add_line(paper, at, y->from, at, y->to, FAINT, "");
        add_text(paper, at, y->from + 20, "middle", GREY, 12,
            arena_print(paper->arena, "%.*f", digits_of(x->step * x->scale), value * x->scale));
    }
    for (int i = 0; i < TICKS_MOST && y->low + i * y->step <= y->high + y->step / 2; i++) {
        double value = y->low + i * y->step, at = place(y, value);
        add_line(paper, x->from, at, x->to, at, FAINT, "");
        add_text(paper, x->from - 10, at + 4, "end", GREY, 12,
            arena_print(paper->arena, "%.*f", digits_of(y->step * y->scale), value * y->scale));
    }
    add_line(paper, x->from, y->from, x->to, y->from, INK, "");
    add_line(paper, x->from, y->from, x->from, y->to, INK, "");
    add_text(paper, (x->from + x->to) / 2, y->from + 46, "middle", INK, 13, slice_from(x->title));
    add(paper, arena_print(paper->arena,
                   "<text x=\"0\" y=\"0\" transform=\"translate(24 %.1f) rotate(-90)\" "
                   "text-anchor=\"middle\" fill=\"%s\" font-size=\"13\">%s</text>\n",
                   (y->from + y->to) / 2, INK, y->title));
}

static void open_paper(struct paper *paper, const struct eval_result *result)
{
    add(paper, arena_print(paper->arena,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                   "viewBox=\"0 0 %d %d\" font-family=\"system-ui, 'DejaVu Sans', sans-serif\">\n"
                   "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
                   WIDTH, HEIGHT, WIDTH, HEIGHT));
    struct slice data = text_one_line(paper->arena, result->data, 60);
    add_text(paper, LEFT, 26, "start", INK, 14,
        arena_print(paper->arena, "%.*s, %zu rows: %s", SLICE_ARG(data), result->rows,
            result->protocol ? result->protocol : ""));
    paper->x.from = LEFT;
    paper->x.to = WIDTH - RIGHT;
    paper->y.from = HEIGHT - BOTTOM;
    paper->y.to = TOP;
}

/* ---- quality over cost ---- */

static bool is_shown(const struct eval_policy *policy)
{
    return isfinite(policy->quality.mean) && isfinite(policy->cost_usd.mean);
}

static bool is_routers(const struct eval_policy *policy)
{
    static const char *const own[] = {"direct", "label-rule", "ladder", "search", "online"};
    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
        if (slice_is(policy->name, own[i]))
            return true;
    return false;
}

static void fit_axes(struct paper *paper, const struct eval_result *result)
{
    struct axis *x = &paper->x, *y = &paper->y;
    x->low = 0;
    y->low = INFINITY;
    x->high = y->high = 0;
    for (size_t i = 0; i < result->n_policies; i++) {
        const struct eval_policy *policy = &result->policies[i];
        if (!is_shown(policy))
            continue;
        x->high = fmax(x->high, policy->cost_usd.mean);
        y->low = fmin(y->low, policy->quality.mean);
        y->high = fmax(y->high, policy->quality.mean);
    }
    if (!isfinite(y->low))
        y->low = 0;
    x->scale = 1;
    y->scale = 100;
    x->title = "mean cost of a task, $";
    y->title = "quality, %";
    round_axis(x);
    round_axis(y);
}

static double overlap(struct box a, struct box b)
{
    double wide = fmin(a.right, b.right) - fmax(a.left, b.left);
    double high = fmin(a.bottom, b.bottom) - fmax(a.top, b.top);
    return wide > 0 && high > 0 ? wide * high : 0;
}

/* A place beside the point that is inside the paper and covers least of what is there already;
 * *least is the area that it covers. */
static struct box place_label(
    double x, double y, double width, const struct box *taken, size_t n, double *least)
{
    static const double offsets[NUDGES][2] = {
        {9, -7}, {9, 7}, {-9, -7}, {-9, 7}, {9, -21}, {9, 21}, {-9, -21}, {-9, 21}, {9, 35}};
    struct box best = {0};
    *least = INFINITY;
    for (int i = 0; i < NUDGES; i++) {
        double left = offsets[i][0] > 0 ? x + offsets[i][0] : x + offsets[i][0] - width;
        struct box box = {left, y + offsets[i][1] - LABEL_HEIGHT / 2.0, left + width,
            y + offsets[i][1] + LABEL_HEIGHT / 2.0};
        double covered = box.right > WIDTH - 4 || box.left < LEFT ? 1e6 : 0;
        if (box.top < TOP - LABEL_HEIGHT || box.bottom > HEIGHT - BOTTOM)
            covered += 1e6;
        for (size_t k = 0; k < n; k++)
            covered += overlap(box, taken[k]);
        if (covered < *least) {
            *least = covered;
            best = box;
        }
    }
    return best;
}

static void draw_intervals(struct paper *paper, const struct eval_policy *policy, const char *color)
{
    double x = place(&paper->x, policy->cost_usd.mean), y = place(&paper->y, policy->quality.mean);
    const struct interval cost = policy->cost_usd;
    if (isfinite(cost.low) && isfinite(cost.high))
        add_line(paper, place(&paper->x, fmax(cost.low, paper->x.low)), y,
            place(&paper->x, fmin(cost.high, paper->x.high)), y, color, " stroke-opacity=\"0.35\"");
    struct slice name = escape(paper->arena, policy->name, 0);
    add(paper, arena_print(paper->arena,
                   "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%s\" fill=\"%s\"><title>%.*s: %.1f %% at "
                   "$%.4f</title></circle>\n",
                   x, y, is_routers(policy) ? "5.5" : "4", color, SLICE_ARG(name),
                   100 * policy->quality.mean, policy->cost_usd.mean));
}

static void draw_curve(struct paper *paper, const struct eval_result *result)
{
    fit_axes(paper, result);
    draw_axes(paper);
    struct box *taken = ARENA_ARRAY(paper->arena, struct box, 2 * result->n_policies + 1);
    size_t n = 0;
    for (size_t i = 0; i < result->n_policies; i++) {
        const struct eval_policy *policy = &result->policies[i];
        if (!is_shown(policy))
            continue;
        double x = place(&paper->x, policy->cost_usd.mean);
        double y = place(&paper->y, policy->quality.mean);
        taken[n++] = (struct box){x - 6, y - 6, x + 6, y + 6};
        draw_intervals(paper, policy, is_routers(policy) ? ACCENT : GREY);
    }
    for (int own = 1; own >= 0; own--) /* the router's labels choose their places first */
        for (size_t i = 0; i < result->n_policies; i++) {
            const struct eval_policy *policy = &result->policies[i];
            if (!is_shown(policy) || is_routers(policy) != own)
                continue;
            struct slice name = text_one_line(paper->arena, policy->name, LABEL_COLUMNS);
            double covered;
            struct box box = place_label(place(&paper->x, policy->cost_usd.mean),
                place(&paper->y, policy->quality.mean), (double)name.len * 6.6, taken, n, &covered);
            if (covered > COVERED_MOST && !own)
                continue; /* the point still says its name when it is pointed at */
            taken[n++] = box;
            add_text(paper, box.left, box.bottom - 3, "start", own ? ACCENT : INK, 12, name);
        }
}

/* ---- reliability ---- */

static void draw_reliability(struct paper *paper, const struct eval_result *result)
{
    paper->x = (struct axis){0, 1, LEFT, WIDTH - RIGHT, 0.2, 100, "stated probability, %"};
    paper->y = (struct axis){0, 1, HEIGHT - BOTTOM, TOP, 0.2, 100, "observed success, %"};
    draw_axes(paper);
    add_line(paper, place(&paper->x, 0), place(&paper->y, 0), place(&paper->x, 1),
        place(&paper->y, 1), GREY, " stroke-dasharray=\"5 5\"");
    size_t most = 1;
    for (size_t i = 0; i < result->n_bins; i++)
        most = result->bins[i].n > most ? result->bins[i].n : most;
    for (size_t i = 0; i < result->n_bins; i++) {
        const struct eval_bin *bin = &result->bins[i];
        if (bin->n == 0 || !isfinite(bin->stated) || !isfinite(bin->observed))
            continue;
        double x = place(&paper->x, bin->stated), y = place(&paper->y, bin->observed);
        struct interval chance = stats_wilson(bin->observed * (double)bin->n, (double)bin->n, 0.95);
        add_line(paper, x, place(&paper->y, chance.low), x, place(&paper->y, chance.high), ACCENT,
            " stroke-opacity=\"0.5\" stroke-width=\"2\"");
        add(paper,
            arena_print(paper->arena, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\"/>\n",
                x, y, 3 + 4 * sqrt((double)bin->n / (double)most), ACCENT));
        add_text(
            paper, x + 9, y + 14, "start", GREY, 11, arena_print(paper->arena, "n=%zu", bin->n));
    }
}

bool eval_plot_svg(const struct eval_result *result, const char *path, struct failure *failure)
{
    struct arena arena = {0};
    struct paper paper = {.arena = &arena};
    open_paper(&paper, result);
    if (result->n_bins)
        draw_reliability(&paper, result);
    else
        draw_curve(&paper, result);
    add(&paper, slice_from("</svg>\n"));
    bool good = file_replace(path, emit_slice(&paper.out), 0644, failure);
    emit_free(&paper.out);
    arena_free(&arena);
    return good;
}
