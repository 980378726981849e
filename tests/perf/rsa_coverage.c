/*
 * rsa_coverage.c - how often the intervals of an inference on RDMs hold the truth, and how often
 * its tests find what is not there: the table of docs/inference.md. Seeds are 0, 1, 2 ... RUNS - 1.
 * `rsa_coverage FIRST LAST` makes some of its 20 lines, counted from 1.
 *
 * Conditions have features z of 10 dimensions. A subject's patterns are z plus a part of the
 * subject's own, plus noise of measurement; its RDM is their squared distances. Two models see z
 * with as much noise of their own each, so that neither is better; a third sees features that have
 * nothing to do with z. What is not drawn by the bootstrap is the same in all runs: then the truth
 * (the mean over all runs) is that of these conditions, or of these subjects.
 *
 * Over other conditions the third model is worth 0 and the first two are worth the same. Over these
 * conditions and other subjects that is not so; there the tests are of the first two models against
 * subjects that share nothing with each other or with the models.
 */
#include "linalg.h"
#include "rsa_inference.h"

#include <bramble/rng.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { RUNS = 300, N = 32, S = 12, MODELS = 3, DIMENSIONS = 10, PAIRS = N * (N - 1) / 2 };

/* How many conditions and subjects there are; N and S at most. */
static size_t conditions_here, subjects_here;

struct patterns {
    double x[N][DIMENSIONS];
};

static void draw(struct patterns *p, uint64_t seed, const char *stream, size_t k)
{
    bram_rng g = bram_rng_at(seed, stream, k);
    for (size_t i = 0; i < conditions_here; i++)
        for (size_t d = 0; d < DIMENSIONS; d++) p->x[i][d] = bram_rng_normal(&g);
}

static void add(struct patterns *p, double factor, uint64_t seed, const char *stream, size_t k)
{
    struct patterns q;
    draw(&q, seed, stream, k);
    for (size_t i = 0; i < conditions_here; i++)
        for (size_t d = 0; d < DIMENSIONS; d++) p->x[i][d] += factor * q.x[i][d];
}

static void distances(double *d, const struct patterns *p)
{
    for (size_t i = 0; i < conditions_here; i++)
        for (size_t j = i + 1; j < conditions_here; j++, d++) {
            *d = 0;
            for (size_t k = 0; k < DIMENSIONS; k++)
                *d += (p->x[i][k] - p->x[j][k]) * (p->x[i][k] - p->x[j][k]) / DIMENSIONS;
        }
}

/* One run: conditions from one seed, what is the subjects' own from another, noise from the run. */
static void simulate(double *models, double *subjects, uint64_t conditions, uint64_t people,
                     uint64_t run, bool strangers)
{
    size_t pairs = bram_rdm_pairs(conditions_here);
    for (size_t m = 0; m < MODELS; m++) {
        struct patterns p;
        draw(&p, conditions, m < 2 ? "features" : "others", 0);
        add(&p, 1, conditions, "model", m);
        distances(models + m * pairs, &p);
    }
    for (size_t s = 0; s < subjects_here; s++) {
        struct patterns p;
        draw(&p, strangers ? run : conditions, strangers ? "strangers" : "features",
             strangers ? s : 0);
        add(&p, 0.7, conditions + 1000000 * (people + 1), "subject", s);
        add(&p, 0.7, run, "noise", s);
        distances(subjects + s * pairs, &p);
    }
}

struct run {
    double value[MODELS], low[MODELS], high[MODELS], zero, pair;
};

static int infer(bram_ctx *cx, struct run *out, bram_rdm_comparator c, bram_rsa_resampling way,
                 uint64_t run, bool strangers)
{
    size_t pairs = bram_rdm_pairs(conditions_here);
    static double models[MODELS * PAIRS], subjects[S * PAIRS];
    uint64_t conditions = way == BRAM_RSA_SUBJECTS ? 77 : run;
    uint64_t people = way == BRAM_RSA_CONDITIONS ? 78 : run;
    simulate(models, subjects, conditions, people, run, strangers);
    bram_rsa_design d = {.measure = {.comparator = c},
                         .n = conditions_here,
                         .models = {models, MODELS, pairs, pairs},
                         .subjects = {subjects, subjects_here, pairs, pairs},
                         .resampling = way,
                         .samples = 200,
                         .seed = run,
                         .level = 0.95};
    bram_rsa_result *r;
    BRAM_TRY(bram_rsa_infer(cx, &r, &d));
    for (size_t m = 0; m < MODELS; m++)
        out->value[m] = r->value[m], out->low[m] = r->low[m], out->high[m] = r->high[m];
    out->zero = r->zero.t[strangers ? 0 : 2], out->pair = r->pair.t[0];
    bram_rsa_result_free(r);
    return BRAM_OK;
}

static int line(bram_ctx *cx, bram_rdm_comparator c, bram_rsa_resampling way, const char *name)
{
    static struct run runs[RUNS];
    double truth[MODELS] = {0}, held = 0, zero = 0, pair = 0, width = 0;
    for (uint64_t k = 0; k < RUNS; k++) {
        BRAM_TRY(infer(cx, &runs[k], c, way, k, false));
        for (size_t m = 0; m < MODELS; m++) truth[m] += runs[k].value[m] / RUNS;
    }
    for (size_t k = 0; k < RUNS; k++) {
        const struct run *r = &runs[k];
        for (size_t m = 0; m < MODELS; m++) {
            held += (r->low[m] <= truth[m] && truth[m] <= r->high[m]) / (double)(MODELS * RUNS);
            width += (r->high[m] - r->low[m]) / (MODELS * RUNS);
        }
        struct run none = *r;
        if (way == BRAM_RSA_SUBJECTS) BRAM_TRY(infer(cx, &none, c, way, k, true));
        zero += (none.zero < 0.05) / (double)RUNS, pair += (none.pair < 0.05) / (double)RUNS;
    }
    printf("| %zu, %zu | %s | `%s` | %.1f %% | %.2f | %.1f %% | %.1f %% |\n", conditions_here,
           subjects_here, name, bram_rdm_comparator_name(c), 100 * held, width, 100 * zero,
           100 * pair);
    fflush(stdout);
    return BRAM_OK;
}

int main(int argc, char **argv)
{
    static const struct {
        bram_rsa_resampling way;
        const char *name;
    } ways[] = {{BRAM_RSA_SUBJECTS, "subjects"},
                {BRAM_RSA_CONDITIONS, "conditions"},
                {BRAM_RSA_BOTH, "both"},
                {BRAM_RSA_DUAL, "dual"}};
    static const bram_rdm_comparator measures[] = {BRAM_COMPARE_CORR, BRAM_COMPARE_CORR_COV,
                                                   BRAM_COMPARE_TAU_A};
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    int status = BRAM_OK;
    size_t at = 0, first = argc > 2 ? strtoul(argv[1], NULL, 10) : 1;
    size_t last = argc > 2 ? strtoul(argv[2], NULL, 10) : SIZE_MAX;
    bram_ctx_set_threads(cx, 2);
    puts(
        "| conditions, subjects | drawn | measure | held by 95 % intervals | mean width | p < 0.05 "
        "against 0 | p < 0.05 between models |");
    puts("|---|---|---|---|---|---|---|");
    for (size_t size = 0; size < 2; size++)
        for (size_t w = 0; status == BRAM_OK && w < 4; w++)
            for (size_t c = 0; status == BRAM_OK && c < (size ? 2 : 3); c++) {
                if (++at < first || at > last) continue;
                conditions_here = size ? N : N / 2, subjects_here = size ? S : S / 2;
                status = line(cx, measures[c], ways[w].way, ways[w].name);
            }
    if (status != BRAM_OK) puts(bram_ctx_message(cx));
    bram_ctx_free(cx);
    return status != BRAM_OK;
}
