/*
 * submit.c - packing a model's files; see submit.h.
 */
#include "submit.h"

#include "demand.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_PARAMETERS = 8 }; /* of a density */

struct packing {
    const bram_benchmark *b;
    const bram_dataset *ds;
    const bram_model *model;
    const char *spec;
    bram_submission_out *out;
};

/* ---- features ------------------------------------------------------------------------------- */

static int add_layer(bram_ctx *cx, const struct packing *p, const bram_response *r,
                     const bram_axis *row)
{
    if (bram_response_dims(r) != 2 || bram_response_has_mask(r))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "layer %s is not stimulus x feature",
                         bram_response_name(r));
    size_t shape[2] = {bram_response_length(r, 0), bram_response_length(r, 1)};
    double *values = bram_alloc(cx, shape[0], shape[1] * sizeof *values);
    int status = values ? bram_response_read(cx, r, (size_t[]){0, 0}, shape, values, NULL)
                        : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = bram_submission_out_add(cx, p->out, bram_response_name(r), row, NULL, shape[1],
                                         values);
    bram_free(values);
    return status;
}

static int add_features(bram_ctx *cx, const struct packing *p, const bram_axis *row)
{
    bram_panel panel = {.public_data = p->ds};
    bram_query query = {.ask = BRAM_ASK_FEATURES, .panel = &panel, .stimulus = row};
    bram_fitted *f = NULL;
    bram_dataset *answer = NULL;
    BRAM_TRY(bram_fitted_new(cx, &f, p->spec, &panel, NULL, 0));
    int status = bram_fitted_answer(cx, &answer, f, &query);
    for (size_t i = 0; status == BRAM_OK && i < bram_dataset_responses(answer); i++)
        status = add_layer(
            cx, p, bram_dataset_response(answer, bram_dataset_response_path(answer, i)), row);
    bram_dataset_free(answer);
    bram_fitted_free(f);
    return status;
}

/* ---- predictions ---------------------------------------------------------------------------- */

/* The smallest step of ascending times, for matching. */
static double smallest_step(const bram_axis *row)
{
    const double *time = bram_axis_values(row);
    double step = 0;
    for (size_t i = 1; time && i < bram_axis_length(row); i++)
        if (!(step > 0) || time[i] - time[i - 1] < step) step = time[i] - time[i - 1];
    return step;
}

/* A matrix of an answer into columns first .. of one that is `width` wide; nothing may lack. */
static int take(bram_ctx *cx, double *out, size_t width, size_t first, const bram_response *r,
                const char *part)
{
    size_t shape[2] = {bram_response_length(r, 0), bram_response_length(r, 1)};
    size_t count = shape[0] * shape[1], mark = bram_scratch_mark(cx);
    double *values = bram_scratch(cx, count, sizeof *values);
    uint8_t *present = bram_scratch(cx, count, 1);
    if (!values || !present) return BRAM_ENOMEM;
    BRAM_TRY(bram_response_read(cx, r, (size_t[]){0, 0}, shape, values, present));
    for (size_t i = 0; i < count; i++) {
        if (!present[i])
            return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s: no prediction for unit \"%s\"", part,
                             bram_axis_id(bram_response_axis(r, 1), i % shape[1]));
        out[i / shape[1] * width + first + i % shape[1]] = values[i];
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* The responses that are packed: of densities their parameters, where the answer tells them. */
static size_t list_packed(const bram_response **out, const bram_dataset *answer, bram_ask ask)
{
    size_t n = 0, all = bram_dataset_responses(answer);
    for (size_t i = 0; i < all && n < MOST_PARAMETERS; i++) {
        const char *name = bram_dataset_response_path(answer, i);
        bool wanted = strcmp(name, bram_ask_response(ask)) == 0;
        if (ask == BRAM_ASK_LOGLIK && all > 1) wanted = !wanted;
        if (wanted) out[n++] = bram_dataset_response(answer, name);
    }
    return n;
}

/* Names of the columns: the units; of densities "rate:UNIT"; of states their numbers. */
static int name_columns(bram_ctx *cx, bram_axis **out, const bram_response *const *r, size_t count,
                        const bram_axis *unit, bram_ask ask)
{
    size_t each = bram_response_length(r[0], 1);
    const char **id = bram_scratch(cx, count * each, sizeof *id);
    if (!id) return BRAM_ENOMEM;
    for (size_t k = 0; k < count; k++)
        for (size_t u = 0; u < each; u++) {
            const char *name = ask == BRAM_ASK_STATES ? "" : bram_axis_id(unit, u);
            char *text = bram_scratch(cx, strlen(name) + 64, 1);
            if (!text) return BRAM_ENOMEM;
            if (ask == BRAM_ASK_STATES) sprintf(text, "%zu", u + 1);
            else if (ask != BRAM_ASK_LOGLIK) strcpy(text, name);
            else sprintf(text, "%.40s:%s", bram_response_name(r[k]), name);
            id[k * each + u] = text;
        }
    BRAM_TRY(bram_axis_new(cx, out, "column", count * each));
    return bram_axis_set_ids(cx, *out, id);
}

static int add_answer(bram_ctx *cx, const struct packing *p, const bram_dataset *answer,
                      const char *part, const bram_axis *row, const bram_axis *unit, bram_ask ask)
{
    const bram_response *r[MOST_PARAMETERS];
    bram_axis *column = NULL;
    size_t count = list_packed(r, answer, ask);
    if (!count)
        return bram_fail(cx, BRAM_ESHAPE, "%s: %s gave no \"%s\"", part, p->spec,
                         bram_ask_response(ask));
    size_t each = bram_response_length(r[0], 1), width = count * each;
    double *values = bram_scratch(cx, bram_axis_length(row), width * sizeof *values);
    int status = values ? BRAM_OK : BRAM_ENOMEM;
    for (size_t k = 0; k < count && status == BRAM_OK; k++)
        status = take(cx, values, width, k * each, r[k], part);
    if (status == BRAM_OK) status = name_columns(cx, &column, r, count, unit, ask);
    if (status == BRAM_OK)
        status = bram_submission_out_add(cx, p->out, part, row, column, width, values);
    bram_axis_free(column);
    return status;
}

/* Asks about rows of which the model sees nothing: it knows them from its files. */
static int ask_part(bram_ctx *cx, const struct packing *p, const char *part, const bram_axis *row,
                    const bram_axis *unit, bram_ask ask)
{
    size_t rows = bram_axis_length(row), units = bram_axis_length(unit);
    double *y = bram_scratch(cx, rows * units, sizeof *y);
    uint8_t *hidden = bram_scratch(cx, rows * units, 1), *held_out = bram_scratch(cx, units, 1);
    if (!y || !hidden || !held_out) return BRAM_ENOMEM;
    memset(held_out, 1, units);
    if (ask == BRAM_ASK_LOGLIK)
        memset(hidden, 1, rows * units); /* densities of any values will do */
    bram_segment segment = {.id = part,
                            .row = row,
                            .y = {y, rows, units, units},
                            .y_present = hidden,
                            .dt = smallest_step(row)};
    bram_panel panel = {.unit = unit, .public_data = p->ds, .segment = &segment, .segments = 1};
    bram_query query = {.ask = ask, .panel = &panel, .held_out = held_out};
    bram_fitted *f = NULL;
    bram_dataset *answer = NULL;
    BRAM_TRY(bram_fitted_new(cx, &f, p->spec, &panel, NULL, 0));
    int status = bram_fitted_answer(cx, &answer, f, &query);
    if (status == BRAM_OK) status = add_answer(cx, p, answer, part, row, unit, ask);
    bram_dataset_free(answer);
    bram_fitted_free(f);
    return status;
}

/* States are told without units; weights lead from units to units. */
static int add_part(bram_ctx *cx, const struct packing *p, const char *part)
{
    bram_demand d = {0};
    bram_axis *row = NULL, *one = NULL;
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_demand_of(cx, &d, p->b, p->ds, part));
    int status = BRAM_OK;
    if (!bram_ask_response(d.ask))
        status = bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s asks for no predictions of parts",
                           p->b->name);
    else if (d.ask == BRAM_ASK_WEIGHTS) row = bram_axis_ref(d.unit);
    else status = bram_demand_rows(cx, &row, &d);
    if (status == BRAM_OK && !d.unit) status = bram_axis_new(cx, &one, "unit", 1);
    if (status == BRAM_OK) status = ask_part(cx, p, part, row, d.unit ? d.unit : one, d.ask);
    bram_axis_free(one);
    bram_axis_free(row);
    bram_demand_release(&d);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- all ------------------------------------------------------------------------------------ */

static int add_all(bram_ctx *cx, const struct packing *p, const bram_axis *parts, bool features)
{
    if (!features) {
        for (size_t i = 0; i < bram_axis_length(parts); i++)
            BRAM_TRY(add_part(cx, p, bram_axis_id(parts, i)));
        return BRAM_OK;
    }
    bram_axis *row = NULL;
    BRAM_TRY(bram_demand_stimuli(cx, &row, p->b, p->ds, parts));
    int status = add_features(cx, p, row);
    bram_axis_free(row);
    return status;
}

static int check_card(bram_ctx *cx, const char *text)
{
    bram_yaml_card *card = NULL;
    BRAM_TRY(bram_yaml_card_parse(cx, &card, "card", text));
    bram_yaml_card_free(card);
    return BRAM_OK;
}

int bram_submit(bram_ctx *cx, const bram_benchmark *b, const bram_dataset *ds, const char *spec,
                const char *card, const char *path, bool replace)
{
    struct packing p = {.b = b, .ds = ds, .spec = spec};
    char hash[65], *canonical = NULL;
    bram_axis *parts = NULL;
    BRAM_TRY(check_card(cx, card));
    BRAM_TRY(bram_model_parse(cx, &p.model, NULL, &canonical, spec));
    /* a program that answers whatever it is asked is fitted while the benchmark runs */
    bool features = (p.model->answers & BRAM_ANSWERS(BRAM_ASK_FEATURES)) &&
                    !(p.model->answers & BRAM_ANSWERS(BRAM_ASK_RESPOND));
    int status = BRAM_OK;
    if (!(p.model->flags & BRAM_MODEL_OUTSIDE) ||
        (!features && !(p.model->flags & BRAM_MODEL_SELF_REPORTED)))
        status = bram_fail(cx, BRAM_EUSAGE,
                           "%s is no model from files; expected files:, process-features:, "
                           "predictions: or forecasts:",
                           p.model->name);
    if (status == BRAM_OK) status = bram_dataset_hash(cx, ds, hash);
    if (status == BRAM_OK) status = bram_task_find(b->task)->parts(cx, &parts, b, ds);
    bram_submission_about about = {.benchmark = b->name,
                                   .task = b->task,
                                   .dataset = b->dataset,
                                   .dataset_hash = hash,
                                   .options = bram_options_canonical(b->options),
                                   .model = canonical,
                                   .benchmark_version = b->version,
                                   .features = features,
                                   .card = card};
    if (status == BRAM_OK) status = bram_submission_out_new(cx, &p.out, &about);
    if (status == BRAM_OK) status = add_all(cx, &p, parts, features);
    if (status == BRAM_OK) status = bram_submission_out_write(cx, p.out, path, replace);
    bram_submission_out_free(p.out);
    bram_axis_free(parts);
    bram_free(canonical);
    return status;
}
