/*
 * response.h - an array with labelled axes and a mask: a recording, features, predictions, an RDM.
 *
 * Values are doubles, floats or bytes (levels 0 to 255 of pictures) in row-major order, in memory
 * or in a file read block by block. Missing is a mask (1 present, 0 missing); what a value is where
 * the mask is 0 is not defined. A response without a mask has every value.
 */
#ifndef BRAMBLE_RESPONSE_H
#define BRAMBLE_RESPONSE_H

#include <bramble/axis.h>
#include <bramble/matrix.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BRAM_MAX_DIMS 4

typedef enum bram_type { BRAM_F64, BRAM_F32, BRAM_U8 } bram_type;

/** @return bytes of a value; what the type is called: "float64", "float32", "uint8" */
size_t bram_type_size(bram_type type);
const char *bram_type_name(bram_type type);

typedef struct bram_response bram_response;

/**
 * Makes a zeroed array in memory along the given axes (1 to BRAM_MAX_DIMS; each gains a share).
 * name is one step of a path.
 *
 * @return BRAM_OK; BRAM_EUSAGE for a bad name or number of axes; BRAM_ENOMEM
 */
int bram_response_new(bram_ctx *cx, bram_response **out, const char *name, bram_type type,
                      size_t dims, const bram_axis *const *axes) BRAM_MUST_CHECK;
void bram_response_free(bram_response *r);

const char *bram_response_name(const bram_response *r);
size_t bram_response_dims(const bram_response *r);
const bram_axis *bram_response_axis(const bram_response *r, size_t dim);
size_t bram_response_length(const bram_response *r, size_t dim);
size_t bram_response_count(const bram_response *r); /* product of the lengths */
bram_type bram_response_type(const bram_response *r);

/** Attributes: unit, filter ("none", "causal", "non-causal") and whatever a loader adds. */
bram_attrs *bram_response_attrs(bram_response *r);
const bram_attrs *bram_response_attrs_const(const bram_response *r);

/** @return the values of an in-memory response of that type, else NULL */
double *bram_response_f64(bram_response *r);
float *bram_response_f32(bram_response *r);
uint8_t *bram_response_u8(bram_response *r);

/**
 * @return the mask of an in-memory response, made of ones if it had none; NULL (with the message
 *         set) without memory, or for a response in a file
 */
uint8_t *bram_response_mask(bram_ctx *cx, bram_response *r);
bool bram_response_has_mask(const bram_response *r);

/**
 * Reads the block start .. start + count - 1 of each dimension as doubles, wherever it is stored.
 *
 * @param values  product(count) values; missing ones are set to 0
 * @param present as many bytes, 1 or 0; NULL when the caller knows there is no mask to heed
 * @return BRAM_OK; BRAM_ESHAPE outside the array; BRAM_EREAD, BRAM_EFORMAT from the file
 */
int bram_response_read(bram_ctx *cx, const bram_response *r, const size_t *start,
                       const size_t *count, double *values, uint8_t *present) BRAM_MUST_CHECK;

/**
 * A matrix view of a 2-D double response in memory.
 *
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE when it is a file, float or of other rank: read blocks then
 */
int bram_response_view(bram_ctx *cx, const bram_response *r, bram_mat *out) BRAM_MUST_CHECK;

/**
 * How file-backed responses are made: the owner hands over a reader and its state. Row-major
 * order; see bram_response_read for the contract of read. release frees the state.
 */
typedef struct bram_reader {
    int (*read)(bram_ctx *cx, void *state, const size_t *start, const size_t *count, double *values,
                uint8_t *present);
    void (*release)(void *state);
    void *state;
    bool has_mask;
} bram_reader;

/** Takes the reader over, also on failure. Errors as for bram_response_new. */
int bram_response_from_reader(bram_ctx *cx, bram_response **out, const char *name, bram_type type,
                              size_t dims, const bram_axis *const *axes,
                              bram_reader reader) BRAM_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
