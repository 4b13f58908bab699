/* log_steadily LEDGER RATE SECONDS: adds RATE experiments a second to the ledger, each in a
 * transaction of its own and on the disk before the next, as other processes do beside a server.
 * Prints how many it added. */
#include "base/clock.h"
#include "ledger/ledger.h"

#include <stdio.h>
#include <time.h>

static void wait_until(int64_t us)
{
    int64_t left = us - clock_monotonic_us();
    struct timespec wait = {.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
    if (left > 0)
        nanosleep(&wait, NULL);
}

static struct experiment make(struct arena *arena, int64_t i)
{
    static const char *const rungs[] = {"haiku", "sonnet", "opus"};
    struct experiment e = record_blank();
    e.at_ms = clock_now_ms();
    e.id = arena_print(arena, "exp_steady_%lld_%06lld", (long long)e.at_ms, (long long)i);
    e.task_id = arena_print(arena, "steady-%lld", (long long)i);
    e.description = slice_from("Show the total of each customer below the list");
    e.rung = e.model_used = slice_from(rungs[i % 3]);
    e.strategy = slice_from("default");
    e.confidence = 0.6;
    e.success = i % 7 ? RECORD_ACCEPTED : RECORD_FAILED;
    e.cost_usd = 0.01 * (double)(1 + i % 3);
    e.outcome_source = RECORD_TEST;
    return e;
}

int main(int argc, char **argv)
{
    struct ledger *ledger;
    struct arena arena = {0};
    struct failure failure;
    int64_t rate, seconds, i = 0;
    if (argc != 4 || !slice_to_int64(slice_from(argv[2]), &rate) ||
        !slice_to_int64(slice_from(argv[3]), &seconds) || rate < 1)
        return 2;
    bool ok = ledger_open(argv[1], (struct ledger_options){.create = true}, &ledger, &failure);
    int64_t began = clock_monotonic_us();
    for (; ok && i < rate * seconds && clock_monotonic_us() - began < seconds * 1000000; i++) {
        wait_until(began + i * 1000000 / rate);
        arena_reset(&arena);
        struct experiment e = make(&arena, i);
        ok = ledger_add(ledger, &e, NULL, &failure);
    }
    if (!ok) {
        fprintf(stderr, "log_steadily: %s\n", failure.text);
        return 1;
    }
    ledger_close(ledger);
    arena_free(&arena);
    printf("%lld\n", (long long)i);
    return 0;
}
