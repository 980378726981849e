/*
 * release_text.c - README, licences, citations and bundle.json of a bundle; see release.h.
 */
#include "release_parts.h"

#include "bibtex.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

const char *bram_release_say(const char *text)
{
    return text && *text ? text : "not stated";
}

/* "a", "a and b", "a, b and c" of the sources. */
static void put_names(bram_buffer *out, const bram_release *r)
{
    for (size_t i = 0; i < r->sources; i++)
        bram_buffer_putf(out, "%s%s",
                         !i                   ? ""
                         : i + 1 < r->sources ? ", "
                                              : " and ",
                         r->source[i].name);
}

/* A benchmark that can be shown as an example: one with splits, else any. */
static const char *example(const bram_release *r)
{
    for (size_t i = 0; i < r->benchmarks; i++)
        if (!r->benchmark[i].why) return r->benchmark[i].name;
    return r->benchmarks ? r->benchmark[0].name : NULL;
}

/* The reason, which begins with the name of the benchmark, without that. */
static const char *without_name(const bram_release_benchmark *b)
{
    size_t length = strlen(b->name);
    bool named = strncmp(b->why, b->name, length) == 0 && strncmp(b->why + length, ": ", 2) == 0;
    return named ? b->why + length + 2 : b->why;
}

static void put_benchmarks(bram_buffer *out, const bram_release *r)
{
    bram_buffer_put(out, "\n## Benchmarks and splits\n\n");
    if (!r->benchmarks) {
        bram_buffer_put(out, "No benchmark of the program is on these data.\n");
        return;
    }
    bram_buffer_put(
        out,
        "`splits/NAME/splits.csv` has a row for each row of each part: `part`, `row` (id of a "
        "stimulus, or seconds; `from` and\n`to` of pairs), `set` (train, validation, test; empty "
        "between them), `fold` (the one that leaves the row out).\n`rows.csv` and `units.csv` "
        "say what is predicted.\n\n| benchmark | asks | splits |\n|---|---|---|\n");
    for (size_t i = 0; i < r->benchmarks; i++) {
        const bram_release_benchmark *b = &r->benchmark[i];
        bram_buffer_putf(out, "| `%s` | %s | ", b->name, b->title);
        if (b->why) bram_buffer_putf(out, "none: %s |\n", without_name(b));
        else bram_buffer_putf(out, "`splits/%s/` |\n", b->name);
    }
}

void bram_release_readme(bram_buffer *out, const bram_release *r)
{
    bram_buffer_put(out, "# ");
    put_names(out, r);
    bram_buffer_put(out, "\n\n");
    for (size_t i = 0; i < r->sources; i++)
        bram_buffer_putf(out, "- `data/%s.h5`: %s. Licence: %s. Cite: %s.\n", r->source[i].name,
                         bram_release_say(r->source[i].title),
                         bram_release_say(r->source[i].licence),
                         bram_release_say(r->source[i].citation));
    bram_buffer_putf(
        out,
        "\nHomogenized by bramble %s. What it is made of and fit for is in `DATASHEET.md`, what to "
        "heed when it is passed on in\n`LICENCES.md`, what to cite in `CITATION.bib`.\n\n"
        "## Check it\n\n```sh\nsha256sum -c --quiet SHA256SUMS    # every byte is as it was "
        "written\nbramble verify .                   # and: nothing besides, files obey the "
        "schema, hashes of content\n```\n\n## Use it\n\n```sh\nbramble info data/%s.h5\n",
        bram_version(), r->source[0].name);
    if (example(r))
        bram_buffer_putf(out, "bramble run ./benchmarks/%s.yaml --data data --out results\n",
                         example(r));
    bram_buffer_putf(out,
                     "```\n\nWithout bramble, it is HDF5 in netCDF-4 form:\n\n```python\nimport "
                     "h5py\n\nwith h5py.File(\"data/%s.h5\") as f:\n    f.visit(print)\n```\n",
                     r->source[0].name);
    for (size_t i = 0; i < r->sources; i++) {
        const bram_yaml_manifest *m = r->source[i].manifest;
        if (r->source[i].made)
            bram_buffer_putf(out, "\n## Make %s anew\n\n```sh\nbramble simulate %s -o %s.h5\n```\n",
                             r->source[i].name, r->source[i].name, r->source[i].name);
        else if (m && m->source)
            bram_buffer_putf(out,
                             "\n## Import %s anew\n\n```sh\nBRAMBLE_MANIFESTS=manifests bramble "
                             "fetch %s -o raw\nbramble import raw/* --source '%s' -o %s.h5\n```\n",
                             m->name, m->name, m->source, m->name);
    }
    put_benchmarks(out, r);
}

void bram_release_licences(bram_buffer *out, const bram_release *r)
{
    bram_buffer_put(out, "# Licences\n\nAs the depositors of each source state them. What is said "
                         "of their terms is a reading of the words, no legal advice.\n");
    for (size_t i = 0; i < r->sources; i++) {
        const bram_release_source *s = &r->source[i];
        bram_buffer_putf(out, "\n## %s\n\n- Licence: %s\n- Terms: %s%s%s\n", s->name,
                         bram_release_say(s->licence), s->terms.says, s->terms.url ? ", see " : "",
                         s->terms.url ? s->terms.url : "");
        if (s->terms.verdict != BRAM_LICENCE_ALLOWS)
            bram_buffer_putf(out, "- Permission, as stated by whoever made this bundle: %s\n",
                             r->permission);
        bram_buffer_putf(out,
                         "- Changes: homogenized by bramble %s (`history` in the file); values are "
                         "otherwise those of the source\n- Citation: %s\n- DOI: %s\n- Address: "
                         "%s\n",
                         bram_version(), bram_release_say(s->citation), bram_release_say(s->doi),
                         bram_release_say(s->url));
    }
}

void bram_release_bibtex(bram_buffer *out, const bram_release *r)
{
    for (size_t i = 0; i < r->sources; i++)
        if (r->source[i].citation) bram_bibtex_put(out, r->source[i].citation);
    bram_bibtex_put_program(out);
}

static void put_source(bram_json_out *o, const bram_release_source *s)
{
    char path[512];
    snprintf(path, sizeof path, "data/%s.h5", s->name);
    bram_json_out_object(o, NULL);
    bram_json_out_text(o, "name", s->name);
    bram_json_out_text(o, "file", path);
    bram_json_out_text(o, "hash", s->hash);
    bram_json_out_text(o, "title", s->title);
    bram_json_out_text(o, "version", s->version);
    bram_json_out_text(o, "licence", s->licence);
    bram_json_out_text(o, "citation", s->citation);
    bram_json_out_text(o, "doi", s->doi);
    bram_json_out_text(o, "url", s->url);
    bram_json_out_end(o);
}

int bram_release_json(bram_ctx *cx, bram_buffer *out, const bram_release *r)
{
    bram_json_out *o = NULL;
    char *text = NULL;
    BRAM_TRY(bram_json_out_new(cx, &o));
    bram_json_out_object(o, NULL);
    bram_json_out_text(o, "content", "bramble-bundle");
    bram_json_out_integer(o, "version", 1);
    bram_json_out_text(o, "program", bram_version());
    bram_json_out_text(o, "permission", r->permission);
    bram_json_out_array(o, "sources");
    for (size_t i = 0; i < r->sources; i++) put_source(o, &r->source[i]);
    bram_json_out_end(o);
    bram_json_out_array(o, "benchmarks");
    for (size_t i = 0; i < r->benchmarks; i++) {
        const bram_release_benchmark *b = &r->benchmark[i];
        bram_json_out_object(o, NULL);
        bram_json_out_text(o, "name", b->name);
        bram_json_out_text(o, "title", b->title);
        bram_json_out_text(o, "dataset", b->dataset);
        bram_json_out_flag(o, "splits", !b->why);
        bram_json_out_text(o, "why", b->why);
        bram_json_out_end(o);
    }
    bram_json_out_end(o);
    bram_json_out_end(o);
    int status = bram_json_out_finish(cx, o, &text, false);
    if (status == BRAM_OK) bram_buffer_put(out, text);
    bram_free(text);
    bram_json_out_free(o);
    return status;
}
