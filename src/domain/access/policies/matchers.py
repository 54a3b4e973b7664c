"""Matchers of policy models: a closed part of casbin's expressions, none of which can take long or reach anything.

A matcher is made of `&&`, `||`, `!`, comparisons (`== != < <= > >=`, and `in` a list of literals), the model's own
`g(r.x, p.y)` functions, `keyMatch` and `ipMatch`. What it compares are fields of the request and of the rule, members
of a request's objects, and literals. There is no arithmetic, no other function, and nothing made of patterns: one
regular expression can cost seconds.
"""

import ast
import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

MOST_CHARACTERS: Final = 1000
MOST_LEVELS: Final = 16
MOST_NODES: Final = 128
MOST_NUMBER: Final = 2**53
PATTERNS: Final = frozenset({"ipMatch", "keyMatch"})
"""The built-in functions, whose second argument is a pattern: a prefix that ends in `*`, and an IP network."""

_LITERAL: Final = re.compile(r"[A-Za-z0-9_:/@*-]{0,64}")
_FORBIDDEN: Final = re.compile(r"[#\\\n\r`]")
_STRING: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_MEMBER: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
_GROUPED: Final = (2, 3)
_PAIR: Final = 2
_COMPARED: Final = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class MatcherInvalid(ValueError):
    """The message says why, for whoever wrote the matcher."""


@dataclass(frozen=True, slots=True)
class Tie:
    """What a rule must have in common with a request to match it: why other rules need not be looked at."""

    request: int
    """The request's field."""
    policy: int
    """The rule's field."""
    role: str | None = None
    """The grouping that leads from one to the other, None if they must be equal."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """A judged matcher."""

    text: str
    """In Python's words, which casbin takes too."""
    tie: Tie | None
    """None if any rule may match any request."""
    walks: frozenset[tuple[str, int]]
    """Groupings, and the fields of requests that they are walked from."""
    objects: frozenset[int]
    """Fields of requests that are objects."""
    patterns: frozenset[int]
    """Fields of rules that are patterns."""


def parse(text: str, request: Sequence[str], policy: Sequence[str], roles: Mapping[str, int]) -> Matcher:
    """Judge a matcher; `roles` are the groupings and how many fields each has. Raise `MatcherInvalid`."""
    if len(text) > MOST_CHARACTERS:
        raise MatcherInvalid(f"A matcher has at most {MOST_CHARACTERS} characters.")
    if not text.isascii() or _FORBIDDEN.search(text):
        raise MatcherInvalid("A matcher is one line of ASCII, without comments and backslashes.")
    judge = _Judge(request, policy, roles)
    tree = _tree(text)
    judge.truth(tree, 1)
    if judge.objects & judge.plain:
        raise MatcherInvalid("A field of the request is either an object or a text.")
    return Matcher(
        ast.unparse(tree),
        _tie(tree, judge),
        frozenset(judge.walks),
        frozenset(judge.objects),
        frozenset(judge.patterns),
    )


def _tree(text: str) -> ast.expr:
    written = _outside_strings(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(written.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise MatcherInvalid("This is no expression.") from None


def _outside_strings(text: str) -> str:
    """Write casbin's signs in Python's words, but not within literals."""
    written, place = [], 0
    for string in _STRING.finditer(text):
        written += [_signs(text[place : string.start()]), string.group()]
        place = string.end()
    return "".join([*written, _signs(text[place:])])


def _signs(text: str) -> str:
    return re.sub(r"!(?!=)", " not ", text.replace("&&", " and ").replace("||", " or "))


@dataclass(slots=True)
class _Judge:
    """Walk through an expression that may hold anything, and remember what it uses."""

    request: Sequence[str]
    policy: Sequence[str]
    roles: Mapping[str, int]
    nodes: int = 0
    walks: set[tuple[str, int]] = field(default_factory=set)
    objects: set[int] = field(default_factory=set)
    plain: set[int] = field(default_factory=set)
    patterns: set[int] = field(default_factory=set)

    def truth(self, node: ast.expr, level: int) -> None:
        """Judge what is true or false."""
        self._count(level)
        match node:
            case ast.BoolOp(values=values):
                for each in values:
                    self.truth(each, level + 1)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.truth(operand, level + 1)
            case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()], comparators=[ast.Tuple(elts=items)]) if items:
                self._value(left, level + 1)
                for each in items:
                    self._literal(each, level + 2)
            case ast.Compare(left=left, ops=[one], comparators=[right]) if isinstance(one, _COMPARED):
                self._value(left, level + 1)
                self._value(right, level + 1)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                self._call(name, arguments, level)
            case _:
                raise MatcherInvalid("Allowed are &&, ||, !, comparisons, in, g, keyMatch and ipMatch.")

    def _call(self, name: str, arguments: Sequence[ast.expr], level: int) -> None:
        for each in arguments:
            self._value(each, level + 1)
        if name in PATTERNS:
            pattern = self.field(arguments[1], "p", self.policy) if len(arguments) == _PAIR else None
            if pattern is None or self.field(arguments[0], "r", self.request) is None:
                raise MatcherInvalid(f"Write {name}(r.<field>, p.<field>).")
            self.patterns.add(pattern)
        elif name in self.roles:
            start = self.field(arguments[0], "r", self.request) if arguments else None
            if (
                start is None
                or len(arguments) != self.roles[name]
                or self.field(arguments[1], "p", self.policy) is None
            ):
                raise MatcherInvalid(f"Write {name}(r.<field>, p.<field>), with a domain if it is defined with one.")
            self.walks.add((name, start))
        else:
            raise MatcherInvalid("The functions are g as defined, keyMatch and ipMatch.")

    def _value(self, node: ast.expr, level: int) -> None:
        """Judge what is compared."""
        self._count(level)
        match node:
            case ast.Constant():
                self._literal(node, level)
            case ast.Attribute(value=ast.Name(id="p"), attr=name) if name in self.policy:
                pass
            case ast.Attribute(value=ast.Name(id="r"), attr=name) if name in self.request:
                self.plain.add(self.request.index(name))
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id="r"), attr=name), attr=member) if (
                name in self.request and _MEMBER.fullmatch(member)
            ):
                self.objects.add(self.request.index(name))
            case _:
                raise MatcherInvalid("Compare fields (r.x, p.y), members of a request's objects (r.x.z) and literals.")

    def _literal(self, node: ast.expr, level: int) -> None:
        self._count(level)
        match node:
            case ast.Constant(value=str() as text) if _LITERAL.fullmatch(text) and node.kind is None:
                return
            case ast.Constant(value=bool()):
                return
            case ast.Constant(value=int() | float() as number) if abs(number) <= MOST_NUMBER:
                return
        raise MatcherInvalid("Literals are numbers, True, False, and texts of up to 64 letters, digits and _:/@*-.")

    def field(self, node: ast.expr, letter: str, fields: Collection[str]) -> int | None:
        """Return which field it is of the request or the rule, if it is one."""
        match node:
            case ast.Attribute(value=ast.Name(id=found), attr=name) if found == letter and name in fields:
                return [*fields].index(name)
        return None

    def _count(self, level: int) -> None:
        self.nodes += 1
        if level > MOST_LEVELS or self.nodes > MOST_NODES:
            raise MatcherInvalid(f"A matcher has at most {MOST_LEVELS} levels and {MOST_NODES} parts.")


def _tie(tree: ast.expr, judge: _Judge) -> Tie | None:
    """Find what must hold in any case; a grouping says more than an equality only if there is no equality."""
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    found = [tie for part in parts if (tie := _tied(part, judge))]
    subject = [tie for tie in found if judge.request[tie.request] == "sub"]
    return next(iter([*subject, *found]), None)


def _tied(part: ast.expr, judge: _Judge) -> Tie | None:
    match part:
        case ast.Call(func=ast.Name(id=name), args=[left, right, *_]) if name in judge.roles:
            role: str | None = name
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            role = None
        case _:
            return None
    for one, other in ((left, right), (right, left)):
        request, policy = judge.field(one, "r", judge.request), judge.field(other, "p", judge.policy)
        if request is not None and policy is not None:
            return Tie(request, policy, role)
    return None
