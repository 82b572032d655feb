r"""Parses arithmetic as people and models write it into exact values; nothing is ever executed.

    >>> reader = ExpressionReader(tokenise("3 dozen eggs x (2 + $0.50)"))
    >>> reader.expression(0).value
    Fraction(90, 1)

Operators are ``+ - * / ^`` with their Unicode, LaTeX and English spellings ("times", "divided by", "20% of"); words
after a number are its units. Brackets deeper than 30, exponents above 64 and values of more than 2000 bits are
refused, so that no text can take long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from prompts.checks.numbers import DECIMAL, VULGAR, decimal

_MAX_BITS = 2000
_MAX_DEPTH = 30
_MAX_EXPONENT = 64
_MAX_UNIT_WORDS = 6

_L = rf"[^\W\d_²³{''.join(VULGAR)}]"  # one letter
# A number follows: maybe a signed one after a blank or a bracket.
_NEXT = r"(?:[ ]{1,2}[-−]|[ ]{0,2})(?:\\?[$€£])?[ ]?(?:[(\[{][-−]?)?(?:\\?[$€£])?(?:[0-9]|\.[0-9]|[½⅓⅔¼¾]|\\[dt]?frac)"
_NUMBER_NEXT = re.compile(_NEXT)
_TOKEN = re.compile(
    rf"""
    (?: (?={_L}) (?:
        (?P<says> equals?\b(?:[ ]to\b)?(?:[ ](?:about|approximately|roughly|around)\b)?
          | (?:is|are)[ ](?:equal[ ]to|about|approximately|roughly)\b )
      | (?P<of> of\b(?:[ ](?:the|his|her|their|its|this|that|these|those)\b)?(?={_NEXT}) )
      | (?P<spoken> (?:plus|minus|times|x|multiplied[ ]by|divided[ ]by)(?={_NEXT}) )
      | (?P<word> {_L}+(?:['’-]{_L}+)* ) )
    | (?!{_L}) (?:
        (?P<number> (?:(?P<whole>[0-9]{{1,3}})[ ](?P<n>[0-9]{{1,3}})/(?P<d>[1-9][0-9]{{0,2}})(?![0-9/.])
            | (?P<ones>[0-9]{{1,3}})?[ ]?(?P<vulgar>[{"".join(VULGAR)}])
            | (?P<decimal>{DECIMAL}))
          (?P<percent>[ ]?\\?%|[ -]?[Pp]er[ ]?cent\b)? )
      | (?P<unit> /[ ]?{_L}{{2,}} | /[hsgml]\b | (?<=[0-9])-{_L}{{2,}} | (?<![0-9])\({_L}(?:{_L}|[ ',.%/-]){{1,60}}\)
          | \\(?:text|mathrm|textbf)[ ]?\{{[ (]{{0,2}}{_L}[^{{}}=]{{0,80}}\}} )
      | (?P<skip> [^\S\n]+ | \\[,;!>\ ()\[\]$] | [&~`_"“”$€£¥°'’]
          | \\(?:left|right|displaystyle|q?quad|boxed|fbox|mathbf|mathrm|textbf|text)(?![A-Za-z])
          | (?:\n|\\\\)(?=[ \t&\n]{{0,8}}=) )
      | (?P<stop> [<>!]= | ={{1,3}}> | -{{1,3}}> | ={{3,}} | \\\\ | \\(?:begin|end)\{{[a-z*]{{1,12}}\}}
          | \\(?:neq?|leq?|geq?|to|rightarrow|Rightarrow|implies|therefore|dots|ldots)(?![A-Za-z]) )
      | (?P<equals> (?:[≈≅]|~=|\\(?:approx|simeq)(?![A-Za-z])|==?)
          (?:[ ]{{0,2}}(?:about|approximately|roughly|around)\b|[ ]{{0,2}}[~≈])? )
      | (?P<fraction> \\[dtc]?frac(?=[ ]?\{{) )
      | (?P<power> (?<=[0-9)])\*\*(?=[0-9(-]) | [\^²³] )
      | (?P<bold> \*\*+ )
      | (?P<star> \* )
      | (?P<tight> (?<=[0-9])/(?=[0-9]) )
      | (?P<plus> \+ )
      | (?P<minus> [-−–] )
      | (?P<times> [×·∙⋅] | \\(?:times|cdot|ast)(?![A-Za-z]) )
      | (?P<divide> [/÷∕⁄] | \\div(?![A-Za-z]) )
      | (?P<open> [(\[{{] ) | (?P<close> [)\]}}] )
      | (?P<bad> !(?=[ ]{{0,2}}[=+*/)-]) | (?<=[0-9]):(?=[0-9]) | [@%√∑∏∫±∞] | \\[A-Za-z]+ )
      | (?P<other> [\s\S] ) ) )
    [^\S\n]*
    """,
    re.VERBOSE | re.IGNORECASE,
)
_OF = re.compile(r"\\[a-z]+ ?\{ ?of(?: the)? ?\}")
_SPOKEN = {"p": "plus", "m": "minus", "t": "times", "x": "times", "d": "divide"}
_KINDS = {"says": "equals", "unit": "word", "other": "stop"}
OPERATORS = {"plus", "minus", "times", "divide", "tight", "power", "of"}
STARTS = {"number", "open", "fraction"}
_RATIO = {"number", "tight", "fraction", "open", "close", "word"}
_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(slots=True)
class Token:
    """A piece of the text: a number, an operator, a word, a bracket, an equals sign, or a stop that ends a sentence."""

    kind: str
    text: str
    start: int
    end: int
    value: Fraction | None = None
    percent: bool = False
    places: int = 0


def tokenise(text: str) -> list[Token]:
    """Cut a text into tokens; spaces, currency signs and markup are left out."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if kind in ("skip", "bold"):
            continue
        start, end = match.span(kind)
        token = Token(_KINDS.get(kind, kind), match[kind], start, end)
        if kind == "number":
            _read_number(match, token)
        elif kind == "unit" and "{" in token.text and _OF.fullmatch(token.text):
            token.kind = "of"
        elif kind == "spoken":
            token.kind = "times" if token.text.lower().startswith("mul") else _SPOKEN[token.text[0].lower()]
        elif kind == "star":
            if not _multiplies(tokens, text, start):
                continue
            token.kind = "times"
        tokens.append(token)
    _close_brackets(tokens)
    return tokens


def _multiplies(tokens: list[Token], text: str, at: int) -> bool:
    """Whether a star is a product and not emphasis: *48 / 2 = 24* touches its text on one side only."""
    if not tokens or tokens[-1].kind in ("stop", "equals"):
        return False
    even = text[at - 1].isspace() == text[at + 1 : at + 2].isspace()
    if _NUMBER_NEXT.match(text, at + 1):
        return even or tokens[-1].kind in ("number", "close")
    return even and bool(re.match(r"\s?[^\W\d_]", text[at + 1 : at + 3]))


def _read_number(match: re.Match[str], token: Token) -> None:
    token.percent = match["percent"] is not None
    if match["decimal"]:
        token.value = decimal(match["decimal"])
        token.places = len(match["decimal"].partition(".")[2])
    elif match["vulgar"]:
        token.value = int(match["ones"] or 0) + VULGAR[match["vulgar"]]
    elif int(match["n"]) < int(match["d"]):
        token.value = int(match["whole"]) + Fraction(int(match["n"]), int(match["d"]))


def _close_brackets(tokens: list[Token]) -> None:
    """Make stops of the brackets without a partner and of those around a whole claim or sentence."""
    opened: list[Token] = []
    for token in tokens:
        if token.kind == "open":
            opened.append(token)
        elif token.kind == "close" and opened and opened[-1].text == _PAIRS[token.text]:
            opened.pop()
        elif token.kind in ("close", "stop", "equals"):
            for bracket in opened:
                bracket.kind = "stop"
            opened.clear()
            token.kind = "stop" if token.kind == "close" else token.kind
    for bracket in opened:
        bracket.kind = "stop"


# ---------------------------------------------------------------------------------------------------------------------
# Expressions

_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_PROSE = frozenset({"and", "then", "so", "is", "are", "was", "were", "which", "that", "because", "but", "if", "or"})
_PROSE |= {"gives", "makes", "means", "leaves", "we", "she", "he"}  # words that end an expression
_LETTER_UNITS = frozenset("ghlmsk")  # gram, hour, litre, metre, second, thousand


class _UnreadableError(Exception):
    """The tokens from here on are no expression."""


@dataclass(slots=True)
class Expression:
    """The tokens ``start`` to ``end`` and their value, which is ``None`` where they cannot be read."""

    start: int
    end: int
    value: Fraction | None
    percent: bool = False
    computes: bool = False
    """Whether there is anything to work out: an operator, a fraction or a percentage."""
    words: bool = False
    shares: bool = False
    """Whether it takes a share of something: "1/3 of 150"."""
    ratio: bool = False
    """Whether it is a lone fraction or percentage below 1."""
    literal: Token | None = None
    """Its number, if it is nothing but one."""
    scale: int = 1
    """The scale of that number: 10**6 in "$3 million"."""


class ExpressionReader:
    """Recursive descent over the tokens; sums, products, tight fractions, powers, atoms."""

    def __init__(self, tokens: list[Token], dozen: int = 12) -> None:
        self.tokens = tokens
        self.dozen = dozen
        self.at = 0

    def expression(self, at: int) -> Expression:
        """The longest expression that starts here; its value is ``None`` where it cannot be read."""
        self.at, self.depth, self.operators, self.literals, self.scale = at, 0, 0, 0, 1
        self.words = self.shares = False
        self.last: Token | None = None
        try:
            value, percent = self._sum()
        except _UnreadableError:
            return Expression(at, max(self.at, at + 1), None)
        literal = self.last if self.literals == 1 and not self.operators else None
        kinds = {token.kind for token in self.tokens[at : self.at]}
        return Expression(
            at,
            self.at,
            value,
            percent,
            computes=literal is None or literal.percent or literal.text[-1] in VULGAR,
            words=self.words,
            shares=self.shares,
            ratio=0 < value < 1 and (kinds <= _RATIO or (literal is not None and literal.percent)),
            literal=literal,
            scale=self.scale,
        )

    def _kind(self, offset: int = 0) -> str:
        at = self.at + offset
        return self.tokens[at].kind if at < len(self.tokens) else "stop"

    def _operator(self, *kinds: str) -> str | None:
        """Step over one of these operators if an operand follows it."""
        kind = self._kind()
        if kind not in kinds or not (self._kind(1) in STARTS or (self._kind(1) == "minus" and self._kind(2) in STARTS)):
            return None
        self.at += 1
        self.operators += 1
        return kind

    def _sum(self) -> tuple[Fraction, bool]:
        value, percent = self._product()
        while kind := self._operator("plus", "minus"):
            more, more_percent = self._product()
            if percent != more_percent:
                raise _UnreadableError
            value = _bounded(value + more if kind == "plus" else value - more)
        return value, percent

    def _product(self) -> tuple[Fraction, bool]:
        value, percent = self._tight()
        while True:
            if self._kind() == "of" and not self._is_share(value, percent):
                return value, percent
            self.shares |= self._kind() == "of"
            if kind := self._operator("times", "divide", "of"):
                more, more_percent = self._tight()
            elif self._kind() == "open" and glued(self.tokens, self.at) and self.tokens[self.at - 1].kind != "word":
                kind, (more, more_percent) = "times", self._tight()
                self.operators += 1
            else:
                return value, percent
            # A product with 100% is a percentage: 15 / 60 * 100%.
            whole = (percent and value == 1) or (more_percent and more == 1)
            value, percent = _combined(kind, value, more), kind == "times" and whole

    def _is_share(self, value: Fraction, percent: bool) -> bool:
        """Whether "of" means a product here, as in "20% of" and "1/2 of" but not in "5 out of" or "a total of"."""
        return self.tokens[self.at - 1].kind != "word" and (percent or value.denominator > 1)

    def _tight(self) -> tuple[Fraction, bool]:
        """A fraction written without blanks binds first: 10 ÷ 1/2 is 20."""
        value, percent = self._signed()
        while self._operator("tight"):
            value, percent = _combined("divide", value, self._signed()[0]), False
        return value, percent

    def _signed(self) -> tuple[Fraction, bool]:
        if self._kind() == "minus":
            self.at += 1
            value, percent = self._power()
            return -value, percent
        return self._power()

    def _power(self) -> tuple[Fraction, bool]:
        value, percent = self._atom()
        if self._kind() != "power":
            return value, percent
        if self.tokens[self.at - 1].kind == "word":
            raise _UnreadableError  # 4 W^2 is no power of 4
        sign = self.tokens[self.at].text
        self.at += 1
        self.operators += 1
        self._descend()
        exponent = Fraction("²³".index(sign) + 2) if sign in "²³" else self._signed()[0]
        self.depth -= 1
        size = max(value.numerator.bit_length(), value.denominator.bit_length())
        too_big = exponent.denominator != 1 or abs(exponent) > _MAX_EXPONENT or size * abs(exponent) > _MAX_BITS
        if too_big or (exponent < 0 and not value):
            raise _UnreadableError
        return value ** int(exponent), False

    def _atom(self) -> tuple[Fraction, bool]:
        kind = self._kind()
        percent = False
        if kind == "number":
            token = self.tokens[self.at]
            self.at += 1
            if token.value is None:
                raise _UnreadableError
            value, percent = (token.value / 100, True) if token.percent else (token.value, False)
            self.last = token
            self.literals += 1
            if self._kind() == "fraction" and glued(self.tokens, self.at):  # 1\frac{1}{2}
                value += self._fraction()
        elif kind == "fraction":
            value = self._fraction()
        else:
            value, percent = self._bracket()
        self.scale = self._units()
        return value * self.scale, percent

    def _fraction(self) -> Fraction:
        self.at += 1
        self.operators += 1
        return _combined("divide", self._bracket()[0], self._bracket()[0])

    def _bracket(self) -> tuple[Fraction, bool]:
        self._descend()
        if self._kind() != "open":
            raise _UnreadableError
        self.at += 1
        if not (self._kind() in STARTS or self._kind() == "minus"):
            raise _UnreadableError
        value = self._sum()
        if self._kind() != "close":
            raise _UnreadableError
        self.at += 1
        self.depth -= 1
        return value

    def _descend(self) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _UnreadableError

    def _units(self) -> int:
        """Step over the words after a number and return their scale: 12 for "dozen eggs"."""
        scale = 1
        for count in range(_MAX_UNIT_WORDS):
            if self._kind() != "word" or self.tokens[self.at].text.lower() in _PROSE:
                break
            word = self.tokens[self.at]
            if len(word.text) == 1 and glued(self.tokens, self.at) and word.text not in _LETTER_UNITS:
                raise _UnreadableError  # 2x is a product with an unknown
            if not count:
                name = word.text.lower()
                scale = self.dozen if name == "dozen" else _SCALES.get(name, 1)
            self.words = True
            self.at += 1
        return scale


def glued(tokens: list[Token], at: int) -> bool:
    """Whether no blank stands before this token."""
    return tokens[at - 1].end == tokens[at].start


def _bounded(value: Fraction) -> Fraction:
    if value.numerator.bit_length() + value.denominator.bit_length() > _MAX_BITS:
        raise _UnreadableError
    return value


def _combined(kind: str, left: Fraction, right: Fraction) -> Fraction:
    if kind != "divide":
        return _bounded(left * right)
    if not right:
        raise _UnreadableError
    return _bounded(left / right)
