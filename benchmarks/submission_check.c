/*
 * submission_check.c - a submission held against the benchmark it answers; see submit.h.
 */
#include "demand.h"
#include "submit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int check_words(bram_ctx *cx, const bram_submission *s, const bram_benchmark *b,
                       const bram_dataset *ds)
{
    char hash[65];
    const char *const pair[][3] = {{"benchmark", s->benchmark, b->name},
                                   {"task", s->task, b->task},
                                   {"options", s->options, bram_options_canonical(b->options)},
                                   {"dataset", s->dataset, b->dataset},
                                   {"dataset_hash", s->dataset_hash, hash}};
    BRAM_TRY(bram_dataset_hash(cx, ds, hash));
    /* an answer to a challenge was packed with the public half, which has names of its own */
    bool challenge = b->public_sha256 && strcmp(s->dataset_hash, b->public_sha256) == 0;
    for (size_t i = 0; i < sizeof pair / sizeof *pair; i++)
        if (!(challenge && strcmp(pair[i][0], "task") != 0 && strcmp(pair[i][0], "options") != 0) &&
            strcmp(pair[i][1], pair[i][2]) != 0)
            return bram_fail(cx, BRAM_EFORMAT, "its %s is \"%.200s\", expected \"%.200s\"",
                             pair[i][0], pair[i][1], pair[i][2]);
    if (s->benchmark_version != b->version)
        return bram_fail(cx, BRAM_EFORMAT, "it answers version %lld of %s, expected %lld",
                         (long long)s->benchmark_version, b->name, (long long)b->version);
    return BRAM_OK;
}

/* The same names on both sides, in any order. */
static int same_names(bram_ctx *cx, const char *array, const char *what, const bram_axis *found,
                      const bram_axis *asked)
{
    size_t lacking = 0, unknown = 0;
    const char *first = "", *other = "";
    for (size_t i = 0; i < bram_axis_length(asked); i++)
        if (bram_axis_find(found, bram_axis_id(asked, i)) < 0 && lacking++ == 0)
            first = bram_axis_id(asked, i);
    for (size_t i = 0; i < bram_axis_length(found); i++)
        if (bram_axis_find(asked, bram_axis_id(found, i)) < 0 && unknown++ == 0)
            other = bram_axis_id(found, i);
    if (lacking)
        return bram_fail(cx, BRAM_EFORMAT, "%s lacks %zu of %zu %s, the first is \"%s\"", array,
                         lacking, bram_axis_length(asked), what, first);
    if (unknown)
        return bram_fail(cx, BRAM_EFORMAT, "%s has %zu %s that are not asked for, such as \"%s\"",
                         array, unknown, what, other);
    return BRAM_OK;
}

/* Both ascending, so row by row; within a hundredth of the smallest step. */
static int same_times(bram_ctx *cx, const bram_submitted *a, const bram_axis *asked)
{
    size_t n = bram_axis_length(asked);
    const double *time = bram_axis_values(asked);
    double step = INFINITY;
    for (size_t i = 1; i < n; i++) step = fmin(step, time[i] - time[i - 1]);
    if (bram_axis_length(a->row) != n)
        return bram_fail(cx, BRAM_EFORMAT, "%s has %zu rows, expected %zu", a->name,
                         bram_axis_length(a->row), n);
    for (size_t i = 0; i < n; i++)
        if (!(fabs(a->time[i] - time[i]) <= (n > 1 ? step / 100 : 1e-9)))
            return bram_fail(cx, BRAM_EFORMAT, "%s: row %zu is of %.17g s, expected %.17g s",
                             a->name, i + 1, a->time[i], time[i]);
    return BRAM_OK;
}

/* What a density is told by: the parameters of a family, or its logarithm. */
static const char *const densities[][2] = {
    {"mean", "sd"}, {"rate", NULL}, {"probability", NULL}, {"logdensity", NULL}};

enum { DENSITIES = sizeof densities / sizeof *densities };

static bool begins_with(const char *column, const char *parameter)
{
    size_t length = strlen(parameter);
    return strncmp(column, parameter, length) == 0 && column[length] == ':';
}

/* Which of them the columns tell; DENSITIES where it is none. */
static size_t density_of(const bram_axis *column)
{
    size_t k = 0;
    for (; k < DENSITIES; k++)
        for (size_t i = 0; i < bram_axis_length(column); i++)
            if (begins_with(bram_axis_id(column, i), densities[k][0])) return k;
    return k;
}

/* The units, or of densities "PARAMETER:UNIT" for each parameter. */
static int expected_columns(bram_ctx *cx, bram_axis **out, const bram_submitted *a,
                            const bram_demand *d)
{
    size_t units = bram_axis_length(d->unit), k = density_of(a->column), parameters;
    if (d->ask != BRAM_ASK_LOGLIK) {
        *out = bram_axis_ref(d->unit);
        return BRAM_OK;
    }
    if (k == DENSITIES)
        return bram_fail(cx, BRAM_EFORMAT,
                         "the columns of %s are no densities, expected such as \"rate:%s\"",
                         a->name, units ? bram_axis_id(d->unit, 0) : "");
    parameters = densities[k][1] ? 2 : 1;
    const char **id = bram_scratch(cx, units, parameters * sizeof *id);
    if (!id) return BRAM_ENOMEM;
    for (size_t p = 0; p < parameters; p++)
        for (size_t u = 0; u < units; u++) {
            const char *unit = bram_axis_id(d->unit, u);
            char *text = bram_scratch(cx, strlen(densities[k][p]) + strlen(unit) + 2, 1);
            if (!text) return BRAM_ENOMEM;
            sprintf(text, "%s:%s", densities[k][p], unit);
            id[p * units + u] = text;
        }
    BRAM_TRY(bram_axis_new(cx, out, "column", parameters * units));
    return bram_axis_set_ids(cx, *out, id);
}

static int check_part(bram_ctx *cx, const bram_submission *s, const bram_benchmark *b,
                      const bram_dataset *ds, const char *part)
{
    const bram_submitted *a = NULL;
    bram_demand d = {0};
    bram_axis *row = NULL, *column = NULL;
    for (size_t i = 0; i < s->arrays; i++)
        if (strcmp(s->array[i].name, part) == 0) a = &s->array[i];
    if (!a) return bram_fail(cx, BRAM_EFORMAT, "it has no predictions for %s", part);
    BRAM_TRY(bram_demand_of(cx, &d, b, ds, part));
    int status = BRAM_OK;
    if (!bram_ask_response(d.ask))
        status = bram_fail(cx, BRAM_EFORMAT, "%s asks for no predictions of parts", b->name);
    else if (d.ask == BRAM_ASK_WEIGHTS) row = bram_axis_ref(d.unit);
    else status = bram_demand_rows(cx, &row, &d);
    if (status == BRAM_OK && a->is_time == bram_axis_has_ids(row))
        status = bram_fail(cx, BRAM_EFORMAT, "the rows of %s are %s, expected %s", part,
                           a->is_time ? "seconds" : "ids", a->is_time ? "ids" : "seconds");
    if (status == BRAM_OK)
        status = a->is_time ? same_times(cx, a, row)
                            : same_names(cx, a->name, d.features ? "stimuli" : "rows", a->row, row);
    if (status == BRAM_OK && d.unit) status = expected_columns(cx, &column, a, &d);
    if (status == BRAM_OK && d.unit) status = same_names(cx, a->name, "units", a->column, column);
    bram_axis_free(column);
    bram_axis_free(row);
    bram_demand_release(&d);
    return status;
}

static int check_features(bram_ctx *cx, const bram_submission *s, const bram_benchmark *b,
                          const bram_dataset *ds, const bram_axis *parts)
{
    bram_axis *asked = NULL;
    size_t mark = bram_scratch_mark(cx);
    int status = bram_demand_stimuli(cx, &asked, b, ds, parts);
    for (size_t i = 0; i < s->arrays && status == BRAM_OK; i++) {
        const bram_submitted *a = &s->array[i];
        status = a->is_time ? bram_fail(cx, BRAM_EFORMAT,
                                        "the rows of %s are seconds, expected "
                                        "stimuli",
                                        a->name)
                            : same_names(cx, a->name, "stimuli", a->row, asked);
    }
    bram_axis_free(asked);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_submission_check(bram_ctx *cx, const bram_submission *s, const bram_benchmark *b,
                          const bram_dataset *ds)
{
    bram_axis *parts = NULL;
    BRAM_TRY(check_words(cx, s, b, ds));
    BRAM_TRY(bram_task_find(b->task)->parts(cx, &parts, b, ds));
    int status = BRAM_OK;
    if (s->features) status = check_features(cx, s, b, ds, parts);
    for (size_t p = 0; !s->features && p < bram_axis_length(parts) && status == BRAM_OK; p++)
        status = check_part(cx, s, b, ds, bram_axis_id(parts, p));
    for (size_t i = 0; !s->features && i < s->arrays && status == BRAM_OK; i++)
        if (bram_axis_find(parts, s->array[i].name) < 0)
            status = bram_fail(cx, BRAM_EFORMAT, "%s has no part \"%s\"", b->name,
                               s->array[i].name);
    bram_axis_free(parts);
    return status;
}
