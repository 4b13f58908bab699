/* The day's book: receives reservations and costs of several processes, hands on what is left of
 * the day's budget. Refuses to know what was bought.
 *
 *     20779 take run_x/3/1 0.25        at most this will be spent
 *     20779 paid run_x/3/1 0.2134      this was */
#include "money.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { BOOK_BYTES_MOST = 64 << 20, LINE_BYTES = 256 };

struct entry {
    struct slice id;
    double usd;
};

struct entries {
    struct entry *items;
    size_t n, room;
};

static bool is_amount(double usd)
{
    return isfinite(usd) && usd >= 0;
}

static int open_book(const char *path, struct failure *failure)
{
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX) == 0)
        return fd;
    failure_set(
        failure, "cannot open %s, where the day's spend is kept: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static void set_entry(struct arena *arena, struct entries *entries, struct slice id, double usd)
{
    for (size_t i = entries->n; i-- > 0;)
        if (slice_equal(entries->items[i].id, id)) {
            entries->items[i].usd = usd;
            return;
        }
    entries->items =
        arena_grow(arena, entries->items, entries->n, &entries->room, sizeof(struct entry));
    entries->items[entries->n++] = (struct entry){id, usd};
}

/* Adds up what is spent and reserved today; *is_today: there was a line of today. An amount that is
 * none would make the budget larger. */
static bool read_book(struct arena *arena, struct slice text, int32_t day, double *sum_usd,
    bool *is_today, struct failure *failure)
{
    struct entries entries = {0};
    struct slice line, field[4];
    *is_today = false;
    while (slice_next_line(&text, &line)) {
        int64_t of_day;
        double usd;
        size_t n = 0;
        while (n < 4 && slice_next_field(&line, ' ', &field[n]))
            n++;
        if (n < 4 || !slice_to_int64(field[0], &of_day) || of_day != day)
            continue;
        if (!slice_to_double(field[3], &usd) || !is_amount(usd))
            return failure_set(failure, "\"%.*s\" of %.*s is no amount of dollars",
                SLICE_ARG(slice_sub(field[3], 0, 40)), SLICE_ARG(slice_sub(field[2], 0, 80)));
        *is_today = true;
        set_entry(arena, &entries, field[2], usd);
    }
    *sum_usd = 0;
    for (size_t i = 0; i < entries.n; i++)
        *sum_usd += entries.items[i].usd;
    return true;
}

static bool append(int fd, int32_t day, const char *word, const char *id, double usd)
{
    char line[LINE_BYTES];
    int n = snprintf(line, sizeof(line), "%d %s %s %.9f\n", (int)day, word, id, usd);
    errno = EINVAL;
    return is_amount(usd) && n > 0 && n < LINE_BYTES && write(fd, line, (size_t)n) == n &&
           fdatasync(fd) == 0;
}

bool book_take(const char *path, int32_t day, const char *id, double wanted_usd, double limit_usd,
    double *free_usd, bool *granted, struct failure *failure)
{
    struct arena arena = {0};
    struct file_bytes file = {0};
    double sum_usd = 0;
    bool is_today = false;
    *granted = false;
    int fd = open_book(path, failure);
    bool ok = fd >= 0 && file_open_descriptor(fd, path, BOOK_BYTES_MOST, &file, failure);
    if (!ok)
        goto done;
    ok = read_book(&arena, file.bytes, day, &sum_usd, &is_today, failure);
    if (!ok) {
        failure_prefix(failure, "%s, where the day's spend is kept", path);
        goto done;
    }
    /* Yesterday's lines are of no use to anybody. */
    if (!is_today && ftruncate(fd, 0) != 0)
        ok = failure_set(failure, "cannot write %s: %s", path, strerror(errno));
    *free_usd = limit_usd - sum_usd;
    *granted = ok && *free_usd > 0 && wanted_usd <= *free_usd + 1e-9;
    if (*granted && !append(fd, day, "take", id, wanted_usd))
        ok = failure_set(failure, "cannot write %s: %s", path, strerror(errno));
done:
    file_close(&file);
    if (fd >= 0)
        close(fd);
    arena_free(&arena);
    return ok;
}

bool book_settle(
    const char *path, int32_t day, const char *id, double cost_usd, struct failure *failure)
{
    int fd = open_book(path, failure);
    if (fd < 0)
        return false;
    bool ok = append(fd, day, "paid", id, cost_usd) ||
              failure_set(failure, "cannot write %s: %s", path, strerror(errno));
    close(fd);
    return ok;
}
