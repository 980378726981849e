/*
 * made_xls.c - a small .xls workbook: a compound file (MS-CFB, version 3) with the stream
 * "Workbook" in BIFF8 (MS-XLS).
 *
 * Sectors of 512 bytes behind the header: the FAT, the directory, the stream in eight of them.
 */
#include "made.h"

#include <stdint.h>
#include <string.h>

enum { SECTOR = 512, STREAM = 4096, FILE_BYTES = SECTOR + 2 * SECTOR + STREAM };

#define FREE  0xffffffffU
#define END   0xfffffffeU
#define FAT   0xfffffffdU
#define NAMED 6 /* strings of the workbook */

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static void put(unsigned char *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) to[i] = (unsigned char)(value >> 8 * i);
}

/* ---- the stream ----------------------------------------------------------------------------- */

struct stream {
    unsigned char *bytes;
    size_t used;
};

/* Begins a record; its content follows by add(). */
static void record(struct stream *s, unsigned type, size_t length)
{
    put(s->bytes + s->used, type, 2);
    put(s->bytes + s->used + 2, length, 2);
    s->used += 4;
}

static void add(struct stream *s, uint64_t value, size_t bytes)
{
    put(s->bytes + s->used, value, bytes);
    s->used += bytes;
}

static void add_text(struct stream *s, const char *text)
{
    memcpy(s->bytes + s->used, text, strlen(text));
    s->used += strlen(text);
}

static void begin(struct stream *s, unsigned what)
{
    record(s, 0x0809, 16); /* BOF */
    add(s, 0x0600, 2);
    add(s, what, 2);
    add(s, 0x0dbb07cc, 4);
    add(s, 0, 4);
    add(s, 6, 4);
}

/* Globals with one sheet and the shared strings; returns where the sheet's offset is to be put. */
static size_t add_globals(struct stream *s)
{
    static const char *const strings[NAMED] = {"Neuron 1", "Neuron 2", "Type", "Nbr", "AVAL", "S"};
    static const char name[] = "NeuronConnect.csv";
    size_t length = 8, offset;
    begin(s, 0x0005);
    record(s, 0x0042, 2); /* code page: UTF-16 */
    add(s, 0x04b0, 2);
    record(s, 0x0085, 8 + sizeof name - 1); /* the sheet */
    offset = s->used;
    add(s, 0, 4);
    add(s, 0, 2);
    add(s, sizeof name - 1, 1);
    add(s, 0, 1);
    add_text(s, name);
    for (size_t i = 0; i < NAMED; i++) length += 3 + strlen(strings[i]);
    record(s, 0x00fc, length); /* strings */
    add(s, NAMED, 4);
    add(s, NAMED, 4);
    for (size_t i = 0; i < NAMED; i++) {
        add(s, strlen(strings[i]), 2);
        add(s, 0, 1);
        add_text(s, strings[i]);
    }
    record(s, 0x000a, 0);
    return offset;
}

static void add_string(struct stream *s, unsigned row, unsigned col, unsigned string)
{
    record(s, 0x00fd, 10);
    add(s, row, 2);
    add(s, col, 2);
    add(s, 0, 2);
    add(s, string, 4);
}

static void add_number(struct stream *s, unsigned row, unsigned col, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    record(s, 0x0203, 14);
    add(s, row, 2);
    add(s, col, 2);
    add(s, 0, 2);
    add(s, bits, 8);
}

/* Headings, and rows AVAL, AVAL, S, 1 .. 3. */
static void add_sheet(struct stream *s, const char *defect)
{
    begin(s, 0x0010);
    record(s, 0x0200, 14); /* rows, columns */
    add(s, 0, 4);
    add(s, is(defect, "huge") ? 0x7fffffff : 4, 4);
    add(s, 0, 2);
    add(s, is(defect, "huge") ? 0x7fff : 4, 2);
    add(s, 0, 2);
    for (unsigned col = 0; col < 4; col++) add_string(s, 0, col, col);
    for (unsigned row = 1; row < 4; row++) {
        add_string(s, row, 0, is(defect, "string") ? 60000 : 4);
        add_string(s, row, 1, 4);
        add_string(s, row, 2, is(defect, "type") ? 4 : 5);
        if (!is(defect, "number")) add_number(s, row, 3, row);
    }
    record(s, 0x000a, 0);
}

/* ---- the file ------------------------------------------------------------------------------- */

static void put_header(unsigned char *to)
{
    static const unsigned char magic[] = {0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1};
    memcpy(to, magic, sizeof magic);
    put(to + 24, 0x3e, 2);
    put(to + 26, 3, 2);
    put(to + 28, 0xfffe, 2);
    put(to + 30, 9, 2);
    put(to + 32, 6, 2);
    put(to + 44, 1, 4);    /* FAT sectors */
    put(to + 48, 1, 4);    /* the directory */
    put(to + 56, 4096, 4); /* shorter streams would be in small sectors */
    put(to + 60, END, 4);
    put(to + 68, END, 4);
    for (size_t i = 0; i < 109; i++) put(to + 76 + 4 * i, i ? FREE : 0, 4);
}

static void put_entry(unsigned char *to, const char *name, unsigned type, uint32_t child,
                      uint32_t start, uint32_t size)
{
    for (size_t i = 0; name[i]; i++) put(to + 2 * i, (unsigned char)name[i], 2);
    put(to + 64, 2 * (strlen(name) + 1), 2);
    to[66] = (unsigned char)type;
    to[67] = 1;
    put(to + 68, FREE, 4);
    put(to + 72, FREE, 4);
    put(to + 76, child, 4);
    put(to + 116, start, 4);
    put(to + 120, size, 4);
}

static void put_fat(unsigned char *to, const char *defect)
{
    for (size_t i = 0; i < SECTOR / 4; i++) put(to + 4 * i, FREE, 4);
    put(to, FAT, 4);
    put(to + 4, END, 4);
    for (size_t i = 2; i < 2 + STREAM / SECTOR; i++) put(to + 4 * i, i + 1, 4);
    put(to + 4 * (1 + STREAM / SECTOR), is(defect, "loop") ? 2 : END, 4);
}

bool made_xls(const char *path, const char *defect)
{
    static unsigned char bytes[FILE_BYTES];
    static const char *const defects[] = {"good",   "huge", "string",     "type",
                                          "number", "loop", "no-workbook"};
    bool known = false;
    for (size_t i = 0; i < sizeof defects / sizeof *defects; i++) known |= is(defect, defects[i]);
    if (!known) return false;
    memset(bytes, 0, sizeof bytes);
    put_header(bytes);
    put_fat(bytes + SECTOR, defect);
    put_entry(bytes + 2 * SECTOR, "Root Entry", 5, 1, END, 0);
    put_entry(bytes + 2 * SECTOR + 128, is(defect, "no-workbook") ? "Document" : "Workbook", 2,
              FREE, 2, STREAM);
    struct stream s = {bytes + 3 * SECTOR, 0};
    size_t offset = add_globals(&s);
    put(s.bytes + offset, s.used, 4);
    add_sheet(&s, defect);
    return made_bytes(path, bytes, sizeof bytes);
}
