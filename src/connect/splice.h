/* Inside the room: changes JSON text where it stands, so that every byte that is not changed stays
 * as it was. The text must be well-formed (json_parse has accepted it); of another text these
 * functions make no sense of, but read within its bounds. Keys are compared as they are spelt: a
 * key written with escapes is not found. Results live in the arena. */
#ifndef RUNG_CONNECT_SPLICE_H
#define RUNG_CONNECT_SPLICE_H

#include "base/arena.h"

/* Walks over the members of an object or the elements of an array:
 *     struct splice_walk walk = splice_walk_over(container);
 *     while (splice_next(&walk)) use(walk.key, walk.value); */
struct splice_walk {
    struct slice key;   /* without its quotes; empty in an array */
    struct slice value; /* its bytes, a part of the text */
    struct slice item;  /* key and value */
    struct slice rest;
    bool is_object;
};

struct splice_walk splice_walk_over(struct slice container);
bool splice_next(struct splice_walk *walk);

/* The value under a key of an object; empty where there is none. */
struct slice splice_get(struct slice object, const char *key);

/* The whole text with a member of `object` (a part of it) set: its value is replaced where it is
 * there, else it comes last. */
struct slice splice_set(struct arena *arena, struct slice text, struct slice object,
    const char *key, struct slice value);

/* The whole text with a further element at the end of `array`. */
struct slice splice_append(
    struct arena *arena, struct slice text, struct slice array, struct slice value);

/* The whole text without `item` of `container`, and without the comma that parted it. What
 * splice_set or splice_append put last is taken out to the byte. */
struct slice splice_remove(
    struct arena *arena, struct slice text, struct slice container, struct slice item);

/* The whole text with the bytes of `part` replaced. */
struct slice splice_replace(
    struct arena *arena, struct slice text, struct slice part, struct slice with);

#endif
