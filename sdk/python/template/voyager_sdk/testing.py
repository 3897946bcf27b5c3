"""Tests of a skill: its component in the real host, with the grants that the test names.

`agent-host skill test` builds the component and says where the host and the component are.
"""

import json
import os
import subprocess


class Failed(Exception):
    """A call gave no result."""

    def __init__(self, kind, message):
        super().__init__(f"{kind}: {message}")
        #: The kind, as manifests name it, for example `failed` or `denied`.
        self.kind = kind
        #: One sentence.
        self.message = message


def call(operation, *, read=(), write=(), **arguments):
    """Calls an operation, as in manifests (`word-count/count`); gives back its result as JSON.

    `read` and `write` are the folders that it may read or change. A parameter with a hyphen is written
    with `_`. Raises `Failed` where the operation gives no result.
    """
    command = [_set("VOYAGER_HOST"), "--skills", _set("VOYAGER_SKILLS")]
    command += ["--json", "skill", "run", operation]
    for name, value in arguments.items():
        command += ["--with", f"{name.replace('_', '-')}={json.dumps(value)}"]
    for option, folders in (("--read", read), ("--write", write)):
        for folder in folders:
            command += [option, os.fspath(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = ended.stdout.splitlines()
    if not lines:
        raise RuntimeError(f"the host gave no answer: {ended.stderr}")
    return _outcome(json.loads(lines[-1]))


def _set(name):
    value = os.environ.get(name)
    if value is None:
        raise RuntimeError(f"{name} is not set: start tests by `agent-host skill test`")
    return value


def _outcome(last):
    answer = last.get("answer") or {}
    if answer.get("status") == "done":
        return answer["outputs"]["result"]
    error = answer.get("error") or last.get("error") or {}
    raise Failed(error.get("kind", ""), error.get("message") or json.dumps(last))
