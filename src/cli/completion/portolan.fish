# Completion of portolan for fish. To use it: portolan completions fish | source
function __portolan_complete
    set -l words (commandline -xpc 2>/dev/null; or commandline -opc)
    set -l current (commandline -ct)
    set -l lines (printf '%s\0' $words "$current" | command portolan complete fish - 2>/dev/null)
    set -l kind $lines[1]
    set -e lines[1]
    switch "$kind"
        case files directories
            set -l before (string match -r -- '^--[^=]*=' $current)
            set -l path (string replace -r -- '^--[^=]*=' '' $current)
            # The words of a command that there is not are files.
            set lines (complete -C "'' $path")
            if test $kind = directories
                set lines (string match -r -- '.*/(?:\t.*)?$' $lines)
            end
            set lines "$before"$lines
    end
    printf '%s\n' $lines
end
complete -c portolan -e
complete -c portolan -f -a '(__portolan_complete)'
