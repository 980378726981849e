/*
 * cmd_duplicates.c - `bramble duplicates FILE...`: recordings that are copies of each other.
 */
#include "copies.h"
#include "output.h"
#include "sandboxed.h"
#include "terminal.h"

#include <string.h>

/* All recordings of all files. */
struct found {
    bram_dataset **ds;
    bram_copy_source *source;
    size_t *file; /* of each source */
    size_t sources, room;
};

static int add_recordings(bram_ctx *cx, struct found *f, size_t file)
{
    const bram_dataset *ds = f->ds[file];
    size_t n = bram_dataset_groups(ds, "recordings");
    if (f->sources + n > f->room) {
        size_t room = 2 * f->room + n;
        void *source = bram_realloc(cx, f->source, room, sizeof *f->source);
        if (!source) return BRAM_ENOMEM;
        f->source = source;
        void *files = bram_realloc(cx, f->file, room, sizeof *f->file);
        if (!files) return BRAM_ENOMEM;
        f->file = files;
        f->room = room;
    }
    for (size_t i = 0; i < n; i++) {
        f->source[f->sources] = (bram_copy_source){ds, bram_dataset_group_at(ds, "recordings", i)};
        f->file[f->sources++] = file;
    }
    return BRAM_OK;
}

static int make_table(bram_ctx *cx, bram_table **out, const bram_cli_args *args,
                      const struct found *f, const bram_copy *copy, size_t count)
{
    static const bram_table_column columns[] = {
        {"recording", "recording", BRAM_CELL_TEXT, .wrap = true},
        {"file", "file", BRAM_CELL_TEXT, .wrap = true},
        {"copy", "copy", BRAM_CELL_TEXT, .wrap = true},
        {"copy_file", "of file", BRAM_CELL_TEXT, .wrap = true},
        {"r", "|r|", BRAM_CELL_NUMBER, .digits = 3},
        {"matched", "traces alike", BRAM_CELL_INTEGER},
        {"traces", "of", BRAM_CELL_INTEGER},
        {"lag", "lag (s)", BRAM_CELL_NUMBER, .digits = 1, .drop = 1},
        {"overlap", "in common (s)", BRAM_CELL_NUMBER, .digits = 0, .drop = 2}};
    BRAM_TRY(bram_table_new(cx, out, "", columns, sizeof columns / sizeof *columns));
    for (size_t i = 0; f->source && f->file && i < count; i++) {
        const bram_copy *c = &copy[i];
        bram_table_row(*out);
        bram_table_text(*out, 0, f->source[c->a].id);
        bram_table_text(*out, 1, bram_cli_argument(args, f->file[c->a]));
        bram_table_text(*out, 2, f->source[c->b].id);
        bram_table_text(*out, 3, bram_cli_argument(args, f->file[c->b]));
        bram_table_number(*out, 4, c->r);
        bram_table_integer(*out, 5, (int64_t)c->matched);
        bram_table_integer(*out, 6, (int64_t)c->columns);
        bram_table_number(*out, 7, c->lag);
        bram_table_number(*out, 8, c->overlap);
    }
    bram_table_note(*out, "%zu pair%s of copies among %zu recordings", count, count == 1 ? "" : "s",
                    f->sources);
    return BRAM_OK;
}

static int report(bram_ctx *cx, const bram_cli_args *args, const struct found *f, bram_buffer *out)
{
    bram_copy *copy = NULL;
    size_t count = 0;
    bram_table *t = NULL;
    BRAM_TRY(bram_copies_find(cx, &copy, &count, f->source, f->sources));
    int status = make_table(cx, &t, args, f, copy, count);
    if (status == BRAM_OK)
        status = bram_table_write(cx, out, t, bram_cli_format(args, BRAM_TABLE_TEXT),
                                  (bram_table_style){bram_cli_width(), bram_cli_utf8()});
    bram_table_free(t);
    bram_free(copy);
    return status == BRAM_OK && count ? BRAM_CLI_NO : status;
}

/* In a child, as files are not trusted. */
static int work(bram_ctx *cx, const bram_cli_args *args, const char *path, bram_buffer *out)
{
    (void)path;
    size_t n = bram_cli_arguments(args);
    struct found f = {.ds = bram_alloc(cx, n, sizeof *f.ds)};
    int status = f.ds ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; i < n && status == BRAM_OK; i++) {
        status = bram_dataset_open(cx, &f.ds[i], bram_cli_argument(args, i));
        if (status == BRAM_OK) status = add_recordings(cx, &f, i);
    }
    if (status == BRAM_OK) status = report(cx, args, &f, out);
    for (size_t i = 0; f.ds && i < n; i++) bram_dataset_free(f.ds[i]);
    bram_free(f.ds);
    bram_free(f.source);
    bram_free(f.file);
    return status;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    return bram_cli_in_sandbox(cx, args, bram_cli_argument(args, 0), work);
}

const bram_command bram_command_duplicates = {
    .name = "duplicates",
    .summary = "finds recordings that are copies of each other",
    .arguments = "FILE.h5...",
    .about =
        "Compares all recordings of homogenized files with each other by their content: the order "
        "and scale of traces, the sampling, cut ends and some noise make no difference, nor do "
        "names. Two are copies when at least half of the traces of the smaller one, and 3 or more, "
        "have a trace of their own in the other with |r| of 0.9 or above over the samples in "
        "common.\n\n"
        "The exit code is 1 when there are copies: do not learn from one and score on the other.",
    .options = (const bram_cli_option[]){{NULL}},
    .examples = (const bram_cli_example[]){{"bramble duplicates datasets/*.h5",
                                            "copies across sources, before any split"},
                                           {"bramble duplicates kato2015.h5 --format json",
                                            "within one file, all digits"},
                                           {NULL, NULL}},
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
