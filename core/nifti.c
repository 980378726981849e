/*
 * nifti.c - NIfTI volumes through libniftiio; see nifti.h.
 *
 * The library understands and makes headers. Values are read here, as it would turn NaN into 0, and
 * written here, as it cannot do so atomically or say that a disk is full.
 */
#include "nifti.h"

#include "file.h"
#include "gz.h"

#include <string.h>
#include <sys/stat.h>

#ifdef BRAM_HAVE_NIFTI

#include <nifti1_io.h>

enum { HEADER_BYTES = 352, LARGEST_SIDE = 32767 };

void bram_nifti_init(void)
{
    nifti_set_debug_level(0);
}

bool bram_nifti_available(void)
{
    return true;
}

static bool ends_in(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n > m && !strcmp(path + n - m, ending);
}

static bool is_real(int type)
{
    static const int types[] = {DT_UINT8,  DT_INT8,  DT_INT16,  DT_UINT16,  DT_INT32,
                                DT_UINT32, DT_INT64, DT_UINT64, DT_FLOAT32, DT_FLOAT64};
    for (size_t k = 0; k < sizeof types / sizeof *types; k++)
        if (type == types[k]) return true;
    return false;
}

/* Element i of an array that need not be aligned. */
static double element(const unsigned char *data, size_t i, int type)
{
#define ELEMENT(code, name)                                                                        \
    case code: {                                                                                   \
        name value;                                                                                \
        memcpy(&value, data + i * sizeof value, sizeof value);                                     \
        return (double)value;                                                                      \
    }
    switch (type) {
        ELEMENT(DT_UINT8, uint8_t)
        ELEMENT(DT_INT8, int8_t)
        ELEMENT(DT_INT16, int16_t)
        ELEMENT(DT_UINT16, uint16_t)
        ELEMENT(DT_INT32, int32_t)
        ELEMENT(DT_UINT32, uint32_t)
        ELEMENT(DT_INT64, int64_t)
        ELEMENT(DT_UINT64, uint64_t)
        ELEMENT(DT_FLOAT32, float)
    default: {
        double value;
        memcpy(&value, data + i * sizeof value, sizeof value);
        return value;
    }
    }
#undef ELEMENT
}

/* Where voxel i of the library's order (x fastest) stands in ours (z fastest). */
static size_t place(const size_t dims[3], size_t i)
{
    size_t x = i % dims[0], y = i / dims[0] % dims[1], z = i / dims[0] / dims[1];
    return (x * dims[1] + y) * dims[2] + z;
}

/* What a header states. */
static int check_header(bram_ctx *cx, bram_volumes *v, const nifti_image *nim, const char *path)
{
    double count = 1;
    for (int d = 1; d <= 7; d++) {
        int length = d <= nim->ndim ? nim->dim[d] : 1;
        if (length < 1 || (d > 4 && length > 1))
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: dimension %d has length %d, expected up to 4 dimensions", path, d,
                             length);
        count *= length;
        if (d <= 3) v->dims[d - 1] = (size_t)length;
        if (d == 4) v->count = (size_t)length;
    }
    if (!is_real(nim->datatype) || nim->iname_offset < 0)
        return bram_fail(cx, BRAM_EFORMAT, "%s: values of type %s, expected real numbers", path,
                         nifti_datatype_string(nim->datatype));
    size_t budget = bram_ctx_memory(cx);
    if (budget && count * (8 + nim->nbyper) > (double)budget)
        return bram_fail(cx, BRAM_EMEMORY, "%s: %.0f values need more than the budget of %zu bytes",
                         path, count, budget);
    return BRAM_OK;
}

/* The values, from the bytes of the file: the library would turn NaN into 0. */
static int convert(bram_ctx *cx, bram_volumes *v, const nifti_image *nim, unsigned char *bytes,
                   size_t size, const char *path)
{
    size_t voxels = v->dims[0] * v->dims[1] * v->dims[2], offset = (size_t)nim->iname_offset;
    size_t needed = voxels * v->count * (size_t)nim->nbyper;
    bool scaled = nim->scl_slope != 0;
    if (size < offset || size - offset < needed)
        return bram_fail(cx, BRAM_EFORMAT, "%s: cut short: %zu bytes, expected %zu", path, size,
                         offset + needed);
    unsigned char *data = bytes + offset;
    if (nim->swapsize > 1 && nim->byteorder != nifti_short_order())
        nifti_swap_Nbytes(needed / (size_t)nim->swapsize, nim->swapsize, data);
    v->values = bram_alloc(cx, voxels * v->count, sizeof *v->values);
    if (!v->values) return BRAM_ENOMEM;
    for (size_t t = 0; t < v->count; t++)
        for (size_t i = 0; i < voxels; i++) {
            double value = element(data, t * voxels + i, nim->datatype);
            if (scaled) value = value * (double)nim->scl_slope + (double)nim->scl_inter;
            v->values[t * voxels + place(v->dims, i)] = value;
        }
    return BRAM_OK;
}

static int load(bram_ctx *cx, bram_volumes *v, const nifti_image *nim, const char *path)
{
    unsigned char *bytes = NULL;
    size_t size;
    BRAM_TRY(check_header(cx, v, nim, path));
    BRAM_TRY(bram_gz_read_file(cx, &bytes, &size, nim->iname ? nim->iname : path, 0));
    int status = convert(cx, v, nim, bytes, size, path);
    bram_free(bytes);
    return status;
}

int bram_nifti_read(bram_ctx *cx, bram_volumes *out, const char *path)
{
    struct stat file;
    bram_volumes v = {.count = 0};
    if (stat(path, &file) != 0 || !S_ISREG(file.st_mode))
        return bram_fail(cx, BRAM_EREAD, "%s: no such file", path);
    nifti_image *nim = is_nifti_file(path) >= 0 ? nifti_image_read(path, 0) : NULL;
    if (!nim) return bram_fail(cx, BRAM_EFORMAT, "%s: not a NIfTI file", path);
    int status = load(cx, &v, nim, path);
    v.header = nim;
    if (status == BRAM_OK) *out = v;
    else bram_volumes_release(&v);
    return status;
}

void bram_volumes_release(bram_volumes *v)
{
    if (v->header) nifti_image_free(v->header);
    bram_free(v->values);
    *v = (bram_volumes){.count = 0};
}

/* The header of a file of `count` volumes, and 4 bytes that say: no extensions. */
static int make_header(bram_ctx *cx, unsigned char *bytes, const bram_volumes *like, size_t count)
{
    int dims[8] = {count > 1 ? 4 : 3,
                   (int)like->dims[0],
                   (int)like->dims[1],
                   (int)like->dims[2],
                   (int)count,
                   1,
                   1,
                   1};
    for (size_t d = 0; d < 3; d++)
        if (like->dims[d] > LARGEST_SIDE || count > LARGEST_SIDE)
            return bram_fail(cx, BRAM_EUSAGE,
                             "%zu x %zu x %zu x %zu voxels, expected sides up to %d", like->dims[0],
                             like->dims[1], like->dims[2], count, LARGEST_SIDE);
    nifti_image *nim = nifti_make_new_nim(dims, DT_FLOAT64, 0);
    if (!nim) return bram_fail(cx, BRAM_ENOMEM, "no memory for a NIfTI header");
    if (like->header) {
        const nifti_image *from = like->header;
        nim->dx = nim->pixdim[1] = from->dx;
        nim->dy = nim->pixdim[2] = from->dy;
        nim->dz = nim->pixdim[3] = from->dz;
        nim->qform_code = from->qform_code, nim->sform_code = from->sform_code;
        nim->quatern_b = from->quatern_b, nim->quatern_c = from->quatern_c;
        nim->quatern_d = from->quatern_d, nim->qfac = from->qfac;
        nim->qoffset_x = from->qoffset_x, nim->qoffset_y = from->qoffset_y;
        nim->qoffset_z = from->qoffset_z;
        nim->qto_xyz = from->qto_xyz, nim->sto_xyz = from->sto_xyz;
        nim->xyz_units = from->xyz_units;
    }
    nim->nifti_type = NIFTI_FTYPE_NIFTI1_1;
    nim->iname_offset = HEADER_BYTES;
    struct nifti_1_header header = nifti_convert_nim2nhdr(nim);
    header.vox_offset = HEADER_BYTES;
    memset(bytes, 0, HEADER_BYTES);
    memcpy(bytes, &header, sizeof header);
    nifti_image_free(nim);
    return BRAM_OK;
}

static int write_bytes(bram_ctx *cx, const char *path, bool replace, const unsigned char *bytes,
                       size_t size)
{
    bram_outfile *file = NULL;
    unsigned char *packed = NULL;
    if (ends_in(path, ".gz")) {
        BRAM_TRY(bram_gz_deflate(cx, &packed, &size, bytes, size));
        bytes = packed;
    }
    int status = bram_outfile_open(cx, &file, path, replace);
    if (status == BRAM_OK) {
        status = bram_outfile_write(cx, file, bytes, size);
        if (status == BRAM_OK) status = bram_outfile_commit(cx, file);
        else bram_outfile_abort(file);
    }
    bram_free(packed);
    return status;
}

int bram_nifti_write(bram_ctx *cx, const char *path, bool replace, const bram_volumes *like,
                     const double *values, size_t count)
{
    if (!ends_in(path, ".nii") && !ends_in(path, ".nii.gz"))
        return bram_fail(cx, BRAM_EUSAGE, "%s: a volume is .nii or .nii.gz", path);
    size_t voxels = like->dims[0] * like->dims[1] * like->dims[2];
    size_t size = HEADER_BYTES + count * voxels * sizeof *values;
    unsigned char *bytes = bram_alloc(cx, size, 1);
    if (!bytes) return BRAM_ENOMEM;
    int status = make_header(cx, bytes, like, count);
    for (size_t t = 0; status == BRAM_OK && t < count; t++)
        for (size_t i = 0; i < voxels; i++)
            memcpy(bytes + HEADER_BYTES + (t * voxels + i) * sizeof *values,
                   values + t * voxels + place(like->dims, i), sizeof *values);
    if (status == BRAM_OK) status = write_bytes(cx, path, replace, bytes, size);
    bram_free(bytes);
    return status;
}

#else /* without the library */

void bram_nifti_init(void)
{
}

bool bram_nifti_available(void)
{
    return false;
}

int bram_nifti_read(bram_ctx *cx, bram_volumes *out, const char *path)
{
    (void)out;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s: this build is without libniftiio", path);
}

void bram_volumes_release(bram_volumes *v)
{
    bram_free(v->values);
    *v = (bram_volumes){.count = 0};
}

int bram_nifti_write(bram_ctx *cx, const char *path, bool replace, const bram_volumes *like,
                     const double *values, size_t count)
{
    (void)replace, (void)like, (void)values, (void)count;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s: this build is without libniftiio", path);
}

#endif
