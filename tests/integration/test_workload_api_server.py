"""The Workload API of the tests speaks the protocol: the standard's own libraries take what it gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from spiffe import WorkloadApiClient
from spiffe._proto import workload_pb2 as pb
from spiffe._proto import workload_pb2_grpc
from spiffe.workloadapi.errors import FetchJwtSvidError, FetchX509SvidError, ValidateJwtSvidError

from trust_domain import go_spiffe
from trust_domain.authority import TrustDomain
from trust_domain.workload_api import WorkloadApi

AUDIENCE = "https://as.example.com"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[WorkloadApi]:
    """The Workload API of example.org, which is federated with partner.test."""
    federated = (TrustDomain("partner.test"),)
    with WorkloadApi(tmp_path / "agent.sock", TrustDomain("example.org"), "/agent/mail", federated) as serving:
        yield serving


def test_go_spiffe_verifies_what_it_gets_and_sees_a_rotation(api: WorkloadApi) -> None:
    """X509-SVIDs and JWT-SVIDs pass go-spiffe's own checks, before and after every authority is another."""
    with go_spiffe.asking(api.address, rotations=1) as told:
        before = next(told)
        api.rotate()
        after = next(told)
    for seen in (before, after):
        who = {seen[name] for name in ("x509_id", "verified", "jwt_id", "validated_remotely")}
        assert who == {"spiffe://example.org/agent/mail"}
        assert sorted(seen["trust_domains"]) == ["example.org", "partner.test"]
    assert before["serial"] != after["serial"]
    assert (before["kids"], after["kids"]) == (["example.org-1"], ["example.org-1", "example.org-2"])


def test_the_python_library_takes_what_it_gives(api: WorkloadApi) -> None:
    """The library that Actas uses reads the SVIDs and the bundles, and has a JWT-SVID validated."""
    client = WorkloadApiClient(api.address, default_timeout=10)
    try:
        context = client.fetch_x509_context()
        assert str(context.default_svid.spiffe_id) == "spiffe://example.org/agent/mail"
        assert len(context.x509_bundle_set.bundles) == len(client.fetch_jwt_bundles().bundles) == 2
        token = client.fetch_jwt_svid({AUDIENCE}).token
        assert str(client.validate_jwt_svid(token, AUDIENCE).spiffe_id) == "spiffe://example.org/agent/mail"
        with pytest.raises(ValidateJwtSvidError):
            client.validate_jwt_svid(token, "https://other.example.com")
    finally:
        client.close()


def test_without_its_header_nothing_is_said(api: WorkloadApi) -> None:
    """SPIFFE Workload Endpoint, section 3: a request without the header may have been forged by another service."""
    with grpc.insecure_channel(api.address) as channel:
        stub = workload_pb2_grpc.SpiffeWorkloadAPIStub(channel)
        for ask in (
            lambda: next(stub.FetchX509SVID(pb.X509SVIDRequest())),
            lambda: next(stub.FetchX509Bundles(pb.X509BundlesRequest())),
            lambda: next(stub.FetchJWTBundles(pb.JWTBundlesRequest(), metadata=[("workload.spiffe.io", "TRUE")])),
            lambda: stub.FetchJWTSVID(pb.JWTSVIDRequest(audience=[AUDIENCE])),
            lambda: stub.ValidateJWTSVID(pb.ValidateJWTSVIDRequest(audience=AUDIENCE, svid="x")),
        ):
            with pytest.raises(grpc.RpcError) as refused:
                ask()
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_whoever_is_not_registered_gets_nothing(api: WorkloadApi) -> None:
    """A workload without an identity gets neither an SVID nor bundles, until it is registered."""
    client = WorkloadApiClient(api.address, default_timeout=10)
    try:
        api.entitled = False
        for fetch in (client.fetch_x509_svid, client.fetch_x509_context):
            with pytest.raises(FetchX509SvidError, match="no identity issued"):
                fetch()
        with pytest.raises(FetchJwtSvidError):
            client.fetch_jwt_svid({AUDIENCE})
        api.entitled = True
        assert client.fetch_x509_svid().spiffe_id.path == "/agent/mail"
    finally:
        client.close()


def test_the_same_names_make_the_same_keys() -> None:
    """A run can be repeated: keys, certificates and bundles follow from names and time."""
    one, two = (TrustDomain("example.org", clock=lambda: 1_800_000_000.0) for _ in range(2))
    assert one.bundle_text() == two.bundle_text()
    assert one.x509_svid("/agent/mail") == two.x509_svid("/agent/mail")
    assert one.bundle_text() != TrustDomain("example.com", clock=lambda: 1_800_000_000.0).bundle_text()
