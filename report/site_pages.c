/*
 * site_pages.c - the index, every model on every benchmark, the pages of models and of datasets.
 */
#include "site_parts.h"

#include "digits.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_IN_DIAGRAM = 20 };

/* ---- index ---------------------------------------------------------------------------------- */

static void put_model_row(bram_buffer *out, const bram_site *s, size_t m)
{
    size_t count[4] = {0}, first = 0, asked = 0;
    for (size_t b = 0; b < s->boards; b++) {
        const bram_board_row *r = bram_site_row(s, b, m);
        if (!r) continue;
        asked++;
        count[0] += r->scored > 0;
        count[1] += !r->scored && r->failed;
        count[2] += !r->scored && !r->failed && r->not_applicable;
        count[3] += !r->scored && !r->failed && !r->not_applicable;
        first += r->rank == 1;
    }
    bram_buffer_put(out, "<tr data-words=\"");
    bram_site_text(out, s->model[m].name);
    bram_buffer_put(out, " ");
    bram_site_text(out, s->model[m].spec);
    bram_buffer_putf(out, "\"><td class=\"name\"><a href=\"model/%s.html\">", s->model[m].slug);
    bram_site_spec(out, s->model[m].name);
    bram_buffer_putf(out,
                     "</a></td><td class=\"n\">%zu</td><td class=\"n\">%zu</td><td "
                     "class=\"n\">%zu</td><td class=\"n\">%zu</td><td class=\"n\">%zu</td><td "
                     "class=\"n\">%zu</td></tr>\n",
                     first, count[0], count[1], count[2], count[3], s->boards - asked);
}

static void put_models(bram_buffer *out, const bram_site *s)
{
    bram_buffer_put(out, "<h2 id=\"models\">Models</h2>\n");
    bram_site_table(
        out, "model-table",
        "On how many benchmarks a model shares the first rank, has a score, failed, was "
        "not applicable, was not run, was not planned.",
        "Find a model", false);
    static const char *const title[] = {"first",          "scored",  "failed",
                                        "not applicable", "not run", "not planned"};
    bram_site_column(out, "model", "t");
    for (size_t i = 0; i < 6; i++) bram_site_column(out, title[i], "n");
    bram_buffer_put(out, "</tr></thead>\n<tbody>\n");
    for (size_t m = 0; m < s->models; m++) put_model_row(out, s, m);
    bram_site_table_end(out);
}

static const bram_site_model *model_of(const bram_site *s, const char *spec)
{
    size_t m = 0;
    while (strcmp(s->model[m].spec, spec) != 0) m++;
    return &s->model[m];
}

static void put_dataset(bram_buffer *out, const bram_site *s, const bram_board *b)
{
    bram_buffer_put(out, "<td class=\"more\"><a href=\"dataset/");
    bram_site_text(out, bram_site_word(s, b->benchmark, "dataset"));
    bram_buffer_put(out, ".html\">");
    bram_site_text(out, bram_site_word(s, b->benchmark, "dataset"));
    bram_buffer_put(out, "</a></td>");
}

static void put_benchmark_row(bram_ctx *cx, bram_buffer *out, const bram_site *s,
                              const bram_board *b)
{
    char metric[64], label[64], page[128];
    size_t scored = 0;
    while (scored < b->rows && !isnan(b->row[scored].value)) scored++;
    const bram_site_model *m = scored ? model_of(s, b->row[0].model) : NULL;
    bram_score_words(b->score, metric, label);
    snprintf(page, sizeof page, "benchmark/%s.html", b->benchmark);
    bram_buffer_putf(out, "<tr><td class=\"name\"><a href=\"%s\">%s</a></td><td class=\"title\">",
                     page, b->benchmark);
    bram_site_text(out, b->title);
    bram_buffer_put(out, "</td><td class=\"more\">");
    bram_site_text(out, bram_site_word(s, b->benchmark, "task"));
    bram_buffer_put(out, "</td>");
    put_dataset(out, s, b);
    bram_buffer_putf(out, "<td class=\"n\">%zu/%zu</td><td class=\"name\">", scored, b->rows);
    if (m) {
        bram_buffer_putf(out, "<a href=\"model/%s.html\">", m->slug);
        bram_site_spec(out, m->name);
        bram_buffer_put(out, "</a>");
    }
    bram_buffer_put(out, "</td><td>");
    if (m) {
        bram_site_text(out, metric);
        if (*label) bram_buffer_put(out, " at ");
        bram_site_text(out, label);
    }
    bram_buffer_put(out, "</td>");
    bram_site_score(out, page, m, m ? &b->row[0] : NULL, bram_board_decimals(cx, b));
    bram_buffer_put(out, "</tr>\n");
}

static void put_benchmarks(bram_ctx *cx, bram_buffer *out, const bram_site *s)
{
    bram_buffer_put(out, "<h2 id=\"benchmarks\">Benchmarks</h2>\n");
    bram_site_table(out, "benchmark-table",
                    "What is asked, how many models have a score, and the first of them. Scores of "
                    "different benchmarks do not compare.",
                    "Find a benchmark", false);
    static const char *const head[][2] = {{"benchmark", "t"}, {"title", "T"},  {"question", "T"},
                                          {"dataset", "T"},   {"scored", "n"}, {"first model", "t"},
                                          {"metric", "t"},    {"score", "n"}};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        bram_site_column(out, head[i][0], head[i][1]);
    bram_buffer_put(out, "</tr></thead>\n<tbody>\n");
    for (size_t b = 0; b < s->boards; b++) put_benchmark_row(cx, out, s, s->board[b]);
    bram_site_table_end(out);
}

/* Values of all models on all benchmarks, higher is better; NaN without a score. */
static double *gather_values(bram_ctx *cx, const bram_site *s)
{
    double *value = bram_scratch(cx, s->boards, s->models * sizeof *value);
    for (size_t b = 0; value && b < s->boards; b++)
        for (size_t m = 0; m < s->models; m++) {
            const bram_board_row *r = bram_site_row(s, b, m);
            double v = r ? r->value : (double)NAN;
            value[b * s->models + m] = s->board[b]->higher_better ? v : -v;
        }
    return value;
}

static int put_ranks(bram_ctx *cx, bram_buffer *out, const bram_site *s)
{
    bram_mean_ranks ranks;
    double *value = gather_values(cx, s);
    char number[BRAM_DIGITS_BYTES], other[BRAM_DIGITS_BYTES], chi[BRAM_DIGITS_BYTES],
        p[BRAM_DIGITS_BYTES];
    if (!value) return BRAM_ENOMEM;
    if (s->boards < 2) return BRAM_OK;
    BRAM_TRY(bram_mean_ranks_of(cx, &ranks, value, s->boards, s->models));
    bram_buffer_put(out, "<h2>Over all benchmarks</h2>\n");
    if (ranks.models < 2) {
        bram_buffer_put(out, "<p>Fewer than two models have a score on every benchmark, so none "
                             "are compared over all of them.</p>\n");
        return BRAM_OK;
    }
    size_t n = ranks.models < MOST_IN_DIAGRAM ? ranks.models : MOST_IN_DIAGRAM;
    const char **name = bram_scratch(cx, n, sizeof *name);
    if (!name) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) name[i] = s->model[ranks.model[i]].name;
    bram_buffer_put(out, "<figure>\n");
    bram_site_diagram(out, "Critical-difference diagram of mean ranks",
                      "mean rank, better to the left", n, name, ranks.rank, NULL, ranks.critical,
                      false, 2);
    bram_buffer_putf(
        out,
        "<figcaption>Mean ranks of the %zu models with a score on all %zu benchmarks%s; "
        "%zu others lack one and are left out. A bar joins models closer than the "
        "critical difference %s (Nemenyi, 5 %%). Kendall's W, the agreement of the "
        "benchmarks: %s; Friedman's test of any difference: &chi;&sup2; = %s, p = %s. <a "
        "href=\"data/mean-ranks.csv\">mean-ranks.csv</a></figcaption>\n</figure>\n",
        ranks.models, s->boards, ranks.models > n ? " (the first 20 are shown)" : "",
        s->models - ranks.models, bram_digits_fixed(number, ranks.critical, 2),
        bram_digits_fixed(other, ranks.kendall_w, 2), bram_digits_short(chi, ranks.friedman, 3),
        bram_digits_short(p, ranks.p, 2));
    return bram_site_ranks_data(cx, s, &ranks);
}

int bram_site_index(bram_ctx *cx, const bram_site *s)
{
    bram_buffer out = {0};
    size_t mark = bram_scratch_mark(cx);
    bram_site_begin(&out, s, s->title, "");
    bram_buffer_putf(&out, "<p>%zu models on %zu benchmarks, %zu cells.</p>\n", s->models,
                     s->boards, bram_results_count(s->results));
    put_benchmarks(cx, &out, s);
    int status = put_ranks(cx, &out, s);
    put_models(&out, s);
    bram_buffer_put(&out,
                    "<h2 id=\"data\">Data</h2>\n<p>Every number with 17 digits: <a "
                    "href=\"data/leaderboard.json\">leaderboard.json</a>, <a "
                    "href=\"data/leaderboard.csv\">leaderboard.csv</a>. Cells, raw values and "
                    "differences are on the page of each benchmark.</p>\n");
    bram_site_end(&out, s, "");
    if (status == BRAM_OK) status = bram_site_file(cx, s, "index.html", &out);
    bram_buffer_release(&out);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- every model on every benchmark --------------------------------------------------------- */

static void put_matrix_cell(bram_buffer *out, const bram_site *s, size_t b, size_t m)
{
    const bram_board_row *r = bram_site_row(s, b, m);
    const char *state = bram_site_state(r);
    if (!r) bram_buffer_put(out, "<td data-v=\"\"></td>");
    else if (r->rank)
        bram_buffer_putf(out, "<td><a href=\"benchmark/%s.html#%s\">%zu</a></td>",
                         s->board[b]->benchmark, s->model[m].slug, r->rank);
    else
        bram_buffer_putf(
            out, "<td data-v=\"\"%s><a href=\"benchmark/%s.html#%s\" title=\"%s\">%s</a></td>",
            r->failed ? " class=\"failed\"" : "", s->board[b]->benchmark, s->model[m].slug, state,
            r->scored           ? "\xe2\x9c\x93"
            : r->failed         ? "\xe2\x9c\x97"
            : r->not_applicable ? "n/a"
                                : "\xe2\x80\x93");
}

int bram_site_matrix(bram_ctx *cx, const bram_site *s)
{
    bram_buffer out = {0};
    bram_site_begin(&out, s, "All results", "");
    bram_site_table(
        &out, "matrix",
        "The rank of every model on every benchmark. \xe2\x9c\x93: a score without a rank; "
        "\xe2\x9c\x97: failed; n/a: not applicable; \xe2\x80\x93: not run; empty: not "
        "planned.",
        "Find a model", false);
    bram_site_column(&out, "model", "t");
    for (size_t b = 0; b < s->boards; b++) bram_site_column(&out, s->board[b]->benchmark, "n");
    bram_buffer_put(&out, "</tr></thead>\n<tbody class=\"matrix\">\n");
    for (size_t m = 0; m < s->models; m++) {
        bram_buffer_putf(&out, "<tr><td class=\"name\"><a href=\"model/%s.html\">",
                         s->model[m].slug);
        bram_site_spec(&out, s->model[m].name);
        bram_buffer_put(&out, "</a></td>");
        for (size_t b = 0; b < s->boards; b++) put_matrix_cell(&out, s, b, m);
        bram_buffer_put(&out, "</tr>\n");
    }
    bram_site_table_end(&out);
    bram_site_end(&out, s, "");
    int status = bram_site_file(cx, s, "matrix.html", &out);
    bram_buffer_release(&out);
    return status;
}

/* ---- a model -------------------------------------------------------------------------------- */

static void put_term(bram_buffer *out, const char *term, const char *text)
{
    if (!text || !*text) return;
    bram_buffer_putf(out, "<dt>%s</dt><dd>", term);
    bram_site_spec(out, text);
    bram_buffer_put(out, "</dd>\n");
}

static void put_card(bram_buffer *out, const bram_site_model *m)
{
    const bram_yaml_card *c = m->card;
    bram_buffer_put(out, "<dl>\n");
    put_term(out, "Spec", m->spec);
    if (m->self_reported)
        put_term(out, "Self-reported",
                 "its predictions came as files; what they were made of "
                 "cannot be checked");
    if (c) {
        bram_buffer_put(out, "<dt>Authors</dt><dd>");
        for (size_t i = 0; i < c->author_count; i++) {
            if (i) bram_buffer_put(out, ", ");
            bram_site_text(out, c->authors[i]);
        }
        bram_buffer_put(out, "</dd>\n");
        put_term(out, "Description", c->description);
        put_term(out, "Training data", c->training_data);
        put_term(out, "Licence", c->licence);
        put_term(out, "Citation", c->citation);
        bram_buffer_put(out, "<dt>Link</dt><dd><a rel=\"nofollow\" href=\""); /* http(s): checked */
        bram_site_text(out, c->link);
        bram_buffer_put(out, "\">");
        bram_site_text(out, c->link);
        bram_buffer_put(out, "</a></dd>\n");
        put_term(out, "Submission", m->card_hash);
    }
    bram_buffer_put(out, "</dl>\n");
}

static void put_result(bram_ctx *cx, bram_buffer *out, const bram_site *s, size_t b, size_t m)
{
    const bram_board_row *r = bram_site_row(s, b, m);
    const bram_board *board = s->board[b];
    if (!r) return;
    char metric[64], label[64], page[128];
    bram_score_words(board->score, metric, label);
    snprintf(page, sizeof page, "../benchmark/%s.html", board->benchmark);
    bram_buffer_putf(out,
                     "<tr data-state=\"%s\"><td class=\"name\"><a href=\"%s#%s\">%s</a></td><td "
                     "class=\"title\">",
                     bram_site_state(r), page, s->model[m].slug, board->benchmark);
    bram_site_text(out, board->title);
    if (r->rank) bram_buffer_putf(out, "</td><td class=\"n\">%zu</td>", r->rank);
    else bram_buffer_put(out, "</td><td class=\"n\" data-v=\"\">\xe2\x80\x93</td>");
    bram_buffer_put(out, "<td>");
    bram_site_text(out, metric);
    if (*label) bram_buffer_put(out, " at ");
    bram_site_text(out, label);
    bram_buffer_put(out, "</td>");
    bram_site_score(out, page, &s->model[m], r, bram_board_decimals(cx, board));
    bram_site_number(out, r->normalized, NAN, NAN, 3);
    bram_buffer_putf(out, "<td%s>%s", r->failed ? " class=\"failed\"" : "", bram_site_state(r));
    if (!r->scored && r->reason && *r->reason) {
        bram_buffer_put(out, ": ");
        bram_site_text(out, r->reason);
    }
    bram_buffer_put(out, "</td></tr>\n");
}

int bram_site_model_page(bram_ctx *cx, const bram_site *s, size_t model)
{
    bram_buffer out = {0};
    const bram_site_model *m = &s->model[model];
    bram_site_begin(&out, s, m->name, "../");
    put_card(&out, m);
    bram_site_table(
        &out, "results",
        "Its rank and score on every benchmark it was planned on, with the 95 % interval; "
        "a score leads to how it was made. Of ceiling: on the scale from chance (0) to "
        "ceiling (1).",
        "Find a benchmark", true);
    bram_site_column(&out, "benchmark", "t");
    bram_site_column(&out, "title", "T");
    bram_site_column(&out, "rank", "n");
    bram_site_column(&out, "metric", "t");
    bram_site_column(&out, "score", "n");
    bram_site_column(&out, "of ceiling", "n");
    bram_site_column(&out, "state", "t");
    bram_buffer_put(&out, "</tr></thead>\n<tbody>\n");
    for (size_t b = 0; b < s->boards; b++) put_result(cx, &out, s, b, model);
    bram_site_table_end(&out);
    bram_site_end(&out, s, "../");
    char *name = bram_strf(cx, "model/%s.html", m->slug);
    int status = name ? bram_site_file(cx, s, name, &out) : BRAM_ENOMEM;
    bram_buffer_release(&out);
    bram_free(name);
    return status;
}

/* ---- datasets ------------------------------------------------------------------------------- */

static int write_dataset(bram_ctx *cx, const bram_site *s, const char *dataset)
{
    bram_buffer out = {0};
    bram_site_begin(&out, s, dataset, "../");
    bram_site_table(&out, "results",
                    "The benchmarks on it, the hash of the data they were run on, what to cite.",
                    "Find a benchmark", false);
    bram_site_column(&out, "benchmark", "t");
    bram_site_column(&out, "title", "T");
    bram_site_column(&out, "data hash (SHA-256)", "t");
    bram_site_column(&out, "citation", "t");
    bram_buffer_put(&out, "</tr></thead>\n<tbody>\n");
    for (size_t b = 0; b < s->boards; b++) {
        const char *name = s->board[b]->benchmark;
        if (strcmp(bram_site_word(s, name, "dataset"), dataset) != 0) continue;
        bram_buffer_putf(&out,
                         "<tr><td class=\"name\"><a href=\"../benchmark/%s.html\">%s</a></td><td "
                         "class=\"title\">",
                         name, name);
        bram_site_text(&out, s->board[b]->title);
        bram_buffer_putf(&out, "</td><td class=\"name\">%s</td><td>",
                         bram_site_word(s, name, "dataset_hash"));
        bram_site_text(&out, bram_site_word(s, name, "citation"));
        bram_buffer_put(&out, "</td></tr>\n");
    }
    bram_site_table_end(&out);
    bram_site_end(&out, s, "../");
    char *path = bram_strf(cx, "dataset/%s.html", dataset);
    int status = path ? bram_site_file(cx, s, path, &out) : BRAM_ENOMEM;
    bram_buffer_release(&out);
    bram_free(path);
    return status;
}

int bram_site_datasets(bram_ctx *cx, const bram_site *s)
{
    for (size_t b = 0; b < s->boards; b++) {
        const char *dataset = bram_site_word(s, s->board[b]->benchmark, "dataset");
        bool known = !*dataset;
        for (size_t k = 0; k < b && !known; k++)
            known = strcmp(bram_site_word(s, s->board[k]->benchmark, "dataset"), dataset) == 0;
        if (!known) BRAM_TRY(write_dataset(cx, s, dataset));
    }
    return BRAM_OK;
}
