/*
 * intake.h - what loaders share: putting a recording into a dataset in the form that loader.h
 * prescribes, so that every source's raw data look alike.
 */
#ifndef BRAMBLE_LOADERS_INTAKE_H
#define BRAMBLE_LOADERS_INTAKE_H

#include <bramble/loader.h>

#define BRAM_SPECIES_WORM "Caenorhabditis elegans"

/** Raw traces of one recording, as published. Nothing is taken over; all is copied. */
typedef struct bram_traces {
    size_t rows, cols;
    const double *time;         /* rows stamps in seconds, on the laboratory's clock */
    const double *values;       /* rows x cols; what is not finite is missing */
    const char *const *labels;  /* cols labels as written, NULL or "" for none; or NULL */
    const double *confidence;   /* cols, NaN where none is stated; or NULL */
    const char *const *further; /* cols: other names the laboratory considered, joined by " | ",
                                   NULL or "" for none; or NULL */
    const char *const *doubt;   /* cols: why the laboratory doubts a label, NULL or "" where it does
                                   not; or NULL */
    const int64_t *piece;       /* rows: numbers of the pieces of an interrupted recording, across
                                   which nothing is smoothed or interpolated; or NULL */
    const char *unit;           /* "F/F20", "dF/F", "count" ... */
    const char *filter;         /* "none", "causal", "non-causal": as the laboratory left them */
} bram_traces;

/**
 * Makes recordings/ID with the response raw (raw_time x neuron): time in seconds from the first
 * stamp, which is kept as attribute start; neurons with ids "1" .. "N" and columns raw_label, and
 * confidence, further_labels and doubt where given. Traces without any value stay, and a note
 * tells how many there are.
 *
 * @return BRAM_OK; BRAM_EFORMAT: no frames, no traces, stamps that do not ascend; BRAM_EUSAGE: the
 *         recording exists; BRAM_ENOMEM
 */
int bram_intake_traces(bram_ctx *cx, bram_dataset *ds, const char *id,
                       const bram_traces *traces) BRAM_MUST_CHECK;

/**
 * Adds recordings/ID/behaviour (behaviour_time x variable) to a recording that has its traces.
 *
 * @param time    rows stamps on the clock of the traces
 * @param values  rows x cols; what is not finite is missing
 * @param names   cols names; units as many, or NULL
 * @return BRAM_OK; BRAM_EFORMAT: stamps that do not ascend; BRAM_ENOMEM
 */
int bram_intake_behaviour(bram_ctx *cx, bram_dataset *ds, const char *id, size_t rows, size_t cols,
                          const double *time, const double *values, const char *const *names,
                          const char *const *units) BRAM_MUST_CHECK;

/**
 * @return whether every trace was brought to mean 0 and standard deviation 1 (over n or n - 1, to
 *         1e-4) over the whole recording: such traces were normalised by their authors, with
 *         statistics of the future. Traces without a value do not count; false with fewer than 10
 *         values in a trace.
 */
bool bram_intake_is_zscored(const double *values, size_t rows, size_t cols);

/** Spans of time in which something held: a reversal, a state. */
typedef struct bram_spans {
    size_t count;
    const char *const *what;      /* count: "reversal", "FWD" ... */
    const double *onset, *offset; /* count each, on the clock of the traces; offset >= onset */
    const char *const *kind;      /* count: "state", "stimulus"; NULL when all are of one kind */
    const double *value;          /* count, NaN where there is none; NULL when none has one */
    const char *const *unit;      /* count: of value; heeded where value is given */
} bram_spans;

/** Adds the table recordings/ID/events: ids, onset and offset in seconds from the start, and the
 * columns kind, value and value_unit where they are given. */
int bram_intake_events(bram_ctx *cx, bram_dataset *ds, const char *id,
                       const bram_spans *spans) BRAM_MUST_CHECK;

/**
 * Adds the table recordings/ID/spikes, a row a spike in order of time: neuron (the id of its trace)
 * and time in seconds from the start.
 *
 * @param trace  count numbers of traces, from 0
 * @param time   count times on the clock of the traces
 */
int bram_intake_spikes(bram_ctx *cx, bram_dataset *ds, const char *id, size_t count,
                       const size_t *trace, const double *time) BRAM_MUST_CHECK;

/** Sets a text attribute of recordings/ID. */
int bram_intake_text(bram_ctx *cx, bram_dataset *ds, const char *id, const char *name,
                     const char *value) BRAM_MUST_CHECK;

/**
 * The name of a recording from the path of its file: without folders, without ".h5" and the like,
 * without `ending` ("-data") if it ends so. Nothing else is cut off.
 *
 * @param out  bytes for the name; cut to fit
 * @return out; "recording" when nothing is left
 */
const char *bram_intake_id(char *out, size_t bytes, const char *path, const char *ending);

/** Fills in a verdict. @return BRAM_OK */
int bram_recognise(bram_recognition *out, int verdict, const char *format, ...) BRAM_PRINTF(3, 4);

#endif
