/*
 * section_data.h - what the files of the data section share.
 */
#ifndef BRAMBLE_REPORT_SECTION_DATA_H
#define BRAMBLE_REPORT_SECTION_DATA_H

#include "report_parts.h"

struct part {
    const char *id;
    const bram_axis *unit; /* with columns label, certainty, class ... where they are known */
};

/** A dataset of the report: one for each content hash. */
struct dataset_parts {
    const char *name, *hash;
    struct part *part;
    size_t parts;
};

/** The connectome of the dataset, or of its species, where it can be opened; else nothing. */
int bram_section_connectome(bram_ctx *cx, bram_report *r,
                            const struct dataset_parts *d) BRAM_MUST_CHECK;

#endif
