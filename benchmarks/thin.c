/*
 * thin.c - the data of learning curves; see thin.h.
 */
#include "thin.h"

#include "dataset_view.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- which axis makes sense where ----------------------------------------------------------- */

enum { ANIMALS = 1 << 0, MINUTES = 1 << 1, STIMULI = 1 << 2, UNITS = 1 << 3 };

static const char *const axis_names[] = {"animals", "minutes", "stimuli", "units"};

#define IN_TIME    "its data are recordings in time, each learned from by itself"
#define TO_STIMULI "its data are responses of one area to stimuli, without a course in time"

/* What there can be less of in a task, and why there is no other axis. */
static const struct {
    const char *task;
    unsigned axes;
    const char *why;
} sensible[] = {
    {"forecast", ANIMALS | MINUTES | UNITS, "its data are recordings in time, without stimuli"},
    {"density", MINUTES | UNITS, IN_TIME},
    {"cosmooth", ANIMALS | MINUTES | UNITS, "its data are recordings in time, without stimuli"},
    {"decode", MINUTES | UNITS, IN_TIME},
    {"states", MINUTES | UNITS, IN_TIME},
    {"psth", MINUTES | UNITS, IN_TIME},
    {"graph", MINUTES | UNITS, IN_TIME},
    {"wiring", MINUTES | UNITS, IN_TIME},
    {"neurons", ANIMALS, "it holds neurons that animals share against each other, over animals"},
    {"encoding", STIMULI | UNITS, TO_STIMULI},
    {"geometry", ANIMALS | STIMULI | UNITS, "its data are responses without a course in time"},
    {"pseudo-depth", STIMULI | UNITS, TO_STIMULI},
    {"classify", STIMULI | UNITS, TO_STIMULI},
    {"time-resolved", STIMULI | UNITS, "its bins of time are what is scored, area by area"},
    {"transfer", 0, "a part is a pair of areas with stimuli and units of their own"},
    {"links", 0, "it has one graph, and how much of it is shown is an option of its definition"},
    {"vessels", 0, "it has one graph, and how much of it is shown is an option of its definition"},
    {"communities", 0, "nothing is learned: a partition of one graph is held against the true one"},
    {"motifs", 0, "nothing is learned: patterns of one graph are counted"},
    {"identification", 0, "nothing is recorded: representations of networks are told apart"},
    {"motor", 0, "its networks are trained on trials that are made without end"},
    {"learning", 0, "it measures what training does to weights, it does not score data"}};

static unsigned axis_of(const char *name)
{
    for (size_t i = 0; i < 4; i++)
        if (strcmp(axis_names[i], name) == 0) return 1u << i;
    return 0;
}

/* Whether models of a benchmark learn from other animals. */
static bool learns_from_others(const bram_benchmark *b)
{
    if (strcmp(b->task, "forecast") == 0) return bram_option_is(b->options, "variant", "across");
    return strcmp(b->task, "cosmooth") == 0 && bram_option_is(b->options, "animals", "all");
}

static int check_axis(bram_ctx *cx, unsigned *axis, const bram_benchmark *b, const char *name)
{
    unsigned axes = 0;
    const char *why = "its task does not say what it learns from";
    *axis = axis_of(name);
    if (!*axis)
        return bram_fail(cx, BRAM_EUSAGE,
                         "no learning curve is along \"%s\", expected animals, minutes, stimuli or "
                         "units",
                         name);
    for (size_t i = 0; i < sizeof sensible / sizeof *sensible; i++)
        if (strcmp(sensible[i].task, b->task) == 0) axes = sensible[i].axes, why = sensible[i].why;
    if (strcmp(b->task, "classify") == 0 && *axis == STIMULI &&
        !bram_option_is(b->options, "over", "stimuli"))
        axes = 0, why = "stimuli are its classes, and fewer classes are another question";
    if (!(axes & *axis))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no learning curve along %s: %s", b->name,
                         name, why);
    bool alone = strcmp(b->task, "forecast") == 0 || strcmp(b->task, "cosmooth") == 0;
    if (*axis == ANIMALS && alone && !learns_from_others(b))
        return bram_fail(
            cx, BRAM_ENOTAPPLICABLE,
            "%s has no learning curve along animals: its models learn from each animal "
            "by itself",
            b->name);
    return BRAM_OK;
}

/* ---- what there is -------------------------------------------------------------------------- */

static bram_response *find(bram_ctx *cx, const bram_dataset *ds, const char *group,
                           const char *part, const char *name)
{
    char *path = bram_strf(cx, "%s/%s%s%s", group, part, *name ? "/" : "", name);
    bram_response *r = path ? bram_dataset_response(ds, path) : NULL;
    bram_free(path);
    return r;
}

/* What is scored in a part: its activity, or its responses to stimuli. */
static const bram_response *recorded(bram_ctx *cx, const bram_benchmark *b, const bram_dataset *ds,
                                     const char *part)
{
    static const char *const to_stimuli[] = {"encoding", "geometry", "pseudo-depth", "classify",
                                             "time-resolved"};
    bool stimuli = false;
    for (size_t i = 0; i < sizeof to_stimuli / sizeof *to_stimuli; i++)
        stimuli |= strcmp(b->task, to_stimuli[i]) == 0;
    return stimuli ? find(cx, ds, "responses", part, "")
                   : find(cx, ds, "recordings", part, bram_option_text(b->options, "response"));
}

static bool is_rdm(const bram_response *r)
{
    const char *kind = bram_attrs_text(bram_response_attrs_const(r), "kind");
    return kind && strcmp(kind, "rdm") == 0;
}

/* The dimension of units, or of the RDMs of subjects; -1: there is none. */
static ptrdiff_t unit_dimension(const bram_response *r)
{
    for (size_t d = 0; d < bram_response_dims(r); d++) {
        const char *name = bram_axis_name(bram_response_axis(r, d));
        if (strcmp(name, "time") != 0 && strcmp(name, "stimulus") != 0 &&
            strcmp(name, "repeat") != 0)
            return (ptrdiff_t)d;
    }
    return -1;
}

/* The subject of each unit as the number of its first unit; returns how many subjects. */
static size_t subjects_of(size_t *subject, const bram_axis *unit, bool rdm)
{
    const bram_column *c = bram_axis_column(unit, "subject");
    size_t n = bram_axis_length(unit), count = 0;
    for (size_t u = 0; u < n; u++) {
        subject[u] = rdm && !(c && c->text) ? u : 0;
        for (size_t v = 0; c && c->text && v <= u; v++)
            if (strcmp(c->text[v], c->text[u]) == 0) {
                subject[u] = v;
                break;
            }
        count += subject[u] == u;
    }
    return count;
}

static double seconds_a_row(const bram_axis *time)
{
    const double *t = bram_axis_values(time);
    size_t n = bram_axis_length(time);
    double smallest = INFINITY;
    for (size_t i = 1; t && i < n; i++)
        if (t[i] > t[i - 1]) smallest = fmin(smallest, t[i] - t[i - 1]);
    return isfinite(smallest) ? smallest : NAN;
}

/* Rows that a recording gives to learn from: its first ones. */
static size_t training_rows(const bram_benchmark *b, const bram_response *r)
{
    double train = bram_option_real(b->options, "train");
    if (strcmp(b->task, "forecast") == 0 && learns_from_others(b))
        train /= train + bram_option_real(b->options, "validation");
    return (size_t)floor(train * (double)bram_response_length(r, 0));
}

static bool has_option(const bram_benchmark *b, const char *name)
{
    const bram_task *task = bram_task_find(b->task);
    for (const bram_param *p = task ? task->params : NULL; p && p->name; p++)
        if (strcmp(p->name, name) == 0) return true;
    return false;
}

/* The fewest minutes of training in any recording that a model learns from. */
static int most_minutes(bram_ctx *cx, double *out, const bram_benchmark *b, const bram_dataset *ds,
                        const char *part)
{
    double least = INFINITY;
    bool others = learns_from_others(b);
    if ((has_option(b, "sessions") && bram_option_integer(b->options, "sessions") > 0) ||
        (has_option(b, "splits") && *bram_option_text(b->options, "splits")))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s has no learning curve along minutes: it is not cut once in time",
                         b->name);
    for (size_t i = 0; i < bram_dataset_groups(ds, "recordings"); i++) {
        const char *id = bram_dataset_group_at(ds, "recordings", i);
        const bram_response *r = recorded(cx, b, ds, id);
        if (!r || (!others && strcmp(id, part) != 0)) continue;
        double minutes = (double)training_rows(b, r) * seconds_a_row(bram_response_axis(r, 0)) / 60;
        if (minutes < least) least = minutes;
    }
    *out = least;
    return isfinite(least)
               ? BRAM_OK
               : bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s: %s has no time in seconds", b->name, part);
}

static int most_animals(bram_ctx *cx, double *out, const bram_benchmark *b, const bram_dataset *ds,
                        const char *part)
{
    size_t recordings = bram_dataset_groups(ds, "recordings"), mark = bram_scratch_mark(cx);
    if (strcmp(b->task, "geometry") != 0) {
        *out = (double)recordings - (learns_from_others(b) ? 1 : 0);
        return BRAM_OK;
    }
    const bram_response *r = recorded(cx, b, ds, part);
    ptrdiff_t d = r ? unit_dimension(r) : -1;
    if (d < 0) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s: %s has no units", b->name, part);
    const bram_axis *unit = bram_response_axis(r, (size_t)d);
    size_t *subject = bram_scratch(cx, bram_axis_length(unit), sizeof *subject);
    if (!subject) return BRAM_ENOMEM;
    *out = (double)subjects_of(subject, unit, is_rdm(r));
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

int bram_thin_most(bram_ctx *cx, double *most, const bram_benchmark *b, const bram_dataset *ds,
                   const char *part, const char *axis)
{
    unsigned which;
    BRAM_TRY(check_axis(cx, &which, b, axis));
    if (which == MINUTES) return most_minutes(cx, most, b, ds, part);
    if (which == ANIMALS) return most_animals(cx, most, b, ds, part);
    const bram_response *r = recorded(cx, b, ds, part);
    if (!r) return bram_fail(cx, BRAM_EABSENT, "%s: %s has no response", b->name, part);
    if (which == STIMULI) {
        *most = (double)bram_response_length(r, is_rdm(r) ? bram_response_dims(r) - 1 : 0);
        return BRAM_OK;
    }
    ptrdiff_t d = is_rdm(r) ? -1 : unit_dimension(r);
    if (d < 0)
        return bram_fail(
            cx, BRAM_ENOTAPPLICABLE,
            "%s has no learning curve along units: %s holds dissimilarities, not units", b->name,
            part);
    *most = (double)bram_response_length(r, (size_t)d);
    return BRAM_OK;
}

/* ---- the view ------------------------------------------------------------------------------- */

struct thin {
    const bram_benchmark *b;
    const bram_dataset *ds;
    const char *part;
    unsigned axis;
    size_t *index, count;  /* of units or stimuli */
    const bram_axis *unit; /* that the index is of */
    uint8_t *kept;         /* of the recordings, in their order */
    double *masked;        /* of each recording two times, s */
};

static int ascending(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* The first k of a permutation of n, ascending: subsets of one draw grow. */
static int draw(bram_ctx *cx, size_t **out, const struct thin *t, size_t n, size_t k)
{
    size_t *index = bram_scratch(cx, n, sizeof *index);
    char *stream = bram_strf(cx, "learning-curve/%s/%s/%s", t->b->variation->axis,
                             t->b->variation->base, t->part);
    if (!index || !stream) {
        bram_free(stream);
        return BRAM_ENOMEM;
    }
    bram_rng g = bram_rng_new(t->b->variation->draw, stream);
    bram_free(stream);
    bram_rng_permutation(&g, n, index);
    qsort(index, k, sizeof *index, ascending);
    *out = index;
    return BRAM_OK;
}

static bool is_below(const char *path, const char *group, const char *id)
{
    size_t g = strlen(group), n = strlen(id);
    return strncmp(path, group, g) == 0 && path[g] == '/' && strncmp(path + g + 1, id, n) == 0 &&
           (path[g + 1 + n] == 0 || path[g + 1 + n] == '/');
}

/* The rows of a response whose times lie in what is masked of its recording. */
static void mask_rows(bram_view_choice *out, const bram_response *r, const double masked[2])
{
    const bram_axis *time = bram_response_axis(r, 0);
    const double *t = bram_axis_values(time);
    if (!t || strcmp(bram_axis_name(time), "time") != 0) return;
    size_t n = bram_axis_length(time), from = 0, to;
    while (from < n && t[from] < masked[0]) from++;
    for (to = from; to < n && t[to] < masked[1];) to++;
    out->masked_from = from, out->masked_to = to;
}

static int choose(bram_ctx *cx, void *user, bram_view_choice *out, const char *path,
                  const bram_response *r)
{
    (void)cx;
    const struct thin *t = user;
    if (t->axis == MINUTES) {
        for (size_t i = 0; i < bram_dataset_groups(t->ds, "recordings"); i++)
            if (is_below(path, "recordings", bram_dataset_group_at(t->ds, "recordings", i)))
                mask_rows(out, r, t->masked + 2 * i);
        return BRAM_OK;
    }
    if (!t->index ||
        (!is_below(path, "recordings", t->part) && !is_below(path, "responses", t->part)))
        return BRAM_OK;
    for (size_t d = 0; d < bram_response_dims(r); d++) {
        const bram_axis *axis = bram_response_axis(r, d);
        bool hit = t->axis == STIMULI ? strcmp(bram_axis_name(axis), "stimulus") == 0
                                      : bram_axis_equal(axis, t->unit);
        if (hit && bram_axis_length(axis) == bram_axis_length(t->unit))
            out->index[d] = t->index, out->count[d] = t->count;
    }
    return BRAM_OK;
}

static bool hides(void *user, const char *group)
{
    const struct thin *t = user;
    for (size_t i = 0; t->kept && i < bram_dataset_groups(t->ds, "recordings"); i++)
        if (!t->kept[i] &&
            is_below(group, "recordings", bram_dataset_group_at(t->ds, "recordings", i)))
            return true;
    return false;
}

/* Recordings: the part's own, where others are learned from, and k of the others. */
static int keep_recordings(bram_ctx *cx, struct thin *t, size_t k)
{
    size_t n = bram_dataset_groups(t->ds, "recordings"), others = 0, *index, *other;
    t->kept = bram_scratch(cx, n, 1);
    other = bram_scratch(cx, n, sizeof *other);
    if (!t->kept || !other) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (learns_from_others(t->b) &&
            strcmp(bram_dataset_group_at(t->ds, "recordings", i), t->part) == 0)
            t->kept[i] = 1;
        else other[others++] = i;
    if (k > others) k = others;
    BRAM_TRY(draw(cx, &index, t, others, k));
    for (size_t i = 0; i < k; i++) t->kept[other[index[i]]] = 1;
    return BRAM_OK;
}

/* Units of k subjects. */
static int keep_subjects(bram_ctx *cx, struct thin *t, const bram_response *r, size_t k)
{
    ptrdiff_t d = unit_dimension(r);
    if (d < 0) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no units", t->part);
    t->unit = bram_response_axis(r, (size_t)d);
    size_t n = bram_axis_length(t->unit), *chosen, known = 0;
    size_t *subject = bram_scratch(cx, n, sizeof *subject);
    size_t *number = bram_scratch(cx, n, sizeof *number);
    t->index = bram_scratch(cx, n, sizeof *t->index);
    if (!subject || !number || !t->index) return BRAM_ENOMEM;
    size_t count = subjects_of(subject, t->unit, is_rdm(r));
    if (k > count) k = count;
    BRAM_TRY(draw(cx, &chosen, t, count, k));
    for (size_t u = 0; u < n; u++) {
        if (subject[u] == u) number[u] = known++;
        size_t own = number[subject[u]];
        for (size_t i = 0; i < k; i++)
            if (chosen[i] == own) t->index[t->count++] = u;
    }
    return BRAM_OK;
}

/* Which seconds of each recording are left out of what is learned from. */
static int mask_minutes(bram_ctx *cx, struct thin *t, double minutes)
{
    size_t n = bram_dataset_groups(t->ds, "recordings");
    bool others = learns_from_others(t->b);
    t->masked = bram_scratch(cx, 2 * n, sizeof *t->masked);
    if (!t->masked) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *id = bram_dataset_group_at(t->ds, "recordings", i);
        const bram_response *r = recorded(cx, t->b, t->ds, id);
        bool own = strcmp(id, t->part) == 0;
        bool learned = others ? !own || strcmp(t->b->task, "cosmooth") == 0 : own;
        const double *time = r ? bram_axis_values(bram_response_axis(r, 0)) : NULL;
        if (!time || !learned) continue;
        size_t all = training_rows(t->b, r);
        size_t rows = (size_t)llround(minutes * 60 / seconds_a_row(bram_response_axis(r, 0)));
        if (rows >= all) continue;
        double *masked = t->masked + 2 * i;
        if (others) masked[0] = time[rows], masked[1] = time[all];
        else masked[0] = time[0], masked[1] = time[all - rows];
    }
    return BRAM_OK;
}

static int prepare(bram_ctx *cx, struct thin *t)
{
    double amount = t->b->variation->amount;
    size_t k = (size_t)amount;
    if (t->axis == MINUTES) return mask_minutes(cx, t, amount);
    const bram_response *r = recorded(cx, t->b, t->ds, t->part);
    if (t->axis == ANIMALS && strcmp(t->b->task, "geometry") != 0) return keep_recordings(cx, t, k);
    if (!r) return bram_fail(cx, BRAM_EABSENT, "%s has no response", t->part);
    if (t->axis == ANIMALS) return keep_subjects(cx, t, r, k);
    size_t d = t->axis == STIMULI ? (is_rdm(r) ? bram_response_dims(r) - 1 : 0)
                                  : (size_t)unit_dimension(r);
    t->unit = bram_response_axis(r, d);
    t->count = k < bram_axis_length(t->unit) ? k : bram_axis_length(t->unit);
    return draw(cx, &t->index, t, bram_axis_length(t->unit), t->count);
}

int bram_thin(bram_ctx *cx, bram_dataset **out, const bram_benchmark *b, const bram_dataset *ds,
              const char *part)
{
    struct thin t = {.b = b, .ds = ds, .part = part};
    bram_view_rule rule = {choose, hides, &t};
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(check_axis(cx, &t.axis, b, b->variation->axis));
    int status = prepare(cx, &t);
    if (status == BRAM_OK) status = bram_dataset_view(cx, out, ds, &rule);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- the variations ------------------------------------------------------------------------- */

/* The largest amount that every part has. */
static int common_most(bram_ctx *cx, double *out, const bram_benchmark *b, const bram_dataset *ds,
                       const char *axis)
{
    bram_axis *parts = NULL;
    const bram_task *task = bram_task_find(b->task);
    unsigned which;
    BRAM_TRY(check_axis(cx, &which, b, axis));
    BRAM_TRY(task->parts(cx, &parts, b, ds));
    double least = INFINITY;
    int status = BRAM_OK;
    for (size_t i = 0; i < bram_axis_length(parts) && status == BRAM_OK; i++) {
        double most = 0;
        status = bram_thin_most(cx, &most, b, ds, bram_axis_id(parts, i), axis);
        if (status == BRAM_OK) least = fmin(least, most);
    }
    bram_axis_free(parts);
    if (status == BRAM_OK) *out = least;
    return status;
}

static int add_one(bram_ctx *cx, bram_variations *list, const bram_benchmark *b, const char *axis,
                   double amount, uint64_t draw)
{
    bram_benchmark *c = NULL;
    char *label = bram_strf(cx, "%s=%.6g,draw=%llu", axis, amount, (unsigned long long)draw);
    if (!label) return BRAM_ENOMEM;
    int status = bram_variation_new(cx, &c, b, "learning-curve", label);
    bram_free(label);
    BRAM_TRY(status);
    c->variation->amount = amount;
    c->variation->draw = draw;
    c->variation->axis = bram_strdup(cx, axis);
    if (c->variation->axis) return bram_variations_add(cx, list, c);
    bram_benchmark_free(c);
    return BRAM_ENOMEM;
}

/* Fewer are no size of a curve unless asked for. */
static double least_amount(unsigned axis)
{
    return axis == ANIMALS ? 1 : axis == UNITS ? 4 : axis == STIMULI ? 12 : 0;
}

/* All of it, halved again and again; of few animals every number. */
static size_t default_amounts(double *out, double most, unsigned axis)
{
    enum { SIZES = 6 };
    const double least = least_amount(axis);
    size_t n = 0;
    if (axis == ANIMALS && most <= SIZES) {
        for (double k = 1; k <= most; k++) out[n++] = k;
        return n;
    }
    double down[SIZES];
    for (double k = most; n < SIZES && k >= least && k > 0; k /= 2)
        down[n++] = axis == MINUTES ? k : floor(k);
    for (size_t i = 0; i < n; i++) out[i] = down[n - 1 - i];
    return n;
}

int bram_curve_add(bram_ctx *cx, bram_variations *list, const bram_benchmark *b,
                   const bram_dataset *ds, const bram_curve_settings *settings)
{
    enum { MOST = 16 };
    double most = 0, own[MOST];
    BRAM_TRY(common_most(cx, &most, b, ds, settings->axis));
    unsigned axis = axis_of(settings->axis);
    size_t n = settings->amounts ? settings->amounts : default_amounts(own, most, axis);
    const double *amount = settings->amounts ? settings->amount : own;
    if (!n)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s has no learning curve along %s: a part has %g of them, expected %g or "
                         "more",
                         b->name, settings->axis, most, least_amount(axis));
    size_t draws = axis == MINUTES ? 1 : settings->draws ? settings->draws : 5;
    for (size_t i = 0; i < n; i++) {
        if (!(amount[i] > 0) || amount[i] > most * (1 + 1e-9))
            return bram_fail(cx, BRAM_EUSAGE, "%s: %g %s, expected more than 0 and at most %g",
                             b->name, amount[i], settings->axis, most);
        if (axis != MINUTES && amount[i] != floor(amount[i]))
            return bram_fail(cx, BRAM_EUSAGE, "%g %s, expected a whole number", amount[i],
                             settings->axis);
        for (size_t k = 0; k < (amount[i] == most ? 1 : draws); k++)
            BRAM_TRY(add_one(cx, list, b, settings->axis, amount[i], k));
    }
    return BRAM_OK;
}
