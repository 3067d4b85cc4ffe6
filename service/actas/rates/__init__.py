"""How many exchanges were allowed of late, to whom and for whom: counted here, compared with the limits by policy."""

from actas.rates.memory import MemoryRates
from actas.rates.parties import Counted, RateKey, counted

__all__ = ["Counted", "MemoryRates", "RateKey", "counted"]
