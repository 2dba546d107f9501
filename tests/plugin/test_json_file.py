"""Does a reader meet a record whole, or the one before it?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matrix_cell.json_file import json_line, write_json


def test_record_replaces_the_one_before_it(tmp_path: Path) -> None:
    path = tmp_path / "observed.json"
    write_json(path, {"first": 1})
    write_json(path, {"name": "é"})
    assert path.read_bytes() == b'{"name": "\\u00e9"}\n'
    assert list(tmp_path.iterdir()) == [path]


def test_crash_before_the_replacement_leaves_the_record_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "observed.json"
    write_json(path, 1)

    def crash(beside: Path, target: Path) -> None:
        assert beside == tmp_path / "observed.json.part"
        assert target == path
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        write_json(path, 2)
    assert path.read_bytes() == b"1\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\udcff", b'"\\\\udcff"\n'),
        ("\ud800 \udfff", b'"\\\\ud800 \\\\udfff"\n'),
        ("\ud7ff\ue000", b'"\\ud7ff\\ue000"\n'),
        ("\U0001f600\n", b'"\\ud83d\\ude00\\n"\n'),
        ("\\udcff as it is", b'"\\\\udcff as it is"\n'),
        ("é \udcff", b'"\\u00e9 \\\\udcff"\n'),
    ],
)
def test_line_holds_no_half_of_a_pair(text: str, line: bytes) -> None:
    assert json_line(text) == line
    assert json.loads(line) == text.encode(errors="backslashreplace").decode()
    assert json_line({text: [text]}) == b"{%s: [%s]}\n" % (line[:-1], line[:-1])
