/*
 * reported_file.c - answers that the user has computed, from a file a part; see reported.h.
 */
#include "reported.h"

#include "array_store.h"
#include "folder.h"
#include "hash.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static const char *const endings[] = {".npz", ".npy", ".h5", ".nc", ".mat", ".safetensors", ".csv"};

enum { ENDINGS = sizeof endings / sizeof *endings, MOST_STATES = 10000 };

/* ---- reading -------------------------------------------------------------------------------- */

/* The first file FOLDER/PART.ENDING that is there. */
static int find_file(bram_ctx *cx, char **out, const char *folder, const char *part)
{
    for (size_t i = 0; i < ENDINGS; i++) {
        char *path = bram_strf(cx, "%s/%s%s", folder, part, endings[i]);
        if (!path) return BRAM_ENOMEM;
        if (access(path, F_OK) == 0) {
            *out = path;
            return BRAM_OK;
        }
        bram_free(path);
    }
    return bram_fail(
        cx, BRAM_EREAD,
        "%s/%s.npz: no such file (nor with .npy, .h5, .nc, .mat, .safetensors or .csv)", folder,
        part);
}

/* Whether a file holds one matrix, which has no name: a table, a .npy. */
static bool has_one(const bram_store *s)
{
    return bram_store_kind_of(s) == BRAM_STORE_CSV || bram_store_kind_of(s) == BRAM_STORE_NPY;
}

/* A matrix, all of which are of one shape; in a table it is what is not set aside. */
static int read_matrix(bram_ctx *cx, double **out, bram_reported *r, bram_store *s,
                       const char *name)
{
    bram_store_array a;
    bool first = !r->values;
    BRAM_TRY(bram_store_numbers(cx, &a, s, has_one(s) ? "" : name));
    if (!first && (a.rows != r->rows || a.cols != r->cols)) {
        bram_free(a.values);
        return bram_fail(cx, BRAM_EFORMAT, "%s is %zu x %zu, expected %zu x %zu as before", name,
                         a.rows, a.cols, r->rows, r->cols);
    }
    *out = a.values;
    r->rows = a.rows, r->cols = a.cols;
    return BRAM_OK;
}

/* Whether an array of that name can be read. @return BRAM_ENOMEM where that cannot be said */
static int look_for(bram_ctx *cx, bool *found, bram_store *s, const char *name)
{
    bram_store_array a;
    int status = bram_store_numbers(cx, &a, s, name);
    *found = status == BRAM_OK;
    if (*found) bram_free(a.values);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

static int read_density(bram_ctx *cx, bram_reported *r, bram_store *s)
{
    bool found = has_one(s);
    if (!found) BRAM_TRY(look_for(cx, &found, s, "logdensity"));
    if (found) return read_matrix(cx, &r->values, r, s, "logdensity");
    for (const bram_density_family *f = bram_density_families; f->first; f++) {
        BRAM_TRY(look_for(cx, &found, s, f->first));
        if (!found) continue;
        r->family = f;
        BRAM_TRY(read_matrix(cx, &r->values, r, s, f->first));
        return f->second ? read_matrix(cx, &r->second, r, s, f->second) : BRAM_OK;
    }
    return bram_fail(cx, BRAM_EFORMAT,
                     "found neither logdensity, nor mean and sd, nor rate, nor probability");
}

/* A path of states as a posterior of ones and zeros. */
static int read_path(bram_ctx *cx, bram_reported *r, bram_store *s)
{
    bram_store_array a;
    double last = 0;
    BRAM_TRY(bram_store_numbers(cx, &a, s, "state"));
    size_t n = a.rows * a.cols;
    int status = BRAM_OK;
    for (size_t i = 0; i < n && status == BRAM_OK; i++) {
        if (!(a.values[i] >= 0 && a.values[i] < MOST_STATES) || a.values[i] != floor(a.values[i]))
            status = bram_fail(cx, BRAM_EFORMAT,
                               "the state of row %zu is %g, expected a whole number from 0 on",
                               i + 1, a.values[i]);
        last = fmax(last, a.values[i]);
    }
    if (status == BRAM_OK) {
        r->rows = n, r->cols = (size_t)last + 1;
        r->values = bram_alloc(cx, n, r->cols * sizeof *r->values);
        if (!r->values) status = BRAM_ENOMEM;
    }
    for (size_t i = 0; i < n && status == BRAM_OK; i++)
        r->values[i * r->cols + (size_t)a.values[i]] = 1;
    bram_free(a.values);
    return status;
}

static int read_values(bram_ctx *cx, bram_reported *r, bram_store *s, bram_ask ask)
{
    bool path = false;
    if (ask == BRAM_ASK_LOGLIK) return read_density(cx, r, s);
    if (ask == BRAM_ASK_STATES) BRAM_TRY(look_for(cx, &path, s, "state"));
    if (path) return read_path(cx, r, s);
    return read_matrix(cx, &r->values, r, s, bram_ask_response(ask));
}

/* ---- what rows and columns are -------------------------------------------------------------- */

static int check_times(bram_ctx *cx, const bram_reported *r, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(r->time[i]) || (i && !(r->time[i] > r->time[i - 1])))
            return bram_fail(cx, BRAM_EFORMAT, "time %zu is %g, expected ascending numbers", i,
                             r->time[i]);
    return BRAM_OK;
}

/* Numbers along one axis, in MATLAB files a row or a column of a matrix. */
static int read_times(bram_ctx *cx, bram_reported *r, size_t *count, bram_store *s)
{
    bram_store_array time;
    BRAM_TRY(bram_store_numbers(cx, &time, s, "time"));
    r->time = time.values;
    *count = time.rows * time.cols;
    if (time.rows != 1 && time.cols != 1)
        return bram_fail(cx, BRAM_EFORMAT, "time is %zu x %zu, expected one axis", time.rows,
                         time.cols);
    return check_times(cx, r, *count);
}

/* Ids, else times; in a table that column is set aside. */
static int read_rows(bram_ctx *cx, bram_reported *r, size_t *count, bram_store *s)
{
    static const char *const names[] = {"stimulus", "row"};
    for (size_t k = 0; k < 2; k++) {
        int status = bram_store_texts(cx, &r->id, count, s, names[k]);
        if (status == BRAM_OK) return bram_store_set_aside(cx, s, names[k]);
        if (status == BRAM_ENOMEM) return status;
        r->id = NULL;
    }
    BRAM_TRY(read_times(cx, r, count, s));
    return bram_store_set_aside(cx, s, "time");
}

static int headings_as_units(bram_ctx *cx, bram_reported *r, size_t *count, bram_store *s)
{
    const char *const *heading = bram_store_headings(s, count);
    size_t bytes = 0;
    for (size_t i = 0; i < *count; i++) bytes += strlen(heading[i]) + 1;
    r->unit = bram_alloc(cx, *count * sizeof *r->unit + bytes, 1);
    if (!r->unit) return BRAM_ENOMEM;
    char *at = (char *)(r->unit + *count);
    for (size_t i = 0; i < *count; i++, at += strlen(at) + 1) r->unit[i] = strcpy(at, heading[i]);
    return BRAM_OK;
}

/* The names of the units; of a table of weights, those of the rows are the same in the same order.
 */
static int read_units(bram_ctx *cx, bram_reported *r, size_t *count, bram_store *s, bram_ask ask)
{
    if (bram_store_kind_of(s) != BRAM_STORE_CSV)
        return bram_store_texts(cx, &r->unit, count, s, "unit");
    char **name = NULL;
    size_t names = 0;
    if (ask == BRAM_ASK_WEIGHTS) {
        BRAM_TRY(bram_store_texts(cx, &name, &names, s, "unit"));
        int status = bram_store_set_aside(cx, s, "unit");
        if (status == BRAM_OK) status = headings_as_units(cx, r, count, s);
        if (status == BRAM_OK && *count != names)
            status = bram_fail(cx, BRAM_EFORMAT, "%zu rows and %zu columns of weights", names,
                               *count);
        for (size_t i = 0; i < names && status == BRAM_OK; i++)
            if (strcmp(name[i], r->unit[i]) != 0)
                status = bram_fail(cx, BRAM_EFORMAT,
                                   "row %zu is of \"%s\" and column %zu of "
                                   "\"%s\", expected one order",
                                   i + 1, name[i], i + 1, r->unit[i]);
        bram_free(name);
        return status;
    }
    return headings_as_units(cx, r, count, s);
}

static int read_all(bram_ctx *cx, bram_reported *r, bram_store *s, bram_ask ask)
{
    size_t rows = 0, units = 0;
    if (ask != BRAM_ASK_WEIGHTS) BRAM_TRY(read_rows(cx, r, &rows, s));
    if (ask != BRAM_ASK_STATES) BRAM_TRY(read_units(cx, r, &units, s, ask));
    BRAM_TRY(read_values(cx, r, s, ask));
    const char *name = r->family ? r->family->first : bram_ask_response(ask);
    if (r->unit && units != r->cols)
        return bram_fail(cx, BRAM_EFORMAT, "found %zu units and %s has %zu columns", units, name,
                         r->cols);
    if (ask == BRAM_ASK_WEIGHTS) rows = units;
    if (rows == r->rows) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT, "found %zu %s and %s has %zu rows", rows,
                     ask == BRAM_ASK_WEIGHTS ? "units"
                     : r->id                 ? "ids of rows"
                                             : "times",
                     name, r->rows);
}

int bram_reported_read(bram_ctx *cx, bram_reported *out, const char *folder, const char *part,
                       bram_ask ask)
{
    char *path = NULL;
    bram_store *store = NULL;
    bram_reported r = {0};
    BRAM_TRY(find_file(cx, &path, folder, part));
    int status = bram_store_open(cx, &store, path);
    if (status == BRAM_OK) status = read_all(cx, &r, store, ask);
    bram_store_close(store);
    if (status == BRAM_OK) *out = r;
    else bram_reported_release(&r);
    if (status == BRAM_EABSENT) status = BRAM_ENOTAPPLICABLE; /* a question it does not answer */
    if (status != BRAM_OK && !strstr(bram_ctx_message(cx), path))
        status = bram_fail_prefix(cx, status, "%s", path);
    bram_free(path);
    return status;
}

/* ---- models --------------------------------------------------------------------------------- */

const bram_param bram_reported_params[] = {
    {"path", BRAM_PARAM_TEXT, "", NULL, 0, 0, "a folder with a file for each part"},
    {.name = NULL},
};

/* What is asked about is read when it is asked. */
int bram_reported_fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
                      const bram_panel *validation, uint64_t seed)
{
    (void)train;
    (void)validation;
    (void)seed;
    const char *path = bram_option_text(o, "path");
    if (!*path) return bram_fail(cx, BRAM_EUSAGE, "answers from files need a path");
    char *copy = bram_strdup(cx, path);
    if (!copy) return BRAM_ENOMEM;
    *fitted = copy;
    return BRAM_OK;
}

int bram_reported_ask(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const bram_panel *panel = q->panel;
    const char *part = panel->segments ? panel->segment[q->segment].id : NULL;
    bram_reported r;
    BRAM_TRY(bram_reported_read(cx, &r, fitted, part ? part : "", q->ask));
    int status = bram_reported_answer(cx, out, &r, q);
    bram_reported_release(&r);
    return status;
}

/* One of the files, or names beside a .npy. */
static bool is_file(const char *name)
{
    size_t n = strlen(name);
    if (n > 4 && strcmp(name + n - 4, ".txt") == 0) return true;
    for (size_t i = 0; i < ENDINGS; i++) {
        size_t k = strlen(endings[i]);
        if (n > k && strcmp(name + n - k, endings[i]) == 0) return true;
    }
    return false;
}

static int hash_each(bram_ctx *cx, void *user, const char *path)
{
    char hex[65];
    const char *slash = strrchr(path, '/');
    BRAM_TRY(bram_sha256_file(cx, hex, path));
    BRAM_TRY(bram_hash_add_text(cx, user, slash ? slash + 1 : path));
    return bram_hash_add_text(cx, user, hex);
}

int bram_reported_content(bram_ctx *cx, char hex[65], const bram_options *o)
{
    bram_hash *h = NULL;
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = bram_folder_each(cx, bram_option_text(o, "path"), is_file, hash_each, h);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    bram_hash_free(h);
    return status;
}
