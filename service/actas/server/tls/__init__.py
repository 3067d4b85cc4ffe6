"""Who is at the two ends of a connection: the service's own certificate, and the certificates of its callers."""

from actas.server.tls.own import Pair
from actas.server.tls.peers import PeerCertificate, Peers
from actas.server.tls.security import Security
from actas.server.tls.trust import Trust

__all__ = ["Pair", "PeerCertificate", "Peers", "Security", "Trust"]
