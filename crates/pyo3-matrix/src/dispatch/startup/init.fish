# What fish runs in a cell after the user's own files: it makes the cell's programs the first.
# Before each prompt once more: the user's own hooks may set PATH again.
function __pyo3_matrix --on-event fish_prompt
    set -l first (string split : -- $PYO3_MATRIX_BIN)
    if test "$PATH[1]" != "$first[1]"
        set -l rest
        for folder in $PATH
            contains -- $folder $first; or set -a rest $folder
        end
        set -gx PATH $first $rest
    end
end
__pyo3_matrix
set -gx VIRTUAL_ENV (dirname -- (string split : -- $PYO3_MATRIX_BIN)[1])
for name in python python3 pip pip3 pytest
    functions -e $name
end
function __pyo3_matrix_status
    return $argv[1]
end
functions -c fish_prompt __pyo3_matrix_prompt
function fish_prompt
    set -l before $status
    echo -n "($PYO3_MATRIX_CELL) "
    # The user's prompt may show how the last command ended.
    __pyo3_matrix_status $before
    __pyo3_matrix_prompt
end
