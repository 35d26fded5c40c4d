"""
Methods that forms are filled in for: what their arguments are, and what texts make of them.

An `Argument` turns what a form gives into a value, or says what is wrong with it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Any

__all__ = [
    "Argument",
    "Boolean",
    "CheckGroup",
    "Choice",
    "Date",
    "File",
    "Flags",
    "Float",
    "FormException",
    "FormMethod",
    "Hidden",
    "InputError",
    "Integer",
    "IntegerRange",
    "MethodSignature",
    "Password",
    "PresentationHint",
    "RadioGroup",
    "String",
    "Submit",
    "Text",
    "VerifiedPassword",
    "positiveInt",
]


class FormException(Exception):
    """
    A form is not right.

    @ivar descriptions: what is wrong, by the names of arguments.
    """

    def __init__(self, *args: object, **kwargs: Any) -> None:
        """
        @param kwargs: what is wrong, by the names of arguments.
        """
        super().__init__(*args)
        self.descriptions = kwargs


class InputError(FormException):
    """What was filled in cannot be used; the text says why, to who did it."""


class Argument:
    """
    An argument of a method.

    @ivar name: its name.
    @ivar default: what a form shows at first.
    @ivar allowNone: whether it may be left empty, which makes it None.
    @ivar shortDesc: a few words for people.
    @ivar longDesc: more of them.
    @ivar hints: how it may be shown.
    """

    defaultDefault: Any = None

    def __init__(
        self,
        name: str,
        default: Any = None,
        shortDesc: str | None = None,
        longDesc: str | None = None,
        hints: dict[str, Any] | None = None,
        allowNone: int = 1,
    ) -> None:
        self.name = name
        self.allowNone = allowNone
        self.default = self.defaultDefault if default is None else default
        self.shortDesc = shortDesc
        self.longDesc = longDesc
        self.hints = hints or {}

    def addHints(self, **kwargs: Any) -> None:
        """Say more of how it may be shown."""
        self.hints.update(kwargs)

    def getHint(self, name: str, default: Any = None) -> Any:
        """One of the hints."""
        return self.hints.get(name, default)

    def getShortDescription(self) -> str:
        """A few words for people; without any, the name."""
        return self.shortDesc or self.name.capitalize()

    def getLongDescription(self) -> str:
        """More words; without any, nothing."""
        return self.longDesc or ""

    def coerce(self, val: Any) -> Any:
        """
        Turn what was filled in into a value; to be overridden.

        @raise InputError: if that is not possible.
        """
        raise NotImplementedError(f"{type(self).__qualname__}.coerce")

    def _number(self, val: Any, convert: Callable[[Any], Any], what: str) -> Any:
        """
        A number, or None.

        @raise InputError: if it is neither.
        """
        text = val.strip() if isinstance(val, str) else val
        if text in ("", None):
            if self.allowNone:
                return None
            raise InputError(f"{self.name} is missing: {what} is wanted.")
        try:
            return convert(text)
        except (ValueError, TypeError):
            raise InputError(f"{val} is not valid, {what} is wanted.") from None


class String(Argument):
    """
    A text.

    @ivar min: how many characters there have to be.
    @ivar max: how many there may be; None for any number.
    """

    defaultDefault = ""
    min = 0
    max: int | None = None

    def __init__(
        self,
        name: str,
        default: Any = None,
        shortDesc: str | None = None,
        longDesc: str | None = None,
        hints: dict[str, Any] | None = None,
        allowNone: int = 1,
        min: int = 0,
        max: int | None = None,
    ) -> None:
        super().__init__(name, default, shortDesc, longDesc, hints, allowNone)
        self.min = min
        self.max = max

    def coerce(self, val: Any) -> str:
        """
        A text of an allowed length.

        @raise InputError: if it is shorter or longer.
        """
        text = str(val)
        if len(text) < self.min:
            raise InputError(f"Value must be at least {self.min} characters long.")
        if self.max is not None and len(text) > self.max:
            raise InputError(f"Value must be at most {self.max} characters long.")
        return text


class Text(String):
    """A text of several lines."""


class Hidden(String):
    """A text that a form holds, and does not show."""


class Password(String):
    """A text that is not shown while it is typed."""


class VerifiedPassword(String):
    """A password that has to be typed twice."""

    def coerce(self, vals: Sequence[Any]) -> str:
        """
        A password.

        @param vals: the two texts.
        @raise InputError: if they are not the same, or not of an allowed length.
        """
        if len(vals) != 2 or vals[0] != vals[1]:
            raise InputError("Please enter the same password twice.")
        return super().coerce(vals[0])


class Integer(Argument):
    """A whole number."""

    def __init__(
        self,
        name: str,
        allowNone: int = 1,
        default: Any = None,
        shortDesc: str | None = None,
        longDesc: str | None = None,
        hints: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(name, default, shortDesc, longDesc, hints, allowNone)

    def coerce(self, val: Any) -> int | None:
        """
        A whole number; None if nothing was filled in and that is allowed.

        @raise InputError: if it is none.
        """
        number: int | None = self._number(val, int, "a whole number (no decimals)")
        return number


class IntegerRange(Integer):
    """
    A whole number between two others.

    @ivar min: the least.
    @ivar max: the greatest.
    """

    def __init__(
        self,
        name: str,
        min: int,
        max: int,
        allowNone: int = 1,
        default: Any = None,
        shortDesc: str | None = None,
        longDesc: str | None = None,
        hints: dict[str, Any] | None = None,
    ) -> None:
        self.min = min
        self.max = max
        super().__init__(name, allowNone, default, shortDesc, longDesc, hints)

    def coerce(self, val: Any) -> int | None:
        """
        A number in the range; None if nothing was filled in and that is allowed.

        @raise InputError: if it is none.
        """
        number = super().coerce(val)
        if number is not None and not self.min <= number <= self.max:
            raise InputError(f"{number} is not between {self.min} and {self.max}.")
        return number


class Float(Argument):
    """A number."""

    def __init__(
        self,
        name: str,
        allowNone: int = 1,
        default: Any = None,
        shortDesc: str | None = None,
        longDesc: str | None = None,
        hints: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(name, default, shortDesc, longDesc, hints, allowNone)

    def coerce(self, val: Any) -> float | None:
        """
        A number; None if nothing was filled in and that is allowed.

        @raise InputError: if it is none.
        """
        number: float | None = self._number(val, float, "a number")
        return number


class Choice(Argument):
    """
    One of several values.

    @ivar choices: triples of a text that stands for a value, the value, and what it means.
    """

    def __init__(
        self,
        name: str,
        choices: Iterable[tuple[Any, Any, str]] = (),
        default: Any = (),
        shortDesc: str | None = None,
        longDesc: str | None = None,
        hints: dict[str, Any] | None = None,
        allowNone: int = 1,
    ) -> None:
        """
        @param default: the texts that are chosen at first.
        """
        self.choices = choices
        if choices and not default:
            default = [next(iter(choices))[0]]
        super().__init__(name, default, shortDesc, longDesc, hints, allowNone)

    def coerce(self, inIdent: Any) -> Any:
        """
        The value that a text stands for.

        @raise InputError: if it stands for none.
        """
        for ident, value, _ in self.choices:
            if ident == inIdent:
                return value
        raise InputError(f"Invalid choice: {inIdent!r}.")


class RadioGroup(Choice):
    """One of several values, all of which are shown."""


class Flags(Argument):
    """
    Any of several values.

    @ivar flags: triples of a text that stands for a value, the value, and what it means.
    """

    def __init__(
        self,
        name: str,
        flags: Iterable[tuple[Any, Any, str]] = (),
        default: Any = (),
        shortDesc: str | None = None,
        longDesc: str | None = None,
        hints: dict[str, Any] | None = None,
        allowNone: int = 1,
    ) -> None:
        self.flags = flags
        super().__init__(name, default, shortDesc, longDesc, hints, allowNone)

    def coerce(self, inFlagKeys: Any) -> list[Any]:
        """
        The values that texts stand for.

        @raise InputError: if one stands for none.
        """
        values = {key: value for key, value, _ in self.flags}
        chosen = []
        for key in inFlagKeys or ():
            if key not in values:
                raise InputError(f"Invalid flag: {key!r}.")
            chosen.append(values[key])
        return chosen


class CheckGroup(Flags):
    """Any of several values, all of which are shown."""


class Submit(Choice):
    """
    What sends a form.

    @ivar reset: whether there is something that empties it, too.
    """

    def __init__(
        self,
        name: str,
        choices: Iterable[tuple[Any, Any, str]] = (("submit", "submit", "Submit form"),),
        reset: int = 0,
        shortDesc: str | None = None,
        longDesc: str | None = None,
        allowNone: int = 0,
        hints: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(name, choices, (), shortDesc, longDesc, hints, allowNone)
        self.reset = reset

    def coerce(self, value: Any) -> Any:
        """
        What was pressed; None if it was something else, and that is allowed.

        @raise InputError: if it is not allowed.
        """
        return None if self.allowNone and not value else super().coerce(value)


class Boolean(Argument):
    """Yes or no."""

    def coerce(self, inVal: Any) -> int:
        """1 or 0: C{no}, C{off}, C{false}, C{0} and nothing are 0, in whatever case."""
        return 0 if not inVal or str(inVal).lower() in ("0", "no", "off", "false") else 1


class File(Argument):
    """A file that is sent along."""

    def __init__(
        self,
        name: str,
        allowNone: int = 1,
        shortDesc: str | None = None,
        longDesc: str | None = None,
        hints: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(name, None, shortDesc, longDesc, hints, allowNone)

    def coerce(self, file: Any) -> Any:
        """
        The file; None if there is none and that is allowed.

        @raise InputError: if it is not allowed.
        """
        if not file and not self.allowNone:
            raise InputError("A file is wanted.")
        return file or None


def positiveInt(x: Any) -> int:
    """
    A whole number above 0.

    @raise ValueError: if it is none.
    """
    number = int(x)
    if number <= 0:
        raise ValueError(f"{number} is not above 0")
    return number


class Date(Argument):
    """A day: triples of year, month, and day of the month."""

    def __init__(
        self,
        name: str,
        allowNone: int = 1,
        default: Any = None,
        shortDesc: str | None = None,
        longDesc: str | None = None,
        hints: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(name, default, shortDesc, longDesc, hints, allowNone)
        if not allowNone:
            self.default = default or (1970, 1, 1)

    def coerce(self, args: Sequence[Any]) -> tuple[int, int, int] | None:
        """
        A day; None if nothing was filled in and that is allowed.

        @param args: the texts of year, month, and day.
        @raise InputError: if there is no such day.
        """
        if self.allowNone and tuple(args) == ("", "", ""):
            return None
        try:
            year, month, day = map(positiveInt, args)
            datetime.date(year, month, day)
        except (ValueError, TypeError, OverflowError):
            raise InputError("Invalid date.") from None
        return year, month, day


class PresentationHint:
    """Says something of how an argument may be shown."""


class MethodSignature:
    """
    The arguments of a method.

    @ivar methodSignature: them, in order.
    """

    def __init__(self, *sigList: Argument) -> None:
        self.methodSignature = sigList

    def getArgument(self, name: str) -> Argument | None:
        """The argument of a name, or None."""
        for argument in self.methodSignature:
            if argument.name == name:
                return argument
        return None

    def method(self, callable: Callable[..., Any], takesRequest: bool = False) -> FormMethod:
        """What calls a function with these arguments."""
        return FormMethod(self, callable, takesRequest)


class FormMethod:
    """
    A function with its arguments.

    @ivar signature: what they are.
    @ivar callable: the function.
    @ivar takesRequest: whether it is given the request, too.
    """

    def __init__(
        self, signature: MethodSignature, callable: Callable[..., Any], takesRequest: bool = False
    ) -> None:
        self.signature = signature
        self.callable = callable
        self.takesRequest = takesRequest

    def getArgs(self) -> tuple[Argument, ...]:
        """The arguments, in order."""
        return tuple(self.signature.methodSignature)

    def call(self, *args: Any, **kw: Any) -> Any:
        """Call the function. @return: what it returns."""
        return self.callable(*args, **kw)
