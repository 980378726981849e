# A real file: recognised by its content, imported, valid; the same bytes again.
data=${BRAMBLE_TEST_DATA:-$source/../shared/data}
raw="$data/celegans/connectome/cook2019/SI 5 Connectome adjacency matrices, corrected July 2020.xlsx"
need "$raw"
bramble import "$raw" -o a.h5 --quiet
echo "exit $?"
bramble import "$raw" -o b.h5 --quiet --report --format csv | head -2
cmp a.h5 b.h5 && echo "the same bytes"
bramble check a.h5 | tail -1
bramble info a.h5 --format csv | grep -c '^connectome/cook2019/'
ls
