/*
 * folder.h - the files of a folder, in the order of their names on any machine.
 */
#ifndef BRAMBLE_CORE_FOLDER_H
#define BRAMBLE_CORE_FOLDER_H

#include <bramble/context.h>

enum { BRAM_FOLDER_MOST = 10000 };

typedef int bram_folder_fn(bram_ctx *cx, void *user, const char *path);

/**
 * Calls `each` with the path of every file that is wanted, until one call fails.
 *
 * @param wanted  says so of a name within the folder; names that begin with a dot are never asked.
 *                NULL: everything is wanted, these too
 * @return BRAM_OK, also when there is none; BRAM_EREAD: cannot be read; BRAM_EFORMAT: more than
 *         BRAM_FOLDER_MOST of them; what `each` returned; BRAM_ENOMEM
 */
int bram_folder_each(bram_ctx *cx, const char *folder, bool (*wanted)(const char *name),
                     bram_folder_fn *each, void *user) BRAM_MUST_CHECK;

/**
 * Calls `each` with the path, below the folder, of everything in it and in folders of it that is no
 * folder itself: links, too, which are not followed. In byte order of the names, folder by folder.
 *
 * @return as bram_folder_each; BRAM_EFORMAT, too: folders nested deeper than 16
 */
int bram_folder_walk(bram_ctx *cx, const char *folder, bram_folder_fn *each,
                     void *user) BRAM_MUST_CHECK;

/** Removes a folder with all that is in it, as far as that can be done; a link, not what it leads
 *  to. */
void bram_folder_remove(const char *path);

/** Makes a folder and those on the way to it where they are absent, as mkdir -p does.
 *  @return BRAM_OK; BRAM_EWRITE; BRAM_ENOMEM */
int bram_folder_make(bram_ctx *cx, const char *path) BRAM_MUST_CHECK;

#endif
