#include "unit.h"

#include "base/dice.h"
#include "base/emit.h"
#include "base/file.h"
#include "ledger/ledger.h"
#include "ledger/sqlite.h"
#include "random_experiments.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RANDOM_N = 10000, WRITERS = 8, EACH = 1000, KILLS = 6 };

static struct slice s(const char *text)
{
    return slice_from(text);
}

/* A directory of its own for each test, and an open ledger in it. */
struct place {
    struct arena arena;
    struct failure failure;
    const char *directory, *url, *path;
    struct ledger *ledger;
};

#define must(truth, place)                                                                         \
    do {                                                                                           \
        if (!(truth))                                                                              \
            fail_msg("%s: %s", #truth, (place)->failure.text);                                     \
    } while (0)

static const struct ledger_options MAKE = {.create = true};

static struct ledger *open_at(struct place *place, const char *url)
{
    struct ledger *ledger = NULL;
    must(ledger_open(url, MAKE, &ledger, &place->failure), place);
    return ledger;
}

static struct place make_place(void)
{
    struct place place = {0};
    /* in memory where that can be had: thousands of commits, each waiting for its disk */
    char shared[] = "/dev/shm/rung-ledger-XXXXXX", other[] = "/tmp/rung-ledger-XXXXXX";
    const char *directory = mkdtemp(shared);
    directory = directory ? directory : mkdtemp(other);
    assert_non_null(directory);
    place.directory = arena_print(&place.arena, "%s", directory).base;
    place.path = arena_print(&place.arena, "%s/a/b/ledger.db", directory).base;
    place.url = arena_print(&place.arena, "sqlite:%s", place.path).base;
    place.ledger = open_at(&place, place.url);
    return place;
}

static void remove_place(struct place *place)
{
    static const char *const names[] = {"a/b/ledger.db", "a/b/ledger.db-wal", "a/b/ledger.db-shm",
        "second.db", "second.db-wal", "second.db-shm", "a/b", "a", ""};
    ledger_close(place->ledger);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        remove(file_join(&place->arena, place->directory, names[i]));
    assert_false(file_is_directory(place->directory));
    arena_free(&place->arena);
}

static struct ledger *open_second(struct place *place)
{
    return open_at(place, arena_print(&place->arena, "sqlite:%s/second.db", place->directory).base);
}

static struct experiment simple(const char *id, int64_t at_ms, const char *rung)
{
    struct experiment experiment = record_blank();
    experiment.id = s(id);
    experiment.at_ms = at_ms;
    experiment.task_id = s("t1");
    experiment.description = s("a task");
    experiment.model_used = experiment.rung = s(rung);
    experiment.strategy = s("default");
    experiment.confidence = 0.6;
    experiment.success = RECORD_ACCEPTED;
    experiment.cost_usd = 0.5;
    return experiment;
}

static struct experiment pending(const char *id, int64_t at_ms, const char *rung)
{
    struct experiment experiment = simple(id, at_ms, rung);
    experiment.pending = true;
    experiment.success = RECORD_OPEN;
    experiment.cost_usd = NAN;
    return experiment;
}

static void add(struct place *place, struct experiment experiment, enum ledger_put expected)
{
    enum ledger_put put;
    must(ledger_add(place->ledger, &experiment, &put, &place->failure), place);
    assert_int_equal(put, expected);
}

static struct slice exported(struct place *place, struct ledger *ledger, enum ledger_format format)
{
    char *text = NULL;
    size_t size = 0, n = 0;
    FILE *out = open_memstream(&text, &size);
    must(ledger_export(ledger, NULL, format, out, &n, &place->failure), place);
    fclose(out);
    struct slice copy = arena_copy(&place->arena, (struct slice){text, size});
    free(text);
    return copy;
}

static struct ledger_import import(struct place *place, struct ledger *ledger, struct slice bytes)
{
    struct ledger_import report;
    must(ledger_import(ledger, &place->arena, "in.jsonl", bytes, NULL, &report, &place->failure),
        place);
    return report;
}

static struct ledger_counts counts(struct place *place)
{
    struct ledger_counts found;
    must(ledger_count(place->ledger, &found, &place->failure), place);
    return found;
}

static const struct ledger_sums *sums_of(
    struct place *place, enum ledger_kind kind, const char *key, const char *second)
{
    struct ledger_tally *tallies;
    size_t n;
    must(ledger_tallies(place->ledger, &place->arena, NULL, &tallies, &n, &place->failure), place);
    for (size_t i = 0; i < n; i++)
        if (tallies[i].kind == kind && slice_is(tallies[i].key, key) &&
            slice_is(tallies[i].second, second))
            return &tallies[i].sums;
    return NULL;
}

/* The maintained sums are those of a walk over all rows; binary dust aside. */
static void assert_sums_are_those_of_the_rows(struct place *place)
{
    static const struct ledger_filter everything = {0};
    struct ledger_tally *kept, *walked;
    size_t n_kept, n_walked;
    must(
        ledger_tallies(place->ledger, &place->arena, NULL, &kept, &n_kept, &place->failure), place);
    must(ledger_tallies(
             place->ledger, &place->arena, &everything, &walked, &n_walked, &place->failure),
        place);
    assert_int_equal(n_kept, n_walked);
    for (size_t i = 0; i < n_kept; i++) {
        assert_int_equal(kept[i].kind, walked[i].kind);
        assert_true(slice_equal(kept[i].key, walked[i].key));
        assert_true(slice_equal(kept[i].second, walked[i].second));
        const struct ledger_sums *a = &kept[i].sums, *b = &walked[i].sums;
        assert_int_equal(a->n, b->n);
        assert_int_equal(a->accepted, b->accepted);
        assert_int_equal(a->verified, b->verified);
        assert_int_equal(a->verified_accepted, b->verified_accepted);
        assert_int_equal(a->stated, b->stated);
        assert_int_equal(a->calibrated, b->calibrated);
        assert_int_equal(a->calibrated_accepted, b->calibrated_accepted);
        assert_int_equal(a->calibrated_verified, b->calibrated_verified);
        assert_int_equal(a->calibrated_verified_accepted, b->calibrated_verified_accepted);
        assert_int_equal(a->cost_n, b->cost_n);
        assert_int_equal(a->measured_n, b->measured_n);
        assert_int_equal(a->seconds_n, b->seconds_n);
        assert_int_equal(a->quality_n, b->quality_n);
        assert_int_equal(a->taken, b->taken);
        assert_int_equal(a->taken_measured, b->taken_measured);
        assert_close(a->confidence, b->confidence, 1e-7);
        assert_close(a->calibrated_confidence, b->calibrated_confidence, 1e-7);
        assert_close(a->cost_usd, b->cost_usd, 1e-7);
        assert_close(a->cost_squares, b->cost_squares, 1e-7);
        assert_close(a->cost_accepted_usd, b->cost_accepted_usd, 1e-7);
        assert_close(a->measured_usd, b->measured_usd, 1e-7);
        assert_close(a->measured_squares, b->measured_squares, 1e-7);
        assert_close(a->measured_accepted_usd, b->measured_accepted_usd, 1e-7);
        assert_close(a->seconds, b->seconds, 1e-5);
        assert_close(a->quality, b->quality, 1e-7);
        double dust = 1e-9 * (1 + fabs(b->weight_squares)) * 1e3;
        assert_close(a->weight, b->weight, dust);
        assert_close(a->weight_squares, b->weight_squares, dust);
        assert_close(a->weight_accepted, b->weight_accepted, dust);
        assert_close(a->weight_squares_accepted, b->weight_squares_accepted, dust);
        assert_close(a->weight_measured, b->weight_measured, dust);
        assert_close(a->weight_squares_measured, b->weight_squares_measured, dust);
        assert_close(a->weight_usd, b->weight_usd, dust);
        assert_close(a->weight_squares_usd, b->weight_squares_usd, dust);
        assert_close(a->weight_squares_usd_squares, b->weight_squares_usd_squares, dust);
    }
}

static void a_ledger_is_made_for_its_owner_alone(void **state)
{
    (void)state;
    struct place place = make_place();
    struct stat status;
    add(&place, simple("a", 1, "haiku"), LEDGER_ADDED);
    assert_int_equal(stat(place.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(arena_print(&place.arena, "%s-wal", place.path).base, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(file_directory(&place.arena, place.path), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_string_equal(ledger_url(place.ledger), place.url);
    remove_place(&place);
}

static void what_is_no_ledger_is_refused(void **state)
{
    (void)state;
    static const struct ledger_options look = {0};
    struct place place = make_place();
    struct ledger *none = NULL;
    const char *path = file_join(&place.arena, place.directory, "second.db");
    const char *url = arena_print(&place.arena, "sqlite:%s", path).base;
    struct failure failure;
    assert_false(ledger_open("postgres://x", MAKE, &none, &failure));
    assert_string_equal(
        failure.text, "\"postgres://x\" is no ledger's URL: sqlite:PATH is expected");
    assert_false(ledger_open("sqlite:", MAKE, &none, &failure));
    assert_false(ledger_open(url, look, &none, &failure));
    assert_true(slice_starts(s(failure.text), "there is no ledger /"));

    must(file_replace(path, s("a text file, long enough to be looked at\n"), 0600, &failure),
        &place);
    assert_false(ledger_open(url, MAKE, &none, &failure));
    assert_true(slice_ends(s(failure.text), "second.db is not a ledger of Rung"));
    unlink(path);

    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(x)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_false(ledger_open(url, MAKE, &none, &failure));
    assert_true(slice_ends(s(failure.text), "is a database, but not a ledger of Rung"));
    remove_place(&place);
}

static void file_hash(const char *path, char hex[SHA256_HEX_BYTES])
{
    struct file_bytes file;
    struct failure failure;
    assert_true(file_open(path, 1 << 30, &file, &failure));
    file_sha256(file.bytes, hex);
    file_close(&file);
}

static void a_newer_ledger_is_refused_without_harm(void **state)
{
    (void)state;
    struct place place = make_place();
    char before[SHA256_HEX_BYTES], after[SHA256_HEX_BYTES];
    struct failure failure;
    struct ledger *none = NULL;
    sqlite3 *db;
    add(&place, simple("a", 1, "haiku"), LEDGER_ADDED);
    ledger_close(place.ledger);
    place.ledger = NULL;
    assert_int_equal(sqlite3_open(place.path, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL);
    sqlite3_close(db);
    file_hash(place.path, before);
    assert_false(ledger_open(place.url, MAKE, &none, &failure));
    assert_non_null(strstr(failure.text, "is of version 99, this rung knows versions up to"));
    file_hash(place.path, after);
    assert_string_equal(before, after);
    remove_place(&place);
}

/* The framework with a second version that only this test has. */
static void an_older_version_is_brought_forward(void **state)
{
    (void)state;
    static const struct sqlite_migration broken[] = {
        {"CREATE TABLE one(x)"}, {"ALTER TABLE one ADD COLUMN y; CREATE TABLE one(z)"}};
    static const struct sqlite_migration good[] = {
        {"CREATE TABLE one(x)"}, {"ALTER TABLE one ADD COLUMN y DEFAULT 7"}};
    struct failure failure;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_true(sqlite_migrate(db, "m", good, 1, &failure));
    assert_int_equal(sqlite3_exec(db, "INSERT INTO one VALUES(5)", NULL, NULL, NULL), SQLITE_OK);
    assert_false(sqlite_migrate(db, "m", broken, 2, &failure)); /* nothing of it stays */
    assert_int_not_equal(sqlite3_exec(db, "SELECT y FROM one", NULL, NULL, NULL), SQLITE_OK);
    assert_true(sqlite_migrate(db, "m", good, 2, &failure));
    assert_true(sqlite_migrate(db, "m", good, 2, &failure));
    sqlite3_stmt *statement;
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT x + y FROM one", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(statement, 0), 12);
    sqlite3_finalize(statement);
    assert_false(sqlite_migrate(db, "m", good, 1, &failure));
    assert_non_null(strstr(failure.text, "is of version 2"));
    sqlite3_close(db);
}

/* A file as version 1 wrote it, kept as SQL: every later version must read it. */
static void a_ledger_of_version_1_reads(void **state)
{
    (void)state;
    struct place place = make_place();
    struct file_bytes file;
    const char *path = file_join(&place.arena, place.directory, "second.db");
    sqlite3 *db;
    must(file_open("test/unit/ledger_v1.sql", 1 << 20, &file, &place.failure), &place);
    const char *sql = arena_text(&place.arena, file.bytes);
    file_close(&file);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    struct ledger *old = open_second(&place);
    static const char expected[] =
        "{\"id\":\"exp_1_aaaaa\",\"timestamp\":1767647361000,\"taskId\":\"t\","
        "\"description\":\"d\",\"modelUsed\":\"sonnet\",\"routingStrategy\":\"default\","
        "\"routingConfidence\":0.6,\"success\":false,\"cost\":0.25,\"qualityScore\":2,"
        "\"notes\":\"n\",\"schema\":1,\"project\":\"p\",\"labels\":[\"bug\"],\"rung\":\"haiku\","
        "\"decided\":\"claude-haiku-5-5\",\"costSource\":\"measured\",\"outcomeSource\":\"test\","
        "\"pending\":false,\"x\":1}\n"
        "{\"id\":\"exp_2_bbbbb\",\"timestamp\":1767647362000,\"taskId\":\"u\","
        "\"description\":\"\",\"modelUsed\":\"opus\",\"routingStrategy\":\"forced\","
        "\"routingConfidence\":1,\"success\":null,\"cost\":null,\"notes\":\"\",\"schema\":1,"
        "\"labels\":[],\"rung\":\"opus\",\"costSource\":\"assumed\",\"outcomeSource\":\"none\","
        "\"pending\":true}\n";
    assert_slice(exported(&place, old, LEDGER_JSONL), expected);
    ledger_close(place.ledger);
    place.ledger = old;
    assert_sums_are_those_of_the_rows(&place);
    remove_place(&place);
}

/* What planned, judged and audited runs count for; then the same from a ledger whose sums were
 * counted by an older version. */
static void plans_judges_and_audits_are_counted(void **state)
{
    (void)state;
    struct place place = make_place();
#define RUN(id, success, more, attempts)                                                           \
    "{\"id\":\"exp_" id "\",\"timestamp\":1767647361000,\"taskId\":\"" id                          \
    "\",\"modelUsed\":\"small\","                                                                  \
    "\"success\":" success                                                                         \
    ",\"cost\":0.5,\"costSource\":\"measured\",\"labels\":[\"bug\",\"bug\"]," more                 \
    "\"attempts\":[" attempts "]}\n"
#define DID(part, success, gates)                                                                  \
    "{\"rung\":\"small\",\"phase\":\"execute\"," part "\"success\":" success ",\"gates\":[" gates  \
    "]}"
#define GATE(name, verdict) "{\"name\":\"" name "\",\"verdict\":\"" verdict "\"}"
#define JUDGED(verdict)                                                                            \
    ",{\"rung\":\"large\",\"phase\":\"review\",\"success\":null,\"cost\":0.2,\"gates\":["          \
    "{\"name\":\"review\",\"verdict\":\"" verdict "\"}]}"
    static const char text[] =
        /* planned by dice: the second of two parts has the verdict, the whole is tried again */
        RUN("1", "true", "\"planning\":\"chosen\",\"planPropensity\":0.25,",
            "{\"rung\":\"middle\",\"phase\":\"plan\",\"success\":true}," DID("\"part\":\"a\",",
                "null", "") "," DID("\"part\":\"b\",", "false", "") "," DID("", "true", ""))
        /* passed over; reviewed, and audited: the review was wrong, and so were the other gates */
        RUN("2", "false", "\"planning\":\"passed-over\",\"planPropensity\":0.25,",
            DID("", "false", GATE("tests", "pass") "," GATE("audit:more", "fail")) JUDGED("pass"))
        /* nobody asked for a plan; the user says that the review was right to refuse */
        RUN("3", "false", "\"outcomeSource\":\"user\",",
            DID("", "false", GATE("review", "fail")) JUDGED("fail"))
            RUN("4", "true", "", DID("", "true", GATE("audit:more", "pass")) JUDGED("unsure"));
#undef RUN
#undef DID
#undef GATE
#undef JUDGED
    struct ledger_import report = import(&place, place.ledger, slice_from(text));
    assert_int_equal(report.added, 4);
    for (int turn = 0; turn < 2; turn++) {
        static const char *const keys[] = {"", "bug"};
        for (size_t i = 0; i < 2; i++) {
            const char *key = keys[i];
            const struct ledger_sums *planned =
                sums_of(&place, LEDGER_BY_FIRST_TRY, key, "planned small");
            const struct ledger_sums *alone =
                sums_of(&place, LEDGER_BY_FIRST_TRY, key, "alone small");
            assert_int_equal(planned->n, 1);
            assert_int_equal(planned->accepted, 0);
            assert_int_equal(planned->taken, 1);
            assert_close(planned->weight, 4, 1e-12);
            assert_int_equal(alone->n, 3);
            assert_int_equal(alone->accepted, 1);
            assert_int_equal(alone->taken, 1);
            assert_close(alone->weight, 4.0 / 3, 1e-12);
            planned = sums_of(&place, LEDGER_BY_PLANNING, key, "planned small");
            assert_int_equal(planned->accepted, 1);
            assert_close(planned->measured_usd, 0.5, 1e-12);
            assert_int_equal(
                sums_of(&place, LEDGER_BY_CHECKER, key, "large pass wrong review")->n, 1);
            const struct ledger_sums *right =
                sums_of(&place, LEDGER_BY_CHECKER, key, "large fail right review");
            assert_int_equal(right->n, 1);
            assert_int_equal(right->accepted, 1);
            assert_close(right->cost_usd, 0.2, 1e-12);
            assert_int_equal(
                sums_of(&place, LEDGER_BY_CHECKER, key, "large unsure unknown review")->n, 1);
            assert_int_equal(sums_of(&place, LEDGER_BY_AUDIT, key, "fail small")->n, 1);
            assert_int_equal(sums_of(&place, LEDGER_BY_AUDIT, key, "pass small")->n, 1);
        }
        /* a part says nothing of its rung at a whole task */
        assert_int_equal(sums_of(&place, LEDGER_BY_ATTEMPT, "small", "")->n, 4);
        const char *path = ledger_url(place.ledger) + strlen("sqlite:");
        sqlite3 *db;
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db,
                             "DELETE FROM sums WHERE kind > 10; UPDATE sums SET n = n + 1;"
                             "INSERT INTO stale VALUES('sums')",
                             NULL, NULL, NULL),
            SQLITE_OK);
        sqlite3_close(db);
        const char *url = arena_text(&place.arena, slice_from(ledger_url(place.ledger)));
        ledger_close(place.ledger);
        must(ledger_open(url, (struct ledger_options){0}, &place.ledger, &place.failure), &place);
    }
    assert_sums_are_those_of_the_rows(&place);
    remove_place(&place);
}

static void the_eight_examples_are_counted(void **state)
{
    (void)state;
    struct place place = make_place();
    struct file_bytes file;
    must(file_open("examples/experiments.jsonl", 1 << 20, &file, &place.failure), &place);
    struct ledger_import report = import(&place, place.ledger, file.bytes);
    assert_int_equal(report.added, 8);
    assert_int_equal(report.bad, 0);
    struct slice once = exported(&place, place.ledger, LEDGER_JSONL);
    report = import(&place, place.ledger, file.bytes);
    assert_int_equal(report.kept, 8);
    assert_int_equal(report.added, 0);
    assert_true(slice_equal(once, exported(&place, place.ledger, LEDGER_JSONL)));
    file_close(&file);

    const struct ledger_sums *all = sums_of(&place, LEDGER_ALL, "", "");
    assert_int_equal(all->n, 8);
    assert_int_equal(all->accepted, 8);
    assert_int_equal(all->verified, 0);
    assert_int_equal(all->measured_n, 0);
    assert_int_equal(all->quality_n, 0);
    assert_close(all->cost_usd, 0.026, 1e-12);
    assert_close(all->calibrated_confidence / 8, 0.86875, 1e-12);
    assert_int_equal(sums_of(&place, LEDGER_BY_MODEL, "haiku", "")->n, 6);
    assert_int_equal(sums_of(&place, LEDGER_BY_ATTEMPT, "haiku", "")->accepted, 6);
    assert_int_equal(sums_of(&place, LEDGER_BY_RUNG, "sonnet", "")->n, 2);
    assert_close(sums_of(&place, LEDGER_BY_RUNG, "sonnet", "")->cost_usd, 0.02, 1e-12);
    assert_int_equal(sums_of(&place, LEDGER_BY_STRATEGY, "pattern-match", "")->n, 3);
    assert_int_equal(sums_of(&place, LEDGER_BY_CONFIDENCE, "9", "")->n, 4);
    assert_int_equal(sums_of(&place, LEDGER_BY_CONFIDENCE, "6", "")->n, 1);
    assert_int_equal(sums_of(&place, LEDGER_BY_DAY, "2026-01-05", "")->n, 4);
    struct slice csv = exported(&place, place.ledger, LEDGER_CSV), line;
    size_t lines = 0;
    while (slice_next_line(&csv, &line))
        lines++;
    assert_int_equal(lines, 9);
    remove_place(&place);
}

static void random_experiments_make_the_round_trip(void **state)
{
    (void)state;
    struct place place = make_place();
    struct arena arena = {0};
    struct dice dice = dice_from_seed(20261122);
    must(ledger_begin(place.ledger, &place.failure), &place);
    for (size_t i = 0; i < RANDOM_N; i++) {
        add(&place, random_experiment(&arena, &dice, i), LEDGER_ADDED);
        arena_reset(&arena);
    }
    must(ledger_commit(place.ledger, &place.failure), &place);
    struct slice first = exported(&place, place.ledger, LEDGER_JSONL);
    struct ledger *second = open_second(&place);
    struct ledger_import report = import(&place, second, first);
    assert_int_equal(report.added, RANDOM_N);
    assert_true(slice_equal(first, exported(&place, second, LEDGER_JSONL)));
    report = import(&place, second, first);
    assert_int_equal(report.kept, RANDOM_N);
    assert_true(slice_equal(first, exported(&place, second, LEDGER_JSONL)));
    assert_sums_are_those_of_the_rows(&place);
    ledger_close(second);
    arena_free(&arena);
    remove_place(&place);
}

static void fill_failed(struct experiment *experiment, void *context)
{
    experiment->success = RECORD_FAILED;
    experiment->cost_usd = *(const double *)context;
    experiment->cost_source = RECORD_MEASURED;
    experiment->outcome_source = RECORD_TEST;
}

static void fill_nothing(struct experiment *experiment, void *context)
{
    (void)experiment;
    (void)context;
}

static void pending_ones_count_once_completed(void **state)
{
    (void)state;
    struct place place = make_place();
    struct experiment done;
    bool found;
    double cost = 0.25;
    add(&place, pending("a", 10, "haiku"), LEDGER_ADDED);
    add(&place, pending("b", 20, "sonnet"), LEDGER_ADDED);
    assert_int_equal(counts(&place).done, 0);
    assert_int_equal(counts(&place).pending, 2);
    assert_null(sums_of(&place, LEDGER_ALL, "", ""));

    struct ledger *ledger = place.ledger;
    must(ledger_complete(ledger, &place.arena, s(""), s("t1"), fill_failed, &cost, &done, &found,
             &place.failure),
        &place);
    assert_true(found);
    assert_slice(done.id, "b"); /* the latest */
    assert_false(done.pending);
    must(ledger_complete(ledger, &place.arena, s("b"), s(""), fill_failed, &cost, &done, &found,
             &place.failure),
        &place);
    assert_false(found); /* no longer pending */
    assert_false(ledger_complete(
        ledger, &place.arena, s("a"), s(""), fill_nothing, NULL, &done, &found, &place.failure));
    assert_non_null(strstr(place.failure.text, "success: missing"));
    assert_int_equal(counts(&place).pending, 1);

    add(&place, pending("a", 10, "haiku"), LEDGER_KEPT);
    add(&place, simple("a", 10, "haiku"), LEDGER_COMPLETED);
    struct experiment changed = simple("a", 10, "haiku");
    changed.notes = s("other");
    add(&place, changed, LEDGER_KEPT);
    must(ledger_complete(ledger, &place.arena, s(""), s("t1"), fill_failed, &cost, &done, &found,
             &place.failure),
        &place);
    assert_false(found);

    const struct ledger_sums *all = sums_of(&place, LEDGER_ALL, "", "");
    assert_int_equal(all->n, 2);
    assert_int_equal(all->accepted, 1);
    assert_int_equal(all->verified, 1);
    assert_close(all->measured_usd, 0.25, 0);
    assert_close(all->cost_usd, 0.75, 0);
    assert_close(all->cost_accepted_usd, 0.5, 0);
    must(ledger_replace(ledger, &changed, &found, &place.failure), &place);
    assert_true(found);
    must(ledger_get(ledger, &place.arena, s("a"), &done, &found, &place.failure), &place);
    assert_slice(done.notes, "other");
    changed.id = s("nobody");
    must(ledger_replace(ledger, &changed, &found, &place.failure), &place);
    assert_false(found);
    assert_sums_are_those_of_the_rows(&place);
    remove_place(&place);
}

static void sums_follow_random_changes(void **state)
{
    (void)state;
    struct place place = make_place();
    struct arena arena = {0};
    struct dice dice = dice_from_seed(7);
    const char *ids[300];
    for (size_t i = 0; i < 300; i++)
        ids[i] = arena_print(&place.arena, "id%zu", i).base;
    must(ledger_begin(place.ledger, &place.failure), &place);
    for (size_t i = 0; i < 3000; i++) {
        struct experiment experiment = random_experiment(&arena, &dice, i);
        bool found;
        enum ledger_put put;
        experiment.id = s(ids[dice_below(&dice, 300)]);
        if (random_is(&dice, 0.5))
            must(ledger_add(place.ledger, &experiment, &put, &place.failure), &place);
        else
            must(ledger_replace(place.ledger, &experiment, &found, &place.failure), &place);
        arena_reset(&arena);
        if (i % 500 == 250) {
            must(ledger_commit(place.ledger, &place.failure), &place);
            assert_sums_are_those_of_the_rows(&place);
            must(ledger_begin(place.ledger, &place.failure), &place);
        }
    }
    must(ledger_commit(place.ledger, &place.failure), &place);
    assert_sums_are_those_of_the_rows(&place);
    arena_free(&arena);
    remove_place(&place);
}

static void an_explored_action_is_weighted(void **state)
{
    (void)state;
    struct place place = make_place();
    struct record_action actions[] = {{s("haiku"), 0.8}, {s("sonnet"), 0.2}, {s("opus"), 0}};
    struct experiment experiment = simple("a", 1, "sonnet");
    experiment.propensities = (struct record_actions){actions, 3};
    experiment.cost_source = RECORD_MEASURED;
    add(&place, experiment, LEDGER_ADDED);
    const struct ledger_sums *sonnet = sums_of(&place, LEDGER_BY_ACTION, "sonnet", "");
    assert_int_equal(sonnet->taken, 1);
    assert_close(sonnet->weight, 5, 1e-12);
    assert_close(sonnet->weight_squares, 25, 1e-12);
    assert_close(sonnet->weight_usd, 2.5, 1e-12);
    assert_close(sonnet->weight_squares_usd_squares, 6.25, 1e-12);
    assert_int_equal(sums_of(&place, LEDGER_BY_ACTION, "haiku", "")->n, 1);
    assert_int_equal(sums_of(&place, LEDGER_BY_ACTION, "haiku", "")->taken, 0);
    assert_null(sums_of(&place, LEDGER_BY_ACTION, "opus", ""));
    remove_place(&place);
}

static void assert_walk(struct place *place, struct ledger_filter filter, enum ledger_order order,
    size_t most, const char *ids)
{
    struct ledger_walk *walk;
    struct experiment experiment;
    struct slice seen = {"", 0};
    enum ledger_next next;
    must(ledger_walk_open(place->ledger, &filter, order, most, &walk, &place->failure), place);
    while (
        (next = ledger_walk_next(walk, &place->arena, &experiment, &place->failure)) == LEDGER_ROW)
        seen = arena_print(&place->arena, "%.*s%.*s", SLICE_ARG(seen), SLICE_ARG(experiment.id));
    assert_int_equal(next, LEDGER_END);
    ledger_walk_close(walk);
    assert_slice(seen, ids);
}

static void walks_filter_and_page(void **state)
{
    (void)state;
    struct place place = make_place();
    struct slice label = s("ui");
    struct experiment one = simple("c", 30, "haiku"), two = simple("b", 30, "sonnet");
    one.labels = (struct record_texts){&label, 1};
    two.project = s("p");
    add(&place, one, LEDGER_ADDED);
    add(&place, two, LEDGER_ADDED);
    add(&place, simple("a", 40, "haiku"), LEDGER_ADDED);
    add(&place, pending("d", 10, "haiku"), LEDGER_ADDED);
    typedef struct ledger_filter filter;
    assert_walk(&place, (filter){0}, LEDGER_OLDEST, 0, "dbca");
    assert_walk(&place, (filter){0}, LEDGER_NEWEST, 0, "acbd");
    assert_walk(&place, (filter){0}, LEDGER_NEWEST, 2, "ac");
    assert_walk(&place, (filter){.after = s("c")}, LEDGER_NEWEST, 2, "bd");
    assert_walk(&place, (filter){.after = s("b")}, LEDGER_OLDEST, 0, "ca");
    assert_walk(&place, (filter){0}, LEDGER_AS_THEY_CAME, 0, "cbad");
    assert_walk(&place, (filter){.after = s("b")}, LEDGER_AS_THEY_CAME, 0, "ad");
    assert_walk(&place, (filter){.since_ms = 30, .until_ms = 40}, LEDGER_OLDEST, 0, "bc");
    assert_walk(&place, (filter){.rung = s("haiku")}, LEDGER_OLDEST, 0, "dca");
    assert_walk(&place, (filter){.rung = s("haiku"), .state = LEDGER_DONE}, LEDGER_OLDEST, 0, "ca");
    assert_walk(&place, (filter){.state = LEDGER_PENDING}, LEDGER_OLDEST, 0, "d");
    assert_walk(&place, (filter){.project = s("p")}, LEDGER_OLDEST, 0, "b");
    assert_walk(&place, (filter){.label = s("ui")}, LEDGER_OLDEST, 1, "c");
    assert_walk(&place, (filter){.task_id = s("t1"), .strategy = s("none")}, LEDGER_OLDEST, 0, "");
    assert_walk(&place, (filter){.explored = true}, LEDGER_OLDEST, 0, "");

    struct ledger_tally *tallies;
    size_t n, n_models;
    filter since = {.since_ms = 35};
    must(ledger_tallies(place.ledger, &place.arena, &since, &tallies, &n, &place.failure), &place);
    const struct ledger_tally *models = ledger_tallies_of(tallies, n, LEDGER_BY_MODEL, &n_models);
    assert_int_equal(n_models, 1);
    assert_slice(models[0].key, "haiku");
    assert_int_equal(models[0].sums.n, 1);
    remove_place(&place);
}

static void a_batch_is_kept_whole_or_not_at_all(void **state)
{
    (void)state;
    struct place place = make_place();
    must(ledger_begin(place.ledger, &place.failure), &place);
    add(&place, simple("a", 1, "a-new-rung"), LEDGER_ADDED);
    ledger_rollback(place.ledger);
    assert_int_equal(counts(&place).done, 0);
    add(&place, simple("b", 1, "another-rung"), LEDGER_ADDED);
    add(&place, simple("c", 2, "a-new-rung"), LEDGER_ADDED);
    must(ledger_begin(place.ledger, &place.failure), &place);
    add(&place, simple("d", 2, "haiku"), LEDGER_ADDED);
    struct experiment wrong = simple("e", 2, "haiku");
    wrong.quality = 9;
    assert_false(ledger_add(place.ledger, &wrong, NULL, &place.failure));
    assert_string_equal(place.failure.text, "qualityScore: 9 is not in 1 … 5");
    assert_false(ledger_commit(place.ledger, &place.failure));
    assert_int_equal(counts(&place).done, 2);
    assert_walk(&place, (struct ledger_filter){.rung = s("another-rung")}, LEDGER_OLDEST, 0, "b");
    assert_sums_are_those_of_the_rows(&place);
    remove_place(&place);
}

static void bad_lines_are_named_and_kept_aside(void **state)
{
    (void)state;
    static const char text[] =
        "{\"id\":\"a\",\"timestamp\":1,\"taskId\":\"t\",\"modelUsed\":\"m\",\"success\":true}\n"
        "\n"
        "{\"id\":\"b\",\"timestamp\":1,\"taskId\":\"t\",\"modelUsed\":\"m\",\"succ\n"
        "{\"id\":\"c\",\"timestamp\":1,\"taskId\":\"t\",\"modelUsed\":\"m\",\"success\":7}\r\n"
        "\xff\xfe";
    struct place place = make_place();
    for (int again = 0; again < 2; again++) {
        struct ledger_import report =
            import(&place, place.ledger, (struct slice){text, sizeof(text) - 1});
        assert_int_equal(report.read, 4);
        assert_int_equal(report.added, again ? 0 : 1);
        assert_int_equal(report.bad, 3);
        assert_int_equal(report.n_problems, 3);
        assert_slice(
            report.problems[0], "in.jsonl:3: not valid JSON: a string is not closed (cut off?)");
        assert_slice(report.problems[1], "in.jsonl:4: success: true or false is expected");
        assert_slice(report.problems[2], "in.jsonl:5: not valid UTF-8");
    }
    struct ledger_reject *rejects;
    size_t n;
    must(ledger_rejected(place.ledger, &place.arena, 10, &rejects, &n, &place.failure), &place);
    assert_int_equal(n, 3); /* not six */
    assert_int_equal(rejects[1].line, 4);
    assert_slice(rejects[2].bytes, "\xff\xfe");
    assert_int_equal(counts(&place).rejected, 3);
    must(ledger_rejected(place.ledger, &place.arena, 1, &rejects, &n, &place.failure), &place);
    assert_int_equal(n, 1);
    remove_place(&place);
}

static void an_array_is_imported_too(void **state)
{
    (void)state;
    struct place place = make_place();
    struct ledger_import report = import(&place, place.ledger,
        s(" [{\"id\":\"a\",\"timestamp\":1,\"taskId\":\"t\",\"modelUsed\":\"m\",\"success\":true},"
          "3]"));
    assert_int_equal(report.added, 1);
    assert_int_equal(report.bad, 1);
    assert_slice(report.problems[0], "in.jsonl:2: a JSON object is expected");
    remove_place(&place);
}

static void hashes_stand_for_texts_that_are_not_to_be_kept(void **state)
{
    (void)state;
    static const struct ledger_options hashing = {.create = true, .hash_text = true};
    struct place place = make_place();
    ledger_close(place.ledger);
    must(ledger_open(place.url, hashing, &place.ledger, &place.failure), &place);
    struct experiment noted = simple("a", 1, "haiku");
    noted.notes = slice_from("the secret garden");
    add(&place, noted, LEDGER_ADDED);
    struct slice text = exported(&place, place.ledger, LEDGER_JSONL);
    assert_true(slice_find(text, "\"notes\":\"\"") != SIZE_MAX);
    struct ledger_reject bad = {slice_from("in.jsonl"), 1, slice_from("no JSON"),
                             slice_from("a b")},
                         *rejects;
    size_t n = 0;
    must(ledger_keep_aside(place.ledger, &bad, &place.failure), &place);
    must(ledger_rejected(place.ledger, &place.arena, 9, &rejects, &n, &place.failure), &place);
    assert_int_equal(n, 1);
    assert_true(slice_starts(rejects[0].bytes, "sha256:"));
    /* printf 'a task' | sha256sum */
    static const char hash[] = "\"description\":\"sha256:"
                               "d3dab2cc59c3e65bb85c495a79f0d6ac836b72b4723308c859dbfcee1ac3ba2c\"";
    assert_true(slice_find(text, hash) != SIZE_MAX);
    assert_true(slice_find(text, "a task") == SIZE_MAX);
    struct ledger *second = open_second(&place);
    import(&place, second, text);
    assert_true(slice_equal(text, exported(&place, second, LEDGER_JSONL)));
    ledger_close(second);
    import(&place, place.ledger, text); /* a hash is not hashed again */
    assert_true(slice_equal(text, exported(&place, place.ledger, LEDGER_JSONL)));
    remove_place(&place);
}

/* A child that adds `n` experiments named after `name`, writing a byte for each one that it was
 * told is safe. Never returns. */
NEVER_RETURNS static void add_and_say(const char *url, const char *name, size_t n, int out)
{
    struct arena arena = {0};
    struct failure failure;
    struct ledger *ledger = NULL;
    if (!ledger_open(url, MAKE, &ledger, &failure)) {
        fprintf(stderr, "%s\n", failure.text);
        _exit(1);
    }
    for (size_t i = 0; i < n; i++) {
        struct experiment experiment = simple("", 1000 + (int64_t)i, "haiku");
        experiment.id = arena_print(&arena, "%s-%zu", name, i);
        if (!ledger_add(ledger, &experiment, NULL, &failure)) {
            fprintf(stderr, "%s\n", failure.text);
            _exit(1);
        }
        if (out >= 0 && write(out, "+", 1) != 1)
            _exit(1);
    }
    ledger_close(ledger);
    _exit(0);
}

static void eight_processes_write_at_once(void **state)
{
    (void)state;
    struct place place = make_place();
    const char *url = arena_print(&place.arena, "sqlite:%s/second.db", place.directory).base;
    pid_t children[WRITERS];
    for (int i = 0; i < WRITERS; i++) { /* they also race to make the file */
        const char *name = arena_print(&place.arena, "w%d", i).base;
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            add_and_say(url, name, EACH, -1);
    }
    for (int i = 0; i < WRITERS; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    ledger_close(place.ledger);
    place.ledger = open_at(&place, url);
    assert_int_equal(counts(&place).done, WRITERS * EACH);
    assert_sums_are_those_of_the_rows(&place);
    remove_place(&place);
}

static void what_was_acknowledged_survives_kill_9(void **state)
{
    (void)state;
    struct place place = make_place();
    struct dice dice = dice_from_seed(99);
    size_t acknowledged = 0, killed = 0;
    for (int round = 0; round < KILLS; round++) {
        int ends[2];
        char bytes[4096];
        assert_int_equal(pipe(ends), 0);
        const char *name = arena_print(&place.arena, "r%d", round).base;
        pid_t child = fork();
        if (child == 0)
            add_and_say(place.url, name, 100000, ends[1]);
        close(ends[1]);
        usleep(20000 + (useconds_t)dice_below(&dice, 200000));
        kill(child, SIGKILL);
        int status;
        waitpid(child, &status, 0);
        killed += WIFSIGNALED(status) ? 1 : 0;
        size_t said = 0;
        for (ssize_t n; (n = read(ends[0], bytes, sizeof(bytes))) > 0;)
            said += (size_t)n;
        close(ends[0]);
        for (size_t i = 0; i < said; i++) {
            struct experiment experiment;
            bool found;
            struct slice id = arena_print(&place.arena, "r%d-%zu", round, i);
            must(ledger_get(place.ledger, &place.arena, id, &experiment, &found, &place.failure),
                &place);
            assert_true(found);
        }
        acknowledged += said;
        assert_sums_are_those_of_the_rows(&place);
    }
    assert_int_equal(killed, KILLS);
    assert_true(acknowledged > 0);
    assert_true(counts(&place).done >= (int64_t)acknowledged);
    assert_true(counts(&place).done <= (int64_t)(acknowledged + KILLS));
    remove_place(&place);
}

/* In a child, for the limit cannot be lifted again: adds until the limit on the size of files is
 * reached, and exits with 0 where that gave a sentence. */
NEVER_RETURNS static void fill_to_the_limit(const char *url, int out)
{
    struct failure failure = {{0}};
    struct ledger *ledger = NULL;
    struct arena arena = {0};
    struct rlimit limit = {400000, 400000};
    signal(SIGXFSZ, SIG_IGN);
    if (!ledger_open(url, MAKE, &ledger, &failure) || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        _exit(2);
    for (size_t i = 0; i < 100000; i++) {
        struct experiment experiment = simple("", 1, "haiku");
        experiment.id = arena_print(&arena, "f-%zu", i);
        if (ledger_add(ledger, &experiment, NULL, &failure)) {
            if (write(out, "+", 1) != 1)
                _exit(3);
            continue;
        }
        fprintf(stderr, "[ the sentence ] %s\n", failure.text);
        bool is_said = strstr(failure.text, "the limit on the size of files is reached") != NULL;
        ledger_close(ledger);
        _exit(is_said ? 0 : 4);
    }
    _exit(5);
}

static void a_full_disk_leaves_the_ledger_whole(void **state)
{
    (void)state;
    struct place place = make_place();
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        fill_to_the_limit(place.url, ends[1]);
    }
    close(ends[1]);
    size_t said = 0;
    char bytes[4096];
    for (ssize_t n; (n = read(ends[0], bytes, sizeof(bytes))) > 0;)
        said += (size_t)n;
    close(ends[0]);
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    assert_true(said > 10);
    assert_int_equal(counts(&place).done, said);
    assert_sums_are_those_of_the_rows(&place);
    add(&place, simple("after", 1, "haiku"), LEDGER_ADDED);
    remove_place(&place);
}

static void readers_do_not_wait_for_a_writer(void **state)
{
    (void)state;
    struct place place = make_place();
    add(&place, simple("a", 1, "haiku"), LEDGER_ADDED);
    must(ledger_begin(place.ledger, &place.failure), &place);
    add(&place, simple("b", 2, "haiku"), LEDGER_ADDED);
    struct ledger *writer = place.ledger;
    place.ledger = open_at(&place, place.url); /* while the writer is in the middle */
    assert_int_equal(counts(&place).done, 1);
    assert_walk(&place, (struct ledger_filter){0}, LEDGER_OLDEST, 0, "a");
    must(ledger_commit(writer, &place.failure), &place);
    assert_int_equal(counts(&place).done, 2);
    ledger_close(writer);
    remove_place(&place);
}

static void the_usual_place_is_beside_the_policy(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_string_equal(
        ledger_usual_url(&arena, "/p/rung.yaml", "/elsewhere"), "sqlite:/p/.rung/ledger.db");
    assert_string_equal(ledger_usual_url(&arena, "rung.yaml", "."), "sqlite:./.rung/ledger.db");
    setenv("XDG_DATA_HOME", "/d", 1);
    assert_string_equal(ledger_usual_url(&arena, NULL, "/"), "sqlite:/d/rung/ledger.db");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ledger_is_made_for_its_owner_alone),
        cmocka_unit_test(what_is_no_ledger_is_refused),
        cmocka_unit_test(a_newer_ledger_is_refused_without_harm),
        cmocka_unit_test(an_older_version_is_brought_forward),
        cmocka_unit_test(a_ledger_of_version_1_reads),
        cmocka_unit_test(plans_judges_and_audits_are_counted),
        cmocka_unit_test(the_eight_examples_are_counted),
        cmocka_unit_test(random_experiments_make_the_round_trip),
        cmocka_unit_test(pending_ones_count_once_completed),
        cmocka_unit_test(sums_follow_random_changes),
        cmocka_unit_test(an_explored_action_is_weighted),
        cmocka_unit_test(walks_filter_and_page),
        cmocka_unit_test(a_batch_is_kept_whole_or_not_at_all),
        cmocka_unit_test(bad_lines_are_named_and_kept_aside),
        cmocka_unit_test(an_array_is_imported_too),
        cmocka_unit_test(hashes_stand_for_texts_that_are_not_to_be_kept),
        cmocka_unit_test(eight_processes_write_at_once),
        cmocka_unit_test(what_was_acknowledged_survives_kill_9),
        cmocka_unit_test(a_full_disk_leaves_the_ledger_whole),
        cmocka_unit_test(readers_do_not_wait_for_a_writer),
        cmocka_unit_test(the_usual_place_is_beside_the_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
