/*
 * consensus_published.c - the consensus table of Simeon et al. 2024, row by row.
 *
 * Of each ordered pair: mean_gap_weight is the mean of the different values among the sources' gap
 * weights; mean_chem_weight the mean of the sources that have an edge; uncertainty is
 * 0.9 sd(chem) + (1 - 0.9) sd(gap), population sd, and empty unless both kinds exist. Text, numbers
 * and order are those of the pipeline's CSV, so that the two files can be compared byte by byte.
 *
 * Sums run as NumPy's do (pairwise summation with 8 lanes from 8 values on), over the sources in
 * the order in which that pipeline read its files. That order is not documented; it is the one that
 * gives every digit of the published uncertainties (68 of them depend on it).
 */
#include "consensus_private.h"

#include "number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PAIRS = BRAM_NEURONS * BRAM_NEURONS, TEXT = 64, MOST = 64 };

/* Our name, the pipeline's; in the order in which it read them. */
static const char *const order[][2] = {{"white1986_jse", "white1986_jse"},
                                       {"varshney2011", "chklovskii"},
                                       {"openworm", "openworm"},
                                       {"witvliet2021_7", "witvliet2020_7"},
                                       {"witvliet2021_8", "witvliet2020_8"},
                                       {"white1986_n2u", "white1986_n2u"},
                                       {"white1986_whole", "white1986_whole"},
                                       {"white1986_jsh", "white1986_jsh"},
                                       {"cook2019", "cook2019"}};

enum { NAMED = sizeof order / sizeof *order };

/* The sources in that order, those it does not name behind; functional maps apart. */
struct sources {
    const bram_wiring *wiring[MOST];
    const char *name[MOST];
    size_t count;
    const bram_wiring *functional;
};

static const bram_wiring *find(const bram_consensus *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->source[i]->name, name) == 0) return c->source[i];
    return NULL;
}

static bool is_named(const char *name)
{
    for (size_t i = 0; i < NAMED; i++)
        if (strcmp(order[i][0], name) == 0) return true;
    return false;
}

static int sort_sources(bram_ctx *cx, struct sources *s, const bram_consensus *c)
{
    for (size_t i = 0; i < NAMED; i++) {
        const bram_wiring *w = find(c, order[i][0]);
        if (w) s->wiring[s->count] = w, s->name[s->count++] = order[i][1];
    }
    for (size_t i = 0; i < c->count; i++) {
        const bram_wiring *w = c->source[i];
        if (!w->published && !w->has[BRAM_WIRE_FUNCTIONAL])
            return bram_fail(cx, BRAM_EUSAGE, "%s was not imported with rules=published", w->name);
        if (w->has[BRAM_WIRE_FUNCTIONAL] && s->functional)
            return bram_fail(cx, BRAM_EUSAGE, "%s and %s are both functional maps",
                             s->functional->name, w->name);
        if (w->has[BRAM_WIRE_FUNCTIONAL]) s->functional = w;
        else if (!is_named(w->name) && s->count < MOST)
            s->wiring[s->count] = w, s->name[s->count++] = w->name;
    }
    return BRAM_OK;
}

/* ---- numbers as NumPy has them -------------------------------------------------------------- */

static double sum_of(const double *x, size_t n)
{
    double lane[8], sum = 0;
    size_t i = 0;
    if (n >= 8) {
        for (size_t k = 0; k < 8; k++) lane[k] = x[k];
        for (i = 8; i + 8 <= n; i += 8)
            for (size_t k = 0; k < 8; k++) lane[k] += x[i + k];
        sum = ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
              ((lane[4] + lane[5]) + (lane[6] + lane[7]));
    }
    for (; i < n; i++) sum += x[i];
    return sum;
}

static double mean_of(const double *x, size_t n)
{
    return sum_of(x, n) / (double)n;
}

static double sd_of(const double *x, size_t n)
{
    double square[MOST], mean = mean_of(x, n);
    for (size_t i = 0; i < n; i++) square[i] = (x[i] - mean) * (x[i] - mean);
    return sqrt(mean_of(square, n));
}

/* As Python writes a float: shortest form, with ".0" behind a whole number. */
static void write_number(char *text, double value)
{
    bram_number_format(text, value);
    if (!strpbrk(text, ".en")) strcat(text, ".0");
}

/* ---- a row ---------------------------------------------------------------------------------- */

enum {
    FROM,
    TO,
    FROM_POS,
    TO_POS,
    FROM_TYPE,
    TO_TYPE,
    GAP,
    CHEM,
    UNCERTAINTY,
    FUNCTIONAL,
    DATA_SOURCES,
    COLUMNS
};

struct row {
    char position[2][TEXT], number[4][TEXT], names[512];
    const char *text[COLUMNS];
};

static int compare_names(const char *a, const char *b)
{
    return strcmp(a, b);
}

/* "['cook2019', 'openworm']", sorted. */
static void write_names(char *text, size_t room, const char **names, size_t n)
{
    size_t used = 0;
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && compare_names(names[k - 1], names[k]) > 0; k--) {
            const char *kept = names[k];
            names[k] = names[k - 1];
            names[k - 1] = kept;
        }
    text[0] = 0;
    for (size_t i = 0; i < n && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, "%s'%s'%s", i ? ", " : "[", names[i],
                                 i + 1 == n ? "]" : "");
}

static void write_position(char *text, const bram_neuron *n)
{
    char x[BRAM_NUMBER_BYTES + 2], y[BRAM_NUMBER_BYTES + 2], z[BRAM_NUMBER_BYTES + 2];
    write_number(x, n->x);
    write_number(y, n->y);
    write_number(z, n->z);
    snprintf(text, TEXT, "(%.18s, %.18s, %.18s)", x, y, z);
}

/* The weights of a pair, and the names of the sources that have one. */
struct evidence {
    double chem[MOST], gap[MOST], functional;
    size_t chems, gaps, names;
    const char *name[MOST + 1];
};

static struct evidence gather(const struct sources *s, size_t i, size_t j)
{
    struct evidence e = {.functional = 0};
    for (size_t k = 0; k < s->count; k++) {
        const bram_wiring *w = s->wiring[k];
        double chem = w->has[BRAM_WIRE_CHEMICAL] ? w->weight[BRAM_WIRE_CHEMICAL][i][j] : 0;
        double gap = w->has[BRAM_WIRE_GAP] ? w->weight[BRAM_WIRE_GAP][i][j] : 0;
        size_t same = 0;
        if (chem != 0) e.chem[e.chems++] = chem;
        while (same < e.gaps && e.gap[same] != gap) same++;
        if (gap != 0 && same == e.gaps) e.gap[e.gaps++] = gap;
        if (chem != 0 || gap != 0) e.name[e.names++] = s->name[k];
    }
    if (s->functional) e.functional = s->functional->weight[BRAM_WIRE_FUNCTIONAL][i][j];
    if (e.functional != 0) e.name[e.names++] = "funconn";
    return e;
}

/* @return whether the pair has a row */
static bool make_row(struct row *r, const struct sources *s, size_t i, size_t j, bool functional)
{
    struct evidence e = gather(s, i, j);
    const bram_neuron *from = bram_neuron_at(i), *to = bram_neuron_at(j);
    if (!e.chems && !e.gaps && (!functional || e.functional == 0)) return false;
    memset(r->number, 0, sizeof r->number);
    if (e.gaps) write_number(r->number[0], mean_of(e.gap, e.gaps));
    if (e.chems) write_number(r->number[1], mean_of(e.chem, e.chems));
    if (e.gaps && e.chems) {
        double chem = 0.9 * sd_of(e.chem, e.chems), gap = (1 - 0.9) * sd_of(e.gap, e.gaps);
        write_number(r->number[2], chem + gap);
    }
    if (e.functional != 0) write_number(r->number[3], e.functional);
    write_position(r->position[0], from);
    write_position(r->position[1], to);
    write_names(r->names, sizeof r->names, e.name, e.names);
    r->text[FROM] = from->name, r->text[TO] = to->name;
    r->text[FROM_POS] = r->position[0], r->text[TO_POS] = r->position[1];
    r->text[FROM_TYPE] = from->type, r->text[TO_TYPE] = to->type;
    for (size_t k = 0; k < 4; k++) r->text[GAP + k] = r->number[k];
    r->text[DATA_SOURCES] = r->names;
    return true;
}

/* ---- the table ------------------------------------------------------------------------------ */

static const char *const names[COLUMNS] = {
    "from_neuron", "to_neuron",         "from_pos",        "to_pos",
    "from_type",   "to_type",           "mean_gap_weight", "mean_chem_weight",
    "uncertainty", "functional_weight", "data_sources"};

/* Copies of a row's texts, for all rows. */
static int keep_row(bram_ctx *cx, char **text[COLUMNS], size_t at, const struct row *r)
{
    for (size_t k = 0; k < COLUMNS; k++) {
        size_t bytes = strlen(r->text[k]) + 1;
        text[k][at] = bram_scratch(cx, bytes, 1);
        if (!text[k][at]) return BRAM_ENOMEM;
        memcpy(text[k][at], r->text[k], bytes);
    }
    return BRAM_OK;
}

static int fill(bram_ctx *cx, bram_axis **table, const struct sources *s, bool functional)
{
    char **text[COLUMNS];
    struct row r;
    size_t count = 0;
    for (size_t k = 0; k < COLUMNS; k++) {
        text[k] = bram_scratch(cx, PAIRS, sizeof *text[k]);
        if (!text[k]) return BRAM_ENOMEM;
    }
    for (size_t k = 0; k < PAIRS; k++)
        if (make_row(&r, s, k / BRAM_NEURONS, k % BRAM_NEURONS, functional))
            BRAM_TRY(keep_row(cx, text, count++, &r));
    bram_axis *t = NULL;
    BRAM_TRY(bram_axis_new(cx, &t, "pairs", count));
    int status = BRAM_OK;
    for (size_t k = 0; k < COLUMNS && status == BRAM_OK; k++)
        if (k != FUNCTIONAL || functional)
            status = bram_axis_add_text(cx, t, names[k], (const char *const *)text[k]);
    if (status == BRAM_OK) *table = t;
    else bram_axis_free(t);
    return status;
}

int bram_consensus_published(bram_ctx *cx, const bram_consensus *c, bram_axis **table,
                             bool functional)
{
    struct sources s = {.count = 0};
    BRAM_TRY(sort_sources(cx, &s, c));
    size_t mark = bram_scratch_mark(cx);
    int status = fill(cx, table, &s, functional);
    bram_scratch_release(cx, mark);
    return status;
}
