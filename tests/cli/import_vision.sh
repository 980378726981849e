# A tree of files about vision: each is named with what becomes of it, and none stops the others.
data=${BRAMBLE_TEST_DATA:-$source/../shared/data}/vision
need "$data/encoding/PROVENANCE.md"
ln -s "$data" vision
bramble import vision/ --dry-run --format csv >tree.csv
echo "exit $?"
wc -l <tree.csv # the heading and 81 files
awk -F, '/^vision\/encoding\/[abht]/ && !/things/ { sub("vision/encoding/", "", $1); print $1 ": " $2 " " $3 }' tree.csv
grep -E 'image_metadata|results_combined' tree.csv | grep -oE 'not read: [^,;(]*'
# what is wrong with pictures and responses that do not belong together
run bramble import vision/encoding/allen_cux2_511510667_UNPAIRED -o unpaired.h5
run bramble import vision/encoding/henaff2021/curvatureEstimations/results_combined_table_235x.mat -o x.h5
run bramble import vision/encoding/things/image_metadata.npy -o x.h5 --source generic:time=rows,dt=1
run bramble import vision/encoding/brainio/image_test_ten_images.csv -o x.h5
