/*
 * varshney2011_mat.c - sparse adjacency matrices of Varshney et al. 2011, and lists in their order.
 */
#include "varshney2011.h"

#include "gz.h"
#include "matlab.h"

#include <stdio.h>
#include <string.h>

enum { NEURONS = 279 };

static bool has(const bram_matlab *file, const char *name)
{
    for (size_t i = 0; i < bram_matlab_variables(file); i++)
        if (strcmp(bram_matlab_variable_at(file, i), name) == 0) return true;
    return false;
}

bram_varshney_form bram_varshney_form_of(bram_ctx *cx, const char *path)
{
    static const char *const lists[] = {"NeuronType_ordered", "Order279", "ClassIDs_279"};
    char head[6];
    bram_matlab *file = NULL;
    bram_varshney_form form = BRAM_VARSHNEY_NONE;
    if (bram_gz_peek(path, head, sizeof head) < sizeof head || memcmp(head, "MATLAB", 6) != 0 ||
        bram_matlab_open(cx, &file, path) != BRAM_OK)
        return form;
    if (has(file, "A_init_t_ordered")) form = BRAM_VARSHNEY_NAMED;
    else if (bram_matlab_variables(file) == 1 && has(file, "Ac")) form = BRAM_VARSHNEY_WEIGHTED;
    for (size_t i = 0; bram_matlab_variables(file) == 1 && i < sizeof lists / sizeof *lists; i++)
        if (has(file, lists[i])) form = BRAM_VARSHNEY_LIST;
    bram_matlab_close(file);
    return form;
}

static int read_names(bram_ctx *cx, char ***names, bram_matlab *file)
{
    bram_matlab_value *value;
    char **list = NULL;
    size_t count;
    BRAM_TRY(bram_matlab_variable(cx, &value, file, "Neuron_ordered"));
    BRAM_TRY(bram_matlab_strings(cx, &list, &count, value));
    if (count == NEURONS) *names = list;
    else bram_free(list);
    return count == NEURONS
               ? BRAM_OK
               : bram_fail(cx, BRAM_EFORMAT, "Neuron_ordered: found %zu names, expected %d", count,
                           NEURONS);
}

static int add_matrix(bram_ctx *cx, bram_connectome *c, size_t layer, bram_matlab *file,
                      const char *name, char *const *names)
{
    bram_matlab_value *value;
    bram_matlab_entry *entries = NULL;
    size_t count = 0;
    BRAM_TRY(bram_matlab_variable(cx, &value, file, name));
    const size_t *dims = bram_matlab_dims(value);
    if (bram_matlab_kind_of(value) != BRAM_MATLAB_SPARSE || dims[0] != NEURONS ||
        dims[1] != NEURONS)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %s %zu x %zu, expected sparse %d x %d", name,
                         bram_matlab_class(value), dims[0], dims[1], NEURONS, NEURONS);
    BRAM_TRY(bram_matlab_entries(cx, &entries, &count, value));
    int status = BRAM_OK;
    for (size_t i = 0; i < count && status == BRAM_OK; i++) {
        const bram_entry e = {names[entries[i].row], names[entries[i].column], entries[i].value};
        status = bram_connectome_add(cx, c, layer, &e);
        if (status != BRAM_OK)
            bram_fail_prefix(cx, status, "%s(%zu,%zu)", name, entries[i].row + 1,
                             entries[i].column + 1);
    }
    bram_free(entries);
    return status;
}

static int examine(bram_ctx *cx, bram_connectome *c, char *const *names)
{
    for (size_t i = 0; i < NEURONS; i++)
        BRAM_TRY(bram_connectome_examine(cx, c, names[i], BRAM_AS_BOTH));
    return BRAM_OK;
}

static int names_of_file(bram_ctx *cx, char ***names, const char *path)
{
    bram_matlab *file = NULL;
    BRAM_TRY(bram_matlab_open(cx, &file, path));
    int status = read_names(cx, names, file);
    bram_matlab_close(file);
    return status;
}

int bram_varshney_read_named(bram_ctx *cx, bram_connectome *c, const char *path)
{
    bram_matlab *file = NULL;
    char **names = NULL;
    BRAM_TRY(bram_matlab_open(cx, &file, path));
    int status = read_names(cx, &names, file);
    if (status == BRAM_OK) status = examine(cx, c, names);
    if (status == BRAM_OK) status = add_matrix(cx, c, 0, file, "A_init_t_ordered", names);
    if (status == BRAM_OK) status = add_matrix(cx, c, 1, file, "Ag_t_ordered", names);
    bram_free(names);
    bram_matlab_close(file);
    return status;
}

int bram_varshney_read_weighted(bram_ctx *cx, bram_connectome *c, const char *path,
                                const char *names_path)
{
    bram_matlab *file = NULL;
    char **names = NULL;
    BRAM_TRY(names_of_file(cx, &names, names_path));
    int status = bram_matlab_open(cx, &file, path);
    if (status == BRAM_OK) status = examine(cx, c, names);
    if (status == BRAM_OK) status = add_matrix(cx, c, 0, file, "Ac", names);
    bram_matlab_close(file);
    bram_free(names);
    return status;
}
