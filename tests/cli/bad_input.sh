# Bad input is exit 3 with one line on stderr that names the file and what was found; no output and no
# temporary folder is left, and no library below prints anything itself. Files are made by code.
#
# bad WORDS FILE [ARGUMENT...]: WORDS is a pattern that the message must have beside the name of the
# file (or of $second)
second=
bad() {
    words=$1 file=${second:-$2}
    shift
    bramble import "$@" -o out.h5 >.stdout 2>.stderr </dev/null
    code=$?
    lines=$(wc -l <.stderr)
    if [ $code -eq 3 ] && [ "$lines" -eq 1 ] && [ ! -s .stdout ] && grep -q "^bramble: " .stderr &&
        grep -qF "${file##*/}" .stderr && grep -qE "$words" .stderr; then
        echo "refused: $words"
    else
        echo "$*: exit $code, $lines lines, expected \"$words\": $(cat .stderr .stdout)"
    fi
    for left in out.h5*; do
        [ ! -e "$left" ] || echo "$*: left $left"
    done
}
# made KIND DEFECT FILE
made() {
    "$BRAMBLE_TEST_TOOLS/../made/make_file" "$@"
}

echo "# MATLAB"
made kato5 nan a.mat && bad 'no finite value in 20 frames of 6' a.mat
made kato73 nan a.mat && bad 'no finite value in 20 frames of 6' a.mat
made kato5 descending a.mat && bad 'time of frame 8 is 3 s' a.mat
made kato5 infinite a.mat && bad 'time of frame 8 is inf' a.mat
made kato5 stamps a.mat && bad 'timeVectorSeconds.* 21 stamps, expected 20' a.mat
made kato5 text a.mat && bad 'traces.*found char.*expected a matrix' a.mat
made kato5 no-time a.mat && bad 'neither timeVectorSeconds' a.mat
made kato5 names a.mat && bad 'IDs.*5 elements, expected .* 6' a.mat
made kato5 stimulus-initial a.mat && bad 'stimulus.*initialstate: found 0, expected 1 or 2' a.mat
made kato73 stimulus-order a.mat && bad 'stimulus.*switchtimes: found 102 s after 103 s' a.mat

echo "# NWB"
made nwb no-time a.nwb && bad 'has neither timestamps nor a starting_time with a rate' a.nwb
made nwb huge a.nwb && bad 'SignalCalciumImResponseSeries/data' a.nwb
made nwb labels a.nwb && bad 'has 4 labels, expected 5' a.nwb
made nwb index a.nwb && bad 'row 3 ends at 8, expected 9 to 17' a.nwb
made nwb no-traces a.nwb && bad 'holds no traces of neurons' a.nwb

echo "# JSON, text, tables"
made flavell short a.json && bad 'trace_original: neuron 4 has 23 values, expected 24' a.json
made flavell label-5 a.json && bad 'labeled: found a label for trace 5, expected 1 to 4' a.json
made leifer stamps 0_gcamp.txt && bad 'found 15 stamps, expected 16' 0_gcamp.txt
made leifer volume 0_gcamp.txt && second=0_stim_volume_i.txt &&
    bad 'stimulation 4: found 16, expected a whole number from 0 to 15' 0_gcamp.txt
second=
made venkatachalam word a.csv && bad 'four' a.csv
made collection cut a.csv && bad 'the array was abbreviated' a.csv

echo "# HDF5"
made dag nan a.h5 && bad 'no finite value in 12 frames of 3' a.h5
made dag descending a.h5 && bad 'time of frame 5 is 0 s' a.h5
made dag stamps a.h5 && bad 'timestamp_confocal has 11 stamps, expected 12' a.h5
made dag text a.h5 && bad 'traces_array_F_F20: found strings, expected numbers' a.h5
made dag no-traces a.h5 && bad 'traces_array_F_F20: no such object' a.h5
made dag huge a.h5 && bad 'traces_array_F_F20' a.h5
made dag flat a.h5 && bad '1 dimensions, expected time x neuron' a.h5
made dag reversal a.h5 && bad 'reversal_events: frames 2 to 13 of 12' a.h5
made dag cycle a.h5 && bad 'found a group .*expected a dataset' a.h5
made dag loop a.h5 && bad 'traces_array_F_F20' a.h5
second=a.jld2
made dag good made-data.h5 && made jld2 cycle a.jld2 && bad 'not a dictionary' made-data.h5 a.jld2
second=
head -c 3000 made-data.h5 >cut.h5 && bad 'truncated or damaged HDF5' cut.h5

echo "# other files"
: >empty.h5 && bad 'is empty' empty.h5
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 12345\n' 7 >lfs.mat
bad 'git-LFS pointer' lfs.mat
echo 'just words' >words.mat && bad 'no loader knows' words.mat
made xlsx entity a.xlsx && bad 'belongs to recordings of dag2023' a.xlsx
made npy huge a.npy && bad 'too few' a.npy --source generic:dt=1
mkdir folder.h5 && bad 'holds no file' folder.h5
bad 'no such file' absent.h5
printf 'time,AVAL,AVAR\n0,1,2\n1,2\n' >short.csv && bad 'line 3 has 2 cells, expected 3' short.csv --source generic:dt=1
printf 'a\nb\033[2J,c\n' >odd.csv && bad 'line 2' odd.csv --source generic:dt=1
if [ "$(id -u)" != 0 ]; then
    echo x >secret.mat && chmod 0 secret.mat
    [ -z "$(bad 'ermission' secret.mat | grep -v '^refused')" ] || bad 'ermission' secret.mat
fi

echo "# homogenized files: no is exit 1, unreadable is exit 3"
check() {
    bramble check "$@" >.stdout 2>.stderr
    echo "exit $?, $(wc -l <.stderr) on stderr, $(grep -c '^error' .stdout) errors"
}
for defect in good no-dt duplicate descending nan; do
    made dataset $defect w.h5 && check w.h5
done
head -c 9000 w.h5 >cut.h5 && check cut.h5
check empty.h5
check lfs.mat
check made-data.h5
check a.npy
