# What can go wrong in an import leaves nothing behind.
printf 'not a recording' >raw.txt
run bramble import raw.txt
run bramble import -o worm.h5
run bramble import raw.txt -o worm.h5 --source nobody
bramble import raw.txt -o worm.h5 --set frobnicate=1 2>.err
echo "exit $?"
run bramble import raw.txt -o worm.h5 --set dt=fast
run bramble import raw.txt -o worm.h5 --set dt
bramble import absent.mat -o worm.h5 --source kato2015 2>.err
echo "exit $?, $(wc -l <.err) line"
bramble import raw.txt -o worm.h5 --source kato2015 2>.err
echo "exit $?, $(wc -l <.err) line"
run bramble import raw.txt -o no/such/folder/worm.h5 --source kato2015
echo precious >worm.h5
run bramble import raw.txt -o worm.h5
cat worm.h5
ls
