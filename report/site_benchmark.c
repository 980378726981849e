/*
 * site_benchmark.c - the page of a benchmark: what is asked, who is ahead and what cannot be told
 * apart, and for each model how its number is made again.
 */
#include "site_parts.h"

#include "digits.h"
#include "repeat.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_IN_DIAGRAM = 20 };

struct page {
    const bram_site *s;
    const bram_board *b;
    bram_buffer *out;
    bram_board_pair *pair;
    char (*letters)[BRAM_LETTERS_BYTES];
    size_t compared; /* how many rows have letters */
    int decimals;
};

static size_t model_of(const bram_site *s, const char *spec)
{
    size_t m = 0;
    while (strcmp(s->model[m].spec, spec) != 0) m++;
    return m;
}

static void put_fact(bram_buffer *out, const char *name, const char *value)
{
    if (!*value) return;
    bram_buffer_putf(out, "<dt>%s</dt><dd>", name);
    bram_site_spec(out, value);
    bram_buffer_put(out, "</dd>\n");
}

static void put_facts(const struct page *p)
{
    bram_buffer *out = p->out;
    const char *name = p->b->benchmark;
    char title[256], metric[64], label[64];
    bram_score_words(p->b->score, metric, label);
    const bram_dataset *plan = bram_results_plan(p->s->results, name);
    snprintf(title, sizeof title, "%s%s%s; %s is better", metric, *label ? " at " : "", label,
             p->b->higher_better ? "higher" : "lower");
    bram_buffer_put(out, "<dl>\n");
    put_fact(out, "Benchmark", name);
    bram_buffer_putf(
        out, "<dt>Version</dt><dd>%lld</dd>\n",
        (long long)bram_attrs_integer(bram_dataset_find_attrs(plan, ""), "version", 0));
    put_fact(out, "Question", bram_site_word(p->s, name, "task"));
    put_fact(out, "Options", bram_site_word(p->s, name, "options"));
    put_fact(out, "Score", title);
    put_fact(out, "Score, in full", p->b->score);
    bram_buffer_put(out, "<dt>Dataset</dt><dd><a href=\"../dataset/");
    bram_site_text(out, bram_site_word(p->s, name, "dataset"));
    bram_buffer_put(out, ".html\">");
    bram_site_text(out, bram_site_word(p->s, name, "dataset"));
    bram_buffer_put(out, "</a></dd>\n");
    put_fact(out, "Data hash", bram_site_word(p->s, name, "dataset_hash"));
    put_fact(out, "Citation", bram_site_word(p->s, name, "citation"));
    bram_buffer_putf(out,
                     "<dt>Tables</dt><dd><a href=\"../data/%s.csv\">models</a>, <a "
                     "href=\"../data/%s-differences.csv\">differences</a>, <a "
                     "href=\"../data/%s-cells.csv\">cells</a>, <a "
                     "href=\"../data/%s-raw.csv\">raw values</a></dd>\n</dl>\n",
                     name, name, name, name);
}

/* Models at their scores; bars join those that share a letter. */
static int put_diagram(bram_ctx *cx, const struct page *p)
{
    size_t n = p->compared;
    const char **name = bram_scratch(cx, n, sizeof *name);
    double *place = bram_scratch(cx, n, sizeof *place);
    if (!name || !place) return BRAM_ENOMEM;
    if (n < 2 || !p->letters[0][0]) return BRAM_OK;
    for (size_t i = 0; i < n; i++) {
        name[i] = p->s->model[model_of(p->s, p->b->row[i].model)].name;
        place[i] = p->b->row[i].value;
    }
    char metric[64], label[64], axis[160];
    bram_score_words(p->b->score, metric, label);
    snprintf(axis, sizeof axis, "%s%s%s, better to the left", metric, *label ? " at " : "", label);
    bram_buffer_put(p->out, "<figure>\n");
    bram_site_diagram(p->out, "Critical-difference diagram", axis, n, name, place, p->letters, 0,
                      p->b->higher_better, p->decimals);
    bram_buffer_putf(p->out,
                     "<figcaption>%s%zu models at their scores. A bar joins models that cannot be "
                     "told apart: paired differences on common units, p adjusted for all pairs of "
                     "the diagram by Holm, %.3g %% level.</figcaption>\n</figure>\n",
                     p->b->rows > n ? "The first " : "", n, 100 * (1 - p->b->level));
    return BRAM_OK;
}

/* ---- the table ------------------------------------------------------------------------------ */

static void put_state(const struct page *p, const bram_board_row *r)
{
    size_t cells = r->scored + r->failed + r->not_applicable + r->not_run;
    const char *state = bram_site_state(r);
    bram_buffer_putf(p->out, "<td class=\"n\" data-v=\"%.17g\">%zu/%zu</td><td%s>%s",
                     cells ? (double)r->scored / (double)cells : 0, r->scored, cells,
                     r->failed ? " class=\"failed\"" : "", state);
    if (r->scored < cells && r->reason && *r->reason) {
        bram_buffer_put(p->out, ": ");
        bram_site_text(p->out, r->reason);
    }
    bram_buffer_put(p->out, "</td>");
}

static void put_row(const struct page *p, size_t i)
{
    const bram_board_row *r = &p->b->row[i];
    const bram_site_model *m = &p->s->model[model_of(p->s, r->model)];
    bram_buffer *out = p->out;
    char number[BRAM_DIGITS_BYTES];
    bram_buffer_putf(out, "<tr id=\"%s\" data-state=\"%s\" data-words=\"", m->slug,
                     bram_site_state(r));
    bram_site_text(out, m->name);
    bram_buffer_put(out, " ");
    bram_site_text(out, r->model);
    if (r->rank) bram_buffer_putf(out, "\"><td class=\"n\">%zu</td>", r->rank);
    else bram_buffer_put(out, "\"><td class=\"n\" data-v=\"\">\xe2\x80\x93</td>");
    bram_buffer_putf(out, "<td class=\"name\"><a href=\"../model/%s.html\">", m->slug);
    bram_site_spec(out, m->name);
    bram_buffer_put(out, "</a></td>");
    bram_site_score(out, "", m, r, p->decimals);
    bram_buffer_putf(out, "<td>%s</td>", i < p->compared ? p->letters[i] : "");
    bram_site_number(out, p->pair[i].difference, p->pair[i].low, p->pair[i].high, p->decimals);
    if (isnan(p->pair[i].p)) bram_buffer_put(out, "<td class=\"n\" data-v=\"\">\xe2\x80\x93</td>");
    else
        bram_buffer_putf(out, "<td class=\"n\" data-v=\"%.17g\">%s</td>", p->pair[i].p,
                         p->pair[i].p < 0.001 ? "&lt; 0.001"
                                              : bram_digits_fixed(number, p->pair[i].p, 3));
    bram_site_number(out, r->normalized, NAN, NAN, 3);
    put_state(p, r);
    bram_buffer_put(out, "</tr>\n");
}

static void put_table(const struct page *p)
{
    bram_buffer *out = p->out;
    char caption[1024];
    bool interval = false;
    for (size_t i = 0; i < p->b->rows; i++) interval |= isfinite(p->b->row[i].low);
    size_t n = 0;
    if (interval)
        n = (size_t)snprintf(
            caption, sizeof caption,
            "A score leads to how it was made; in brackets its %.3g %% interval, by a bootstrap "
            "over %s. Rank: 1 + models that are better beyond the interval of the paired "
            "difference; models that cannot be told apart share one. Shares: models with a letter "
            "in common differ in no pair. p: of the difference to the first, adjusted for all "
            "models by Holm.",
            100 * p->b->level, p->b->resampled);
    else
        n = (size_t)snprintf(caption, sizeof caption,
                             "A score leads to how it was made. No interval, and so no rank, "
                             "letters or p: %s%s.",
                             p->b->draws && *p->b->resampled ? "too short for one, with "
                                                             : "no bootstrap draws were made",
                             p->b->draws ? p->b->resampled : "");
    snprintf(caption + n, sizeof caption - n,
             " Of ceiling: the score on the scale from chance (0) to ceiling (1). Coverage: cells "
             "with a score, of those planned.%s",
             p->b->parts > 1 ? " Values are means over the parts that are scored." : "");
    bram_site_table(out, "ranks", caption, "Find a model", true);
    bram_site_column(out, "rank", "n");
    bram_site_column(out, "model", "t");
    bram_site_column(out, "score", "n");
    bram_site_column(out, "shares", "t");
    bram_site_column(out, "first minus this", "n");
    bram_site_column(out, "p", "n");
    bram_site_column(out, "of ceiling", "n");
    bram_site_column(out, "coverage", "n");
    bram_site_column(out, "state", "t");
    bram_buffer_put(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < p->b->rows; i++) put_row(p, i);
    bram_site_table_end(out);
}

/* ---- how each number was made ---------------------------------------------------------------- */

enum { SHOWN = 3 }; /* keys */

/* Spec, data, keys, raw values and the command that makes the number again. */
static void put_made(const struct page *p, const bram_repeat *repeat, const bram_board_row *r)
{
    bram_buffer *out = p->out, command = {0};
    const char *key[SHOWN], *name = p->b->benchmark;
    const bram_site_model *m = &p->s->model[model_of(p->s, r->model)];
    size_t keys = bram_board_keys(p->b, r, key, SHOWN), shown = keys < SHOWN ? keys : SHOWN;
    char number[BRAM_INTERVAL_BYTES] = "";
    if (!isnan(r->value)) bram_interval_text(number, r->value, r->low, r->high, p->decimals);
    bram_buffer_putf(out, "<details id=\"made-%s\"><summary>", m->slug);
    bram_site_spec(out, m->name);
    bram_buffer_putf(out, "%s%s</summary>\n<dl><dt>Spec</dt><dd>", *number ? ": " : "", number);
    bram_site_spec(out, r->model);
    bram_buffer_put(out, "</dd>\n<dt>Data</dt><dd>");
    bram_site_text(out, bram_site_word(p->s, name, "dataset"));
    bram_buffer_putf(out, ", SHA-256 %s</dd>\n<dt>Cells</dt><dd>",
                     bram_site_word(p->s, name, "dataset_hash"));
    for (size_t i = 0; i < shown; i++) bram_buffer_putf(out, "%s<br>\n", key[i]);
    bram_buffer_putf(out, "<a href=\"../data/%s-cells.csv\">%s%zu%s</a></dd>\n", name,
                     keys > shown ? "and " : "the scores of ", keys > shown ? keys - shown : keys,
                     keys > shown ? " more, with all scores"
                     : keys == 1  ? " cell"
                                  : " cells");
    bram_buffer_putf(out,
                     "<dt>Raw values</dt><dd><a href=\"../data/%s-raw.csv\">of each unit in each "
                     "cell</a></dd>\n<dt>Again</dt><dd><code>",
                     name);
    bram_repeat_put(&command, repeat, r);
    bram_site_text(out, bram_buffer_text(&command));
    bram_buffer_put(out, "</code></dd></dl>\n</details>\n");
    out->failed |= command.failed;
    bram_buffer_release(&command);
}

static int put_all_made(bram_ctx *cx, const struct page *p)
{
    bram_repeat repeat;
    BRAM_TRY(
        bram_repeat_begin(cx, &repeat, p->b, bram_site_word(p->s, p->b->benchmark, "dataset")));
    bram_buffer_putf(
        p->out,
        "<h2 id=\"made\">How each number was made</h2>\n<p class=\"note\">A model's "
        "number is the mean of its cells. The command computes them again, with the "
        "same keys, and with the same BLAS kernels the same bytes%s.</p>\n<div class=\"made\">\n",
        repeat.made ? "" : "; DIR is the folder with the dataset of that hash");
    for (size_t i = 0; i < p->b->rows; i++) put_made(p, &repeat, &p->b->row[i]);
    bram_buffer_put(p->out, "</div>\n");
    return BRAM_OK;
}

/* ---- the page ------------------------------------------------------------------------------- */

static void put_levels(const struct page *p)
{
    const bram_board_row *r = &p->b->row[0];
    char number[BRAM_DIGITS_BYTES], low[BRAM_DIGITS_BYTES], high[BRAM_DIGITS_BYTES];
    bram_buffer_put(p->out, "<p>On the same rows by the same metric:");
    for (size_t f = 0; f < p->b->floors; f++)
        if (isfinite(r->floor[f]))
            bram_buffer_putf(p->out, " %s %s;", p->b->floor_name[f],
                             bram_digits_fixed(number, r->floor[f], p->decimals));
    bram_buffer_putf(p->out, " chance %s;",
                     isfinite(r->chance) ? bram_digits_fixed(number, r->chance, p->decimals)
                                         : "not known");
    if (!isfinite(r->ceiling)) bram_buffer_put(p->out, " no ceiling.</p>\n");
    else if (isfinite(r->ceiling_low))
        bram_buffer_putf(p->out, " ceiling %s (%s; between %s and %s).</p>\n",
                         bram_digits_fixed(number, r->ceiling, p->decimals),
                         bram_ceiling_words(p->b->ceiling_rule),
                         bram_digits_fixed(low, r->ceiling_low, p->decimals),
                         bram_digits_fixed(high, r->ceiling_high, p->decimals));
    else
        bram_buffer_putf(p->out, " ceiling %s (%s).</p>\n",
                         bram_digits_fixed(number, r->ceiling, p->decimals),
                         bram_ceiling_words(p->b->ceiling_rule));
}

static int write_page(bram_ctx *cx, struct page *p)
{
    p->pair = bram_scratch(cx, p->b->rows, sizeof *p->pair);
    p->letters = bram_scratch(cx, MOST_IN_DIAGRAM, sizeof *p->letters);
    if (!p->pair || !p->letters) return BRAM_ENOMEM;
    p->decimals = bram_board_decimals(cx, p->b);
    while (p->compared < p->b->rows && p->compared < MOST_IN_DIAGRAM &&
           !isnan(p->b->row[p->compared].value))
        p->compared++;
    BRAM_TRY(bram_compare_with_best(cx, p->pair, p->b));
    BRAM_TRY(bram_compare_letters(cx, p->letters, p->b, p->compared));
    bram_site_begin(p->out, p->s, *p->b->title ? p->b->title : p->b->benchmark, "../");
    put_facts(p);
    if (p->b->rows) put_levels(p);
    BRAM_TRY(put_diagram(cx, p));
    bram_buffer_put(p->out, "<h2>Models</h2>\n");
    put_table(p);
    BRAM_TRY(put_all_made(cx, p));
    bram_site_end(p->out, p->s, "../");
    return bram_site_board_data(cx, p->s, p->b, p->pair);
}

int bram_site_benchmark(bram_ctx *cx, const bram_site *s, size_t board)
{
    bram_buffer out = {0};
    struct page p = {.s = s, .b = s->board[board], .out = &out};
    size_t mark = bram_scratch_mark(cx);
    int status = write_page(cx, &p);
    bram_scratch_release(cx, mark);
    char *name = bram_strf(cx, "benchmark/%s.html", p.b->benchmark);
    if (status == BRAM_OK && !name) status = BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_site_file(cx, s, name, &out);
    bram_buffer_release(&out);
    bram_free(name);
    return status;
}
