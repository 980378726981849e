/*
 * model.h - the model contract: fitted on a panel of data, asked questions, saved and loaded.
 *
 * A panel is what a model sees: segments (a stretch of a recording without a gap, or a set of
 * stimulus presentations) that share their columns. Columns are the union over segments: a neuron
 * that a worm lacks is masked there, never zero. The same panel serves
 *   forecasting        y is the recording, x empty or behaviour; rows are time;
 *   encoding           x is a model's features, y the responses; rows are stimuli;
 *   decoding           x is the brain, y an attribute of the stimuli; rows are stimuli or time;
 *   link prediction    there are no segments but a graph, whose missing edges are asked for.
 *
 * Questions are asked by a query about one segment. An answer is a dataset of named responses, see
 * bram_ask. What a model cannot answer is "not applicable", told beforehand by its `answers` bits.
 *
 * No leakage. For STEP, FREE_RUN and LOGLIK the answer about row t may depend on rows before t of
 * y (and of x up to t) alone; in a free run t is the row of its start. tests/conformance alters the
 * future and asks again.
 *
 * A new model is one file in baselines/ and its name in baselines/meson.build.
 */
#ifndef BRAMBLE_MODEL_H
#define BRAMBLE_MODEL_H

#include <bramble/dataset.h>
#include <bramble/graph.h>
#include <bramble/spec.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bram_segment {
    const char *id;           /* recording or subject */
    const bram_axis *row;     /* identity of the rows (time, stimulus), or NULL */
    bram_mat y;               /* rows x units */
    const uint8_t *y_present; /* rows x units, packed; NULL: all present */
    bram_mat x;               /* rows x inputs; cols 0 when there are none */
    const uint8_t *x_present; /* as y_present */
    size_t first;             /* rows first .. are targets; those before are context only */
    double dt;                /* seconds a row; 0 when rows are not time */
} bram_segment;

typedef struct bram_panel {
    const bram_axis *unit;           /* columns of y */
    const bram_axis *input;          /* columns of x, NULL when there are none */
    const bram_dataset *public_data; /* where stimuli/ holds what anybody may know of the stimuli
                                        (images, features), and connectome/ what may be known of the
                                        wiring; models look at nothing else in it */
    const bram_segment *segment;
    size_t segments;
    const bram_graph *graph; /* the edges that may be seen; NULL: there is none */
} bram_panel;

/** Questions, and the names and axes of the responses that answer them. */
typedef enum bram_ask {
    BRAM_ASK_STEP,     /* "mean" (row x unit): target rows, each from the true rows before it */
    BRAM_ASK_FREE_RUN, /* "mean" (start x step x unit): own outputs fed back; of models that draw
                          their runs also "sample", one that was drawn */
    BRAM_ASK_RESPOND, /* "mean" (row x unit): y of the target rows from x. May come with "map" (unit
                         x row x column of the map that x is): where each unit looks, and with
                         "attention" (row x region x row and column of the map, the first rows):
                         where each region looks in each; with "path" (penalty x measure: r2 in
                         inner folds, share of units that chose it), and with "space" (space x row x
                         unit): what each space adds to the training mean */
    BRAM_ASK_COSMOOTH, /* "mean" (row x unit): held-out units from the others, same rows and all */
    BRAM_ASK_LOGLIK,   /* "logdensity" (row x unit): nats, of the true value given the past alone;
                          of joint densities given also the units before it in the row, so that
                          the sum over units is the log density of the row */
    BRAM_ASK_STATES,   /* "posterior" (row x state) */
    BRAM_ASK_WEIGHTS,  /* "weights" (from x to): influence of unit on unit; sign meaningful. Either
                          may come with "transition" (from x next), and with "choice": a row for
                          each number of states tried, log p of validation after it */
    BRAM_ASK_FEATURES, /* one response (stimulus x feature) for each layer */
    BRAM_ASK_LEARNING, /* "learning" (measure): what the training did to the weights */
    BRAM_ASK_LINKS,    /* "score" (pair): how likely there is an edge; only the order matters */
    BRAM_ASK_INSIDE,   /* "history" (check x quantity): steps, losses and rates of the training. May
                          come with "time_constant" (unit), in what its attribute `unit` says, with
                          "attention" (head x row x earlier) of the segment's first rows, and with
                          "window_attention" (head x token x looked_at) of one window of tokens */
    BRAM_ASKS
} bram_ask;

#define BRAM_ANSWERS(ask) (1u << (ask))

typedef struct bram_query {
    bram_ask ask;
    const bram_panel *panel;
    size_t segment; /* which one of the panel */

    const size_t *start; /* FREE_RUN: rows; step h of start s is the target at row s + h - 1 */
    size_t starts, steps;

    const uint8_t *held_out; /* COSMOOTH: 1 for each unit that may not be looked at */

    const bram_axis *stimulus; /* FEATURES: the stimuli wanted, by id */

    const uint64_t *seed; /* of what models with BRAM_MODEL_DRAWS draw for STEP and FREE_RUN; NULL:
                             that of their fit */

    const uint32_t *from, *to; /* LINKS: ordered pairs of nodes of the panel's graph */
    size_t pairs;

    bool along_time; /* FEATURES: sets may be stimulus x time x feature as well as x feature */
} bram_query;

/** What a model is and promises. */
enum {
    BRAM_MODEL_STOCHASTIC = 1 << 0,  /* fit depends on the seed */
    BRAM_MODEL_NEEDS_INPUT = 1 << 1, /* x must be there */
    BRAM_MODEL_OUTSIDE = 1 << 2,     /* its code or its answers come from the user */
    BRAM_MODEL_SELF_REPORTED =
        1 << 3,                   /* its forecasts were computed where the future was visible */
    BRAM_MODEL_TRIVIAL = 1 << 4,  /* a floor that any model should pass: mean, copy */
    BRAM_MODEL_COUNTS = 1 << 5,   /* y must be counts or numbers of classes: 0, 1, 2 ... */
    BRAM_MODEL_GRAPH = 1 << 6,    /* is fitted on a panel's graph, not on its segments */
    BRAM_MODEL_FINISHES = 1 << 7, /* its fit may be ended early: see bram_ctx_set_finish */
    BRAM_MODEL_LOOKS_BACK =
        1 << 8,                 /* it looks at earlier rows of x itself, and wants x as recorded */
    BRAM_MODEL_SPACES = 1 << 9, /* takes several feature spaces at once: the column `space` of the
                                   input says which an input belongs to */
    BRAM_MODEL_TAKES_INPUT = 1 << 10, /* its forecasts use x where a panel has any */
    BRAM_MODEL_DRAWS = 1 << 11        /* its means are averages over what it draws: query.seed */
};

typedef struct bram_model {
    const char *name;
    const char *summary;      /* one line */
    const char *source;       /* paper or textbook */
    const char *missing;      /* one line: what it does with columns a segment lacks */
    unsigned version;         /* of this code: part of a cell's key */
    unsigned answers;         /* BRAM_ANSWERS bits */
    unsigned flags;           /* BRAM_MODEL_ bits */
    const bram_param *params; /* NULL: none */

    /**
     * Fits; hyper-parameters with several values are chosen by `validation` (never used otherwise).
     *
     * @param fitted      receives the model's own state, for release
     * @param validation  may be NULL: then every option must have one value
     * @return BRAM_OK; BRAM_ENOTAPPLICABLE (too few rows, no input: said in the message);
     *         BRAM_ENUMERIC; BRAM_ENOMEM; BRAM_ECANCEL
     */
    int (*fit)(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed);

    /** Answers a query about a panel with the same columns (by id and order) as the one fitted. */
    int (*answer)(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out);

    /** The state as named responses and attributes, and back: load(save(m)) answers as m does. */
    int (*save)(bram_ctx *cx, const void *fitted, bram_dataset *out);
    int (*load)(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in);

    void (*release)(void *fitted);

    /** SHA-256 of what the spec names but does not contain (a file of predictions, a program), so
     *  that a changed file is a new model; NULL: there is nothing of the kind. */
    int (*content)(bram_ctx *cx, char hex[65], const bram_options *o);

    /** Bytes needed beyond the data to fit on this many rows; NULL: negligible. */
    size_t (*memory)(const bram_options *o, size_t rows, size_t units, size_t inputs);
} bram_model;

/** All models, NULL-terminated; one by name (plugins included), or NULL. */
extern const bram_model *const bram_model_table[];
const bram_model *bram_model_find(const char *name);

/* ---- a model by its spec string ------------------------------------------------------------- */

typedef struct bram_fitted bram_fitted;

/**
 * Parses a spec string without fitting.
 *
 * @param options   receives the options, for bram_options_free; may be NULL
 * @param canonical receives the canonical spec, for bram_free; may be NULL
 * @return BRAM_OK; BRAM_EUSAGE: no such model or option
 */
int bram_model_parse(bram_ctx *cx, const bram_model **model, bram_options **options,
                     char **canonical, const char *spec) BRAM_MUST_CHECK;

/**
 * The spec with only those options that differ from their defaults: "ar:lags=5" is "ar". A spec
 * that this program cannot read (a plugin that is not loaded) is its own brief form.
 *
 * @param brief  receives heap text
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_model_brief(bram_ctx *cx, char **brief, const char *spec) BRAM_MUST_CHECK;

/** The content hash of a model by its spec string, "" when it has none. See bram_model.content. */
int bram_model_content(bram_ctx *cx, char hex[65], const char *spec) BRAM_MUST_CHECK;

/** Parses "ar:lags=5", finds the model, fits. See bram_model.fit. */
int bram_fitted_new(bram_ctx *cx, bram_fitted **out, const char *spec, const bram_panel *train,
                    const bram_panel *validation, uint64_t seed) BRAM_MUST_CHECK;
void bram_fitted_free(bram_fitted *f);

/** Answers, or BRAM_ENOTAPPLICABLE when the model does not answer this. *out is a new dataset. */
int bram_fitted_answer(bram_ctx *cx, bram_dataset **out, const bram_fitted *f,
                       const bram_query *query) BRAM_MUST_CHECK;

/** The matrix that answers a question, "mean"; NULL where there is none or not one alone. */
const char *bram_ask_response(bram_ask ask);

/**
 * Keeps a SHA-256 of the values a model was fitted on, for its file (attribute data_sha256).
 *
 * @param validation  may be NULL
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_fitted_keep_data(bram_ctx *cx, bram_fitted *f, const bram_panel *train,
                          const bram_panel *validation) BRAM_MUST_CHECK;

/** One HDF5 file: the spec, the columns, the state, where it comes from (seed, program, BLAS). */
int bram_fitted_save(bram_ctx *cx, const bram_fitted *f, const char *path,
                     bool replace) BRAM_MUST_CHECK;
int bram_fitted_load(bram_ctx *cx, bram_fitted **out, const char *path) BRAM_MUST_CHECK;

const bram_model *bram_fitted_model(const bram_fitted *f);
const char *bram_fitted_spec(const bram_fitted *f); /* canonical */
const bram_axis *bram_fitted_unit(const bram_fitted *f);

#ifdef __cplusplus
}
#endif
#endif
