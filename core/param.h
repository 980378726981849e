/*
 * param.h - one value of an option: from text, checked against its table entry.
 */
#ifndef BRAMBLE_CORE_PARAM_H
#define BRAMBLE_CORE_PARAM_H

#include <bramble/spec.h>

/** A value as read; which fields count follows from the type of the option. */
struct bram_value {
    char *text; /* canonical form */
    double real;
    int64_t integer; /* flags: 1 or 0 */
    double *reals;
    int64_t *integers;
    size_t count; /* of the list */
};

/**
 * Reads a value.
 *
 * @param out  filled on success, to be released; untouched on failure
 * @return BRAM_OK; BRAM_EUSAGE with what was found and expected; BRAM_ENOMEM
 */
int bram_value_read(bram_ctx *cx, struct bram_value *out, const bram_param *param,
                    const char *text) BRAM_MUST_CHECK;
void bram_value_release(struct bram_value *value);

#endif
