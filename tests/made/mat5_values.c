/* mat5_values.c - MATLAB values for made files: see mat5_values.h. */
#include "mat5_values.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void *not_const(const void *p)
{
    return (void *)(uintptr_t)p; /* matio copies, but says so nowhere */
}

matvar_t *made_matrix(const char *name, size_t rows, size_t cols, const double *values)
{
    return Mat_VarCreate(name, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, (size_t[]){rows, cols},
                         not_const(values), 0);
}

matvar_t *made_chars(const char *name, const char *text)
{
    return Mat_VarCreate(name, MAT_C_CHAR, MAT_T_UINT8, 2, (size_t[]){1, strlen(text)},
                         not_const(text), 0);
}

matvar_t *made_cell(const char *name, size_t rows, size_t cols, matvar_t *const *items)
{
    return Mat_VarCreate(name, MAT_C_CELL, MAT_T_CELL, 2, (size_t[]){rows, cols}, not_const(items),
                         0);
}

matvar_t *made_struct(const char *name, size_t count, const char *const *fields)
{
    return Mat_VarCreateStruct(name, 2, (size_t[]){1, 1}, not_const(fields), (unsigned)count);
}

bool made_mat5(const char *path, size_t count, matvar_t *const *variables)
{
    unlink(path);
    mat_t *file = Mat_CreateVer(path, NULL, MAT_FT_MAT5);
    bool written = file;
    for (size_t i = 0; i < count; i++) {
        if (!variables[i]) continue;
        written = written && Mat_VarWrite(file, variables[i], MAT_COMPRESSION_NONE) == 0;
        Mat_VarFree(variables[i]);
    }
    return file && Mat_Close(file) == 0 && written;
}

bool made_knows(const char *word, const char *const *known, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (strcmp(word, known[k]) == 0) return true;
    return false;
}
