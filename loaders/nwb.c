/*
 * nwb.c - files of NWB 2: opening, what objects are, time series. nwb.h states the contracts.
 */
#include "nwb.h"

#include "homogenize.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_GROUPS = 20000, MOST_DEPTH = 16 };

int bram_nwb_open(bram_ctx *cx, bram_nwb *out, const char *path)
{
    bram_nwb nwb = {.path = path};
    char *version = NULL;
    BRAM_TRY(bram_h5_open(cx, &nwb.file, path));
    nwb.root = bram_h5_root(nwb.file);
    int status = BRAM_OK;
    if (bram_h5_has_attr(nwb.root, NULL, "nwb_version"))
        status = bram_h5_attr_text(cx, &version, nwb.root, NULL, "nwb_version");
    else
        status = bram_fail(cx, BRAM_EFORMAT,
                           "%s: found no attribute nwb_version, expected a file of NWB 2%s", path,
                           bram_h5_exists(nwb.root, "nwb_version") ? "; this one is of NWB 1" : "");
    const char *digits = version && version[0] == 'N' ? strpbrk(version, "0123456789") : version;
    if (status == BRAM_OK && (!digits || strncmp(digits, "2.", 2) != 0))
        status = bram_fail(cx, BRAM_EFORMAT, "%s: nwb_version is \"%.40s\", expected 2.x", path,
                           version);
    if (status == BRAM_OK) snprintf(nwb.version, sizeof nwb.version, "%s", digits);
    bram_free(version);
    if (status == BRAM_OK) *out = nwb;
    else bram_h5_close(nwb.file);
    return status;
}

void bram_nwb_close(bram_nwb *nwb)
{
    bram_h5_close(nwb->file);
    *nwb = (bram_nwb){0};
}

int bram_nwb_is(bram_ctx *cx, bool *out, const char *path)
{
    bram_nwb nwb = {0};
    *out = false;
    if (!bram_h5_probe(path)) return BRAM_OK;
    int status = bram_nwb_open(cx, &nwb, path);
    *out = status == BRAM_OK;
    bram_nwb_close(&nwb);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

/* ---- texts ---------------------------------------------------------------------------------- */

static int joined(bram_ctx *cx, char **out, char *const *texts, size_t count)
{
    size_t bytes = 1;
    for (size_t i = 0; i < count; i++) bytes += strlen(texts[i]) + 2;
    char *text = bram_alloc(cx, bytes, 1);
    if (!text) return BRAM_ENOMEM;
    for (size_t i = 0, used = 0; i < count; i++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? "; " : "", texts[i]);
    *out = text;
    return BRAM_OK;
}

int bram_nwb_text(bram_ctx *cx, char **out, const bram_nwb *nwb, const char *path)
{
    char **texts = NULL;
    size_t count = 0;
    *out = NULL;
    if (!bram_h5_exists(nwb->root, path)) return BRAM_OK;
    BRAM_TRY(bram_h5_read_strings(cx, &texts, &count, nwb->root, path));
    int status = count ? joined(cx, out, texts, count) : BRAM_OK;
    bram_free(texts);
    return status;
}

int bram_nwb_attr_text(bram_ctx *cx, char **out, const bram_nwb *nwb, const char *path,
                       const char *name)
{
    char **texts = NULL;
    size_t count = 0;
    *out = NULL;
    if (!bram_h5_has_attr(nwb->root, path, name)) return BRAM_OK;
    BRAM_TRY(bram_h5_attr_strings(cx, &texts, &count, nwb->root, path, name));
    int status = count ? joined(cx, out, texts, count) : BRAM_OK;
    bram_free(texts);
    return status;
}

int bram_nwb_type(bram_ctx *cx, char type[BRAM_NWB_NAME], const bram_nwb *nwb, const char *path)
{
    char *text = NULL;
    BRAM_TRY(bram_nwb_attr_text(cx, &text, nwb, path, "neurodata_type"));
    snprintf(type, BRAM_NWB_NAME, "%s", text ? text : "");
    bram_free(text);
    return BRAM_OK;
}

/* ---- the tree ------------------------------------------------------------------------------- */

struct walk {
    const bram_nwb *nwb;
    bram_nwb_visitor *visit;
    void *user;
    size_t count;
    bram_h5_ref *seen; /* MOST_GROUPS */
};

static bool is_leaf(const char *type)
{
    static const char *const leaves[] = {"Segmentation", "Table", "Intervals", "Image"};
    for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++)
        if (strstr(type, leaves[i])) return true;
    return false;
}

/* Notes that a group was visited. @return (in fresh) whether it was not before */
static int mark(bram_ctx *cx, struct walk *w, const char *path, bool *fresh)
{
    bram_h5_ref ref;
    BRAM_TRY(bram_h5_identity(cx, &ref, w->nwb->root, path));
    *fresh = false;
    for (size_t i = 0; i < w->count; i++)
        if (w->seen[i].address == ref.address) return BRAM_OK;
    if (w->count == MOST_GROUPS)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found more than %d groups", w->nwb->path,
                         MOST_GROUPS);
    w->seen[w->count++] = ref;
    *fresh = true;
    return BRAM_OK;
}

static int walk(bram_ctx *cx, struct walk *w, const char *group, size_t depth);

static int enter(bram_ctx *cx, struct walk *w, const char *group, const char *name, size_t depth)
{
    char type[BRAM_NWB_NAME], path[BRAM_NWB_PATH];
    bool fresh = false;
    int length = snprintf(path, sizeof path, "%s/%s", group, name);
    if (depth == MOST_DEPTH || length < 0 || (size_t)length >= sizeof path)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %.200s: groups nested deeper than %d", w->nwb->path,
                         group, MOST_DEPTH);
    BRAM_TRY(mark(cx, w, path, &fresh));
    if (!fresh) return BRAM_OK;
    BRAM_TRY(bram_nwb_type(cx, type, w->nwb, path));
    if (type[0]) BRAM_TRY(w->visit(cx, w->user, path, type));
    return is_leaf(type) ? BRAM_OK : walk(cx, w, path, depth + 1);
}

static int walk(bram_ctx *cx, struct walk *w, const char *group, size_t depth)
{
    bram_h5_entry *entry = NULL;
    size_t entries = 0;
    BRAM_TRY(bram_h5_list(cx, &entry, &entries, w->nwb->root, group));
    int status = BRAM_OK;
    for (size_t i = 0; status == BRAM_OK && i < entries; i++)
        if (entry[i].kind == BRAM_H5_GROUP) status = enter(cx, w, group, entry[i].name, depth);
    bram_free(entry);
    return status;
}

int bram_nwb_walk(bram_ctx *cx, const bram_nwb *nwb, const char *group, bram_nwb_visitor *visit,
                  void *user)
{
    bram_h5_kind kind;
    BRAM_TRY(bram_h5_kind_of(cx, &kind, nwb->root, group));
    if (kind != BRAM_H5_GROUP) return BRAM_OK;
    struct walk w = {.nwb = nwb, .visit = visit, .user = user};
    w.seen = bram_alloc(cx, MOST_GROUPS, sizeof *w.seen);
    if (!w.seen) return BRAM_ENOMEM;
    int status = walk(cx, &w, group, 0);
    bram_free(w.seen);
    return status;
}

/* ---- time series ---------------------------------------------------------------------------- */

static const char *below(char out[BRAM_NWB_PATH + 32], const bram_nwb_series *s, const char *name)
{
    snprintf(out, BRAM_NWB_PATH + 32, "%s/%s", s->path, name);
    return out;
}

static bool is_number(const bram_h5_info *info)
{
    return info->type == BRAM_H5_INTEGER || info->type == BRAM_H5_FLOAT;
}

int bram_nwb_series_of(bram_ctx *cx, bram_nwb_series *out, const bram_nwb *nwb, const char *path)
{
    bram_nwb_series s = {.cols = 1};
    char at[BRAM_NWB_PATH + 32];
    bram_h5_info info;
    snprintf(s.path, sizeof s.path, "%s", path);
    if (!bram_h5_exists(nwb->root, below(at, &s, "data")))
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s has no dataset \"data\"", nwb->path, path);
    BRAM_TRY(bram_h5_info_of(cx, &info, nwb->root, at));
    if (!is_number(&info) || info.rank < 1 || info.rank > 2)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: %s: found %s of %u dimensions, expected numbers, time x columns",
                         nwb->path, at, is_number(&info) ? "numbers" : "no numbers", info.rank);
    s.rows = (size_t)info.dims[0];
    if (info.rank == 2) s.cols = (size_t)info.dims[1];
    if (bram_h5_exists(nwb->root, below(at, &s, "timestamps"))) {
        BRAM_TRY(bram_h5_info_of(cx, &info, nwb->root, at));
        if (info.rank != 1 || info.elements == 0)
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: %s: found %llu stamps in %u dimensions, expected a row of them",
                             nwb->path, at, (unsigned long long)info.elements, info.rank);
        s.stamps = (size_t)info.elements;
    }
    *out = s;
    return BRAM_OK;
}

/* A number in an attribute; the fallback when there is none. */
static int number_or(bram_ctx *cx, double *out, const bram_nwb *nwb, const char *path,
                     const char *name, double fallback)
{
    *out = fallback;
    return bram_h5_has_attr(nwb->root, path, name)
               ? bram_h5_attr_number(cx, out, nwb->root, path, name)
               : BRAM_OK;
}

int bram_nwb_values(bram_ctx *cx, double **out, const bram_nwb *nwb, const bram_nwb_series *s)
{
    char at[BRAM_NWB_PATH + 32];
    double *values = NULL, factor, offset;
    size_t count = 0;
    BRAM_TRY(number_or(cx, &factor, nwb, below(at, s, "data"), "conversion", 1));
    BRAM_TRY(number_or(cx, &offset, nwb, at, "offset", 0));
    if (!isfinite(factor) || factor == 0 || !isfinite(offset))
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: %s: conversion %g and offset %g, expected numbers that scale it",
                         nwb->path, at, factor, offset);
    BRAM_TRY(bram_h5_read_double(cx, &values, &count, nwb->root, at, 0));
    if (factor != 1 || offset != 0)
        for (size_t k = 0; k < count; k++) values[k] = values[k] * factor + offset;
    *out = values;
    return BRAM_OK;
}

static int stamps_of(bram_ctx *cx, double **out, const bram_nwb *nwb, const bram_nwb_series *s,
                     const char *at, size_t rows)
{
    char *unit = NULL;
    if (s->stamps != rows)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s has %zu stamps, expected %zu: %s is %zu x %zu",
                         nwb->path, at, s->stamps, rows, s->path, s->rows, s->cols);
    BRAM_TRY(bram_nwb_attr_text(cx, &unit, nwb, at, "unit"));
    int status = !unit || strcmp(unit, "seconds") == 0 || strcmp(unit, "s") == 0
                     ? BRAM_OK
                     : bram_fail(cx, BRAM_EFORMAT,
                                 "%s: %s: found the unit \"%.40s\", expected "
                                 "seconds",
                                 nwb->path, at, unit);
    bram_free(unit);
    double *time = NULL;
    if (status == BRAM_OK) status = bram_h5_read_double(cx, &time, NULL, nwb->root, at, 0);
    if (status != BRAM_OK) return status;
    status = bram_stamps_check(cx, time, rows);
    if (status == BRAM_OK) *out = time;
    else bram_free(time);
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "%s: %s", nwb->path, at);
}

int bram_nwb_time(bram_ctx *cx, double **out, const bram_nwb *nwb, const bram_nwb_series *s,
                  size_t rows)
{
    char at[BRAM_NWB_PATH + 32];
    double *start = NULL, rate;
    size_t count = 0;
    if (s->stamps) return stamps_of(cx, out, nwb, s, below(at, s, "timestamps"), rows);
    below(at, s, "starting_time");
    if (!bram_h5_exists(nwb->root, at) || !bram_h5_has_attr(nwb->root, at, "rate"))
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: %s has neither timestamps nor a starting_time with a rate; none is "
                         "assumed",
                         nwb->path, s->path);
    BRAM_TRY(bram_h5_attr_number(cx, &rate, nwb->root, at, "rate"));
    BRAM_TRY(bram_h5_read_double(cx, &start, &count, nwb->root, at, 1));
    double first = count ? start[0] : (double)NAN;
    bram_free(start);
    if (!(rate > 0) || !isfinite(rate) || !isfinite(first))
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: %s is %g s at a rate of %g Hz, expected a time and a positive rate",
                         nwb->path, at, first, rate);
    double *time = bram_alloc(cx, rows, sizeof *time);
    if (!time) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) time[i] = first + (double)i / rate;
    *out = time;
    return BRAM_OK;
}

int bram_nwb_unit(bram_ctx *cx, char unit[BRAM_NWB_NAME], const bram_nwb *nwb,
                  const bram_nwb_series *s)
{
    static const char *const nothing[] = {"none", "n.a.", "n/a", "unknown"};
    char at[BRAM_NWB_PATH + 32], *text = NULL;
    BRAM_TRY(bram_nwb_attr_text(cx, &text, nwb, below(at, s, "data"), "unit"));
    snprintf(unit, BRAM_NWB_NAME, "%s", text ? text : "");
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        if (strcmp(unit, nothing[i]) == 0) unit[0] = 0;
    bram_free(text);
    return BRAM_OK;
}
