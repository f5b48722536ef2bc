"""Small containers that the tests write with PyAV."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av import AudioStream, VideoStream

from stillage_audiovideo.readers import knock

CODECS = {".mp4": ("mpeg4", "aac"), ".mkv": ("ffv1", "flac"), ".avi": ("mpeg4", "pcm_s16le")}


def write_sound(
    path: Path, wave: np.ndarray, rate: int, codec: str = "", late: float = 0.0
) -> Path:
    """Sound (channels, time) in -1..1; its first sample is presented ``late`` seconds in."""
    return write_clip(path, None, 1, wave, rate, ("", codec or sound_codec(path)), late)


def sound_codec(path: Path) -> str:
    return {".wav": "pcm_s16le", ".flac": "flac"}.get(path.suffix) or CODECS[path.suffix][1]


def write_clip(
    path: Path,
    frames: np.ndarray | None,
    fps: int,
    wave: np.ndarray | None = None,
    rate: int = 16000,
    codecs: tuple[str, str] = ("", ""),
    late: float = 0.0,
    times: np.ndarray | None = None,
) -> Path:
    """Frames (F, H, W, 3) and sound (channels, time) with their presentation times."""
    picture_codec = codecs[0] or CODECS.get(path.suffix, ("", ""))[0]
    with av.open(str(path), "w") as container:
        picture: VideoStream | None = None
        sound: AudioStream | None = None
        if frames is not None:
            added = container.add_stream(picture_codec, rate=fps)
            assert isinstance(added, VideoStream)
            picture = added
            picture.height, picture.width = frames.shape[1:3]
            picture.pix_fmt = "bgr0" if picture_codec == "ffv1" else "yuv420p"
            picture.codec_context.time_base = Fraction(1, 1000 if times is not None else fps)
        if wave is not None:
            heard = container.add_stream(codecs[1] or sound_codec(path), rate=rate)
            assert isinstance(heard, AudioStream)
            sound = heard
            sound.layout = "mono" if len(wave) == 1 else "stereo"
            sound.codec_context.time_base = Fraction(1, rate)
        if frames is not None and picture is not None:
            for k in range(len(frames)):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(frames[k]), format="rgb24")
                frame.pts = k if times is None else round(1000 * times[k])
                frame.time_base = picture.codec_context.time_base
                container.mux(picture.encode(frame))
            container.mux(picture.encode(None))
        if wave is not None and sound is not None:
            scaled = np.clip(wave * 32767, -32768, 32767).astype(np.int16)
            whole = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(scaled.T.reshape(1, -1)),
                format="s16",
                layout=sound.layout.name,
            )
            whole.sample_rate, whole.time_base = rate, Fraction(1, rate)
            whole.pts = round(late * rate)
            layout, form = sound.layout.name, sound.codec_context.format.name
            pieces = av.AudioResampler(form, layout, rate, sound.frame_size or 1024)
            for part in [*pieces.resample(whole), *pieces.resample(None)]:
                container.mux(sound.encode(part))
            container.mux(sound.encode(None))
    return path


def knock_set(folder: Path, each: int = 3) -> Path:
    draw = np.random.default_rng(0)
    for part in knock.PARTS:
        for name in knock.CLASSES:
            (folder / part / name).mkdir(parents=True)
            for k in range(1, each + 1):
                wave = 0.2 * draw.standard_normal((1, 44100))
                write_sound(folder / part / name / f"{9 * k}.flac", wave, 44100)
    return folder
