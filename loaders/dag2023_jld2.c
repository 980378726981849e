/*
 * dag2023_jld2.c - the labels of Dag et al. 2023 as the laboratory stored them: a JLD2 dictionary
 * NeuroPAL_labels whose member dict_match_dict maps a recording to a pair, of which the first is
 * the dictionary trace index -> label.
 */
#include "dag2023.h"

#include <math.h>

/* "Absent" is for a recording that the dictionary does not know; a part that lacks is bad format.
 */
static int must_be(int status)
{
    return status == BRAM_EABSENT ? BRAM_EFORMAT : status;
}

/* One entry trace -> {label, confidence, ...}. */
static int add_entry(bram_ctx *cx, bram_dag_labels *l, bram_jld2_value *traces, size_t i,
                     const char *path, const char *uid)
{
    bram_jld2_value *key, *entry, *member;
    int64_t trace;
    double confidence = (double)NAN;
    const char *label;
    BRAM_TRY(bram_jld2_key(cx, &key, traces, i));
    BRAM_TRY(bram_jld2_integer(cx, &trace, key));
    if (trace < 1 || (uint64_t)trace > l->traces)
        return bram_fail(
            cx, BRAM_EFORMAT,
            "%s: %s: found a label for trace %lld, expected 1 to %zu, the traces of the "
            "recording",
            path, uid, (long long)trace, l->traces);
    BRAM_TRY(bram_jld2_at(cx, &entry, traces, i));
    BRAM_TRY(bram_jld2_find(cx, &member, entry, "label"));
    BRAM_TRY(bram_jld2_text(cx, &label, member));
    int status = bram_jld2_find(cx, &member, entry, "confidence");
    if (status == BRAM_OK && bram_jld2_kind_of(member) == BRAM_JLD2_NUMBER)
        BRAM_TRY(bram_jld2_number(cx, &confidence, member));
    else if (status != BRAM_OK && status != BRAM_EABSENT) return status;
    return bram_dag_labels_add(cx, l, (size_t)trace - 1, label, confidence);
}

static int read_dictionary(bram_ctx *cx, bram_dag_labels *l, bram_jld2 *file, const char *path,
                           const char *uid)
{
    bram_jld2_value *all, *recordings, *pair, *traces;
    BRAM_TRY(must_be(bram_jld2_get(cx, &all, file, "NeuroPAL_labels")));
    BRAM_TRY(must_be(bram_jld2_find(cx, &recordings, all, "dict_match_dict")));
    BRAM_TRY(bram_jld2_find(cx, &pair, recordings, uid));
    BRAM_TRY(must_be(bram_jld2_at(cx, &traces, pair, 0)));
    if (bram_jld2_kind_of(traces) != BRAM_JLD2_DICT)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s is not a dictionary of traces", path,
                         bram_jld2_name(traces));
    for (size_t i = 0; i < bram_jld2_count(traces); i++)
        BRAM_TRY(must_be(add_entry(cx, l, traces, i, path, uid)));
    return BRAM_OK;
}

int bram_dag_read_jld2(bram_ctx *cx, bram_dag_labels *l, bram_dag_source *source, const char *uid)
{
    if (!source->jld2) BRAM_TRY(bram_jld2_open(cx, &source->jld2, source->path));
    return read_dictionary(cx, l, source->jld2, source->path, uid);
}
