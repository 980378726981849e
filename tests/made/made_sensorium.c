/*
 * made_sensorium.c - scans of the Sensorium competitions: see made.h.
 *
 * Documented by the code that reads them (sinzlab/sensorium): data/{images, videos, responses,
 * behavior, pupil_center}/K.npy, meta/trials/{tiers, frame_image_id, trial_idx}.npy,
 * meta/neurons/{unit_ids, cell_motor_coordinates}.npy; tiers train, validation, test, final_test
 * (2022), train, oracle (2023). Assumed: that trial K is entry K of the tables, the shapes of
 * images (1, height, width) and videos (height, width, frame).
 */
#include "made.h"
#include "made_zip.h"
#include "mat5_values.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { TRIALS = 9, NEURONS = 4, PIXELS = 6, FRAMES = 5 };

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

/* Texts of 10 characters, 4 bytes each. */
static void put_texts(made_bundle *b, const char *name, const char *const *text, size_t n)
{
    uint32_t bytes[TRIALS * 10] = {0};
    char shape[24];
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; text[i][k]; k++) bytes[i * 10 + k] = (unsigned char)text[i][k];
    snprintf(shape, sizeof shape, "(%zu,)", n);
    made_bundle_npy(b, name, "<U10", shape, bytes, n * 40);
}

static void put_integers(made_bundle *b, const char *name, const int64_t *values, size_t n)
{
    char shape[24];
    snprintf(shape, sizeof shape, "(%zu,)", n);
    made_bundle_npy(b, name, "<i8", shape, values, n * sizeof *values);
}

static void put_neurons(made_bundle *b, const char *defect)
{
    const int64_t unit[NEURONS] = {11, 12, 15, 19};
    double place[NEURONS * 3];
    for (int i = 0; i < NEURONS * 3; i++) place[i] = 10 * i;
    put_integers(b, "meta/neurons/unit_ids.npy", unit, NEURONS - is(defect, "units"));
    made_bundle_npy(b, "meta/neurons/cell_motor_coordinates.npy", "<f8",
                    is(defect, "places") ? "(3, 4)" : "(4, 3)", place, sizeof place);
}

/* The response of neuron j in trial t is t + j / 8; of a withheld tier 0. */
static void put_images_trial(made_bundle *b, int t, const int64_t *image, const char *tier,
                             const char *defect)
{
    char name[64];
    float response[NEURONS], pixel[PIXELS], behaviour[3] = {(float)t, 1, 2}, pupil[2] = {3, NAN};
    bool hidden = is(defect, "withheld") && is(tier, "final_test");
    for (int j = 0; j < NEURONS; j++) response[j] = hidden ? 0 : (float)t + (float)j / 8;
    if (is(defect, "silent") && t == 0) memset(response, 0, sizeof response);
    if (is(defect, "infinite") && t == 2) response[1] = INFINITY;
    for (int i = 0; i < PIXELS; i++) pixel[i] = (float)(image[t] % 400) + (float)i / 4;
    if (is(defect, "level")) pixel[2] = 350;
    snprintf(name, sizeof name, "data/responses/%d.npy", t);
    if (!is(defect, "no-trial") || t != 4)
        made_bundle_npy(b, name, "<f4", is(defect, "shape") && t == 3 ? "(2,)" : "(4,)", response,
                        is(defect, "shape") && t == 3 ? 8 : sizeof response);
    snprintf(name, sizeof name, "data/images/%d.npy", t);
    made_bundle_npy(b, name, "<f4", is(defect, "pixels") && t == 8 ? "(1, 1, 3)" : "(1, 2, 3)",
                    pixel, is(defect, "pixels") && t == 8 ? 12 : sizeof pixel);
    snprintf(name, sizeof name, "data/behavior/%d.npy", t);
    made_bundle_npy(b, name, "<f4", "(3,)", behaviour, sizeof behaviour);
    snprintf(name, sizeof name, "data/pupil_center/%d.npy", t);
    made_bundle_npy(b, name, "<f4", "(2,)", pupil, sizeof pupil);
}

bool made_sensorium2022(const char *path, bool folder, const char *defect)
{
    static const char *const known[] = {"good",     "withheld",  "silent", "units",    "places",
                                        "no-trial", "shape",     "pixels", "infinite", "no-images",
                                        "tiers",    "image-ids", "level"};
    static const char *const tier[TRIALS] = {"train", "test",  "train", "test",      "validation",
                                             "test",  "train", "test",  "final_test"};
    const int64_t image[TRIALS] = {500, 7, 501, 7, 502, 8, 503, 7, 9},
                  number[TRIALS] = {3, 4, 5, 6, 7, 8, 9, 10, 11};
    made_bundle b;
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    if (!made_bundle_begin(&b, path, folder)) return false;
    for (int t = 0; t < TRIALS; t++) put_images_trial(&b, t, image, tier[t], defect);
    if (is(defect, "tiers")) put_integers(&b, "meta/trials/tiers.npy", image, TRIALS);
    else put_texts(&b, "meta/trials/tiers.npy", tier, TRIALS);
    if (!is(defect, "no-images"))
        put_integers(&b, "meta/trials/frame_image_id.npy", image, TRIALS - is(defect, "image-ids"));
    put_integers(&b, "meta/trials/trial_idx.npy", number, TRIALS);
    put_neurons(&b, defect);
    return made_bundle_end(&b);
}

/* Frame f of neuron j in trial t is 100 t + 10 j + f; the last frame of trial 1 is missing. */
bool made_sensorium2023(const char *path, bool folder, const char *defect)
{
    static const char *const known[] = {"good", "frames"};
    static const char *const tier[4] = {"train", "oracle", "oracle", "train"};
    made_bundle b;
    char name[64];
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    if (!made_bundle_begin(&b, path, folder)) return false;
    for (int t = 0; t < 4; t++) {
        float response[NEURONS * FRAMES], video[2 * FRAMES], behaviour[2 * FRAMES];
        for (int j = 0; j < NEURONS; j++)
            for (int f = 0; f < FRAMES; f++)
                response[j * FRAMES + f] = (float)(100 * t + 10 * j + f);
        for (int j = 0; j < NEURONS && t == 1; j++) response[j * FRAMES + FRAMES - 1] = NAN;
        for (int i = 0; i < 2 * FRAMES; i++) /* trials 1 and 2 show one video */
            video[i] = (float)(t == 2 ? 1 : t), behaviour[i] = (float)(i < FRAMES ? t : 2);
        snprintf(name, sizeof name, "data/responses/%d.npy", t);
        bool bad = is(defect, "frames") && t == 2;
        made_bundle_npy(&b, name, "<f4", bad ? "(5, 4)" : "(4, 5)", response, sizeof response);
        snprintf(name, sizeof name, "data/videos/%d.npy", t);
        made_bundle_npy(&b, name, "<f4", "(1, 2, 5)", video, sizeof video);
        snprintf(name, sizeof name, "data/behavior/%d.npy", t);
        made_bundle_npy(&b, name, "<f4", "(2, 5)", behaviour, sizeof behaviour);
    }
    put_texts(&b, "meta/trials/tiers.npy", tier, 4);
    put_neurons(&b, "good");
    return made_bundle_end(&b);
}
