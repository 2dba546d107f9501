# What a plain sh reads in a cell: the user's own file, and then what makes the cell's programs the first.
__pyo3_matrix_env=$VIRTUAL_ENV
if [ -n "${PYO3_MATRIX_ENV-}" ]; then
  ENV=$PYO3_MATRIX_ENV
  # The user's value may name other variables, as in `$HOME/.shrc`.
  eval "PYO3_MATRIX_ENV=\"$ENV\""
  if [ -r "$PYO3_MATRIX_ENV" ]; then . "$PYO3_MATRIX_ENV"; fi
else
  unset ENV
fi
unset PYO3_MATRIX_ENV
export VIRTUAL_ENV="$__pyo3_matrix_env"
unset __pyo3_matrix_env
unalias python python3 pip pip3 pytest 2>/dev/null || :
unset -f python python3 pip pip3 pytest
case $PATH in
  "$PYO3_MATRIX_BIN:"*) ;;
  *) export PATH="$PYO3_MATRIX_BIN:$PATH" ;;
esac
PS1="($PYO3_MATRIX_CELL) ${PS1-\$ }"
