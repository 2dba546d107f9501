# What bash reads in a cell: the user's own file, and then what makes the cell's programs the first.
__pyo3_matrix_env=$VIRTUAL_ENV
if [ -f ~/.bashrc ]; then . ~/.bashrc; fi
export VIRTUAL_ENV=$__pyo3_matrix_env
unset __pyo3_matrix_env
unalias python python3 pip pip3 pytest 2>/dev/null
unset -f python python3 pip pip3 pytest

# Runs before each prompt, after the user's own hooks: some of them set PATH or the prompt again.
__pyo3_matrix() {
  local rest=":$PATH:"
  case $rest in
    ":$PYO3_MATRIX_BIN:"*) ;;
    *)
      rest=${rest//":$PYO3_MATRIX_BIN:"/:}
      rest=${rest#:}
      export PATH="$PYO3_MATRIX_BIN:${rest%:}"
      hash -r
      ;;
  esac
  case $PS1 in
    "($PYO3_MATRIX_CELL) "*) ;;
    *) PS1="($PYO3_MATRIX_CELL) $PS1" ;;
  esac
}
case "$(declare -p PROMPT_COMMAND 2>/dev/null)" in
  "declare -a"*) PROMPT_COMMAND+=(__pyo3_matrix) ;;
  *) PROMPT_COMMAND="${PROMPT_COMMAND:+$PROMPT_COMMAND
}__pyo3_matrix" ;;
esac
# Another bash inside of this one has no such function.
export -n PROMPT_COMMAND
__pyo3_matrix
