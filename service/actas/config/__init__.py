"""The service's own configuration: flags, then `ACTAS_*`, then `actas.toml`.

It is complete and checked before the server exists: a `Config` that could be built can be served. Every mistake is
a `ConfigError` that names the key. Policy data (settings, registry) is another thing and lives with the policies.
"""

from actas.config.callers import Caller, Permission
from actas.config.load import load
from actas.config.model import Config
from actas.config.trust import TrustAnchors

__all__ = ["Caller", "Config", "Permission", "TrustAnchors", "load"]
