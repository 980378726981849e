/*
 * section_variations.c - what came of a benchmark asked otherwise: learning curves, the multiverse,
 * identifiability. Each is there where its cells are.
 */
#include "identifiability.h"
#include "learning_curve.h"
#include "multiverse.h"
#include "report_parts.h"

#include <stdio.h>

enum { MOST_BASES = 256, TABLE_ROWS = 12 };

static void heading(bram_report *r, const char *base, const char *what, const char *axis)
{
    char text[256];
    snprintf(text, sizeof text, "%.120s: %s%s", base, what, axis);
    bram_page_heading(&r->page, 3, text);
}

static int write_curve(bram_ctx *cx, bram_report *r, const char *base, const char *axis)
{
    bram_learning_curve *c = NULL;
    bram_figure *f = NULL;
    bram_table *t = NULL;
    BRAM_TRY(bram_learning_curve_new(cx, &c, r->results, base, axis, NULL));
    heading(r, base, "learning curve along ", axis);
    bram_report_say(r,
                    "Scores with less to learn from. The lines are power laws with an asymptote, "
                    "score = asymptote - gain n^-exponent, fitted by least squares (Cortes et al. "
                    "1994; Viering & Loog 2023). Intervals hold the chance of the test rows, by "
                    "the bootstrap, and of random subsets, by Student's t; the law is fitted to "
                    "every sample.");
    int status = bram_learning_curve_figure(cx, &f, c);
    status = bram_report_figure(cx, r, f, status, "Score by the amount there was to learn from.");
    if (status == BRAM_OK) status = bram_learning_curve_laws(cx, &t, c);
    if (status == BRAM_OK)
        status = bram_report_table(cx, r, t, "The fitted laws: exponent and asymptote.",
                                   TABLE_ROWS);
    t = NULL;
    if (status == BRAM_OK) status = bram_learning_curve_table(cx, &t, c);
    if (status == BRAM_OK) status = bram_report_table(cx, r, t, "Values at each size.", TABLE_ROWS);
    bram_learning_curve_free(c);
    return status;
}

static int write_curves(bram_ctx *cx, bram_report *r, const char *base)
{
    const char *axis[4];
    size_t n = bram_learning_curve_axes(r->results, base, axis);
    for (size_t i = 0; i < n; i++) BRAM_TRY(write_curve(cx, r, base, axis[i]));
    return BRAM_OK;
}

static int write_multiverse(bram_ctx *cx, bram_report *r, const char *base)
{
    bram_multiverse *m = NULL;
    bram_figure *f = NULL;
    bram_table *t = NULL;
    BRAM_TRY(bram_multiverse_new(cx, &m, r->results, base));
    heading(r, base, "the multiverse", "");
    bram_report_say(r,
                    "The same models ranked under every comparator, normalization and split rule "
                    "(Steegen et al. 2016): does the order depend on how one asks?");
    int status = bram_multiverse_table(cx, &t, m);
    if (status == BRAM_OK)
        status = bram_report_table(cx, r, t, "Ranks over universes.", TABLE_ROWS);
    if (status == BRAM_OK) status = bram_multiverse_figure(cx, &f, m);
    status = bram_report_figure(cx, r, f, status, "Rank of each model in each universe.");
    t = NULL;
    if (status == BRAM_OK) status = bram_multiverse_flips(cx, &t, m);
    if (status == BRAM_OK)
        status = bram_report_table(cx, r, t, "Pairs whose order is another one somewhere.",
                                   TABLE_ROWS);
    bram_multiverse_free(m);
    return status;
}

static int write_recovery(bram_ctx *cx, bram_report *r, const char *base)
{
    bram_identifiability *d = NULL;
    bram_figure *f = NULL;
    bram_table *t = NULL;
    BRAM_TRY(bram_identifiability_new(cx, &d, r->results, base));
    heading(r, base, "identifiability", "");
    bram_report_say(
        r, "Data simulated from each fitted model on the design of the benchmark, to which "
           "all models were fitted anew (Wilson & Collins 2019): how often does the one "
           "that made the data win?");
    int status = bram_identifiability_figure(cx, &f, d);
    status = bram_report_figure(cx, r, f, status,
                                "Data made by each model (rows), won by (columns).");
    if (status == BRAM_OK) status = bram_identifiability_table(cx, &t, d);
    if (status == BRAM_OK)
        status = bram_report_table(cx, r, t, "Simulations that each model won.", TABLE_ROWS);
    bram_identifiability_free(d);
    return status;
}

int bram_section_variations(bram_ctx *cx, bram_report *r)
{
    static const struct {
        const char *kind;
        int (*write)(bram_ctx *cx, bram_report *r, const char *base);
    } kinds[] = {{"learning-curve", write_curves},
                 {"multiverse", write_multiverse},
                 {"identifiability", write_recovery}};
    const char *base[MOST_BASES];
    bool headed = false;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t n = bram_variation_bases(r->results, kinds[k].kind, base, MOST_BASES);
        for (size_t i = 0; i < n; i++) {
            if (!headed) bram_page_heading(&r->page, 2, "Variations");
            headed = true;
            BRAM_TRY(kinds[k].write(cx, r, base[i]));
        }
    }
    return BRAM_OK;
}
