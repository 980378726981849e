/*
 * splits.c - splits of recordings: made, written, read, checked; see splits.h.
 */
#include "splits.h"

#include "hash.h"
#include "json.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { VERSION = 1, MOST_FOLDS = 10000 };

void bram_splits_release(bram_splits *s)
{
    for (size_t i = 0; i < s->count; i++) {
        bram_free(s->entry[i].dataset);
        bram_free(s->entry[i].id);
    }
    bram_free(s->entry);
    *s = (bram_splits){.count = 0};
}

const bram_split_entry *bram_splits_find(const bram_splits *s, const char *id)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->entry[i].id, id) == 0) return &s->entry[i];
    return NULL;
}

/* ---- making --------------------------------------------------------------------------------- */

int bram_splits_hash(bram_ctx *cx, char sha256[65], const bram_recording *r)
{
    bram_hash *h = NULL;
    size_t n = r->rows * r->units;
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = bram_hash_add_u64(cx, h, r->rows);
    if (status == BRAM_OK) status = bram_hash_add_u64(cx, h, r->units);
    if (status == BRAM_OK)
        status = bram_hash_add(cx, h, bram_axis_values(r->time), r->rows * sizeof(double));
    for (size_t i = 0; status == BRAM_OK && i < n; i++) {
        double value = r->present[i] ? r->values[i] : (double)INFINITY; /* no value is infinite */
        status = bram_hash_add(cx, h, &value, sizeof value);
    }
    if (status == BRAM_OK) status = bram_hash_end(cx, h, sha256);
    bram_hash_free(h);
    return status;
}

static int read_entry(bram_ctx *cx, bram_split_entry *e, bool *is, const bram_copy_source *source)
{
    static const char *const names[] = {"raw", "activity"};
    *is = false;
    for (size_t k = 0; k < 2 && !*is; k++) {
        bram_recording r = {0};
        int status = bram_recording_read(cx, &r, source->ds, source->id, names[k]);
        if (status == BRAM_EABSENT) continue;
        BRAM_TRY(status);
        const bram_attrs *root = bram_dataset_find_attrs(source->ds, "");
        const char *dataset = root ? bram_attrs_text(root, "dataset") : NULL;
        e->rows = r.rows;
        e->from = bram_axis_values(r.time)[0];
        e->to = bram_axis_values(r.time)[r.rows - 1];
        e->dataset = bram_strdup(cx, dataset ? dataset : "");
        e->id = bram_strdup(cx, source->id);
        status = e->dataset && e->id ? bram_splits_hash(cx, e->sha256, &r) : BRAM_ENOMEM;
        bram_recording_release(&r);
        BRAM_TRY(status);
        *is = true;
    }
    return BRAM_OK;
}

/* Copies, also copies of copies, get the number of the first of them. */
static int group_copies(bram_ctx *cx, bram_splits *s, const bram_copy_source *source)
{
    bram_copy *copy = NULL;
    size_t pairs = 0;
    for (size_t i = 0; i < s->count; i++) s->entry[i].group = i;
    BRAM_TRY(bram_copies_find(cx, &copy, &pairs, source, s->count));
    for (size_t k = 0; k < pairs; k++) {
        size_t a = s->entry[copy[k].a].group, b = s->entry[copy[k].b].group;
        for (size_t i = 0; i < s->count; i++)
            if (s->entry[i].group == (a > b ? a : b)) s->entry[i].group = a < b ? a : b;
    }
    bram_free(copy);
    return BRAM_OK;
}

/* Groups in an order by chance are dealt out one by one. */
static int deal(bram_ctx *cx, bram_splits *s)
{
    size_t *group = bram_scratch(cx, s->count, sizeof *group), n = 0;
    size_t *order = bram_scratch(cx, s->count, sizeof *order);
    if (!group || !order) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->count; i++)
        if (s->entry[i].group == i) group[n++] = i;
    if (s->folds > n)
        return bram_fail(cx, BRAM_EUSAGE,
                         "%zu recordings that are no copies of each other cannot make %zu folds", n,
                         s->folds);
    bram_rng g = bram_rng_new(s->seed, "splits");
    bram_rng_permutation(&g, n, order);
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < s->count; i++)
            if (s->entry[i].group == group[order[k]]) s->entry[i].fold = k % s->folds;
    return BRAM_OK;
}

/* A fold of each dataset, in order of appearance. */
static int by_source(bram_ctx *cx, bram_splits *s)
{
    s->folds = 0;
    for (size_t i = 0; i < s->count; i++) {
        size_t k = 0;
        while (k < i && strcmp(s->entry[k].dataset, s->entry[i].dataset) != 0) k++;
        s->entry[i].fold = k < i ? s->entry[k].fold : s->folds++;
    }
    if (s->folds > 1) return BRAM_OK;
    return bram_fail(cx, BRAM_EUSAGE, "found recordings of %zu dataset%s, expected 2 or more",
                     s->folds, s->folds == 1 ? "" : "s");
}

static int assign(bram_ctx *cx, bram_splits *s)
{
    if (strcmp(s->scheme, "source") == 0) return by_source(cx, s);
    if (s->folds < 2 || s->folds > MOST_FOLDS)
        return bram_fail(cx, BRAM_EUSAGE, "found %zu folds, expected 2 to %d", s->folds,
                         MOST_FOLDS);
    return strcmp(s->scheme, "worm") == 0 ? deal(cx, s) : BRAM_OK;
}

int bram_splits_make(bram_ctx *cx, bram_splits *out, const bram_copy_source *source, size_t sources,
                     const bram_splits_want *want)
{
    bram_splits s = {.seed = want->seed, .folds = want->folds, .gap = want->gap};
    bool known = !strcmp(want->scheme, "worm") || !strcmp(want->scheme, "source") ||
                 !strcmp(want->scheme, "time");
    if (!known)
        return bram_fail(cx, BRAM_EUSAGE, "found scheme \"%s\", expected worm, source or time",
                         want->scheme);
    snprintf(s.scheme, sizeof s.scheme, "%s", want->scheme);
    size_t mark = bram_scratch_mark(cx);
    bram_copy_source *kept = bram_scratch(cx, sources, sizeof *kept);
    s.entry = bram_alloc(cx, sources, sizeof *s.entry);
    int status = kept && s.entry ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < sources; i++) {
        bool is = false;
        if (s.count && bram_splits_find(&s, source[i].id))
            status = bram_fail(cx, BRAM_EUSAGE, "two recordings are called %s", source[i].id);
        else status = read_entry(cx, &s.entry[s.count], &is, &source[i]);
        if (!is) {
            bram_free(s.entry[s.count].dataset);
            bram_free(s.entry[s.count].id);
            s.entry[s.count] = (bram_split_entry){.rows = 0};
        } else kept[s.count++] = source[i];
    }
    if (status == BRAM_OK) status = group_copies(cx, &s, kept);
    if (status == BRAM_OK) status = assign(cx, &s);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = s;
    else bram_splits_release(&s);
    return status;
}

/* ---- the file ------------------------------------------------------------------------------- */

static void put_entry(bram_json_out *o, const bram_splits *s, const bram_split_entry *e)
{
    bram_json_out_object(o, NULL);
    bram_json_out_text(o, "dataset", e->dataset);
    bram_json_out_text(o, "id", e->id);
    bram_json_out_integer(o, "rows", (int64_t)e->rows);
    bram_json_out_text(o, "sha256", e->sha256);
    bram_json_out_number(o, "from", e->from);
    bram_json_out_number(o, "to", e->to);
    bram_json_out_integer(o, "group", (int64_t)e->group);
    if (strcmp(s->scheme, "time") != 0) bram_json_out_integer(o, "fold", (int64_t)e->fold);
    bram_json_out_end(o);
}

int bram_splits_write(bram_ctx *cx, const bram_splits *s, const char *path, bool replace)
{
    bram_json_out *o = NULL;
    BRAM_TRY(bram_json_out_new(cx, &o));
    bram_json_out_object(o, NULL);
    bram_json_out_integer(o, "bramble_splits", VERSION);
    bram_json_out_text(o, "scheme", s->scheme);
    bram_json_out_integer(o, "seed", (int64_t)s->seed);
    bram_json_out_integer(o, "folds", (int64_t)s->folds);
    bram_json_out_number(o, "gap", s->gap);
    bram_json_out_array(o, "recordings");
    for (size_t i = 0; i < s->count; i++) put_entry(o, s, &s->entry[i]);
    bram_json_out_end(o);
    bram_json_out_end(o);
    int status = bram_json_out_write(cx, o, path, replace);
    bram_json_out_free(o);
    return status;
}

/* A member that is a whole number within 0 .. most. */
static int take_count(bram_ctx *cx, size_t *out, const bram_json *object, const char *key,
                      size_t most)
{
    int64_t value = -1;
    if (bram_json_integer(bram_json_get(object, key), &value) && value >= 0 &&
        (uint64_t)value <= most) {
        *out = (size_t)value;
        return BRAM_OK;
    }
    return bram_fail(cx, BRAM_EFORMAT, "%s: expected a whole number from 0 to %zu", key, most);
}

static int take_entry(bram_ctx *cx, bram_splits *s, bram_split_entry *e, const bram_json *from,
                      size_t count)
{
    const char *dataset = bram_json_text(bram_json_get(from, "dataset"));
    const char *id = bram_json_text(bram_json_get(from, "id"));
    const char *sum = bram_json_text(bram_json_get(from, "sha256"));
    if (!dataset || !id || !sum || strlen(sum) != 64)
        return bram_fail(cx, BRAM_EFORMAT, "a recording lacks dataset, id or sha256");
    if (bram_splits_find(s, id))
        return bram_fail(cx, BRAM_EFORMAT, "recording %s stands there twice", id);
    memcpy(e->sha256, sum, sizeof e->sha256);
    if (!bram_json_number(bram_json_get(from, "from"), &e->from) ||
        !bram_json_number(bram_json_get(from, "to"), &e->to) || !(e->to >= e->from))
        return bram_fail(cx, BRAM_EFORMAT, "recording %s: from and to are no stretch of time", id);
    BRAM_TRY(take_count(cx, &e->rows, from, "rows", SIZE_MAX / 2));
    BRAM_TRY(take_count(cx, &e->group, from, "group", count - 1));
    if (strcmp(s->scheme, "time") != 0)
        BRAM_TRY(take_count(cx, &e->fold, from, "fold", s->folds - 1));
    e->dataset = bram_strdup(cx, dataset);
    e->id = bram_strdup(cx, id);
    if (e->dataset && e->id) return BRAM_OK;
    bram_free(e->dataset);
    bram_free(e->id);
    return BRAM_ENOMEM;
}

static int take_all(bram_ctx *cx, bram_splits *s, const bram_json *root)
{
    int64_t version = 0;
    const bram_json *list = bram_json_get(root, "recordings");
    const char *scheme = bram_json_text(bram_json_get(root, "scheme"));
    size_t seed = 0, n = bram_json_count(list);
    if (!bram_json_integer(bram_json_get(root, "bramble_splits"), &version) || version != VERSION)
        return bram_fail(cx, BRAM_EFORMAT, "found no bramble_splits: %d, expected a file of splits",
                         VERSION);
    if (!scheme || (strcmp(scheme, "worm") != 0 && strcmp(scheme, "source") != 0 &&
                    strcmp(scheme, "time") != 0))
        return bram_fail(cx, BRAM_EFORMAT, "scheme: found %s, expected worm, source or time",
                         scheme ? scheme : "none");
    snprintf(s->scheme, sizeof s->scheme, "%s", scheme);
    BRAM_TRY(take_count(cx, &seed, root, "seed", SIZE_MAX / 2));
    BRAM_TRY(take_count(cx, &s->folds, root, "folds", MOST_FOLDS));
    s->seed = seed;
    if (s->folds < 2 || !list || bram_json_kind_of(list) != BRAM_JSON_ARRAY || n == 0)
        return bram_fail(cx, BRAM_EFORMAT, "found %zu folds of %zu recordings", s->folds, n);
    if (!bram_json_number(bram_json_get(root, "gap"), &s->gap) || !(s->gap >= 0))
        return bram_fail(cx, BRAM_EFORMAT, "gap: expected seconds from 0 on");
    s->entry = bram_alloc(cx, n, sizeof *s->entry);
    if (!s->entry) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        BRAM_TRY(take_entry(cx, s, &s->entry[i], bram_json_at(list, i), n));
        s->count++;
    }
    return BRAM_OK;
}

int bram_splits_read(bram_ctx *cx, bram_splits *out, const char *path)
{
    bram_json *root = NULL;
    bram_splits s = {.count = 0};
    BRAM_TRY(bram_json_read(cx, &root, path, 0));
    int status = take_all(cx, &s, root);
    bram_json_free(root);
    if (status == BRAM_OK) *out = s;
    else bram_splits_release(&s);
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "%s", path);
}

int bram_splits_match(bram_ctx *cx, const bram_splits *read, const bram_splits *fresh,
                      const char *path)
{
    if (strcmp(read->scheme, fresh->scheme) != 0 || read->seed != fresh->seed ||
        read->folds != fresh->folds || read->gap != fresh->gap)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found %zu folds by %s, seed %llu, gap %g s; asked for are %zu by %s, "
                         "seed %llu, gap %g s",
                         path, read->folds, read->scheme, (unsigned long long)read->seed, read->gap,
                         fresh->folds, fresh->scheme, (unsigned long long)fresh->seed, fresh->gap);
    for (size_t i = 0; i < fresh->count; i++)
        if (!bram_splits_find(read, fresh->entry[i].id))
            return bram_fail(cx, BRAM_EFORMAT, "%s: recording %s is not in it", path,
                             fresh->entry[i].id);
    for (size_t i = 0; i < read->count; i++) {
        const bram_split_entry *e = &read->entry[i], *now = bram_splits_find(fresh, e->id);
        if (!now)
            return bram_fail(cx, BRAM_EFORMAT, "%s: recording %s is not in the data", path, e->id);
        if (strcmp(e->sha256, now->sha256) != 0)
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: recording %s has other values than when the splits were made",
                             path, e->id);
    }
    return BRAM_OK;
}

int bram_splits_open(bram_ctx *cx, bram_splits *out, const char *spec)
{
    char *path = NULL;
    BRAM_TRY(bram_sha256_pinned(cx, &path, "splits", spec));
    int status = bram_splits_read(cx, out, path);
    bram_free(path);
    return status;
}

int bram_splits_hold(bram_ctx *cx, const bram_splits *s, const bram_dataset *ds, const char *id)
{
    const bram_split_entry *e = bram_splits_find(s, id);
    const bram_copy_source source = {ds, id};
    bram_split_entry now = {.rows = 0};
    bool is = false;
    if (!e) return bram_fail(cx, BRAM_EFORMAT, "recording %s is not in the splits", id);
    int status = read_entry(cx, &now, &is, &source);
    if (status == BRAM_OK && (!is || strcmp(now.sha256, e->sha256) != 0))
        status = bram_fail(cx, BRAM_EFORMAT,
                           "recording %s has other values than when the splits were made", id);
    bram_free(now.dataset);
    bram_free(now.id);
    return status;
}
