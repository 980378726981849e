/*
 * made_nsd.c - a subject of the Natural Scenes Dataset: see made.h.
 *
 * Documented (the data manual): betas trial x z x y x x, int16, percent x 300, 750 trials a
 * session; columns of nsd_stim_info_merged.csv; masterordering and subjectim, from 1; ncsnr
 * volumes. Assumed: that trials in the table count from 1 and 0 is "not shown".
 */
#include "made.h"
#include "made_put.h"
#include "mat5_values.h"

#include "nifti.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NX = 4, NY = 3, NZ = 2, VOXELS = NX * NY * NZ };

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

/* Trial t of session s (both from 0), voxel v with x fastest: t + 10 s percent + v / 100. */
bool made_nsd(const char *path, int session, const char *defect)
{
    static const char *const known[] = {"good", "rank", "reals", "grid"};
    short value[6 * VOXELS];
    hsize_t trials = session == 1 ? 6 : 4;
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    for (hsize_t t = 0; t < trials; t++)
        for (hsize_t v = 0; v < VOXELS; v++)
            value[t * VOXELS + v] = (short)(300 * (t + 10 * (hsize_t)(session - 1)) + 3 * v);
    unlink(path);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0) return false;
    bool grid = is(defect, "grid");
    const hsize_t shape[] = {trials, NZ, grid ? NX : NY, grid ? NY : NX};
    double *real = calloc(trials * VOXELS, sizeof *real);
    for (hsize_t i = 0; i < trials * VOXELS; i++) real[i] = value[i];
    if (is(defect, "reals")) made_put(file, "betas", H5T_NATIVE_DOUBLE, 4, shape, real);
    else made_put(file, "betas", H5T_NATIVE_SHORT, is(defect, "rank") ? 3 : 4, shape, value);
    free(real);
    return H5Fclose(file) >= 0;
}

/* Image 10: trials 1 3 751; 20: 2 752 and one that is not there; 21: 4 5; 30, shared: 6 753 754. */
bool made_nsd_table(const char *path, const char *defect)
{
    static const char *const known[] = {"good", "twice", "beyond", "no-subject"};
    char text[1500];
    const char *who = is(defect, "no-subject") ? "subject2" : "subject1";
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    snprintf(text, sizeof text,
             ",cocoId,cocoSplit,cropBox,loss,nsdId,flagged,BOLD5000,shared1000,subject1,%s_rep0,"
             "%s_rep1,%s_rep2%s\n"
             "0,532481,val2017,\"(0.1, 0.1, 0, 0)\",0.1,10,False,False,False,1,1,3,751%s\n"
             "1,245764,val2017,\"(0, 0, 0, 0)\",0.2,20,False,False,False,1,2,752,%s%s\n"
             "2,385029,train2017,\"(0, 0, 0, 0)\",0.2,21,False,False,False,1,%s,5,0%s\n"
             "3,311303,train2017,\"(0, 0, 0, 0)\",0.2,30,False,False,True,1,6,753,754%s\n"
             "4,100,train2017,\"(0, 0, 0, 0)\",0.2,40,False,False,False,0,0,0,0%s\n",
             who, who, who, is(defect, "no-subject") ? ",subject1_rep0" : "",
             is(defect, "no-subject") ? ",0" : "", is(defect, "beyond") ? "30001" : "800",
             is(defect, "no-subject") ? ",0" : "", is(defect, "twice") ? "3" : "4",
             is(defect, "no-subject") ? ",0" : "", is(defect, "no-subject") ? ",0" : "",
             is(defect, "no-subject") ? ",0" : "");
    return made_text(path, text);
}

bool made_nsd_design(const char *path, const char *defect)
{
    enum { ALL = 30000, IMAGES = 10000 };
    static const struct {
        int trial, image;
    } shown[] = {{1, 10}, {3, 10}, {751, 10}, {2, 20},   {752, 20},
                 {4, 21}, {5, 21}, {6, 30},   {753, 30}, {754, 30}};
    double *order = calloc(ALL, sizeof *order), *image = calloc(8 * IMAGES, sizeof *image);
    for (int t = 0; t < ALL; t++) order[t] = 1 + t % IMAGES;
    for (size_t k = 0; k < sizeof shown / sizeof *shown; k++) {
        order[shown[k].trial - 1] = shown[k].image; /* image 10 is the subject's tenth, and so on */
        image[(shown[k].image - 1) * 8] = shown[k].image + 1;
    }
    if (is(defect, "other")) image[(21 - 1) * 8] = 77;
    matvar_t *variables[] = {made_matrix("masterordering", 1, ALL - is(defect, "short"), order),
                             made_matrix("subjectim", 8, IMAGES, image)};
    bool good = made_mat5(path, 2, variables);
    free(order), free(image);
    return good;
}

bool made_nsd_pictures(const char *path, unsigned images)
{
    unsigned char level[50 * 2 * 3 * 3], *at = level;
    const hsize_t shape[] = {images, 2, 3, 3};
    unlink(path);
    hid_t file = images <= 50 ? H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT) : -1;
    if (file < 0) return false;
    for (unsigned i = 0; i < images; i++)
        for (unsigned r = 0; r < 2; r++)
            for (unsigned c = 0; c < 3; c++)
                for (unsigned k = 0; k < 3; k++) *at++ = (unsigned char)(i + 10 * r + c + 50 * k);
    made_put(file, "imgBrick", H5T_NATIVE_UCHAR, 4, shape, level);
    return H5Fclose(file) >= 0;
}

/* Voxel v with x fastest: scale (v - 4). */
bool made_nsd_map(const char *path, const char *defect, double scale)
{
    bram_ctx *cx = bram_ctx_new();
    bram_volumes grid = {.dims = {NX, is(defect, "grid") ? NY + 1 : NY, NZ}, .count = 1};
    double value[VOXELS * 2] = {0};
    for (size_t x = 0; x < NX; x++)
        for (size_t y = 0; y < NY; y++)
            for (size_t z = 0; z < NZ; z++)
                value[(x * grid.dims[1] + y) * NZ + z] = scale *
                                                         ((double)((z * NY + y) * NX + x) - 4);
    bool good = cx && bram_nifti_write(cx, path, true, &grid, value, 1) == BRAM_OK;
    bram_ctx_free(cx);
    return good;
}
