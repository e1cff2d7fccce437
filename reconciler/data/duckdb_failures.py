"""What DuckDB's exceptions mean in plain words. Their own messages quote data, and never leave its process."""

from __future__ import annotations

# Class of DuckDB's exception -> its meaning in plain words. Any other class is named as it is.
REASONS = {
    "BinderException": "the types of the values do not match",
    "ConversionException": "a value cannot be converted to the type asked for",
    "OutOfRangeException": "a number is out of range",
    "InvalidInputException": "a value is not valid for a function or operator (division by zero, text to a date)",
    "TypeMismatchException": "the types of the values do not match",
    "InterruptException": "out of time",
    "OutOfMemoryException": "out of memory",
    "IOException": "a file could not be read or written",
    "PermissionException": "access to a file is not allowed",
    "InvalidTypeException": "the types of the values do not match",
}
# How DuckDB's messages begin where its exception has lost its class on the way through Arrow's stream -> that class.
CLASSES = {
    "Out of Memory Error": "OutOfMemoryException",
    "Conversion Error": "ConversionException",
    "Out of Range Error": "OutOfRangeException",
    "IO Error": "IOException",
    "INTERRUPT Error": "InterruptException",
}
