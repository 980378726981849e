/* make_file.c - `make_file KIND DEFECT PATH`: one made file (see made.h), for tests by script. */
#include "made.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc == 4 && made_file(argv[1], argv[3], argv[2])) return 0;
    fprintf(stderr, "make_file: cannot make KIND DEFECT PATH\n");
    return 99;
}
