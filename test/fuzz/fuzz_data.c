/* Outcome rows from a stranger's file. */
#include "eval/data.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct eval_data data = {0};
    struct failure failure;
    if (data_add(&data, "input", (struct slice){(const char *)bytes, n}, NULL, 0, &failure))
        for (size_t i = 0; i < data.n_rows; i++)
            (void)data_outcome(&data.rows[i], data.n_models - 1);
    data_free(&data);
    return 0;
}
