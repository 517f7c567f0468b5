"""Records to and from JSON, for the catalog and for the decoding child (never pickle)."""

from __future__ import annotations

from typing import Any, TypeVar

from cattrs.errors import CattrsError
from cattrs.preconf.json import make_converter

# Which field was wrong is not told: that made reading a patient's images twice as slow.
_converter = make_converter(forbid_extra_keys=True, detailed_validation=False)

Record = TypeVar("Record")

# The last two: 1e999 where a whole number belongs, and nesting deeper than Python's stack.
_MISFITS = (KeyError, TypeError, AttributeError, OverflowError, RecursionError)


def _register_dates() -> None:
    from datetime import date, datetime, time

    _converter.register_unstructure_hook(date, lambda value: value.isoformat())
    _converter.register_structure_hook(date, lambda text, _: date.fromisoformat(text))
    _converter.register_unstructure_hook(time, lambda value: value.isoformat())
    _converter.register_structure_hook(time, lambda text, _: time.fromisoformat(text))
    _converter.register_unstructure_hook(datetime, lambda value: value.isoformat())
    _converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))


_register_dates()


def to_json(record: object) -> str:
    """Return one record as compact JSON."""
    return _converter.dumps(record, separators=(",", ":"), ensure_ascii=False)


def from_json(text: str | bytes, kind: type[Record]) -> Record:
    """Rebuild a record of `kind`.

    Raises
    ------
    ValueError
        The text is not JSON, or does not describe such a record.
    """
    try:
        return _converter.loads(text, kind)
    except (*_MISFITS, CattrsError) as fault:
        raise ValueError(f"not a {kind.__name__}") from fault


def to_plain(record: object) -> Any:
    """Return a record as dicts, lists and scalars."""
    return _converter.unstructure(record)
