/* Task texts of any bytes, cut anywhere into title and body. */
#include "evidence/features.h"

#include <assert.h>
#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct features features;
    static struct features_scratch scratch;
    struct slice text = {(const char *)bytes, n};
    size_t cut = n ? bytes[0] % n : 0;
    features_extract(slice_sub(text, 0, cut), slice_sub(text, cut, n), &scratch, &features);
    for (size_t i = 0; i < features.n; i++)
        assert(features.bucket[i] < FEATURES_BUCKETS);
    for (size_t i = 0; i < FEATURES_SURFACE; i++)
        assert(isfinite(features.surface[i]));
    return 0;
}
