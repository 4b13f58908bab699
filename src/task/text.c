/* Receives plain text, hands on a task for every line that is not blank. */
#include "reader.h"

#include "fields.h"

enum task_read text_next(
    struct task_reader *reader, struct arena *arena, struct task *task, struct failure *failure)
{
    struct slice line;
    while (reader_next_line(reader, &line)) {
        if (line.len > TASK_LINE_BYTES_MOST) {
            failure_set(
                failure, "a line of %zu bytes; the most is %d", line.len, TASK_LINE_BYTES_MOST);
            return reader_bad(reader, failure);
        }
        task->body = fields_without_bullet(line);
        if (task->body.len == 0)
            continue;
        if (!reader_complete(reader, arena, task, failure))
            return reader_bad(reader, failure);
        return TASK_READ_TASK;
    }
    return TASK_READ_END;
}
