/*
 * henaff2021_read.c - the struct of a session of Henaff et al. 2021; see henaff2021.h.
 */
#include "henaff2021.h"

#include "matlab_fields.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const bram_henaff_categories[HENAFF_CATEGORIES] = {"natural", "synthetic", "contrast"};

/* How many frames of a movie have numbers of their own, and the first of them. */
static const size_t own_frames[HENAFF_CATEGORIES] = {11, 9, 10},
                    first_own[HENAFF_CATEGORIES] = {0, 1, 0};

void bram_henaff_release(bram_henaff *s)
{
    bram_free(s->counts);
    bram_free(s->psth);
    bram_free(s->edges);
    bram_free(s->cluster);
    bram_free(s->group);
    bram_free(s->blank);
}

/* ---- fields ---------------------------------------------------------------------------------- */

static int field(bram_ctx *cx, bram_matlab_value **out, bram_henaff *s, const char *name)
{
    return bram_matlab_field(cx, out, s->all, name, 0);
}

static int number(bram_ctx *cx, double *out, bram_henaff *s, const char *name)
{
    bram_matlab_value *v;
    BRAM_TRY(field(cx, &v, s, name));
    BRAM_TRY(bram_matlab_number(cx, out, v));
    return isfinite(*out) ? BRAM_OK
                          : bram_fail(cx, BRAM_EFORMAT, "%s is %g, expected a number",
                                      bram_matlab_name(v), *out);
}

static int numbers(bram_ctx *cx, double **out, bram_henaff *s, const char *name, size_t count,
                   const char *what)
{
    bram_matlab_value *v;
    BRAM_TRY(field(cx, &v, s, name));
    return bram_matlab_exactly(cx, out, v, count, what);
}

/* A word that can be a step of a path. */
static int word(bram_ctx *cx, char *out, bram_matlab_value *v)
{
    char *text = NULL;
    BRAM_TRY(bram_matlab_text(cx, &text, v));
    size_t length = strlen(text);
    int status = BRAM_OK;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("-_", text[i])) length = 0;
    if (!length || length >= HENAFF_NAME)
        status = bram_fail(cx, BRAM_EFORMAT,
                           "%s is \"%.60s\", expected a word of letters, digits, "
                           "- and _",
                           bram_matlab_name(v), text);
    else snprintf(out, HENAFF_NAME, "%s", text);
    bram_free(text);
    return status;
}

static int word_field(bram_ctx *cx, char *out, bram_henaff *s, const char *name)
{
    bram_matlab_value *v;
    BRAM_TRY(field(cx, &v, s, name));
    return word(cx, out, v);
}

static int word_list(bram_ctx *cx, char (*out)[HENAFF_NAME], size_t count, bram_matlab_value *v)
{
    bram_matlab_value *cell;
    BRAM_TRY(bram_matlab_expect_cells(cx, v, count, "one name each"));
    for (size_t i = 0; i < count; i++) {
        BRAM_TRY(bram_matlab_cell(cx, &cell, v, i));
        BRAM_TRY(word(cx, out[i], cell));
    }
    return BRAM_OK;
}

/* ---- stimuli --------------------------------------------------------------------------------- */

/* Numbers of the images of one movie of a category; it may have none. */
static int read_movie(bram_ctx *cx, double *out, bram_matlab_value *category, const char *title,
                      size_t which)
{
    char name[HENAFF_NAME];
    size_t n = 0;
    bram_matlab_value *movie, *ids;
    double *id = NULL;
    for (; *title; title++) /* names of fields have no hyphens */
        if (isalnum((unsigned char)*title) || *title == '_') name[n++] = *title;
    name[n] = 0;
    if (!bram_matlab_has_field(category, name)) return BRAM_OK;
    BRAM_TRY(bram_matlab_field(cx, &movie, category, name, 0));
    BRAM_TRY(bram_matlab_field(cx, &ids, movie, "stimulus_id", 0));
    BRAM_TRY(bram_matlab_exactly(cx, &id, ids, own_frames[which], "one for each frame"));
    int status = BRAM_OK;
    for (size_t f = 0; f < own_frames[which]; f++) {
        if (!(id[f] >= 1 && id[f] <= 1e6 && id[f] == floor(id[f])))
            status = bram_fail(cx, BRAM_EFORMAT, "%s: image %g, expected a whole number from 1",
                               bram_matlab_name(ids), id[f]);
        else out[first_own[which] + f] = id[f];
    }
    bram_free(id);
    return status;
}

/* Frames without a number of their own are the natural movie's. */
static void share_frames(bram_henaff *s, size_t scale, size_t category, size_t movie)
{
    double *own = s->image[scale][category][movie], *natural = s->image[scale][0][movie];
    bool there = false;
    for (size_t f = 0; f < HENAFF_FRAMES; f++) there |= own[f] > 0;
    for (size_t f = 0; f < HENAFF_FRAMES && there; f++)
        if (!(own[f] > 0)) own[f] = natural[f];
}

static int read_images(bram_ctx *cx, bram_henaff *s)
{
    bram_matlab_value *stimuli, *list, *scale, *category;
    BRAM_TRY(field(cx, &stimuli, s, "stimulusStruct"));
    BRAM_TRY(bram_matlab_field(cx, &list, stimuli, "scales", 0));
    BRAM_TRY(word_list(cx, s->scale, HENAFF_SCALES, list));
    BRAM_TRY(bram_matlab_field(cx, &list, stimuli, "movie_titles", 0));
    BRAM_TRY(word_list(cx, s->movie, HENAFF_MOVIES, list));
    for (size_t k = 0; k < HENAFF_SCALES; k++) {
        BRAM_TRY(bram_matlab_field(cx, &scale, stimuli, s->scale[k], 0));
        for (size_t c = 0; c < HENAFF_CATEGORIES; c++) {
            if (!bram_matlab_has_field(scale, bram_henaff_categories[c])) continue;
            BRAM_TRY(bram_matlab_field(cx, &category, scale, bram_henaff_categories[c], 0));
            for (size_t m = 0; m < HENAFF_MOVIES; m++) {
                BRAM_TRY(read_movie(cx, s->image[k][c][m], category, s->movie[m], c));
                share_frames(s, k, c, m);
            }
        }
    }
    return BRAM_OK;
}

static void name_row(const bram_henaff *s, bram_henaff_row *r)
{
    int n = snprintf(r->id, sizeof r->id, "%s-%s-%s", s->scale[r->scale],
                     bram_henaff_categories[r->category], s->movie[r->movie]);
    if (r->frame == HENAFF_FRAMES) return;
    double image = s->image[r->scale][r->category][r->movie][r->frame];
    snprintf(r->id + n, sizeof r->id - (size_t)n, "-%02zu", r->frame + 1);
    if (image > 0) snprintf(r->image, sizeof r->image, "%.0f", image);
}

/* The frames, and the movies, that there are. */
static void list_rows(bram_henaff *s)
{
    for (size_t c = 0; c < HENAFF_CATEGORIES; c++)
        for (size_t k = 0; k < HENAFF_SCALES; k++)
            for (size_t m = 0; m < HENAFF_MOVIES; m++) {
                bool there = false;
                for (size_t f = 0; f < HENAFF_FRAMES; f++) there |= s->image[k][c][m][f] > 0;
                for (size_t f = 0; f < HENAFF_FRAMES && there; f++) {
                    s->row[s->rows] = (bram_henaff_row){k, c, m, f, "", ""};
                    name_row(s, &s->row[s->rows++]);
                }
                if (!there) continue;
                s->sequence[s->sequences] = (bram_henaff_row){k, c, m, HENAFF_FRAMES, "", ""};
                name_row(s, &s->sequence[s->sequences++]);
                if (c < HENAFF_CONTRAST) s->plain = s->rows;
            }
}

/* ---- responses ------------------------------------------------------------------------------- */

static int check_dims(bram_ctx *cx, const bram_matlab_value *v, const size_t *expected, size_t rank)
{
    const size_t *dims = bram_matlab_dims(v);
    bool good = bram_matlab_rank(v) == rank && bram_matlab_kind_of(v) == BRAM_MATLAB_NUMERIC;
    for (size_t d = 0; d < rank && good; d++) good = !expected[d] || dims[d] == expected[d];
    return good ? BRAM_OK
                : bram_fail(cx, BRAM_EFORMAT,
                            "%s has another shape than scale x category x movie "
                            "(x frame) x unit x %s, of %d x %d x %d (x %d)",
                            bram_matlab_name(v), rank == 6 ? "repeat" : "bin", HENAFF_SCALES,
                            HENAFF_CATEGORIES, HENAFF_MOVIES, HENAFF_FRAMES);
}

static int read_responses(bram_ctx *cx, bram_henaff *s)
{
    bram_matlab_value *counts, *psth, *edges;
    BRAM_TRY(field(cx, &counts, s, "sortedResponses"));
    BRAM_TRY(check_dims(
        cx, counts,
        (size_t[]){HENAFF_SCALES, HENAFF_CATEGORIES, HENAFF_MOVIES, HENAFF_FRAMES, 0, 0}, 6));
    s->units = bram_matlab_dims(counts)[4];
    s->repeats = bram_matlab_dims(counts)[5];
    BRAM_TRY(field(cx, &psth, s, "psth_population"));
    BRAM_TRY(check_dims(
        cx, psth, (size_t[]){HENAFF_SCALES, HENAFF_CATEGORIES, HENAFF_MOVIES, s->units, 0}, 5));
    s->bins = bram_matlab_dims(psth)[4];
    BRAM_TRY(field(cx, &edges, s, "psth_edges"));
    BRAM_TRY(bram_matlab_exactly(cx, &s->edges, edges, s->bins, "one for each bin"));
    for (size_t i = 0; i < s->bins; i++)
        if (!isfinite(s->edges[i]) || (i && !(s->edges[i] > s->edges[i - 1])))
            return bram_fail(cx, BRAM_EFORMAT, "%s: times of bins that do not ascend",
                             bram_matlab_name(edges));
    BRAM_TRY(bram_matlab_numbers(cx, &s->counts, counts));
    return bram_matlab_numbers(cx, &s->psth, psth);
}

static int choose_units(bram_ctx *cx, bram_henaff *s, int64_t group)
{
    BRAM_TRY(numbers(cx, &s->cluster, s, "cluster_list", s->units, "one for each unit"));
    BRAM_TRY(numbers(cx, &s->group, s, "cluster_group", s->units, "one for each unit"));
    BRAM_TRY(numbers(cx, &s->blank, s, "mean_blank_rates", s->units, "one for each unit"));
    s->unit = bram_scratch(cx, s->units, sizeof *s->unit);
    if (!s->unit) return BRAM_ENOMEM;
    for (size_t u = 0; u < s->units; u++) {
        if (!(s->cluster[u] >= 0 && s->cluster[u] <= 1e9 && fabs(s->group[u]) <= 1e9))
            return bram_fail(cx, BRAM_EFORMAT, "unit %zu: cluster %g of group %g, expected numbers",
                             u + 1, s->cluster[u], s->group[u]);
        if (!group || s->group[u] == (double)group) s->unit[s->taken++] = u;
    }
    return s->taken ? BRAM_OK
                    : bram_fail(cx, BRAM_EUSAGE, "cluster_group=%lld leaves none of %zu units",
                                (long long)group, s->units);
}

int bram_henaff_read(bram_ctx *cx, bram_henaff *s, bram_matlab *file, int64_t group)
{
    BRAM_TRY(bram_matlab_variable(cx, &s->all, file, "naturalStruct"));
    BRAM_TRY(word_field(cx, s->monkey, s, "monkey_ID"));
    BRAM_TRY(word_field(cx, s->penetration, s, "penetration_ID"));
    BRAM_TRY(word_field(cx, s->area, s, "cortical_area"));
    snprintf(s->name, sizeof s->name, "%s_%s", s->monkey, s->penetration);
    BRAM_TRY(number(cx, &s->latency, s, "response_latency"));
    BRAM_TRY(number(cx, &s->period, s, "integrationPeriod"));
    BRAM_TRY(read_images(cx, s));
    list_rows(s);
    BRAM_TRY(read_responses(cx, s));
    return choose_units(cx, s, group);
}
