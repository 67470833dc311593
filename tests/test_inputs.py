"""A path is looked at before it is read: nothing waits for a pipe or fills memory from a device."""

import os
import threading

import pytest

import ntk_theory as nt
from ntk_theory.errors import NTKTheoryError
from ntk_theory.inputs import reading
from ntk_theory.studies.engine.store import Store

SECONDS = 20


def pipe(folder, suffix):
    os.mkfifo(folder / f"pipe{suffix}")
    return folder / f"pipe{suffix}"


def device(folder, suffix):
    (folder / f"zero{suffix}").symlink_to("/dev/zero")
    return folder / f"zero{suffix}"


def folder_like_a_file(folder, suffix):
    (folder / f"folder{suffix}").mkdir()
    return folder / f"folder{suffix}"


def huge(folder, suffix):
    path = folder / f"huge{suffix}"
    with open(path, "wb") as file:
        file.truncate(10**13)  # a hole: no disk is used
    return path


READERS = {
    "problem": (".toml", nt.classify),
    "network": (".npz", nt.load),
    "store": (".sqlite", Store.open),
    "checkpoint": (".npz", lambda path: nt.train("poisson", until=2, checkpoint=path)),
}


def ends_in_a_sentence(read, path):
    """Run ``read`` in a thread that is given up after some seconds; the error's text."""
    found = []

    def work():
        try:
            read(path)
        except (NTKTheoryError, OSError) as error:
            found.append(str(error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(SECONDS)
    assert not thread.is_alive(), "it waits"
    (text,) = found
    return text


@pytest.mark.parametrize("make", [pipe, device, folder_like_a_file, huge], ids=lambda f: f.__name__)
@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_file_is_refused_at_once(reader, make, tmp_path):
    suffix, read = READERS[reader]
    path = make(tmp_path, suffix)
    assert path.name in ends_in_a_sentence(read, path)
    assert path.exists()


def test_a_file_that_is_too_long_is_named_with_its_size(tmp_path):
    path = tmp_path / "long.toml"
    path.write_bytes(b"x" * 11)
    with (
        pytest.raises(NTKTheoryError, match=r"the text .*long\.toml has 11 bytes; it may have 10"),
        reading(path, "the text", 10),
    ):
        pass
    with reading(path, "the text", 11) as file:
        assert file.read() == b"x" * 11
