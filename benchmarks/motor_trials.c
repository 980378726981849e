/*
 * motor_trials.c - see motor_trials.h.
 */
#include "motor_trials.h"

#include "behaviour.h"
#include "internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { INPUTS = 3, REACH = 3 /* deviations of the Gaussian that count */ };

enum set { NONE, TRAIN, TEST, LEFT_OUT };
static const char *const set_name[] = {"", "train", "test", "left-out"};

struct source {
    const bram_options *o;
    bram_recording activity, velocity;
    bram_onsets movement;
    size_t before, rows, reach; /* of a trial; how far the smoothing looks */
    double *weight;             /* reach + 1, of the Gaussian */
    enum set *set;              /* of each movement */
    bram_axis *input;
};

static void release(struct source *s)
{
    bram_onsets_release(&s->movement);
    bram_recording_release(&s->velocity);
    bram_recording_release(&s->activity);
    bram_axis_free(s->input);
}

static int read_source(bram_ctx *cx, struct source *s, const bram_dataset *ds)
{
    size_t n = bram_dataset_groups(ds, "recordings");
    if (n != 1)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "trials=movements: found %zu recordings, expected one", n);
    BRAM_TRY(bram_recording_read(cx, &s->activity, ds, bram_dataset_group_at(ds, "recordings", 0),
                                 bram_option_text(s->o, "activity")));
    BRAM_TRY(bram_onsets_of_behaviour(cx, &s->movement, ds, &s->activity, s->o));
    BRAM_TRY(bram_behaviour_read(cx, &s->velocity, ds, &s->activity,
                                 bram_option_text(s->o, "behaviour"),
                                 bram_option_text(s->o, "velocity")));
    BRAM_TRY(bram_axis_new(cx, &s->input, "channel", INPUTS));
    return bram_axis_set_ids(cx, s->input, (const char *[]){"cosine", "sine", "go"});
}

static int make_weights(bram_ctx *cx, struct source *s)
{
    double deviation = bram_option_real(s->o, "smooth"), sum = 0;
    s->before = (size_t)bram_option_integer(s->o, "before");
    s->rows = s->before + (size_t)bram_option_integer(s->o, "after");
    s->reach = (size_t)ceil(REACH * deviation);
    s->weight = bram_scratch(cx, s->reach + 1, sizeof *s->weight);
    s->set = bram_scratch(cx, s->movement.count, sizeof *s->set);
    if (!s->weight || !s->set) return BRAM_ENOMEM;
    for (size_t k = 0; k <= s->reach; k++) {
        double z = deviation > 0 ? (double)k / deviation : 0;
        s->weight[k] = exp(-z * z / 2);
        sum += (k ? 2 : 1) * s->weight[k];
    }
    for (size_t k = 0; k <= s->reach; k++) s->weight[k] /= sum;
    return BRAM_OK;
}

/* ---- sets ----------------------------------------------------------------------------------- */

/* The first row that a trial looks at, through the smoothing, and how many. */
static size_t looks_at(const struct source *s, size_t trial, size_t *rows)
{
    *rows = s->rows + 2 * s->reach;
    return s->movement.trial[trial].row - s->before - s->reach;
}

/* Whether all of that lies in one stretch, with nothing missing. */
static bool is_whole(const struct source *s, size_t trial)
{
    const bram_recording *r = &s->activity, *v = &s->velocity;
    size_t row = s->movement.trial[trial].row, before = s->before + s->reach, rows;
    if (row < before) return false;
    size_t from = looks_at(s, trial, &rows);
    if (from + rows > r->rows) return false;
    for (size_t i = 1; i < r->pieces; i++)
        if (from < r->piece[i] && r->piece[i] < from + rows) return false;
    if (memchr(r->present + from * r->units, 0, rows * r->units)) return false;
    return !memchr(v->present + (row - s->before) * v->units, 0, s->rows * v->units);
}

/* Directions that are left out: so many, evenly spread. */
static bool is_left_out(const struct source *s, uint32_t direction)
{
    size_t directions = bram_axis_length(s->movement.condition);
    size_t out = (size_t)bram_option_integer(s->o, "left-out");
    return (direction + 1) * out / directions != direction * out / directions;
}

/* Whether a trial shares rows with one that is left out. */
static bool touches(const struct source *s, size_t trial)
{
    size_t rows, from = looks_at(s, trial, &rows), other;
    for (size_t k = 0; k < s->movement.count; k++)
        if (s->set[k] == LEFT_OUT && (other = looks_at(s, k, &rows)) < from + rows &&
            from < other + rows)
            return true;
    return false;
}

static int divide(bram_ctx *cx, struct source *s)
{
    size_t count[4] = {0}, rows;
    double share = bram_option_real(s->o, "share");
    size_t test = (size_t)((1 - share) * (double)s->activity.rows);
    if ((size_t)bram_option_integer(s->o, "left-out") >= bram_axis_length(s->movement.condition))
        return bram_fail(cx, BRAM_EUSAGE, "left-out=%zu of %zu directions leaves none to train on",
                         (size_t)bram_option_integer(s->o, "left-out"),
                         bram_axis_length(s->movement.condition));
    for (size_t k = 0; k < s->movement.count; k++)
        if (is_whole(s, k) && is_left_out(s, s->movement.trial[k].condition)) s->set[k] = LEFT_OUT;
    for (size_t k = 0; k < s->movement.count; k++) {
        if (s->set[k] == LEFT_OUT || !is_whole(s, k)) continue;
        size_t from = looks_at(s, k, &rows);
        if (from >= test) s->set[k] = TEST;
        else if (from + rows <= test && !touches(s, k)) s->set[k] = TRAIN;
    }
    for (size_t k = 0; k < s->movement.count; k++) count[s->set[k]]++;
    if (count[TRAIN] && count[TEST]) return BRAM_OK;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                     "%zu movements leave %zu whole trials to train on and %zu to test, expected "
                     "some of each",
                     s->movement.count, count[TRAIN], count[TEST]);
}

/* ---- trials --------------------------------------------------------------------------------- */

static double smoothed(const struct source *s, size_t row, size_t unit)
{
    const double *v = s->activity.values + row * s->activity.units + unit;
    double sum = s->weight[0] * *v;
    for (size_t k = 1; k <= s->reach; k++) {
        size_t step = k * s->activity.units;
        sum += s->weight[k] * (*(v - step) + v[step]);
    }
    return sum;
}

static int add(bram_ctx *cx, bram_dataset *out, const char *group, const char *name,
               const bram_axis *time, const bram_axis *column, double **values)
{
    bram_response *r = NULL;
    BRAM_TRY(bram_response_new(cx, &r, name, BRAM_F64, 2, (const bram_axis *[]){time, column}));
    *values = bram_response_f64(r);
    return bram_dataset_add(cx, out, group, r);
}

static int fill_trial(bram_ctx *cx, bram_dataset *out, const struct source *s, const char *group,
                      const bram_axis *time, size_t trial)
{
    static const double TURN = 6.283185307179586;
    double *activity, *output, *input;
    const bram_onset *t = &s->movement.trial[trial];
    size_t from = t->row - s->before, units = s->activity.units, outputs = s->velocity.units;
    double angle = TURN * t->condition / (double)bram_axis_length(s->movement.condition);
    BRAM_TRY(
        add(cx, out, group, bram_option_text(s->o, "activity"), time, s->activity.unit, &activity));
    BRAM_TRY(
        add(cx, out, group, bram_option_text(s->o, "output"), time, s->velocity.unit, &output));
    BRAM_TRY(add(cx, out, group, bram_option_text(s->o, "input"), time, s->input, &input));
    for (size_t k = 0; k < s->rows; k++) {
        for (size_t i = 0; i < units; i++) activity[k * units + i] = smoothed(s, from + k, i);
        input[k * INPUTS] = cos(angle), input[k * INPUTS + 1] = sin(angle);
        input[k * INPUTS + 2] = k >= s->before;
    }
    memcpy(output, s->velocity.values + from * outputs, s->rows * outputs * sizeof *output);
    return BRAM_OK;
}

static int add_trial(bram_ctx *cx, bram_dataset *out, const struct source *s, size_t trial)
{
    char group[64];
    const bram_onset *t = &s->movement.trial[trial];
    bram_axis *time = NULL;
    snprintf(group, sizeof group, "recordings/movement %zu", trial + 1);
    bram_attrs *a = bram_dataset_attrs(cx, out, group);
    if (!a) return BRAM_ENOMEM;
    BRAM_TRY(bram_attrs_set_text(cx, a, "set", set_name[s->set[trial]]));
    BRAM_TRY(
        bram_attrs_set_text(cx, a, "condition", bram_axis_id(s->movement.condition, t->condition)));
    BRAM_TRY(bram_axis_new(cx, &time, "time", s->rows));
    int status = bram_axis_set_values(cx, time,
                                      bram_axis_values(s->activity.time) + t->row - s->before, "s");
    if (status == BRAM_OK) status = fill_trial(cx, out, s, group, time, trial);
    bram_axis_free(time);
    return status;
}

int bram_motor_trials(bram_ctx *cx, bram_dataset **out, const bram_dataset *ds,
                      const bram_options *o)
{
    struct source s = {.o = o};
    bram_dataset *made = NULL;
    size_t mark = bram_scratch_mark(cx);
    int status = read_source(cx, &s, ds);
    if (status == BRAM_OK) status = make_weights(cx, &s);
    if (status == BRAM_OK) status = divide(cx, &s);
    if (status == BRAM_OK) status = bram_dataset_new(cx, &made);
    for (size_t k = 0; status == BRAM_OK && k < s.movement.count; k++)
        if (s.set[k] != NONE) status = add_trial(cx, made, &s, k);
    release(&s);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = made;
    else bram_dataset_free(made);
    return status;
}
