# What the bash completion offers at the end of a line. Without bash there is nothing to try.
command -v bash >/dev/null || {
    echo "skipped: no bash"
    exit 77
}
bramble --generate-completion bash >completion.bash
touch worm.h5
cat >try.bash <<'TRY'
. ./completion.bash
try() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    _bramble
    echo "$*: ${COMPREPLY[*]}"
}
complete -p bramble
try bramble l
try bramble list metr
try bramble run --mo
try bramble run --format ""
try bramble leaderboard --benchm
try bramble --format json lis
try bramble --quiet lis
try bramble info wo
try bramble import --colo
TRY
bash try.bash
