/*
 * made_field.c - files of the standard benchmarks, in the layouts of their sources and large enough
 * to be run: see made.h. What of the layouts is documented is said where small files of them are
 * made (made_sensorium.c, made_algonauts.c, made_nsd.c).
 */
#include "made.h"
#include "made_put.h"
#include "made_zip.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    TESTED = 8,
    LEARNED = FIELD_STIMULI - TESTED,
    REPEATS = 2,
    TRIALS = LEARNED + TESTED * REPEATS
};

static bool is(const char *text, const char *word)
{
    return strcmp(text, word) == 0;
}

double made_field_trial(int stimulus, int unit, int repeat)
{
    int a = 7 * stimulus % FIELD_STIMULI, b = stimulus * stimulus % 11;
    int e = stimulus % 2 == repeat % 2 ? 1 : -1;
    return (unit + 1) * a + (unit % 2 ? -3 : 3) * b + 4 * e;
}

/* ---- Sensorium ------------------------------------------------------------------------------- */

/* Trial t: stimuli 0 .. 31 once, then 32 .. 39 twice. */
static int stimulus_of(int t)
{
    return t < LEARNED ? t : LEARNED + (t - LEARNED) % TESTED;
}

static int repeat_of(int t)
{
    return t < LEARNED ? 0 : (t - LEARNED) / TESTED;
}

static void put_tiers(made_bundle *b, const char *learned, const char *tested)
{
    uint32_t bytes[TRIALS * 10] = {0};
    for (int t = 0; t < TRIALS; t++) {
        const char *text = t % 8 == 7 && t < LEARNED && is(learned, "train") && is(tested, "test")
                               ? "validation"
                           : t < LEARNED ? learned
                                         : tested;
        for (int k = 0; text[k]; k++) bytes[t * 10 + k] = (unsigned char)text[k];
    }
    char shape[24];
    snprintf(shape, sizeof shape, "(%d,)", TRIALS);
    made_bundle_npy(b, "meta/trials/tiers.npy", "<U10", shape, bytes, sizeof bytes);
}

static void put_units(made_bundle *b)
{
    const int64_t unit[FIELD_UNITS] = {1, 2, 3, 4};
    made_bundle_npy(b, "meta/neurons/unit_ids.npy", "<i8", "(4,)", unit, sizeof unit);
}

static bool sensorium2022(const char *path)
{
    made_bundle b;
    int64_t image[TRIALS];
    char name[64], shape[24];
    if (!made_bundle_begin(&b, path, true)) return false;
    for (int t = 0; t < TRIALS; t++) {
        float response[FIELD_UNITS], pixel[2] = {(float)(7 * stimulus_of(t) % FIELD_STIMULI), 3};
        image[t] = 100 + stimulus_of(t);
        for (int u = 0; u < FIELD_UNITS; u++)
            response[u] = (float)made_field_trial(stimulus_of(t), u, repeat_of(t));
        snprintf(name, sizeof name, "data/responses/%d.npy", t);
        made_bundle_npy(&b, name, "<f4", "(4,)", response, sizeof response);
        snprintf(name, sizeof name, "data/images/%d.npy", t);
        made_bundle_npy(&b, name, "<f4", "(1, 1, 2)", pixel, sizeof pixel);
    }
    put_tiers(&b, "train", "test");
    snprintf(shape, sizeof shape, "(%d,)", TRIALS);
    made_bundle_npy(&b, "meta/trials/frame_image_id.npy", "<i8", shape, image, sizeof image);
    put_units(&b);
    return made_bundle_end(&b);
}

/* Of a video of 6 frames the response is that to its stimulus times the frame, 1 to 6. */
static bool sensorium2023(const char *path)
{
    enum { FRAMES = 6 };
    made_bundle b;
    char name[64];
    if (!made_bundle_begin(&b, path, true)) return false;
    for (int t = 0; t < TRIALS; t++) {
        float response[FIELD_UNITS * FRAMES], video[FRAMES];
        for (int f = 0; f < FRAMES; f++) {
            video[f] = (float)stimulus_of(t);
            for (int u = 0; u < FIELD_UNITS; u++)
                response[u * FRAMES + f] = (float)((f + 1) * made_field_trial(stimulus_of(t), u,
                                                                              repeat_of(t)));
        }
        snprintf(name, sizeof name, "data/responses/%d.npy", t);
        made_bundle_npy(&b, name, "<f4", "(4, 6)", response, sizeof response);
        snprintf(name, sizeof name, "data/videos/%d.npy", t);
        made_bundle_npy(&b, name, "<f4", "(1, 1, 6)", video, sizeof video);
    }
    put_tiers(&b, "train", "oracle");
    put_units(&b);
    return made_bundle_end(&b);
}

/* ---- Algonauts ------------------------------------------------------------------------------- */

/* Means over repeats; units 0 and 1 are the left hemisphere's vertices. Stimulus i is the image i
 * of NSD; the ceilings of vertices are 80, 40, 50, 0 percent. */
static bool algonauts(const char *path)
{
    static const float ceiling[2][2] = {{80, 40}, {50, 0}};
    made_bundle b;
    char name[96], shape[24];
    if (!made_bundle_begin(&b, path, true)) return false;
    for (int test = 0; test < 2; test++)
        for (int side = 0; side < 2; side++) {
            const char *split = test ? "test" : "training", *hemisphere = side ? "rh" : "lh";
            int images = test ? TESTED : LEARNED, first = test ? LEARNED : 0;
            float value[LEARNED * 2];
            for (int i = 0; i < images; i++)
                for (int v = 0; v < 2; v++)
                    value[2 * i + v] = (float)(made_field_trial(first + i, 2 * side + v, 0) +
                                               made_field_trial(first + i, 2 * side + v, 1)) /
                                       2;
            snprintf(name, sizeof name, "%s_split/%s_fmri/%s_%s_fmri.npy", split, split, hemisphere,
                     split);
            snprintf(shape, sizeof shape, "(%d, 2)", images);
            made_bundle_npy(&b, name, "<f4", shape, value, (size_t)images * 2 * sizeof *value);
        }
    for (int i = 0; i < FIELD_STIMULI; i++) {
        bool test = i >= LEARNED;
        snprintf(name, sizeof name, "%s_split/%s_images/%s-%04d_nsd-%05d.png",
                 test ? "test" : "training", test ? "test" : "training", test ? "test" : "train",
                 test ? i - LEARNED + 1 : i + 1, i);
        made_bundle_put(&b, name, "png", 3);
    }
    made_bundle_npy(&b, "test_split/noise_ceiling/lh_noise_ceiling.npy", "<f4", "(2,)", ceiling[0],
                    8);
    made_bundle_npy(&b, "test_split/noise_ceiling/rh_noise_ceiling.npy", "<f4", "(2,)", ceiling[1],
                    8);
    return made_bundle_end(&b);
}

/* stimulus x repeat x unit: what the line of Python in docs/responses.md makes of a pickle. */
static bool videos(const char *path)
{
    static unsigned char bytes[FIELD_STIMULI * REPEATS * FIELD_UNITS * 8 + 256];
    static double value[FIELD_STIMULI * REPEATS * FIELD_UNITS];
    for (int i = 0; i < FIELD_STIMULI; i++)
        for (int k = 0; k < REPEATS; k++)
            for (int u = 0; u < FIELD_UNITS; u++)
                value[(i * REPEATS + k) * FIELD_UNITS + u] = made_field_trial(i, u, k);
    return made_bytes(
        path, bytes,
        made_npy_bytes(bytes, "{'descr': '<f8', 'fortran_order': False, 'shape': (40, 2, 4), }",
                       value, sizeof value));
}

/* ---- NSD ------------------------------------------------------------------------------------- */

/* One session: all stimuli, and all again; 2 x 2 x 1 voxels, a tenth of a percent. */
static bool nsd(const char *path)
{
    short value[FIELD_STIMULI * REPEATS * FIELD_UNITS];
    const hsize_t shape[] = {FIELD_STIMULI * REPEATS, 1, 2, 2};
    for (int t = 0; t < FIELD_STIMULI * REPEATS; t++)
        for (int u = 0; u < FIELD_UNITS; u++)
            value[t * FIELD_UNITS + u] = (short)(30 * made_field_trial(t % FIELD_STIMULI, u,
                                                                       t / FIELD_STIMULI));
    unlink(path);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0) return false;
    made_put(file, "betas", H5T_NATIVE_SHORT, 4, shape, value);
    return H5Fclose(file) >= 0;
}

/* The last eight images are the shared ones. */
static bool nsd_table(const char *path)
{
    char text[8000];
    size_t used = (size_t)snprintf(
        text, sizeof text,
        ",cocoId,cocoSplit,cropBox,loss,nsdId,flagged,BOLD5000,"
        "shared1000,subject1,subject1_rep0,subject1_rep1,subject1_rep2\n");
    for (int i = 0; i < FIELD_STIMULI; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "%d,%d,val2017,\"(0, 0, 0, 0)\",0,%d,False,False,%s,1,%d,%d,0\n",
                                 i, 1000 + i, i, i >= LEARNED ? "True" : "False", i + 1,
                                 i + 1 + FIELD_STIMULI);
    return made_text(path, text);
}

bool made_field(const char *kind, const char *path)
{
    if (is(kind, "field-sensorium2022")) return sensorium2022(path);
    if (is(kind, "field-sensorium2023")) return sensorium2023(path);
    if (is(kind, "field-algonauts")) return algonauts(path);
    if (is(kind, "field-videos")) return videos(path);
    if (is(kind, "field-nsd")) return nsd(path);
    return is(kind, "field-nsd-table") && nsd_table(path);
}
