/*
 * mat5_names.c - the names of the variables of a MATLAB 5 file, without what the variables hold.
 *
 * matio reads on the way to a name all that a cell array holds, which takes seconds in a large
 * file; several loaders ask for names only. The chain of elements is checked against the file's
 * size here as well, because matio trusts what it reads.
 *
 * MAT-File Format, section 1: a header of 128 bytes; then elements, each a tag (type, bytes) and
 * its data. A variable is of type matrix, or compressed: a zlib stream that inflates to one. A
 * matrix begins with the elements array flags (16 bytes in all, the class in the lowest byte),
 * dimensions, name; an object has no dimensions. An element of 4 bytes or fewer may stand in its
 * tag, whose upper half then is the number of bytes. Data are padded to 8 bytes.
 */
#include "gz.h"
#include "matlab_private.h"

#include <stdio.h>
#include <string.h>

enum { HEADER_BYTES = 128, MATRIX = 14, COMPRESSED = 15, OPAQUE_CLASS = 17, HEAD = 1024 };

struct chain {
    FILE *stream;
    const char *path;
    bool big; /* most significant byte first */
    uint64_t bytes;
    char **names;
    unsigned char *classes; /* room of each */
    size_t count, room, objects;
};

static uint32_t number_at(const unsigned char *b, bool big)
{
    return big ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]
               : (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

/* The data of the element at `at`. @return where the next one begins; 0 beyond the head */
static size_t element(const unsigned char *head, size_t size, size_t at, bool big, size_t *data,
                      size_t *bytes)
{
    if (at + 8 > size) return 0;
    uint32_t type = number_at(head + at, big);
    bool small = type >> 16;
    *bytes = small ? type >> 16 : number_at(head + at + 4, big);
    *data = at + (small ? 4 : 8);
    if (*bytes > (small ? 4 : size)) return 0;
    size_t next = small ? at + 8 : *data + (*bytes + 7) / 8 * 8;
    return *data + *bytes <= size ? next : 0;
}

/* The name of a matrix from its first bytes: heap memory. NULL without failure: it has none. */
static int name_of(bram_ctx *cx, char **out, unsigned char *class_code, struct chain *c,
                   const unsigned char *head, size_t size)
{
    size_t data, bytes, at;
    *out = NULL;
    if (size < 8 || number_at(head, c->big) != MATRIX) return BRAM_OK;
    at = element(head, size, 8, c->big, &data, &bytes);
    if (!at || bytes < 4) return BRAM_OK;
    *class_code = number_at(head + data, c->big) & 0xff;
    if (*class_code == OPAQUE_CLASS) {
        *out = bram_strf(cx, "(object %zu)", ++c->objects);
        return *out ? BRAM_OK : BRAM_ENOMEM;
    }
    at = element(head, size, at, c->big, &data, &bytes);
    if (!at || !element(head, size, at, c->big, &data, &bytes) || bytes == 0) return BRAM_OK;
    *out = bram_strf(cx, "%.*s", (int)bytes, (const char *)head + data);
    return *out ? BRAM_OK : BRAM_ENOMEM;
}

/* Takes over the name. */
static int add_name(bram_ctx *cx, struct chain *c, char *name, unsigned char class_code)
{
    if (c->count == c->room) {
        size_t room = c->room ? 2 * c->room : 64;
        char **names = bram_realloc(cx, c->names, room, sizeof *names);
        if (names) c->names = names;
        unsigned char *classes = names ? bram_realloc(cx, c->classes, room, 1) : NULL;
        if (!classes) {
            bram_free(name);
            return BRAM_ENOMEM;
        }
        c->classes = classes;
        c->room = room;
    }
    c->classes[c->count] = class_code;
    c->names[c->count++] = name;
    return BRAM_OK;
}

/* The element of `size` data bytes whose tag is at `at`. */
static int read_element(bram_ctx *cx, struct chain *c, uint32_t type, uint32_t size)
{
    unsigned char stored[HEAD + 8], head[HEAD + 8];
    unsigned char class_code = 0;
    char *name = NULL;
    size_t got = fread(stored, 1, size < HEAD ? size : HEAD, c->stream);
    if (type == COMPRESSED) {
        size_t room = sizeof head;
        BRAM_TRY(bram_zlib_head(cx, head, &room, stored, got));
        got = room;
    } else { /* the tag has been read */
        memset(head, 0, 8);
        memmove(head + 8, stored, got);
        head[c->big ? 3 : 0] = MATRIX;
        got += 8;
    }
    BRAM_TRY(name_of(cx, &name, &class_code, c, head, got));
    if (name && *name) return add_name(cx, c, name, class_code);
    bram_free(name);
    return BRAM_OK;
}

static int walk(bram_ctx *cx, struct chain *c)
{
    unsigned char tag[8];
    for (uint64_t at = HEADER_BYTES; at < c->bytes;) {
        if (fseeko(c->stream, (off_t)at, SEEK_SET) != 0 ||
            fread(tag, 1, sizeof tag, c->stream) != 8)
            return bram_fail(cx, BRAM_EFORMAT, "%s: truncated in the tag at byte %llu", c->path,
                             (unsigned long long)at);
        uint32_t type = number_at(tag, c->big), size = number_at(tag + 4, c->big);
        if (type != MATRIX && type != COMPRESSED)
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: found an element of type %u at byte %llu, "
                             "expected a matrix (14) or a compressed one (15)",
                             c->path, type, (unsigned long long)at);
        if (size > c->bytes - at - 8)
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: truncated: the element at byte %llu claims %u "
                             "bytes, the file has %llu more",
                             c->path, (unsigned long long)at, size,
                             (unsigned long long)(c->bytes - at - 8));
        BRAM_TRY(read_element(cx, c, type, size));
        at += 8 + (uint64_t)size;
    }
    return BRAM_OK;
}

static int open_chain(bram_ctx *cx, struct chain *c)
{
    unsigned char head[HEADER_BYTES];
    if (fseeko(c->stream, 0, SEEK_END) != 0)
        return bram_fail(cx, BRAM_EREAD, "%s: no size", c->path);
    c->bytes = (uint64_t)ftello(c->stream);
    rewind(c->stream);
    if (fread(head, 1, sizeof head, c->stream) != sizeof head)
        return bram_fail(cx, BRAM_EFORMAT, "%s: truncated: %llu bytes, a MATLAB 5 header has 128",
                         c->path, (unsigned long long)c->bytes);
    c->big = head[126] == 'M';
    return walk(cx, c);
}

int bram_mat5_names(bram_ctx *cx, char ***names, unsigned char **classes, size_t *count,
                    const char *path)
{
    struct chain c = {.path = path, .stream = fopen(path, "rb")};
    if (!c.stream) return bram_fail(cx, BRAM_EREAD, "%s: cannot be opened", path);
    int status = open_chain(cx, &c);
    fclose(c.stream);
    if (status == BRAM_OK) {
        *names = c.names;
        *classes = c.classes;
        *count = c.count;
        return BRAM_OK;
    }
    for (size_t i = 0; i < c.count; i++) bram_free(c.names[i]);
    bram_free(c.names);
    bram_free(c.classes);
    return status;
}
