"""Which document each passage belongs to, in arrays beside the words index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.int64]


class Owners:
    """Documents of passages. Values never change: `brought_up` makes others."""

    def __init__(
        self, keys: Keys, numbers: npt.NDArray[np.int32], places: Mapping[str, int]
    ) -> None:
        """Passage `keys[i]` belongs to the document whose place is `numbers[i]`."""
        self._keys = keys
        self._numbers = numbers
        self._places = places
        self._sizes = np.bincount(numbers, minlength=len(places))

    @classmethod
    def none(cls) -> Owners:
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int32), {})

    def brought_up(self, keys: Keys, owners: Callable[[int], Iterable[tuple[int, str]]]) -> Owners:
        """The owners of `keys`; `owners(key)` gives those of all passages with a larger key."""
        stays = np.isin(self._keys, keys, assume_unique=True)
        places = dict(self._places)
        new = list(owners(int(self._keys[-1]) if len(self._keys) else -1))
        added = [places.setdefault(identity, len(places)) for _, identity in new]
        return Owners(
            np.concatenate((self._keys[stays], np.asarray([key for key, _ in new], np.int64))),
            np.concatenate((self._numbers[stays], np.asarray(added, np.int32))),
            places,
        )

    def keys_of(self, document: str) -> list[int]:
        """Keys of the passages of a document, ascending."""
        place = self._places.get(document, -1)
        found: list[int] = self._keys[self._numbers == place].tolist()
        return found

    def documents_of(self, rows: npt.NDArray[np.int64]) -> list[str]:
        """The document of each row."""
        documents = list(self._places)
        return [documents[number] for number in self._numbers[rows].tolist()]

    def size_of(self, document: str) -> int:
        """How many passages a document has."""
        place = self._places.get(document)
        return 0 if place is None else int(self._sizes[place])

    def values(self, rows: npt.NDArray[np.int64], values: Mapping[str, float]) -> list[float]:
        """The value of the document of each row, 0 where it has none."""
        by_place = np.zeros(max(1, len(self._places)))
        for document, value in values.items():
            # A scan of which nothing could be read has a name and no passages.
            if document in self._places:
                by_place[self._places[document]] = value
        found: list[float] = by_place[self._numbers[rows]].tolist()
        return found
