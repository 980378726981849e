# Real files of both kinds, imported by their content, run through one suite to its leaderboards.
# Few draws: this is about the way, the figures are in the unit tests.
data=${BRAMBLE_TEST_DATA:-$source/../shared/data}/vision
images=$data/rsa/rsatoolbox/92imageData
region=$data/encoding/antolik2016/region1
need "$images/92_brainRDMs.mat"
need "$region/raw_validation_set.npy"
mkdir data
bramble import "$images/92_brainRDMs.mat" "$images/92_modelRDMs.mat" \
    "$images/Kriegeskorte_Neuron2008_supplementalData.mat" -o data/kriegeskorte92.h5 --quiet
echo "exit $?"
bramble import "$region"/*.npy -o data/antolik2016.h5 --quiet
echo "exit $?"
bramble check data/kriegeskorte92.h5 | tail -1
bramble check data/antolik2016.h5 | tail -1
cat >geometry.yaml <<'END'
name: geometry
version: 1
title: Human IT
task: geometry
dataset: kriegeskorte92
metrics: ["rsa:rdm=given,compare=pearson"]
models: ["features:animacy", "features:HMAX", "features:V1", "features:none"]
parts: [hIT]
options: {samples: 20}
END
cat >encoding.yaml <<'END'
name: encoding
version: 1
title: Mouse V1
task: encoding
dataset: antolik2016
metrics: ["pearson:constant=zero"]
models: [mean, "features:pixels"]
parts: [region1]
options: {folds: 2, samples: 20}
END
run bramble run ./geometry.yaml --data data --out results --quiet
run bramble run ./encoding.yaml --data data --out results --quiet
run bramble leaderboard results
# the report makes the matrices anew from the dataset, and draws nothing without it
run bramble report results --data data -o report.html -q
grep -oE '<h3[^>]*>hIT and models|</b> (hIT|animacy|HMAX|V1)|Multidimensional scaling|Ellipses[^<.]*' report.html
run bramble report results --data nowhere -o bare.html -q
run grep -c 'hIT and models' bare.html
