/* gate, repeat: receives the verdicts that a command gave of one tree, hands on whether another is
 * wanted and what they say together. Refuses to know which of them was right: it counts. */
#include "parts.h"

static size_t count(const struct gate_result *asked, size_t n, enum gate_verdict verdict)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        found += asked[i].verdict == verdict;
    return found;
}

/* How often after the first. */
static size_t wanted(const struct policy_gate *gate, const struct gate_result *first, bool confirm)
{
    size_t repeat = gate->repeat > 0 ? (size_t)gate->repeat : 0;
    if (first->verdict == GATE_FAIL)
        return repeat;
    return confirm ? repeat > 1 ? repeat : 1 : 0;
}

bool gate_is_to_ask_again(
    const struct policy_gate *gate, const struct gate_result *asked, size_t n, bool confirm)
{
    size_t more = wanted(gate, &asked[0], confirm);
    if (n >= GATE_ASKED_MOST || more == 0 || asked[n - 1].verdict == GATE_UNSURE)
        return false;
    return n <= more || count(asked, n, GATE_PASS) == count(asked, n, GATE_FAIL);
}

static enum gate_verdict majority(const struct gate_result *asked, size_t n)
{
    size_t passed = count(asked, n, GATE_PASS), failed = count(asked, n, GATE_FAIL);
    return passed > failed ? GATE_PASS : failed > passed ? GATE_FAIL : GATE_UNSURE;
}

struct gate_result gate_settle(struct arena *arena, const struct gate_result *asked, size_t n)
{
    enum gate_verdict verdict = majority(asked, n);
    struct gate_result settled = asked[n - 1];
    struct slice words = {"", 0};
    double seconds = 0;
    for (size_t i = n; i-- > 0;) {
        if (asked[i].verdict == verdict)
            settled = asked[i];
        seconds += asked[i].seconds;
    }
    for (size_t i = 0; i < n; i++)
        words = arena_print(
            arena, "%.*s%s%s", SLICE_ARG(words), i ? " " : "", gate_verdict_name(asked[i].verdict));
    settled.verdict = verdict;
    settled.seconds = seconds;
    if (n == 1)
        return settled;
    settled.asked = words;
    if (count(asked, n, asked[0].verdict) < n && verdict != GATE_PASS)
        settled.evidence =
            arena_print(arena, "(flaky: asked %zu times on the same tree it said %.*s)\n%.*s", n,
                SLICE_ARG(words), SLICE_ARG(settled.evidence));
    return settled;
}
