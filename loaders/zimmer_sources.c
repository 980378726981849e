/*
 * zimmer_sources.c - the sources whose files zimmer.c reads: what the names of their variables
 * say, and their entries.
 *
 * Conditions stand in the names of the variables only. Nichols 2017: n2 and npr1 are strains, let
 * is lethargus (late L4), prelet the hours before (mid L4). Kaplan 2020: MN are motor neurons; the
 * neurons named before hisCl carry a histamine-gated chloride channel, so that histamine silences
 * them. Uzel 2022: the neurons before _His carry it (the paper's MATLAB code excludes just these).
 * None of the original files was at hand: the layout is that of public code that reads them
 * (qsimeon/worm-data-preprocess) and of the depositors' readme of Kato 2015 (verified: documented).
 */
#include "zimmer.h"

#include "gz.h"
#include "intake.h"

#include <string.h>

static const bram_zimmer_variable kato[] = {{.name = "WT_NoStim"},
                                            {.name = "WT_Stim"},
                                            {.name = "NoStim_Data"},
                                            {.name = "AVA_HisCl", .silenced = "AVA"},
                                            {.name = NULL}};

static const bram_zimmer_variable nichols[] = {
    {.name = "n2_let", .strain = "N2", .stage = "lethargus"},
    {.name = "n2_prelet", .strain = "N2", .stage = "prelethargus"},
    {.name = "npr1_let", .strain = "npr-1", .stage = "lethargus"},
    {.name = "npr1_prelet", .strain = "npr-1", .stage = "prelethargus"},
    {.name = NULL}};

static const bram_zimmer_variable skora[] = {{.name = "WT_fasted", .feeding = "fasted"},
                                             {.name = "WT_starved", .feeding = "starved"},
                                             {.name = NULL}};

static const bram_zimmer_variable kaplan[] = {
    {.name = "RIShisCl_Neuron2019", .silenced = "RIS"},
    {.name = "MNhisCl_RIShisCl_Neuron2019", .silenced = "motor neurons, RIS"},
    {.name = "SMDhisCl_RIShisCl_Neuron2019", .silenced = "SMD, RIS"},
    {.name = NULL}};

static const bram_zimmer_variable uzel[] = {
    {.name = "Uzel_WT"},
    {.name = "AVAAVERIMPVC_His", .silenced = "AVA, AVE, RIM, PVC"},
    {.name = "AVBRIBAIB_His", .silenced = "AVB, RIB, AIB"},
    {.name = NULL}};

static const bram_zimmer_source kato2015 = {.variables = kato, .strangers = true},
                                nichols2017 = {.variables = nichols},
                                skora2018 = {.variables = skora},
                                kaplan2020 = {.variables = kaplan}, uzel2022 = {.variables = uzel};

const bram_zimmer_source *const bram_zimmer_sources[] = {&kato2015,   &nichols2017, &skora2018,
                                                         &kaplan2020, &uzel2022,    NULL};

const bram_zimmer_variable *bram_zimmer_find(const char *name, const bram_zimmer_source **owner)
{
    for (size_t s = 0; bram_zimmer_sources[s]; s++)
        for (const bram_zimmer_variable *v = bram_zimmer_sources[s]->variables; v->name; v++)
            if (strcmp(v->name, name) == 0) {
                if (owner) *owner = bram_zimmer_sources[s];
                return v;
            }
    return NULL;
}

/* The depositors' readme of Kato 2015: text that names the fields. */
static int belongs(bram_ctx *cx, const char *path, bram_recognition *out)
{
    static const char *const words[] = {"tracesDif", "timeVectorSeconds", "switchtimes"};
    char text[4096] = "";
    size_t n = bram_gz_peek(path, text, sizeof text - 1), found = 0;
    (void)cx;
    if (memchr(text, 0, n)) return bram_recognise(out, BRAM_NOT_MINE, "no text");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        found += strstr(text, words[i]) != NULL;
    return found == sizeof words / sizeof *words
               ? bram_recognise(out, BRAM_BESIDE_MINE, "a readme that names the fields")
               : bram_recognise(out, BRAM_NOT_MINE, "no readme of the fields");
}

/* An entry: the members that differ; loader.h's function does not know for which entry it runs. */
#define ENTRY(source_, ...)                                                                        \
    static int recognise_##source_(bram_ctx *cx, const bram_input *input, bram_recognition *out)   \
    {                                                                                              \
        return bram_zimmer_recognise(cx, &source_, input, out);                                    \
    }                                                                                              \
    const bram_loader bram_loader_##source_ = {.name = #source_,                                   \
                                               .licence = "not stated",                            \
                                               .verified = BRAM_VERIFIED_DOCUMENTED,               \
                                               .params = bram_zimmer_params,                       \
                                               .recognise = recognise_##source_,                   \
                                               .load = bram_zimmer_load,                           \
                                               .forms = BRAM_FORM_HDF5 | BRAM_FORM_MAT5,           \
                                               .apart = true,                                      \
                                               __VA_ARGS__}

ENTRY(kato2015, .version = 3,
      .summary = "C. elegans whole-brain calcium in immobilized worms, Zimmer laboratory",
      .citation = "Kato et al. 2015, Cell 163:656", .doi = "10.1016/j.cell.2015.09.034",
      .reads = "MATLAB 5 or 7.3: WT_NoStim, WT_Stim, AVA_HisCl", .belongs = belongs);
ENTRY(nichols2017, .version = 1,
      .summary = "C. elegans whole-brain calcium in and before lethargus, N2 and npr-1",
      .citation = "Nichols et al. 2017, Science 356:eaam6851", .doi = "10.1126/science.aam6851",
      .reads = "MATLAB 5 or 7.3: n2_let, n2_prelet, npr1_let, npr1_prelet");
ENTRY(skora2018, .version = 1,
      .summary = "C. elegans whole-brain calcium in fasted and starved worms",
      .citation = "Skora et al. 2018, Cell Reports 22:953", .doi = "10.1016/j.celrep.2017.12.091",
      .reads = "MATLAB 5 or 7.3: WT_fasted, WT_starved");
ENTRY(kaplan2020, .version = 1,
      .summary = "C. elegans whole-brain calcium with neurons that can be silenced",
      .citation = "Kaplan et al. 2020, Neuron 105:562", .doi = "10.1016/j.neuron.2019.10.037",
      .reads = "MATLAB 5 or 7.3: RIShisCl_Neuron2019, MNhisCl_ and SMDhisCl_RIShisCl_Neuron2019");
ENTRY(uzel2022, .version = 1,
      .summary = "C. elegans whole-brain calcium, wild type and silenced hub neurons",
      .citation = "Uzel et al. 2022, Current Biology 32:3443", .doi = "10.1016/j.cub.2022.06.039",
      .reads = "MATLAB 5 or 7.3: Uzel_WT, AVAAVERIMPVC_His, AVBRIBAIB_His");
