"""The component in the real host. Start by `agent-host skill test`."""

import dataclasses
import enum
import pathlib
import tempfile
import unittest

from voyager_sdk import values
from voyager_sdk.testing import Failed, call, play


class Count(unittest.TestCase):
    def test_frequent_words_come_first(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "a.txt").write_text("one two two")
            pathlib.Path(folder, "b.txt").write_bytes(b"\xff")
            played = play("{{name}}/count", globs=["*.txt"], most=1, read=[folder])
        self.assertEqual(played.result, [{"word": "two", "count": 2}])
        # What it asked the host, and what it logged.
        read = [it.arguments["path"] for it in played.asked("workspace.read")]
        self.assertEqual(read, ["a.txt", "b.txt"])
        self.assertEqual([level for level, _ in played.log], ["warn"])

    def test_a_refusal_has_its_kind(self):
        # What is not granted is not there, and the kind of the error says so.
        with self.assertRaises(Failed) as refused:
            call("{{name}}/count", globs=["*.txt"], most=1)
        self.assertEqual(refused.exception.kind, "denied")
        self.assertIn("no folder is granted", refused.exception.message)
        with self.assertRaises(Failed) as refused:
            call("{{name}}/count", globs=[], most=0)
        self.assertEqual(refused.exception.kind, "invalid")


class Level(enum.Enum):
    VERY_HIGH = 0


@dataclasses.dataclass
class Place:
    path: str
    line: int | None
    level: Level
    span: tuple[int, float]


class Values(unittest.TestCase):
    def test_values_cross_as_messagepack(self):
        place = Place("a", None, Level.VERY_HIGH, (1, 2.0))
        written = values.written([place, {"failed": b"x"}])
        crossed = [["a", None, "very-high", [1, 2.0]], {"failed": b"x"}]
        self.assertEqual(values.read(None, written), crossed)
        places = values.written([place, place])
        self.assertEqual(values.read(list[Place], places), [place, place])

    def test_a_value_of_another_type_is_told(self):
        for ty, value in ((list[int], [True]), (list[Place], [["a"]]), (Level, ["low"]), (str, [1])):
            with self.assertRaises((TypeError, ValueError)):
                values.read(ty, values.written(value))


if __name__ == "__main__":
    unittest.main()
