/*
 * cmd_fit.c - `bramble fit --model SPEC --data FILE -o MODEL.h5`: a model fitted on a recording.
 */
#include "fit_search.h"
#include "output.h"
#include "panel_file.h"
#include "terminal.h"

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

/* Ctrl-C ends the training of models that can be ended, with the best they have; it stops others.
 */
static void finish_on_signal(bram_ctx *cx, const char *spec)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(spec, ":"), spec);
    const bram_model *model = bram_model_find(name);
    if (model && model->flags & BRAM_MODEL_FINISHES) bram_cli_finish_on_signal(cx);
}

/* The best spec of --search; its trials stand beside the output. */
static int search(bram_ctx *cx, const bram_cli_args *args, char **best, uint64_t seed,
                  const bram_panel *train, const bram_panel *validation)
{
    int64_t trials;
    BRAM_TRY(bram_cli_integer(cx, args, "search", 1, 100000, 1, &trials));
    if (!validation)
        return bram_fail(cx, BRAM_EUSAGE, "--search judges on validation rows: there are none");
    char *table = bram_strf(cx, "%s.search.csv", bram_cli_text(args, "output", NULL));
    if (!table) return BRAM_ENOMEM;
    int status = bram_cli_search(cx, best, table, bram_cli_text(args, "model", NULL),
                                 (size_t)trials, seed, train, validation);
    bram_free(table);
    return status;
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
    const char *spec = bram_cli_text(args, "model", NULL);
    char *best = NULL;
    int status = bram_slice_make(cx, &learn, &(bram_cut){r, 0, 0, a}, 1);
    if (status == BRAM_OK && b > a)
        status = bram_slice_make(cx, &choose, &(bram_cut){r, 0, a, b}, 1);
    learn.panel.public_data = ds; /* for models of a connectome */
    if (status == BRAM_OK) finish_on_signal(cx, spec);
    if (status == BRAM_OK && bram_cli_has(args, "search"))
        status = search(cx, args, &best, (uint64_t)seed, &learn.panel,
                        b > a ? &choose.panel : NULL);
    if (status == BRAM_OK)
        status = bram_fitted_new(cx, &model, best ? best : spec, &learn.panel,
                                 b > a ? &choose.panel : NULL, (uint64_t)seed);
    if (status == BRAM_OK)
        status = bram_fitted_keep_data(cx, model, &learn.panel, b > a ? &choose.panel : NULL);
    if (status == BRAM_OK)
        status = bram_fitted_save(cx, model, bram_cli_text(args, "output", NULL),
                                  bram_cli_has(args, "force"));
    if (status == BRAM_OK)
        bram_note(cx, "%s fitted on %zu rows of %zu units of %s, %zu rows for choosing options",
                  bram_fitted_spec(model), a, r->units, r->id, b - a);
    if (status == BRAM_OK && bram_cli_signalled())
        status = bram_fail(cx, BRAM_ECANCEL, "training was stopped: %s holds the best up to then",
                           bram_cli_text(args, "output", NULL));
    bram_fitted_free(model);
    bram_free(best);
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
        "saved. Ctrl-C ends the training of a network: the best up to then is saved (exit 130).",
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
            {"search", 0, "N",
             "Fits N specs, the first as given, the others with options drawn at random, and saves "
             "the best on the validation rows; trials are kept in MODEL.h5.search.csv, from which "
             "a "
             "search goes on"},
            {"force", 'f', NULL, "Replaces a file that exists"},
            {NULL}},
    .examples = (const bram_cli_example[]){{"bramble fit -m ar:lags=5 -d worm.h5 -r w1 -o ar.h5",
                                            "own history of each neuron"},
                                           {"bramble fit -m gru:steps=500 --search 20 -d worm.h5 "
                                            "-r w1 -o gru.h5",
                                            "the best of 20 settings on the rows after those"},
                                           {"bramble predict -m ar.h5 -d worm.h5 -r w1 -o p.h5",
                                            "what it forecasts"},
                                           {NULL, NULL}},
    .least = 0,
    .most = 0,
    .computes = true,
    .run = run,
};
