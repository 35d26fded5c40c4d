"""Constants with names, by the library constantly; new programs import that, or use `enum`."""

from constantly import FlagConstant, Flags, NamedConstant, Names, ValueConstant, Values

__all__ = ["FlagConstant", "Flags", "NamedConstant", "Names", "ValueConstant", "Values"]
