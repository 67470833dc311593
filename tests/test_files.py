"""Files appear whole or not at all, and a reader of arrays does no more work than the file is large."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.errors import InputError
from ntk_theory.files import read_archive, write_archive
from ntk_theory.model import network_file
from ntk_theory.outputs import replacing

KIND = "test 1"
ARRAYS = {"a": np.arange(6.0).reshape(2, 3), "names": np.array(["u", "ü"]), "text": "some text", "n": 3}


def read(path):
    return read_archive(path, KIND, what="test", writer="the test")


def entry(archive, name, content, compression=zipfile.ZIP_STORED):
    archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content, compress_type=compression)


def header(shape, dtype="<f8", body=b""):
    """The bytes of an array that claims a shape."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue() + body


def test_arrays_and_texts_come_back_bit_for_bit(tmp_path):
    write_archive(tmp_path / "x.npz", KIND, ARRAYS)
    found = read(tmp_path / "x.npz")
    assert set(found) == set(ARRAYS)
    for name, value in ARRAYS.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].dtype == np.asarray(value).dtype
    assert os.listdir(tmp_path) == ["x.npz"]


def test_objects_are_not_written(tmp_path):
    with pytest.raises(InputError, match="'a' has the type object"):
        write_archive(tmp_path / "x.npz", KIND, {"a": np.array([{}], dtype=object)})
    assert os.listdir(tmp_path) == []


def test_a_failure_while_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.npz"
    write_archive(path, KIND, ARRAYS)
    before = path.read_bytes()

    def interrupted():
        with replacing(path) as file:
            file.write(b"half of it")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        interrupted()
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["x.npz"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.npz").write_bytes(b"old")
    (tmp_path / "link.npz").symlink_to(tmp_path / "real.npz")
    write_archive(tmp_path / "link.npz", KIND, ARRAYS)
    assert (tmp_path / "link.npz").is_symlink()
    assert set(read(tmp_path / "real.npz")) == set(ARRAYS)


def test_a_pipe_is_written_to_and_stays(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with replacing(path) as file:
            file.write(b"bytes")
        assert os.read(reader, 9) == b"bytes"
    finally:
        os.close(reader)
    assert path.is_fifo()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda z: entry(z, "a", header((10**12,))), "claims the shape"),
        (lambda z: entry(z, "a", header((10**30,))), "claims the shape"),
        (lambda z: entry(z, "a", header((10**9, 10**9), "<U0")), "claims the shape"),
        (lambda z: entry(z, "a", header((2,), "|O", b"cos")), "not numbers or text"),
        (lambda z: entry(z, "a", header((1,), "<f8", b"8 bytes!more")), "goes on after its array"),
        (lambda z: entry(z, "a", header((100,), "<f8", b"8 bytes!")), "claims the shape"),
        (lambda z: entry(z, "a", b"nothing of the kind"), "magic"),
        (lambda z: entry(z, "a", bytes(10**7), zipfile.ZIP_DEFLATED), "compressed"),
        (lambda z: None, "lacks the entry 'format'"),
    ],
    ids=[
        "terabytes",
        "overflow",
        "no bytes each",
        "pickle",
        "too long",
        "too short",
        "text",
        "bomb",
        "empty",
    ],
)
def test_what_is_not_plain_arrays_is_refused_before_memory_is_asked_for(make, why, tmp_path):
    path = tmp_path / "bad.npz"
    with zipfile.ZipFile(path, "w") as archive:
        make(archive)
    with pytest.raises(InputError, match=why) as caught:
        read(path)
    assert "bad.npz is not a test file" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_entries_that_share_their_bytes_are_refused(tmp_path):
    """Many entries of the directory that point to one block would be read as many times its size."""
    path = tmp_path / "bad.npz"
    write_archive(path, KIND, {"a": np.zeros(1000)})
    data = path.read_bytes()
    end = data.rindex(b"PK\x05\x06")
    count, size, start = struct.unpack("<HII", data[end + 10 : end + 20])
    listing = data[start : start + size] * 3
    tail = data[end : end + 8] + struct.pack("<HHII", 3 * count, 3 * count, len(listing), start) + b"\0\0"
    path.write_bytes(data[:start] + listing + tail)
    with pytest.raises(InputError, match=r"claim to be larger than the file|overlap"):
        read(path)


def test_any_flipped_byte_is_noticed_or_harmless(tmp_path):
    """One byte at 300 places, drawn with a fixed seed: the arrays are as written, or the file is refused."""
    path = tmp_path / "x.npz"
    write_archive(path, KIND, ARRAYS)
    whole, rng, refused = path.read_bytes(), np.random.default_rng(5), 0
    for at in rng.integers(len(whole), size=300):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ int(rng.integers(1, 256))]) + whole[at + 1 :])
        try:
            found = read(path)
        except InputError:
            refused += 1
            continue
        for name in set(found) & set(ARRAYS):
            np.testing.assert_array_equal(found[name], ARRAYS[name])
    assert refused > 150


@pytest.mark.parametrize("bias", ["zero", "normal", "none"])
@pytest.mark.parametrize("mapped", [None, {"x": (0, 2), "t": (-1, 3)}])
def test_a_network_comes_back(bias, mapped, tmp_path):
    net = nt.Network(
        ("x", "t"), ("u", "v"), (4, 3), s="2/3", activation="sin", output_bias=bias, input_map=mapped
    )
    theta = net.init(4)
    rates = tuple(float(k) for k in range(5 + (bias != "none")))
    theta = nt.Parameters(theta.hidden, theta.readout, theta.output_bias, rates, s="2/3")
    nt.save(tmp_path / "net.npz", net, theta)
    again, parameters = nt.load(tmp_path / "net.npz")
    assert again == net
    assert parameters.rates == theta.rates
    assert parameters.s == theta.s == net.s
    for mine, theirs in zip(parameters.blocks(), theta.blocks(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_parameters_of_another_network_are_not_saved(tmp_path):
    small, large = (nt.Network(("x",), ("u",), width) for width in (3, 4))
    with pytest.raises(InputError, match="hidden shapes"):
        nt.save(tmp_path / "net.npz", small, large.init(0))
    assert os.listdir(tmp_path) == []


def test_a_file_that_does_not_say_s_has_parameters_for_any(tmp_path):
    net = nt.Network(("x",), ("u",), 3, s="3/4")
    nt.save(tmp_path / "net.npz", net, net.init(0))
    arrays = read_archive(tmp_path / "net.npz", network_file.FORMAT, what="network", writer="nt.save")
    assert str(arrays.pop("made_for")) == '"3/4"'
    write_archive(tmp_path / "old.npz", network_file.FORMAT, arrays)
    again, parameters = nt.load(tmp_path / "old.npz")
    assert (again, parameters.s) == (net, None)
    nt.save(tmp_path / "old.npz", again, parameters)
    assert nt.load(tmp_path / "old.npz")[1].s is None


def test_parameters_for_another_s_are_not_saved(tmp_path):
    net = nt.Network(("x",), ("u",), 3)
    with pytest.raises(InputError, match=r"made for s = 1/2, but the network has s = 1;"):
        nt.save(tmp_path / "net.npz", replace(net, s=1), net.init(0))
    assert os.listdir(tmp_path) == []


def test_a_kernel_file_is_no_network(tmp_path):
    net = nt.Network(("x",), ("u",), 3)
    nt.ntk("u_x - u", net, net.init(0)).to_npz(tmp_path / "K.npz")
    with pytest.raises(InputError, match=r"the format 'ntk-theory kernel 1'.*write it with nt\.save"):
        nt.load(tmp_path / "K.npz")
