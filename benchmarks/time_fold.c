/*
 * time_fold.c - recordings cut by splits by time; see time_fold.h.
 */
#include "time_fold.h"

#include <math.h>
#include <string.h>

/* Rows of a recording: scored are first .. end - 1; learned from those before `before` and from
 * `after` on. */
struct stretch {
    size_t first, end, before, after;
};

static size_t rows_before(const double *time, size_t rows, double when)
{
    size_t n = 0;
    while (n < rows && time[n] < when) n++;
    return n;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static struct stretch find_stretch(const bram_recording *r, const bram_splits *s,
                                   const bram_split_entry *e, size_t fold, size_t gap)
{
    const double *time = bram_axis_values(r->time);
    double length = (e->to - e->from) / (double)s->folds, from = e->from + (double)fold * length;
    bool last = fold + 1 == s->folds;
    struct stretch t = {.first = rows_before(time, r->rows, fold ? from : -INFINITY)};
    t.end = last ? r->rows : rows_before(time, r->rows, from + length);
    t.before = rows_before(time, r->rows, from - s->gap);
    t.before = smaller(t.before, t.first > gap ? t.first - gap : 0);
    t.after = last ? r->rows : rows_before(time, r->rows, from + length + s->gap);
    if (t.after < t.end + gap) t.after = smaller(t.end + gap, r->rows);
    return t;
}

/* Pieces of what is learned from; a piece behind the stretch has its contexts behind it, too. */
struct pieces {
    bram_cut cut[2];
    size_t count;
};

static void add_piece(struct pieces *p, const bram_recording *r, size_t begin, size_t first,
                      size_t end)
{
    if (first < end) p->cut[p->count++] = (bram_cut){r, begin, first, end};
}

/* The last `count` rows of the rest are for validation, `gap` rows before them for nothing. */
static void cut_rest(struct pieces *train, struct pieces *validation, const bram_recording *r,
                     const struct stretch *t, size_t count, size_t gap)
{
    size_t behind = r->rows - t->after, far = smaller(count, behind), near = count - far;
    size_t lost = count ? gap : 0, lost_behind = smaller(lost, behind - far);
    size_t lost_before = smaller(lost - lost_behind, t->before - near);
    add_piece(train, r, 0, 0, t->before - near - lost_before);
    add_piece(train, r, t->after, t->after, r->rows - far - lost_behind);
    add_piece(validation, r, 0, t->before - near, t->before);
    add_piece(validation, r, t->after, r->rows - far, r->rows);
}

int bram_time_fold_make(bram_ctx *cx, bram_timesplit *out, const bram_recording *r,
                        const bram_splits *s, const bram_options *o)
{
    double train = bram_option_real(o, "train"), validation = bram_option_real(o, "validation");
    int64_t asked = bram_option_integer(o, "fold");
    size_t fold = asked < 0 ? s->folds - 1 : (size_t)asked;
    size_t gap = (size_t)bram_option_integer(o, "gap");
    const bram_split_entry *e = bram_splits_find(s, r->id);
    if (strcmp(s->scheme, "time") != 0)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "the splits are by %s, variant=within needs them by time", s->scheme);
    if (!e || fold >= s->folds)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the splits have no fold %zu of %s", fold, r->id);
    const struct stretch t = find_stretch(r, s, e, fold, gap);
    size_t rest = t.before + r->rows - t.after;
    size_t held = (size_t)floor(validation / (train + validation) * (double)rest);
    if (t.first >= t.end || rest < held + gap + 2 || (validation > 0 && !held))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "fold %zu of %s has %zu rows to score and %zu to learn from: too few",
                         fold, r->id, t.end - t.first, rest);
    struct pieces learned = {.count = 0}, checked = {.count = 0};
    cut_rest(&learned, &checked, r, &t, held, gap);
    BRAM_TRY(bram_slice_make(cx, &out->train, learned.cut, learned.count));
    if (checked.count) BRAM_TRY(bram_slice_make(cx, &out->validation, checked.cut, checked.count));
    return bram_slice_make(cx, &out->test, &(bram_cut){r, 0, t.first, t.end}, 1);
}
