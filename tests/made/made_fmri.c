/*
 * made_fmri.c - voxels and images: THINGS-fMRI (Hebart et al. 2023), BOLD5000 (Chang et al. 2019).
 * See made.h.
 *
 * Documented: pandas' fixed format (block0_values with a row a voxel and a column a trial, a block
 * of whole numbers for voxel_id); the columns of the stimulus table (a real one was at hand) and
 * voxel_id, nc_testset, nc_singletrial; regions of BOLD5000 as presentation x voxel, lists of file
 * names. Assumed: voxel_x ..., regions as columns of 0 and 1; that "rep_" marks a repeat.
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

/* ---- THINGS: voxel v (ids 10 .. 14), trial t: 100 v + t -----------------------------------------
 */

enum { VOXELS = 5, TRIALS = 7 };

bool made_things(const char *path, const char *defect)
{
    static const char *const known[] = {"good", "column", "no-id", "trials", "ids"};
    double value[VOXELS * (TRIALS + 1)];
    const long long id[VOXELS] = {10, 11, 12, 13, 14};
    bool own = is(defect, "column");
    hsize_t cols = TRIALS + own - is(defect, "trials");
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    for (hsize_t v = 0; v < VOXELS; v++)
        for (hsize_t c = 0; c < cols; c++)
            value[v * cols + c] = own && !c ? 10 + (double)v : (double)(100 * v + c - own);
    unlink(path);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0) return false;
    const hsize_t shape[] = {VOXELS, cols}, ids[] = {VOXELS - is(defect, "ids"), 1};
    made_put(file, "ResponseData/block0_values", H5T_NATIVE_DOUBLE, 2, shape, value);
    if (!own && !is(defect, "no-id"))
        made_put(file, "ResponseData/block1_values", H5T_NATIVE_LLONG, 2, ids, id);
    made_set_text(file, "ResponseData", "pandas_type", "frame");
    return H5Fclose(file) >= 0;
}

bool made_things_wide(const char *path, unsigned long long trials)
{
    double *value = calloc(2 * trials, sizeof *value);
    const hsize_t shape[] = {2, trials};
    unlink(path);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0 || !value) return false;
    for (hsize_t i = 0; i < 2 * trials; i++) value[i] = (double)i;
    made_put(file, "ResponseData/block0_values", H5T_NATIVE_DOUBLE, 2, shape, value);
    free(value);
    return H5Fclose(file) >= 0;
}

bool made_things_trials(const char *path, const char *defect)
{
    static const char *const known[] = {"good", "mixed", "no-type"};
    char text[900];
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    snprintf(text, sizeof text,
             "%s,session,run,subject_id,trial_id,stimulus,concept\n"
             "train,1,1,1,0,dog_12s.jpg,dog\ntest,1,1,1,1,owl_01b.jpg,owl\n"
             "train,1,1,1,2,mango_12s.jpg,mango\ntest,1,2,1,3,bib_01b.jpg,bib\n"
             "test,1,2,1,4,owl_01b.jpg,owl\n%s,1,2,1,5,bib_01b.jpg,bib\n"
             "train,1,2,1,6,axe_02s.jpg,axe\n",
             is(defect, "no-type") ? "kind" : "trial_type", is(defect, "mixed") ? "train" : "test");
    return made_text(path, text);
}

bool made_things_voxels(const char *path, const char *defect)
{
    static const char *const known[] = {"good", "stranger", "word"};
    char text[900];
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    snprintf(
        text, sizeof text,
        "voxel_id,subject_id,voxel_x,voxel_y,voxel_z,nc_singletrial,nc_testset,prf-rsquared,V1,"
        "lFFA\n%d,1,4,4,4,8,40,0.5,0,1\n10,1,0,1,2,1,%s,0.1,1,0\n11,1,1,1,2,2,20,0.2,1,0\n"
        "12,1,2,1,2,3,30,0.3,0,1\n13,1,3,1,2,4,,0.4,0,0\n",
        is(defect, "stranger") ? 99 : 14, is(defect, "word") ? "high" : "10");
    return made_text(path, text);
}

/* ---- BOLD5000: presentation t of LHPPA: 10 t + voxel, of RHPPA: 100 + t -------------------------
 */

bool made_bold5000(const char *path, const char *defect)
{
    static const char *const known[] = {"good", "rows"};
    double left[2 * 5], right[5];
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    for (int t = 0; t < 5; t++) {
        for (int v = 0; v < 2; v++) left[v * 5 + t] = 10 * t + v; /* MATLAB's order */
        right[t] = 100 + t;
    }
    matvar_t *variables[] = {made_matrix("LHPPA", 5, 2, left),
                             made_matrix("RHPPA", 5 - is(defect, "rows"), 1, right)};
    return made_mat5(path, 2, variables);
}

bool made_bold5000_list(const char *path, const char *defect)
{
    static const char *const known[] = {"good", "word", "short"};
    char text[300];
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    snprintf(text, sizeof text, "airport1.jpg\nn01440764.JPEG\nrep_airport1.jpg\n%s%s",
             is(defect, "word") ? "no image\n" : "COCO_000000000036.jpg\n",
             is(defect, "short") ? "" : "rep_airport1.jpg\n");
    return made_text(path, text);
}
