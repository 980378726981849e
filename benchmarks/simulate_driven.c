/*
 * simulate_driven.c - animals whose behaviour drives their neurons, so that what behaviour is worth
 * to a forecast is known.
 *
 *   y_j(t) = a y_j(t-1) + c_j s_j(t-1) + noise,   a = 0.8, variance of y_j 1
 *
 * s_j is the speed (normal, drawn afresh in each row) for a quarter of the neurons, taps (one row
 * in ten) for another; for the others c_j = 0. The drive is SHARE of what a driven neuron's own
 * past does not tell, a variance of 1 - a^2. The copy of the last value errs by 2 (1 - a), so that
 * behaviour is worth SHARE (1 + a) / 2 = 0.72 of its error.
 *
 * Each animal lacks a neuron, the last one the taps, and every other one has its variables in
 * another order.
 */
#include "simulate.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double DT = 0.5;    /* seconds a row */
static const double DECAY = 0.8; /* a */
static const double SHARE = 0.8;
static const double TAPS = 0.1; /* share of rows */
enum { BURN_IN = 50, VARIABLES = 2, SPEED = 0, TAP = 1 };

static const char *const variable_names[VARIABLES] = {"speed", "taps"};

struct animal {
    char id[24], group[64];
    size_t rows, neurons, lacks; /* lacks: a neuron */
    size_t variables;
    bool turned;   /* variables in the other order */
    double *drive; /* rows x VARIABLES, scaled to variance 1 */
    bram_rng g;
};

/* What drives a neuron; VARIABLES: nothing. */
static size_t driver_of(size_t neuron)
{
    size_t kind = neuron % 4;
    return kind < VARIABLES ? kind : VARIABLES;
}

static void draw_drive(struct animal *a, size_t rows)
{
    for (size_t t = 0; t < rows; t++) {
        a->drive[t * VARIABLES + SPEED] = bram_rng_normal(&a->g);
        double tap = bram_rng_uniform(&a->g) < TAPS;
        a->drive[t * VARIABLES + TAP] = (tap - TAPS) / sqrt(TAPS * (1 - TAPS));
    }
}

/* out: rows x (neurons - 1); drive has BURN_IN rows more. */
static void fill_activity(float *out, struct animal *a)
{
    for (size_t j = 0, column = 0; j < a->neurons; j++) {
        double y = bram_rng_normal(&a->g), news = sqrt(1 - DECAY * DECAY);
        size_t driver = driver_of(j);
        double share = driver < VARIABLES ? SHARE : 0;
        for (size_t t = 1; t < BURN_IN + a->rows; t++) {
            double s = share > 0 ? a->drive[(t - 1) * VARIABLES + driver] : 0;
            y = DECAY * y + news * (sqrt(share) * s + sqrt(1 - share) * bram_rng_normal(&a->g));
            if (t >= BURN_IN && j != a->lacks)
                out[(t - BURN_IN) * (a->neurons - 1) + column] = (float)y;
        }
        column += j != a->lacks;
    }
}

static void fill_behaviour(float *out, const struct animal *a)
{
    for (size_t t = 0; t < a->rows; t++)
        for (size_t k = 0; k < a->variables; k++) {
            size_t v = a->turned ? a->variables - 1 - k : k;
            double s = a->drive[(BURN_IN + t) * VARIABLES + v];
            out[t * a->variables + k] = (float)(v == TAP ? s > 0 : s);
        }
}

static int time_axis(bram_ctx *cx, bram_axis **out, const char *name, size_t rows)
{
    bram_axis *axis = NULL;
    double *seconds = bram_scratch(cx, rows, sizeof *seconds);
    if (!seconds) return BRAM_ENOMEM;
    for (size_t t = 0; t < rows; t++) seconds[t] = DT * (double)t;
    BRAM_TRY(bram_axis_new(cx, &axis, name, rows));
    int status = bram_axis_set_values(cx, axis, seconds, "s");
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int neuron_axis(bram_ctx *cx, bram_axis **out, const struct animal *a)
{
    size_t n = a->neurons - 1, i = 0;
    char(*name)[24] = bram_scratch(cx, n, sizeof *name);
    const char **id = bram_scratch(cx, n, sizeof *id);
    const char **certainty = bram_scratch(cx, n, sizeof *certainty);
    int64_t *column = bram_scratch(cx, n, sizeof *column);
    bram_axis *axis = NULL;
    if (!name || !id || !certainty || !column) return BRAM_ENOMEM;
    for (size_t j = 0; j < a->neurons; j++) {
        if (j == a->lacks) continue;
        snprintf(name[i], sizeof name[i], "D%02zu", j + 1);
        id[i] = name[i], certainty[i] = "exact", column[i] = (int64_t)i + 1;
        i++;
    }
    BRAM_TRY(bram_axis_new(cx, &axis, "neuron", n));
    int status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "label", id);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "raw_label", id);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "certainty", certainty);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, axis, "raw_column", column);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int variable_axis(bram_ctx *cx, bram_axis **out, const struct animal *a)
{
    static const char *const unit[] = {"1", "1"};
    const char *id[VARIABLES];
    bram_axis *axis = NULL;
    for (size_t k = 0; k < a->variables; k++)
        id[k] = variable_names[a->turned ? a->variables - 1 - k : k];
    BRAM_TRY(bram_axis_new(cx, &axis, "variable", a->variables));
    int status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "unit", unit);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* A new response with axes that it takes over. */
static int new_response(bram_ctx *cx, bram_response **out, const char *name, bram_axis *row,
                        bram_axis *column)
{
    int status = bram_response_new(cx, out, name, BRAM_F32, 2, (const bram_axis *[]){row, column});
    bram_axis_free(row);
    bram_axis_free(column);
    return status;
}

static int add_activity(bram_ctx *cx, bram_dataset *ds, struct animal *a)
{
    bram_axis *time = NULL, *neuron = NULL;
    bram_response *r = NULL;
    int status = time_axis(cx, &time, "time", a->rows);
    if (status == BRAM_OK) status = neuron_axis(cx, &neuron, a);
    if (status != BRAM_OK) bram_axis_free(time);
    BRAM_TRY(status);
    BRAM_TRY(new_response(cx, &r, "activity", time, neuron));
    fill_activity(bram_response_f32(r), a);
    status = bram_attrs_set_text(cx, bram_response_attrs(r), "unit", "1");
    if (status == BRAM_OK)
        status = bram_attrs_set_text(cx, bram_response_attrs(r), "filter", "none");
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, a->group, r);
    bram_response_free(r);
    return status;
}

static int add_behaviour(bram_ctx *cx, bram_dataset *ds, const struct animal *a)
{
    bram_axis *time = NULL, *variable = NULL;
    bram_response *r = NULL;
    int status = time_axis(cx, &time, "behaviour_time", a->rows);
    if (status == BRAM_OK) status = variable_axis(cx, &variable, a);
    if (status != BRAM_OK) bram_axis_free(time);
    BRAM_TRY(status);
    BRAM_TRY(new_response(cx, &r, "behaviour", time, variable));
    fill_behaviour(bram_response_f32(r), a);
    return bram_dataset_add(cx, ds, a->group, r);
}

static int describe_animal(bram_ctx *cx, bram_dataset *ds, const struct animal *a)
{
    bram_attrs *attrs = bram_dataset_attrs(cx, ds, a->group);
    if (!attrs) return BRAM_ENOMEM;
    BRAM_TRY(bram_attrs_set_text(cx, attrs, "subject", a->id));
    BRAM_TRY(bram_attrs_set_text(cx, attrs, "session", "1"));
    BRAM_TRY(bram_attrs_set_text(cx, attrs, "species", "simulated"));
    BRAM_TRY(bram_attrs_set_text(cx, attrs, "condition", "driven"));
    BRAM_TRY(bram_attrs_set_number(cx, attrs, "start", 0));
    return bram_attrs_set_number(cx, attrs, "dt", DT);
}

int bram_simulate_driven(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full)
{
    size_t animals = full ? 10 : 4, mark = bram_scratch_mark(cx);
    struct animal a = {.rows = full ? 3000 : 400, .neurons = full ? 40 : 12};
    a.drive = bram_scratch(cx, (BURN_IN + a.rows) * VARIABLES, sizeof *a.drive);
    if (!a.drive) return BRAM_ENOMEM;
    for (size_t i = 0; i < animals; i++) {
        snprintf(a.id, sizeof a.id, "animal%02zu", i + 1);
        snprintf(a.group, sizeof a.group, "recordings/%s", a.id);
        a.g = bram_rng_at(seed, "simulate/driven", i);
        a.lacks = i, a.turned = i % 2, a.variables = VARIABLES;
        if (i + 1 == animals) a.variables = 1, a.turned = false; /* the speed alone */
        draw_drive(&a, BURN_IN + a.rows);
        BRAM_TRY(describe_animal(cx, out, &a));
        BRAM_TRY(add_activity(cx, out, &a));
        BRAM_TRY(add_behaviour(cx, out, &a));
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}
