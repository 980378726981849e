/*
 * board.h - the leaderboard of one benchmark: models compared by one score over the parts.
 *
 * A model's value is the mean over the parts it was scored on (and over seeds). Its interval is
 * that of the same mean over the bootstrap draws: it tells how sure the value is for these
 * recordings, not for other animals; with few parts no interval over animals is claimed, their
 * number is printed.
 *
 * Two models are compared on the parts both were scored on, draw by draw (draws never depend on the
 * model). rank = 1 + the number of models whose paired difference to this one is better with an
 * interval that excludes zero; so models that cannot be told apart share a rank. Without intervals
 * there is no rank. Nothing is imputed: failed and missing cells only lower the coverage.
 */
#ifndef BRAMBLE_REPORT_BOARD_H
#define BRAMBLE_REPORT_BOARD_H

#include <bramble/benchmark.h>

enum { BRAM_BOARD_FLOORS = 3 };

/** Behind the name of a model whose forecasts were computed where the future was visible. */
#define BRAM_SELF_REPORTED_MARK " (s)"

typedef struct bram_board_row {
    const char *model;  /* canonical spec */
    char *name;         /* a short one, unique on the board: options that are not defaults only */
    bool self_reported; /* by the flag of the model; the name ends in the mark then */
    size_t index;       /* of the model in the order of the plan, whatever it is sorted by */
    size_t parts, scored, failed, not_applicable, not_run; /* scored + ... = parts x seeds */
    const char *reason;             /* of most cells without a score, the first of equals; "" */
    double value, low, high;        /* NaN: no score, no interval */
    double seed_low, seed_high;     /* smallest and largest value over seeds */
    size_t seeds;                   /* that it has a score of */
    uint64_t first_seed, last_seed; /* that were planned */
    double chance, ceiling, ceiling_low, ceiling_high, normalized;
    double floor[BRAM_BOARD_FLOORS];
    double difference, difference_low,
        difference_high;      /* to the first floor: floor's model, paired */
    size_t rank;              /* 0: none */
    int64_t units, undefined; /* over all parts */
    double *draw;             /* of the mean over parts; NULL without */
} bram_board_row;

typedef struct bram_board {
    const char *benchmark, *title, *score; /* score: the id, "skill@h4" */
    const char *summary, *resampled;
    const char *ceiling_rule; /* what the ceiling is made of; "" */
    bool higher_better;
    double level;
    size_t parts, draws;
    const char *floor_name[BRAM_BOARD_FLOORS];
    size_t floors;
    bram_board_row *row; /* by rank, then by value; those without a score last, by name */
    size_t rows;
} bram_board;

/** The flags (BRAM_MODEL_) of the model that a spec names; 0 where it is not known here. */
unsigned bram_board_model_flags(const char *spec);

/** The names of the benchmarks in a results folder, in order of the plans; and how many. Variations
 * (variation.h) are not among them. */
size_t bram_board_benchmarks(const bram_results *r, const char **name, size_t most);

/** The score ids of a benchmark: those of the first of its cells that have most, as some models
 * have scores of their own (layers, attention). */
const bram_axis *bram_board_scores(const bram_results *r, const char *benchmark);

/**
 * @param score  an id of bram_board_scores; NULL: the first
 * @return BRAM_OK; BRAM_EABSENT: no such benchmark or score (the known ones are named); BRAM_ENOMEM
 */
int bram_board_new(bram_ctx *cx, bram_board **out, const bram_results *r, const char *benchmark,
                   const char *score) BRAM_MUST_CHECK;
void bram_board_free(bram_board *b);

/** Several scores of one benchmark at once: each cell's file is unpacked only once. All or none. */
int bram_boards_new(bram_ctx *cx, bram_board **out, const bram_results *r, const char *benchmark,
                    const char *const *score, size_t count) BRAM_MUST_CHECK;

/**
 * The difference of two rows, a - c, on the parts that both were scored on.
 *
 * @param out  difference, low, high; NaN where there is none, bounds NaN without an interval
 */
int bram_board_difference(bram_ctx *cx, const bram_board *b, const bram_board_row *a,
                          const bram_board_row *c, double out[3]) BRAM_MUST_CHECK;

/** A difference with its two-sided p of being none. */
typedef struct bram_board_pair {
    double difference, low, high, p; /* NaN where there is none */
} bram_board_pair;

/**
 * The same with a p that agrees with the interval: below 1 - level exactly where the interval
 * excludes zero. It is that of Student's t with the interval's standard error and degrees of
 * freedom (resample.h), not adjusted for other pairs.
 */
int bram_board_compare(bram_ctx *cx, const bram_board *b, const bram_board_row *a,
                       const bram_board_row *c, bram_board_pair *out) BRAM_MUST_CHECK;

/** The parts, in the order of the plan. */
const char *bram_board_part(const bram_board *b, size_t part);

/** @return the value of a row on one part, the mean over seeds; NaN where not scored */
double bram_board_value(const bram_board *b, const bram_board_row *row, size_t part);

/** @return the scored result of a row on one part (that of the first seed), and in `at` the row of
 *          the score in its table; NULL where there is none */
const bram_result *bram_board_result(const bram_board *b, const bram_board_row *row, size_t part,
                                     size_t *at);

/** The keys of a row's cells, at most `most`, in the order of the plan. @return how many it has */
size_t bram_board_keys(const bram_board *b, const bram_board_row *row, const char **key,
                       size_t most);

#endif
