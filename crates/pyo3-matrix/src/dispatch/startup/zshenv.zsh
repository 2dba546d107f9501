# What zsh reads first in a cell: the user's own .zshenv, which may say where the user's other files are.
__pyo3_matrix_folder=$ZDOTDIR
if [[ -n $PYO3_MATRIX_ZDOTDIR ]]; then export ZDOTDIR=$PYO3_MATRIX_ZDOTDIR; else unset ZDOTDIR; fi
unset PYO3_MATRIX_ZDOTDIR
if [[ -r ${ZDOTDIR:-$HOME}/.zshenv ]]; then source ${ZDOTDIR:-$HOME}/.zshenv; fi
__pyo3_matrix_users=$ZDOTDIR
ZDOTDIR=$__pyo3_matrix_folder
