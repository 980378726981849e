/*
 * labels_published.h - the labels of a recording as the published homogenized collection has them
 * (Simeon et al. 2024, arXiv 2411.12091), its losses included: to reproduce published figures.
 */
#ifndef BRAMBLE_LOADERS_LABELS_PUBLISHED_H
#define BRAMBLE_LOADERS_LABELS_PUBLISHED_H

#include "labels.h"

/** What the published figures count. */
typedef struct bram_published {
    size_t labeled, recorded;
    const char *left_out; /* why the collection lacks the recording; NULL when it has it */
} bram_published;

/** Which source's rule; the recording's attribute `published_rule` names it. */
typedef enum bram_published_rule {
    BRAM_PUBLISHED_BASE,    /* below */
    BRAM_PUBLISHED_NEAREST, /* Dag, Flavell: "nearest" */
    BRAM_PUBLISHED_SIDES,   /* Leifer: "sides" */
    BRAM_PUBLISHED_LOST     /* Dag: "lost": labels are looked for under a shortened file name */
} bram_published_rule;

/** @return the rule of a name; NULL or an unknown one is the base */
bram_published_rule bram_published_rule_find(const char *name);

/**
 * The base rule of the collection's pipeline, for all traces of a recording but those that it
 * drops beforehand (traces_published.h):
 *   1. the first candidate is the label, whatever others there are; a trace without one is called
 * by its number;
 *   2. of traces with equal texts the first is kept;
 *   3. "merge" and what is not letters and digits is no label;
 *   4. all characters 0 are taken out of a label that does not end in 0 and is no number: VB01
 *      becomes VB1, but VB101 would become VB11;
 *   5. what is then no canonical name is no label;
 *   6. a recording without a label or with fewer than 600 samples, at any rate, is left out.
 *
 * Before it, of Dag and Flavell: each label, in the order of traces, becomes the canonical name
 * that has most equal characters at equal places once every ? is taken out, the first of the
 * alphabet of several, none twice. An exact label is not spared: "AVAL" behind "AVA?" becomes ADAL.
 *
 * In place of 3 to 5, of Leifer, in the order of texts: a canonical name stays unless it is taken;
 * another x becomes xL, else xR, where that is a canonical name and not taken; all else is no
 * label.
 *
 * A label that stays is exact, a trace that 2 drops a duplicate, all others are unlabeled; reasons
 * say so. Traces keep their places.
 *
 * @param out            n labels
 * @param raw            n texts, "" for none
 * @param dropped        why a trace was dropped beforehand, NULL for others; NULL: none was
 * @param blanks_are_one an absent label was an empty text to the pipeline, not nothing: all traces
 *                       without one collapse into a single one (text and NWB sources)
 * @return BRAM_OK; BRAM_EFORMAT: two traces become one neuron (VB01 and VB1), where the pipeline
 *         stops; BRAM_ENOMEM. Cost: O(n log n)
 */
int bram_labels_published(bram_ctx *cx, bram_label *out, bram_published *counts,
                          const char *const *raw, const char *const *dropped, size_t n,
                          size_t samples, bool blanks_are_one,
                          bram_published_rule rule) BRAM_MUST_CHECK;

#endif
