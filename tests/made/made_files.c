/* made_files.c - made files of the plain formats, and one by the name of its kind: see made.h. */
#include "made.h"
#include "made_zip.h"

#include "gz.h"
#include "npy.h"

#include <bramble/dataset.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

bool made_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    if (!f) return false;
    bool written = fwrite(bytes, 1, size, f) == size;
    return fclose(f) == 0 && written;
}

bool made_text(const char *path, const char *text)
{
    return made_bytes(path, text, strlen(text));
}

/* ---- a homogenized file --------------------------------------------------------------------- */

static int fill_recording(bram_ctx *cx, bram_attrs *attrs, const char *id, const char *defect)
{
    if (!attrs) return BRAM_ENOMEM;
    BRAM_TRY(bram_attrs_set_text(cx, attrs, "subject", id));
    BRAM_TRY(bram_attrs_set_text(cx, attrs, "session", "1"));
    BRAM_TRY(bram_attrs_set_text(cx, attrs, "species", "Caenorhabditis elegans"));
    BRAM_TRY(bram_attrs_set_text(cx, attrs, "condition", "immobilized"));
    return is(defect, "no-dt") ? BRAM_OK : bram_attrs_set_number(cx, attrs, "dt", 0.5);
}

static int make_axes(bram_ctx *cx, bram_axis *axes[2], size_t rows, const char *defect)
{
    static const char *const ids[] = {"1", "2", "3"};
    const char *labels[] = {"AVAL", "", is(defect, "duplicate") ? "AVAL" : "AVAR"};
    static const char *const certainty[] = {"exact", "unlabeled", "exact"};
    double time[8] = {0};
    for (size_t i = 0; i < rows; i++) time[i] = 0.5 * (double)i;
    if (is(defect, "descending")) time[1] = 40;
    BRAM_TRY(bram_axis_new(cx, &axes[0], "time", rows));
    BRAM_TRY(bram_axis_set_values(cx, axes[0], time, "s"));
    BRAM_TRY(bram_axis_new(cx, &axes[1], "neuron", 3));
    BRAM_TRY(bram_axis_set_ids(cx, axes[1], ids));
    BRAM_TRY(bram_axis_add_text(cx, axes[1], "label", labels));
    return bram_axis_add_text(cx, axes[1], "certainty", certainty);
}

static int add_recording(bram_ctx *cx, bram_dataset *ds, const char *id, size_t rows,
                         const char *defect)
{
    char group[64];
    bram_axis *axes[2] = {NULL, NULL};
    bram_response *r = NULL;
    snprintf(group, sizeof group, "recordings/%s", id);
    BRAM_TRY(fill_recording(cx, bram_dataset_attrs(cx, ds, group), id, defect));
    int status = make_axes(cx, axes, rows, defect);
    if (!status)
        status = bram_response_new(cx, &r, "activity", BRAM_F32, 2, (const bram_axis *const *)axes);
    bram_axis_free(axes[0]);
    bram_axis_free(axes[1]);
    if (status) return status;
    for (size_t i = 0; i < 3 * rows; i++)
        bram_response_f32(r)[i] = is(defect, "nan") ? NAN : (float)i / 4;
    uint8_t *mask = bram_response_mask(cx, r);
    if (mask) mask[1] = 0;
    status = mask ? bram_attrs_set_text(cx, bram_response_attrs(r), "unit", "dF/F") : BRAM_ENOMEM;
    if (!status) status = bram_attrs_set_text(cx, bram_response_attrs(r), "filter", "none");
    if (!status) return bram_dataset_add(cx, ds, group, r);
    bram_response_free(r);
    return status;
}

static int fill_dataset(bram_ctx *cx, bram_dataset *ds, const char *defect)
{
    static const char *const names[] = {"AVAL", "AVAR"};
    bram_attrs *root = bram_dataset_attrs(cx, ds, "");
    bram_axis *table = NULL;
    if (!root) return BRAM_ENOMEM;
    BRAM_TRY(bram_attrs_set_text(cx, root, "dataset", "made"));
    BRAM_TRY(bram_attrs_set_text(cx, root, "version", "1"));
    BRAM_TRY(bram_attrs_set_text(cx, root, "licence", "CC0-1.0"));
    BRAM_TRY(bram_attrs_set_text(cx, root, "citation", "made for a test"));
    BRAM_TRY(bram_attrs_set_text(cx, root, "history", "made"));
    BRAM_TRY(add_recording(cx, ds, "worm1", 4, defect));
    BRAM_TRY(add_recording(cx, ds, "worm2", 8, "good"));
    BRAM_TRY(bram_axis_new(cx, &table, "notes", 2));
    int status = bram_axis_set_ids(cx, table, names);
    if (!status) status = bram_axis_add_text(cx, table, "remark", names);
    if (!status) return bram_dataset_add_table(cx, ds, "", table);
    bram_axis_free(table);
    return status;
}

bool made_dataset(const char *path, const char *defect)
{
    static const char *const known[] = {"good", "no-dt", "duplicate", "descending", "nan"};
    size_t k = 0;
    while (k < sizeof known / sizeof *known && !is(defect, known[k])) k++;
    if (k == sizeof known / sizeof *known) return false;
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    int status = cx ? bram_dataset_new(cx, &ds) : BRAM_ENOMEM;
    if (!status) status = fill_dataset(cx, ds, defect);
    if (!status) status = bram_dataset_write(cx, ds, path, true);
    if (status && cx) fprintf(stderr, "made_dataset: %s\n", bram_ctx_message(cx));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
    return status == BRAM_OK;
}

/* ---- workbooks and arrays ------------------------------------------------------------------- */

#define MAIN  "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define LINKS "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

bool made_xlsx(const char *path, const char *defect)
{
    static const char book[] = "<?xml version=\"1.0\"?><workbook xmlns=\"" MAIN
                               "\" xmlns:r=\"" LINKS
                               "\"><sheets><sheet name=\"labels v1\" sheetId=\"1\" r:id=\"rId1\"/>"
                               "</sheets></workbook>";
    static const char relations[] = "<?xml version=\"1.0\"?><Relationships "
                                    "xmlns=\"http://schemas.openxmlformats.org/package/2006/"
                                    "relationships\"><Relationship Id=\"rId1\" Type=\"" LINKS
                                    "/worksheet\" "
                                    "Target=\"worksheets/sheet1.xml\"/></Relationships>";
    static const char strings[] = "<sst xmlns=\"" MAIN "\"><si><t>AVAL</t></si><si><r><t>AV</t></r>"
                                  "<r><t>AR &amp; co</t></r></si></sst>";
    static const char good[] =
        "<worksheet xmlns=\"" MAIN "\"><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c>"
        "<c r=\"B1\" t=\"s\"><v>1</v></c><c r=\"C1\"><v>2.5</v></c></row><row r=\"3\">"
        "<c r=\"A3\" t=\"inlineStr\"><is><t>here</t></is></c><c r=\"B3\" t=\"b\"><v>1</v></c>"
        "<c r=\"C3\"><f>C1*2</f><v>5</v></c></row></sheetData></worksheet>";
    static const char entity[] =
        "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>"
        "<worksheet xmlns=\"" MAIN "\"><sheetData>&b;</sheetData></worksheet>";
    made_zip z = {.used = 0};
    bool bad = is(defect, "entity"), without = is(defect, "no-sheet");
    if (!bad && !without && !is(defect, "good")) return false;
    return made_zip_add(&z, "xl/workbook.xml", book, sizeof book - 1) &&
           made_zip_add(&z, "xl/_rels/workbook.xml.rels", relations, sizeof relations - 1) &&
           made_zip_add(&z, "xl/sharedStrings.xml", strings, sizeof strings - 1) &&
           (without || made_zip_add(&z, "xl/worksheets/sheet1.xml", bad ? entity : good,
                                    bad ? sizeof entity - 1 : sizeof good - 1)) &&
           made_zip_finish(&z, path);
}

bool made_npy(const char *path, const char *defect)
{
    unsigned char bytes[512];
    double values[12];
    for (int i = 0; i < 12; i++) values[i] = i / 8.0;
    const char *header = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }";
    if (is(defect, "huge"))
        header = "{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4), }";
    else if (!is(defect, "good")) return false;
    return made_bytes(path, bytes, made_npy_bytes(bytes, header, values, sizeof values));
}

bool made_npz(const char *path)
{
    static const char text[] = "{'descr': '<U2', 'fortran_order': False, 'shape': (2,), }";
    static const char numbers[] = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 2), }";
    unsigned char bytes[512];
    made_zip z = {.used = 0};
    size_t size = made_npy_bytes(bytes, text, "a\0\0\0b\0\0\0c\0\0\0\0\0\0\0", 16);
    if (!made_zip_add(&z, "names.npy", bytes, size)) return false;
    size = made_npy_bytes(bytes, numbers, "\0\1\0\2\0\3\0\4", 8);
    return made_zip_add(&z, "values.npy", bytes, size) && made_zip_finish(&z, path);
}

bool made_gz(const char *path)
{
    static const char text[] = "time,AVAL,AVAR\n0,1,2\n0.5,3,4\n";
    unsigned char *out = NULL;
    size_t size = 0;
    bram_ctx *cx = bram_ctx_new();
    bool made = cx && bram_gz_deflate(cx, &out, &size, (const unsigned char *)text,
                                      sizeof text - 1) == BRAM_OK;
    made = made && made_bytes(path, out, size);
    bram_free(out);
    bram_ctx_free(cx);
    return made;
}

bool made_file(const char *kind, const char *path, const char *defect)
{
    if (is(kind, "field-brainio")) return made_brainio_field(path, defect);
    if (strncmp(kind, "field-", 6) == 0) return is(defect, "good") && made_field(kind, path);
    if (is(kind, "sensorium2022")) return made_sensorium2022(path, false, defect);
    if (is(kind, "sensorium2023")) return made_sensorium2023(path, false, defect);
    if (is(kind, "algonauts")) return made_algonauts(path, false, defect);
    if (is(kind, "allen-twophoton")) return made_allen_twophoton(path, defect);
    if (is(kind, "allen-neuropixels")) return made_allen_neuropixels(path, defect);
    if (is(kind, "tvsd")) return made_tvsd(path, defect);
    if (is(kind, "tvsd-images")) return made_tvsd_images(path, defect);
    if (is(kind, "stringer")) return made_stringer(path, defect);
    if (is(kind, "stringer-images")) return made_stringer_images(path, defect);
    if (is(kind, "things")) return made_things(path, defect);
    if (is(kind, "things-trials")) return made_things_trials(path, defect);
    if (is(kind, "things-voxels")) return made_things_voxels(path, defect);
    if (is(kind, "nsd")) return made_nsd(path, 1, defect);
    if (is(kind, "nsd-table")) return made_nsd_table(path, defect);
    if (is(kind, "bold5000")) return made_bold5000(path, defect);
    if (is(kind, "bold5000-list")) return made_bold5000_list(path, defect);
    if (is(kind, "kato5")) return made_kato(path, 5, defect);
    if (is(kind, "kato73")) return made_kato(path, 73, defect);
    if (is(kind, "yemini")) return made_yemini(path, defect);
    if (is(kind, "lin")) return made_lin(path, defect);
    if (is(kind, "hallinen")) return made_hallinen(path, defect);
    if (is(kind, "brainio")) return made_brainio(path, defect);
    if (is(kind, "henaff")) return made_henaff(path, defect);
    if (is(kind, "dag")) return made_dag(path, defect);
    if (is(kind, "nwb")) return made_nwb(path, defect);
    if (is(kind, "flavell")) return made_flavell(path, defect);
    if (is(kind, "leifer")) return made_leifer(path, defect);
    if (is(kind, "venkatachalam")) return made_venkatachalam(path, defect);
    if (is(kind, "collection")) return made_collection(path, defect);
    if (is(kind, "jld2")) return made_jld2(path, defect);
    if (is(kind, "dataset")) return made_dataset(path, defect);
    if (is(kind, "xls")) return made_xls(path, defect);
    if (is(kind, "xlsx")) return made_xlsx(path, defect);
    if (is(kind, "npy")) return made_npy(path, defect);
    if (is(kind, "npz")) return is(defect, "good") && made_npz(path);
    if (is(kind, "gz")) return is(defect, "good") && made_gz(path);
    return made_zimmer(path, kind, defect);
}
