# All real files of worms in one command: what becomes of each, and that no dataset is invalid.
data=${BRAMBLE_TEST_DATA:-$source/../shared/data}/celegans
need "$data/PROVENANCE.md"
bramble import "$data" -o all/ --format csv --quiet >list.csv
echo "exit $?"
cut -d, -f1 list.csv | grep -c celegans
sed "s,^\"*$data/,," list.csv | grep -v ',imported,' | sed 's/fits,,.*/fits/; s/,[^,]*$//'
echo '# datasets'
for f in all/*.h5; do
    echo "${f#all/}: $(bramble check "$f" | sed 's/.*is/is/')"
done
bramble info all/nemanode.h5 --format csv | grep -o 'connectome/[a-z0-9_]*/nodes,[0-9]*'
bramble info all/varshney2011.h5 --format csv | grep -o 'connectome/[a-z0-9_]*/chemical,[0-9]*'
bramble info all/randi2023.h5 --format csv | grep -o 'connectome/[a-z0-9_]*/[fm][a-z]*,[0-9]*'
echo '# and of the consensus, from the files that are in'
bramble consensus all/cook2019.h5 -o cook.csv --format csv
