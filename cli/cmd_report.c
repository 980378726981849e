/*
 * cmd_report.c - `bramble report DIR -o FILE.html`: a results folder as one page.
 */
#include "args.h"
#include "file.h"
#include "hash.h"
#include "report.h"
#include "terminal.h"

#include <string.h>
#include <unistd.h>

static int write_file(bram_ctx *cx, const char *path, const bram_buffer *page, bool replace)
{
    bram_outfile *out = NULL;
    BRAM_TRY(bram_outfile_open(cx, &out, path, replace));
    int status = bram_outfile_write(cx, out, bram_buffer_text(page), page->length);
    if (status == BRAM_OK) return bram_outfile_commit(cx, out);
    bram_outfile_abort(out);
    return status;
}

static bool is_pdf(const char *path)
{
    size_t n = strlen(path);
    return n > 4 && strcmp(path + n - 4, ".pdf") == 0;
}

/* report.html: report.bib */
static char *bibtex_path(bram_ctx *cx, const char *path)
{
    const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
    size_t length = dot && (!slash || dot > slash) ? (size_t)(dot - path) : strlen(path);
    return bram_strf(cx, "%.*s.bib", (int)length, path);
}

static int refuse_existing(bram_ctx *cx, const char *path)
{
    if (access(path, F_OK) != 0) return BRAM_OK;
    return bram_fail(cx, BRAM_EWRITE, "%s exists already; --force replaces it", path);
}

/* Whether a file is there and holds just this: the same report as a page and on paper cites the
 * same. */
static int is_there(bram_ctx *cx, bool *yes, const char *path, const bram_buffer *text)
{
    char found[65], made[65];
    *yes = false;
    if (access(path, F_OK) != 0) return BRAM_OK;
    BRAM_TRY(bram_sha256_file(cx, found, path));
    BRAM_TRY(bram_sha256(cx, made, bram_buffer_text(text), text->length));
    *yes = strcmp(found, made) == 0;
    return BRAM_OK;
}

/* The page and, beside it, what it cites. */
static int write_both(bram_ctx *cx, const char *path, const bram_buffer *page, const char *beside,
                      const bram_buffer *bibtex, bool replace)
{
    bool there;
    BRAM_TRY(is_there(cx, &there, beside, bibtex));
    if (!there && !replace) BRAM_TRY(refuse_existing(cx, beside));
    BRAM_TRY(write_file(cx, path, page, replace));
    if (!there) BRAM_TRY(write_file(cx, beside, bibtex, replace));
    bram_note(cx, "wrote %s, %s", path, beside);
    return BRAM_OK;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    const char *path = bram_cli_text(args, "output", "report.html");
    bool replace = bram_cli_has(args, "force"), to_stdout = strcmp(path, "-") == 0;
    bram_buffer page = {0}, bibtex = {0};
    const bram_report_settings settings = {.title = bram_cli_text(args, "title", NULL),
                                           .data = bram_cli_text(args, "data", NULL),
                                           .pdf = is_pdf(path),
                                           .bibtex = to_stdout ? NULL : &bibtex,
                                           .libraries = BRAM_BUILT_WITH,
                                           .figures = bram_cli_text(args, "figures", NULL)};
    char *beside = bibtex_path(cx, path);
    bram_results *results = NULL;
    int status = beside ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK && !to_stdout && !replace) status = refuse_existing(cx, path);
    if (status == BRAM_OK) status = bram_results_open(cx, &results, bram_cli_argument(args, 0));
    if (status == BRAM_OK) status = bram_report_write(cx, &page, results, &settings);
    bram_results_free(results);
    bram_cli_terminal_end();
    if (status == BRAM_OK)
        status = to_stdout ? bram_cli_print(cx, page.text, page.length)
                           : write_both(cx, path, &page, beside, &bibtex, replace);
    bram_buffer_release(&page);
    bram_buffer_release(&bibtex);
    bram_free(beside);
    return status;
}

const bram_command bram_command_report = {
    .name = "report",
    .summary = "leaderboards, figures, methods and citations as one HTML page or PDF",
    .arguments = "DIR",
    .about =
        "Writes a results folder as one page that needs nothing else: who is ahead and by how "
        "much, figures with intervals beside trivial baselines, the data, and the methods in the "
        "words of a paper. Equal results give equal bytes. What it cites is written beside it as "
        "BibTeX, report.bib for report.html.\n\n"
        "The connectome, and the RDMs of benchmarks of geometry, are shown when the dataset that "
        "the "
        "results name can be opened.",
    .options =
        (const bram_cli_option[]){
            {"output", 'o', "FILE",
             "The page to write, HTML or (by its ending) PDF; - is stdout (default: report.html)"},
            {"figures", 0, "DIR",
             "Writes each figure as figure-N.svg, .pdf, .png and its numbers as .csv"},
            {"title", 't', "TEXT", "Its title"},
            {"data", 'd', "DIR", "Where the homogenized datasets are (default: $BRAMBLE_DATA)"},
            {"force", 'f', NULL, "Replaces a file that exists"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble report results -o report.html", "look at it in a browser, or print it"},
            {"bramble report results -o report.pdf --figures figures", "on paper"},
            {"bramble report results --title 'Supplement 2' -o s2.html --force",
             "another title, written again"},
            {NULL, NULL}},
    .least = 1,
    .most = 1,
    .only_text = true,
    .run = run,
};
