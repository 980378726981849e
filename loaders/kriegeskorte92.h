/*
 * kriegeskorte92.h - the 92 object images while they are read: RDMs, categories and pictures; see
 * kriegeskorte92.c.
 */
#ifndef BRAMBLE_LOADERS_KRIEGESKORTE92_H
#define BRAMBLE_LOADERS_KRIEGESKORTE92_H

#include "matlab.h"

enum {
    K92_IMAGES = 92,
    K92_PAIRS = K92_IMAGES * (K92_IMAGES - 1) / 2,
    K92_SIZE = K92_IMAGES * K92_IMAGES,
    K92_NAME = 100
};

/* One RDM that was read. */
struct bram_k92_rdm {
    char name[K92_NAME], subject[K92_NAME], session[K92_NAME]; /* name: of area or model */
    bool is_response, is_feature, stored;
    double *values; /* K92_SIZE */
};

struct bram_k92 {
    struct bram_k92_rdm *rdm;
    size_t count, room;
    char *category[K92_IMAGES]; /* of stimuli_92objs; NULL without */
    char label[32][K92_NAME];   /* of categoryLabels */
    int64_t member[32][K92_IMAGES];
    size_t labels;
    uint8_t *levels; /* of the pictures: image x row x column x 3; NULL without */
    size_t side[2];
};

/** categoryLabels and categoryVectors of a file. @return as the functions of matlab.h */
int bram_k92_categories(bram_ctx *cx, struct bram_k92 *a, bram_matlab *file) BRAM_MUST_CHECK;

/** stimuli_92objs: an array of structs with category and, perhaps, image. */
int bram_k92_objects(bram_ctx *cx, struct bram_k92 *a, bram_matlab_value *v) BRAM_MUST_CHECK;

#endif
