/*
 * simulate_motifs.c - animals under one protocol in which groups of neurons move together at known
 * times: motif k has two groups of GROUP neurons, each moved by a signal of its own while the motif
 * is on, twice in a recording; neurons belong to other groups in other motifs. Each animal takes
 * part in a motif with a strength of its own, lacks some neurons, and every trace has its own slow
 * noise.
 *
 * The truth stands in truth/: when (time x motif), who (animal x motif), and the group of each
 * neuron in each motif (table membership: 0 none, 1, 2).
 */
#include "simulate.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOTIFS = 3, GROUP = 5, NEURONS = 24, MOST_ANIMALS = 20 };

static const double DT = 0.5;          /* seconds a sample */
static const double LOST = 0.1;        /* share of neurons that a recording lacks */
static const double NOISE = 0.25;      /* deviation of the noise, the signals have about 1 */
static const double PERIOD[] = {6, 8}; /* seconds, of a group's signal */

struct made {
    size_t rows, animals;
    uint64_t seed;
    size_t group[MOTIFS][NEURONS];
    double who[MOST_ANIMALS][MOTIFS];
};

/* Two times of a motif, each a Gaussian bump of 12 s. */
static double when(const struct made *m, size_t t, size_t motif)
{
    double sum = 0, length = (double)m->rows * DT, seconds = DT * (double)t;
    for (size_t k = 0; k < 2; k++) {
        double z = (seconds - length * (0.1 + 0.16 * (double)(motif + MOTIFS * k))) / 6;
        sum += exp(-z * z / 2);
    }
    return sum;
}

static void draw_truth(struct made *m)
{
    bram_rng g = bram_rng_new(m->seed, "simulate/motifs/truth");
    for (size_t k = 0; k < MOTIFS; k++) {
        size_t order[NEURONS];
        bram_rng_permutation(&g, NEURONS, order);
        for (size_t i = 0; i < NEURONS; i++)
            m->group[k][order[i]] = i < GROUP ? 1 : i < 2 * GROUP ? 2 : 0;
    }
    for (size_t a = 0; a < m->animals; a++)
        for (size_t k = 0; k < MOTIFS; k++) m->who[a][k] = 0.6 + 0.8 * bram_rng_uniform(&g);
}

static const char *neuron_name(char buffer[8], size_t i)
{
    snprintf(buffer, 8, "N%02zu", i + 1);
    return buffer;
}

static const char *animal_name(char buffer[32], size_t i)
{
    snprintf(buffer, 32, "worm%02zu", i + 1);
    return buffer;
}

/* ---- one animal ----------------------------------------------------------------------------- */

static int neuron_axis(bram_ctx *cx, bram_axis **out, const size_t *neuron, size_t n)
{
    char text[NEURONS][8];
    const char *id[NEURONS], *certainty[NEURONS];
    for (size_t i = 0; i < n; i++) id[i] = neuron_name(text[i], neuron[i]), certainty[i] = "exact";
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "neuron", n));
    int status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "label", id);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "raw_label", id);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "certainty", certainty);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int time_axis(bram_ctx *cx, bram_axis **out, size_t rows)
{
    double *seconds = bram_scratch(cx, rows, sizeof *seconds);
    if (!seconds) return BRAM_ENOMEM;
    for (size_t t = 0; t < rows; t++) seconds[t] = DT * (double)t;
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "time", rows));
    int status = bram_axis_set_values(cx, axis, seconds, "s");
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* The phase of a group's signal differs between animals, its period does not. */
static void fill(float *out, const struct made *m, size_t animal, const size_t *neuron, size_t n)
{
    bram_rng g = bram_rng_at(m->seed, "simulate/motifs/noise", animal);
    double phase[MOTIFS][2], slow[NEURONS] = {0};
    for (size_t k = 0; k < MOTIFS; k++)
        for (size_t b = 0; b < 2; b++) phase[k][b] = 2 * acos(-1) * bram_rng_uniform(&g);
    for (size_t t = 0; t < m->rows; t++)
        for (size_t i = 0; i < n; i++) {
            double sum = slow[i] = 0.8 * slow[i] + 0.6 * NOISE * bram_rng_normal(&g);
            for (size_t k = 0; k < MOTIFS; k++) {
                size_t b = m->group[k][neuron[i]];
                if (!b) continue;
                double turn = 2 * acos(-1) * DT * (double)t / PERIOD[b - 1] + phase[k][b - 1];
                sum += m->who[animal][k] * when(m, t, k) * sin(turn);
            }
            out[t * n + i] = (float)sum;
        }
}

static int describe_animal(bram_ctx *cx, bram_dataset *ds, const char *group, const char *id)
{
    bram_attrs *a = bram_dataset_attrs(cx, ds, group);
    if (!a) return BRAM_ENOMEM;
    BRAM_TRY(bram_attrs_set_text(cx, a, "subject", id));
    BRAM_TRY(bram_attrs_set_text(cx, a, "session", "1"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "species", "simulated"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "condition", "protocol"));
    return bram_attrs_set_number(cx, a, "dt", DT);
}

static int add_animal(bram_ctx *cx, bram_dataset *ds, const struct made *m, size_t animal)
{
    char id[32], group[64];
    size_t neuron[NEURONS], n = 0;
    bram_axis *time = NULL, *axis = NULL;
    bram_response *activity = NULL;
    bram_rng g = bram_rng_at(m->seed, "simulate/motifs/lost", animal);
    snprintf(group, sizeof group, "recordings/%s", animal_name(id, animal));
    for (size_t i = 0; i < NEURONS; i++)
        if (bram_rng_uniform(&g) >= LOST) neuron[n++] = i;
    int status = time_axis(cx, &time, m->rows);
    if (status == BRAM_OK) status = neuron_axis(cx, &axis, neuron, n);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &activity, "activity", BRAM_F32, 2,
                                   (const bram_axis *[]){time, axis});
    bram_axis_free(time);
    bram_axis_free(axis);
    BRAM_TRY(status);
    fill(bram_response_f32(activity), m, animal, neuron, n);
    bram_attrs *a = bram_response_attrs(activity);
    status = bram_attrs_set_text(cx, a, "unit", "1");
    if (status == BRAM_OK) status = bram_attrs_set_text(cx, a, "filter", "none");
    if (status == BRAM_OK) status = describe_animal(cx, ds, group, id);
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, group, activity);
    bram_response_free(activity);
    return status;
}

/* ---- the truth ------------------------------------------------------------------------------ */

static int add_membership(bram_ctx *cx, bram_dataset *ds, const struct made *m)
{
    char text[NEURONS][8], name[16];
    const char *id[NEURONS];
    bram_axis *table = NULL;
    for (size_t i = 0; i < NEURONS; i++) id[i] = neuron_name(text[i], i);
    BRAM_TRY(bram_axis_new(cx, &table, "membership", NEURONS));
    int status = bram_axis_set_ids(cx, table, id);
    for (size_t k = 0; k < MOTIFS && status == BRAM_OK; k++) {
        int64_t group[NEURONS];
        for (size_t i = 0; i < NEURONS; i++) group[i] = (int64_t)m->group[k][i];
        snprintf(name, sizeof name, "motif%zu", k + 1);
        status = bram_axis_add_integer(cx, table, name, group);
    }
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, "truth", table);
    bram_axis_free(table);
    return status;
}

static int add_when(bram_ctx *cx, bram_dataset *ds, const struct made *m)
{
    bram_axis *time = NULL, *motif = NULL;
    bram_response *r = NULL;
    int status = time_axis(cx, &time, m->rows);
    if (status == BRAM_OK) status = bram_axis_new(cx, &motif, "motif", MOTIFS);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "when", BRAM_F64, 2, (const bram_axis *[]){time, motif});
    bram_axis_free(time);
    bram_axis_free(motif);
    BRAM_TRY(status);
    for (size_t t = 0; t < m->rows; t++)
        for (size_t k = 0; k < MOTIFS; k++) bram_response_f64(r)[t * MOTIFS + k] = when(m, t, k);
    return bram_dataset_add(cx, ds, "truth", r);
}

static int add_who(bram_ctx *cx, bram_dataset *ds, const struct made *m)
{
    bram_axis *animal = NULL, *motif = NULL;
    bram_response *r = NULL;
    char text[MOST_ANIMALS][32];
    const char *id[MOST_ANIMALS];
    for (size_t a = 0; a < m->animals; a++) id[a] = animal_name(text[a], a);
    int status = bram_axis_new(cx, &animal, "animal", m->animals);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, animal, id);
    if (status == BRAM_OK) status = bram_axis_new(cx, &motif, "motif", MOTIFS);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "who", BRAM_F64, 2,
                                   (const bram_axis *[]){animal, motif});
    bram_axis_free(animal);
    bram_axis_free(motif);
    BRAM_TRY(status);
    memcpy(bram_response_f64(r), m->who, m->animals * sizeof m->who[0]);
    return bram_dataset_add(cx, ds, "truth", r);
}

int bram_simulate_motifs(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full)
{
    struct made m = {.rows = full ? 960 : 240, .animals = full ? MOST_ANIMALS : 6, .seed = seed};
    draw_truth(&m);
    for (size_t a = 0; a < m.animals; a++) {
        size_t mark = bram_scratch_mark(cx);
        int status = add_animal(cx, out, &m, a);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    BRAM_TRY(add_membership(cx, out, &m));
    BRAM_TRY(add_when(cx, out, &m));
    return add_who(cx, out, &m);
}
