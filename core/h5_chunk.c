/*
 * h5_chunk.c - a chunk of values copied from one file into another as it is stored: shuffled and
 * deflated bytes, which need neither be inflated nor deflated again.
 */
#include "h5_private.h"
#include "h5_write.h"

#include <string.h>

/* Whether two datasets store their values alike: type, shape, chunks, filters with their values. */
static bool same_type_and_shape(hid_t a, hid_t b)
{
    hsize_t shape[2][BRAM_H5_RANK];
    hid_t type[2] = {H5Dget_type(a), H5Dget_type(b)}, space[2] = {H5Dget_space(a), H5Dget_space(b)};
    bool same = type[0] >= 0 && type[1] >= 0 && H5Tequal(type[0], type[1]) > 0;
    int rank = space[0] >= 0 ? H5Sget_simple_extent_ndims(space[0]) : -1;
    same = same && rank >= 1 && rank <= BRAM_H5_RANK && space[1] >= 0 &&
           H5Sget_simple_extent_ndims(space[1]) == rank;
    for (int i = 0; i < 2 && same; i++)
        same = H5Sget_simple_extent_dims(space[i], shape[i], NULL) == rank;
    same = same && memcmp(shape[0], shape[1], (size_t)rank * sizeof(hsize_t)) == 0;
    for (int i = 0; i < 2; i++) {
        if (type[i] >= 0) H5Tclose(type[i]);
        if (space[i] >= 0) H5Sclose(space[i]);
    }
    return same;
}

static bool same_filter(hid_t a, hid_t b, unsigned i)
{
    unsigned value[2][8] = {{0}}, flags[2] = {0}, config;
    size_t values[2] = {8, 8};
    H5Z_filter_t filter[2];
    filter[0] = H5Pget_filter2(a, i, &flags[0], &values[0], value[0], 0, NULL, &config);
    filter[1] = H5Pget_filter2(b, i, &flags[1], &values[1], value[1], 0, NULL, &config);
    return filter[0] >= 0 && filter[0] == filter[1] && flags[0] == flags[1] &&
           values[0] == values[1] && values[0] <= 8 &&
           memcmp(value[0], value[1], values[0] * sizeof(unsigned)) == 0;
}

static bool same_layout(hid_t a, hid_t b)
{
    hsize_t chunk[2][BRAM_H5_RANK];
    hid_t list[2] = {H5Dget_create_plist(a), H5Dget_create_plist(b)};
    int rank[2] = {-1, -2}, filters = -1;
    for (int i = 0; i < 2; i++)
        if (list[i] >= 0 && H5Pget_layout(list[i]) == H5D_CHUNKED)
            rank[i] = H5Pget_chunk(list[i], BRAM_H5_RANK, chunk[i]);
    bool same = rank[0] >= 1 && rank[0] == rank[1] &&
                memcmp(chunk[0], chunk[1], (size_t)rank[0] * sizeof(hsize_t)) == 0;
    if (same) filters = H5Pget_nfilters(list[0]);
    same = same && filters >= 0 && filters == H5Pget_nfilters(list[1]);
    for (int i = 0; same && i < filters; i++) same = same_filter(list[0], list[1], (unsigned)i);
    for (int i = 0; i < 2; i++)
        if (list[i] >= 0) H5Pclose(list[i]);
    return same;
}

/* The stored bytes of the chunk that begins at `at`. @return whether all went well */
static int move_chunk(bram_ctx *cx, const bram_h5w *w, const char *path, hid_t to, hid_t from,
                      const hsize_t *at, bool *copied)
{
    hsize_t bytes = 0;
    uint32_t mask = 0;
    if (H5Dget_chunk_storage_size(from, at, &bytes) < 0 || bytes == 0) return BRAM_OK;
    unsigned char *stored = bram_alloc(cx, (size_t)bytes, 1);
    if (!stored) return BRAM_ENOMEM;
    bool good = H5Dread_chunk(from, H5P_DEFAULT, at, &mask, stored) >= 0 &&
                H5Dwrite_chunk(to, H5P_DEFAULT, mask, at, (size_t)bytes, stored) >= 0;
    bram_free(stored);
    *copied = good;
    return bram_h5w_settle(cx, w, good, path, "chunk");
}

int bram_h5w_copy_chunk(bram_ctx *cx, bram_h5w *w, const char *path, const bram_h5_object *from,
                        const char *from_path, size_t rank, const size_t *start, bool *copied)
{
    hsize_t at[BRAM_H5_RANK];
    hid_t source = -1, target = H5Dopen2(bram_h5w_file(w), path, H5P_DEFAULT);
    int status = bram_h5w_settle(cx, w, target >= 0, path, "dataset");
    *copied = false;
    for (size_t d = 0; d < rank; d++) at[d] = start[d];
    if (status == BRAM_OK) status = bram_h5_id(cx, &source, from, from_path);
    if (status == BRAM_OK && H5Iget_type(source) == H5I_DATASET &&
        same_type_and_shape(source, target) && same_layout(source, target))
        status = move_chunk(cx, w, path, target, source, at, copied);
    if (source >= 0) H5Oclose(source);
    if (target >= 0 && H5Dclose(target) < 0 && status == BRAM_OK)
        status = bram_h5w_settle(cx, w, false, path, "dataset");
    return status;
}
