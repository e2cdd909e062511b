#compdef portolan
# Completion of portolan for zsh. To use it: source <(portolan completions zsh), behind compinit
_portolan() {
    local -a lines values shown
    local kind line
    lines=("${(@f)$(printf '%s\0' "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" | command portolan complete zsh - 2>/dev/null)}")
    kind=$lines[1]
    lines[1]=()
    case $kind in
        files|directories)
            [[ $PREFIX == --*=* ]] && compset -P '*='
            if [[ $kind == directories ]]; then _files -/; else _files; fi
            ;;
        *)
            for line in "${lines[@]}"; do
                values+=("${line%%$'\t'*}")
                shown+=("${line/$'\t'/  -- }")
            done
            (( $#values )) && compadd -l -d shown -a -- values
            ;;
    esac
}
if [[ ${funcstack[1]} == _portolan ]]; then
    _portolan "$@"
else
    compdef _portolan portolan
fi
