"""Tests of a skill: its component in the real host, with the grants and the answers that the test names.

`agent-host skill test` builds the component and says where the host and the component are.

The call is a run like any other but for two things: what the skill asks of programs, servers and other skills is
answered by the test, and nothing is journaled. What the test has no answer to fails, and the test with it.
"""

import dataclasses
import json
import os
import subprocess


class Failed(Exception):
    """A call gave no result."""

    def __init__(self, kind, message, bound=None, detail=None):
        super().__init__(f"{kind}: {message}")
        #: The kind, as manifests name it, for example `failed` or `denied`.
        self.kind = kind
        #: One sentence.
        self.message = message
        #: The grant that is missing, or the bound that was hit.
        self.bound = bound
        #: The operation's own error, where the kind is `failed`.
        self.detail = detail


@dataclasses.dataclass(frozen=True)
class Asked:
    """A question to the host, and what became of it."""

    #: Its name, for example `workspace.read` or `process.run`.
    call: str
    #: Its arguments by name. Bytes are text where they are some, `{"bytes": NUMBER}` where not. None where they are
    #: larger than the host keeps.
    arguments: dict | None
    #: Why it was not answered, or denied.
    failed: Failed | None


class Played:
    """All that came of a call."""

    def __init__(self, answer):
        #: Why there is no result, where there is none.
        self.failed = None if answer["status"] == "done" else _failed(answer["error"])
        self._result = answer["outputs"].get("result")
        #: What the skill and its child tasks asked the host, in the order in which they did.
        self.all_asked = [
            Asked(it["call"], it["arguments"], _failed(it["error"]) if "error" in it else None)
            for it in answer["asked"]
        ]
        #: Lines that it logged: level and message.
        self.log = [(it["level"], it["message"]) for it in answer["log"]]

    @property
    def result(self):
        """The result as JSON; raises `Failed` where there is none."""
        if self.failed is not None:
            raise self.failed
        return self._result

    def asked(self, call):
        """The questions of this name, in the order in which they were asked."""
        return [it for it in self.all_asked if it.call == call]


def call(operation, **options):
    """Plays a call as `play` does; gives back its result as JSON. Raises `Failed` where there is none."""
    return play(operation, **options).result


def play(
    operation,
    *,
    read=(),
    write=(),
    programs=(),
    servers=(),
    children=(),
    secrets=(),
    limits=None,
    seed=None,
    script=None,
    allow=None,
    skills=(),
    wit=(),
    arguments=None,
    **parameters,
):
    """Plays a call of an operation, as in manifests (`word-count/count`), with its arguments by name.

    A parameter with a hyphen is written with `_`; one that has the name of an option here stands in `arguments`.

    `read`, `write`: folders that it may read, or read and change.
    `programs`, `servers`, `children`: what it may start, ask and call, with the answers, in the words of `script/v1`:
    `{"run": "git log", "stdout": "..."}`, `{"url": "https://api.example.org/", "status": 200, "body": "..."}`,
    `{"operation": "acme:spelling/checking.check", "result": [...]}`, each with `fails` and `times`.
    `secrets`: names that requests may hold as `${secrets.NAME}`.
    `limits`: others than the usual ones, `{"host-calls": 10}`.
    `seed`: what its randomness grows from.
    `script`: a file with the answers instead. `allow` has the grants then, and others without an answer:
    `{"program": ["git"], "server": ["api.example.org"], "call": ["acme:spelling/*"]}`.
    `skills`: folders with other skills. `wit`: WIT packages, files or folders, of skills that need not be here, since
    `children` answer for them.
    """
    command = [_set("VOYAGER_HOST"), "--skills", _set("VOYAGER_SKILLS")]
    for folder in skills:
        command += ["--skills", os.fspath(folder)]
    command += ["--json", "skill", "run", operation]
    named = {name.replace("_", "-"): value for name, value in parameters.items()}
    for name, value in {**named, **(arguments or {})}.items():
        command += ["--with", f"{name}={json.dumps(value)}"]
    grants = {
        "read": [os.fspath(it) for it in read],
        "write": [os.fspath(it) for it in write],
        "program": [_words(it["run"]) for it in programs],
        "server": [_origin(it["url"]) for it in servers],
        "call": [it["operation"] for it in children],
        "secret": secrets,
        "wit": [os.fspath(it) for it in wit],
        "limit": [f"{name}={value}" for name, value in (limits or {}).items()],
    }
    for options in (grants, allow or {}):
        for option, values in options.items():
            for value in values:
                command += [f"--{option}", value]
    answers = {"seed": seed, "programs": programs, "servers": servers, "answers": children}
    answers = {key: value for key, value in answers.items() if value}
    if script is not None and answers:
        raise ValueError(f"the answers stand in {script}; add those of the test there")
    text = "voyager: script/v1\n"
    for key, value in answers.items():
        text += f"{key}: {json.dumps(value, ensure_ascii=False)}\n"
    command += ["--script", "-" if script is None else os.fspath(script)]
    ended = subprocess.run(
        command, input=text, capture_output=True, encoding="utf-8", check=False
    )
    lines = ended.stdout.splitlines()
    if not lines:
        raise RuntimeError(f"the host gave no answer: {ended.stderr}")
    return _played(json.loads(lines[-1]))


def _played(last):
    answer = last.get("answer")
    if answer is None:
        raise RuntimeError(f"the call can't be made: {last['error']['message']}")
    problems = answer["unanswered"] + answer["unused"]
    if problems:
        raise AssertionError("the answers don't fit the call:\n" + "\n".join(problems))
    return Played(answer)


def _failed(error):
    return Failed(error["kind"], error["message"], error.get("bound"), error.get("detail"))


def _words(run):
    return run if isinstance(run, str) else " ".join(run)


def _origin(url):
    """The server of a URL: what is left of its path."""
    scheme, separator, rest = url.rpartition("://")
    for end in "/?#":
        rest = rest.partition(end)[0]
    return scheme + separator + rest


def _set(name):
    value = os.environ.get(name)
    if value is None:
        raise RuntimeError(f"{name} is not set: start tests by `agent-host skill test`")
    return value
