/*
 * cmd_simulate.c - `bramble simulate NAME -o FILE`: a made dataset as a homogenized file.
 */
#include "output.h"
#include "simulate.h"

static int unknown(bram_ctx *cx, const char *name)
{
    bram_buffer names = {0};
    for (size_t i = 0; bram_simulation_table[i].name; i++)
        bram_buffer_putf(&names, "%s%s", i ? ", " : "", bram_simulation_table[i].name);
    int status = bram_fail(cx, BRAM_EUSAGE, "no made dataset is named \"%s\"; there are: %s", name,
                           bram_buffer_text(&names));
    bram_buffer_release(&names);
    return status;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    const char *name = bram_cli_argument(args, 0), *out = bram_cli_text(args, "output", NULL);
    int64_t seed;
    if (!out) return bram_fail(cx, BRAM_EUSAGE, "simulate needs -o FILE.h5");
    if (!bram_simulation_find(name)) return unknown(cx, name);
    BRAM_TRY(bram_cli_integer(cx, args, "seed", 0, INT64_MAX, 1, &seed));
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_simulate(cx, &ds, name, (uint64_t)seed));
    int status = bram_dataset_write(cx, ds, out, bram_cli_has(args, "force"));
    bram_dataset_free(ds);
    return status;
}

const bram_command bram_command_simulate = {
    .name = "simulate",
    .summary = "makes a dataset whose truth is known",
    .arguments = "NAME -o FILE.h5",
    .about =
        "Writes a made dataset ('bramble list datasets' names them) with its truth: the network, "
        "the hidden states. The same name and seed give the same bytes; seed 1 is what the "
        "benchmarks of the suite simulated run on.",
    .options = (const bram_cli_option[]){{"output", 'o', "FILE.h5", "The file to write"},
                                         {"seed", 0, "N", "The seed (default 1)"},
                                         {"force", 'f', NULL, "Replaces a file that exists"},
                                         {NULL}},
    .examples = (const bram_cli_example[]){{"bramble simulate simulated-worm -o made.h5",
                                            "animals with one known connectome"},
                                           {"bramble info made.h5", "what is in it"},
                                           {NULL, NULL}},
    .least = 1,
    .most = 1,
    .computes = true,
    .run = run,
};
