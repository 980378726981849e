/*
 * search.c - random search for a model's options; see search.h.
 */
#include "search.h"

#include "hash.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- specs ---------------------------------------------------------------------------------- */

/* Whether a spec names an option: "...:key=" or "...,key=". */
static bool names(const char *spec, const char *key)
{
    size_t length = strlen(key);
    for (const char *at = strpbrk(spec, ":,"); at; at = strpbrk(at + 1, ":,"))
        if (strncmp(at + 1, key, length) == 0 && at[1 + length] == '=') return true;
    return false;
}

/* One of "a+b+c", or "a..b": a number between, evenly in its logarithm, to three digits. */
static void draw(char *value, size_t room, const char *range, bram_rng *g)
{
    char *end;
    double low = strtod(range, &end), u = bram_rng_uniform(g);
    if (strncmp(end, "..", 2) == 0) {
        double high = strtod(end + 2, NULL);
        snprintf(value, room, "%.3g", exp(log(low) + u * (log(high) - log(low))));
        return;
    }
    size_t items = 1;
    for (const char *c = range; *c; c++) items += *c == '+';
    for (size_t skip = (size_t)(u * (double)items); skip; skip--) range = strchr(range, '+') + 1;
    snprintf(value, room, "%.*s", (int)strcspn(range, "+"), range);
}

int bram_search_spec(bram_ctx *cx, char **spec, const char *base, uint64_t seed, size_t trial)
{
    const bram_model *model = NULL;
    bram_options *options = NULL;
    size_t drawn = 0;
    char stream[64], value[64], *text = bram_strdup(cx, base);
    if (!text) return BRAM_ENOMEM;
    int status = bram_model_parse(cx, &model, &options, NULL, base);
    bram_options_free(options);
    for (const bram_param *p = status == BRAM_OK ? model->params : NULL; p && p->name; p++) {
        if (!p->search || names(base, p->name)) continue;
        drawn++;
        if (trial == 0) continue;
        snprintf(stream, sizeof stream, "search/%s", p->name);
        bram_rng g = bram_rng_at(seed, stream, trial);
        draw(value, sizeof value, p->search, &g);
        char *more = bram_strf(cx, "%s%c%s=%s", text, strchr(text, ':') ? ',' : ':', p->name,
                               value);
        bram_free(text);
        text = more;
        if (!text) return BRAM_ENOMEM;
    }
    if (status == BRAM_OK && !drawn)
        status = bram_fail(cx, BRAM_EUSAGE, "\"%s\" leaves no option to search for", base);
    if (status == BRAM_OK) *spec = text;
    else bram_free(text);
    return status;
}

/* ---- errors --------------------------------------------------------------------------------- */

/* Sums of one unit: of values, their squares, squared errors. */
struct sums {
    double count, y, yy, error;
};

/* One answer about a segment: of all units or, where some are held out, of those. */
static int add_answer(bram_ctx *cx, struct sums *sum, const bram_fitted *model,
                      const bram_query *query)
{
    const bram_segment *s = &query->panel->segment[query->segment];
    size_t rows = s->y.rows - s->first, units = s->y.cols;
    bram_dataset *answer = NULL;
    BRAM_TRY(bram_fitted_answer(cx, &answer, model, query));
    double *mean = bram_scratch(cx, rows, units * sizeof *mean);
    int status = mean ? bram_response_read(cx, bram_dataset_response(answer, "mean"),
                                           (size_t[]){0, 0}, (size_t[]){rows, units}, mean, NULL)
                      : BRAM_ENOMEM;
    bram_dataset_free(answer);
    for (size_t i = 0; i < rows * units && status == BRAM_OK; i++) {
        size_t row = s->first + i / units, unit = i % units;
        if (s->y_present && !s->y_present[row * units + unit]) continue;
        if (query->held_out && !query->held_out[unit]) continue;
        double y = bram_row(&s->y, row)[unit], d = y - mean[i];
        sum[unit].count++, sum[unit].y += y, sum[unit].yy += y * y, sum[unit].error += d * d;
    }
    return status;
}

enum { PARTS = 4 };

/* What a model forecasts; where it does not but tells units from others, each unit once, a quarter
 * of them at a time. */
static int add_segment(bram_ctx *cx, struct sums *sum, const bram_fitted *model,
                       const bram_panel *panel, size_t segment)
{
    unsigned answers = bram_fitted_model(model)->answers;
    size_t units = panel->segment[segment].y.cols, parts = units < PARTS ? units : PARTS;
    bram_query query = {.ask = BRAM_ASK_STEP, .panel = panel, .segment = segment};
    if (answers & BRAM_ANSWERS(BRAM_ASK_STEP) || !(answers & BRAM_ANSWERS(BRAM_ASK_COSMOOTH)))
        return add_answer(cx, sum, model, &query);
    if (units < 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s tells units from others: there is one",
                         bram_fitted_model(model)->name);
    uint8_t *held_out = bram_scratch(cx, units, 1);
    if (!held_out) return BRAM_ENOMEM;
    query.ask = BRAM_ASK_COSMOOTH, query.held_out = held_out;
    for (size_t part = 0; part < parts; part++) {
        for (size_t i = 0; i < units; i++) held_out[i] = i % parts == part;
        BRAM_TRY(add_answer(cx, sum, model, &query));
    }
    return BRAM_OK;
}

int bram_search_error(bram_ctx *cx, double *error, const bram_fitted *model,
                      const bram_panel *panel)
{
    size_t units = panel->segments ? panel->segment[0].y.cols : 0, mark = bram_scratch_mark(cx);
    double total = 0, count = 0;
    struct sums *sum = bram_scratch(cx, units, sizeof *sum);
    if (!sum) return BRAM_ENOMEM;
    for (size_t s = 0; s < panel->segments; s++) {
        size_t here = bram_scratch_mark(cx);
        BRAM_TRY(add_segment(cx, sum, model, panel, s));
        bram_scratch_release(cx, here);
    }
    for (size_t i = 0; i < units; i++) {
        if (!(sum[i].count > 0)) continue;
        double mean = sum[i].y / sum[i].count, variance = sum[i].yy / sum[i].count - mean * mean;
        total += sum[i].error / (variance > 0 ? variance : 1), count += sum[i].count;
    }
    bram_scratch_release(cx, mark);
    if (!(count > 0)) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no value to judge a trial by");
    *error = total / count;
    return BRAM_OK;
}

static int add_panel(bram_ctx *cx, bram_hash *h, const bram_panel *panel)
{
    for (size_t s = 0; s < panel->segments; s++) {
        const bram_segment *g = &panel->segment[s];
        BRAM_TRY(bram_hash_add_u64(cx, h, g->y.rows));
        for (size_t i = 0; i < g->y.rows * g->y.cols; i++)
            if (!g->y_present || g->y_present[i])
                BRAM_TRY(bram_hash_add(cx, h, bram_row(&g->y, i / g->y.cols) + i % g->y.cols,
                                       sizeof(double)));
    }
    return BRAM_OK;
}

int bram_search_key(bram_ctx *cx, char key[17], uint64_t seed, const bram_panel *train,
                    const bram_panel *validation)
{
    bram_hash *h = NULL;
    char hex[65];
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = bram_hash_add_u64(cx, h, seed);
    if (status == BRAM_OK) status = add_panel(cx, h, train);
    if (status == BRAM_OK) status = add_panel(cx, h, validation);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    bram_hash_free(h);
    if (status == BRAM_OK) snprintf(key, 17, "%.16s", hex);
    return status;
}
