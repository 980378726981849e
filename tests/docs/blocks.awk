# blocks.awk - the fenced blocks of a Markdown document as files: to/NNN.block (line number, language, words),
# .block.body (all lines), .block.prints (a text block directly below it); for console .block.N (command N),
# .block.N.out (its output), .block.N.line.
function close_block() {
    if (language == "console" && commands) end_command()
    close(name ".body")
    inside = 0
}
function end_command() {
    printf "%s", command > (name "." commands)
    close(name "." commands)
    printf "%s", output > (name "." commands ".out")
    close(name "." commands ".out")
    print at > (name "." commands ".line")
    close(name "." commands ".line")
}
/^ *```/ {
    if (inside) {
        close_block()
        was = language
        last = NR
        next
    }
    text = $0
    sub(/^ *```/, "", text)
    split(text, word, " ")
    prints = word[1] == "text" && was == "python" && NR <= last + 2
    if (!prints) {
        name = sprintf("%s/%03d.block", to, ++blocks)
        print NR, text > name
        close(name)
    }
    language = prints ? "text" : word[1]
    inside = 1
    commands = 0
    continued = 0
    next
}
inside && language == "console" {
    if (continued) {
        command = command $0 "\n"
        continued = /\\$/
    } else if (/^\$ /) {
        if (commands) end_command()
        commands++
        at = NR
        command = substr($0, 3) "\n"
        output = ""
        continued = /\\$/
    } else output = output $0 "\n"
}
inside && prints { print > (name ".prints"); next }
inside { print > (name ".body") }
END { if (inside) { print "a block is not closed" > "/dev/stderr"; exit 1 } }
