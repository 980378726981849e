/*
 * h5_sink.c - a file driver for HDF5 that remembers failed writes and reports success.
 *
 * Bytes go to the file by pwrite; what is read back beyond the end is zero, as HDF5 expects of a
 * sparse file. Interface: "HDF5 Virtual File Layer", H5FD_class_t of HDF5 1.10 to 1.14.
 */
#include "h5_sink.h"

#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct target { /* what the property list carries */
    bram_h5_sink *sink;
};

struct file {
    H5FD_t base; /* HDF5's own part, must be first */
    bram_h5_sink *sink;
    int fd;
    haddr_t allocated, end; /* end of what HDF5 has allocated, of what is written */
};

static void note(struct file *file, int error)
{
    if (!file->sink->error) file->sink->error = error;
}

static H5FD_t *open_file(const char *name, unsigned flags, hid_t access, haddr_t limit)
{
    (void)flags, (void)limit;
    const struct target *target = H5Pget_driver_info(access);
    if (!target) return NULL;
    struct file *file = bram_malloc(sizeof *file);
    if (!file) {
        target->sink->error = ENOMEM;
        return NULL;
    }
    memset(file, 0, sizeof *file);
    file->sink = target->sink;
    file->fd = open(name, O_RDWR | O_TRUNC | O_CLOEXEC);
    if (file->fd < 0) {
        note(file, errno);
        bram_free(file);
        return NULL;
    }
    return &file->base;
}

static herr_t close_file(H5FD_t *base)
{
    struct file *file = (struct file *)base;
    if (close(file->fd) != 0) note(file, errno);
    bram_free(file);
    return 0;
}

static herr_t query(const H5FD_t *base, unsigned long *flags)
{
    (void)base;
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA;
    return 0;
}

static haddr_t get_allocated(const H5FD_t *base, H5FD_mem_t type)
{
    (void)type;
    return ((const struct file *)base)->allocated;
}

static herr_t set_allocated(H5FD_t *base, H5FD_mem_t type, haddr_t address)
{
    (void)type;
    ((struct file *)base)->allocated = address;
    return 0;
}

static haddr_t get_end(const H5FD_t *base, H5FD_mem_t type)
{
    (void)type;
    return ((const struct file *)base)->end;
}

static herr_t read_bytes(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address,
                         size_t size, void *bytes)
{
    (void)type, (void)transfer;
    struct file *file = (struct file *)base;
    unsigned char *to = bytes;
    memset(to, 0, size);
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(file->fd, to + done, size - done, (off_t)(address + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) note(file, errno);
        if (got <= 0) break;
        done += (size_t)got;
    }
    return 0;
}

static herr_t write_bytes(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address,
                          size_t size, const void *bytes)
{
    (void)type, (void)transfer;
    struct file *file = (struct file *)base;
    const unsigned char *from = bytes;
    for (size_t done = 0; done < size && !file->sink->error;) {
        ssize_t put = pwrite(file->fd, from + done, size - done, (off_t)(address + done));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) note(file, put ? errno : ENOSPC);
        else done += (size_t)put;
    }
    if (address + size > file->end) file->end = address + size;
    return 0;
}

/* HDF5 asks the file to end where its allocation ends. */
static herr_t truncate_file(H5FD_t *base, hid_t transfer, hbool_t closing)
{
    (void)transfer, (void)closing;
    struct file *file = (struct file *)base;
    if (!file->sink->error && ftruncate(file->fd, (off_t)file->allocated) != 0) note(file, errno);
    file->end = file->allocated;
    return 0;
}

hid_t bram_h5_sink_use(hid_t access, bram_h5_sink *sink)
{
    static const H5FD_class_t driver = {
#ifdef H5FD_CLASS_VERSION
        .version = H5FD_CLASS_VERSION,
        .value = (H5FD_class_value_t)300, /* numbers from 256 on are for drivers outside HDF5 */
#endif
        .name = "bramble_sink",
        .maxaddr = (haddr_t)INT64_MAX,
        .fc_degree = H5F_CLOSE_WEAK,
        .fapl_size = sizeof(struct target),
        .open = open_file,
        .close = close_file,
        .query = query,
        .get_eoa = get_allocated,
        .set_eoa = set_allocated,
        .get_eof = get_end,
        .read = read_bytes,
        .write = write_bytes,
        .truncate = truncate_file,
        .fl_map = H5FD_FLMAP_DICHOTOMY,
    };
    hid_t id = H5FDregister(&driver);
    if (id < 0) return id;
    if (H5Pset_driver(access, id, &(struct target){sink}) < 0) {
        H5FDunregister(id);
        return -1;
    }
    return id;
}
