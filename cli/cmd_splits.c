/*
 * cmd_splits.c - `bramble splits FILE... -o SPLITS.json`: made and written once, read ever after.
 */
#include "hash.h"
#include "number.h"
#include "output.h"
#include "sandboxed.h"
#include "splits.h"
#include "terminal.h"

#include <string.h>
#include <unistd.h>

/* All recordings of all files. */
struct found {
    bram_dataset **ds;
    bram_copy_source *source;
    size_t count;
};

static int find_recordings(bram_ctx *cx, const bram_cli_args *args, struct found *f)
{
    size_t files = bram_cli_arguments(args), room = 0;
    f->ds = bram_alloc(cx, files, sizeof *f->ds);
    if (!f->ds) return BRAM_ENOMEM;
    for (size_t i = 0; i < files; i++) {
        BRAM_TRY(bram_dataset_open(cx, &f->ds[i], bram_cli_argument(args, i)));
        room += bram_dataset_groups(f->ds[i], "recordings");
    }
    f->source = bram_alloc(cx, room, sizeof *f->source);
    if (!f->source) return BRAM_ENOMEM;
    for (size_t i = 0; i < files; i++)
        for (size_t k = 0; k < bram_dataset_groups(f->ds[i], "recordings"); k++)
            f->source[f->count++] = (bram_copy_source){
                f->ds[i], bram_dataset_group_at(f->ds[i], "recordings", k)};
    return BRAM_OK;
}

static int make_table(bram_ctx *cx, bram_table **out, const bram_splits *s, bool read,
                      const char *path)
{
    char sum[65];
    static const bram_table_column columns[] = {
        {"recording", "recording", BRAM_CELL_TEXT, .wrap = true},
        {"dataset", "dataset", BRAM_CELL_TEXT},
        {"rows", "rows", BRAM_CELL_INTEGER},
        {"fold", "fold", BRAM_CELL_INTEGER},
        {"copy_of", "copy of", BRAM_CELL_TEXT, .wrap = true}};
    BRAM_TRY(bram_table_new(cx, out, "", columns, sizeof columns / sizeof *columns));
    size_t copies = 0;
    BRAM_TRY(bram_sha256_file(cx, sum, path));
    for (size_t i = 0; i < s->count; i++) {
        const bram_split_entry *e = &s->entry[i];
        bram_table_row(*out);
        bram_table_text(*out, 0, e->id);
        bram_table_text(*out, 1, e->dataset);
        bram_table_integer(*out, 2, (int64_t)e->rows);
        if (strcmp(s->scheme, "time") != 0) bram_table_integer(*out, 3, (int64_t)e->fold);
        if (e->group != i) bram_table_text(*out, 4, s->entry[e->group].id);
        copies += e->group != i;
    }
    bram_table_note(*out, "%zu folds by %s, %s", s->folds, s->scheme,
                    read ? "as the file has them; the data are those it was made of" : "written");
    if (copies) bram_table_note(*out, "%zu recordings are copies of others", copies);
    bram_table_note(*out, "for a benchmark: splits: %s@%.12s", path, sum);
    return BRAM_OK;
}

static int settings(bram_ctx *cx, const bram_cli_args *args, bram_splits_want *want)
{
    int64_t folds, seed;
    const char *gap = bram_cli_text(args, "gap", "0");
    BRAM_TRY(bram_cli_integer(cx, args, "folds", 2, 10000, 5, &folds));
    BRAM_TRY(bram_cli_integer(cx, args, "seed", 0, INT32_MAX, 1, &seed));
    *want = (bram_splits_want){bram_cli_text(args, "by", "worm"), (uint64_t)seed, (size_t)folds, 0};
    if (!bram_number_parse(gap, 0, &want->gap) || !(want->gap >= 0))
        return bram_fail(cx, BRAM_EUSAGE, "--gap is '%s', expected seconds from 0 on", gap);
    return BRAM_OK;
}

/* A file that is there is obeyed, not replaced. */
static int settle(bram_ctx *cx, const bram_cli_args *args, const struct found *f, bram_buffer *out)
{
    const char *path = bram_cli_text(args, "output", NULL);
    bram_splits_want want;
    bram_splits fresh = {.count = 0}, old = {.count = 0};
    bram_table *t = NULL;
    bool force = bram_cli_has(args, "force"), there = !force && access(path, F_OK) == 0;
    BRAM_TRY(settings(cx, args, &want));
    BRAM_TRY(bram_splits_make(cx, &fresh, f->source, f->count, &want));
    int status = there ? bram_splits_read(cx, &old, path)
                       : bram_splits_write(cx, &fresh, path, force);
    if (status == BRAM_OK && there) status = bram_splits_match(cx, &old, &fresh, path);
    if (status == BRAM_OK) status = make_table(cx, &t, there ? &old : &fresh, there, path);
    if (status == BRAM_OK)
        status = bram_table_write(cx, out, t, bram_cli_format(args, BRAM_TABLE_TEXT),
                                  (bram_table_style){bram_cli_width(), bram_cli_utf8()});
    bram_table_free(t);
    bram_splits_release(&fresh);
    bram_splits_release(&old);
    return status;
}

/* In a child, as files are not trusted. */
static int work(bram_ctx *cx, const bram_cli_args *args, const char *path, bram_buffer *out)
{
    (void)path;
    struct found f = {.count = 0};
    int status = find_recordings(cx, args, &f);
    if (status == BRAM_OK) status = settle(cx, args, &f, out);
    for (size_t i = 0; f.ds && i < bram_cli_arguments(args); i++) bram_dataset_free(f.ds[i]);
    bram_free(f.ds);
    bram_free(f.source);
    return status;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    if (!bram_cli_has(args, "output"))
        return bram_fail(cx, BRAM_EUSAGE, "splits needs -o SPLITS.json");
    return bram_cli_in_sandbox(cx, args, bram_cli_argument(args, 0), work);
}

const bram_command bram_command_splits = {
    .name = "splits",
    .summary = "makes splits of recordings once, and checks them against the data ever after",
    .arguments = "FILE.h5... -o SPLITS.json",
    .about =
        "Writes which recordings, or which stretches of them, are learned from and which are "
        "scored. Recordings that are copies of each other go together. When SPLITS.json is there, "
        "it is read and held against data and settings: another value, a recording more or less, "
        "another seed are refused (exit code 3).\n\n"
        "The task forecast obeys such a file, named by its option splits as the note below the "
        "table says: by worm or source with variant=across, by time with variant=within and fold.",
    .options =
        (const bram_cli_option[]){
            {"output", 'o', "SPLITS.json", "The file of splits"},
            {"by", 0, "WHAT",
             "What makes a fold: recordings dealt out, a source, a stretch of time",
             "worm|source|time"},
            {"folds", 0, "N", "How many folds; the default is 5, with --by source one each"},
            {"seed", 0, "N", "For dealing out; the default is 1"},
            {"gap", 0, "SECONDS", "By time: what is neither learned from nor scored on both sides"},
            {"force", 'f', NULL, "Makes the file anew"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble splits kato2015.h5 --folds 3 -o kato.json", "animals dealt into three folds"},
            {"bramble splits datasets/*.h5 --by source -o sources.json", "one source left out"},
            {NULL, NULL}},
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
