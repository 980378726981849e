/*
 * cmd_fetch.c - `bramble fetch DATASET`: the files of a manifest, from where they were published.
 */
#include "dataset_fetch.h"
#include "manifest.h"
#include "number.h"
#include "output.h"
#include "terminal.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct fetching {
    const bram_cli_args *args;
    const bram_yaml_manifest *m;
    bram_table *t;
    size_t files, failed, by_hand;
};

enum { FILE_NAME, STATE, BYTES, SHA256, ADDRESS, REASON };

static bool wanted(void *user, const char *name)
{
    const struct fetching *f = user;
    size_t n = bram_cli_arguments(f->args);
    for (size_t i = 1; i < n; i++)
        if (fnmatch(bram_cli_argument(f->args, i), name, 0) == 0) return true;
    return n < 2;
}

static int ended(bram_ctx *cx, void *user, const bram_yaml_file *file, bram_fetch_state state,
                 const char *url, const bram_fetched *got, const char *message)
{
    static const char *const words[] = {"fetched", "present", "to fetch", "by hand", "failed"};
    (void)cx;
    struct fetching *f = user;
    bool resumed = state == BRAM_FETCH_DONE && got->resumed;
    bool unchecked = state == BRAM_FETCH_DONE && !file->sha256;
    f->files++;
    f->failed += state == BRAM_FETCH_FAILED;
    f->by_hand += state == BRAM_FETCH_BY_HAND;
    bram_table_row(f->t);
    bram_table_text(f->t, FILE_NAME, file->name);
    bram_table_text(f->t, STATE, resumed ? "resumed" : words[state]);
    if (file->bytes) bram_table_integer(f->t, BYTES, file->bytes);
    bram_table_text(f->t, SHA256, got->sha256[0] ? got->sha256 : file->sha256);
    bram_table_text(f->t, ADDRESS, url);
    bram_table_text(f->t, REASON,
                    *message    ? message
                    : unchecked ? "the manifest states no SHA-256 to check it by"
                                : NULL);
    if (state == BRAM_FETCH_FAILED) bram_cli_say("%s: %s", file->name, message);
    return BRAM_OK;
}

/* ---- the licence ---------------------------------------------------------------------------- */

/* @return whether a person at a terminal says yes */
static bool ask(void)
{
    char answer[16] = "";
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) return false;
    fputs("Accept it? [y/N] ", stderr);
    return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int settle_licence(bram_ctx *cx, const struct fetching *f)
{
    const bram_yaml_manifest *m = f->m;
    bram_cli_say("%s: %s", m->name, m->title);
    bram_cli_say("licence: %s", m->licence);
    if (m->citation) bram_cli_say("to be cited: %s", m->citation);
    if (bram_cli_has(f->args, "accept-licence") || ask()) return BRAM_OK;
    return bram_fail(cx, BRAM_EUSAGE, "the licence of %s is not accepted; --accept-licence does so",
                     m->name);
}

/* ---- the command ---------------------------------------------------------------------------- */

static void note_by_hand(struct fetching *f)
{
    const bram_yaml_manifest *m = f->m;
    if (!f->by_hand && m->file_count) return;
    bram_table_note(f->t, "%s to be had by a browser or a login, not by an address: %s%s%s%s",
                    m->file_count ? "Some files are" : "The files are", m->url ? m->url : "",
                    m->url && m->doi ? ", " : "", m->doi ? "doi " : "", m->doi ? m->doi : "");
}

/* A word as a shell reads it back. */
static void put_word(bram_buffer *out, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+:-";
    bool quoted = !*word || word[strspn(word, plain)];
    bram_buffer_put(out, quoted ? " '" : " ");
    for (; *word; word++)
        if (*word == '\'') bram_buffer_put(out, "'\\''");
        else bram_buffer_write(out, word, 1);
    if (quoted) bram_buffer_put(out, "'");
}

/* The command that comes next, on one line to be copied. */
static int note_import(bram_ctx *cx, struct fetching *f, const char *folder)
{
    bram_buffer line = {0};
    bram_buffer_put(&line, "    bramble import");
    put_word(&line, folder);
    bram_buffer_put(&line, " --source");
    put_word(&line, f->m->source);
    bram_buffer_putf(&line, " -o %s.h5", f->m->name);
    bool failed = line.failed;
    if (!failed) bram_table_note(f->t, "%s", bram_buffer_text(&line));
    bram_buffer_release(&line);
    return failed ? bram_fail(cx, BRAM_ENOMEM, "no memory for the import line") : BRAM_OK;
}

static int read_seconds(bram_ctx *cx, const bram_cli_args *args, const char *name, double *seconds)
{
    const char *text = bram_cli_text(args, name, NULL);
    double value;
    if (!text) return BRAM_OK;
    if (!bram_number_parse(text, 0, &value) || !(value > 0) || value > 3600)
        return bram_fail(cx, BRAM_EUSAGE, "--%s is '%s', expected seconds above 0, at most 3600",
                         name, text);
    *seconds = value;
    return BRAM_OK;
}

static int fetch(bram_ctx *cx, struct fetching *f)
{
    int64_t tries;
    double wait = 1, stall = 60;
    bool dry = bram_cli_has(f->args, "dry-run");
    BRAM_TRY(bram_cli_integer(cx, f->args, "tries", 1, 1000, 5, &tries));
    BRAM_TRY(read_seconds(cx, f->args, "wait", &wait));
    BRAM_TRY(read_seconds(cx, f->args, "stall", &stall));
    const bram_dataset_fetch how = {.folder = bram_cli_text(f->args, "output", f->m->name),
                                    .from = bram_cli_text(f->args, "from", NULL),
                                    .dry_run = dry,
                                    .replace = bram_cli_has(f->args, "force"),
                                    .tries = (unsigned)tries,
                                    .wait = wait,
                                    .stall = stall,
                                    .wanted = wanted,
                                    .ended = ended,
                                    .user = f};
    if (!dry) BRAM_TRY(settle_licence(cx, f));
    BRAM_TRY(bram_manifest_fetch(cx, f->m, &how));
    if (!f->files && bram_cli_arguments(f->args) > 1)
        return bram_fail(cx, BRAM_EUSAGE, "%s has no file %s", f->m->name,
                         bram_cli_argument(f->args, 1));
    note_by_hand(f);
    if (!dry && !f->failed && !f->by_hand && f->m->source) BRAM_TRY(note_import(cx, f, how.folder));
    BRAM_TRY(bram_cli_print_table(cx, f->args, f->t));
    bool lacks = f->failed || (!dry && (f->by_hand || !f->m->file_count));
    if (f->failed) bram_cli_say("%zu of %zu files could not be fetched", f->failed, f->files);
    return lacks ? BRAM_CLI_NO : BRAM_OK;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    static const bram_table_column columns[] = {
        {"file", "file", BRAM_CELL_TEXT, .wrap = true},
        {"state", "state", BRAM_CELL_TEXT},
        {"bytes", "bytes", BRAM_CELL_INTEGER},
        {"sha256", "SHA-256", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES},
        {"url", "address", BRAM_CELL_TEXT, .wrap = true, .drop = 1},
        {"reason", "reason", BRAM_CELL_TEXT, .wrap = true}};
    const char *name = bram_cli_argument(args, 0);
    bram_yaml_manifest *m = NULL;
    BRAM_TRY(bram_manifest_read(cx, &m, name));
    if (!m)
        return bram_fail(cx, BRAM_EUSAGE,
                         "there is no manifest of \"%s\" (\"bramble list datasets\" shows them)",
                         name);
    struct fetching f = {.args = args, .m = m};
    int status = bram_table_new(cx, &f.t, "", columns, sizeof columns / sizeof *columns);
    if (status == BRAM_OK) status = fetch(cx, &f);
    bram_table_free(f.t);
    bram_yaml_manifest_free(m);
    return status;
}

const bram_command bram_command_fetch = {
    .name = "fetch",
    .summary = "downloads the files of a published dataset",
    .arguments = "DATASET [FILE...]",
    .about =
        "Fetches the files that the dataset's manifest lists, or those of them that are named "
        "(patterns are allowed), and checks size and SHA-256. A file has its name only when it is "
        "whole and right; until then it is NAME.part, and a later fetch goes on with it. What "
        "fails "
        "for the moment is tried again, after 1, 2, 4 ... seconds.\n\n"
        "The licence is shown and must be accepted. Files that need a browser or a login are "
        "listed with the address of their page.",
    .options =
        (const bram_cli_option[]){
            {"output", 'o', "FOLDER", "Where the files go; the default is a folder named DATASET"},
            {"accept-licence", 0, NULL, "Accepts the licence without being asked"},
            {"dry-run", 'n', NULL, "Only lists the files"},
            {"from", 0, "URL", "Takes the files from below this address: a mirror, file:///..."},
            {"tries", 0, "N", "How often a file is tried; the default is 5"},
            {"wait", 0, "SECONDS",
             "The wait before the second try; it doubles with each; default 1"},
            {"stall", 0, "SECONDS",
             "A transfer in which nothing comes for so long is broken off, and tried again; "
             "whole seconds, default 60"},
            {"force", 'f', NULL, "Replaces a file that has other content"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble fetch dag2023 --dry-run", "what there is to fetch"},
            {"bramble fetch dag2023 --accept-licence", "all files, to the folder dag2023"},
            {"bramble fetch dag2023 '*.jld2' -o labels --from file:///media/disk/dag2023",
             "one file, from a disk"},
            {NULL, NULL}},
    .least = 1,
    .most = SIZE_MAX,
    .words = NULL,
    .run = run,
};
