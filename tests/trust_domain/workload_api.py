"""A SPIFFE Workload API over a Unix socket, with the protocol of the standard and the manners of SPIRE's agent.

Every caller is the one workload that it is for; a real agent asks the kernel who calls.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from cryptography.hazmat.primitives.serialization import Encoding
from spiffe import JwtBundle
from spiffe import TrustDomain as Domain
from spiffe._proto import workload_pb2 as pb
from spiffe._proto import workload_pb2_grpc
from spiffe.errors import PySpiffeError
from spiffe.svid.jwt_svid import JwtSvid

from trust_domain.authority import TrustDomain

# A stream keeps its thread for as long as it is open.
_STREAMS = 64
_LOOK_SECONDS = 0.2


class WorkloadApi:
    """Serves *own*'s SVIDs for the workload at *path*, with the bundles of *own* and of *federated*."""

    def __init__(
        self,
        socket: Path,
        own: TrustDomain,
        path: str,
        federated: tuple[TrustDomain, ...] = (),
        also: tuple[str, ...] = (),
    ) -> None:
        """Prepare; the caller has the X509-SVIDs of the workloads at *also* besides, and these come first."""
        self.address = f"unix://{socket}"
        self.entitled = True
        """Whether the caller has an identity; without one it is refused, as before its registration."""
        self.left_out = False
        """Whether the workload's own X509-SVID is not among those that are given."""
        self.silent = False
        """Whether calls are accepted and never answered, as by an agent that hangs."""
        self.calls: dict[str, int] = {}
        self._socket, self._own, self._path, self._federated = socket, own, path, federated
        self._also = also
        self._changed = threading.Condition()
        self._version = 0
        self._server: grpc.Server | None = None

    def start(self) -> WorkloadApi:
        """Listen, and take over a socket that a dead server left."""
        self._socket.unlink(missing_ok=True)
        server = grpc.server(futures.ThreadPoolExecutor(_STREAMS))
        workload_pb2_grpc.add_SpiffeWorkloadAPIServicer_to_server(_Servicer(self), server)
        server.add_insecure_port(self.address)
        server.start()
        self._server = server
        return self

    def stop(self) -> None:
        """Drop every stream, as a killed agent does."""
        if self._server is not None:
            self._server.stop(0).wait()
            self._server = None

    def __enter__(self) -> WorkloadApi:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def rotate(self) -> None:
        """Rotate every trust domain's authorities and tell whoever listens."""
        self.change(*(domain.rotate for domain in (self._own, *self._federated)))

    def change(self, *steps: Callable[[], Any]) -> None:
        """Do *steps* and push what came of them to every stream."""
        with self._changed:
            for step in steps:
                step()
            self._version += 1
            self._changed.notify_all()

    def called(self, method: str) -> None:
        """Count a call."""
        self.calls[method] = self.calls.get(method, 0) + 1

    def messages(self, make: Callable[[], Any], context: grpc.ServicerContext) -> Iterator[Any]:
        """Give what *make* makes, now and after every change, until the caller goes."""
        seen = -1
        while context.is_active():
            message = None
            with self._changed:
                if seen == self._version or self.silent:
                    self._changed.wait(_LOOK_SECONDS)
                if seen != self._version and not self.silent:
                    seen, message = self._version, make() if self.entitled else None
                    refused = not self.entitled
            if message is not None:
                yield message
            elif seen == self._version and not self.silent and refused:
                context.abort(grpc.StatusCode.PERMISSION_DENIED, "no identity issued")

    def x509_svid(self) -> pb.X509SVIDResponse:
        """The workload's X509-SVIDs, with the roots that they are checked against."""
        issuer = self._own.intermediate(f"agent {self._own.sequence}")
        paths = self._also if self.left_out else (*self._also, self._path)
        svids = [self._own.x509_svid(path, issuer=issuer) for path in paths]
        messages = [
            pb.X509SVID(
                spiffe_id=svid.spiffe_id,
                x509_svid=b"".join(svid.chain),
                x509_svid_key=svid.key,
                bundle=_roots(self._own),
            )
            for svid in svids
        ]
        federated = {f"spiffe://{domain.name}": _roots(domain) for domain in self._federated}
        return pb.X509SVIDResponse(svids=messages, federated_bundles=federated)

    def x509_bundles(self) -> pb.X509BundlesResponse:
        """The roots of every trust domain."""
        return pb.X509BundlesResponse(bundles={f"spiffe://{one.name}": _roots(one) for one in self._domains})

    def jwt_bundles(self) -> pb.JWTBundlesResponse:
        """The JWK sets of every trust domain; as SPIRE writes them, without `use`."""
        return pb.JWTBundlesResponse(bundles={f"spiffe://{one.name}": jwk_set(one) for one in self._domains})

    def jwt_svid(self, audience: list[str], spiffe_id: str) -> pb.JWTSVID | None:
        """The workload's JWT-SVID for *audience*, None when it asks for one that is not its own."""
        own = self._own.spiffe_id(self._path)
        if spiffe_id not in ("", own):
            return None
        return pb.JWTSVID(spiffe_id=own, svid=self._own.jwt_svid(self._path, "", claims={"aud": audience}))

    def validated(self, token: str, audience: str) -> JwtSvid:
        """Validate *token* as the specification's own library does; raises PySpiffeError."""
        named = JwtSvid.parse_insecure(token, {audience}).spiffe_id.trust_domain
        for one in self._domains:
            if one.name == named.name:
                bundle = JwtBundle.parse(Domain(one.name), jwk_set(one))
                return JwtSvid.parse_and_validate(token, bundle, {audience})
        raise PySpiffeError("no bundle of this trust domain")

    @property
    def _domains(self) -> tuple[TrustDomain, ...]:
        return (self._own, *self._federated)


class _Servicer(workload_pb2_grpc.SpiffeWorkloadAPIServicer):
    def __init__(self, api: WorkloadApi) -> None:
        self._api = api

    def FetchX509SVID(self, request: pb.X509SVIDRequest, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: ARG002, N802 - named by the protocol, and the request is empty
        self._admit("FetchX509SVID", context)
        yield from self._api.messages(self._api.x509_svid, context)

    def FetchX509Bundles(self, request: pb.X509BundlesRequest, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: ARG002, N802 - as above
        self._admit("FetchX509Bundles", context)
        yield from self._api.messages(self._api.x509_bundles, context)

    def FetchJWTBundles(self, request: pb.JWTBundlesRequest, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: ARG002, N802 - as above
        self._admit("FetchJWTBundles", context)
        yield from self._api.messages(self._api.jwt_bundles, context)

    def FetchJWTSVID(self, request: pb.JWTSVIDRequest, context: grpc.ServicerContext) -> pb.JWTSVIDResponse:  # noqa: N802 - as above
        self._admit("FetchJWTSVID", context)
        if not request.audience:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "audience must be specified")
        svid = self._api.jwt_svid(list(request.audience), request.spiffe_id) if self._api.entitled else None
        if svid is None:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "no identity issued")
        return pb.JWTSVIDResponse(svids=[svid])

    def ValidateJWTSVID(  # noqa: N802 - as above
        self, request: pb.ValidateJWTSVIDRequest, context: grpc.ServicerContext
    ) -> pb.ValidateJWTSVIDResponse:
        self._admit("ValidateJWTSVID", context)
        if not request.audience or not request.svid:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "audience and svid must be specified")
        try:
            svid = self._api.validated(request.svid, request.audience)
        except PySpiffeError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        response = pb.ValidateJWTSVIDResponse(spiffe_id=str(svid.spiffe_id))
        response.claims.update({"sub": str(svid.spiffe_id), "aud": list(svid.audience), "exp": svid.expiry})
        return response

    def _admit(self, method: str, context: grpc.ServicerContext) -> None:
        """Count the call; SPIFFE Workload Endpoint, section 3: without this header it may be another's forgery."""
        self._api.called(method)
        headers = [value for key, value in context.invocation_metadata() if key == "workload.spiffe.io"]
        if headers != ["true"]:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "security header missing from request")


def jwk_set(domain: TrustDomain) -> bytes:
    """Give the JWK set of *domain* for JWT-SVIDs."""
    public = [{name: value for name, value in key.public().items() if name != "use"} for key in domain.jwt_keys]
    return json.dumps({"keys": public}).encode()


def _roots(domain: TrustDomain) -> bytes:
    return b"".join(root.certificate.public_bytes(Encoding.DER) for root in domain.roots)
