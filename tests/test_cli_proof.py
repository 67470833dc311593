"""``certify`` and ``check``: files, exit codes, JSON."""

from __future__ import annotations

import json

from ntk_theory.cli.app import run


def test_a_file_is_written_checked_and_rejected(tmp_path, capsys):
    path = tmp_path / "c.json"
    command = ["certify", "wave", "--what", "vanishing", "--groups", "initial,velocity", "-o", str(path)]
    assert run(command) == 0
    assert "proved: T∞ of initial and velocity is 0" in capsys.readouterr().out
    assert run(["check", str(path)]) == 0
    assert capsys.readouterr().out.startswith("proved: ")
    path.write_text(path.read_text(encoding="utf-8").replace('"t": "0"', '"t": "1"'), encoding="utf-8")
    assert run(["check", str(path), "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert not answer["accepted"]
    assert "rejected" in answer["reason"]


def test_what_is_not_true_is_2(tmp_path, capsys):
    path = tmp_path / "c.json"
    assert run(["certify", "heat", "--what", "vanishing", "--groups", "f,f", "-o", str(path)]) == 2
    assert "do not cancel" in capsys.readouterr().err
    assert not path.exists()
    path.write_text("{}", encoding="utf-8")
    assert run(["certify", "poisson", "-o", str(path)]) == 2
    assert "--force" in capsys.readouterr().err
