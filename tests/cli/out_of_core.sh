# Features larger than the memory that there may be, 128 MB in the file and 256 MB as numbers: read in
# blocks they give the same scores. (Address space is limited: the program alone takes 250 MB of it.)
make_wide 40 800000 || exit 1
encoding=encoding:folds=4,alpha=1e6..1e9
limited() {
    (ulimit -v 430000; bramble --threads 1 "$@" 2>/dev/null)
}
limited score -M "$encoding" -m wide.npy -b y.npy >whole
echo "whole, with too little memory: exit $?"
limited score -M "$encoding" -m wide.npy -b y.npy --out-of-core >blocks
echo "in blocks: exit $?"
bramble score -M "$encoding" -m wide.npy -b y.npy >whole
paste whole blocks | awk '{d = $1 - $2; print (d * d < 1e-18 && $1 > 0.5 ? "the same" : "others: " $0)}'
run bramble score -M encoding:map=lasso -m wide.npy -b y.npy --out-of-core
run bramble score -M encoding -m wide.npy -b y.npy --out-of-core --model-conditions wide.ids.txt
# the same of a model in a benchmark
{ echo stimulus; cat wide.ids.txt; } >rows.csv
mkdir data
bramble import y.npy rows.csv -o data/wide.h5 --source responses:unit=1,id=area,axes=stimulus+neuron --quiet
echo "import: exit $?"
cat >wide.yaml <<'END'
name: wide
version: 1
title: Wide
task: encoding
dataset: wide
metrics: ["pearson:constant=zero"]
models: [mean]
options: {folds: 4, samples: 20}
END
limited run ./wide.yaml --data data --model files:wide.npy,span=yes --out results --quiet
echo "run: exit $?"
bramble leaderboard results --format csv | cut -d, -f1-3
