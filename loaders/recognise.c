/*
 * recognise.c - asks the loaders which of them knows files; see recognise.h.
 */
#include "recognise.h"

#include "file.h"
#include "gz.h"
#include "h5.h"

#include <bramble/plugin.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const bram_loader *bram_loader_at(size_t i)
{
    size_t built_in = 0;
    while (bram_loader_table[built_in]) built_in++;
    return i < built_in ? bram_loader_table[i] : bram_plugin_loader(i - built_in);
}

size_t bram_loader_number(const bram_loader *loader)
{
    size_t i = 0;
    while (bram_loader_at(i) && bram_loader_at(i) != loader) i++;
    return i;
}

const bram_loader *bram_loader_of_folder(const char *path)
{
    struct stat s;
    if (stat(path, &s) != 0 || !S_ISDIR(s.st_mode)) return NULL;
    for (size_t i = 0; bram_loader_at(i); i++)
        if (bram_loader_at(i)->folder && bram_loader_at(i)->folder(path)) return bram_loader_at(i);
    return NULL;
}

/* ---- the form of a file ---------------------------------------------------------------------- */

/* What a file is by its first bytes; gzip is looked into. */
static unsigned form_of(const char *path)
{
    static const unsigned char ole[] = {0xD0, 0xCF, 0x11, 0xE0};
    unsigned char head[256];
    if (bram_loader_of_folder(path)) return BRAM_FORM_FOLDER;
    if (bram_h5_probe(path)) return BRAM_FORM_HDF5;
    size_t n = bram_gz_peek(path, head, sizeof head);
    if (n >= 6 && memcmp(head, "MATLAB", 6) == 0) return BRAM_FORM_MAT5;
    if (n >= 4 && memcmp(head, "PK\3\4", 4) == 0) return BRAM_FORM_ZIP;
    if (n >= 6 && memcmp(head, "\x93NUMPY", 6) == 0) return BRAM_FORM_NPY;
    if (n >= 4 && memcmp(head, ole, 4) == 0) return BRAM_FORM_XLS;
    return n && !memchr(head, 0, n) ? BRAM_FORM_TEXT : BRAM_FORM_OTHER;
}

/* A file that cannot be read at all says so itself, better than "no loader knows it". */
static int check_readable(bram_ctx *cx, const bram_input *input)
{
    for (size_t i = 0; i < input->count; i++) {
        int fd;
        uint64_t size;
        if (bram_loader_of_folder(input->paths[i])) continue;
        BRAM_TRY(bram_file_open(cx, &fd, &size, input->paths[i]));
        int status = size ? bram_file_refuse_lfs(cx, fd, size, input->paths[i])
                          : bram_fail(cx, BRAM_EFORMAT, "%s is empty", input->paths[i]);
        close(fd);
        if (status == BRAM_OK && bram_h5_probe(input->paths[i])) {
            bram_h5 *file = NULL;
            status = bram_h5_open(cx, &file, input->paths[i]); /* damaged beyond its first bytes */
            bram_h5_close(file);
        }
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* How much a verdict counts. */
static int rank_of(const bram_loader *loader, const bram_recognition *r)
{
    if (r->verdict == BRAM_NOT_MINE) return 0;
    return r->verdict == BRAM_MINE ? 3 : loader->asks ? 1 : 2;
}

static void add_words(bram_verdicts *v, const char *loader, const char *reason)
{
    size_t used = strlen(v->words);
    snprintf(v->words + used, sizeof v->words - used, "%s%s (%s)", used ? ", " : "", loader,
             reason);
}

/* Keeps those of the highest rank so far. */
static void take_verdict(bram_verdicts *v, int *best, const bram_loader *loader,
                         const bram_recognition *r)
{
    int rank = rank_of(loader, r);
    if (rank < *best) return;
    if (rank > *best) {
        *v = (bram_verdicts){.loader = loader};
        snprintf(v->reason, sizeof v->reason, "%s", r->reason);
        *best = rank;
    } else v->loader = NULL;
    if (rank || !loader->asks) add_words(v, loader->name, r->reason);
    if (rank == 3) v->sure++;
    else if (rank) v->possible++;
}

int bram_name_the_file(bram_ctx *cx, int status, const char *loader, const bram_input *input)
{
    if (status == BRAM_EWRITE) return status; /* no fault of theirs */
    for (size_t i = 0; i < input->count; i++)
        if (strstr(bram_ctx_message(cx), input->paths[i]))
            return bram_fail_prefix(cx, status, "%s", loader);
    return bram_fail_prefix(cx, status, "%s: %s", input->paths[0], loader);
}

int bram_recognise_files(bram_ctx *cx, bram_verdicts *out, const bram_input *input)
{
    bram_verdicts v = {.loader = NULL};
    int best = 0;
    BRAM_TRY(check_readable(cx, input));
    unsigned form = form_of(input->paths[0]);
    for (size_t i = 0; bram_loader_at(i); i++) {
        const bram_loader *loader = bram_loader_at(i);
        bram_recognition r = {.verdict = BRAM_NOT_MINE};
        bool any = !loader->forms && form != BRAM_FORM_FOLDER;
        if (!any && !(loader->forms & form)) continue;
        int status = loader->recognise(cx, input, &r);
        if (status != BRAM_OK) return bram_name_the_file(cx, status, loader->name, input);
        take_verdict(&v, &best, loader, &r);
    }
    if (!best) v.loader = NULL;
    *out = v;
    return BRAM_OK;
}

int bram_recognised_one(bram_ctx *cx, const bram_verdicts *v, const bram_input *input)
{
    if (v->loader) return BRAM_OK;
    if (v->sure + v->possible == 0)
        return bram_fail(cx, BRAM_EFORMAT,
                         "no loader knows %s by its content; name one (\"bramble list datasets\" "
                         "shows them), e.g. generic with its options. Looked for: %s",
                         input->paths[0], v->words[0] ? v->words : "nothing in files of this form");
    return bram_fail(cx, BRAM_EUSAGE, "several loaders know %s: %s; name one of them",
                     input->paths[0], v->words);
}
