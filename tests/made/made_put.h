/* made_put.h - datasets of a made HDF5 file, with the groups above them; attributes of objects. */
#ifndef BRAMBLE_MADE_PUT_H
#define BRAMBLE_MADE_PUT_H

#include <hdf5.h>

/* A dataset of native numbers of rank 0 to 4; values NULL: chunked, nothing stored. */
void made_put(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dims,
              const void *values);
void made_put_doubles(hid_t file, const char *name, hsize_t count, const double *values);
void made_put_integers(hid_t file, const char *name, hsize_t count, const long long *values);
void made_put_texts(hid_t file, const char *name, hsize_t count, const char *const *texts);
void made_put_text(hid_t file, const char *name, const char *text);
void made_set_text(hid_t file, const char *object, const char *name, const char *text);

#endif
