"""Declare every arm of a distillation once: its name, what it is and the files it leaves.

Light to import: results, reports, the command line and the simulator all ask here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from stillage.plugin.spec import Role


class Arm(NamedTuple):
    """One thing that is trained and scored under a name, or the exported form of one.

    Attributes
    ----------
    name : str
        Key of its scores, its folder and its perception table.
    label : str
        Its name for readers.
    role : Role
        What it is to a reader; a plain arm has the role that it has among the plain ones.
    perceives : bool
        Whether a run can put it on the belt: it then fills the perception table of its name.
    export : str
        Precision of the bundle that perceives for it; empty: its network does, unexported.
    of : str
        The arm whose network it is, where it has none of its own.
    plain : bool
        Whether it is a plain scikit-learn model, not one of our networks.
    blame : str
        For a control that knows no teacher: what advice calls it when it may explain a gain.
    """

    name: str
    label: str
    role: Role
    perceives: bool = False
    export: Literal["", "fp32", "int8"] = ""
    of: str = ""
    plain: bool = False
    blame: str = ""


class Difference(NamedTuple):
    """A paired difference of scores that a result tells: ``arm`` minus ``other``."""

    arm: str
    other: str
    label: str

    @property
    def key(self) -> str:
        """Its key in a result.

        >>> GAIN.key
        'distilled-labels_only'
        """
        return f"{self.arm}-{self.other}"


TEACHER, DISTILLED, LABELS_ONLY = "teacher", "distilled", "labels_only"

ARMS = (
    Arm(TEACHER, "teacher", "teacher", perceives=True),
    Arm(LABELS_ONLY, "student, labels only", "control", perceives=True),
    Arm("plain", "plain model, distilled", "student", plain=True),
    Arm("self_training", "self-training control", "control", blame="self-training"),
    Arm("shuffled", "shuffled-teacher control", "control", blame="a shuffled teacher"),
    Arm(DISTILLED, "distilled student", "student", perceives=True, export="fp32"),
    Arm(
        "distilled_int8", "distilled student, INT8", "student",
        perceives=True, export="int8", of=DISTILLED,
    ),
    Arm("plain_teacher", "plain model, teacher", "teacher", plain=True),
    Arm("plain_labels_only", "plain model, labels only", "control", plain=True),
)  # fmt: skip
"""All arms, in the order of a result; one without a score in a result is left out of it."""

PERCEIVING = tuple(arm.name for arm in ARMS if arm.perceives)
"""Arms that a run can put on the belt: names of perception tables."""

KEPT = tuple(arm.name for arm in ARMS if arm.perceives and not arm.of)
"""Arms whose networks are kept: they perceive in a run, or are exported for it."""

STUDENTS = tuple(arm.name for arm in ARMS if not (arm.plain or arm.of or arm.name == TEACHER))
"""Arms whose students are trained alike: same start, same order of samples."""

GAIN = Difference(DISTILLED, LABELS_ONLY, "distilled − labels only")
"""What distilling brings."""

DIFFERENCES = (
    Difference(DISTILLED, "plain", "distilled − plain model (distilled likewise)"),
    Difference("self_training", LABELS_ONLY, "self-training − labels only"),
    Difference("shuffled", LABELS_ONLY, "shuffled teacher − labels only"),
    Difference(TEACHER, DISTILLED, "teacher − distilled"),
    Difference("plain", "plain_labels_only", "plain model: distilled − labels only"),
)
"""Differences that a result tells beside the gain."""


def find_arm(name: str) -> Arm | None:
    """Return the arm of that name, or None: a bundle or a scenario's policy is no arm.

    >>> find_arm("distilled_int8").of, find_arm("my-bundle")
    ('distilled', None)
    """
    return next((arm for arm in ARMS if arm.name == name), None)
