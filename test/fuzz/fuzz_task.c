/* A stranger's backlog, as FUZZ_FORMAT (set by the build). Every slice handed on is read through.
 */
#include "task/task.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static uint64_t read_task(const struct task *task)
{
    const struct task_list lists[] = {
        task->labels, task->depends_on, task->files, task->acceptance};
    assert(task->id.len && task->title.len && task->priority >= -1 && task->priority <= 4);
    uint64_t sum = slice_hash(task->id) ^ slice_hash(task->title) ^ slice_hash(task->body) ^
                   slice_hash(task->context) ^ slice_hash(task->type) ^ slice_hash(task->status) ^
                   slice_hash(task->suggested_model) ^ slice_hash(task->suggested_effort);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < lists[i].n; j++)
            sum ^= slice_hash(lists[i].items[j]);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct slice input = {(const char *)bytes, n};
    struct arena arena = {0};
    struct failure failure;
    struct task_reader *reader = NULL;
    if (task_reader_open(FUZZ_FORMAT, "input", input, &reader, &failure)) {
        struct task task;
        enum task_read read;
        (void)!task_reader_add_complexity(reader, "complexity-report_a.json", input, NULL);
        while ((read = task_reader_next(reader, &arena, &task, &failure)) != TASK_READ_END) {
            if (read == TASK_READ_TASK)
                (void)read_task(&task);
            arena_reset(&arena);
        }
    }
    task_reader_close(reader);
    arena_free(&arena);
    return 0;
}
