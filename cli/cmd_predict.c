/*
 * cmd_predict.c - `bramble predict --model MODEL.h5 --data FILE -o OUT.h5`: forecasts of a saved
 * model.
 */
#include "output.h"
#include "panel_file.h"

#include <stdio.h>
#include <string.h>

/* The recording with the units the model was fitted on, in its order. */
static int align(bram_ctx *cx, bram_recording *r, const bram_fitted *model)
{
    const bram_axis *unit = bram_fitted_unit(model);
    bram_recording aligned;
    if (!unit || bram_axis_equal(unit, r->unit)) return BRAM_OK;
    size_t known = 0, wanted = bram_axis_length(unit);
    for (size_t i = 0; i < wanted; i++)
        known += bram_axis_find(r->unit, bram_axis_id(unit, i)) >= 0;
    if (!known)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s has none of the %zu units that the model was fitted on", r->id,
                         wanted);
    if (known < wanted)
        bram_note(cx, "%zu of the model's %zu units are in %s; the others count as missing", known,
                  wanted, r->id);
    BRAM_TRY(bram_recording_align(cx, &aligned, r, unit));
    bram_recording_release(r);
    *r = aligned;
    return BRAM_OK;
}

struct wish {
    size_t first, steps, stride; /* steps 0: one step ahead */
    const uint64_t *seed;        /* of what is drawn; NULL: that of the fit */
    const char *hide;      /* units to tell from the others, joined by commas; NULL: forecasts */
    const uint8_t *hidden; /* the same as a flag for each unit */
};

/* The rows of the targets: all, or where free runs start; in scratch memory. */
static size_t *target_rows(bram_ctx *cx, size_t *count, const bram_segment *s, const struct wish *w)
{
    size_t *row = bram_scratch(cx, s->y.rows, sizeof *row), n = 0;
    size_t first = w->steps && !s->first ? 1 : s->first; /* a run needs a past */
    size_t length = w->steps ? w->steps : 1, stride = w->steps ? w->stride : 1;
    for (size_t t = first; row && t + length <= s->y.rows; t += stride) row[n++] = t;
    *count = n;
    return row;
}

/* A response of the answer under another name, its rows being those of the recording. */
static int rename_answer(bram_ctx *cx, bram_response **out, const char *name,
                         const bram_response *mean, const bram_axis *row)
{
    size_t dims = bram_response_dims(mean), count = bram_response_count(mean);
    size_t zero[BRAM_MAX_DIMS] = {0}, shape[BRAM_MAX_DIMS] = {0};
    const bram_axis *axes[BRAM_MAX_DIMS] = {row};
    for (size_t d = 0; d < dims; d++) shape[d] = bram_response_length(mean, d);
    for (size_t d = 1; d < dims; d++) axes[d] = bram_response_axis(mean, d);
    if (!dims || shape[0] != bram_axis_length(row))
        return bram_fail(cx, BRAM_ESHAPE, "the model answered for %zu rows, expected %zu", shape[0],
                         bram_axis_length(row));
    bram_response *r = NULL;
    uint8_t *present = bram_scratch(cx, count, 1);
    if (!present) return BRAM_ENOMEM;
    BRAM_TRY(bram_response_new(cx, &r, name, BRAM_F64, dims, axes));
    uint8_t *mask = bram_response_mask(cx, r);
    int status = mask ? bram_response_read(cx, mean, zero, shape, bram_response_f64(r), present)
                      : BRAM_ENOMEM;
    if (status != BRAM_OK) {
        bram_response_free(r);
        return status;
    }
    memcpy(mask, present, count);
    *out = r;
    return BRAM_OK;
}

/* Adds the answer about one piece of the recording: to group piece1 ..., to the root if only one.
 */
static int ask(bram_ctx *cx, bram_dataset *out, const bram_fitted *model, const bram_slice *slice,
               size_t segment, const struct wish *w)
{
    const bram_segment *s = &slice->segment[segment];
    size_t rows;
    size_t *target = target_rows(cx, &rows, s, w);
    if (!target) return BRAM_ENOMEM;
    if (!rows) return BRAM_OK;
    bram_query query = {.ask = w->hidden  ? BRAM_ASK_COSMOOTH
                               : w->steps ? BRAM_ASK_FREE_RUN
                                          : BRAM_ASK_STEP,
                        .held_out = w->hidden,
                        .seed = w->seed,
                        .panel = &slice->panel,
                        .segment = segment,
                        .start = target,
                        .starts = w->steps ? rows : 0,
                        .steps = w->steps};
    bram_dataset *answer = NULL;
    bram_axis *row = NULL;
    bram_response *r = NULL;
    BRAM_TRY(bram_fitted_answer(cx, &answer, model, &query));
    const bram_response *mean = bram_dataset_response(answer, "mean");
    const bram_response *sample = bram_dataset_response(answer, "sample"); /* of few models */
    char group[32] = "";
    if (slice->panel.segments > 1) snprintf(group, sizeof group, "piece%zu", segment + 1);
    int status = mean ? bram_axis_take(cx, &row, s->row, target, rows)
                      : bram_fail(cx, BRAM_EINTERNAL, "the model gave no \"mean\"");
    if (status == BRAM_OK) status = rename_answer(cx, &r, "prediction", mean, row);
    if (status == BRAM_OK) status = bram_dataset_add(cx, out, group, r);
    if (status == BRAM_OK && sample) status = rename_answer(cx, &r, "sample", sample, row);
    if (status == BRAM_OK && sample) status = bram_dataset_add(cx, out, group, r);
    bram_axis_free(row);
    bram_dataset_free(answer);
    return status;
}

static int describe(bram_ctx *cx, bram_dataset *out, const bram_fitted *model, const char *id,
                    const struct wish *w)
{
    bram_attrs *a = bram_dataset_attrs(cx, out, "");
    if (!a) return BRAM_ENOMEM;
    BRAM_TRY(bram_attrs_set_text(cx, a, "content", "bramble-prediction"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "model", bram_fitted_spec(model)));
    BRAM_TRY(bram_attrs_set_text(cx, a, "recording", id));
    const char *kind = w->hide ? "co-smoothing" : w->steps ? "free run" : "one step";
    BRAM_TRY(bram_attrs_set_text(cx, a, "kind", kind));
    if (w->seed) BRAM_TRY(bram_attrs_set_integer(cx, a, "seed", (int64_t)*w->seed));
    return bram_attrs_set_integer(cx, a, "first_row", (int64_t)w->first);
}

/* The flags of the units that `hide` names. */
static int mark_hidden(bram_ctx *cx, struct wish *w, const bram_axis *unit)
{
    size_t units = bram_axis_length(unit), count = 0;
    uint8_t *hidden = bram_scratch(cx, units, 1);
    char *list = bram_strf(cx, "%s", w->hide), *rest = NULL;
    if (!hidden || !list) return BRAM_ENOMEM;
    int status = BRAM_OK;
    for (char *id = strtok_r(list, ",", &rest); id && status == BRAM_OK;
         id = strtok_r(NULL, ",", &rest)) {
        ptrdiff_t at = bram_axis_find(unit, id);
        if (at < 0) status = bram_fail(cx, BRAM_EUSAGE, "--held-out: there is no unit \"%s\"", id);
        else if (!hidden[at]) hidden[at] = 1, count++;
    }
    bram_free(list);
    BRAM_TRY(status);
    if (count == 0 || count == units)
        return bram_fail(cx, BRAM_EUSAGE,
                         "--held-out names %zu of %zu units, expected some and not all", count,
                         units);
    w->hidden = hidden;
    return BRAM_OK;
}

static int predict(bram_ctx *cx, const bram_cli_args *args, const bram_fitted *model,
                   const bram_recording *r, struct wish *w)
{
    bram_slice slice = {0};
    bram_dataset *out = NULL;
    if (w->first >= r->rows)
        return bram_fail(cx, BRAM_EUSAGE, "--first is %zu, but %s has %zu rows", w->first, r->id,
                         r->rows);
    if (w->hide) BRAM_TRY(mark_hidden(cx, w, r->unit));
    BRAM_TRY(bram_slice_make(cx, &slice, &(bram_cut){r, 0, w->first, r->rows}, 1));
    int status = bram_dataset_new(cx, &out);
    if (status == BRAM_OK) status = describe(cx, out, model, r->id, w);
    for (size_t s = 0; s < slice.panel.segments && status == BRAM_OK; s++)
        status = ask(cx, out, model, &slice, s, w);
    if (status == BRAM_OK && !bram_dataset_responses(out))
        status = bram_fail(cx, BRAM_ENOTAPPLICABLE, "no run of %zu steps fits into %s", w->steps,
                           r->id);
    if (status == BRAM_OK)
        status = bram_dataset_write(cx, out, bram_cli_text(args, "output", NULL),
                                    bram_cli_has(args, "force"));
    bram_dataset_free(out);
    bram_slice_release(&slice);
    return status;
}

static int read_wish(bram_ctx *cx, const bram_cli_args *args, struct wish *w, uint64_t *seed)
{
    int64_t first, steps, stride, drawn;
    BRAM_TRY(bram_cli_integer(cx, args, "first", 0, INT64_MAX, 0, &first));
    BRAM_TRY(bram_cli_integer(cx, args, "steps", 1, 100000, 0, &steps));
    BRAM_TRY(bram_cli_integer(cx, args, "stride", 1, INT64_MAX, 1, &stride));
    BRAM_TRY(bram_cli_integer(cx, args, "seed", 0, INT64_MAX, 0, &drawn));
    *seed = (uint64_t)drawn;
    *w = (struct wish){.first = (size_t)first,
                       .steps = (size_t)steps,
                       .stride = (size_t)stride,
                       .seed = bram_cli_has(args, "seed") ? seed : NULL,
                       .hide = bram_cli_text(args, "held-out", NULL)};
    if (w->hide && (steps || w->seed))
        return bram_fail(cx, BRAM_EUSAGE,
                         "--held-out tells units from others at the same time: --steps and --seed "
                         "do not go with it");
    return BRAM_OK;
}

static int check_seed(bram_ctx *cx, const bram_fitted *model, const struct wish *w)
{
    if (!w->seed || bram_fitted_model(model)->flags & BRAM_MODEL_DRAWS) return BRAM_OK;
    return bram_fail(cx, BRAM_EUSAGE, "--seed: %s draws nothing when it forecasts",
                     bram_fitted_model(model)->name);
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    const char *path = bram_cli_text(args, "model", NULL);
    if (!path || !bram_cli_text(args, "output", NULL))
        return bram_fail(cx, BRAM_EUSAGE, "predict needs --model MODEL.h5 and -o OUT.h5");
    struct wish wish;
    uint64_t seed;
    bram_fitted *model = NULL;
    bram_dataset *ds = NULL;
    bram_recording r = {0};
    BRAM_TRY(read_wish(cx, args, &wish, &seed));
    BRAM_TRY(bram_fitted_load(cx, &model, path));
    int status = check_seed(cx, model, &wish);
    if (status == BRAM_OK) status = bram_cli_recording(cx, &ds, &r, args);
    if (status == BRAM_OK) {
        status = align(cx, &r, model);
        if (status == BRAM_OK) status = predict(cx, args, model, &r, &wish);
        bram_recording_release(&r);
    }
    bram_dataset_free(ds);
    bram_fitted_free(model);
    return status;
}

const bram_command bram_command_predict = {
    .name = "predict",
    .summary = "forecasts of a saved model on a recording",
    .arguments = "--model MODEL.h5 --data FILE.h5 -o OUT.h5",
    .about =
        "Writes the forecasts of a model that 'bramble fit' saved: each row from the true rows "
        "before it, or with --steps free runs (start x step x neuron) that feed on themselves, or "
        "with --held-out some neurons from the others at the same time (co-smoothing). The "
        "output is a file of its own with the response 'prediction' along the recording's time; of "
        "a "
        "recording with gaps one for each stretch: piece1/prediction ...",
    .options =
        (const bram_cli_option[]){
            {"model", 'm', "MODEL.h5", "The saved model"},
            {"data", 'd', "FILE.h5", "The homogenized file"},
            {"output", 'o', "OUT.h5", "The file to write"},
            {"recording", 'r', "ID", "Which recording; needed when there are several"},
            {"response", 0, "NAME", "Which response of it (default activity)"},
            {"first", 0, "ROW", "The first row to forecast, from 0 (default 0)"},
            {"steps", 0, "H", "Free runs of H steps instead of single steps"},
            {"stride", 0, "N", "Rows between the starts of free runs (default 1)"},
            {"held-out", 0, "ID,ID", "Tells these neurons from the others, which it may look at"},
            {"seed", 0, "N",
             "Seed of what a model draws to forecast, as spike-transformer (default: as fitted)"},
            {"force", 'f', NULL, "Replaces a file that exists"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble predict -m ar.h5 -d worm.h5 -r w1 -o p.h5", "one step ahead, every row"},
            {"bramble predict -m ar.h5 -d worm.h5 -r w1 --steps 16 -o runs.h5",
             "free runs of 16 steps from every row"},
            {"bramble predict -m masked.h5 -d worm.h5 -r w1 --held-out AVAL,AVAR -o p.h5",
             "two neurons from the others"},
            {"bramble predict -m tokens.h5 -d spikes.h5 --steps 50 --seed 7 -o runs.h5",
             "another draw of a model that draws its runs"},
            {NULL, NULL}},
    .least = 0,
    .most = 0,
    .computes = true,
    .run = run,
};
