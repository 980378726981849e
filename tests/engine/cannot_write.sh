# Folders that cannot be written, disks that are full: exit 5, no half file.
. "$(dirname "$0")/lib.sh"

: >file
expect 5 "$bramble" run "$tiny" --out file/results
says 'file'
if [ "$(id -u)" -ne 0 ]; then
    mkdir closed
    chmod 555 closed
    expect 5 "$bramble" run "$tiny" --out closed/results
fi

# cells are larger than plans: with this limit on the size of files the plan fits and no cell does
expect 0 "$bramble" run "$tiny" --out whole
expect 5 sh -c 'ulimit -f 32; exec "$@"' - "$bramble" run "$tiny" --out limited --threads 2
says 'cannot write'
[ "$(find limited -type f | grep -vc -e plans/tiny.h5 -e log.jsonl)" -eq 0 ] || fail 'a cell or a piece of one'
expect 0 "$bramble" run "$tiny" --out limited
same whole limited

# a disk that fills up, where this user may make one
mkdir disk
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=400k none disk 2>/dev/null; then
    trap 'cd /; umount "$folder/disk"; rm -rf "$folder"' EXIT
    expect 5 "$bramble" run "$tiny" --out disk/results --threads 2
    says 'No space left on device'
    [ -z "$(find disk -name '.*.tmp')" ] || fail 'a temporary file is left on a full disk'
    for cell in disk/results/cells/*.h5; do
        [ ! -e "$cell" ] || cmp "$cell" "whole/cells/${cell##*/}" || fail 'half a cell'
    done
fi
