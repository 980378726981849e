# Many files in one command: told apart by content, imported by child processes, one bad file out.
make_file() {
    "$BRAMBLE_TEST_TOOLS/../made/make_file" "$@"
}
mkdir -p in/a in/b
make_file dag good in/a/made-data.h5
make_file jld2 good in/a/labels.bin
make_file dag good in/a/second-data.h5
make_file kato5 good in/b/worm.mat
make_file kato73 good in/b/other.mat
make_file dag descending in/b/bad-data.h5
printf 'a readme\n' >in/b/readme.txt
make_file npy good in/b/array.npy
echo '# what is what'
bramble import in --dry-run --format csv | sed 's/\(no loader fits,,\).*(.*/\1what each looked for/'
echo '# one dataset for each source; the copy and the bad file are named'
run bramble import in -o out/
ls -A out
bramble info out/dag2023.h5 --format csv | head -4
for n in 2 3 7; do
    bramble import in -o "out$n/" --threads $n >/dev/null 2>&1
    echo "exit $? with $n threads"
    cmp out/dag2023.h5 "out$n/dag2023.h5" && cmp out/kato2015.h5 "out$n/kato2015.h5"
done
bramble import in -o outm/ --memory 1G --threads 7 >/dev/null 2>&1
echo "exit $? with a bound on memory"
cmp out/dag2023.h5 outm/dag2023.h5
echo '# one dataset'
run bramble import in/a/made-data.h5 in/a/second-data.h5 in/b/bad-data.h5 in/a/labels.bin -o one.h5 -q
run bramble import in/a -o two.h5 -q --format json
bramble import in/a/second-data.h5 in/a/made-data.h5 in/a/labels.bin -o three.h5 -q --threads 1 >/dev/null
bramble import in/a/second-data.h5 in/a/made-data.h5 in/a/labels.bin -o four.h5 -q --threads 2 >/dev/null
cmp three.h5 four.h5 && echo 'the same bytes'
for f in out/*.h5 one.h5 two.h5 three.h5; do bramble check $f --quiet || echo "$f is not valid"; done
echo '# patterns that the shell leaves alone, files given twice'
run bramble import 'in/a/*-data.h5' in/a/made-data.h5 in/a/labels.bin -o five.h5 -q --format csv
run bramble import 'in/none*' -o six.h5
echo '# nothing is replaced, nothing is left behind'
run bramble import in -o out/
bramble import in/b/bad-data.h5 in/b/readme.txt -o seven.h5 2>.err
echo "exit $?"
sed 's/\(beside it: \).*(.*/\1what each looked for/' .err
run bramble import in/b/bad-data.h5 in/b/bad-data.h5 -o seven.h5
run bramble import in/b/readme.txt -o eight/
echo '# one connectome in several files: the one with the most edges is in'
mkdir forms
printf 'pre,post,type,synapses\nAVAL,AVAR,chemical,2\nAVAR,AVBL,electrical,3\n' >forms/1.csv
printf 'pre\tpost\ttype\tsynapses\nAVAL\tAVAR\tchemical\t2\nAVAR\tAVBL\telectrical\t3\nAVBL\tAVAL\tchemical\t1\n' >forms/2.csv
printf 'pre,post,type,synapses\nAVAL,AVAR,chemical,2\nAVBL,AVAL,chemical,1\nAVAR,AVBL,electrical,3\n' >forms/3.csv
printf 'pre,post,type,synapses\nAVAL,AVAR,chemical,4\n' >forms/4.csv
printf 'filename,checksum,uid,type\n' >forms/list.csv
run bramble import forms -o forms.d/ -q
bramble export forms.d/nemanode.h5 connectome/edges -o forms.csv && cat forms.csv
run bramble import forms/list.csv -o none.h5
run bramble import forms/1.csv forms/list.csv -o first.h5 -q
run bramble import forms/1.csv forms/2.csv forms/3.csv -o all.h5 -q
mkdir empty
run bramble import empty -o nine/
run bramble import in/b/array.npy in/b/worm.mat -o ten/ --format csv
ls -A | grep -v -e '^[.]stdout' -e '^[.]stderr' -e '^[.]found' -e '^[.]err'
