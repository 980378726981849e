/*
 * cmd_tutorial.c - `bramble tutorial DIR`: from a laboratory's table to a report, step by step.
 * Each step says why, shows the command, and runs it as it stands.
 */
#include "args.h"
#include "buffer.h"
#include "folder.h"
#include "terminal.h"
#include "tutorial_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 32, LINE = 512 };

/* Words of a command are parted by single spaces; none is quoted. */
static const struct step {
    const char *title, *why, *command;
} steps[] = {
    {"A recording becomes a homogenized file",
     "recording.csv is a table as many laboratories keep it: time, and a column for\n"
     "each neuron. Once it is homogenized, every benchmark and model reads it, and so\n"
     "do h5py and xarray.",
     "import recording.csv -o data/worm.h5 --source generic:times=time,unit=dF/F"},
    {"What is in it", "Names of neurons, length, time steps, where it came from.",
     "info data/worm.h5"},
    {"Is it valid?", "The same check that an import ends with; for files from elsewhere.",
     "check data/worm.h5"},
    {"Baselines on your recording",
     "my-worm.yaml is a benchmark: a dataset, a question, metrics, models. Time is cut\n"
     "into what is learnt from and what is scored, with a gap between; all models see\n"
     "the same rows.",
     "run ./my-worm.yaml --data data --out results"},
    {"The leaderboard",
     "Each score with its interval, the trivial models and chance beside it. Models\n"
     "that the paired comparison cannot tell apart share a rank.",
     "leaderboard results"},
    {"What another benchmark asks of a model",
     "simulated-vision-encoding: which features predict the neurons of a made visual\n"
     "area? Its data are made by code, so the truth is known. The files in asked/ say\n"
     "what a model must answer.",
     "benchmark show simulated-vision-encoding --stimuli --rows -o asked"},
    {"Your own model beside the baselines",
     "my-features.csv is what a model that was run elsewhere says of the stimuli:\n"
     "their ids, and its features. Rows are matched by id, never by order. Files .npy,\n"
     ".h5, .mat, .safetensors do as well, or a program that answers line by line.",
     "run simulated-vision-encoding --out results --model files:my-features.csv"},
    {"Where it stands",
     "It sees layer2, which the area reads, through noise: better than the wrong\n"
     "layers, worse than the truth.",
     "leaderboard results --benchmark simulated-vision-encoding"},
    {"All of it on one page",
     "Figures, methods as a paper would put them, what to cite (report.bib), and the\n"
     "hashes that everything rests on.",
     "report results --data data --output report.html"},
};

/* ---- running -------------------------------------------------------------------------------- */

/* This very program, with the words of a line. */
static void become(const char *line)
{
    static char words[LINE];
    static char name[] = "bramble";
    char *argv[WORDS + 2] = {name};
    size_t n = 1;
    snprintf(words, sizeof words, "%s", line);
    for (char *at = words; n < WORDS && at; n++) {
        argv[n] = at;
        at = strchr(at, ' ');
        if (at) *at++ = 0;
    }
    execv("/proc/self/exe", argv);
    _exit(126);
}

static int run_step(bram_ctx *cx, const struct step *s)
{
    int state = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) return bram_fail(cx, BRAM_EINTERNAL, "no process: %s", strerror(errno));
    if (!child) become(s->command);
    while (waitpid(child, &state, 0) < 0)
        if (errno != EINTR)
            return bram_fail(cx, BRAM_EINTERNAL, "bramble %s: %s", s->command, strerror(errno));
    BRAM_TRY(bram_ctx_check_cancel(cx));
    if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return BRAM_OK;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "bramble %s: exit code %d", s->command,
                     WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state));
}

static int say(bram_ctx *cx, const char *text)
{
    return bram_cli_print(cx, text, strlen(text));
}

/* @return false: the reader has enough */
static bool go_on(bram_ctx *cx)
{
    char line[LINE];
    if (say(cx, "Enter runs it, q ends: ") != BRAM_OK || fflush(stdout) != 0) return false;
    return fgets(line, sizeof line, stdin) && line[0] != 'q';
}

/* ---- the command ---------------------------------------------------------------------------- */

static int show(bram_ctx *cx, const struct step *s, size_t i, size_t count)
{
    bram_buffer b = {0};
    bram_buffer_putf(&b, "\n%zu of %zu  %s\n\n%s\n\n    $ bramble %s\n\n", i + 1, count, s->title,
                     s->why, s->command);
    int status = bram_buffer_status(cx, &b);
    if (status == BRAM_OK) status = say(cx, bram_buffer_text(&b));
    bram_buffer_release(&b);
    return status;
}

/* @param dir  where everything happens, for people */
static int walk(bram_ctx *cx, const char *dir, bool wait, bool only_show)
{
    size_t count = sizeof steps / sizeof *steps;
    for (size_t i = 0; i < count; i++) {
        BRAM_TRY(show(cx, &steps[i], i, count));
        if (only_show) continue;
        if (wait && !go_on(cx)) return BRAM_OK;
        BRAM_TRY(run_step(cx, &steps[i]));
    }
    if (!only_show) {
        BRAM_TRY(say(cx, "\nThe report is a page for any browser: "));
        BRAM_TRY(say(cx, dir));
        BRAM_TRY(say(cx, "/report.html\n"));
    }
    return say(cx, "\nThat is the tour. `bramble list suites` shows what else there is,\n"
                   "`bramble COMMAND --help` every command; README.md goes on from here.\n");
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    bool only_show = bram_cli_has(args, "show");
    if (only_show) return walk(cx, "", false, true);
    if (!bram_cli_arguments(args))
        return bram_fail(cx, BRAM_EUSAGE,
                         "tutorial needs a folder to work in: bramble tutorial DIR");
    const char *dir = bram_cli_argument(args, 0);
    BRAM_TRY(bram_folder_make(cx, dir));
    if (chdir(dir) != 0) return bram_fail(cx, BRAM_EWRITE, "%s: %s", dir, strerror(errno));
    BRAM_TRY(bram_folder_make(cx, "data"));
    BRAM_TRY(bram_tutorial_files(cx));
    BRAM_TRY(say(cx, "Everything happens in the folder "));
    BRAM_TRY(say(cx, dir));
    BRAM_TRY(say(cx, ".\nThere are now recording.csv, my-worm.yaml and my-features.csv.\n"));
    return walk(cx, dir, isatty(STDIN_FILENO) && isatty(STDOUT_FILENO), false);
}

const bram_command bram_command_tutorial = {
    .name = "tutorial",
    .summary = "goes from a recording to a report, step by step",
    .arguments = "DIR",
    .about =
        "Writes a recording, a benchmark and a model's features into a folder and goes through "
        "import, run, a model of one's own and the report with them. Each step says why, shows the "
        "command and runs it. On a terminal it waits before each. All of it takes less than a "
        "minute and needs no download.",
    .options = (const bram_cli_option[]){{"show", 0, NULL, "Shows the steps and runs none"},
                                         {NULL}},
    .examples = (const bram_cli_example[]){{"bramble tutorial first-steps",
                                            "in a folder of its own"},
                                           {"bramble tutorial --show", "the commands alone"},
                                           {NULL, NULL}},
    .least = 0,
    .most = 1,
    .only_text = true,
    .run = run,
};
