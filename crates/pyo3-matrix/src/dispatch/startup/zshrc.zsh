# What zsh reads next in a cell: the user's own .zshrc, and then what makes the cell's programs the first.
if [[ -n $__pyo3_matrix_users ]]; then export ZDOTDIR=$__pyo3_matrix_users; else unset ZDOTDIR; fi
# The system's file may have put the history into the folder of this file, which does not stay.
if [[ $HISTFILE == $__pyo3_matrix_folder/* ]]; then HISTFILE=${ZDOTDIR:-$HOME}/.zsh_history; fi
unset __pyo3_matrix_folder __pyo3_matrix_users
__pyo3_matrix_env=$VIRTUAL_ENV
if [[ -r ${ZDOTDIR:-$HOME}/.zshrc ]]; then source ${ZDOTDIR:-$HOME}/.zshrc; fi
export VIRTUAL_ENV=$__pyo3_matrix_env
unset __pyo3_matrix_env
unalias python python3 pip pip3 pytest 2>/dev/null
unset -f python python3 pip pip3 pytest 2>/dev/null

# Runs before each prompt, after the user's own hooks: some of them set PATH or the prompt again.
__pyo3_matrix() {
  emulate -L zsh
  local rest=":$PATH:"
  if [[ $rest != ":$PYO3_MATRIX_BIN:"* ]]; then
    rest=${rest//":$PYO3_MATRIX_BIN:"/:}
    rest=${rest#:}
    export PATH="$PYO3_MATRIX_BIN:${rest%:}"
    rehash
  fi
  if [[ $PS1 != "($PYO3_MATRIX_CELL) "* ]]; then PS1="($PYO3_MATRIX_CELL) $PS1"; fi
}
precmd_functions+=(__pyo3_matrix)
__pyo3_matrix
