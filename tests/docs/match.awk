# match.awk EXPECTED FOUND - whether the lines agree; "..." in an expected line stands for any text, a line of
# "..." alone for any lines. How many blanks or rules of a table stand side by side does not count.
function trimmed(s) { gsub(/[ \t\r]+/, " ", s); gsub(/(─)+/, "─", s); sub(/ $/, "", s); return s }
function agrees(pattern, s,    at, piece, n, i, where) {
    if (index(pattern, "...") == 0) return pattern == s
    n = 0
    while ((at = index(pattern, "...")) > 0) {
        piece[++n] = substr(pattern, 1, at - 1)
        pattern = substr(pattern, at + 3)
    }
    if (substr(s, 1, length(piece[1])) != piece[1]) return 0
    s = substr(s, length(piece[1]) + 1)
    for (i = 2; i <= n; i++) {
        if (piece[i] == "") continue
        where = index(s, piece[i])
        if (!where) return 0
        s = substr(s, where + length(piece[i]))
    }
    return length(s) >= length(pattern) && substr(s, length(s) - length(pattern) + 1) == pattern
}
# Whether expected lines i .. agree with found lines j ..
function rest(i, j) {
    for (; i <= expected; i++) {
        if (wanted[i] == "...") {
            for (; j <= found + 1; j++)
                if (rest(i + 1, j)) return 1
            return 0
        }
        if (j > found || !agrees(wanted[i], got[j])) {
            if (i > furthest) { furthest = i; beside = j }
            return 0
        }
        j++
    }
    if (j == found + 1) return 1
    if (i > furthest) { furthest = i; beside = j }
    return 0
}
FILENAME == ARGV[1] { wanted[++expected] = trimmed($0); next }
{ got[++found] = trimmed($0) }
END {
    while (expected && wanted[expected] == "") expected--
    while (found && got[found] == "") found--
    if (rest(1, 1)) exit 0
    print "  expected: " (furthest > expected ? "nothing more" : wanted[furthest])
    print "  found:    " (beside > found ? "nothing more" : got[beside])
    print "  all that was found:"
    for (i = 1; i <= found; i++) print "    " got[i]
    exit 1
}
