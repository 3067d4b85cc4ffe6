"""Decision ids sort by time and are never given twice."""

from __future__ import annotations

from uuid import UUID

from actas.identifiers import DecisionIds

NOW = 1_800_000_000.25


def test_an_id_is_a_uuid_of_version_7_with_its_time() -> None:
    """RFC 9562, section 5.7: version 7, the RFC's variant, and the milliseconds first."""
    uuid = UUID(DecisionIds().new(NOW))

    assert (uuid.version, uuid.variant) == (7, "specified in RFC 4122")
    assert uuid.int >> 80 == 1_800_000_000_250


def test_ids_grow_within_one_millisecond() -> None:
    """Many ids of one moment are in order and all different."""
    ids = DecisionIds()
    made = [ids.new(NOW) for _ in range(1000)]

    assert made == sorted(set(made))


def test_ids_grow_when_the_clock_steps_back() -> None:
    """A clock that was set back does not put a later decision before an earlier one."""
    ids = DecisionIds()
    first = ids.new(NOW)

    assert ids.new(NOW - 3600) > first


def test_an_exhausted_millisecond_borrows_the_next() -> None:
    """When no random bits are left above the last id, the next one still is greater."""
    ids = DecisionIds(random_bits=lambda bits: (1 << bits) - 1)
    first = ids.new(NOW)
    second = ids.new(NOW)

    assert second > first
    assert UUID(second).version == 7
