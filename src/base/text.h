/* Untrusted text on its way to a terminal or a line of a log: control characters, escape
 * sequences and malformed UTF-8 become harmless, everything else stays as it was. */
#ifndef RUNG_BASE_TEXT_H
#define RUNG_BASE_TEXT_H

#include "arena.h"

/* In place, in a C string: control characters (C0, DEL) become '?', malformed UTF-8 too. */
void text_make_printable(char *text);

/* One line of printable UTF-8: runs of white space become one blank, control characters vanish,
 * bidirectional overrides and malformed bytes become U+FFFD. At most `columns` characters, the
 * last an ellipsis where something was cut; 0 means no limit. */
struct slice text_one_line(struct arena *arena, struct slice s, size_t columns);

/* Well-formed UTF-8: each malformed byte becomes U+FFFD. Returns `s` itself, uncopied, where
 * nothing has to change. *replaced, if not NULL, counts what was changed. */
struct slice text_utf8(struct arena *arena, struct slice s, size_t *replaced);

#endif
