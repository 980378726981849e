/*
 * image_model.c - see image_model.h.
 */
#include "image_model.h"

#include "file.h"
#include "hash.h"
#include "pictures.h"
#include "token_map.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct image_model {
    bram_image_plan plan;
    const bram_model *model;
    char *spec; /* all options */
    char *set, *images, *layer;
    double field;
    bram_resize how;
};

void bram_image_model_free(void *fitted)
{
    struct image_model *m = fitted;
    if (!m) return;
    if (m->plan.release) m->plan.release(m->plan.state);
    bram_free(m->spec);
    bram_free(m->set);
    bram_free(m->images);
    bram_free(m->layer);
    bram_free(m);
}

static int check_layer(bram_ctx *cx, const struct image_model *m)
{
    char known[200] = "";
    if (!*m->layer || strcmp(m->layer, "all") == 0) return BRAM_OK;
    for (size_t k = 0; k < m->plan.layers; k++) {
        if (strcmp(m->layer, m->plan.layer[k].name) == 0) return BRAM_OK;
        strcat(strcat(known, k ? ", " : ""), m->plan.layer[k].name);
    }
    return bram_fail(cx, BRAM_EUSAGE, "%s has no layer \"%s\"; it has: %s", m->model->name,
                     m->layer, known);
}

int bram_image_model_new(bram_ctx *cx, void **fitted, const bram_options *o, bram_image_make *make,
                         const bram_model *model)
{
    struct image_model *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    m->model = model;
    m->how = bram_option_is(o, "resize", "area")       ? BRAM_RESIZE_AREA
             : bram_option_is(o, "resize", "bilinear") ? BRAM_RESIZE_BILINEAR
                                                       : BRAM_RESIZE_BICUBIC;
    m->field = bram_option_real(o, "field");
    m->spec = bram_strdup(cx, bram_options_canonical(o));
    m->set = bram_strdup(cx, bram_option_text(o, "set"));
    m->images = bram_strdup(cx, bram_option_text(o, "images"));
    m->layer = bram_strdup(cx, bram_option_text(o, "layer"));
    int status = m->spec && m->set && m->images && m->layer ? make(cx, &m->plan, o) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = check_layer(cx, m);
    if (status == BRAM_OK) *fitted = m;
    else bram_image_model_free(m);
    return status;
}

int bram_image_save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    (void)cx, (void)fitted, (void)out; /* the spec says it all */
    return BRAM_OK;
}

static int hash_picture(bram_ctx *cx, void *user, const char *name, const unsigned char *bytes,
                        size_t size)
{
    BRAM_TRY(bram_hash_add_text(cx, user, name));
    BRAM_TRY(bram_hash_add_u64(cx, user, size));
    return bram_hash_add(cx, user, bytes, size);
}

int bram_image_content(bram_ctx *cx, char hex[65], const bram_options *o)
{
    const char *path = bram_option_text(o, "images");
    struct stat file;
    bram_hash *h = NULL;
    if (!*path) {
        hex[0] = 0;
        return BRAM_OK;
    }
    if (stat(path, &file) != 0 || !S_ISDIR(file.st_mode)) return bram_sha256_file(cx, hex, path);
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = bram_images_each(cx, path, hash_picture, h);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    bram_hash_free(h);
    return status;
}

static bool is_wanted(const bram_image_plan *p, const char *layer, size_t l)
{
    if (!*layer) return l + 1 == p->layers;
    return strcmp(layer, "all") == 0 || strcmp(layer, p->layer[l].name) == 0;
}

size_t bram_image_memory(const bram_options *o, bram_image_make *make, size_t rows)
{
    bram_image_plan plan = {.shapes_only = true};
    bram_ctx *cx = bram_ctx_new();
    size_t width = 0;
    if (cx && make(cx, &plan, o) == BRAM_OK) {
        for (size_t l = 0; l < plan.layers; l++)
            if (is_wanted(&plan, bram_option_text(o, "layer"), l)) width += plan.layer[l].width;
        if (plan.release) plan.release(plan.state);
    }
    bram_ctx_free(cx);
    return width * rows * sizeof(double);
}

/* ---- one picture ---------------------------------------------------------------------------- */

/* The central rows x cols of a picture, in scratch memory. */
static int crop(bram_ctx *cx, bram_image *im, size_t rows, size_t cols)
{
    size_t top = (im->rows - rows) / 2, left = (im->cols - cols) / 2, across = cols * im->channels;
    float *values = bram_scratch(cx, rows * across, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++)
        memcpy(values + i * across, im->values + ((top + i) * im->cols + left) * im->channels,
               across * sizeof *values);
    *im = (bram_image){rows, cols, im->channels, im->bits, values};
    return BRAM_OK;
}

/* What the plan asks for: channels, the central field, a square of its side. */
static int bring(bram_ctx *cx, bram_image *made, bram_image *view, const struct image_model *m,
                 const bram_image *im)
{
    const bram_image_plan *p = &m->plan;
    BRAM_TRY(bram_image_convert(cx, made, im, p->channels, 0.5F));
    *view = *made;
    if (!p->side && m->field >= 1) return BRAM_OK; /* as it is */
    size_t least = made->rows < made->cols ? made->rows : made->cols;
    size_t side = (size_t)lrint(m->field * (double)least);
    if (!side) side = 1;
    if (side != made->rows || side != made->cols) BRAM_TRY(crop(cx, view, side, side));
    if (!p->side || side == p->side) return BRAM_OK;
    bram_image resized;
    BRAM_TRY(bram_image_resize(cx, &resized, view, p->side, p->side, m->how));
    bram_image_release(made);
    *made = *view = resized;
    return BRAM_OK;
}

/* ---- batches -------------------------------------------------------------------------------- */

struct work {
    const struct image_model *m;
    bram_response *layer[BRAM_IMAGE_LAYERS]; /* NULL: not asked for */
    const bram_picture_batch *batch;
    char (*hash)[65]; /* of each picture; NULL: not asked for */
    size_t done, total;
};

static int compute_one(bram_ctx *cx, size_t k, void *user)
{
    const struct work *w = user;
    const bram_image_plan *p = &w->m->plan;
    double *row[BRAM_IMAGE_LAYERS] = {NULL};
    bram_image made = {0}, view;
    for (size_t l = 0; l < p->layers; l++)
        if (w->layer[l])
            row[l] = bram_response_f64(w->layer[l]) + w->batch->at[k] * p->layer[l].width;
    int status = bring(cx, &made, &view, w->m, &w->batch->image[k]);
    if (status == BRAM_OK) status = p->compute(cx, row, p->state, &view);
    bram_image_release(&made);
    return status;
}

static int compute_batch(bram_ctx *cx, void *user, const bram_picture_batch *batch)
{
    struct work *w = user;
    w->batch = batch;
    BRAM_TRY(bram_parallel_for(cx, batch->count, compute_one, w));
    w->done += batch->count;
    bram_ctx_progress(cx, "features", (double)w->done, (double)w->total);
    return BRAM_OK;
}

static int hash_one(bram_ctx *cx, size_t k, void *user)
{
    const struct work *w = user;
    const bram_image *im = &w->batch->image[k];
    return bram_sha256(cx, w->hash[w->batch->at[k]], im->values,
                       im->rows * im->cols * im->channels * sizeof *im->values);
}

static int hash_batch(bram_ctx *cx, void *user, const bram_picture_batch *batch)
{
    struct work *w = user;
    w->batch = batch;
    return bram_parallel_for(cx, batch->count, hash_one, w);
}

/* ---- the cache ------------------------------------------------------------------------------ */

/* The file of an answer, named by all it depends on. */
static int cache_path(bram_ctx *cx, char **out, struct work *w, const bram_query *q,
                      const char *folder)
{
    size_t n = bram_axis_length(q->stimulus), mark = bram_scratch_mark(cx);
    bram_hash *h = NULL;
    char hex[65];
    w->hash = bram_scratch(cx, n, sizeof *w->hash);
    if (!w->hash) return BRAM_ENOMEM;
    BRAM_TRY(bram_pictures_each(cx, q->panel->public_data, w->m->set, w->m->images, q->stimulus,
                                hash_batch, w));
    int status = bram_hash_new(cx, &h);
    if (status == BRAM_OK) status = bram_hash_add_text(cx, h, w->m->model->name);
    if (status == BRAM_OK) status = bram_hash_add_u64(cx, h, w->m->model->version);
    if (status == BRAM_OK) status = bram_hash_add_text(cx, h, w->m->spec);
    for (size_t i = 0; i < n && status == BRAM_OK; i++) {
        status = bram_hash_add_text(cx, h, bram_axis_id(q->stimulus, i));
        if (status == BRAM_OK) status = bram_hash_add_text(cx, h, w->hash[i]);
    }
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    bram_hash_free(h);
    w->hash = NULL;
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK && !(*out = bram_strf(cx, "%s/%s.h5", folder, hex))) status = BRAM_ENOMEM;
    return status;
}

/* Copies what an earlier answer kept. @return whether all layers were there */
static bool read_cached(bram_ctx *cx, struct work *w, const char *path)
{
    bram_dataset *kept = NULL;
    bool good = bram_dataset_open(cx, &kept, path) == BRAM_OK;
    for (size_t l = 0; good && l < w->m->plan.layers; l++) {
        bram_response *r = w->layer[l];
        if (!r) continue;
        const bram_response *old = bram_dataset_response(kept, w->m->plan.layer[l].name);
        size_t start[2] = {0, 0},
               count[2] = {bram_response_length(r, 0), bram_response_length(r, 1)};
        good = old && bram_response_dims(old) == 2 && bram_response_length(old, 0) == count[0] &&
               bram_response_length(old, 1) == count[1] &&
               bram_response_read(cx, old, start, count, bram_response_f64(r), NULL) == BRAM_OK;
    }
    bram_dataset_free(kept);
    return good;
}

/* A cache that cannot be written is none. */
static void write_cached(bram_ctx *cx, const bram_dataset *answer, const char *path)
{
    if (bram_dataset_write(cx, answer, path, true) != BRAM_OK)
        bram_note(cx, "features are not kept: %s", bram_ctx_message(cx));
}

/* ---- the answer ----------------------------------------------------------------------------- */

/* The axis of a layer's features, which tells where they are in a map. */
static int layer_axis(bram_ctx *cx, bram_axis **out, const bram_image_plan *p, size_t l)
{
    size_t side = p->layer[l].places, width = p->layer[l].width;
    if (!side) return bram_axis_new(cx, out, "feature", width);
    size_t channels = width / side / side;
    const size_t first[] = {0, channels, side, side}, last[] = {0, side, side, channels};
    return bram_token_axis_of(cx, out, 4, p->layer[l].first ? first : last, p->layer[l].first,
                              NULL);
}

static int make_layers(bram_ctx *cx, struct work *w, const bram_axis *stimulus, bram_dataset *out)
{
    const bram_image_plan *p = &w->m->plan;
    for (size_t l = 0; l < p->layers; l++) {
        bram_axis *feature = NULL;
        bram_response *r = NULL;
        if (!is_wanted(p, w->m->layer, l)) continue;
        BRAM_TRY(layer_axis(cx, &feature, p, l));
        int status = bram_response_new(cx, &r, p->layer[l].name, BRAM_F64, 2,
                                       (const bram_axis *[]){stimulus, feature});
        bram_axis_free(feature);
        BRAM_TRY(status);
        BRAM_TRY(bram_dataset_add(cx, out, "", r));
        w->layer[l] = r;
    }
    return BRAM_OK;
}

static int check_finite(bram_ctx *cx, const struct work *w)
{
    for (size_t l = 0; l < w->m->plan.layers; l++)
        for (size_t k = 0; w->layer[l] && k < bram_response_count(w->layer[l]); k++)
            if (!isfinite(bram_response_f64(w->layer[l])[k]))
                return bram_fail(cx, BRAM_ENUMERIC, "%s: feature %zu of layer %s is not a number",
                                 w->m->model->name, k % w->m->plan.layer[l].width,
                                 w->m->plan.layer[l].name);
    return BRAM_OK;
}

int bram_image_answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const char *folder = getenv("BRAMBLE_FEATURES");
    struct work w = {.m = fitted};
    char *path = NULL;
    if (!q->stimulus)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "features are asked for without stimuli");
    w.total = bram_axis_length(q->stimulus);
    BRAM_TRY(make_layers(cx, &w, q->stimulus, out));
    if (folder && *folder) {
        BRAM_TRY(cache_path(cx, &path, &w, q, folder));
        if (read_cached(cx, &w, path)) {
            bram_free(path);
            return BRAM_OK;
        }
    }
    int status = bram_pictures_each(cx, q->panel->public_data, w.m->set, w.m->images, q->stimulus,
                                    compute_batch, &w);
    if (status == BRAM_OK) status = check_finite(cx, &w);
    if (status == BRAM_OK && path) write_cached(cx, out, path);
    bram_free(path);
    return status;
}
