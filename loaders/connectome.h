/*
 * connectome.h - what all loaders of connectomes share: from the entries of a file to nodes and
 * edges, in one form whatever the source.
 *
 * A loader makes a connectome, adds its layers and entries by the names that stand in the file, and
 * puts it into a dataset as connectome/SOURCE. Then:
 *
 * - Names are read by the label parser: VB01 is VB2's class and number without the zero. A cell
 * that is not one of the 300 neurons stays a node under the name it has, with its kind.
 * - Direction is from the presynaptic (stimulated) to the postsynaptic (responding) cell.
 * - Entries of one pair (and of one transmitter and receptor) are added up.
 * - A symmetric layer (gap junctions) has one edge for a pair, from the first to the second in the
 *   order of the nodes, whether the file lists it once or in both directions: then it is the mean
 * of the two.
 * - Each node says whether it was examined. No edge between two examined nodes is a zero; elsewhere
 *   it is unknown. A layer that the source does not have was not examined and is absent.
 * - Chemical edges have the transmitter of the presynaptic cell and the sign predicted from it.
 *
 * rules=published takes names unchanged and drops every cell that is then not one of the 300, as an
 * earlier pipeline did (Simeon et al. 2024); it serves to reproduce published figures.
 */
#ifndef BRAMBLE_LOADERS_CONNECTOME_H
#define BRAMBLE_LOADERS_CONNECTOME_H

#include <bramble/loader.h>

typedef struct bram_connectome bram_connectome;

/** The option that all loaders of connectomes have. */
#define BRAM_CONNECTOME_RULES                                                                      \
    {                                                                                              \
        "rules", BRAM_PARAM_CHOICE, "corrected", "corrected|published", 0, 0,                      \
            "published matches names unchanged and loses neurons, to reproduce published figures"  \
    }

enum { BRAM_LAYER_NUMBERS = 4 };

/** A layer: the table connectome/SOURCE/NAME. All text is static. */
typedef struct bram_layer {
    const char *name; /* "chemical": letters, digits and _ */
    const char *type; /* chemical, gap, extrasynaptic, functional: the column type */
    const char *unit; /* of the weight: "synapses", "sections", "dF/F" */
    bool symmetric;   /* one edge for a pair */
    bool receptor;    /* has the columns transmitter and receptor */
    bool any;         /* weights may be zero or negative; entries of one pair are an error */
    const char *number[BRAM_LAYER_NUMBERS]; /* further columns, NULL behind the last */
} bram_layer;

/** One entry of a file. Text is copied; NULL is "". */
typedef struct bram_entry {
    const char *pre, *post; /* names as written */
    double weight;
    const char *transmitter, *receptor;
    double number[BRAM_LAYER_NUMBERS];
} bram_entry;

int bram_connectome_new(bram_ctx *cx, bram_connectome **out,
                        const bram_options *options) BRAM_MUST_CHECK;
void bram_connectome_free(bram_connectome *c);

/** @return whether rules=published was asked */
bool bram_connectome_is_published(const bram_connectome *c);

/** Adds a layer, numbered from 0 in order of adding; at most 8. */
int bram_connectome_add_layer(bram_ctx *cx, bram_connectome *c,
                              const bram_layer *layer) BRAM_MUST_CHECK;

/** Changes the unit of a layer's weights; for files that tell it late. */
void bram_connectome_set_unit(bram_connectome *c, size_t layer, const char *unit);

/** How a cell was looked at; a sum. */
enum { BRAM_AS_PRE = 1, BRAM_AS_POST = 2, BRAM_AS_BOTH = 3 };

/**
 * Notes that a cell of this name was looked at: as a row (what it sends), as a column (what it
 * receives). A neuron that was looked at as both is examined; other cells are partners only.
 */
int bram_connectome_examine(bram_ctx *cx, bram_connectome *c, const char *name,
                            unsigned as) BRAM_MUST_CHECK;

/**
 * Adds an entry. An entry of weight 0 tells that there is nothing and makes no edge.
 *
 * @return BRAM_OK; BRAM_EFORMAT: a name is empty or longer than 63 bytes, a weight that is not
 *         finite or, but for `any`, negative (the caller says where); BRAM_ENOMEM
 */
int bram_connectome_add(bram_ctx *cx, bram_connectome *c, size_t layer,
                        const bram_entry *entry) BRAM_MUST_CHECK;

/**
 * Puts nodes, layers, figures as attributes and import_report into the dataset, and the canonical
 * neurons.
 *
 * @param source  the name of the group: connectome/SOURCE
 * @return BRAM_OK; BRAM_EFORMAT: no edge, a pair twice in a layer that allows none; BRAM_ENOMEM
 */
int bram_connectome_put(bram_ctx *cx, bram_connectome *c, bram_dataset *ds,
                        const char *source) BRAM_MUST_CHECK;

/** The same for several connectomes. @return also BRAM_EUSAGE: two have one name */
int bram_connectome_put_all(bram_ctx *cx, bram_dataset *ds, bram_connectome *const *connectomes,
                            const char *const *sources, size_t n) BRAM_MUST_CHECK;

#endif
