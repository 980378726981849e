/*
 * simulate.c - the made datasets by name.
 */
#include "simulate.h"

#include <string.h>

const bram_simulation bram_simulation_table[] = {
    {"simulated-circuit",
     "spiking network of 16 neurons with known connections, two behaviours, 10000 bins",
     bram_simulate_circuit, false},
    {"simulated-circuit-full", "the same with 40 neurons and 40000 bins", bram_simulate_circuit,
     true},
    {"simulated-driven", "neurons that behaviour drives: 4 animals of 11 neurons, 400 rows each",
     bram_simulate_driven, false},
    {"simulated-driven-full", "the same with 10 animals of 39 neurons, 3000 rows each",
     bram_simulate_driven, true},
    {"simulated-graphs", "weighted graphs with known communities (LFR): 9 settings, 3 of each",
     bram_simulate_graphs, false},
    {"simulated-graphs-full", "the same, 10 of each", bram_simulate_graphs, true},
    {"simulated-motifs", "groups of neurons that move together at known times, 6 animals",
     bram_simulate_motifs, false},
    {"simulated-motifs-full", "the same with 20 animals and four times as long",
     bram_simulate_motifs, true},
    {"simulated-motor", "reaches of a motor cortex of 60 neurons: 26 trials of 1.2 s, two muscles",
     bram_simulate_motor, false},
    {"simulated-motor-full", "the same with 200 neurons", bram_simulate_motor, true},
    {"simulated-networks", "RDMs of 5 layers of 8 instances of a network, 24 stimuli",
     bram_simulate_networks, false},
    {"simulated-networks-full", "the same with 10 layers of 10 instances, 62 stimuli",
     bram_simulate_networks, true},
    {"simulated-pictures", "400 made pictures, a retina and V1 of 20 units each, 8 repeats",
     bram_simulate_pictures, false},
    {"simulated-pictures-full", "the same with 1000 pictures and 60 units each",
     bram_simulate_pictures, true},
    {"simulated-spikes",
     "switching spiking network: 12 neurons, 3 states, 20 sequences of 500 bins",
     bram_simulate_spikes, false},
    {"simulated-spikes-full", "the same with 20 neurons, 5 states, 50 sequences of 2000 bins",
     bram_simulate_spikes, true},
    {"simulated-tokens",
     "maps of 36 tokens, an area that looks at objects and one that does not: 600 stimuli",
     bram_simulate_tokens, false},
    {"simulated-tokens-full", "the same with 3000 stimuli and 80 units an area",
     bram_simulate_tokens, true},
    {"simulated-vessels", "vessel graph: 1728 branch points, 2838 vessels with radii",
     bram_simulate_vessels, false},
    {"simulated-vessels-full", "the same with 64000 branch points", bram_simulate_vessels, true},
    {"simulated-vision", "layered visual system: 120 stimuli, 4 subjects of 20 units, 8 repeats",
     bram_simulate_vision, false},
    {"simulated-vision-full", "the same with 480 stimuli and 4 subjects of 100 units",
     bram_simulate_vision, true},
    {"simulated-vision-dynamics",
     "layered visual system in time: 60 stimuli, 12 bins, 20 units, 6 repeats",
     bram_simulate_dynamics, false},
    {"simulated-vision-dynamics-full", "the same with 200 stimuli and 80 units",
     bram_simulate_dynamics, true},
    {"simulated-worm", "connectome-constrained worm, 4 animals of 48 neurons, 600 samples each",
     bram_simulate_worm, false},
    {"simulated-worm-full", "the same with 10 animals of 120 neurons, 3000 samples each",
     bram_simulate_worm, true},
    {.name = NULL}};

const bram_simulation *bram_simulation_find(const char *name)
{
    for (const bram_simulation *s = bram_simulation_table; s->name; s++)
        if (strcmp(s->name, name) == 0) return s;
    return NULL;
}

static int describe(bram_ctx *cx, bram_dataset *ds, const bram_simulation *s, uint64_t seed)
{
    bram_attrs *a = bram_dataset_attrs(cx, ds, "");
    if (!a) return BRAM_ENOMEM;
    BRAM_TRY(bram_attrs_set_text(cx, a, "dataset", s->name));
    BRAM_TRY(bram_attrs_set_text(cx, a, "title", s->summary));
    BRAM_TRY(bram_attrs_set_text(cx, a, "version", "1"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "licence", "CC0-1.0"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "citation", "made by bramble"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "doi", ""));
    BRAM_TRY(bram_attrs_set_text(cx, a, "history", "simulated by bramble"));
    return bram_attrs_set_integer(cx, a, "seed", (int64_t)seed);
}

int bram_simulate(bram_ctx *cx, bram_dataset **out, const char *name, uint64_t seed)
{
    const bram_simulation *s = bram_simulation_find(name);
    if (!s) return bram_fail(cx, BRAM_EABSENT, "no simulation is named \"%s\"", name);
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_dataset_new(cx, &ds));
    int status = describe(cx, ds, s, seed);
    if (status == BRAM_OK) status = s->make(cx, ds, seed, s->full);
    if (status == BRAM_OK) *out = ds;
    else bram_dataset_free(ds);
    return status;
}
