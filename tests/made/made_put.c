/* made_put.c - datasets of a made HDF5 file: see made_put.h. */
#include "made_put.h"

static hid_t text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

void made_put(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dims,
              const void *values)
{
    hid_t space = rank ? H5Screate_simple(rank, dims, NULL) : H5Screate(H5S_SCALAR);
    hid_t links = H5Pcreate(H5P_LINK_CREATE), layout = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t chunk[4] = {1, 1, 1, 1};
    H5Pset_create_intermediate_group(links, 1);
    for (int d = 0; d < rank; d++) chunk[d] = dims[d] < 100 ? dims[d] + !dims[d] : 100;
    if (!values) H5Pset_chunk(layout, rank, chunk);
    hid_t set = H5Dcreate2(file, name, type, space, links, layout, H5P_DEFAULT);
    if (values) H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(set), H5Pclose(links), H5Pclose(layout), H5Sclose(space);
}

void made_put_doubles(hid_t file, const char *name, hsize_t count, const double *values)
{
    made_put(file, name, H5T_NATIVE_DOUBLE, 1, &count, values);
}

void made_put_integers(hid_t file, const char *name, hsize_t count, const long long *values)
{
    made_put(file, name, H5T_NATIVE_LLONG, 1, &count, values);
}

void made_put_texts(hid_t file, const char *name, hsize_t count, const char *const *texts)
{
    hid_t type = text_type();
    made_put(file, name, type, 1, &count, texts);
    H5Tclose(type);
}

void made_put_text(hid_t file, const char *name, const char *text)
{
    hid_t type = text_type();
    made_put(file, name, type, 0, NULL, &text);
    H5Tclose(type);
}

void made_set_text(hid_t file, const char *object, const char *name, const char *text)
{
    hid_t type = text_type(), space = H5Screate(H5S_SCALAR);
    hid_t at = H5Oopen(file, object, H5P_DEFAULT);
    hid_t attr = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attr, type, &text);
    H5Aclose(attr), H5Oclose(at), H5Sclose(space), H5Tclose(type);
}
