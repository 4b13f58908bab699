/* Microseconds from text in to decision out, in process: p50 and p99 for titles of 50 bytes and
 * texts of 1 KB, with the built-in policy. */
#include "base/clock.h"
#include "decide/decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CALLS = 200000 };

static const char WORDS[] =
    "The export of monthly invoices stops when a customer has more than one address and the "
    "report then lacks the last page. Steps: open the billing view, pick a month, press export. "
    "Expected is one row for each invoice with the customer's number, the date and the amount in "
    "the currency of the contract. What happens instead is that the file ends after the first "
    "hundred rows and the log shows a warning about a value that could not be shown in the chosen "
    "language. It began with the release of last week, when the settings were moved into a table "
    "of their own. We think that the loop counts pages from one and the helper from zero, but "
    "nobody has looked yet. Please keep the old layout for customers who asked for it, and write "
    "down in the manual how the new columns are read. A test for the case with two addresses "
    "would be welcome, as would a note for the people at the counter who have to explain it. The "
    "numbers must not change for contracts that were closed before the first of the year, ";

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void measure(const struct decider *decider, size_t bytes)
{
    static int64_t times[CALLS];
    struct arena arena = {0};
    struct decision decision;
    for (int i = 0; i < CALLS; i++) {
        /* another piece of the text each time, so that no call sees what the last one saw */
        size_t from = (size_t)(i * 37) % (sizeof(WORDS) - 64);
        struct slice title = slice_sub((struct slice){WORDS, sizeof(WORDS) - 1}, from, from + 50);
        struct task task = {.title = title, .priority = -1};
        if (bytes > 50)
            task.body = (struct slice){WORDS, bytes - 50};
        int64_t begin = now_ns();
        arena_reset(&arena);
        decide(decider, &task, &arena, &decision);
        times[i] = now_ns() - begin;
    }
    qsort(times, CALLS, sizeof(times[0]), compare);
    printf("decision, %4zu bytes: p50 %5.2f µs, p99 %5.2f µs\n", bytes,
        (double)times[CALLS / 2] / 1000, (double)times[CALLS * 99 / 100] / 1000);
    arena_free(&arena);
}

int main(void)
{
    struct arena arena = {0};
    struct policy policy;
    struct policy_problems problems = {0};
    struct price_table prices = price_builtin();
    struct decider decider;
    if (!policy_parse(&arena, NULL, policy_builtin_text(), true, &policy, &problems))
        return 1;
    decide_prepare(
        &arena, &policy, &prices, clock_day_from_ms(clock_now_ms()), NULL, NULL, &decider);
    measure(&decider, 50);
    measure(&decider, 1000);
    arena_free(&arena);
    return 0;
}
