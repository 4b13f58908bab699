/* Gates that are asked several times about the same tree: how often, what they say together, and
 * what a report makes of it. */
#include "unit.h"

#include "gate/gate.h"
#include "report/report.h"

static enum gate_verdict verdict_of(char letter)
{
    return letter == 'p' ? GATE_PASS : letter == 'f' ? GATE_FAIL : GATE_UNSURE;
}

/* What a gate says in its turn; how often it is asked, and what that comes to. */
static void majority_counts(void **state)
{
    (void)state;
    static const struct {
        int repeat;
        bool confirm;
        const char *says;
        size_t asked;
        enum gate_verdict verdict;
    } CASES[] = {
        {0, false, "ffff", 1, GATE_FAIL},
        {0, false, "pppp", 1, GATE_PASS},
        {1, false, "pfff", 1, GATE_PASS},
        {1, false, "ffff", 2, GATE_FAIL},
        {1, false, "fppp", 3, GATE_PASS},
        {1, false, "fpff", 3, GATE_FAIL},
        {2, false, "fffp", 3, GATE_FAIL},
        {2, false, "fppp", 3, GATE_PASS},
        {3, false, "ffpppp", 5, GATE_PASS},
        {0, true, "pppp", 2, GATE_PASS},
        {0, true, "pfff", 3, GATE_FAIL},
        {0, true, "ffff", 1, GATE_FAIL},
        {1, false, "fuff", 2, GATE_FAIL},
        {1, false, "uuuu", 1, GATE_UNSURE},
        {5, false, "fpfpfpfpfp", 7, GATE_FAIL},
        {3, false, "fpfpfpfp", 5, GATE_FAIL},
        {1, true, "pfpfpfpf", 3, GATE_PASS},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
        struct policy_gate gate = {.kind = POLICY_GATE_COMMAND, .repeat = CASES[i].repeat};
        struct gate_result asked[GATE_ASKED_MOST];
        struct arena arena = {0};
        size_t n = 0;
        do {
            asked[n] = (struct gate_result){.name = SLICE("tests"),
                .verdict = verdict_of(CASES[i].says[n]),
                .seconds = 0.5,
                .evidence = arena_print(&arena, "said %c", CASES[i].says[n])};
            n++;
        } while (n < GATE_ASKED_MOST && gate_is_to_ask_again(&gate, asked, n, CASES[i].confirm));
        struct gate_result settled = gate_settle(&arena, asked, n);
        if (n != CASES[i].asked || settled.verdict != CASES[i].verdict)
            fail_msg("case %zu: asked %zu times: %s", i, n, gate_verdict_name(settled.verdict));
        assert_close(settled.seconds, 0.5 * (double)n, 1e-12);
        assert_true((settled.asked.len > 0) == (n > 1));
        if (settled.verdict == GATE_FAIL)
            assert_true(slice_find(settled.evidence, "said f") != SIZE_MAX);
        arena_free(&arena);
    }
}

/* Wherever verdicts stay even, the asking ends. */
static void asking_ends(void **state)
{
    (void)state;
    struct policy_gate gate = {.kind = POLICY_GATE_COMMAND, .repeat = 5};
    struct gate_result asked[GATE_ASKED_MOST];
    for (size_t i = 0; i < GATE_ASKED_MOST; i++)
        asked[i] = (struct gate_result){.verdict = i % 2 ? GATE_PASS : GATE_FAIL};
    assert_false(gate_is_to_ask_again(&gate, asked, GATE_ASKED_MOST, false));
    struct arena arena = {0};
    struct gate_result settled = gate_settle(&arena, asked, GATE_ASKED_MOST);
    assert_int_equal(settled.verdict, GATE_UNSURE);
    assert_slice(settled.asked, "fail pass fail pass fail pass fail pass");
    arena_free(&arena);
}

static struct record_gate said(const char *asked, const char *verdict)
{
    return (struct record_gate){
        .name = SLICE("tests"), .verdict = slice_from(verdict), .asked = slice_from(asked)};
}

static void steadiness_is_told(void **state)
{
    (void)state;
    struct record_gate gates[] = {said("fail pass pass", "pass"), said("fail fail", "fail"),
        said("", "pass"), said("", "pass"), said("", "fail"), said("pass fail fail", "fail"),
        said("pass pass", "pass"), said("fail pass fail", "fail")};
    struct record_attempt attempt = record_blank_attempt();
    attempt.gates = (struct record_gates){gates, sizeof(gates) / sizeof(*gates)};
    struct experiment experiment = record_blank();
    experiment.attempts = (struct record_attempts){&attempt, 1};
    struct report_gate counted[RECORD_GATES_MOST];
    size_t n = 0;
    report_count_gates(&experiment, counted, &n);
    assert_int_equal(n, 1);
    report_settle_gate(&counted[0]);
    assert_int_equal(counted[0].n, 8);
    assert_int_equal(counted[0].asked_again, 5);
    assert_int_equal(counted[0].flaky, 3);
    assert_int_equal(counted[0].climbs, 1);
    assert_int_equal(counted[0].acceptances, 1);
    assert_int_equal(counted[0].passed, 2);
    assert_int_equal(counted[0].confirmed, 2);
    /* Wilson's 95 % interval of 1 in 2, for two; by its formula in Python. */
    assert_close(counted[0].false_acceptances.low, 2 * 0.0945312, 1e-5);
    assert_close(counted[0].false_acceptances.high, 2 * 0.9054688, 1e-5);
    struct arena arena = {0};
    struct slice text = report_gate_text(&arena, &counted[0]);
    assert_true(slice_find(text, "contradicted itself 3 times") != SIZE_MAX);
    assert_true(
        slice_find(text, "1 climb would have been wasted and 1 acceptance false") != SIZE_MAX);
    assert_true(slice_find(text, "about 1 (0 … 2)") != SIZE_MAX);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(majority_counts),
        cmocka_unit_test(asking_ends),
        cmocka_unit_test(steadiness_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
