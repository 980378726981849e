/*
 * datasheet.c - the datasheet of a bundle: the questions of Gebru et al. 2021 (Datasheets for
 * datasets, Commun ACM 64(12):86), in our words, answered from file and manifest. What neither
 * tells is "not stated", and stands there all the same: whoever deposits the data can fill it in.
 */
#include "release_parts.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PATH = 512 };

static void ask(bram_buffer *out, const char *question)
{
    bram_buffer_putf(out, "\n**%s**\n", question);
}

static void answer(bram_buffer *out, const char *question, const char *text)
{
    ask(out, question);
    bram_buffer_putf(out, "%s\n", bram_release_say(text));
}

/* The least and the most of something. */
struct range {
    double low, high;
};

static void widen(struct range *r, double value)
{
    r->low = fmin(r->low, value);
    r->high = fmax(r->high, value);
}

static const struct range nothing = {DBL_MAX, -DBL_MAX};

static void put_range(bram_buffer *out, struct range r, const char *unit)
{
    if (r.low > r.high) return;
    bram_buffer_putf(out, ", %.4g", r.low);
    if (r.high > r.low) bram_buffer_putf(out, " to %.4g", r.high);
    bram_buffer_putf(out, " %s", unit);
}

/* ---- recordings ----------------------------------------------------------------------------- */

static const char *text_of(const bram_dataset *ds, const char *group, const char *name)
{
    const bram_attrs *a = bram_dataset_find_attrs(ds, group);
    const char *text = a ? bram_attrs_text(a, name) : NULL;
    return text && *text ? text : NULL;
}

/* The different values of an attribute of all recordings, each once: "a, b". */
static void put_values(bram_buffer *out, const bram_dataset *ds, const char *name)
{
    size_t n = bram_dataset_groups(ds, "recordings"), shown = 0;
    for (size_t i = 0; i < n; i++) {
        char path[PATH], other[PATH];
        snprintf(path, sizeof path, "recordings/%s", bram_dataset_group_at(ds, "recordings", i));
        const char *text = text_of(ds, path, name);
        bool known = !text;
        for (size_t k = 0; k < i && !known; k++) {
            snprintf(other, sizeof other, "recordings/%s",
                     bram_dataset_group_at(ds, "recordings", k));
            const char *before = text_of(ds, other, name);
            known = before && strcmp(before, text) == 0;
        }
        if (!known) bram_buffer_putf(out, "%s%s", shown++ ? ", " : "", text);
    }
    if (!shown) bram_buffer_put(out, "not stated");
}

static size_t count_labels(const bram_axis *neuron)
{
    const bram_column *label = bram_axis_column(neuron, "label");
    size_t n = 0;
    for (size_t i = 0; label && label->type == BRAM_TEXT && i < bram_axis_length(neuron); i++)
        n += label->text[i][0] != 0;
    return n;
}

static const bram_response *traces(const bram_dataset *ds, const char *recording)
{
    char path[PATH];
    snprintf(path, sizeof path, "recordings/%s/activity", recording);
    const bram_response *r = bram_dataset_response(ds, path);
    snprintf(path, sizeof path, "recordings/%s/raw", recording);
    return r ? r : bram_dataset_response(ds, path);
}

static void put_recordings(bram_buffer *out, const bram_dataset *ds)
{
    size_t n = bram_dataset_groups(ds, "recordings");
    struct range neurons = nothing, labels = nothing, minutes = nothing, step = nothing;
    const char *unit = NULL, *filter = NULL;
    if (!n) return;
    for (size_t i = 0; i < n; i++) {
        const bram_response *r = traces(ds, bram_dataset_group_at(ds, "recordings", i));
        if (!r || bram_response_dims(r) != 2) continue;
        const bram_axis *time = bram_response_axis(r, 0), *neuron = bram_response_axis(r, 1);
        const double *at = bram_axis_values(time);
        size_t rows = bram_axis_length(time);
        widen(&neurons, (double)bram_axis_length(neuron));
        widen(&labels, (double)count_labels(neuron));
        if (at && rows > 1) {
            widen(&minutes, (at[rows - 1] - at[0]) / 60);
            widen(&step, (at[rows - 1] - at[0]) / (double)(rows - 1));
        }
        unit = bram_attrs_text(bram_response_attrs_const(r), "unit");
        filter = bram_attrs_text(bram_response_attrs_const(r), "filter");
    }
    bram_buffer_putf(out, "- %zu recording%s", n, n == 1 ? "" : "s");
    put_range(out, neurons, "traces each");
    put_range(out, labels, "of them with an identity");
    put_range(out, minutes, "minutes");
    put_range(out, step, "s a row on average");
    bram_buffer_put(out, "\n- Species: ");
    put_values(out, ds, "species");
    bram_buffer_put(out, "; conditions: ");
    put_values(out, ds, "condition");
    bram_buffer_put(out, "; subjects: ");
    put_values(out, ds, "subject");
    bram_buffer_putf(out, "\n- Unit: %s; filter: %s\n", bram_release_say(unit),
                     bram_release_say(filter));
}

/* ---- all that is in a file ------------------------------------------------------------------ */

static void put_shape(bram_buffer *out, const bram_response *r)
{
    for (size_t d = 0; d < bram_response_dims(r); d++)
        bram_buffer_putf(out, "%s%zu %s", d ? " x " : "", bram_response_length(r, d),
                         bram_axis_name(bram_response_axis(r, d)));
}

static void put_arrays(bram_buffer *out, const bram_dataset *ds)
{
    bram_buffer_put(out,
                    "\n| array or table | shape | unit | missing values |\n|---|---|---|---|\n");
    for (size_t i = 0; i < bram_dataset_responses(ds); i++) {
        const char *path = bram_dataset_response_path(ds, i);
        const bram_response *r = bram_dataset_response(ds, path);
        const char *unit = bram_attrs_text(bram_response_attrs_const(r), "unit");
        bram_buffer_putf(out, "| `%s` | ", path);
        put_shape(out, r);
        bram_buffer_putf(out, " | %s | %s |\n", unit ? unit : "",
                         bram_response_has_mask(r) ? "masked" : "none");
    }
    for (size_t i = 0; i < bram_dataset_tables(ds); i++) {
        const char *path = bram_dataset_table_path(ds, i);
        const bram_axis *t = bram_dataset_table(ds, path);
        bram_buffer_putf(out, "| `%s` | %zu rows, %zu columns | | |\n", path, bram_axis_length(t),
                         bram_axis_columns(t));
    }
}

/* What imports found odd, response by response. */
static void put_findings(bram_buffer *out, const bram_dataset *ds)
{
    size_t shown = 0;
    for (size_t i = 0; i < bram_dataset_responses(ds); i++) {
        const char *path = bram_dataset_response_path(ds, i);
        const bram_attrs *a = bram_response_attrs_const(bram_dataset_response(ds, path));
        const char *text = bram_attrs_text(a, "findings");
        if (text && *text) {
            bram_buffer_putf(out, "- `%s`: %s\n", path, text);
            shown++;
        }
    }
    if (!shown) bram_buffer_put(out, "The import noted none in the responses.\n");
}

static bool has(const bram_dataset *ds, const char *prefix)
{
    for (size_t i = 0; i < bram_dataset_responses(ds); i++)
        if (strncmp(bram_dataset_response_path(ds, i), prefix, strlen(prefix)) == 0) return true;
    return false;
}

/* Pictures that the table of stimuli names, and that are not in the file. */
static bool lacks_pictures(const bram_dataset *ds)
{
    const bram_axis *stimulus = bram_dataset_table(ds, "stimuli/stimulus");
    return stimulus && bram_axis_column(stimulus, "image_sha256") && !has(ds, "stimuli/images/");
}

/* "SHA256 NAME, SHA256 NAME", a line each. */
static void put_raw_files(bram_buffer *out, const bram_dataset *ds)
{
    enum { DIGITS = 64 };
    const char *at = text_of(ds, "", "sources");
    if (!at) {
        bram_buffer_put(out, "not stated\n");
        return;
    }
    while (*at) {
        const char *end = at;
        do {
            end = strstr(end, ", ");
            if (end) end += 2;
        } while (end && strspn(end, "0123456789abcdef") < DIGITS);
        size_t length = end ? (size_t)(end - 2 - at) : strlen(at);
        bram_buffer_putf(out, "- `%.*s`\n", (int)length, at);
        at = end ? end : at + length;
    }
}

/* ---- sections ------------------------------------------------------------------------------- */

static void motivation(bram_buffer *out, const bram_release_source *s)
{
    bram_buffer_put(out, "\n### Motivation\n");
    answer(out, "For what was it made?",
           s->made ? "To test programs and claims on data whose truth is known." : NULL);
    answer(out, "By whom?", s->citation);
    answer(out, "Who paid for it?", s->made ? "Nobody: it is made by code." : NULL);
}

static void composition(bram_buffer *out, const bram_release_source *s)
{
    const bram_dataset *ds = s->ds;
    bram_buffer_put(out, "\n### Composition\n");
    ask(out, "What is in it, and how much?");
    put_recordings(out, ds);
    put_arrays(out, ds);
    ask(out, "Is it all there is, or a sample?");
    if (s->made) bram_buffer_put(out, "All of it.\n");
    else if (s->manifest)
        bram_buffer_putf(out, "%s; the manifest lists %zu published file%s.\n",
                         s->as_published ? "It is made of files as they were published"
                                         : "It is not made of the files of the manifest alone",
                         s->manifest->file_count, s->manifest->file_count == 1 ? "" : "s");
    else bram_buffer_put(out, "not stated\n");
    answer(out, "Is anything missing?",
           lacks_pictures(ds) ? "Missing values are masked, never filled. The pictures that were "
                                "shown are not in the file: their names and SHA-256 are."
                              : "Missing values are masked, never filled.");
    ask(out, "Are there errors, noise, copies?");
    put_findings(out, ds);
    answer(out, "Are there recommended splits?",
           "Yes, of each benchmark on it: folder `splits/`, explained in `README.md`.");
    answer(out, "Does it stand by itself?",
           lacks_pictures(ds) ? "No: see what is missing."
                              : "Yes: nothing is fetched from elsewhere.");
    answer(out, "Could it be confidential, offend, or identify people?",
           s->made ? "No: it is made by code." : NULL);
}

static void collection(bram_buffer *out, const bram_release_source *s)
{
    bram_buffer_put(out, "\n### Collection\n");
    answer(out, "How was it acquired, with what apparatus, over which time, by whom?",
           s->made ? "By code, from the seed that the file states." : NULL);
    answer(out, "Was it reviewed by an ethics committee?",
           s->made ? "There is nothing to review." : NULL);
    answer(out, "Where is that described?", s->citation);
    bram_buffer_putf(out, "DOI: %s. Address: %s. Version: %s.\n", bram_release_say(s->doi),
                     bram_release_say(s->url), bram_release_say(s->version));
}

static void preprocessing(bram_buffer *out, const bram_release_source *s)
{
    bram_buffer_put(out, "\n### Preprocessing, cleaning, labelling\n");
    answer(out, "What was done to it here?", text_of(s->ds, "", "history"));
    answer(out, "What was done to it before?", s->made ? "Nothing." : NULL);
    ask(out, "From which raw files (SHA-256)?");
    if (s->made) bram_buffer_put(out, "none\n");
    else put_raw_files(out, s->ds);
    answer(out, "Is the program that did it available?",
           "Yes: bramble, GPL-3.0-or-later; its version is in the answer above.");
}

static void uses(bram_buffer *out, const bram_release *r, const bram_release_source *s)
{
    bram_buffer_put(out, "\n### Uses\n");
    ask(out, "What was it used for?");
    bram_buffer_putf(out, "By the paper it comes from%s",
                     r->benchmarks ? ", and by these benchmarks: " : ".");
    for (size_t i = 0; i < r->benchmarks; i++)
        bram_buffer_putf(out, "%s`%s`", i ? ", " : "", r->benchmark[i].name);
    bram_buffer_put(out, r->benchmarks ? ".\n" : "\n");
    answer(out, "What should it not be used for?", NULL);
    bram_buffer_putf(out, "Its licence asks: %s.\n", s->terms.says);
}

static void distribution(bram_buffer *out, const bram_release *r, const bram_release_source *s)
{
    bram_buffer_put(out, "\n### Distribution\n");
    ask(out, "Under which licence?");
    bram_buffer_putf(out, "%s%s%s.\n", bram_release_say(s->licence),
                     s->terms.verdict != BRAM_LICENCE_ALLOWS ? "; passed on by permission: " : "",
                     s->terms.verdict != BRAM_LICENCE_ALLOWS ? r->permission : "");
    ask(out, "How is it told apart from other versions?");
    bram_buffer_putf(out,
                     "By the SHA-256 of its content, `%s`; results that were scored on it "
                     "state that hash.\n",
                     s->hash);
    answer(out, "Are there other restrictions, such as export control?", NULL);
    bram_buffer_put(out, "\n### Maintenance\n");
    answer(out, "Who keeps it, and how are they reached?", s->url);
    answer(out, "Will it be corrected, are old versions kept, can others contribute?", NULL);
}

int bram_release_datasheet(bram_ctx *cx, bram_buffer *out, const bram_release *r)
{
    bram_buffer_put(out, "# Datasheet\n\nThe questions are those of Gebru et al. 2021 (Datasheets "
                         "for datasets, Commun ACM 64:86). Answers come from file and manifest "
                         "alone;\n\"not stated\" is what neither tells.\n");
    for (size_t i = 0; i < r->sources; i++) {
        const bram_release_source *s = &r->source[i];
        bram_buffer_putf(out, "\n## %s: %s\n", s->name, bram_release_say(s->title));
        motivation(out, s);
        composition(out, s);
        collection(out, s);
        preprocessing(out, s);
        uses(out, r, s);
        distribution(out, r, s);
    }
    return bram_buffer_status(cx, out);
}
