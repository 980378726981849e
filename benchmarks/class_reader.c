/*
 * class_reader.c - readers of classes by name; see class_reader.h.
 */
#include "class_reader.h"

#include <string.h>

enum { MLP = BRAM_CLASSIFIER_LOGISTIC + 1, BATCH = 128 };

/* In the order of bram_classifier_kind, then the network. */
const bram_contestant bram_class_readers[] = {
    {"centroid", "the class of the nearest mean, each unit in its deviations"},
    {"correlation", "the class whose mean correlates most over units"},
    {"lda", "linear discriminant analysis, covariances shrunken by Ledoit and Wolf"},
    {"logistic", "multinomial logistic regression with a ridge penalty"},
    {"mlp", "a network of one hidden layer of rectified units"},
    {NULL, NULL}};

int bram_class_reader_parse(bram_ctx *cx, bram_class_reader_settings *out, const char *name,
                            const bram_options *o, uint64_t seed)
{
    size_t kind = 0, n = 0;
    while (bram_class_readers[kind].name && strcmp(bram_class_readers[kind].name, name) != 0)
        kind++;
    if (!bram_class_readers[kind].name)
        return bram_fail(cx, BRAM_EUSAGE, "no reader is named \"%s\"", name);
    const double *penalty = bram_option_reals(o, "penalty", &n);
    for (size_t i = 1; i < n; i++)
        if (!(penalty[i] > penalty[i - 1]))
            return bram_fail(cx, BRAM_EUSAGE, "penalty: %g comes after %g, expected them to ascend",
                             penalty[i], penalty[i - 1]);
    *out = (bram_class_reader_settings){.network = kind == MLP,
                                        .linear = {.kind = (bram_classifier_kind)(kind % MLP),
                                                   .penalty = penalty[0],
                                                   .steps = 300,
                                                   .tolerance = 1e-6},
                                        .penalty = penalty,
                                        .penalties = n,
                                        .mlp = {.hidden = (size_t)bram_option_integer(o, "hidden"),
                                                .steps = (size_t)bram_option_integer(o, "steps"),
                                                .batch = BATCH,
                                                .rate = bram_option_real(o, "rate"),
                                                .decay = bram_option_real(o, "decay"),
                                                .seed = seed}};
    return BRAM_OK;
}

/* Whether there is nothing to leave out. */
static bool is_one_fold(const size_t *fold, size_t rows)
{
    for (size_t i = 1; i < rows; i++)
        if (fold[i] != fold[0]) return false;
    return true;
}

int bram_class_reader_choose(bram_ctx *cx, bram_class_reader_settings *s, const bram_mat *x,
                             const size_t *label, const size_t *fold, size_t classes)
{
    if (s->network || s->linear.kind != BRAM_CLASSIFIER_LOGISTIC || s->penalties < 2)
        return BRAM_OK;
    if (is_one_fold(fold, x->rows))
        return bram_fail(cx, BRAM_EUSAGE,
                         "choosing among %zu penalties leaves out another fold in turn: give 3 "
                         "folds or more, or one penalty",
                         s->penalties);
    BRAM_TRY(bram_classifier_choose(cx, &s->linear.penalty, x, label, classes, fold, s->penalty,
                                    s->penalties, &s->linear));
    s->penalties = 1;
    return BRAM_OK;
}

int bram_class_reader_fit(bram_ctx *cx, bram_class_reader *out, const bram_mat *x,
                          const size_t *label, size_t classes, const bram_class_reader_settings *s)
{
    out->network = s->network;
    return s->network ? bram_mlp_fit(cx, &out->mlp, x, label, classes, &s->mlp)
                      : bram_classifier_fit(cx, &out->linear, x, label, classes, &s->linear);
}

int bram_class_reader_scores(bram_ctx *cx, bram_mat *score, const bram_class_reader *r,
                             const bram_mat *x)
{
    return r->network ? bram_mlp_scores(cx, score, &r->mlp, x)
                      : bram_classifier_scores(cx, score, &r->linear, x);
}
