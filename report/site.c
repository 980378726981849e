/*
 * site.c - the site put together: what there is, where it stands, the frame of a page; see site.h.
 */
#include "site_parts.h"

#include "digits.h"
#include "file.h"
#include "folder.h"
#include "hash.h"
#include "svg.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_BENCHMARKS = 1024, SLUG_BYTES = 60 };

/* ---- looking up ----------------------------------------------------------------------------- */

const bram_board_row *bram_site_row(const bram_site *s, size_t board, size_t model)
{
    size_t at = s->row[board * s->models + model];
    return at ? &s->board[board]->row[at - 1] : NULL;
}

const char *bram_site_state(const bram_board_row *row)
{
    if (!row) return "";
    return row->scored           ? "scored"
           : row->failed         ? "failed"
           : row->not_applicable ? "not applicable"
                                 : "not run";
}

const char *bram_site_word(const bram_site *s, const char *benchmark, const char *name)
{
    const bram_dataset *plan = bram_results_plan(s->results, benchmark);
    const bram_attrs *a = plan ? bram_dataset_find_attrs(plan, "") : NULL;
    const char *text = a ? bram_attrs_text(a, name) : NULL;
    return text ? text : "";
}

/* ---- writing -------------------------------------------------------------------------------- */

int bram_site_file(bram_ctx *cx, const bram_site *s, const char *name, bram_buffer *text)
{
    bram_outfile *file = NULL;
    int status = bram_buffer_status(cx, text);
    char *path = bram_strf(cx, "%s/%s", s->dir, name);
    if (status == BRAM_OK) status = path ? bram_outfile_open(cx, &file, path, true) : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        bram_outfile_relax(file); /* a site is made again in seconds */
        status = bram_outfile_write(cx, file, bram_buffer_text(text), text->length);
        if (status == BRAM_OK) status = bram_outfile_commit(cx, file);
        else bram_outfile_abort(file);
    }
    bram_free(path);
    bram_buffer_release(text);
    return status;
}

void bram_site_text(bram_buffer *out, const char *text)
{
    bram_xml_escape(out, text);
}

void bram_site_spec(bram_buffer *out, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, ",:");
        n += text[n] != 0;
        char part[256];
        if (n >= sizeof part) n = sizeof part - 1;
        while (n > 1 && ((unsigned char)text[n] & 0xc0) == 0x80) n--; /* not within a character */
        memcpy(part, text, n);
        part[n] = 0;
        bram_site_text(out, part);
        text += n;
        if (*text) bram_buffer_put(out, "<wbr>");
    }
}

void bram_site_begin(bram_buffer *out, const bram_site *s, const char *title, const char *root)
{
    bram_buffer_put(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                         "<link rel=\"icon\" href=\"data:,\">\n<title>");
    bram_site_text(out, title);
    bram_buffer_putf(out, "</title>\n<link rel=\"stylesheet\" href=\"%sstyle.css\">\n", root);
    bram_buffer_put(out, "</head>\n<body>\n<header><nav aria-label=\"Site\"><b>");
    bram_site_text(out, s->title);
    bram_buffer_putf(out,
                     "</b> <a href=\"%sindex.html#models\">Models</a> <a "
                     "href=\"%sindex.html#benchmarks\">Benchmarks</a> <a "
                     "href=\"%smatrix.html\">All results</a> <a "
                     "href=\"%sindex.html#data\">Data</a></nav></header>\n<main>\n<h1>",
                     root, root, root, root);
    bram_site_spec(out, title);
    bram_buffer_put(out, "</h1>\n");
}

void bram_site_end(bram_buffer *out, const bram_site *s, const char *root)
{
    (void)s;
    bram_buffer_putf(out,
                     "</main>\n<footer>Written by bramble %s from a results folder. Nothing is "
                     "imputed: what failed or was not run is no score.</footer>\n<script "
                     "src=\"%ssite.js\"></script>\n</body>\n</html>\n",
                     bram_version(), root);
}

void bram_site_column(bram_buffer *out, const char *title, const char *kind)
{
    bram_buffer_putf(out, "<th scope=\"col\" aria-sort=\"none\"%s>",
                     *kind == 'n'   ? " class=\"n\""
                     : *kind == 'T' ? " class=\"more\""
                                    : "");
    bram_site_text(out, title);
    bram_buffer_put(out, "</th>");
}

void bram_site_table(bram_buffer *out, const char *id, const char *caption, const char *label,
                     bool states)
{
    bram_buffer_putf(out,
                     "<div class=\"tools\" data-for=\"%s\" hidden><label>%s <input type=\"search\">"
                     "</label>",
                     id, label);
    if (states)
        bram_buffer_put(out, " <label>State <select><option value=\"\">any</option>"
                             "<option>scored</option><option>failed</option>"
                             "<option>not applicable</option><option>not run</option></select>"
                             "</label>");
    bram_buffer_put(out, " <span class=\"count\" role=\"status\"></span></div>\n");
    bram_buffer_putf(out, "<p class=\"note\" id=\"%s-note\">", id);
    bram_site_text(out, caption);
    bram_buffer_putf(out,
                     "</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
                     "aria-label=\"%s\">\n<table id=\"%s\" aria-describedby=\"%s-note\">\n"
                     "<thead><tr>",
                     label, id, id);
}

void bram_site_table_end(bram_buffer *out)
{
    bram_buffer_put(out, "</tbody>\n</table>\n</div>\n");
}

void bram_site_number(bram_buffer *out, double value, double low, double high, int decimals)
{
    char text[BRAM_INTERVAL_BYTES];
    if (isnan(value)) {
        bram_buffer_put(out, "<td class=\"n\" data-v=\"\">\xe2\x80\x93</td>");
        return;
    }
    bram_interval_text(text, value, low, high, decimals);
    bram_buffer_putf(out, "<td class=\"n\" data-v=\"%.17g\">%s</td>", value, text);
}

void bram_site_score(bram_buffer *out, const char *page, const bram_site_model *m,
                     const bram_board_row *row, int decimals)
{
    char text[BRAM_INTERVAL_BYTES];
    if (!row || isnan(row->value)) {
        bram_site_number(out, NAN, NAN, NAN, decimals);
        return;
    }
    bram_interval_text(text, row->value, row->low, row->high, decimals);
    bram_buffer_putf(out, "<td class=\"n s\" data-v=\"%.17g\"><a href=\"%s#made-%s\">%s</a></td>",
                     row->value, page, m->slug, text);
}

/* ---- models --------------------------------------------------------------------------------- */

/* A name that is safe in an address, and 8 digits that tell specs apart. */
static int make_slug(bram_ctx *cx, char **out, const char *name, const char *spec)
{
    char hex[65], slug[SLUG_BYTES + 1];
    size_t n = 0;
    BRAM_TRY(bram_sha256(cx, hex, spec, strlen(spec)));
    for (; *name && n < SLUG_BYTES; name++) {
        bool plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                     (*name >= '0' && *name <= '9') || *name == '_';
        if (plain) slug[n++] = *name;
        else if (n && slug[n - 1] != '-') slug[n++] = '-';
    }
    while (n && slug[n - 1] == '-') n--;
    slug[n] = 0;
    *out = bram_strf(cx, "%s-%.8s", slug, hex);
    return *out ? BRAM_OK : BRAM_ENOMEM;
}

static int add_model(bram_ctx *cx, bram_site *s, const bram_board_row *row)
{
    for (size_t i = 0; i < s->models; i++)
        if (strcmp(s->model[i].spec, row->model) == 0) return BRAM_OK;
    bram_site_model *m = &s->model[s->models];
    *m = (bram_site_model){.spec = row->model, .self_reported = row->self_reported};
    m->name = bram_strdup(cx, row->name);
    if (!m->name) return BRAM_ENOMEM;
    s->models++;
    return make_slug(cx, &m->slug, m->name, m->spec);
}

struct boards {
    bram_site *site;
    const char **name;
};

static int make_board(bram_ctx *cx, size_t b, void *user)
{
    const struct boards *all = user;
    return bram_board_new(cx, &all->site->board[b], all->site->results, all->name[b], NULL);
}

static int gather(bram_ctx *cx, bram_site *s)
{
    const char **name = bram_scratch(cx, MOST_BENCHMARKS, sizeof *name);
    if (!name) return BRAM_ENOMEM;
    size_t count = bram_board_benchmarks(s->results, name, MOST_BENCHMARKS), rows = 0;
    if (count > MOST_BENCHMARKS) count = MOST_BENCHMARKS;
    s->board = bram_alloc(cx, count, sizeof(bram_board *));
    if (!s->board) return BRAM_ENOMEM;
    s->boards = count; /* those that are not made stay NULL */
    bram_ctx_progress(cx, "site", 0, 2 * (double)count);
    BRAM_TRY(bram_parallel_for(cx, count, make_board, &(struct boards){s, name}));
    for (size_t b = 0; b < count; b++) rows += s->board[b]->rows;
    s->model = bram_alloc(cx, rows, sizeof *s->model);
    if (!s->model) return BRAM_ENOMEM;
    for (size_t b = 0; b < s->boards; b++)
        for (size_t i = 0; i < s->board[b]->rows; i++)
            BRAM_TRY(add_model(cx, s, &s->board[b]->row[i]));
    s->row = bram_alloc(cx, s->boards, s->models * sizeof *s->row);
    if (!s->row) return BRAM_ENOMEM;
    for (size_t b = 0; b < s->boards; b++)
        for (size_t i = 0; i < s->board[b]->rows; i++)
            for (size_t m = 0; m < s->models; m++)
                if (strcmp(s->model[m].spec, s->board[b]->row[i].model) == 0)
                    s->row[b * s->models + m] = i + 1;
    return BRAM_OK;
}

/* ---- cards ---------------------------------------------------------------------------------- */

static bool is_tar(const char *name)
{
    size_t n = strlen(name);
    return n > 4 && strcmp(name + n - 4, ".tar") == 0;
}

/* Whether a model was scored from this file: its spec ends in the file's name. */
static bool is_of(const bram_site_model *m, const char *file)
{
    const char *slash = strrchr(file, '/'), *path = strstr(m->spec, "path=");
    if (strncmp(m->spec, "submission", 10) != 0 || !path) return false;
    const char *last = strrchr(path, '/');
    return strcmp(last ? last + 1 : path + 5, slash ? slash + 1 : file) == 0;
}

static int read_card(bram_ctx *cx, void *user, const char *path)
{
    bram_site *s = user;
    for (size_t i = 0; i < s->models; i++) {
        bram_submission *submission = NULL;
        if (s->model[i].card || !is_of(&s->model[i], path)) continue;
        BRAM_TRY(bram_submission_open(cx, &submission, path));
        s->model[i].card_hash = bram_strdup(cx, submission->sha256);
        s->model[i].card = submission->card; /* the site's from here on */
        submission->card = NULL;
        bram_submission_free(submission);
        char *name = bram_strdup(cx, s->model[i].card->name);
        if (!s->model[i].card_hash || !name) {
            bram_free(name);
            return BRAM_ENOMEM;
        }
        bram_free(s->model[i].name);
        s->model[i].name = name;
    }
    return BRAM_OK;
}

/* ---- all ------------------------------------------------------------------------------------ */

static int make_folders(bram_ctx *cx, const bram_site *s)
{
    static const char *const below[] = {"benchmark", "model", "dataset", "data"};
    char *index = bram_strf(cx, "%s/index.html", s->dir);
    int status = index ? BRAM_OK : BRAM_ENOMEM;
    if (index && !s->settings->replace && access(index, F_OK) == 0)
        status = bram_fail(cx, BRAM_EWRITE, "%s exists already; --force replaces the site", index);
    bram_free(index);
    for (size_t i = 0; i < 4 && status == BRAM_OK; i++) {
        char *path = bram_strf(cx, "%s/%s", s->dir, below[i]);
        status = path ? bram_folder_make(cx, path) : BRAM_ENOMEM;
        bram_free(path);
    }
    return status;
}

static int write_benchmark(bram_ctx *cx, size_t board, void *user)
{
    return bram_site_benchmark(cx, user, board);
}

static int write_model(bram_ctx *cx, size_t model, void *user)
{
    return bram_site_model_page(cx, user, model);
}

static int write_pages(bram_ctx *cx, bram_site *s)
{
    bram_buffer style = {0}, script = {0};
    bram_buffer_put(&style, bram_site_style);
    bram_buffer_put(&script, bram_site_script);
    int status = bram_site_file(cx, s, "style.css", &style);
    int other = bram_site_file(cx, s, "site.js", &script);
    BRAM_TRY(status);
    BRAM_TRY(other);
    bram_ctx_progress(cx, "site", (double)s->boards, 2 * (double)s->boards);
    BRAM_TRY(bram_parallel_for(cx, s->boards, write_benchmark, s));
    BRAM_TRY(bram_parallel_for(cx, s->models, write_model, s));
    BRAM_TRY(bram_site_datasets(cx, s));
    BRAM_TRY(bram_site_data(cx, s));
    BRAM_TRY(bram_site_matrix(cx, s));
    return bram_site_index(cx, s); /* last: where it stands, the site is whole */
}

static void release(bram_site *s)
{
    for (size_t b = 0; b < s->boards; b++) bram_board_free(s->board[b]);
    for (size_t m = 0; m < s->models; m++) {
        bram_free(s->model[m].name);
        bram_free(s->model[m].slug);
        bram_free(s->model[m].card_hash);
        bram_yaml_card_free(s->model[m].card);
    }
    bram_free(s->board);
    bram_free(s->model);
    bram_free(s->row);
}

int bram_site_write(bram_ctx *cx, const bram_results *r, const char *dir,
                    const bram_site_settings *settings)
{
    bram_site s = {.results = r, .settings = settings, .dir = dir};
    size_t mark = bram_scratch_mark(cx);
    s.title = settings->title ? settings->title : "Leaderboard";
    int status = make_folders(cx, &s);
    if (status == BRAM_OK) status = gather(cx, &s);
    if (status == BRAM_OK && settings->submissions)
        status = bram_folder_each(cx, settings->submissions, is_tar, read_card, &s);
    if (status == BRAM_OK) status = write_pages(cx, &s);
    release(&s);
    bram_scratch_release(cx, mark);
    return status;
}
