/*
 * varshney2011_mat.c - sparse adjacency matrices of Varshney et al. 2011.
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

bool bram_varshney_is_matlab(bram_ctx *cx, const char *path)
{
    char head[6];
    bram_matlab *file = NULL;
    if (bram_gz_peek(path, head, sizeof head) < sizeof head || memcmp(head, "MATLAB", 6) != 0 ||
        bram_matlab_open(cx, &file, path) != BRAM_OK)
        return false;
    bool mine = has(file, "A_init_t_ordered") ||
                (has(file, "Ac") && bram_matlab_variables(file) == 1);
    bram_matlab_close(file);
    return mine;
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

static int add_all(bram_ctx *cx, bram_connectome *c, bram_matlab *file, bram_matlab *names_file)
{
    char **names = NULL;
    BRAM_TRY(read_names(cx, &names, names_file));
    int status = BRAM_OK;
    for (size_t i = 0; i < NEURONS && status == BRAM_OK; i++)
        status = bram_connectome_examine(cx, c, names[i], BRAM_AS_BOTH);
    if (status == BRAM_OK && has(file, "Ac")) {
        bram_connectome_set_unit(c, 0, "synapses, those of several partners weighted down");
        status = add_matrix(cx, c, 0, file, "Ac", names);
    } else if (status == BRAM_OK) {
        status = add_matrix(cx, c, 0, file, "A_init_t_ordered", names);
        if (status == BRAM_OK) status = add_matrix(cx, c, 1, file, "Ag_t_ordered", names);
    }
    bram_free(names);
    return status;
}

int bram_varshney_read_matlab(bram_ctx *cx, bram_connectome *c, const bram_input *input)
{
    bram_matlab *file = NULL, *second = NULL;
    BRAM_TRY(bram_matlab_open(cx, &file, input->paths[0]));
    bool named = has(file, "Neuron_ordered");
    int status = BRAM_OK;
    if (input->count != (named ? 1 : 2))
        status = bram_fail(cx, BRAM_EUSAGE, "found %zu files, expected %s", input->count,
                           named ? "one" : "A_sendjoint and ConnOrdered, which has its names");
    if (status == BRAM_OK && !named) status = bram_matlab_open(cx, &second, input->paths[1]);
    if (status == BRAM_OK) status = add_all(cx, c, file, named ? file : second);
    bram_matlab_close(second);
    bram_matlab_close(file);
    return status;
}
