#!/usr/bin/env python3
"""Every construct about which tools disagree.

The figures of ruff and radon for this file stand in constructs.tsv.
"""
import os; import sys

LIMIT = 3 if sys.argv else 4
TABLE = {
    'a': 1,

    'b': [x for x in range(3) if x if x > 1],  # behind
}

# alone
def branches(a, b=1, *c, d: int = 2 or 3, **e):
    '''One line.'''
    if a and b or c:
        pass
    elif not a: pass
    else:
        pass
    for x in c:
        while x:
            break
        else:
            x = -1
    else:
        return 1 if a else 2
    assert a and b, [y for y in c]


@decorated(lambda x: x and 1)
async def waits(a):
    async with a as b, b:
        async for x in b:
            await x
    return [x async for x in a if x or b]


def fails():
    try:
        pass
    except (A, B) as e:
        if e:
            raise
    except C:
        pass
    else:
        pass
    finally:
        if x:
            pass
    try:
        pass
    finally:
        pass


def fails_in_groups():
    try:
        pass
    except* A:
        pass
    except* B:
        pass


def matches(a):
    match a:
        case 1 | 2:
            pass
        case [x, *_] if x and a:
            pass
        case {'k': -1, **rest}:
            pass
        case C(x=y):
            pass
        case other:
            pass
    match a:
        case None:
            pass
        case _ if a:
            pass


def outer():
    def inner():
        def innermost():
            if x:
                pass
        return innermost
    class Local:
        def method(self):
            return x or y
    return inner


class Outer(Base if x else Other):
    field = a and b

    class Inner:
        def method(self):
            for x in y: pass

    @property
    def value(self):
        return self.x + self.y * 1.0 - True

    if sys:
        def conditional(self):
            return f"{self.a or self.b!r:{self.w if self.w else 3}}" 'and' f''

    def recursive(self, n):
        """Many

        lines."""
        while n: n -= 1; n <<= 2
        return self.recursive(n) if n not in (1, 1.0, 0x1, b'a' b'b') else ...


if __name__ == '__main__':
    try:
        main()
    except* E:
        pass
    lambda: (yield)
    x = y = z; del x
    total = (1 + 2
             # inside

             + 3) \
        + 4
