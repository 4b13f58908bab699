/* What the compiler is told about a function: that its answer must be used, that it never
 * returns, that it takes a format string. */
#ifndef RUNG_BASE_ATTRIBUTES_H
#define RUNG_BASE_ATTRIBUTES_H

#define NEVER_NULL __attribute__((returns_nonnull))
#define MUST_USE __attribute__((warn_unused_result))
#define NEVER_RETURNS __attribute__((noreturn))
#define FORMAT(format_at, arguments_at) __attribute__((format(printf, format_at, arguments_at)))

#endif
