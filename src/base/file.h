/* Whole files in and out. */
#ifndef RUNG_BASE_FILE_H
#define RUNG_BASE_FILE_H

#include "arena.h"
#include "failure.h"

/* The bytes of a file that is read once: mapped where that works, read where it does not (a
 * pipe, standard input). file_close gives them back. */
struct file_bytes {
    struct slice bytes;
    void *mapped, *taken;
};

/* Opens `path`, "-" meaning standard input. More than `most` bytes is an error. */
bool file_open(
    const char *path, size_t most, struct file_bytes *file, struct failure *failure) MUST_USE;
/* The same from a descriptor, which stays open; `path` is for sentences. */
bool file_open_descriptor(int fd, const char *path, size_t most, struct file_bytes *file,
    struct failure *failure) MUST_USE;
void file_close(struct file_bytes *file);

/* For files of a repository, where a stranger may have put a pipe or a device: only a regular file
 * is opened, and nothing is waited for. Its bytes are a copy in memory that may be written to, so
 * that whoever cuts the file short meanwhile breaks nothing. */
bool file_open_plain(
    const char *path, size_t most, struct file_bytes *file, struct failure *failure) MUST_USE;
/* The same where `path` itself must not be a symbolic link. */
bool file_open_unlinked(
    const char *path, size_t most, struct file_bytes *file, struct failure *failure) MUST_USE;
/* The same as a private mapping, which may be written to as well. Opening a large file takes no
 * time then, but SIGBUS comes where another program cuts it short: for one who is ready for that.
 */
bool file_map_unlinked(
    const char *path, size_t most, struct file_bytes *file, struct failure *failure) MUST_USE;

bool file_exists(const char *path); /* a regular file or a link to one */
bool file_is_directory(const char *path);

/* Replaces a file in one step: written beside it, synced, renamed. `mode` as for open. */
bool file_replace(
    const char *path, struct slice bytes, unsigned mode, struct failure *failure) MUST_USE;

/* Puts a .gitignore that hides everything into a directory, where none is. */
bool file_hide_from_git(const char *directory, struct failure *failure) MUST_USE;

/* Makes a directory and those above it; those that exist are fine. */
bool file_make_directories(const char *path, unsigned mode, struct failure *failure) MUST_USE;

/* False, with a sentence that names it, where a component of `relative` below `root` is a symbolic
 * link or `relative` climbs (".."). What is not there yet is fine. */
bool file_refuse_links(const char *root, const char *relative, struct failure *failure) MUST_USE;

/* What tells a file from any other that comes to the same place later: a file made anew has another
 * time of birth, even where it gets the same inode. False where `path` is no regular file; a link
 * is none. */
struct file_identity {
    uint64_t inode;
    int64_t birth_ns; /* since 1970; 0: the file system does not say */
};
bool file_identify(const char *path, struct file_identity *identity) MUST_USE;

/* Waits until this program alone holds the lock file `path`, which is made where it is not there.
 * close(*lock), or the end of the program, gives it back. */
bool file_lock(const char *path, int *lock, struct failure *failure) MUST_USE;

/* "a/b" from "a" and "b". */
const char *file_join(struct arena *arena, const char *directory, const char *name);
/* The directory part of a path: "." where there is none. */
const char *file_directory(struct arena *arena, const char *path);
/* The nearest directory at or above `from` that holds `name`, or NULL. */
const char *file_find_upward(struct arena *arena, const char *from, const char *name);
const char *file_working_directory(struct arena *arena);

/* Where this user's things live, after the XDG base directory specification: $XDG_CONFIG_HOME/rung
 * or ~/.config/rung, $XDG_DATA_HOME/rung or ~/.local/share/rung. NULL without a home. */
const char *file_config_directory(struct arena *arena);
const char *file_data_directory(struct arena *arena);

enum { SHA256_HEX_BYTES = 65 };
void file_sha256(struct slice bytes, char hex[SHA256_HEX_BYTES]);

#endif
