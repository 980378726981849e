/*
 * multiverse_show.c - tables and figure of a multiverse; see multiverse.h.
 */
#include "multiverse.h"

#include "leaderboard.h"
#include "scoring.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static size_t universes_that_lack(const bram_multiverse *m)
{
    size_t n = 0;
    for (size_t u = 0; u < m->universes; u++) {
        bool lacks = false;
        for (size_t i = 0; i < m->models; i++) lacks |= isnan(m->universe[u].rank[i]);
        n += lacks;
    }
    return n;
}

int bram_multiverse_table(bram_ctx *cx, bram_table **out, const bram_multiverse *m)
{
    enum { BENCHMARK, MODEL, DEFINED, MEAN, BEST, WORST, FIRST, UNIVERSES, W, COMPLETE, COLUMNS };
    static const bram_table_column columns[COLUMNS] = {
        [BENCHMARK] = {"benchmark", "", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES},
        [MODEL] = {"model", "model", BRAM_CELL_TEXT, .wrap = true},
        [DEFINED] = {"rank", "rank as defined", BRAM_CELL_NUMBER, -1},
        [MEAN] = {"mean_rank", "mean rank", BRAM_CELL_NUMBER, 2},
        [BEST] = {"best_rank", "best", BRAM_CELL_NUMBER, -1},
        [WORST] = {"worst_rank", "worst", BRAM_CELL_NUMBER, -1},
        [FIRST] = {"first", "first in", BRAM_CELL_INTEGER},
        [UNIVERSES] = {"universes", "of", BRAM_CELL_INTEGER},
        [W] = {"kendall_w", "", BRAM_CELL_NUMBER, .audience = BRAM_FOR_MACHINES},
        [COMPLETE] = {"complete", "", BRAM_CELL_INTEGER, .audience = BRAM_FOR_MACHINES}};
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, m->title, columns, COLUMNS));
    for (size_t i = 0; i < m->models; i++) {
        double best = INFINITY, worst = 0;
        int64_t first = 0, n = 0;
        for (size_t u = 0; u < m->universes; u++) {
            double rank = m->universe[u].rank[i];
            if (isnan(rank)) continue;
            best = fmin(best, rank), worst = fmax(worst, rank);
            first += rank == 1;
            n++;
        }
        bram_table_row(t);
        bram_table_text(t, BENCHMARK, m->base);
        bram_table_text(t, MODEL, m->name[i]);
        bram_table_number(t, DEFINED, m->universe[0].rank[i]);
        bram_table_number(t, MEAN, m->mean_rank[i]);
        bram_table_number(t, BEST, n ? best : (double)NAN);
        bram_table_number(t, WORST, n ? worst : (double)NAN);
        bram_table_integer(t, FIRST, first);
        bram_table_integer(t, UNIVERSES, n);
        bram_table_number(t, W, m->kendall_w);
        bram_table_integer(t, COMPLETE, (int64_t)m->complete);
    }
    if (m->complete < 2)
        bram_table_note(t, "No Kendall's W: fewer than 2 models have a score in every universe.");
    else if (isnan(m->kendall_w))
        bram_table_note(t, "No Kendall's W: all models are tied in every universe.");
    else
        bram_table_note(
            t,
            "Kendall's W = %.3f over %zu universes, %zu models: 1 the same order in all, "
            "0 none.",
            m->kendall_w, m->universes, m->complete);
    size_t lacking = universes_that_lack(m);
    if (lacking)
        bram_table_note(
            t, "%zu universes lack a score of some model; ranks there are among the others.",
            lacking);
    int status = bram_table_status(cx, t);
    if (status == BRAM_OK) *out = t;
    else bram_table_free(t);
    return status;
}

/* A comparator without the options that are defaults: "median r2", "rsa:rdm=cosine". */
static int put_comparator(bram_ctx *cx, bram_buffer *out, const char *score)
{
    bram_metric_use use = {0};
    char *brief = NULL, *spec = bram_strf(cx, "%.*s", (int)strcspn(score, "@"), score);
    int status = spec ? bram_metric_use_parse(cx, &use, spec) : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        brief = bram_options_brief(cx, use.options);
        if (brief)
            bram_buffer_putf(out, "%s%s%s%s", use.median ? "median " : "", use.metric->name,
                             *brief ? ":" : "", brief);
        else status = BRAM_ENOMEM;
        bram_metric_use_release(&use);
    } else if (status != BRAM_ENOMEM) {
        bram_buffer_put(out, spec); /* of a plugin that is not here */
        status = BRAM_OK;
    }
    bram_free(brief);
    bram_free(spec);
    return status;
}

/* The universes in which b is above a: what is other there than defined, and the comparator. */
static int put_universes(bram_ctx *cx, bram_table *t, size_t column, const bram_multiverse *m,
                         const bram_flip *flip)
{
    bram_buffer text = {0};
    int status = BRAM_OK;
    for (size_t u = 1; u < m->universes && status == BRAM_OK; u++) {
        const bram_universe *own = &m->universe[u];
        if (!(own->rank[flip->b] < own->rank[flip->a])) continue;
        if (text.length) bram_buffer_put(&text, "; ");
        if (strcmp(own->label, m->universe[0].label) != 0)
            bram_buffer_putf(&text, "%s ", own->label);
        status = put_comparator(cx, &text, own->score);
    }
    bram_table_text(t, column, bram_buffer_text(&text));
    if (status == BRAM_OK) status = bram_buffer_status(cx, &text);
    bram_buffer_release(&text);
    return status;
}

int bram_multiverse_flips(bram_ctx *cx, bram_table **out, const bram_multiverse *m)
{
    enum { BENCHMARK, ABOVE, BELOW, FLIPPED, BEYOND, WHERE, COLUMNS };
    static const bram_table_column columns[COLUMNS] = {
        [BENCHMARK] = {"benchmark", "", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES},
        [ABOVE] = {"above", "above as defined", BRAM_CELL_TEXT, .wrap = true},
        [BELOW] = {"below", "below", BRAM_CELL_TEXT, .wrap = true},
        [FLIPPED] = {"flipped", "flips", BRAM_CELL_INTEGER},
        [BEYOND] = {"beyond", "sure", BRAM_CELL_INTEGER},
        [WHERE] = {"where", "flipped under", BRAM_CELL_TEXT, .wrap = true}};
    bram_table *t = NULL;
    size_t flipped = 0, pairs = 0;
    BRAM_TRY(bram_table_new(cx, &t, "Rank flips", columns, COLUMNS));
    int status = BRAM_OK;
    for (size_t i = 0; i < m->flips && status == BRAM_OK; i++) {
        bram_table_row(t);
        bram_table_text(t, BENCHMARK, m->base);
        bram_table_text(t, ABOVE, m->name[m->flip[i].a]);
        bram_table_text(t, BELOW, m->name[m->flip[i].b]);
        bram_table_integer(t, FLIPPED, (int64_t)m->flip[i].universes);
        bram_table_integer(t, BEYOND, (int64_t)m->flip[i].beyond);
        status = put_universes(cx, t, WHERE, m, &m->flip[i]);
        flipped += m->flip[i].universes;
    }
    for (size_t u = 1; u < m->universes; u++)
        for (size_t a = 0; a < m->models; a++)
            for (size_t b = 0; b < m->models; b++)
                pairs += m->universe[0].rank[a] < m->universe[0].rank[b] &&
                         isfinite(m->universe[u].rank[a]) && isfinite(m->universe[u].rank[b]);
    bram_table_note(t,
                    "%zu of %zu pairs of models in other universes (%.1f %%) stand in the other "
                    "order. sure: the interval of the paired difference excludes zero.",
                    flipped, pairs, pairs ? 100.0 * (double)flipped / (double)pairs : 0);
    if (status == BRAM_OK) status = bram_table_status(cx, t);
    if (status == BRAM_OK) *out = t;
    else bram_table_free(t);
    return status;
}

int bram_multiverse_values(bram_ctx *cx, bram_table **out, const bram_multiverse *m)
{
    enum { BENCHMARK, UNIVERSE, SCORE, MODEL, VALUE, RANK, COLUMNS };
    static const bram_table_column columns[COLUMNS] = {
        [BENCHMARK] = {"benchmark", "benchmark", BRAM_CELL_TEXT},
        [UNIVERSE] = {"universe", "universe", BRAM_CELL_TEXT},
        [SCORE] = {"score", "score", BRAM_CELL_TEXT},
        [MODEL] = {"model", "model", BRAM_CELL_TEXT},
        [VALUE] = {"value", "value", BRAM_CELL_NUMBER, -1},
        [RANK] = {"rank", "rank", BRAM_CELL_NUMBER, -1}};
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, COLUMNS));
    for (size_t u = 0; u < m->universes; u++)
        for (size_t i = 0; i < m->models; i++) {
            bram_table_row(t);
            bram_table_text(t, BENCHMARK, m->base);
            bram_table_text(t, UNIVERSE, m->universe[u].label);
            bram_table_text(t, SCORE, m->universe[u].score);
            bram_table_text(t, MODEL, m->name[i]);
            bram_table_number(t, VALUE, m->universe[u].value[i]);
            bram_table_number(t, RANK, m->universe[u].rank[i]);
        }
    int status = bram_table_status(cx, t);
    if (status == BRAM_OK) *out = t;
    else bram_table_free(t);
    return status;
}

int bram_multiverse_figure(bram_ctx *cx, bram_figure **out, const bram_multiverse *m)
{
    char words[400];
    bram_figure *f = NULL;
    size_t mark = bram_scratch_mark(cx);
    double *rank = bram_scratch(cx, m->models * m->universes, sizeof *rank);
    if (!rank) return BRAM_ENOMEM;
    for (size_t i = 0; i < m->models; i++)
        for (size_t u = 0; u < m->universes; u++)
            rank[i * m->universes + u] = m->universe[u].rank[i];
    snprintf(words, sizeof words,
             "Rank of %zu models of %.80s (rows) in %zu universes (columns; 0: as defined): "
             "a row of one colour is a model whose rank does not depend on how one asks.",
             m->models, m->base, m->universes);
    BRAM_TRY(bram_figure_new(cx, &f, "Ranks in every universe", words));
    bram_figure_size(f, 640, bram_figure_height(m->models) + 60);
    int status = bram_figure_x(cx, f,
                               &(bram_figure_axis){.title = "universe (0: as defined)",
                                                   .low = 0.5,
                                                   .high = (double)m->universes + 0.5});
    if (status == BRAM_OK)
        status = bram_figure_y(
            cx, f,
            &(bram_figure_axis){.labels = (const char *const *)m->name, .label_count = m->models});
    if (status == BRAM_OK)
        status = bram_figure_heat(cx, f,
                                  &(bram_heat){.rows = m->models,
                                               .cols = m->universes,
                                               .values = rank,
                                               .low = 1,
                                               .high = (double)m->models,
                                               .title = "rank"});
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = f;
    else bram_figure_free(f);
    return status;
}
