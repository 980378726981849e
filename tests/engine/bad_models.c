/*
 * bad_models.c - a plugin with one model that fails in every way a model can: "bad:how=...".
 */
#include <bramble/plugin.h>

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const bram_param params[] = {
    {"how", BRAM_PARAM_CHOICE, "crash",
     "crash|exit|kill|numbers|nan|memory|unreadable|inapplicable|large|hang", 0, 0,
     "in which way it fails"},
    {.name = NULL},
};

static void pass_time(double seconds)
{
    struct timespec t = {.tv_sec = (time_t)seconds};
    t.tv_nsec = (long)(1e9 * (seconds - (double)t.tv_sec));
    while (nanosleep(&t, &t) != 0) {} /* deaf to signals */
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)train, (void)validation, (void)seed;
    if (bram_option_is(o, "how", "crash")) abort();
    if (bram_option_is(o, "how", "exit")) _exit(3);
    if (bram_option_is(o, "how", "kill")) kill(getpid(), SIGKILL);
    if (bram_option_is(o, "how", "numbers"))
        return bram_fail(cx, BRAM_ENUMERIC, "a singular system, on purpose");
    if (bram_option_is(o, "how", "memory"))
        return bram_fail(cx, BRAM_ENOMEM, "no memory, on purpose");
    if (bram_option_is(o, "how", "unreadable"))
        return bram_fail(cx, BRAM_EREAD, "no such file, on purpose");
    if (bram_option_is(o, "how", "inapplicable"))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "not a question for this model");
    if (bram_option_is(o, "how", "hang")) pass_time(60);
    *fitted = bram_alloc(cx, 1, 1);
    return *fitted ? BRAM_OK : BRAM_ENOMEM;
}

/* Not a number, everywhere. */
static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    (void)fitted;
    const bram_segment *s = &query->panel->segment[query->segment];
    bram_axis *row = NULL;
    bram_response *r = NULL;
    size_t rows = s->y.rows - s->first;
    BRAM_TRY(bram_axis_new(cx, &row, "row", rows));
    int status = bram_response_new(cx, &r, "mean", BRAM_F64, 2,
                                   (const bram_axis *[]){row, query->panel->unit});
    bram_axis_free(row);
    BRAM_TRY(status);
    for (size_t i = 0; i < rows * s->y.cols; i++) bram_response_f64(r)[i] = (double)NAN;
    return bram_dataset_add(cx, out, "", r);
}

static void release(void *fitted)
{
    bram_free(fitted);
}

static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    (void)rows, (void)units, (void)inputs;
    return bram_option_is(o, "how", "large") ? (size_t)3 << 40 : 0;
}

static const bram_model bad = {
    .name = "bad",
    .summary = "fails",
    .source = "tests of the engine",
    .missing = "does not look",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP),
    .params = params,
    .fit = fit,
    .answer = answer,
    .release = release,
    .memory = memory,
};

static const bram_model *const models[] = {&bad, NULL};

extern const bram_plugin bram_plugin_entry;
const bram_plugin bram_plugin_entry = {
    .abi = BRAM_PLUGIN_ABI,
    .name = "bad models",
    .models = models,
};
