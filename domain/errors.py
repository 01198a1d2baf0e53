"""What the domain refuses.

    DomainError
    ├── BadDate            domain.edtf
    ├── UnknownCountry     domain.countries
    ├── UnknownCode        domain.vocabulary
    ├── Faulty             domain.checks
    └── ActorExists        domain.actors

Each carries data, not text for a transport: one table in ``service/api/problems.py`` turns them into
answers.
"""


class DomainError(ValueError):
    """Root of everything the domain refuses.

    A ValueError, so that pydantic reports one raised by a field's validator as that field's fault.
    """
