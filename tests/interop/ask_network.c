/*
 * ask_network.c - what the program has no command for, for test_torch.py:
 *
 *   ask_network density MODEL.h5 DATA.h5 RECORDING OUT.h5   logdensity of each count of a recording
 *   ask_network regions MODEL.h5 OUT.h5   fits and saves readout-roi on a made map; x and mean
 */
#include "recording.h"
#include "token_map.h"

#include <bramble/model.h>
#include <bramble/rng.h>

#include <stdio.h>
#include <string.h>

static int write_answer(bram_ctx *cx, const bram_fitted *f, const bram_query *q, bram_response *x,
                        const char *path)
{
    bram_dataset *answer = NULL;
    int status = bram_fitted_answer(cx, &answer, f, q);
    if (status == BRAM_OK && x) status = bram_dataset_add(cx, answer, "", x);
    if (status == BRAM_OK) status = bram_dataset_write(cx, answer, path, true);
    bram_dataset_free(answer);
    return status;
}

static int density(bram_ctx *cx, char **word)
{
    bram_fitted *f = NULL;
    bram_dataset *ds = NULL;
    bram_recording r = {0};
    bram_slice s = {0};
    int status = bram_fitted_load(cx, &f, word[0]);
    if (status == BRAM_OK) status = bram_dataset_open(cx, &ds, word[1]);
    if (status == BRAM_OK) status = bram_recording_read(cx, &r, ds, word[2], "activity");
    if (status == BRAM_OK) status = bram_slice_make(cx, &s, &(bram_cut){&r, 0, 0, r.rows}, 1);
    if (status == BRAM_OK) {
        bram_query q = {.ask = BRAM_ASK_LOGLIK, .panel = &s.panel};
        status = write_answer(cx, f, &q, NULL, word[3]);
    }
    bram_slice_release(&s);
    bram_recording_release(&r);
    bram_dataset_free(ds);
    bram_fitted_free(f);
    return status;
}

enum {
    ROWS = 60,
    HEIGHT = 2,
    WIDTH = 3,
    CHANNELS = 4,
    INPUTS = HEIGHT * WIDTH * CHANNELS,
    UNITS = 5
};

struct map {
    bram_axis *row, *unit, *input;
    double x[ROWS * INPUTS], y[ROWS * UNITS];
    bram_segment segment;
    bram_panel panel;
};

/* Features are noise; units add up a few of them. */
static int make_map(bram_ctx *cx, struct map *m)
{
    bram_rng g = bram_rng_new(1, "interop/map");
    const size_t shape[] = {ROWS, HEIGHT, WIDTH, CHANNELS};
    BRAM_TRY(bram_axis_new(cx, &m->row, "stimulus", ROWS));
    BRAM_TRY(bram_axis_new(cx, &m->unit, "unit", UNITS));
    BRAM_TRY(
        bram_axis_add_text(cx, m->unit, "roi", (const char *[]){"V1", "V2", "V1", "V2", "V1"}));
    BRAM_TRY(bram_token_axis_of(cx, &m->input, 4, shape, false, NULL));
    for (size_t i = 0; i < ROWS * INPUTS; i++)
        m->x[i] = 2 * bram_rng_normal(&g) + (double)(i % CHANNELS);
    for (size_t i = 0; i < ROWS * UNITS; i++)
        m->y[i] = 3 * m->x[i / UNITS * INPUTS + i % UNITS * 4] + bram_rng_normal(&g);
    m->segment = (bram_segment){.id = "map",
                                .row = m->row,
                                .y = {m->y, ROWS, UNITS, UNITS},
                                .x = {m->x, ROWS, INPUTS, INPUTS}};
    m->panel = (bram_panel){
        .unit = m->unit, .input = m->input, .segment = &m->segment, .segments = 1};
    return BRAM_OK;
}

static int regions(bram_ctx *cx, char **word)
{
    static struct map m;
    bram_fitted *f = NULL;
    bram_response *x = NULL;
    int status = make_map(cx, &m);
    if (status == BRAM_OK)
        status = bram_fitted_new(cx, &f, "readout-roi:inner=8,heads=2,ff=6,layers=2,epochs=20",
                                 &m.panel, NULL, 1);
    if (status == BRAM_OK) status = bram_fitted_save(cx, f, word[0], true);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &x, "x", BRAM_F64, 2, (const bram_axis *[]){m.row, m.input});
    if (status == BRAM_OK) {
        bram_query q = {.ask = BRAM_ASK_RESPOND, .panel = &m.panel};
        memcpy(bram_response_f64(x), m.x, sizeof m.x);
        status = write_answer(cx, f, &q, x, word[1]);
    }
    bram_fitted_free(f);
    bram_axis_free(m.row);
    bram_axis_free(m.unit);
    bram_axis_free(m.input);
    return status;
}

int main(int argc, char **argv)
{
    bool asks = argc == 6 && strcmp(argv[1], "density") == 0;
    if (!asks && !(argc == 4 && strcmp(argv[1], "regions") == 0)) return 2;
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    int status = !cx ? BRAM_ENOMEM : asks ? density(cx, argv + 2) : regions(cx, argv + 2);
    if (cx && status != BRAM_OK) fprintf(stderr, "%s\n", bram_ctx_message(cx));
    bram_ctx_free(cx);
    return status != BRAM_OK;
}
