/**
 * The scripts that shells load. They ask `weir completion words -- WORDS...` what can stand at the cursor: a candidate a
 * line, with a tab and a summary behind it; `:file` and `:command` leave it to the shell. What weir answers is never
 * evaluated by the shell: a session may be called `$(reboot)`.
 */
import type { Shell } from './shells.ts'

const bash = String.raw`# weir for bash: eval "$(weir completion bash)"
_weir() {
  local current=${'$'}{COMP_WORDS[COMP_CWORD]} line word
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :file)
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
        ;;
      :command)
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -c -- "$current")
        ;;
      *)
        word=${'$'}{line%%$'\t'*}
        # Readline breaks words at these; a session has an id without them.
        case $word in *[:=]*) continue ;; esac
        [[ $word == "$current"* ]] && COMPREPLY+=("$(printf '%q' "$word")")
        ;;
    esac
  done < <("${'$'}{COMP_WORDS[0]}" completion words -- "${'$'}{COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _weir weir
`

const zsh = String.raw`#compdef weir
# weir for zsh: eval "$(weir completion zsh)" after compinit, or a file _weir in a folder of $fpath
_weir() {
  local line
  local -a candidates
  for line in "${'$'}{(@f)$(weir completion words -- "${'$'}{(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :file) _files ;;
      :command) _command_names -e ;;
      ?*) candidates+=("${'$'}{${'$'}{line%%$'\t'*}//:/\\:}:${'$'}{line#*$'\t'}") ;;
    esac
  done
  (( $#candidates )) && _describe weir candidates
}
if [[ $funcstack[1] == _weir ]]; then _weir "$@"; else compdef _weir weir; fi
`

const fish = String.raw`# weir for fish: weir completion fish | source
function __weir_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l current (commandline -ct)
    for line in (weir completion words -- $words "$current" 2>/dev/null)
        switch $line
            case :file
                __fish_complete_path "$current"
            case :command
                __fish_complete_command
            case '*'
                printf '%s\n' $line
        end
    end
end
complete -c weir -f -a '(__weir_complete)'
`

const scripts: { [S in Shell]: string } = { bash, zsh, fish }

export const completionScript = (shell: Shell): string => scripts[shell]
