"""Decoders on files written here from the formats' specifications, and on hostile ones."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.sensing.modality import get_modality
from stillage_events.readers.decoding import SUFFIXES, read_events
from stillage_events.readers.evt import decode_evt2, decode_evt3
from stillage_events.reading import MAX_EVENTS, unpack
from tests.plugins.events.event_files import EVT2, EVT3, dsec, evt2, evt3


def listed(path: Path) -> list[tuple[int, int, int, bool]]:
    events = read_events(path)
    columns = (events.x, events.y, events.t, events.p)
    return list(zip(*(c.tolist() for c in columns), strict=True))


def test_evt2_words(tmp_path: Path) -> None:
    path = tmp_path / "some.raw"
    words = [
        0x1000_0000,  # CD_ON before any time: it has none
        0x8000_0010,  # EVT_TIME_HIGH 16: 1024 us
        0x10C0_2803,  # CD_ON, low time 3, x 5, y 3
        0xA000_0101,  # EXT_TRIGGER
        0x0FD3_F9DF,  # CD_OFF, low time 63, x 639, y 479
        0xE000_0000,  # OTHERS
        0xF123_4567,  # CONTINUED
        0x8000_0011,  # EVT_TIME_HIGH 17: 1088 us
        0x1000_0000,  # CD_ON, low time 0, x 0, y 0
    ]
    path.write_bytes(EVT2 + evt2(*words))
    assert listed(path) == [(5, 3, 1027, True), (639, 479, 1087, False), (0, 0, 1088, True)]
    assert read_events(path)[4:6] == (640, 480)


def test_evt2_counter_runs_over_after_34_bits() -> None:
    words = np.array([0x8FFF_FFFF, 0x1FC0_0000, 0x8000_0000, 0x1000_0000], np.uint32)
    assert decode_evt2(words)[2].tolist() == [2**34 - 1, 2**34]


def test_evt3_words(tmp_path: Path) -> None:
    path = tmp_path / "some.raw"
    words = [
        0x0064,  # EVT_ADDR_Y 100 before any time
        0x2005,  # EVT_ADDR_X: no time yet, dropped
        0x8001,  # EVT_TIME_HIGH 1
        0x6002,  # EVT_TIME_LOW 2: 4098 us
        0x2805,  # x 5, brighter
        0x0865,  # EVT_ADDR_Y 101, from the slave camera
        0x2006,  # x 6, darker
        0x3820,  # VECT_BASE_X 32, brighter
        0x4801,  # VECT_12: pixels 32 and 43; base moves on to 44
        0x6003,  # EVT_TIME_LOW 3
        0x5F81,  # VECT_8: pixels 44 and 51, the upper four bits mean nothing; base 52
        0x4001,  # VECT_12: pixel 52
        0xA001,  # EXT_TRIGGER
        0x7001,  # CONTINUED_4
        0xF001,  # CONTINUED_12
        0xE001,  # OTHERS
        0x3007,  # VECT_BASE_X 7, darker
        0x5003,  # VECT_8: pixels 7 and 8
    ]
    path.write_bytes(EVT3 + evt3(*words))
    first, then = 4098, 4099
    assert listed(path) == [
        (5, 100, first, True),
        (6, 101, first, False),
        (32, 101, first, True),
        (43, 101, first, True),
        (44, 101, then, True),
        (51, 101, then, True),
        (52, 101, then, True),
        (7, 101, then, False),
        (8, 101, then, False),
    ]
    assert read_events(path)[4:6] == (1280, 720)


def test_evt3_time_base_runs_over_after_24_bits() -> None:
    over = [0x0001, 0x8FFF, 0x6FFF, 0x2001, 0x8000, 0x6000, 0x2002, 0x8FFF, 0x2003, 0x8001, 0x2004]
    t = decode_evt3(np.array(over, np.uint16))[2]
    base = 2**24
    assert t.tolist() == [base - 1, base, base + 0xFFF000, 2 * base + 0x1000]


def test_evt3_time_high_that_repeats_keeps_the_low_part_and_a_small_step_back_is_no_loop() -> None:
    words = [0x0001, 0x8005, 0x6007, 0x8005, 0x2001, 0x8004, 0x2002]
    assert decode_evt3(np.array(words, np.uint16))[2].tolist() == [0x5007, 0x4000]


def test_decoders_agree_with_a_plain_automaton_on_any_words() -> None:
    random = np.random.default_rng(0)
    kinds = random.choice([0, 2, 3, 4, 5, 6, 7, 8, 10, 14, 15], 20_000)
    words = (kinds << 12 | random.integers(0, 4096, 20_000)).astype(np.uint16)
    row = base = sign = high = None
    low = loops = 0
    expected = []
    for word in words.tolist():
        kind, data = word >> 12, word & 0xFFF
        known = row is not None and high is not None
        time = loops * 2**24 + (high or 0) * 4096 + low
        match kind:
            case 0:
                row = data % 2048
            case 2 if known:
                expected.append((data % 2048, row, time, data >= 2048))
            case 3:
                base, sign = data % 2048, data >= 2048
            case 4 | 5 if base is not None:
                size = {4: 12, 5: 8}[kind]
                bits = f"{data:012b}"[::-1][:size]
                if known:
                    pixels = [base + k for k, bit in enumerate(bits) if bit == "1"]
                    expected += [(x, row, time, sign) for x in pixels]
                base += size
            case 6:
                low = data
            case 8:
                loops += high is not None and high - data >= 2048
                low = low if high == data else 0
                high = data
    found = list(zip(*(column.tolist() for column in decode_evt3(words)), strict=True))
    assert found == expected
    assert len(found) > 10_000


def test_text(tmp_path: Path) -> None:
    path = tmp_path / "events.txt"
    path.write_text("0.003811000 96 133 0\n0.003820001 127 171 1\n")
    assert listed(path) == [(96, 133, 3811, False), (127, 171, 3820, True)]
    assert read_events(path)[4:6] == (240, 180)
    path.write_text("# made by us\n346 260\n0 1 2 -1\n1e-6 1 2 1\n")
    assert listed(path) == [(1, 2, 0, False), (1, 2, 1, True)]
    assert read_events(path)[4:6] == (346, 260)


def test_nmnist_bin(tmp_path: Path) -> None:
    path = tmp_path / "00001.bin"
    path.write_bytes(bytes([18, 16, 0x80, 0x03, 0x7D, 20, 17, 0x00, 0x04, 0x24]))
    assert listed(path) == [(18, 16, 893, True), (20, 17, 1060, False)]
    path.write_bytes(bytes([1, 2, 0x80, 0, 5, 0, 240, 0, 0, 0, 1, 2, 0x7F, 0xFF, 0xFF]))
    assert listed(path) == [(1, 2, 5, True), (1, 2, 0x7FFFFF + 2**13, False)]


def test_dsec(tmp_path: Path) -> None:
    from stillage_events.readers.dsec import read_dsec

    path = tmp_path / "events.h5"
    dsec(path)
    assert listed(path)[1] == (1, 4, 1_000_400, True)
    assert read_events(path)[4:6] == (640, 480)
    assert read_dsec(path, 1, 2).x.tolist() == [3, 4]
    assert read_dsec(path, 1).x.tolist() == [3, 4, 5]
    with pytest.raises(BadInput, match="0 to 2"):
        read_dsec(path, 9)


def test_hostile_dsec_files_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events.h5"
    for name in ("x", "p"):
        dsec(path)
        with h5py.File(path, "r+") as file:
            del file["events"][name]
            file["events"][name] = h5py.ExternalLink("/etc/passwd", "/x")
        with pytest.raises(BadInput, match="a link"):
            read_events(path)
    dsec(path)
    with h5py.File(path, "r+") as file:
        for name in "xytp":
            del file["events"][name]
            file["events"].create_dataset(name, (10**12,), np.uint16, chunks=(2**16,))
    with pytest.raises(BadInput, match="1000000000000 events"):
        read_events(path)
    dsec(path)
    with h5py.File(path, "r+") as file:
        del file["events"]["x"]
        file["events"].create_dataset("x", (6,), np.uint16, external=[("/etc/hostname", 0, 12)])
    with pytest.raises(BadInput, match="outside this file"):
        read_events(path)
    dsec(path)
    with h5py.File(path, "r+") as file:
        del file["events"]["x"]
        file["events"]["x"] = np.arange(5, dtype=np.uint16)
    with pytest.raises(BadInput, match="one length"):
        read_events(path)
    dsec(path)
    with h5py.File(path, "r+") as file:
        del file["events"]["p"]
        file["events"]["p"] = np.array([b"a"] * 6, "S1")
    with pytest.raises(BadInput, match="integers"):
        read_events(path)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.raw", b"", "empty"),
        ("a.raw", b"\x00" * 64, "a header"),
        ("a.raw", b"% evt 2.1\n" + bytes(8), "EVT2 or EVT3"),
        ("a.raw", EVT2 + bytes(7), "words of 4"),
        ("a.raw", EVT3 + bytes(4), "no event"),
        ("a.raw", EVT2 + evt2(0x8000_0001, 0x1040_0000 | 640 << 11), "640 x 480"),
        ("a.raw", b"% evt 3.0\n% geometry 10^12x720\n" + bytes(4), "WIDTHxHEIGHT"),
        ("a.raw", b"% evt 3.0\n% geometry 99999x720\n" + bytes(4), "1 to 8192"),
        ("a.raw", b"% " + b"x" * 70_000, "lines '% key value'"),
        ("a.bin", b"1234", "5 bytes an event"),
        ("a.bin", bytes([40, 1, 0, 0, 1]), "34 x 34"),
        ("a.txt", b"", "empty"),
        ("a.txt", b"hello world\n", "could not convert|t x y p"),
        ("a.txt", b"1 2 3\n", "t x y p"),
        ("a.txt", b"nan 1 2 1\n", "none"),
        ("a.txt", b"1 1 2 7\n", "polarity"),
        ("a.txt", b"1 1.5 2 1\n", "whole"),
        ("a.txt", b"1 1 2 1\n1 1\n", "t x y p"),
        ("a.txt", b"10 10\n1 50 2 1\n", "10 x 10"),
        ("a.h5", b"no hdf5", "damaged or foreign"),
        ("a.aedat4", b"#!AER-DAT2.0\r\n", "AEDAT4"),
        ("a.zip", b"PK", "file type"),
    ],
)
def test_bad_files_are_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInput, match=told) as caught:
        read_events(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_too_many_events_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    path = tmp_path / "many.raw"
    vectors = np.full(MAX_EVENTS // 12 + 2, 0x4FFF, "<u2")
    path.write_bytes(EVT3 + evt3(0x8001, 0x0001, 0x3001) + vectors.tobytes())
    with pytest.raises(BadInput, match="at most"):
        read_events(path)


def test_a_manifest_may_name_event_files(tmp_path: Path) -> None:
    modality = get_modality("events")
    assert set(modality.spec.suffixes) == set(SUFFIXES)
    path = tmp_path / "a.txt"
    path.write_text("5.0 1 2 0\n5.25 3 4 1\n")
    events = unpack(modality.read(path))
    assert events.t.tolist() == [0, 250_000]
    assert events.duration == 250_001
    from stillage.recording import Recording
    from stillage.recording.manifest.reader import read_manifest

    (tmp_path / "all.csv").write_text(
        "group,path:events,target:kind\na,a.txt,up\nb,a.txt,down\nc,,up\n"
    )
    with Recording.open(read_manifest(tmp_path / "all.csv", tmp_path / "all.h5")) as recording:
        assert recording.modalities["events"].ragged
        assert unpack(recording.read("events")[1]).p.tolist() == [False, True]
        assert recording.presence("events").tolist() == [True, True, False]
