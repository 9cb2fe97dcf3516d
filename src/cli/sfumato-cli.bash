# Bash completion for sfumato-cli. It starts nothing: the words are here, and a test compares them with what the program
# says of itself.
#
# SPDX-License-Identifier: GPL-3.0-or-later

_sfumato_cli ()
{
  local cur prev words cword
  _get_comp_words_by_ref -n : cur prev words cword || return 0
  # --model=ID comes as three words.
  if [ "$cur" = "=" ]; then
    cur=""
  elif [ "$prev" = "=" ]; then
    prev=${words[cword-2]}
  fi

  local commands="generate list search show delete queue key balance models help"
  local models="sd3.5-large sd3.5-large-turbo sd3.5-medium sd3.5-flash core ultra starter"
  local aspects="1:1 21:9 16:9 3:2 5:4 4:5 2:3 9:16 9:21"
  local styles="enhance anime photographic digital-art comic-book fantasy-art line-art analog-film neon-punk isometric
    low-poly origami modeling-compound cinematic 3d-model pixel-art tile-texture"
  local formats="png jpeg webp"
  local services="stability"

  local -A options=(
    [generate]="--negative --model --aspect --seed --count --format --style --guidance --steps --sampler --size --image
      --strength --output --force --url --key-stdin"
    [list]="--limit" [search]="--limit" [show]="" [delete]="" [queue]="--url --key-stdin" [key]="--url --key-stdin"
    [balance]="--url --key-stdin" [models]="--name --turbo"
  )
  local samplers="euler heun dpmpp-2m"
  local -A verbs=([queue]="send-again save-again remove" [key]="set check forget" [balance]="$services"
                  [models]="list add show remove" [help]="$commands")

  local command=${words[1]} choices=""
  if [ "$cword" -eq 1 ]; then
    choices="$commands --help --version"
  else
    case $prev in
      --model|-m) choices=$models ;;
      --aspect|-a) choices=$aspects ;;
      --style) choices=$styles ;;
      --format|-f) choices=$formats ;;
      --sampler) choices=$samplers ;;
      --image|-i|--output|-o) _filedir; return 0 ;;
      --negative|-n|--seed|-s|--count|-c|--guidance|-g|--steps|--size|--name|--strength|--url|--limit|-l) return 0 ;;
      set|check|forget) [ "$command" != key ] || choices=$services ;;
      "$command") choices=${verbs[$command]:-} ;;
    esac
    if [[ $command = models && ${words[2]} = add && $cword -gt 2 && $cur != -* ]]; then
      _filedir
      return 0
    fi
    [[ $cur != -* ]] || choices="${options[$command]:-} --json --help"
  fi
  mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$cur")
  __ltrim_colon_completions "$cur"
} &&
  complete -F _sfumato_cli sfumato-cli
