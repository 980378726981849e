/*
 * kriegeskorte92_stimuli.c - what the files of the 92 object images say of the images: categories,
 * pictures; see kriegeskorte92.h.
 */
#include "kriegeskorte92.h"

#include <ctype.h>
#include <string.h>

/* "artiObj" to "arti_obj": names of columns are in lower case. */
static void column_name(char *out, const char *label)
{
    size_t n = 0;
    for (; *label && n + 2 < K92_NAME; label++) {
        if (isupper((unsigned char)*label) && n) out[n++] = '_';
        out[n++] = isalnum((unsigned char)*label) ? (char)tolower((unsigned char)*label) : '_';
    }
    out[n] = 0;
}

int bram_k92_categories(bram_ctx *cx, struct bram_k92 *a, bram_matlab *file)
{
    bram_matlab_value *labels, *vectors;
    char **label = NULL;
    double *member = NULL;
    size_t n = 0;
    BRAM_TRY(bram_matlab_variable(cx, &labels, file, "categoryLabels"));
    BRAM_TRY(bram_matlab_variable(cx, &vectors, file, "categoryVectors"));
    BRAM_TRY(bram_matlab_strings(cx, &label, &n, labels));
    int status = BRAM_OK;
    if (n > sizeof a->label / sizeof *a->label || bram_matlab_count(vectors) != n * K92_IMAGES)
        status = bram_fail(cx, BRAM_EFORMAT, "%s has %zu elements, expected %d images x %zu labels",
                           bram_matlab_name(vectors), bram_matlab_count(vectors), K92_IMAGES, n);
    if (status == BRAM_OK) status = bram_matlab_numbers(cx, &member, vectors);
    for (size_t k = 0; status == BRAM_OK && k < n; k++) {
        column_name(a->label[k], label[k]);
        for (size_t i = 0; i < K92_IMAGES; i++) a->member[k][i] = member[k * K92_IMAGES + i] > 0;
    }
    if (status == BRAM_OK) a->labels = n;
    bram_free(member);
    bram_free(label);
    return status;
}

/* One picture, rows x columns x 3 levels; the first tells the size. */
static int read_picture(bram_ctx *cx, struct bram_k92 *a, bram_matlab_value *v, size_t at)
{
    const size_t *dims = bram_matlab_dims(v);
    double *x = NULL;
    if (bram_matlab_rank(v) != 3 || dims[2] != 3 || !dims[0] || !dims[1] || dims[0] > 4096 ||
        dims[1] > 4096 || strcmp(bram_matlab_class(v), "uint8") != 0 ||
        (a->levels && (dims[0] != a->side[0] || dims[1] != a->side[1])))
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: expected rows x columns x 3 of uint8, all pictures "
                         "of one size",
                         bram_matlab_name(v));
    size_t n = dims[0] * dims[1] * 3;
    if (!a->levels) {
        a->levels = bram_alloc(cx, K92_IMAGES, n);
        if (!a->levels) return BRAM_ENOMEM;
        a->side[0] = dims[0], a->side[1] = dims[1];
    }
    BRAM_TRY(bram_matlab_row_major(cx, &x, v));
    for (size_t k = 0; k < n; k++) a->levels[at * n + k] = (uint8_t)x[k];
    bram_free(x);
    return BRAM_OK;
}

int bram_k92_objects(bram_ctx *cx, struct bram_k92 *a, bram_matlab_value *v)
{
    bram_matlab_value *picture;
    bram_matlab_value *category;
    if (bram_matlab_count(v) != K92_IMAGES)
        return bram_fail(cx, BRAM_EFORMAT, "%s has %zu images, expected %d", bram_matlab_name(v),
                         bram_matlab_count(v), K92_IMAGES);
    for (size_t i = 0; i < K92_IMAGES; i++) {
        char *text = NULL;
        BRAM_TRY(bram_matlab_field(cx, &category, v, "category", i));
        BRAM_TRY(bram_matlab_text(cx, &text, category));
        bram_free(a->category[i]);
        a->category[i] = text;
        if (!bram_matlab_has_field(v, "image")) continue;
        BRAM_TRY(bram_matlab_field(cx, &picture, v, "image", i));
        BRAM_TRY(read_picture(cx, a, picture, i));
    }
    return BRAM_OK;
}
