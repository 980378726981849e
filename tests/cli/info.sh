# What a homogenized file holds, for people and for programs; bad files are exit 3 in one line.
make_sample worm.h5
run bramble info worm.h5
run bramble info worm.h5 --format json
run bramble info worm.h5 --format tsv
bramble info worm.h5 --hash | sed -n 's/^content hash: [0-9a-f]\{64\}$/a hash/p'
run bramble info absent.h5
printf 'no HDF5 at all' >text.h5
run bramble info text.h5
head -c 3000 worm.h5 >cut.h5
bramble info cut.h5 2>.err
echo "exit $?, $(wc -l <.err) line"
: >empty.h5
bramble info empty.h5 2>.err
echo "exit $?, $(wc -l <.err) line"
