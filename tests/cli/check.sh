# A check that says no is exit 1; a file that is none is exit 3.
make_sample worm.h5
bramble check worm.h5 | tail -1
make_sample bad.h5 bad
run bramble check bad.h5
run bramble check bad.h5 --format json
bramble check worm.h5 --format json | grep -c '"valid": true'
printf 'no HDF5 at all' >text.h5
run bramble check text.h5
