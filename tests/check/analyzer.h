/*
 * analyzer.h - what clang's static analyzer cannot see from one file: the status of a failure is
 * the one that was given, never BRAM_OK, so that code behind BRAM_TRY runs only when everything
 * before it is set. static.sh includes it into every source but core/context.c, which defines these
 * functions.
 */
#include <bramble/context.h>

#define bram_fail(cx, status, ...) ((void)(bram_fail)(cx, status, __VA_ARGS__), (status))
#define bram_fail_prefix(cx, status, ...)                                                          \
    ((void)(bram_fail_prefix)(cx, status, __VA_ARGS__), (status))
