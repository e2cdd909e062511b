# Completion of portolan for bash. To use it: source <(portolan completions bash)
_portolan() {
    local kind='' line
    COMPREPLY=()
    while IFS= read -r line; do
        if [ -z "$kind" ]; then
            kind=$line
        else
            COMPREPLY+=("$line")
        fi
    done < <(printf '%s' "${COMP_LINE:0:COMP_POINT}" | command portolan complete bash "$COMP_WORDBREAKS" 2>/dev/null)
    case $kind in
        files) compopt -o default ;;
        directories) compopt -o dirnames ;;
    esac
}
complete -F _portolan portolan
