# Start-up file of the bash kernel: an interactive shell without a terminal, which takes one line a cell on its standard input.
# Its prompt is how it says that a cell has ended, also one that was interrupted.

set +o history +H
unset HISTFILE MAILCHECK
PS1= PS2=

# Remembers the variables of a cell and sets them. Gives the status of the cell before.
__drowse_begin() {
  local __drowse_pair __drowse_name
  for __drowse_pair in "$@"; do
    __drowse_name=${__drowse_pair%%=*}
    __drowse_new[$__drowse_name]=${__drowse_pair#*=}
    if [[ -v $__drowse_name ]]; then __drowse_old[$__drowse_name]=${!__drowse_name}; fi
    export -- "$__drowse_pair"
  done
  __drowse_running=1
  printf '{"type":"started"}\n' >&4
  return "$__drowse_status"
}

# Ends a cell: puts the old variables back, except those that the cell has changed.
__drowse_prompt() {
  local __drowse_last=$? __drowse_name
  if [[ -z ${__drowse_running-} ]]; then
    return 0
  fi
  __drowse_status=$__drowse_last
  __drowse_running=
  for __drowse_name in "${!__drowse_new[@]}"; do
    if [[ ${!__drowse_name-} == "${__drowse_new[$__drowse_name]}" ]]; then
      if [[ -v __drowse_old[$__drowse_name] ]]; then
        export -- "$__drowse_name=${__drowse_old[$__drowse_name]}"
      else
        unset -v "$__drowse_name"
      fi
    fi
  done
  __drowse_new=() __drowse_old=()
  if ((__drowse_status != 0)); then
    printf '{"type":"error","name":"ExitStatus","value":"%d","traceback":"exit status %d"}\n' \
      "$__drowse_status" "$__drowse_status" >&4
  fi
  printf '{"type":"idle"}\n' >&4
  return 0
}

declare -A __drowse_old=() __drowse_new=()
__drowse_status=0
PROMPT_COMMAND=__drowse_prompt
printf '{"type":"ready"}\n' >&4
