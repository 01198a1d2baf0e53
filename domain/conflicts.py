"""What is asked for, and clashes with what is recorded."""

from __future__ import annotations

from uuid import UUID

from domain.errors import DomainError


class Conflict(DomainError):
    """Raised when what is asked for clashes with what is recorded: says what with, and where that is."""

    def __init__(self, message: str, *, incident: UUID | None = None, position: int = 0) -> None:
        self.incident = incident
        self.position = position
        super().__init__(message)
