"""Counts words in the files of the granted folder."""

import re
from collections import Counter

from voyager_sdk import HostError, Invalid, files, log, operation
from wit_world import exports
from wit_world.exports.words import Occurrences


class Words(exports.Words):
    """The exported interface `words`: each method is an operation."""

    @operation
    def count(self, globs: list[str], most: int) -> list[Occurrences]:
        if most == 0:
            raise Invalid("`most` is 0; ask for at least one word")
        folder = files.only_folder()
        counts = Counter()
        for entry in folder.files(globs):
            try:
                text = folder.read_to_string(entry.path)
            except HostError as error:
                log("warn", f"{entry.path} is left out: {error}")
                continue
            counts.update(word.lower() for word in re.findall(r"[^\W_]+", text))
        # Sorted first, so that words of the same count come in the same order in every run.
        ranked = sorted(sorted(counts.items()), key=lambda it: it[1], reverse=True)
        return [Occurrences(word, count) for word, count in ranked[:most]]
