/*
 * simulate_motor.c - reaches of a made motor cortex (core/motor_network.h), recorded as trials.
 *
 * A recording is a trial: rates of all neurons, two muscles, and the input that tells the network
 * which reach and when (four coordinates of the initial state, ramped, and the ramp). Its attribute
 * `set` says what it is for: "train" (six of eight reaches, two trials each), "test" (the same
 * reaches once more), "left-out" (the two others), "perturbed" (the six from initial states that
 * were pushed aside by a fifth of their length).
 */
#include "motor_network.h"
#include "simulate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    ROWS = BRAM_MOTOR_BEFORE + BRAM_MOTOR_AFTER,
    INPUTS = BRAM_MOTOR_DIMENSIONS + 1,
    LEFT_OUT = 3 /* reaches 3 and 3 + 4, which lies opposite */
};
static const double NOISE = 0.2, PUSH = 0.2;

/* A trial's arrays, and the axes that all trials share. */
struct trials {
    const bram_motor_network *w;
    bram_axis *time, *neuron, *variable, *input;
    double *rates, *muscles, *inputs;
    uint64_t seed, count;
};

static int named_axis(bram_ctx *cx, bram_axis **out, const char *name, const char *stem, size_t n)
{
    char(*text)[32] = bram_scratch(cx, n, sizeof *text);
    const char **id = bram_scratch(cx, n, sizeof *id);
    if (!text || !id) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        snprintf(text[i], sizeof text[i], "%s%zu", stem, i + 1);
        id[i] = text[i];
    }
    BRAM_TRY(bram_axis_new(cx, out, name, n));
    return bram_axis_set_ids(cx, *out, id);
}

static int label_neurons(bram_ctx *cx, bram_axis *neuron, size_t n)
{
    const char **empty = bram_scratch(cx, n, sizeof *empty);
    const char **certainty = bram_scratch(cx, n, sizeof *certainty);
    const char **type = bram_scratch(cx, n, sizeof *type);
    int64_t *column = bram_scratch(cx, n, sizeof *column);
    if (!empty || !certainty || !type || !column) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        empty[i] = "", certainty[i] = "unlabeled", column[i] = (int64_t)i + 1;
        type[i] = i < n / 2 ? "excitatory" : "inhibitory";
    }
    BRAM_TRY(bram_axis_add_text(cx, neuron, "label", empty));
    BRAM_TRY(bram_axis_add_text(cx, neuron, "raw_label", empty));
    BRAM_TRY(bram_axis_add_text(cx, neuron, "certainty", certainty));
    BRAM_TRY(bram_axis_add_text(cx, neuron, "type", type));
    return bram_axis_add_integer(cx, neuron, "raw_column", column);
}

static int make_axes(bram_ctx *cx, struct trials *t)
{
    double seconds[ROWS];
    static const char *const unit[] = {"1", "1"};
    for (size_t i = 0; i < ROWS; i++) seconds[i] = (double)i * BRAM_MOTOR_ROW;
    BRAM_TRY(bram_axis_new(cx, &t->time, "time", ROWS));
    BRAM_TRY(bram_axis_set_values(cx, t->time, seconds, "s"));
    BRAM_TRY(named_axis(cx, &t->neuron, "neuron", "#", t->w->neurons));
    BRAM_TRY(label_neurons(cx, t->neuron, t->w->neurons));
    BRAM_TRY(named_axis(cx, &t->variable, "variable", "muscle", BRAM_MOTOR_MUSCLES));
    BRAM_TRY(bram_axis_add_text(cx, t->variable, "unit", unit));
    BRAM_TRY(named_axis(cx, &t->input, "channel", "state", INPUTS));
    return BRAM_OK;
}

static int add(bram_ctx *cx, bram_dataset *ds, const char *group, const char *name,
               const bram_axis *row, const bram_axis *column, const double *values, bool activity)
{
    bram_response *r = NULL;
    BRAM_TRY(bram_response_new(cx, &r, name, BRAM_F32, 2, (const bram_axis *[]){row, column}));
    for (size_t i = 0; i < bram_response_count(r); i++) bram_response_f32(r)[i] = (float)values[i];
    int status = BRAM_OK;
    if (activity) status = bram_attrs_set_text(cx, bram_response_attrs(r), "unit", "Hz");
    if (activity && status == BRAM_OK)
        status = bram_attrs_set_text(cx, bram_response_attrs(r), "filter", "none");
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, group, r);
    bram_response_free(r);
    return status;
}

static int describe(bram_ctx *cx, bram_dataset *ds, const char *group, size_t reach,
                    const char *set)
{
    char condition[24];
    bram_attrs *a = bram_dataset_attrs(cx, ds, group);
    if (!a) return BRAM_ENOMEM;
    snprintf(condition, sizeof condition, "reach %zu", reach + 1);
    BRAM_TRY(bram_attrs_set_text(cx, a, "subject", "made"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "session", "1"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "species", "simulated"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "condition", condition));
    BRAM_TRY(bram_attrs_set_text(cx, a, "set", set));
    BRAM_TRY(bram_attrs_set_number(cx, a, "start", 0));
    return bram_attrs_set_number(cx, a, "dt", BRAM_MOTOR_ROW);
}

static int add_trial(bram_ctx *cx, bram_dataset *ds, struct trials *t, size_t reach,
                     const char *set)
{
    char group[64];
    double place[BRAM_MOTOR_DIMENSIONS], push[BRAM_MOTOR_DIMENSIONS], length = 0, pushed = 0;
    bram_rng g = bram_rng_at(t->seed, "simulate/motor/trial", t->count++);
    memcpy(place, t->w->target[reach], sizeof place);
    for (size_t d = 0; d < BRAM_MOTOR_DIMENSIONS; d++) {
        push[d] = bram_rng_normal(&g);
        length += place[d] * place[d], pushed += push[d] * push[d];
    }
    bool aside = strcmp(set, "perturbed") == 0;
    for (size_t d = 0; d < BRAM_MOTOR_DIMENSIONS && aside; d++)
        place[d] += PUSH * push[d] * sqrt(length / pushed);
    snprintf(group, sizeof group, "recordings/trial%02u", (unsigned)t->count % 100);
    BRAM_TRY(bram_motor_reach(cx, t->rates, t->muscles, t->inputs, t->w, place, NOISE, &g));
    BRAM_TRY(describe(cx, ds, group, reach, set));
    BRAM_TRY(add(cx, ds, group, "activity", t->time, t->neuron, t->rates, true));
    BRAM_TRY(add(cx, ds, group, "muscles", t->time, t->variable, t->muscles, false));
    return add(cx, ds, group, "input", t->time, t->input, t->inputs, false);
}

static int add_trials(bram_ctx *cx, bram_dataset *ds, struct trials *t)
{
    static const char *const sets[] = {"train", "train", "test", "perturbed"};
    t->rates = bram_scratch(cx, ROWS, t->w->neurons * sizeof *t->rates);
    t->muscles = bram_scratch(cx, ROWS, BRAM_MOTOR_MUSCLES * sizeof *t->muscles);
    t->inputs = bram_scratch(cx, ROWS, INPUTS * sizeof *t->inputs);
    if (!t->rates || !t->muscles || !t->inputs) return BRAM_ENOMEM;
    BRAM_TRY(make_axes(cx, t));
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++)
        for (size_t k = 0; k < BRAM_MOTOR_REACHES; k++) {
            bool out = k % (BRAM_MOTOR_REACHES / 2) == LEFT_OUT;
            if (out && s != 2) continue;
            BRAM_TRY(add_trial(cx, ds, t, k, out ? "left-out" : sets[s]));
        }
    return BRAM_OK;
}

int bram_simulate_motor(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full)
{
    bram_motor_network w;
    struct trials t = {.w = &w, .seed = seed};
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_motor_network_new(cx, &w, full ? 200 : 60, seed));
    int status = add_trials(cx, out, &t);
    bram_axis_free(t.time);
    bram_axis_free(t.neuron);
    bram_axis_free(t.variable);
    bram_axis_free(t.input);
    bram_motor_network_release(&w);
    bram_scratch_release(cx, mark);
    return status;
}
