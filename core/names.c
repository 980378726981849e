/*
 * names.c - which names are allowed. The rules are those that HDF5 and netCDF-4 share, so that what
 * can be named in memory can be written.
 */
#include "names.h"

#include <string.h>

bool bram_name_is_identifier(const char *name)
{
    if (!name || *name < 'a' || *name > 'z') return false;
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == 0;
}

/* The length of the UTF-8 sequence at p, 0 when it is not one. Limits: RFC 3629, section 4. */
static size_t sequence(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80) return 1;
    size_t length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || length > left) return 0;
    for (size_t i = 1; i < length; i++)
        if (p[i] < 0x80 || p[i] > 0xbf) return 0;
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool outside = (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f);
    return overlong || outside ? 0 : length;
}

bool bram_name_is_utf8(const char *text, size_t length)
{
    for (size_t i = 0, step; i < length; i += step) {
        step = sequence((const unsigned char *)text + i, length - i);
        if (!step) return false;
    }
    return true;
}

bool bram_name_is_line(const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = 0; i < length; i++) {
        bool c1 = p[i] == 0xc2 && i + 1 < length && p[i + 1] < 0xa0;
        if (p[i] < 32 || p[i] == 127 || c1) return false;
    }
    return bram_name_is_utf8(text, length);
}

bool bram_name_is_step(const char *name, size_t length)
{
    if (length < 1 || length > 255 || name[0] == ' ' || name[length - 1] == ' ') return false;
    if (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'))) return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] == '/' || (unsigned char)name[i] < 32 || name[i] == 127) return false;
    return bram_name_is_utf8(name, length);
}

bool bram_name_stays_inside(const char *path)
{
    if (*path == '/' || strchr(path, '\\')) return false;
    for (const char *p = path;; p++) {
        size_t n = strcspn(p, "/");
        if (n == 0 || (n == 1 && *p == '.') || (n == 2 && p[0] == '.' && p[1] == '.')) return false;
        p += n;
        if (!*p) return true;
    }
}
