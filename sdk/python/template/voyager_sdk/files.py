"""Files of the granted folders."""

from wit_world.imports import files as _files

from .errors import Denied, Invalid, asking

#: Most bytes that one question to the host may read.
_READ_BYTES_MAX = 4 << 20
#: Entries that are fetched at a time.
_ENTRIES = 1_000
#: The line of a manifest that grants a folder.
_GRANT = 'workspace: [ { root: inputs.NAME, read: ["**"] } ]'

_roots = asking(_files.roots)


def only_folder():
    """The only granted folder; `Denied` where none is granted, `Invalid` where several are."""
    roots = _roots()
    if not roots:
        raise Denied("no folder is granted: add `workspace` to the grants", _GRANT)
    if len(roots) > 1:
        raise Invalid("several folders are granted; grant one, or name it")
    return Folder(roots[0].folder)


def folder(name):
    """The granted folder with this name; `Denied` where there is none."""
    for root in _roots():
        if root.name == name:
            return Folder(root.folder)
    raise Denied(f"no folder named `{name}` is granted", _GRANT)


class Folder:
    """A granted folder: all that the host's has (`stat`, `read`, `write`, `search`, ...), and more."""

    def __init__(self, handle):
        self._handle = handle

    def __getattr__(self, name):
        return asking(getattr(self._handle, name))

    def files(self, globs=()):
        """The readable files that match one of `globs` (all where empty), ordered by path."""
        listing = self.list(list(globs))
        ask = asking(listing.next)
        while entries := ask(_ENTRIES):
            yield from entries

    def read_all(self, path):
        """A whole file, in as many questions as it takes."""
        content = bytearray()
        while True:
            part = self.read(path, len(content), _READ_BYTES_MAX)
            content += part
            if len(part) < _READ_BYTES_MAX:
                return bytes(content)

    def read_to_string(self, path):
        """A whole file of text; `Invalid` where it is not UTF-8."""
        content = self.read_all(path)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            pass
        raise Invalid(f"`{path}` is not UTF-8")
