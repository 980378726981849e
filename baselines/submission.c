/*
 * submission.c - the model `submission`: features of stimuli from the file of a submission
 * (core/submission.h), matched by stimulus id. No code of it is run: there is none in it.
 */
#include "submitted.h"

#include "hash.h"

#include <string.h>

const bram_param bram_submitted_params[] = {
    {"path", BRAM_PARAM_TEXT, "", NULL, 0, 0, "a file that bramble submit wrote"},
    {.name = NULL},
};

int bram_submitted_fit(bram_ctx *cx, void **fitted, const bram_options *o, bool features)
{
    const char *path = bram_option_text(o, "path");
    bram_submission *s = NULL;
    if (!*path) return bram_fail(cx, BRAM_EUSAGE, "submission needs a path");
    BRAM_TRY(bram_submission_open(cx, &s, path));
    if (s->features != features) {
        bram_submission_free(s);
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s holds %s: its spec is %s:path=...", path,
                         features ? "predictions" : "features",
                         features ? "submission-predictions" : "submission");
    }
    *fitted = s;
    return BRAM_OK;
}

void bram_submitted_release(void *fitted)
{
    bram_submission_free(fitted);
}

int bram_submitted_content(bram_ctx *cx, char hex[65], const bram_options *o)
{
    return bram_sha256_file(cx, hex, bram_option_text(o, "path"));
}

/* ---- features ------------------------------------------------------------------------------- */

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)train;
    (void)validation;
    (void)seed;
    return bram_submitted_fit(cx, fitted, o, true);
}

static int match(bram_ctx *cx, size_t *row, const bram_submitted *a, const bram_axis *wanted)
{
    for (size_t i = 0; i < bram_axis_length(wanted); i++) {
        ptrdiff_t at = bram_axis_find(a->row, bram_axis_id(wanted, i));
        if (at < 0)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s lacks the stimulus \"%s\"", a->name,
                             bram_axis_id(wanted, i));
        row[i] = (size_t)at;
    }
    return BRAM_OK;
}

static int answer_layer(bram_ctx *cx, const bram_submitted *a, const bram_axis *wanted,
                        bram_dataset *out)
{
    size_t n = bram_axis_length(wanted), mark = bram_scratch_mark(cx);
    size_t *row = bram_scratch(cx, n, sizeof *row);
    bram_axis *feature = NULL;
    bram_response *r = NULL;
    int status = row ? match(cx, row, a, wanted) : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = bram_axis_new(cx, &feature, "feature", bram_npy_describe(a->values)->shape[1]);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, a->name, BRAM_F64, 2,
                                   (const bram_axis *[]){wanted, feature});
    bram_axis_free(feature);
    if (status == BRAM_OK) status = bram_npy_read_rows(cx, a->values, row, n, bram_response_f64(r));
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const bram_submission *s = fitted;
    if (!q->stimulus)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "features are asked for without stimuli");
    for (size_t i = 0; i < s->arrays; i++)
        BRAM_TRY(answer_layer(cx, &s->array[i], q->stimulus, out));
    return BRAM_OK;
}

const bram_model bram_model_submission = {
    .name = "submission",
    .summary = "features of stimuli that were handed in with bramble submit",
    .source = "docs/submissions.md",
    .missing = "not applicable where a stimulus has no features",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_FEATURES),
    .flags = BRAM_MODEL_OUTSIDE,
    .params = bram_submitted_params,
    .fit = fit,
    .answer = answer,
    .release = bram_submitted_release,
    .content = bram_submitted_content,
};
