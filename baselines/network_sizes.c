/*
 * network_sizes.c - sizes that an option leaves to the data (0): the more there is to learn from,
 * the larger the network and the longer its training; see network.h.
 */
#include "network.h"

/* From so many values of training (rows times units) on. 64 and 256 units are what recordings of
 * worms and of large populations are given in the literature; what lies between is by halves. */
static const struct {
    size_t values, width, batch, steps;
} classes[] = {
    {0, 32, 16, 1000}, {10000, 64, 32, 2000}, {1000000, 128, 32, 4000}, {4000000, 256, 64, 8000}};

static size_t chosen(const bram_options *o, const char *name, size_t otherwise)
{
    size_t value = (size_t)bram_option_integer(o, name);
    return value ? value : otherwise;
}

bram_network_sizes bram_network_sizes_of(const bram_network_body *body, const bram_options *o,
                                         size_t rows, size_t units)
{
    size_t k = sizeof classes / sizeof *classes - 1;
    while (k > 0 && (double)rows * (double)units < (double)classes[k].values) k--;
    bram_network_sizes s = {.batch = chosen(o, "batch", classes[k].batch),
                            .steps = chosen(o, "steps", classes[k].steps)};
    if (body->tells) return s; /* its units are the neurons */
    s.width = chosen(o, body->by_window ? "width" : "hidden", classes[k].width);
    if (body->by_window) s.ff = chosen(o, "ff", 4 * s.width);
    return s;
}
