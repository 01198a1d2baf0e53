"""What the domain refuses.

    DomainError
    ├── BadDate            domain.edtf
    ├── UnknownCountry     domain.countries
    ├── UnknownCode        domain.vocabulary
    ├── Faulty             domain.checks
    ├── ActorExists        domain.actors
    └── Conflict           domain.conflicts

Each carries data, not text for a transport; the handlers in ``service/api/app.py`` make answers of them.
"""


class DomainError(ValueError):
    """Root of everything the domain refuses.

    A ValueError, so that pydantic reports one raised by a field's validator as that field's fault.
    """
