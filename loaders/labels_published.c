/*
 * labels_published.c - labels by the rule of the published collection: see labels_published.h.
 *
 * The rule was read off the collection's code (qsimeon/worm-data-preprocess, preprocessors:
 * preprocess_traces, create_neuron_idx, find_nearest_label and the classes of Dag, Flavell and
 * Leifer); the words here are our own.
 */
#include "labels_published.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEWEST_SAMPLES = 600, NAME = 32 };

/* A trace's text and its place, for finding equal texts. */
struct text {
    const char *text;
    size_t trace;
};

static int by_text(const void *a, const void *b)
{
    const struct text *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order ? order : (x->trace > y->trace) - (x->trace < y->trace);
}

/* The label, or the trace's number from 0 where it has none. */
static int write_texts(bram_ctx *cx, struct text *out, size_t *count, const char *const *raw,
                       const char *const *dropped, size_t n, bool blanks_are_one)
{
    enum { DIGITS = 24 };
    char *numbers = bram_scratch(cx, n, DIGITS);
    if (!numbers) return BRAM_ENOMEM;
    *count = 0;
    for (size_t i = 0; i < n; i++) {
        if (dropped && dropped[i]) continue;
        snprintf(numbers + i * DIGITS, DIGITS, "%zu", *count);
        out[(*count)++] = (struct text){*raw[i] || blanks_are_one ? raw[i] : numbers + i * DIGITS,
                                        i};
    }
    return BRAM_OK;
}

static bool is_alphanumeric(const char *text)
{
    size_t length = 0;
    for (; isalnum((unsigned char)text[length]); length++) continue;
    return length && !text[length];
}

/* The canonical name that a text becomes. @return its neuron or -1, and why it is none */
static int neuron_of(const char *text, const char **reason)
{
    char name[NAME];
    size_t length = strlen(text), used = 0;
    bool number = length && strspn(text, "0123456789") == length;
    bool keep = number || (length && text[length - 1] == '0');
    *reason = "published rules: no label";
    if (strcmp(text, "merge") == 0 || !is_alphanumeric(text) || number) return -1;
    *reason = "published rules: no canonical name";
    for (size_t i = 0; i < length && used + 1 < sizeof name; i++)
        if (keep || text[i] != '0') name[used++] = text[i];
    name[used] = 0;
    return length < sizeof name ? bram_neuron_find(name) : -1;
}

bram_published_rule bram_published_rule_find(const char *name)
{
    static const char *const names[] = {"", "nearest", "sides", "lost"};
    for (size_t i = 1; name && i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return (bram_published_rule)i;
    return BRAM_PUBLISHED_BASE;
}

/* ---- names by likeness: Dag and Flavell ----------------------------------------------------- */

/* Equal characters at equal places, without the ? of the label. */
static size_t likeness(const char *label, const char *name)
{
    size_t same = 0;
    for (; *label && *name; label++) {
        if (*label == '?') continue;
        same += *label == *name++;
    }
    return same;
}

static int nearest(const char *label, const bool taken[BRAM_NEURONS])
{
    int best = -1;
    size_t most = 0;
    for (size_t i = 0; i < BRAM_NEURONS; i++) { /* in the order of the alphabet */
        size_t same = taken[i] ? 0 : likeness(label, bram_neuron_at(i)->name);
        if (taken[i] || (best >= 0 && same <= most)) continue;
        best = (int)i;
        most = same;
    }
    return best;
}

static bool is_number(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == 0;
}

/* The texts that the base rule gets to see. */
static void guess_names(const char **out, const char *const *raw, size_t n)
{
    bool taken[BRAM_NEURONS] = {false};
    for (size_t i = 0; i < n; i++) {
        int neuron = !*raw[i] || is_number(raw[i]) ? -1 : nearest(raw[i], taken);
        out[i] = neuron < 0 ? raw[i] : bram_neuron_at((size_t)neuron)->name;
        if (neuron >= 0) taken[neuron] = true;
    }
}

/* ---- one label ------------------------------------------------------------------------------ */

static bram_label nothing(const char *reason)
{
    return (bram_label){.certainty = BRAM_LABEL_UNLABELED, .neuron = -1, .reason = reason};
}

static void name_it(bram_label *label, int neuron, const char *reason)
{
    *label = (bram_label){.certainty = BRAM_LABEL_EXACT, .neuron = neuron, .reason = reason};
    strcpy(label->class_name, bram_neuron_at((size_t)neuron)->class_name);
}

/* A side for a name without one, the left first: Leifer. */
static void label_by_side(bram_label *label, const char *text, size_t trace,
                          size_t taken[BRAM_NEURONS])
{
    char name[NAME];
    int neuron = is_alphanumeric(text) ? bram_neuron_find(text) : -1;
    bool known = neuron >= 0;
    for (size_t k = 0; !known && neuron < 0 && is_alphanumeric(text) && k < 2; k++) {
        if (snprintf(name, sizeof name, "%s%c", text, "LR"[k]) >= NAME) break;
        neuron = bram_neuron_find(name);
        if (neuron >= 0 && taken[neuron]) neuron = -1;
    }
    *label = nothing(known ? "published rules: the name is taken" : "published rules: no label");
    if (neuron < 0 || taken[neuron]) return;
    taken[neuron] = trace + 1;
    name_it(label, neuron, known ? "published rules" : "published rules: a side was chosen");
}

/* Labels of kept traces, in the order of their texts. taken: trace + 1 of each neuron. */
static int label_kept(bram_ctx *cx, bram_label *label, const struct text *t, const char *const *raw,
                      size_t taken[BRAM_NEURONS])
{
    const char *reason;
    int neuron = neuron_of(t->text, &reason);
    *label = nothing(reason);
    if (neuron < 0) return BRAM_OK;
    if (taken[neuron])
        return bram_fail(cx, BRAM_EFORMAT,
                         "published rules: traces %zu (%s) and %zu (%s) are both %s, where the "
                         "published pipeline stops",
                         taken[neuron], raw[taken[neuron] - 1], t->trace + 1, raw[t->trace],
                         bram_neuron_at((size_t)neuron)->name);
    taken[neuron] = t->trace + 1;
    name_it(label, neuron, "published rules");
    return BRAM_OK;
}

static int label_all(bram_ctx *cx, bram_label *out, bram_published *counts, const struct text *t,
                     const char *const *raw, size_t n, bram_published_rule rule)
{
    size_t taken[BRAM_NEURONS] = {0};
    for (size_t i = 0; i < n; i++) {
        bram_label *label = &out[t[i].trace];
        if (i && strcmp(t[i].text, t[i - 1].text) == 0) {
            *label = nothing("published rules: the first trace of a text is kept");
            label->certainty = BRAM_LABEL_DUPLICATE;
            continue;
        }
        if (rule == BRAM_PUBLISHED_SIDES) label_by_side(label, t[i].text, t[i].trace, taken);
        else BRAM_TRY(label_kept(cx, label, &t[i], raw, taken));
        counts->recorded++;
        counts->labeled += label->certainty == BRAM_LABEL_EXACT;
    }
    return BRAM_OK;
}

int bram_labels_published(bram_ctx *cx, bram_label *out, bram_published *counts,
                          const char *const *raw, const char *const *dropped, size_t n,
                          size_t samples, bool blanks_are_one, bram_published_rule rule)
{
    size_t kept = 0, mark = bram_scratch_mark(cx);
    bram_published found = {0};
    struct text *texts = bram_scratch(cx, n, sizeof *texts);
    bram_label *labels = bram_scratch(cx, n, sizeof *labels);
    const char **names = bram_scratch(cx, n, sizeof *names);
    int status = texts && labels && names ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < n; i++) {
        names[i] = rule == BRAM_PUBLISHED_LOST ? "" : raw[i];
        labels[i] = nothing(dropped ? dropped[i] : NULL); /* the others are filled in below */
    }
    if (status == BRAM_OK && rule == BRAM_PUBLISHED_NEAREST) guess_names(names, raw, n);
    if (status == BRAM_OK)
        status = write_texts(cx, texts, &kept, names, dropped, n, blanks_are_one);
    if (status == BRAM_OK) {
        if (kept) qsort(texts, kept, sizeof *texts, by_text);
        status = label_all(cx, labels, &found, texts, raw, kept, rule);
    }
    if (status == BRAM_OK) {
        if (samples < FEWEST_SAMPLES) found.left_out = "fewer than 600 samples";
        else if (found.labeled == 0) found.left_out = "no labeled neuron";
        for (size_t i = 0; found.left_out && i < n; i++)
            labels[i] = nothing(samples < FEWEST_SAMPLES
                                    ? "published rules: left out, fewer than 600 samples"
                                    : "published rules: left out, no labeled neuron");
        if (n) memcpy(out, labels, n * sizeof *labels);
        *counts = found;
    }
    bram_scratch_release(cx, mark);
    return status;
}
