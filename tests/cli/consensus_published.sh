# The consensus table of an earlier pipeline, from its raw files: the same bytes.
data=${BRAMBLE_TEST_DATA:-$source/../shared/data}/celegans
reference="$data/published_reference/consensus_connectome_trimmed_withfunc.csv"
c="$data/connectome"
need "$reference"
bramble consensus "$c/cook2019/SI 5 Connectome adjacency matrices, corrected July 2020.xlsx" \
    "$c/varshney2011/NeuronConnect.xls" "$c/openworm/CElegansNeuronTables.xls" \
    "$c/white1986/white_1986_whole.csv" "$c/white1986/white_1986_n2u.csv" "$c/white1986/white_1986_jsh.csv" \
    "$c/white1986/white_1986_jse.json" "$c/witvliet2021/witvliet_2020_7.xlsx" \
    "$c/witvliet2021/witvliet_2020_8.xlsx" "$reference" --rules published --functional -o table.csv
cmp table.csv "$reference" && echo "the same bytes"
