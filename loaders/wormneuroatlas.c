/*
 * wormneuroatlas.c - the anatomical matrices of the Leifer laboratory's wormneuroatlas.
 *
 * Neither form has names: the list of names (neuron_ids.txt, "000 TAB ADAL") is a second file.
 *
 * aconnectome.json: chemical and electrical, lists of rows in the order of that list, [pre][post];
 * the package turns them around when it reads them.
 *
 * aconnectome_default.h5: chem and gap, [post][pre], in the order of the names by bytes. It is the
 * sum of White et al. 1986 (whole, JSH) and Witvliet et al. 2021 (7, 8), to the last synapse, if
 * every name that the package did not find (AWCL and AWCR, which its list calls AWCOFF and AWCON,
 * and all cells that are not neurons) is counted as the last neuron, VD9: index -1. So AWC has no
 * edges there and those of VD9 are not its own. Both are left out and not marked as examined;
 * rules=published keeps what the file says. It becomes connectome/wormneuroatlas_default.
 */
#include "connectome.h"
#include "gz.h"
#include "h5.h"
#include "intake.h"
#include "json.h"
#include "name_list.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const bram_param params[] = {BRAM_CONNECTOME_RULES, {.name = NULL}};

static const bram_layer layers[] = {{"chemical", "chemical", "synapses"},
                                    {"gap", "gap", "synapses", .symmetric = true}};

enum { NEURONS = 300 };

static const char *anatomical(const char *name)
{
    return strcmp(name, "AWCON") == 0 ? "AWCR" : strcmp(name, "AWCOFF") == 0 ? "AWCL" : name;
}

/* What a file holds and in which order. */
struct reading {
    bram_connectome *connectome;
    const char *names[NEURONS];
    bool sums; /* the HDF5 file with its misplaced names */
};

/* Whether what the file says of a neuron is of other cells. */
static bool misplaced(const struct reading *r, const char *name)
{
    return r->sums && !bram_connectome_is_published(r->connectome) &&
           (strcmp(name, "VD9") == 0 || strncmp(name, "AWC", 3) == 0);
}

static int compare_names(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

static int add_matrix(bram_ctx *cx, const struct reading *r, size_t layer, const double *m)
{
    for (size_t k = 0; k < NEURONS * NEURONS; k++) {
        const char *row = r->names[k / NEURONS], *col = r->names[k % NEURONS];
        const bram_entry e = {r->sums ? col : row, r->sums ? row : col, m[k]};
        if (m[k] == 0 || misplaced(r, row) || misplaced(r, col)) continue;
        int status = bram_connectome_add(cx, r->connectome, layer, &e);
        if (status != BRAM_OK)
            return bram_fail_prefix(cx, status, "%s[%zu][%zu]", layers[layer].name, k / NEURONS,
                                    k % NEURONS);
    }
    return BRAM_OK;
}

/* ---- HDF5 ----------------------------------------------------------------------------------- */

static bool is_h5(bram_ctx *cx, const char *path)
{
    bram_h5 *file = NULL;
    if (!bram_h5_probe(path) || bram_h5_open(cx, &file, path) != BRAM_OK) return false;
    const bram_h5_object *root = bram_h5_root(file);
    bool mine = bram_h5_exists(root, "chem") && bram_h5_exists(root, "gap");
    bram_h5_close(file);
    return mine;
}

static int read_h5(bram_ctx *cx, double *m, const char *path, size_t layer)
{
    static const char *const fields[] = {"chem", "gap"};
    static const uint64_t start[] = {0, 0}, count[] = {NEURONS, NEURONS};
    bram_h5 *file = NULL;
    bram_h5_info info;
    BRAM_TRY(bram_h5_open(cx, &file, path));
    int status = bram_h5_info_of(cx, &info, bram_h5_root(file), fields[layer]);
    if (status == BRAM_OK && (info.rank != 2 || info.dims[0] != NEURONS || info.dims[1] != NEURONS))
        status = bram_fail(cx, BRAM_EFORMAT, "%s: found rank %u, %llu elements, expected %d x %d",
                           fields[layer], info.rank, (unsigned long long)info.elements, NEURONS,
                           NEURONS);
    if (status == BRAM_OK)
        status = bram_h5_slab_double(cx, m, bram_h5_root(file), fields[layer], start, count);
    bram_h5_close(file);
    return status;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static bool is_json(const char *path)
{
    char head[64] = "";
    size_t n = bram_gz_peek(path, head, sizeof head - 1), i = 0;
    while (i < n && (isspace((unsigned char)head[i]) || head[i] == '{')) i++;
    return i > 0 && i < n && strncmp(head + i, "\"chemical", 9) == 0;
}

static int read_rows(bram_ctx *cx, double *m, const bram_json *rows, const char *field)
{
    if (bram_json_count(rows) != NEURONS)
        return bram_fail(cx, BRAM_EFORMAT, "field %s: found %zu rows, expected %d", field,
                         bram_json_count(rows), NEURONS);
    for (size_t i = 0; i < NEURONS; i++) {
        const bram_json *row = bram_json_at(rows, i);
        if (bram_json_count(row) != NEURONS)
            return bram_fail(cx, BRAM_EFORMAT, "field %s: found %zu items in row %zu, expected %d",
                             field, bram_json_count(row), i + 1, NEURONS);
        for (size_t j = 0; j < NEURONS; j++)
            if (!bram_json_number(bram_json_at(row, j), &m[i * NEURONS + j]))
                return bram_fail(
                    cx, BRAM_EFORMAT, "field %s: found %s in row %zu, column %zu, expected number",
                    field, bram_json_kind_name(bram_json_kind_of(bram_json_at(row, j))), i + 1,
                    j + 1);
    }
    return BRAM_OK;
}

static int read_json(bram_ctx *cx, double *m, const char *path, size_t layer)
{
    static const char *const fields[] = {"chemical", "electrical"};
    bram_json *top = NULL;
    const bram_json *rows = NULL;
    BRAM_TRY(bram_json_read(cx, &top, path, 0));
    int status = bram_json_need(cx, &rows, top, fields[layer], BRAM_JSON_ARRAY);
    if (status == BRAM_OK) status = read_rows(cx, m, rows, fields[layer]);
    bram_json_free(top);
    return status;
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int read_both(bram_ctx *cx, struct reading *r, const char *path, char *const *names)
{
    double *m = bram_scratch(cx, NEURONS * NEURONS, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    r->sums = bram_h5_probe(path);
    for (size_t i = 0; i < NEURONS; i++) r->names[i] = anatomical(names[i]);
    if (r->sums) qsort(r->names, NEURONS, sizeof *r->names, compare_names);
    for (size_t i = 0; i < NEURONS; i++)
        BRAM_TRY(bram_connectome_examine(cx, r->connectome, r->names[i],
                                         misplaced(r, r->names[i]) ? 0 : BRAM_AS_BOTH));
    for (size_t layer = 0; layer < 2; layer++) {
        BRAM_TRY(bram_connectome_add_layer(cx, r->connectome, &layers[layer]));
        BRAM_TRY(r->sums ? read_h5(cx, m, path, layer) : read_json(cx, m, path, layer));
        BRAM_TRY(add_matrix(cx, r, layer, m));
    }
    return BRAM_OK;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    struct reading r = {NULL};
    char **names = NULL;
    const char *list = NULL;
    BRAM_TRY(bram_name_list_choose(cx, &list, input));
    BRAM_TRY(bram_name_list_read(cx, &names, NEURONS, list));
    size_t mark = bram_scratch_mark(cx);
    int status = bram_connectome_new(cx, &r.connectome, o);
    if (status == BRAM_OK) status = read_both(cx, &r, input->paths[0], names);
    if (status == BRAM_OK)
        status = bram_connectome_put(cx, r.connectome, ds,
                                     r.sums ? "wormneuroatlas_default" : "wormneuroatlas");
    bram_connectome_free(r.connectome);
    bram_scratch_release(cx, mark);
    bram_free(names);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    if (is_h5(cx, input->paths[0])) return bram_recognise(out, BRAM_MINE, "HDF5 with chem and gap");
    if (is_json(input->paths[0]))
        return bram_recognise(out, BRAM_MINE, "JSON that begins with chemical or chemical_sign");
    return bram_recognise(out, BRAM_NOT_MINE, "no matrices of wormneuroatlas");
}

const bram_loader bram_loader_wormneuroatlas = {
    .name = "wormneuroatlas",
    .summary = "C. elegans connectome as matrices of wormneuroatlas, several sources summed",
    .citation = "Randi et al. 2023, Nature 623:406 (wormneuroatlas)",
    .doi = "10.1038/s41586-023-06683-4",
    .licence = "GPL-3.0 (repository)",
    .reads = "JSON chemical, electrical; HDF5 chem, gap; each with a list of names",
    .version = 2,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
    .apart = true,
    .single = true,
    .belongs = bram_name_list_belongs,
};
