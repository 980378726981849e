/*
 * made_algonauts.c - the folder of a subject of the Algonauts 2023 challenge: see made.h.
 *
 * Documented (the challenge's tutorial and code): the names of folders and files, float32 responses
 * image x vertex for each hemisphere, image names train-NNNN_nsd-NNNNN.png counted from 1, masks of
 * whole numbers for each vertex. Assumed: the shares of the noise ceiling (0 to 1; percentages are
 * told by values above 1).
 */
#include "made.h"
#include "made_zip.h"
#include "mat5_values.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TRAIN = 4, TEST = 2, LEFT = 3, RIGHT = 2 };

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

/* Image i, vertex v: 10 i + v, the right hemisphere 1000 more, test images 100 more. */
static void put_fmri(made_bundle *b, const char *split, const char *side, int images, int vertices,
                     const char *defect)
{
    char name[96], shape[24];
    float values[TRAIN * LEFT];
    bool right = is(side, "rh"), test = is(split, "test");
    if (right && is(defect, "rows")) images--;
    for (int i = 0; i < images; i++)
        for (int v = 0; v < vertices; v++)
            values[i * vertices + v] = (float)(10 * i + v + 1000 * right + 100 * test);
    if (is(defect, "nan") && right && !test) values[0] = NAN;
    snprintf(name, sizeof name, "%s_split/%s_fmri/%s_%s_fmri.npy", split, split, side, split);
    snprintf(shape, sizeof shape, "(%d, %d)", images, vertices);
    made_bundle_npy(b, name, "<f4", shape, values, (size_t)(images * vertices) * sizeof *values);
}

static void put_images(made_bundle *b, const char *defect)
{
    static const int train[TRAIN] = {13, 27, 5, 60}, test[TEST] = {845, 101};
    char name[96];
    for (int i = 0; i < TRAIN; i++) {
        int number = is(defect, "image-number") && i == 3 ? 7 : i + 1;
        snprintf(name, sizeof name, "training_split/training_images/train-%04d_nsd-%05d.png",
                 number, train[i]);
        made_bundle_put(b, name, "png", 3);
    }
    for (int i = 0; i < TEST; i++) {
        snprintf(name, sizeof name, "test_split/test_images/test-%04d_nsd-%05d.png", i + 1,
                 test[i]);
        made_bundle_put(b, name, "png", 3);
    }
}

static void put_masks(made_bundle *b, const char *defect)
{
    static const int left[LEFT] = {1, 0, 7}, right[RIGHT] = {3, 0}, own[] = {9, 0, 0};
    const float ceiling[] = {50, 0, 25};
    made_bundle_npy(b, "roi_masks/lh.prf-visualrois_challenge_space.npy", "<i4",
                    is(defect, "mask") ? "(2,)" : "(3,)", left,
                    is(defect, "mask") ? 8 : sizeof left);
    made_bundle_npy(b, "roi_masks/rh.prf-visualrois_challenge_space.npy", "<i4", "(2,)", right,
                    sizeof right);
    made_bundle_npy(b, "roi_masks/lh.mine_challenge_space.npy", "<i4", "(3,)", own, sizeof own);
    made_bundle_npy(b, "roi_masks/rh.mine_challenge_space.npy", "<i4", "(2,)", own, 8);
    made_bundle_put(b, "roi_masks/mapping_prf-visualrois.npy", "a pickle", 8);
    if (is(defect, "no-test")) return;
    made_bundle_npy(b, "test_split/noise_ceiling/lh_noise_ceiling.npy", "<f4", "(3,)", ceiling, 12);
    made_bundle_npy(b, "test_split/noise_ceiling/rh_noise_ceiling.npy", "<f4", "(2,)", ceiling, 8);
}

bool made_algonauts(const char *path, bool folder, const char *defect)
{
    static const char *const known[] = {"good", "no-test",      "rows", "nan",
                                        "mask", "image-number", "half"};
    made_bundle b;
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    if (!made_bundle_begin(&b, path, folder)) return false;
    put_fmri(&b, "training", "lh", TRAIN, LEFT, defect);
    put_fmri(&b, "training", "rh", TRAIN, RIGHT, defect);
    if (!is(defect, "no-test")) put_fmri(&b, "test", "lh", TEST, LEFT, defect);
    if (!is(defect, "no-test") && !is(defect, "half"))
        put_fmri(&b, "test", "rh", TEST, RIGHT, "good");
    put_images(&b, defect);
    put_masks(&b, defect);
    return made_bundle_end(&b);
}
