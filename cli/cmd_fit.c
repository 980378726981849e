/*
 * cmd_fit.c - `bramble fit --model SPEC --data FILE -o MODEL.h5`: a model fitted on a recording.
 */
#include "output.h"
#include "panel_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A share from 0 (excluded unless allowed) to below 1. */
static int read_share(bram_ctx *cx, const bram_cli_args *args, const char *name, double fallback,
                      double *out)
{
    const char *text = bram_cli_text(args, name, NULL);
    char *end = NULL;
    *out = text ? strtod(text, &end) : fallback;
    if (!text || (end != text && !*end && *out >= 0 && *out <= 1)) return BRAM_OK;
    return bram_fail(cx, BRAM_EUSAGE, "--%s is '%s', expected a share from 0 to 1", name, text);
}

static int fit(bram_ctx *cx, const bram_cli_args *args, const bram_dataset *ds,
               const bram_recording *r)
{
    double train, validation;
    int64_t seed;
    BRAM_TRY(read_share(cx, args, "train", 0.8, &train));
    BRAM_TRY(read_share(cx, args, "validation", 0.2, &validation));
    BRAM_TRY(bram_cli_integer(cx, args, "seed", 0, INT64_MAX, 0, &seed));
    size_t a = (size_t)(train * (double)r->rows);
    size_t b = (size_t)((train + validation) * (double)r->rows + 1e-9);
    if (train + validation > 1 + 1e-12 || a < 2)
        return bram_fail(
            cx, BRAM_EUSAGE,
            "shares of %g and %g of %zu rows: expected 2 rows or more to learn from and "
            "a sum of 1 at most",
            train, validation, r->rows);
    bram_slice learn = {0}, choose = {0};
    bram_fitted *model = NULL;
    int status = bram_slice_make(cx, &learn, &(bram_cut){r, 0, 0, a}, 1);
    if (status == BRAM_OK && b > a)
        status = bram_slice_make(cx, &choose, &(bram_cut){r, 0, a, b}, 1);
    learn.panel.public_data = ds; /* for models of a connectome */
    if (status == BRAM_OK)
        status = bram_fitted_new(cx, &model, bram_cli_text(args, "model", NULL), &learn.panel,
                                 b > a ? &choose.panel : NULL, (uint64_t)seed);
    if (status == BRAM_OK)
        status = bram_fitted_save(cx, model, bram_cli_text(args, "output", NULL),
                                  bram_cli_has(args, "force"));
    if (status == BRAM_OK)
        bram_note(cx, "%s fitted on %zu rows of %zu units of %s, %zu rows for choosing options",
                  bram_fitted_spec(model), a, r->units, r->id, b - a);
    bram_fitted_free(model);
    bram_slice_release(&choose);
    bram_slice_release(&learn);
    return status;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    if (!bram_cli_text(args, "model", NULL) || !bram_cli_text(args, "output", NULL))
        return bram_fail(cx, BRAM_EUSAGE, "fit needs --model SPEC and -o MODEL.h5");
    bram_dataset *ds = NULL;
    bram_recording r;
    BRAM_TRY(bram_cli_recording(cx, &ds, &r, args));
    int status = fit(cx, args, ds, &r);
    bram_recording_release(&r);
    bram_dataset_free(ds);
    return status;
}

const bram_command bram_command_fit = {
    .name = "fit",
    .summary = "fits a model to a recording and saves it",
    .arguments = "--model SPEC --data FILE.h5 -o MODEL.h5",
    .about =
        "Fits on the first rows of a recording of a homogenized file. Options of the model with "
        "several values are chosen on the rows after those. 'bramble predict' reads what is "
        "saved.",
    .options =
        (const bram_cli_option[]){
            {"model", 'm', "SPEC", "The model, such as ar:lags=5 ('bramble list models')"},
            {"data", 'd', "FILE.h5", "The homogenized file"},
            {"output", 'o', "MODEL.h5", "The file to write"},
            {"recording", 'r', "ID", "Which recording; needed when there are several"},
            {"response", 0, "NAME", "Which response of it (default activity)"},
            {"train", 0, "SHARE", "Share of rows to learn from (default 0.8)"},
            {"validation", 0, "SHARE",
             "Share of rows after them to choose options by (default 0.2)"},
            {"seed", 0, "N", "Seed of models that draw random numbers (default 0)"},
            {"force", 'f', NULL, "Replaces a file that exists"},
            {NULL}},
    .examples = (const bram_cli_example[]){{"bramble fit -m ar:lags=5 -d worm.h5 -r w1 -o ar.h5",
                                            "own history of each neuron"},
                                           {"bramble predict -m ar.h5 -d worm.h5 -r w1 -o p.h5",
                                            "what it forecasts"},
                                           {NULL, NULL}},
    .least = 0,
    .most = 0,
    .computes = true,
    .run = run,
};
