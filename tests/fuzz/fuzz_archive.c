/* fuzz_archive.c - core/archive.c: the members of a zip or tar file. */
#include "archivefile.h"
#include "fuzz.h"

void fuzz_input(bram_ctx *cx, const unsigned char *bytes, size_t size)
{
    enum { LIMIT = 4 << 20, MOST_MEMBERS = 1000 };
    const char *path = fuzz_file(bytes, size), *name = NULL;
    bram_archive *a = NULL;
    char **names = NULL;
    size_t count = 0;
    if (fuzz_ok(cx, bram_archive_list(cx, path, &names, &count))) bram_free(names);
    if (!fuzz_ok(cx, bram_archive_open(cx, &a, path))) return;
    for (int i = 0; i < MOST_MEMBERS; i++) {
        unsigned char *member = NULL;
        size_t length = 0;
        if (!fuzz_ok(cx, bram_archive_next(cx, a, &name)) || !name) break;
        if (!fuzz_ok(cx, bram_archive_take(cx, a, &member, &length, LIMIT))) break;
        fuzz_need(length <= LIMIT && member[length] == 0);
        bram_free(member);
    }
    bram_archive_close(a);
}
