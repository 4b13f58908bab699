/* Receives what gates said when they were asked several times about the same tree, hands on how
 * steady they are and what that is worth. Refuses to guess where nobody asked again. */
#include "parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static bool has_word(struct slice words, const char *wanted)
{
    struct slice word;
    while (slice_next_field(&words, ' ', &word))
        if (slice_is(word, wanted))
            return true;
    return false;
}

/* `said`: "fail pass pass"; `passed`: what it came to. */
static void count(struct report_gate *gate, struct slice said, bool passed, int64_t times)
{
    bool first_passed = slice_starts(said, "pass");
    bool again = slice_find_byte(said, ' ') != SIZE_MAX;
    bool differs = has_word(said, "pass") && has_word(said, "fail");
    gate->n += times;
    gate->asked_again += again ? times : 0;
    gate->flaky += differs ? times : 0;
    gate->climbs += differs && !first_passed && passed ? times : 0;
    gate->acceptances += differs && first_passed && !passed ? times : 0;
    gate->passed += first_passed && !again ? times : 0;
    gate->confirmed += first_passed && again ? times : 0;
}

void report_settle_gate(struct report_gate *gate)
{
    gate->false_acceptances = (struct interval){NAN, NAN, NAN};
    if (gate->confirmed == 0)
        return;
    struct interval rate = stats_wilson((double)gate->acceptances, (double)gate->confirmed, 0.95);
    double passed = (double)gate->passed;
    gate->false_acceptances =
        (struct interval){rate.low * passed, rate.mean * passed, rate.high * passed};
}

void report_count_gates(const struct experiment *experiment, struct report_gate *gates, size_t *n)
{
    for (size_t i = 0; i < experiment->attempts.n; i++) {
        const struct record_attempt *attempt = &experiment->attempts.items[i];
        for (size_t k = 0; k < attempt->gates.n && attempt->phase == RECORD_EXECUTE; k++) {
            const struct record_gate *said = &attempt->gates.items[k];
            size_t at = 0;
            while (at < *n && !slice_equal(gates[at].name, said->name))
                at++;
            if (at == RECORD_GATES_MOST)
                continue;
            if (at == *n)
                gates[(*n)++] = (struct report_gate){.name = said->name};
            count(&gates[at], said->asked.len ? said->asked : said->verdict,
                slice_is(said->verdict, "pass"), 1);
        }
    }
}

void report_add_gates(struct arena *arena, const struct report_facts *facts, struct report *report)
{
    size_t n = 0;
    const struct ledger_tally *tallies =
        ledger_tallies_of(facts->tallies, facts->n_tallies, LEDGER_BY_GATE, &n);
    report->gates = ARENA_ARRAY(arena, struct report_gate, n);
    for (size_t i = 0; i < n;) {
        struct report_gate gate = {.name = tallies[i].key};
        for (; i < n && slice_equal(tallies[i].key, gate.name); i++)
            count(&gate, tallies[i].second, tallies[i].sums.accepted > 0, tallies[i].sums.n);
        report_settle_gate(&gate);
        if (gate.asked_again > 0)
            report->gates[report->n_gates++] = gate;
    }
}

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

static struct slice steadiness(struct arena *arena, const struct report_gate *gate)
{
    if (gate->flaky == 0)
        return arena_print(arena,
            "gate %.*s: asked again about the same change %" PRId64 " time%s, it never said "
            "anything else",
            SLICE_ARG(gate->name), gate->asked_again, plural(gate->asked_again));
    return arena_print(arena,
        "gate %.*s is flaky: asked again about the same change %" PRId64 " time%s, it contradicted "
        "itself %" PRId64 " time%s; by the majority %" PRId64 " climb%s would have been wasted and "
        "%" PRId64 " acceptance%s false",
        SLICE_ARG(gate->name), gate->asked_again, plural(gate->asked_again), gate->flaky,
        plural(gate->flaky), gate->climbs, plural(gate->climbs), gate->acceptances,
        plural(gate->acceptances));
}

struct slice report_gate_text(struct arena *arena, const struct report_gate *gate)
{
    if (gate->asked_again == 0)
        return (struct slice){"", 0};
    struct slice text = steadiness(arena, gate);
    if (gate->passed == 0)
        return text;
    if (gate->confirmed == 0)
        return arena_print(arena,
            "%.*s. No passing verdict was asked for again (the gate's `confirm`): how many of "
            "%" PRId64 " are false is not known",
            SLICE_ARG(text), gate->passed);
    return arena_print(arena,
        "%.*s. Of %" PRId64 " passing verdicts that were asked for again %" PRId64 " did not hold: "
        "among the other %" PRId64 " about %.0f (%.0f … %.0f) false ones are to be expected",
        SLICE_ARG(text), gate->confirmed, gate->acceptances, gate->passed,
        gate->false_acceptances.mean, gate->false_acceptances.low, gate->false_acceptances.high);
}
