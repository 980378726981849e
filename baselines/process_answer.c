/*
 * process_answer.c - what a program of the user's is asked besides the future: responses, held-out
 * units, features, states, weights, links, what its training did. What may not be seen is NaN in
 * what it gets.
 */
#include "process.h"

#include "folder.h"
#include "forecast.h"
#include "npy.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static int not_finite(bram_ctx *cx, const bram_process *p, const char *name, size_t row, size_t col,
                      double value)
{
    return bram_fail(cx, BRAM_ENUMERIC, "\"%s\": %s.npy: row %zu, column %zu is %g", p->command,
                     name, row, col, value);
}

/* mean.npy of the target rows; NaN: it says nothing of that one. */
static int take_targets(bram_ctx *cx, const bram_process *p, const bram_query *q, bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    size_t rows = s->y.rows - s->first, units = s->y.cols;
    double *values = NULL;
    bram_response *r = NULL;
    BRAM_TRY(bram_process_take(cx, &values, p, "mean", 2, (size_t[]){rows, units}));
    int status = bram_forecast_rows(cx, &r, "mean", s, q->panel->unit);
    uint8_t *mask = status == BRAM_OK ? bram_response_mask(cx, r) : NULL;
    if (status == BRAM_OK && !mask) status = BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < rows * units; i++) {
        mask[i] = !isnan(values[i]);
        bram_response_f64(r)[i] = mask[i] ? values[i] : 0;
        if (isinf(values[i])) status = not_finite(cx, p, "mean", i / units, i % units, values[i]);
    }
    bram_free(values);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

static int respond(bram_ctx *cx, const bram_process *p, const bram_query *q, bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    if (s->x.cols)
        BRAM_TRY(bram_process_put_rows(cx, p, "x", s, true, s->first, s->y.rows - s->first));
    if (s->row && s->first == 0) BRAM_TRY(bram_process_put_axis(cx, p, "row", s->row));
    BRAM_TRY(bram_process_ask_folder(cx, p, "respond"));
    return take_targets(cx, p, q, out);
}

/* y.npy: the target rows with the held-out units unknown. */
static int cosmooth(bram_ctx *cx, const bram_process *p, const bram_query *q, bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    size_t units = s->y.cols, rows = s->y.rows - s->first, mark = bram_scratch_mark(cx);
    double *held = bram_scratch(cx, units, sizeof *held);
    double *values = bram_scratch(cx, rows, units * sizeof *values);
    if (!held || !values) return BRAM_ENOMEM;
    for (size_t u = 0; u < units; u++) held[u] = q->held_out && q->held_out[u];
    for (size_t t = 0; t < rows; t++) {
        BRAM_TRY(bram_process_row(cx, values + t * units, s, false, (ptrdiff_t)(s->first + t)));
        for (size_t u = 0; u < units; u++)
            if (held[u] != 0) values[t * units + u] = NAN;
    }
    BRAM_TRY(bram_process_put(cx, p, "y", 2, (size_t[]){rows, units}, values));
    BRAM_TRY(bram_process_put(cx, p, "held_out", 1, &units, held));
    bram_scratch_release(cx, mark);
    BRAM_TRY(bram_process_ask_folder(cx, p, "cosmooth"));
    return take_targets(cx, p, q, out);
}

/* ---- matrices ------------------------------------------------------------------------------- */

static int check_finite(bram_ctx *cx, const bram_process *p, const char *name, const double *values,
                        size_t rows, size_t cols)
{
    for (size_t i = 0; i < rows * cols; i++)
        if (!isfinite(values[i])) return not_finite(cx, p, name, i / cols, i % cols, values[i]);
    return BRAM_OK;
}

/* posterior.npy: target rows x states. */
static int states(bram_ctx *cx, const bram_process *p, const bram_query *q, bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    size_t shape[2] = {s->y.rows - s->first, BRAM_ANY_LENGTH};
    double *values = NULL;
    BRAM_TRY(bram_process_put_rows(cx, p, "y", s, false, s->first, shape[0]));
    BRAM_TRY(bram_process_ask_folder(cx, p, "states"));
    BRAM_TRY(bram_process_take(cx, &values, p, "posterior", 2, shape));
    bram_mat posterior = {values, shape[0], shape[1], shape[1]};
    int status = check_finite(cx, p, "posterior", values, shape[0], shape[1]);
    if (status == BRAM_OK) status = bram_forecast_posterior(cx, out, s, &posterior);
    bram_free(values);
    return status;
}

/* weights.npy: from the row's unit to the column's. */
static int weights(bram_ctx *cx, const bram_process *p, const bram_query *q, bram_dataset *out)
{
    double *values = NULL;
    BRAM_TRY(bram_process_ask_folder(cx, p, "weights"));
    BRAM_TRY(bram_process_take(cx, &values, p, "weights", 2, (size_t[]){p->units, p->units}));
    int status = check_finite(cx, p, "weights", values, p->units, p->units);
    bram_mat m = {values, p->units, p->units, p->units};
    if (status == BRAM_OK) status = bram_forecast_weights(cx, out, q->panel->unit, &m);
    bram_free(values);
    return status;
}

/* ---- features ------------------------------------------------------------------------------- */

struct layers {
    const bram_process *process;
    const bram_axis *stimulus;
    bram_dataset *out;
    size_t count;
};

/* Whether a file is called FIRST and a name and .npy; first ends with an underscore. */
static bool is_named(const char *file, const char *first)
{
    size_t n = strlen(file), k = strlen(first);
    return n > k + 4 && strncmp(file, first, k) == 0 && strcmp(file + n - 4, ".npy") == 0;
}

static bool is_layer(const char *file)
{
    return is_named(file, "layer_");
}

/* layer_NAME.npy: stimuli x features; further axes are strung out. */
static int take_layer(bram_ctx *cx, void *user, const char *path)
{
    struct layers *all = user;
    const char *file = strrchr(path, '/') + 1;
    double *values = NULL;
    bram_npy_info info;
    bram_axis *feature = NULL;
    bram_response *r = NULL;
    size_t n = bram_axis_length(all->stimulus);
    char *name = bram_strf(cx, "%.*s", (int)(strlen(file) - 10), file + 6);
    int status = name ? bram_npy_load(cx, &values, &info, path) : BRAM_ENOMEM;
    if (status == BRAM_OK && (info.dims < 2 || info.shape[0] != n || !info.count))
        status = bram_fail(cx, BRAM_ESHAPE,
                           "\"%s\": %s has %zu axes, %zu rows and %zu values, expected %zu rows, "
                           "one a stimulus",
                           all->process->command, file, info.dims, info.dims ? info.shape[0] : 0,
                           info.count, n);
    size_t cols = status == BRAM_OK && n ? info.count / n : 0;
    if (status == BRAM_OK) status = bram_axis_new(cx, &feature, "feature", cols);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, name, BRAM_F64, 2,
                                   (const bram_axis *[]){all->stimulus, feature});
    if (status == BRAM_OK) {
        memcpy(bram_response_f64(r), values, info.count * sizeof *values);
        status = check_finite(cx, all->process, name, values, n, cols);
    }
    unlink(path);
    bram_axis_free(feature);
    bram_free(values);
    bram_free(name);
    all->count++;
    if (status == BRAM_OK) return bram_dataset_add(cx, all->out, "", r);
    bram_response_free(r);
    return status;
}

static int features(bram_ctx *cx, const bram_process *p, const bram_query *q, bram_dataset *out)
{
    struct layers all = {p, q->stimulus, out, 0};
    if (!q->stimulus)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "features are asked for without stimuli");
    BRAM_TRY(bram_process_put_axis(cx, p, "stimulus", q->stimulus));
    BRAM_TRY(bram_process_ask_folder(cx, p, "features"));
    BRAM_TRY(bram_folder_each(cx, p->folder, is_layer, take_layer, &all));
    if (all.count) return BRAM_OK;
    return bram_fail(cx, BRAM_EREAD, "\"%s\" wrote no layer_NAME.npy", p->command);
}

/* ---- links ---------------------------------------------------------------------------------- */

/* pair.npy: pairs x 2, numbers of nodes; score.npy: one for each. */
static int links(bram_ctx *cx, const bram_process *p, const bram_query *q, bram_dataset *out)
{
    size_t mark = bram_scratch_mark(cx), n = q->pairs;
    double *pair = bram_scratch(cx, n, 2 * sizeof *pair), *values = NULL;
    bram_axis *axis = NULL;
    bram_response *r = NULL;
    if (!pair) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) pair[2 * i] = q->from[i], pair[2 * i + 1] = q->to[i];
    BRAM_TRY(bram_process_put(cx, p, "pair", 2, (size_t[]){n, 2}, pair));
    bram_scratch_release(cx, mark);
    BRAM_TRY(bram_process_ask_folder(cx, p, "links"));
    BRAM_TRY(bram_process_take(cx, &values, p, "score", 1, &n));
    int status = bram_axis_new(cx, &axis, "pair", n);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "score", BRAM_F64, 1, (const bram_axis *[]){axis});
    bram_axis_free(axis);
    if (status == BRAM_OK) status = check_finite(cx, p, "score", values, n, 1);
    if (status == BRAM_OK && n) memcpy(bram_response_f64(r), values, n * sizeof *values);
    bram_free(values);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

/* ---- learning ------------------------------------------------------------------------------- */

enum { MOST_MEASURES = 64 };

struct measures {
    const bram_process *process;
    size_t count;
    double value[MOST_MEASURES];
    char *name[MOST_MEASURES];
};

static bool is_measure(const char *file)
{
    return is_named(file, "measure_");
}

/* measure_NAME.npy: one number. */
static int take_measure(bram_ctx *cx, void *user, const char *path)
{
    struct measures *all = user;
    const char *file = strrchr(path, '/') + 1;
    double *values = NULL;
    bram_npy_info info;
    if (all->count == MOST_MEASURES)
        return bram_fail(cx, BRAM_ESHAPE, "\"%s\" wrote more than %d measures",
                         all->process->command, MOST_MEASURES);
    char *name = bram_strf(cx, "%.*s", (int)(strlen(file) - 12), file + 8);
    if (!name) return BRAM_ENOMEM;
    all->name[all->count] = name;
    int status = bram_npy_load(cx, &values, &info, path);
    if (status == BRAM_OK && info.count != 1)
        status = bram_fail(cx, BRAM_ESHAPE, "\"%s\": %s has %zu values, expected one",
                           all->process->command, file, info.count);
    if (status == BRAM_OK) status = check_finite(cx, all->process, file, values, 1, 1);
    if (status == BRAM_OK) all->value[all->count] = values[0];
    all->count++; /* its name is freed with the others */
    unlink(path);
    bram_free(values);
    return status;
}

static int put_measures(bram_ctx *cx, bram_dataset *out, const struct measures *all)
{
    bram_axis *axis = NULL;
    bram_response *r = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "measure", all->count));
    int status = bram_axis_set_ids(cx, axis, (const char *const *)all->name);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "learning", BRAM_F64, 1, (const bram_axis *[]){axis});
    bram_axis_free(axis);
    BRAM_TRY(status);
    memcpy(bram_response_f64(r), all->value, all->count * sizeof *all->value);
    return bram_dataset_add(cx, out, "", r);
}

static int learning(bram_ctx *cx, const bram_process *p, bram_dataset *out)
{
    struct measures all = {.process = p};
    BRAM_TRY(bram_process_ask_folder(cx, p, "learning"));
    int status = bram_folder_each(cx, p->folder, is_measure, take_measure, &all);
    if (status == BRAM_OK && !all.count)
        status = bram_fail(cx, BRAM_EREAD, "\"%s\" wrote no measure_NAME.npy", p->command);
    if (status == BRAM_OK) status = put_measures(cx, out, &all);
    for (size_t i = 0; i < all.count; i++) bram_free(all.name[i]);
    return status;
}

int bram_process_answer(bram_ctx *cx, const bram_process *p, const bram_query *q, bram_dataset *out)
{
    switch (q->ask) {
    case BRAM_ASK_RESPOND:
        return respond(cx, p, q, out);
    case BRAM_ASK_COSMOOTH:
        return cosmooth(cx, p, q, out);
    case BRAM_ASK_STATES:
        return states(cx, p, q, out);
    case BRAM_ASK_WEIGHTS:
        return weights(cx, p, q, out);
    case BRAM_ASK_FEATURES:
        return features(cx, p, q, out);
    case BRAM_ASK_LINKS:
        return links(cx, p, q, out);
    case BRAM_ASK_LEARNING:
        return learning(cx, p, out);
    default:
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "a program is not asked this");
    }
}
