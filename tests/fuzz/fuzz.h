/*
 * fuzz.h - what a fuzz target is: a function that reads any bytes as one format and must return. It
 * is linked with libFuzzer (meson option fuzz, clang) to look for inputs that break it, and with
 * replay.c to run the known ones in every test run.
 */
#ifndef BRAMBLE_FUZZ_H
#define BRAMBLE_FUZZ_H

#include <bramble/context.h>

/** Reads the input in every way the format's reader offers. */
void fuzz_input(bram_ctx *cx, const unsigned char *bytes, size_t size);

/** The input as a file, for readers that take a path; the same name each time. */
const char *fuzz_file(const unsigned char *bytes, size_t size);

/** Stops the program, with what is not so. */
#define fuzz_need(condition) fuzz_need_(condition, #condition, __FILE__, __LINE__)
void fuzz_need_(bool condition, const char *text, const char *file, int line);

/**
 * @return whether a status is BRAM_OK. Any other must be one that bad input may give, with a
 * message of one line.
 */
bool fuzz_ok(bram_ctx *cx, int status);

/** One input in a context of its own. */
void fuzz_one(const unsigned char *bytes, size_t size);

#endif
