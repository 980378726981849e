/*
 * h5_sink.h - the HDF5 file driver through which files are written; private to h5_write.c.
 *
 * A write that fails inside HDF5's own driver leaves the library with a file that it can neither
 * flush nor close. This driver keeps the first failure to itself, tells HDF5 that all went well,
 * and lets the writer ask at the end; the file is thrown away then.
 */
#ifndef BRAMBLE_CORE_H5_SINK_H
#define BRAMBLE_CORE_H5_SINK_H

#include <hdf5.h>

/** The first error of a file being written. */
typedef struct bram_h5_sink {
    int error; /* an errno, 0 while all is well */
} bram_h5_sink;

/**
 * Makes a file access property list ask for this driver.
 *
 * @param sink  stays in use until the file is closed
 * @return the driver's id, to be given back with H5FDunregister after the file is closed; negative
 *         on failure
 */
hid_t bram_h5_sink_use(hid_t access, bram_h5_sink *sink);

#endif
