/*
 * labels.h - from what a laboratory wrote beside a trace to the identity of a neuron.
 *
 * One rule for all sources. A label is never replaced by the nearest name: it names a neuron, or it
 * leaves a list of candidates, or it names nothing. Only an exact label that stands once in its
 * recording fills a neuron's slot, unless the caller asks for more.
 */
#ifndef BRAMBLE_LOADERS_LABELS_H
#define BRAMBLE_LOADERS_LABELS_H

#include "neurons.h"

typedef enum bram_certainty {
    BRAM_LABEL_UNLABELED,      /* empty, a number, or no name that we know */
    BRAM_LABEL_EXACT,          /* one neuron: AVAL, VB02 */
    BRAM_LABEL_SIDE_AMBIGUOUS, /* the class and part of the place: OLQ?L, SAAD? */
    BRAM_LABEL_CLASS_ONLY,     /* the class alone: AVA, AWCON, VB? */
    BRAM_LABEL_DUPLICATE,      /* exact, but another trace of the recording has the same name */
    BRAM_LABEL_LOW_CONFIDENCE, /* below the asked confidence, or doubtful: NSML-alt, two names */
    BRAM_LABEL_NOT_NEURON      /* glia, muscle and other cells: GLRL, AMsoL, pm3 */
} bram_certainty;

enum { BRAM_LABEL_CANDIDATES = 16 };

/** What a label says. */
typedef struct bram_label {
    bram_certainty certainty;
    int neuron;                        /* the neuron it names, also when doubtful; -1: none */
    char class_name[BRAM_NEURON_NAME]; /* "" where not even the class is known */
    size_t candidates;                 /* neurons it may be, when that is more than its own */
    short candidate[BRAM_LABEL_CANDIDATES];
    bool resolved;      /* an ambiguity that became exact: no other candidate was left */
    const char *reason; /* why it is not plainly exact, in words; "" when it is; static text */
} bram_label;

/** @return the certainty in the words of the file: "exact", "side-ambiguous" ... */
const char *bram_certainty_name(bram_certainty certainty);

/**
 * Reads one label. Blanks, quotes and a byte order mark around it do not count, nor does case. VB02
 * is VB2. A "?" stands for one character, or for what is not known of the place when no name has
 * that length (OLQ? is any OLQ). "-alt", "---", "/2" behind a name and "?" behind a full name make
 * it doubtful. AWCON, AWC^OFF ... tell the class, not the side.
 *
 * @param raw         any text; NULL is no label
 * @param confidence  as the laboratory states it; NaN when it does not
 * @param threshold   a stated confidence below this makes the label doubtful
 */
bram_label bram_label_parse(const char *raw, double confidence, double threshold);

/**
 * Holds further names that the laboratory considered for a trace against its label: one that does
 * not fit (another neuron, class or cell) makes the label doubtful, and what it names a candidate.
 * The class of the label's neuron fits, as does any text that says nothing.
 *
 * @param further  names joined by " | "
 */
void bram_label_weigh(bram_label *label, const char *further);

/**
 * Makes a label that says something doubtful.
 *
 * @param reason  static text, or text that outlives the label
 */
void bram_label_doubt(bram_label *label, const char *reason);

/** @return whether the label fills the slot of its neuron */
bool bram_label_is_certain(const bram_label *label);

/** How to treat a recording's labels as a whole. */
typedef struct bram_label_rules {
    bool single_candidate; /* an ambiguity becomes exact when its other candidates are taken */
    bool low_confidence;   /* doubtful labels that name a neuron count as exact */
} bram_label_rules;

/** Counts over the labels of a recording. */
typedef struct bram_label_counts {
    size_t labeled;  /* that name a neuron or leave candidates, doubtful ones left out */
    size_t exact;    /* that name a neuron without doubt, duplicates included */
    size_t distinct; /* neurons so named */
    size_t slots;    /* labels that fill a slot */
} bram_label_counts;

/**
 * Looks at the labels of one recording together: marks duplicates and, when asked, resolves
 * ambiguities (until nothing changes; two ambiguities never share a neuron, and a neuron that a
 * doubtful label names is not given away). Labels keep their places and none is dropped.
 *
 * @param rules   NULL: neither option
 * @param counts  NULL when not wanted
 */
void bram_labels_resolve(bram_label *labels, size_t n, const bram_label_rules *rules,
                         bram_label_counts *counts);

/**
 * Averages duplicates: the first trace of a name becomes the mean of the present values of all of
 * them and its label exact; the others stay as they are.
 *
 * @param values  time x n, row-major; changed in place
 * @param mask    1 present, 0 missing, same shape; a mean of nothing is missing; NULL: all present
 */
void bram_labels_average(bram_label *labels, size_t n, double *values, unsigned char *mask,
                         size_t rows);

#endif
