/*
 * spec.h - options by table, and the spec strings `name:key=value,key=value` that name a metric, a
 * model or a loader with its options.
 *
 * An entry's options are one table of bram_param; reading, checking, defaults, help text and the
 * canonical form all follow from it. The canonical form lists every option in table order with
 * numbers in shortest exact form, so equal meanings give equal strings (and equal hashes).
 */
#ifndef BRAMBLE_SPEC_H
#define BRAMBLE_SPEC_H

#include <bramble/context.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bram_param_type {
    BRAM_PARAM_CHOICE,   /* one of the words in choices, separated by | */
    BRAM_PARAM_INTEGER,  /* within [low, high]; "auto" is -1 where the default is auto (low >= 0) */
    BRAM_PARAM_REAL,     /* finite, within [low, high]; "auto" is NaN where the default is auto */
    BRAM_PARAM_TEXT,     /* anything without , and = */
    BRAM_PARAM_FLAG,     /* yes or no */
    BRAM_PARAM_INTEGERS, /* a list: 1+2+4; an item 1..4 stands for 1+2+3+4 */
    BRAM_PARAM_REALS     /* a list: 0.1+1+10; an item 0.1..10 stands for the decades 0.1+1+10, and
                            1..100/5 for 5 values evenly spaced in their logarithms */
} bram_param_type;

/**
 * One option. A table ends with an entry whose name is NULL; a NULL table has no options. A value
 * may be empty where the fallback is: then a number is what "auto" is, and a list has no items.
 */
typedef struct bram_param {
    const char *name;
    bram_param_type type;
    const char *fallback; /* the default, as one would write it; "" for none */
    const char *choices;  /* for BRAM_PARAM_CHOICE */
    double low, high;     /* both 0: no limits */
    const char *help;     /* one line */
    const char *search; /* what a random search draws from: "16+32+64", one of these; "1e-4..1e-2",
                           evenly in the logarithm; NULL: it leaves the option alone */
} bram_param;

typedef struct bram_options bram_options;

/**
 * Splits "key=value,key=value" and checks the pairs against a table.
 *
 * When the table's first option is a text, the first item may be its value alone: "files:features/"
 * means "files:path=features/".
 *
 * @param table lives at least as long as the options
 * @param text  the part of a spec string after the colon, NULL or "" for all defaults
 * @return BRAM_OK; BRAM_EUSAGE: an unknown key (the nearest known one is named), a key given twice,
 *         a value out of range (what was found and expected); BRAM_EINTERNAL: a default in the
 *         table does not fit its own limits; BRAM_ENOMEM
 */
int bram_options_new(bram_ctx *cx, bram_options **out, const bram_param *table,
                     const char *text) BRAM_MUST_CHECK;
void bram_options_free(bram_options *o);

/** Sets one option from text, as from a command line. On failure nothing changes. */
int bram_options_set(bram_ctx *cx, bram_options *o, const char *name,
                     const char *value) BRAM_MUST_CHECK;

/**
 * Values by name. The name must be in the table and of that type: anything else is a bug (assert).
 */
const char *bram_option_text(const bram_options *o, const char *name);
bool bram_option_is(const bram_options *o, const char *name, const char *choice);
int64_t bram_option_integer(const bram_options *o, const char *name);
double bram_option_real(const bram_options *o, const char *name);
bool bram_option_flag(const bram_options *o, const char *name);
const double *bram_option_reals(const bram_options *o, const char *name, size_t *count);
const int64_t *bram_option_integers(const bram_options *o, const char *name, size_t *count);

/** @return "key=value,key=value" with every option; owned by o, until the next bram_options_set */
const char *bram_options_canonical(const bram_options *o);

/**
 * The canonical form without the options that have their default, and without the name of a first
 * option that is a text ("features/", not "path=features/"): a short name that still tells two sets
 * of options of one table apart. "" when all are defaults.
 *
 * @return heap text, or NULL (with the message set)
 */
char *bram_options_brief(bram_ctx *cx, const bram_options *o);

/**
 * The length of the name in a spec string: "ar:lags=5" gives 2. Names are [a-z][a-z0-9_-]*.
 * @return 0 when the text does not begin with a name followed by ':' or the end
 */
size_t bram_spec_name_length(const char *spec);

/**
 * What an option takes: "pearson|spearman", "integer 1..64", "number >= 0", "yes|no"; heap text.
 */
char *bram_param_values(bram_ctx *cx, const bram_param *param);

/** Help for a whole table, one aligned line an option: name=values, help, default; heap text. */
char *bram_param_help(bram_ctx *cx, const bram_param *table);

#ifdef __cplusplus
}
#endif
#endif
