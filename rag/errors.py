"""The error tree. Each error says what happened, to which thing, and what to do next.

SourceboundError                exit 5   it could not be done
├── SettingsError               exit 2   a setting is unknown or has a wrong value
├── QuestionError               exit 2   the question cannot be asked
├── CasesError                  exit 2   a file of cases or questions is malformed
├── ResultsError                exit 2   a file of results cannot be used
├── LibraryError                exit 4   the library needs attention
│   ├── LibraryMissing          exit 5   there is no library here yet
│   ├── LibraryBusy             exit 5   somebody else is writing
│   ├── LibraryFull             exit 5   the disk is full
│   └── WrongModel              exit 4   the library was made with another embedding model
├── ModelMissing                exit 5   weights are not there, or not the ones pinned
├── GeneratorFailed             exit 5   the generator broke off; quotes are still there
├── DocumentUnknown             exit 5   no document of that name
├── ConversationUnknown         exit 5   no conversation of that name or number
└── FileRefused                 exit 3   a file cannot be loaded; the reason is for a person
"""

from __future__ import annotations


class SourceboundError(Exception):
    """Root of everything this product raises on purpose; `str()` is a sentence for a person."""

    exit_code = 5


class SettingsError(SourceboundError):
    """A setting is unknown or has a wrong value."""

    exit_code = 2


class QuestionError(SourceboundError):
    """The question cannot be asked: empty, or longer than the limit."""

    exit_code = 2


class CasesError(SourceboundError):
    """A file of questions or cases is malformed; names file, line and key."""

    exit_code = 2


class ResultsError(SourceboundError):
    """A file of results cannot be used; names file, line and what to do."""

    exit_code = 2


class LibraryError(SourceboundError):
    """The library needs attention; the message names the command that mends it."""

    exit_code = 4


class LibraryMissing(LibraryError):
    """There is no library in that folder."""

    exit_code = 5


class LibraryBusy(LibraryError):
    """Another process is writing; the message names it."""

    exit_code = 5


class LibraryFull(LibraryError):
    """The disk is full; what was loaded before stays."""

    exit_code = 5


class WrongModel(LibraryError):
    """The configured embedding model is not the one that made the library's vectors."""


class ModelMissing(SourceboundError):
    """Model weights are missing or differ from the pinned ones."""


class GeneratorFailed(SourceboundError):
    """The generator broke off. An answer made of quotes is still possible."""


class DocumentUnknown(SourceboundError):
    """No document of that name is in the library."""


class ConversationUnknown(SourceboundError):
    """No conversation of that name or number is kept, or several are."""


class FileRefused(SourceboundError):
    """A file cannot be loaded. The reason stands in the account of the load."""

    exit_code = 3
