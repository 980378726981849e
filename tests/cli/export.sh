# Arrays out of a homogenized file; nothing is replaced without --force.
make_sample worm.h5
run bramble export worm.h5 recordings/worm1/activity -o a.csv
cat a.csv
run bramble export worm.h5 recordings/worm1/activity -o a.csv
run bramble export worm.h5 recordings/worm2/activity -o a.csv --force
wc -l <a.csv
run bramble export worm.h5 recordings/worm1/activity -o a.npy
head -c 6 a.npy | tail -c 5
echo
wc -c <a.npy
run bramble export worm.h5 recordings/worm1/activty -o b.npy
run bramble export worm.h5 recordings/worm1/activity -o b.xls
run bramble export worm.h5 recordings/worm1/activity
run bramble export worm.h5 recordings/worm1/activity -o no/such/folder.csv
run bramble export worm.h5
ls
