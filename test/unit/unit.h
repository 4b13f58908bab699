/* What every unit test includes: cmocka with the headers it wants first. */
#ifndef RUNG_TEST_UNIT_H
#define RUNG_TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/slice.h"

#include <math.h>
#include <string.h>

/* Equal to within `tolerance`, absolute. */
#define assert_close(a, b, tolerance)                                                              \
    do {                                                                                           \
        double close_a = (a), close_b = (b);                                                       \
        if (!(fabs(close_a - close_b) <= (tolerance)))                                             \
            fail_msg("%s is %.17g, not %.17g", #a, close_a, close_b);                              \
    } while (0)

#define assert_slice(s, text)                                                                      \
    do {                                                                                           \
        struct slice checked = (s);                                                                \
        assert_int_equal(checked.len, strlen(text));                                               \
        assert_memory_equal(checked.base, text, checked.len);                                      \
    } while (0)

#endif
