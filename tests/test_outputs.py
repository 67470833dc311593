"""Files that commands write: over nothing of value, in the format asked for, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ntk_theory.cli.app import run
from ntk_theory.errors import InputError
from ntk_theory.outputs import PICTURE, Format, Outputs, replacing, write_text
from ntk_theory.symbolic import zoo_text

SMALL = ["--width", "6", "--points", "4"]
STUDY = ["verify", "u_x", "--widths", "8,16", "--seeds", "3", "--points", "2", "--s", "1/2", "--workers", "1"]
MINE = b"the work of a month"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("study") / "q.sqlite"
    assert run([*STUDY, "--store", str(path)]) == 0
    return path.read_bytes()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, study: bytes) -> Path:
    """A folder with a problem, a store and files of others."""
    monkeypatch.chdir(tmp_path)
    Path("my.toml").write_text(zoo_text("heat"), encoding="utf-8")
    Path("q.sqlite").write_bytes(study)
    for name in ("mine.npz", "mine.png", "mine.html", "mine.csv", "mine.json", "mine"):
        Path(name).write_bytes(MINE)
    for ending in ("npz", "png", "html"):
        Path(f"problem.{ending}").symlink_to("my.toml")
        Path(f"store.{ending}").symlink_to("q.sqlite")
        os.link("my.toml", f"hard.{ending}")
    return tmp_path


COMMANDS = {
    "kernel": (["kernel", "my.toml", *SMALL], "-o"),
    "kernel picture": (["kernel", "my.toml", *SMALL], "--plot"),
    "limit": (["limit", "my.toml", "--points", "2", "--draws", "4"], "-o"),
    "limit picture": (["limit", "my.toml", "--points", "2", "--draws", "4"], "--plot"),
    "train": (["train", "my.toml", *SMALL, "--steps", "1"], "-o"),
    "train picture": (["train", "my.toml", *SMALL, "--steps", "1"], "--plot"),
    "train checkpoint": (["train", "my.toml", *SMALL, "--steps", "1"], "--checkpoint"),
    "report": (["report", "q.sqlite"], "-o"),
    "verify": ([*STUDY[:1], "my.toml", *STUDY[2:]], "--store"),
    "resume": (["resume", "q.sqlite"], "--into"),
}
TARGETS = [
    "my.toml", "problem.npz", "problem.png", "problem.html", "hard.npz", "hard.png", "hard.html", "q.sqlite",
    "store.npz", "store.png", "store.html", "mine.npz", "mine.png", "mine.html", "mine.csv", "mine.json",
    "mine", "full.tex", "K.txt", "no/such/K.npz", ".",
]  # fmt: skip
#: What a command may open: a store it resumes, a store that already holds the study computed again.
RESUMED = {("resume", "q.sqlite")}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_writes_over_what_it_did_not_make(name, target, place, capsys):
    if (name, target) in RESUMED or (name.startswith("train picture") and target == "."):
        return
    before = {path: path.read_bytes() for path in place.iterdir() if path.is_file()}
    command, option = COMMANDS[name]
    code = run([*command, option, target])
    err = capsys.readouterr().err
    assert code in (2, 3)
    assert err.startswith("ntk-theory: ")
    assert len(err.splitlines()) <= 4
    assert {path: path.read_bytes() for path in place.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("name", [n for n in COMMANDS if n not in ("verify", "resume")])
@pytest.mark.parametrize("ending", [".npz", ".png", ".svg", ".pdf", ".html", ".csv", ".json"])
def test_the_same_command_again_replaces_its_file_and_others_need_force(name, ending, place, capsys):
    command, option = COMMANDS[name]
    if name in ("limit picture", "train picture") and ending in (".svg", ".pdf"):
        return  # the same writer as that of the kernel's picture
    path = place / f"out{ending}"
    if run([*command, option, str(path)]) == 2:
        assert "ending" in capsys.readouterr().err
        assert not path.exists()
        return
    assert run([*command, option, str(path)]) == 0
    if name == "train checkpoint":
        return  # a foreign file is refused by the run itself, forced or not
    path.write_bytes(MINE)
    assert run([*command, option, str(path)]) == 2
    assert "--force" in capsys.readouterr().err
    assert path.read_bytes() == MINE
    assert run([*command, option, str(path), "--force"]) == 0
    assert path.read_bytes() != MINE


def test_force_never_replaces_an_input(place, capsys):
    before = (place / "my.toml").read_bytes()
    assert run(["kernel", "my.toml", *SMALL, "-o", "problem.npz", "--force"]) == 2
    assert "which this command reads" in capsys.readouterr().err
    assert (place / "my.toml").read_bytes() == before


def test_one_command_does_not_write_two_outputs_into_one_file(place, capsys):
    assert run(["train", "heat", *SMALL, "-o", "a.npz", "--checkpoint", "./a.npz"]) == 2
    assert "are one file" in capsys.readouterr().err


def test_a_picture_in_a_folder_is_claimed_too(place, capsys):
    (place / "pictures").mkdir()
    (place / "pictures" / "losses.png").write_bytes(MINE)
    assert run(["train", "heat", *SMALL, "--steps", "1", "--plot", "pictures"]) == 2
    assert "losses.png" in capsys.readouterr().err
    assert [path.name for path in (place / "pictures").iterdir()] == ["losses.png"]


def test_a_codebook_is_claimed_with_its_rows(place, capsys):
    (place / "rows.codebook.json").write_bytes(MINE)
    assert run(["report", "q.sqlite", "-o", "rows.csv"]) == 2
    assert "codebook" in capsys.readouterr().err
    assert not (place / "rows.csv").exists()


def test_a_trained_network_is_no_kernel_of_an_earlier_run(place, capsys):
    assert run(["train", "heat", *SMALL, "--steps", "1", "-o", "net.npz"]) == 0
    before = (place / "net.npz").read_bytes()
    assert run(["kernel", "heat", *SMALL, "-o", "net.npz"]) == 2
    assert (place / "net.npz").read_bytes() == before


def test_a_write_protected_file_stays(tmp_path):
    path = tmp_path / "K.png"
    path.write_bytes(b"Software\0ntk_theory")
    path.chmod(0o444)
    with pytest.raises(InputError, match="write-protected"):
        Outputs().claim("--plot", path, PICTURE)


def test_a_pipe_is_no_place_for_a_file(tmp_path):
    os.mkfifo(tmp_path / "K.png")
    with pytest.raises(InputError, match="device or pipe"):
        Outputs().claim("--plot", tmp_path / "K.png", PICTURE)


@pytest.mark.parametrize("filling", [b"", b"x" * 200_000], ids=["short", "long"])
def test_a_mark_is_found_at_either_end(filling, tmp_path):
    kind, path = Format("a test", (".x",), (b"MARK",)), tmp_path / "a.x"
    for content, ours in ((b"MARK" + filling, True), (filling + b"MARK", True), (filling + b"no", False)):
        path.write_bytes(content)
        assert kind.has_made(path) is ours


def test_links_stay_links_and_permissions_stay(tmp_path):
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old", encoding="utf-8")
    real.chmod(0o600)
    link.symlink_to(real)
    write_text(link, "new")
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == "new"
    assert real.stat().st_mode & 0o777 == 0o600


def test_the_longest_name_can_be_written(tmp_path):
    path = tmp_path / ("n" * 250 + ".txt")
    with replacing(path) as file:
        file.write(b"whole")
    assert path.read_bytes() == b"whole"
    assert len(os.listdir(tmp_path)) == 1


#: 20 kB per file: less than any kernel, picture, page or network of these commands.
FULL_DISK = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (2**11, 2**11)); " \
    "from ntk_theory.cli.app import main; main(sys.argv[1:])"  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ["kernel", "heat", "--width", "6", "--points", "16", "-o", "out.npz"],
        ["kernel", "heat", "--width", "6", "--points", "4", "--plot", "out.png"],
        ["train", "heat", "--width", "20", "--steps", "1", "-o", "out.npz"],
        ["report", "q.sqlite", "-o", "out.html"],
        ["report", "q.sqlite", "-o", "out.csv"],
    ],
    ids=lambda a: " ".join(a[::len(a) - 1]),
)  # fmt: skip
def test_a_full_disk_keeps_the_old_file_and_says_so(arguments, place):
    """Files may not grow beyond 2 kB, which is what a full disk looks like to a writer."""
    assert run(arguments) == 0
    out = next(place.glob("out.[hncp]*"))
    before, names = out.read_bytes(), sorted(os.listdir(place))
    environment = os.environ | {"NUMBA_DISABLE_PERFORMANCE_WARNINGS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, *arguments], cwd=place, env=environment, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert "ntk-theory: " in done.stderr
    assert out.read_bytes() == before
    assert sorted(os.listdir(place)) == names
