"""What turns texts into vectors, so that texts of like meaning lie near each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:  # a protocol needs no arrays to be imported
    import numpy as np
    import numpy.typing as npt

Vectors: TypeAlias = "npt.NDArray[np.float32]"
"""One row a text, of unit length, so that the inner product of two rows is their cosine."""


class Encoder(Protocol):
    """Texts to vectors of unit length; the same text gives the same vector, whatever stands beside it.

    An encoder makes no call to the network unless its name says so, and keeps nothing of what it is given. A text
    in which it finds no word that it knows has a row of zeros, which is near nothing.
    """

    @property
    def name(self) -> str:
        """What it is called in tables and on the command line, such as `wordllama-256`."""
        ...

    @property
    def digest(self) -> str:
        """``sha256:`` digest of the weights and settings; indexes and classifiers made with it are named by it."""
        ...

    @property
    def width(self) -> int:
        """How many numbers a vector has."""
        ...

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """The vectors of some texts, in their order: shape (len(texts), width), float32.

        Raises:
            RunError: The encoder cannot answer. Nothing was kept of the texts.
        """
        ...
