"""The database of the service: one SQLite file, or one PostgreSQL for several replicas.

What is written in it says nothing here: tables stand in `schema`, how they came to be in `migrations`, and the parts
that use them are above.
"""

from actas.store.address import StoreAddress
from actas.store.database import Database
from actas.store.thread import Lane, StoreThread, Writer

__all__ = ["Database", "Lane", "StoreAddress", "StoreThread", "Writer"]
