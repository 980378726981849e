/*
 * made.h - small files of every format that is read, made by code: good ones, and ones with a
 * single defect named by a word. The fuzz targets start from them, the damaged copies are made of
 * them, and the tests of the program import them.
 *
 * All return true, or false when the file cannot be written or the defect is not known.
 */
#ifndef BRAMBLE_MADE_H
#define BRAMBLE_MADE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * A recording in the form of Kato et al. 2015: one worm, 20 frames of 6 traces, with states
 * and a stimulus.
 *
 * @param version  5 or 73
 * @param defect   "good", "nan", "descending", "stamps" (one too many), "text" (for traces),
 *                 "no-time", "names" (one too few), "infinite" (a time stamp), "no-stimulus", and
 *                 of the stimulus "stimulus-order", "-nan" (switch times), "-times" (none),
 *                 "-initial", "-class", "-identity", "-type", "-conc"
 */
bool made_kato(const char *path, int version, const char *defect);

/**
 * Two worms, 30 and 40 frames of 5 traces, in the form of the Zimmer laboratory's later files.
 *
 * @param source  "nichols2017", "skora2018", "kaplan2020", "uzel2022"
 * @param defect  "good"; "nested" (the list of names in a cell), "surplus" (empty names too many),
 *                "minutes" (stamps), "fps-only" (no stamps); "no-names", "class" (text for traces),
 *                "stamps" (one too many), "nan-time", "empty" (no traces of worm 2), "huge" (2^40
 *                frames, none stored), "names" (one too few), "surplus-name", "fps-zero",
 *                "no-time", "disagree" (stamps and fps)
 */
bool made_zimmer(const char *path, const char *source, const char *defect);

/**
 * Three worms of four classes, 24 frames, in the form of Yemini et al. 2021.
 *
 * @param defect  "good", "no-stimuli", "no-trace" (of worm 3); "nan" (frame 11 of all), "lengths"
 *                (of two traces of a worm), "class" (text for a trace), "block" (neither n nor 2 n
 *                traces), "mask" (is_L one short), "swapped" (is_L against its block), "side" (2 in
 *                is_L), "fps" (0), "turns" (stims one short), "offset" (before the onset),
 *                "stimulus" (number 4 of 3), "no-field" (fps), "no-worm"
 */
bool made_yemini(const char *path, const char *defect);

/**
 * A recording in the form of Lin et al. 2023: 30 frames of 5 traces.
 *
 * @param defect  "good", "in-cells" (names), "last-field" (stamps under another name); "nan",
 *                "class" (text for traces), "names" (one short), "name-class", "baseline" (one
 *                short), "nan-time", "stamps" (one too many), "times-class" (no struct), "offset"
 *                (before the onset), "columns" (of stimulus), "flags" (one short), "no-flags",
 *                "no-times"
 */
bool made_lin(const char *path, const char *defect);

/**
 * A recording in the form of Hallinen et al. 2021: 22 volumes of 3 traces, 20 stamps.
 *
 * @param defect  "good", "plain" (traces and stamps only); "nan", "class" (text for gRaw), "short"
 *                (19 volumes), "nan-time", "no-stamps", "ethogram" (one short), "behaviour-class",
 *                "flag" (behind the last volume), "no-traces" (gRaw)
 */
bool made_hallinen(const char *path, const char *defect);

/**
 * A BrainIO assembly: 7 presentations of 3 stimuli, 4 neuroids of two regions and animals, 2 bins,
 * each value its place in the array. Forms of it:
 *
 * @param defect  "good" (a NaN), "old" (image_id), "one-bin" (no time), "model" (two layers),
 *                "events" (5 spikes, a group of metadata); and defects: "unnamed" (a presentation),
 *                "bins" (descending), "no-stimulus", "event-nan", "model-nan", "nameless" (a
 *                dimension)
 */
bool made_brainio(const char *path, const char *defect);

/**
 * A session in the form of Henaff et al. 2021: 3 units, 4 repeats; two movies of each category at
 * one scale, one natural and one synthetic at the other. A count is (frame - 1) unit + (repeat is
 * even), units from 1; the last repeat of unit 2 is missing.
 *
 * @param defect  "good", "titles" (9), "frames" (one number short), "image" (number 0.5), "shape"
 *                (10 frames), "edges" (descending), "units" (of the list, one short), "name" (a/b),
 *                "no-stimuli", "latency" (NaN)
 */
bool made_henaff(const char *path, const char *defect);

/**
 * A recording in the form of Dag et al. 2023: 12 frames of 3 traces.
 *
 * @param defect  "good", "nan", "descending", "stamps", "text", "no-traces", "huge" (traces of 2^40
 *                frames, none stored), "reversal" (behind the last frame), "cycle" (a group that
 *                holds itself), "loop" (soft links in a circle), "flat" (traces of one dimension)
 */
bool made_dag(const char *path, const char *defect);

/**
 * Labels in JLD2 for the recording of made_dag, when that is called made-data.h5.
 *
 * @param defect  "good", "cycle" (a list that holds itself)
 */
bool made_jld2(const char *path, const char *defect);

/**
 * A whole-brain recording in NWB 2: 30 frames of 5 traces at 4 Hz, the third without a value,
 * with labels, odours and velocity. Forms of it:
 *
 * @param defect  "good" (a rate), "stamps" (with a gap of 60 s), "rois" (labels of the rows of a
 *                table), "single" (a series for each of 3 neurons), "turned" (neuron x time),
 * "dff", "mouse", "other-rate" (of the velocity), "cycle" (a group that holds itself); and defects:
 * "two" (series alike), "no-data", "text", "nan", "labels" (one too few), "one-more" (stamp),
 * "descending", "no-time", "no-rate", "rate" (0), "milliseconds", "huge" (2^40 frames, none
 * stored), "empty" (no frame), "rank", "index", "region", "rows" (of rois), "conversion" (0),
 * "interval", "stops", "no-traces", "version" (3), "nwb1", "single-length", "single-stamp"
 */
bool made_nwb(const char *path, const char *defect);

/**
 * A recording in the JSON of WormWideWeb (Atanas, Kim et al. 2023): 24 frames of 4 neurons in two
 * pieces, with labels, behaviour and reversals. This and the next three are the kinds "flavell",
 * "leifer", "venkatachalam" and "collection" of made_file. Forms of it:
 *
 * @param defect  "good", "columns" (reversals as two columns), "overlap" (ranges that overlap),
 *                "zscored" (no trace_original), "no-labels"; and defects: "no-traces", "flat",
 *                "text", "short" (a neuron), "stamps" (one too many), "descending", "no-time",
 *                "counts" (num_neurons), "velocity" (one too few), "reversal" (behind the last
 *                frame), "label-0", "label-5" (no such trace), "label-key"
 */
bool made_flavell(const char *path, const char *defect);

/**
 * A recording in the text files of Randi et al. 2023, beside N_gcamp.txt, which is the path: 16
 * volumes of 4 neurons, the last without a value, 4 stimulations. Forms of it:
 *
 * @param defect  "good", "extra" (a label too many), "no-stimuli", "unnamed"; and defects: "nan",
 *                "ragged", "word", "stamps" (one too few), "descending", "labels" (too few),
 *                "targets" (one too few), "target", "volume" (beyond the last), "no-time",
 *                "no-labels" (no such file)
 */
bool made_leifer(const char *path, const char *defect);
void made_leifer_remove(const char *path);

/**
 * A table of the Venkatachalam laboratory: 4 neurons, two of one name, 30 frames with a pause.
 *
 * @param defect  "good", "no-neuron" (column), "unnumbered" (frames), "word", "nan", "ragged",
 *                "empty"
 */
bool made_venkatachalam(const char *path, const char *defect);

/**
 * A table of the homogenized collection: two worms, 2000 samples, stamps in half precision.
 *
 * @param defect  "good" (arrays as numpy prints them), "list", "nan-list"; and defects: "uneven"
 *                (stamps), "cut" (by numpy), "open" (no bracket), "length", "stamp" (of one
 *                neuron), "no-time", "empty"
 */
bool made_collection(const char *path, const char *defect);

/**
 * A scan of Sensorium 2022: 9 trials of 4 neurons, as a zip or a folder.
 *
 * @param defect  "good", "withheld" (final_test), "silent" (trial 0); "units" (one short), "places"
 *                (3 x 4), "no-trial" (4), "shape" (trial 3), "pixels" (trial 8), "infinite",
 *                "no-images" (ids), "tiers" (numbers), "image-ids" (one short), "level" (350)
 */
bool made_sensorium2022(const char *path, bool folder, const char *defect);

/*
 * Forms of the standard benchmarks, large enough to be run: FIELD_STIMULI stimuli, FIELD_UNITS
 * units, two repeats. With a = 7 i mod 40 and b = i i mod 11 trial k of unit u to stimulus i is
 *     (u + 1) a + 3 b (for odd u: less 3 b) + 4 e,   e = 1 or -1 in turn, the other way for k = 1
 */
enum { FIELD_STIMULI = 40, FIELD_UNITS = 4 };
double made_field_trial(int stimulus, int unit, int repeat);

/** form: "objects" (V4 and IT, 70 to 170 ms), "textures" (V1 and V2, five bins of 50 ms), "images"
 *  (V1 alone). */
bool made_brainio_field(const char *path, const char *form);

/** kind: "field-sensorium2022", "field-sensorium2023", "field-algonauts" (folders), "field-nsd",
 *  "field-nsd-table", "field-videos" (.npy: stimulus x repeat x unit). */
bool made_field(const char *kind, const char *path);

/** A scan of Sensorium 2023: 4 trials of 4 neurons x 5 frames. @param defect "good", "frames" */
bool made_sensorium2023(const char *path, bool folder, const char *defect);

/**
 * A subject of the Algonauts 2023 challenge: 4 + 2 images, 3 + 2 vertices.
 *
 * @param defect  "good", "no-test" (responses), "nan" (a value); "rows" (of the right side), "mask"
 *                (one short), "image-number" (7), "half" (test responses of one side)
 */
bool made_algonauts(const char *path, bool folder, const char *defect);

/**
 * A session of the Allen Brain Observatory, NWB 1.0: 3 cells, 60 frames, 7 presentations.
 *
 * @param defect  "good"; "huge" (2^40 cells, none stored), "flat", "beyond" (the last frame),
 *                "backwards", "short" (data), "no-scenes", "blank" (grey only), "cells" (ids)
 */
bool made_allen_twophoton(const char *path, const char *defect);

/**
 * A session of Allen Neuropixels, NWB 2: 6 units, 5 presentations.
 *
 * @param defect  "good", "text" (frames), "no-presence" (ratio), "invalid" (times); "index",
 *                "metric" (one short), "backwards", "stops" (one short), "nan-spike", "no-frame",
 *                "no-scenes"
 */
bool made_allen_neuropixels(const char *path, const char *defect);

/**
 * A monkey of the THINGS ventral stream spiking dataset: 4 channels, 5 + 3 images, 2 repeats; and
 * the list of images.
 *
 * @param defect  "good", "channels" (1024); "flat" (train_MUA), "test" (one channel short), "snr"
 * (one short), "huge" (2^40 images, none stored); of the list "cells" (another form), "short"
 */
bool made_tvsd(const char *path, const char *defect);
bool made_tvsd_images(const char *path, const char *defect);

/**
 * A recording of Stringer et al. 2019: 3 images and a grey screen, 4 neurons, 8 presentations; and
 * the images.
 *
 * @param defect  "good"; "istim" (one short), "half" (image 1.5), "med" (one short), "class" (text
 * for resp), "grey" (only); of the images "few", "level" (300)
 */
bool made_stringer(const char *path, const char *defect);
bool made_stringer_images(const char *path, const char *defect);

/**
 * A subject of THINGS-fMRI as pandas writes it: 5 voxels, 3 + 2 x 2 trials; its tables.
 *
 * @param defect  "good", "column" (voxel_id among the reals), "no-id"; "trials" (one short), "ids"
 * (one short); of the trials "mixed" (an image of both kinds), "no-type"; of the voxels "stranger"
 * (no voxel 14), "word"
 */
bool made_things(const char *path, const char *defect);
bool made_things_wide(const char *path, unsigned long long trials); /* 2 voxels: trials v + t */
bool made_things_trials(const char *path, const char *defect);
bool made_things_voxels(const char *path, const char *defect);

/**
 * Sessions 1 (6 trials) and 2 (4) of a subject of NSD, 4 x 3 x 2 voxels; the table of stimuli, the
 * design (MATLAB 5), a volume.
 *
 * @param defect  "good"; of betas "rank", "reals", "grid"; of the table "twice" (a trial),
 * "beyond", "no-subject"; of the design "other", "short"; of a volume "grid"
 */
bool made_nsd(const char *path, int session, const char *defect);
bool made_nsd_table(const char *path, const char *defect);
bool made_nsd_design(const char *path, const char *defect);
bool made_nsd_pictures(const char *path, unsigned images); /* 2 x 3, colour */
bool made_nsd_map(const char *path, const char *defect, double scale);

/**
 * A subject of BOLD5000: 5 presentations of 3 images, regions of 2 and 1 voxels; the list.
 *
 * @param defect  "good"; "rows" (of RHPPA); of the list "word", "short"
 */
bool made_bold5000(const char *path, const char *defect);
bool made_bold5000_list(const char *path, const char *defect);

/**
 * A homogenized file: two recordings, a table, by this library's own writer.
 *
 * @param defect  "good", "no-dt", "duplicate" (a label twice), "descending", "nan"
 */
bool made_dataset(const char *path, const char *defect);

/** A workbook with a sheet of labels, in a zip file. @param defect "good", "entity", "no-sheet" */
bool made_xlsx(const char *path, const char *defect);

/**
 * An old workbook in the form of NeuronConnect.xls: headings and three rows.
 *
 * @param defect  "good", "huge" (says that it has 2^31 rows), "string" (a text that is not there),
 *                "loop" (sectors in a circle), "no-workbook"; and of the content "type" (a word
 * that is none), "number" (no numbers)
 */
bool made_xls(const char *path, const char *defect);

/** Arrays: 3 x 4 doubles; two arrays of a .npz; the same gzipped. @param defect "good", "huge" */
bool made_npy(const char *path, const char *defect);
bool made_npz(const char *path);
bool made_gz(const char *path);

/** Writes bytes to a file. */
bool made_bytes(const char *path, const void *bytes, size_t size);
bool made_text(const char *path, const char *text);

/** Makes a file by the name of its kind: "kato5", "kato73", a source of made_zimmer, "yemini",
 * "lin", "hallinen", "brainio", "henaff", "dag", "jld2", "dataset", "nwb", "xls", "xlsx", "npy",
 * "npz", "gz".
 */
bool made_file(const char *kind, const char *path, const char *defect);

#endif
