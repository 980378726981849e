/*
 * perf_images.c - features of pictures a second of processor time, on one thread, for each
 * image-computable baseline with its defaults: 64 made pictures (dead leaves) of 160 x 160 levels.
 *
 * The bars are a third of what was measured (docs/performance.md): they tell a lost optimisation,
 * not a slow day.
 */
#include "dead_leaves.h"
#include "perf.h"
#include "pictures.h"

#include <bramble/model.h>

enum { PICTURES = 64, SIDE = 160 };

static bram_dataset *made(bram_ctx *cx)
{
    static float values[SIDE * SIDE];
    static char text[PICTURES][8];
    const char *id[PICTURES];
    bram_axis *stimulus = NULL;
    bram_dataset *ds = NULL;
    bram_response *r = NULL;
    bram_image im = {SIDE, SIDE, 1, 8, values};
    for (size_t i = 0; i < PICTURES; i++) {
        snprintf(text[i], sizeof text[i], "s%zu", i);
        id[i] = text[i];
    }
    if (bram_dataset_new(cx, &ds) || bram_axis_new(cx, &stimulus, "stimulus", PICTURES) ||
        bram_axis_set_ids(cx, stimulus, id) ||
        bram_pictures_new(cx, &r, "leaves", stimulus, SIDE, SIDE, 1))
        return NULL;
    for (size_t i = 0; i < PICTURES; i++) {
        bram_dead_leaves(values, SIDE, 1, i);
        if (bram_pictures_put(cx, r, i, &im, "leaves")) return NULL;
    }
    if (bram_dataset_add(cx, ds, "stimuli/images", r) ||
        bram_dataset_add_table(cx, ds, "stimuli", stimulus))
        return NULL;
    return ds;
}

/* Seconds of processor time for all pictures; negative on failure. */
static double seconds(bram_ctx *cx, const bram_dataset *ds, const char *spec)
{
    bram_panel panel = {.public_data = ds};
    bram_fitted *f = NULL;
    bram_dataset *answer = NULL;
    bram_query q = {.ask = BRAM_ASK_FEATURES,
                    .panel = &panel,
                    .stimulus = bram_dataset_table(ds, "stimuli/stimulus")};
    if (bram_fitted_new(cx, &f, spec, &panel, NULL, 1)) return -1;
    double start = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    int status = bram_fitted_answer(cx, &answer, f, &q);
    double took = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - start;
    bram_dataset_free(answer);
    bram_fitted_free(f);
    return status ? -1 : took;
}

int main(void)
{
    static const struct {
        const char *spec;
        double least; /* pictures a second */
    } models[] = {{"pixels", 1000},       {"image-statistics", 100},
                  {"second-order", 1000}, {"gabor", 100},
                  {"hmax", 12},           {"gist", 13},
                  {"random-cnn", 45},     {"steerable", 25}};
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = cx ? made(cx) : NULL;
    int bad = 0;
    if (!ds) return 2;
    for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
        double took = seconds(cx, ds, models[m].spec), again = seconds(cx, ds, models[m].spec);
        if (took < 0 || again < 0) {
            fprintf(stderr, "%s: %s\n", models[m].spec, bram_ctx_message(cx));
            return 2;
        }
        double rate = PICTURES / (again < took ? again : took);
        printf("%-18s %9.1f pictures/s (at least %g)\n", models[m].spec, rate, models[m].least);
        bad += rate < models[m].least;
    }
    bram_dataset_free(ds);
    bram_ctx_free(cx);
    return bad != 0;
}
