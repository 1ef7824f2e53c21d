/** What a shell has to be told once, so that it asks `vctl __complete` when Tab is pressed. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type ShellName = (typeof SHELLS)[number]

/** The hidden command that prints candidates, one a line, with a summary behind a tab. */
export const COMPLETE_COMMAND = '__complete'

// Without a candidate of ours the shell offers names of files.
export const COMPLETION_SCRIPTS: Readonly<Record<ShellName, string>> = {
  bash: `_vctl() {
  local IFS=$'\\n'
  COMPREPLY=($(vctl ${COMPLETE_COMMAND} -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _vctl vctl`,

  zsh: `#compdef vctl
_vctl() {
  local -a candidates
  local line
  for line in "\${(@f)$(vctl ${COMPLETE_COMMAND} -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n "$line" ]] && candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( \${#candidates} )); then _describe 'vctl' candidates; else _files; fi
}
compdef _vctl vctl`,

  fish: `function __vctl_candidates
  set -l candidates (vctl ${COMPLETE_COMMAND} -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
  if test (count $candidates) -gt 0
    printf '%s\\n' $candidates
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c vctl -f -a '(__vctl_candidates)'`,
}
