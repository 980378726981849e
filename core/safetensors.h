/*
 * safetensors.h - the tensors of a .safetensors file, read where they lie.
 *
 * The form (huggingface/safetensors, README, "Format"): 8 bytes with the length of a header, lowest
 * first; the header, a JSON object NAME -> {dtype, shape, data_offsets} and "__metadata__" of
 * texts; then the values, little endian, C order. No code is ever stored in it. Read are BOOL, I8
 * to I64, U8 to U64, F16, BF16, F32 and F64.
 */
#ifndef BRAMBLE_CORE_SAFETENSORS_H
#define BRAMBLE_CORE_SAFETENSORS_H

#include "npy.h"

typedef struct bram_safetensors bram_safetensors;

/** @return BRAM_OK; BRAM_EREAD; BRAM_EFORMAT: a header that is none, or that contradicts the file's
 *          size; BRAM_ENOMEM */
int bram_safetensors_open(bram_ctx *cx, bram_safetensors **out, const char *path) BRAM_MUST_CHECK;
void bram_safetensors_close(bram_safetensors *s);

/** The tensors, in the order of the header; names are owned by s. */
size_t bram_safetensors_count(const bram_safetensors *s);
const char *bram_safetensors_name(const bram_safetensors *s, size_t i);

/** @return a text of "__metadata__", or NULL; owned by s */
const char *bram_safetensors_word(const bram_safetensors *s, const char *key);

/**
 * Tensor i as an array that is read from the file when it is asked for; it may outlive s.
 *
 * @return BRAM_OK; BRAM_EFORMAT: another type, more than 8 dimensions, offsets outside the file or
 *         of another length than the shape; BRAM_EREAD; BRAM_ENOMEM
 */
int bram_safetensors_array(bram_ctx *cx, const bram_safetensors *s, size_t i,
                           bram_npy **out) BRAM_MUST_CHECK;

#endif
