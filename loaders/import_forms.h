/*
 * import_forms.h - one connectome in two files: the same source published in several forms.
 */
#ifndef BRAMBLE_LOADERS_IMPORT_FORMS_H
#define BRAMBLE_LOADERS_IMPORT_FORMS_H

#include <bramble/dataset.h>

/** A connectome of one of several parts of an import. */
typedef struct bram_form {
    char *group, *layers; /* "connectome/SOURCE"; "\tchemical\tgap\t" */
    size_t part, edges;
    bool outside; /* another part has more edges of the source, or as many and comes before */
    size_t kept;  /* of one outside: the number in the list of the one that is in */
} bram_form;

/**
 * Lists the connectomes of parts, and which stay out: of those with one name and a layer in common
 * the one with the most edges is kept.
 *
 * @param list  `count` entries by part; the caller frees it with bram_import_forms_free
 */
int bram_import_forms_list(bram_ctx *cx, bram_form **list, size_t *count,
                           const bram_dataset *const *parts, size_t part_count) BRAM_MUST_CHECK;
void bram_import_forms_free(bram_form *list, size_t count);

/**
 * Puts the reports of the parts together: what became of the names of the connectomes that are in.
 *
 * @param report  the table import_report, or NULL where the parts have none; the caller frees it
 */
int bram_import_forms_report(bram_ctx *cx, bram_axis **report, const bram_form *list, size_t count,
                             const bram_dataset *const *parts, size_t part_count) BRAM_MUST_CHECK;

/** What two datasets say of one connectome. */
typedef struct bram_forms {
    bool same;       /* all layers are in both, with the same edges and weights */
    char words[300]; /* "2 of 2204 chemical edges differ, gap edges only there" */
} bram_forms;

/**
 * Compares the layers connectome/SOURCE/... of two datasets edge by edge: by the names of both
 * cells, transmitter, receptor and weight.
 *
 * @param group  "connectome/SOURCE"
 * @param kept   the dataset that keeps it; `other` is what the words speak for
 */
int bram_import_forms(bram_ctx *cx, bram_forms *out, const char *group, const bram_dataset *kept,
                      const bram_dataset *other) BRAM_MUST_CHECK;

#endif
