/*
 * made_mua.c - responses of many units to many images: THINGS_normMUA.mat (Papale et al. 2025),
 * natimg2800_*.mat (Stringer et al. 2019). See made.h.
 *
 * Documented: names and shapes of train_MUA, test_MUA_reps (MATLAB 7.3: the other way round in
 * HDF5), stim.resp, stim.istim, med, imgs. Assumed: SNR channel x day, oracle channel; train_imgs
 * and test_imgs as structs with things_path; db.mouse_name.
 */
#include "made.h"
#include "made_put.h"
#include "mat5_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

/* ---- THINGS_normMUA: training image i, channel c: 10 i + c; test: 100 + 10 i + c + r / 4
 * --------- */

enum { TRAIN = 5, TEST = 3, REPEATS = 2 };

static void put_mua(hid_t file, const char *defect, hsize_t channels)
{
    double *train = calloc(TRAIN * channels, sizeof *train),
           *test = calloc(REPEATS * TEST * channels, sizeof *test);
    for (hsize_t c = 0; c < channels; c++) {
        for (hsize_t i = 0; i < TRAIN; i++) train[i * channels + c] = (double)(10 * i + c);
        for (hsize_t r = 0; r < REPEATS; r++)
            for (hsize_t i = 0; i < TEST; i++)
                test[(r * TEST + i) * channels + c] = (double)(100 + 10 * i + c) + (double)r / 4;
    }
    bool huge = is(defect, "huge");
    hsize_t trains[] = {huge ? 1ULL << 40 : TRAIN, channels},
            tests[] = {REPEATS, TEST, channels - is(defect, "test")};
    made_put(file, "train_MUA", H5T_NATIVE_DOUBLE, is(defect, "flat") ? 1 : 2, trains,
             huge ? NULL : train);
    made_put(file, "test_MUA_reps", H5T_NATIVE_DOUBLE, 3, tests, test);
    free(train), free(test);
}

bool made_tvsd(const char *path, const char *defect)
{
    static const char *const known[] = {"good", "channels", "flat", "test", "snr", "huge"};
    const double snr[] = {1, 2, 3, 4, 3, 2, 3, 4}, oracle[] = {.1, .2, .3, .4};
    hsize_t channels = is(defect, "channels") ? 1024 : 4;
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    unlink(path);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0) return false;
    put_mua(file, defect, channels);
    const hsize_t days[] = {2, 4 - is(defect, "snr")}, row[] = {1, 4};
    if (channels == 4) made_put(file, "SNR", H5T_NATIVE_DOUBLE, 2, days, snr);
    if (channels == 4) made_put(file, "oracle", H5T_NATIVE_DOUBLE, 2, row, oracle);
    return H5Fclose(file) >= 0;
}

/* A struct array with a path each, or a struct whose field is a cell of them. */
static matvar_t *image_list(const char *name, const char *const *paths, size_t n, bool cells)
{
    static const char *const fields[] = {"things_path"};
    if (cells) {
        matvar_t *items[TRAIN], *s = made_struct(name, 1, fields);
        for (size_t i = 0; i < n; i++) items[i] = made_chars(NULL, paths[i]);
        Mat_VarSetStructFieldByName(s, "things_path", 0, made_cell(NULL, n, 1, items));
        return s;
    }
    size_t dims[] = {1, n};
    const char *names[] = {"things_path"};
    matvar_t *s = Mat_VarCreateStruct(name, 2, dims, names, 1);
    for (size_t i = 0; i < n; i++)
        Mat_VarSetStructFieldByName(s, "things_path", i, made_chars(NULL, paths[i]));
    return s;
}

bool made_tvsd_images(const char *path, const char *defect)
{
    static const char *const known[] = {"good", "cells", "short"};
    static const char *const train[] = {"aardvark/aardvark_01b.jpg", "abacus\\\\abacus_02s.jpg",
                                        "images/zebra/zebra_01b.jpg", "bench/bench_03s.jpg",
                                        "bib/bib_11s.jpg"},
                             *const test[] = {"dog/dog_12s.jpg", "mango/mango_12s.jpg",
                                              "owl/owl_12s.jpg"};
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    bool cells = is(defect, "cells");
    matvar_t *variables[] = {image_list("train_imgs", train, TRAIN - is(defect, "short"), cells),
                             image_list("test_imgs", test, TEST, cells)};
    return made_mat5(path, 2, variables);
}

/* ---- natimg2800: presentation t, neuron j: 10 t + j; images 1 2 4(grey) 3 2 1 3 4
 * ---------------- */

enum { SHOWN = 8, NEURONS = 4 };

bool made_stringer(const char *path, const char *defect)
{
    static const char *const known[] = {"good", "istim", "half", "med", "class", "grey"};
    static const char *const fields[] = {"resp", "istim", "spont"}, *const of_db[] = {"mouse_name"};
    double resp[SHOWN * NEURONS], istim[SHOWN] = {1, 2, 4, 3, 2, 1, 3, 4}, med[NEURONS * 3];
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    for (int j = 0; j < NEURONS; j++)
        for (int t = 0; t < SHOWN; t++) resp[j * SHOWN + t] = 10 * t + j; /* MATLAB's order */
    for (int i = 0; i < NEURONS * 3; i++) med[i] = 5 * i;
    if (is(defect, "half")) istim[3] = 1.5;
    for (int t = 0; t < SHOWN && is(defect, "grey"); t++) istim[t] = 7;
    matvar_t *stim = made_struct("stim", 3, fields), *db = made_struct("db", 1, of_db);
    Mat_VarSetStructFieldByName(stim, "resp", 0,
                                is(defect, "class") ? made_chars(NULL, "none")
                                                    : made_matrix(NULL, SHOWN, NEURONS, resp));
    Mat_VarSetStructFieldByName(stim, "istim", 0,
                                made_matrix(NULL, SHOWN - is(defect, "istim"), 1, istim));
    Mat_VarSetStructFieldByName(stim, "spont", 0, made_matrix(NULL, 1, 1, med));
    Mat_VarSetStructFieldByName(db, "mouse_name", 0, made_chars(NULL, "M170717"));
    matvar_t *variables[] = {stim, made_matrix("med", NEURONS - is(defect, "med"), 3, med), db};
    return made_mat5(path, 3, variables);
}

/* Image k: 2 x 3 pixels, row r, column c: 50 k + 10 r + c. */
bool made_stringer_images(const char *path, const char *defect)
{
    static const char *const known[] = {"good", "few", "level"};
    size_t dims[] = {2, 3, is(defect, "few") ? 2 : 4};
    double level[2 * 3 * 4];
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    for (int k = 0; k < 4; k++)
        for (int c = 0; c < 3; c++)
            for (int r = 0; r < 2; r++) level[(k * 3 + c) * 2 + r] = 50 * k + 10 * r + c;
    if (is(defect, "level")) level[4] = 300;
    matvar_t *imgs = Mat_VarCreate("imgs", MAT_C_DOUBLE, MAT_T_DOUBLE, 3, dims, level, 0);
    return made_mat5(path, 1, &imgs);
}
