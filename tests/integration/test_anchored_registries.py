"""A registry takes keys, bundles and answers from where the service's configuration allows, or it is not activated."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from actas.engine.opa_binary import resolve_opa
from actas.errors import ActivationError
from actas.evidence.anchors import TrustAnchors
from actas.policy.anchoring import check_anchors
from actas.policy.bundle import CompiledPolicy, compile_policy
from actas.policy.model import Registry
from actas.policy.sources import load
from raw_tokens import AGENTS, AS, KEYS, REGISTRY, changed, jwk_set, root

URL = "https://keys.example.com/jwks"


def compiled(folder: Path, registry: dict[str, Any], **trust: Any) -> CompiledPolicy:
    """Compile a root with *registry* under the trust anchors *trust*."""
    into = folder / "into"
    into.mkdir(exist_ok=True)
    anchors = TrustAnchors.model_validate(trust)
    return compile_policy([root(folder / "policies", registry)], opa=resolve_opa(), into=into, anchors=anchors)


def with_domain(**bundle: Any) -> dict[str, Any]:
    """Give the registry with a trust domain whose bundle is from somewhere."""
    return {**copy.deepcopy(REGISTRY), "trust_domains": {"example.org": {"kind": "own", "bundle": bundle}}}


REMOTE = {"jwks_file": None, "jwks_uri": URL}
INTROSPECTING = {"introspection": {"endpoint": "https://as.example.com/introspect"}}


@pytest.mark.parametrize(
    ("registry", "trust", "sentences"),
    [
        (changed(server=REMOTE), {}, ["jwks_uri", "keys.example.com is no trust anchor; add it to trust.hosts"]),
        (changed(server=REMOTE), {"hosts": ["keys.example.com:8443"]}, ["keys.example.com is no trust anchor"]),
        (changed(server=INTROSPECTING), {}, ["introspection.endpoint", "as.example.com is no trust anchor"]),
        (changed(server=INTROSPECTING), {"hosts": ["as.example.com"]}, [f'add trust.introspection."{AS}"']),
        (
            changed(server={"introspection": {"endpoint": URL}}),
            {"hosts": ["keys.example.com"], "introspection": {AS: {"client_id": "actas", "client_secret_file": "x"}}},
            ["introspection: is not on", "if keys.example.com may see its tokens and the secret, set host"],
        ),
        (with_domain(url="https://bundles.example.com/"), {}, ["bundle.url", "bundles.example.com is no trust anchor"]),
        (with_domain(workload_api=True), {}, ["bundle.workload_api", "set trust.workload_api"]),
        (with_domain(file="/etc/bundle.json"), {}, ["bundle.file", "add its directory to trust.directories"]),
        (with_domain(file="../bundle.json"), {}, ["bundle.file", "no path below the policy root"]),
        (
            with_domain(workload_api="unix:///run/other.sock"), {"workload_api": "unix:///run/agent.sock"},
            ["bundle.workload_api", "is not trust.workload_api"],
        ),
        (changed(server={"jwks_file": "/etc/keys.json"}), {}, ["jwks_file", "add its directory to trust.directories"]),
    ],
)  # fmt: skip
def test_a_place_that_is_not_anchored_is_refused_with_file_and_line(
    tmp_path: Path, registry: dict[str, Any], trust: dict[str, Any], sentences: list[str]
) -> None:
    """The sentence names what to add to the configuration, which is not for the policy repository to say."""
    anchors = TrustAnchors.model_validate(trust)
    try:
        problems = check_anchors(load([root(tmp_path / "policies", registry)], anchors=anchors).registry, anchors)
    except ActivationError as error:
        problems = error.problems
    problem = next(problem for problem in problems if sentences[0] in problem.message)
    assert problem.file.endswith("custom/actas/registry/data.json")
    assert problem.line > 0
    assert all(sentence in problem.message for sentence in sentences)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"jwks_uri": "http://keys.example.com/"}, "String should match pattern"),
        ({"jwks_uri": "https://x@keys.example.com/"}, "String should match pattern"),
        ({"jwks_uri": "https://keys.example.com/#x"}, "String should match pattern"),
        ({"introspection": {"endpoint": URL, "client_secret_file": "/etc/x"}}, "no client_secret_file here"),
        ({"introspection": {"endpoint": URL, "client_id": "actas"}}, "say it in the service's configuration"),
    ],
)
def test_a_registry_holds_no_secret_and_no_url_that_is_not_safe(changes: dict[str, Any], sentence: str) -> None:
    """Anchored or not."""
    with pytest.raises(ValidationError, match=sentence):
        Registry.model_validate(changed(server={"jwks_file": None, **changes}))


def test_a_registry_that_is_not_anchored_is_not_activated(tmp_path: Path) -> None:
    """What the sentence says is what keeps the revision from serving."""
    with pytest.raises(ActivationError, match=r"registry/data\.json:\d+: registry\.issuers\..*trust\.hosts"):
        compiled(tmp_path, changed(server=REMOTE))


def test_anchored_places_are_activated(tmp_path: Path) -> None:
    """Hosts, an introspection with its secret, and a directory, also through a link."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "as.json").write_text(json.dumps(jwk_set(**KEYS)))
    (tmp_path / "link").symlink_to(tmp_path / "keys")
    (tmp_path / "secret").write_text("secret")
    remote = {**REMOTE, **INTROSPECTING}
    hosts = {"hosts": ["keys.example.com", "as.example.com:443"]}
    clients = {AS: {"client_id": "actas", "client_secret_file": str(tmp_path / "secret")}}
    policy = compiled(tmp_path, changed(server=remote), **hosts, introspection=clients)
    assert policy.data.key_urls == {URL}
    trust = policy.data.issuer_trust(AS)
    assert trust is not None
    assert (trust.jwks_uri, trust.introspection, trust.keys) == (URL, "https://as.example.com/introspect", None)

    for name in (tmp_path / "keys" / "as.json", tmp_path / "link" / "as.json"):
        elsewhere = changed(server={"jwks_file": str(name)})
        policy = compiled(tmp_path, elsewhere, directories=[str(tmp_path / "keys")])
        trust = policy.data.issuer_trust(AS)
        assert trust is not None
        assert trust.keys is not None
        assert trust.keys.keys() == KEYS.keys()
    assert policy.data.issuer_trust(f"{AS}/") is None
    assert policy.data.issuer_trust(AGENTS) is not None


def test_a_link_out_of_an_anchored_directory_is_not_followed(tmp_path: Path) -> None:
    """What counts is where the file is."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "elsewhere.json").write_text(json.dumps(jwk_set(**KEYS)))
    (tmp_path / "keys" / "as.json").symlink_to(tmp_path / "elsewhere.json")
    anchors = TrustAnchors(directories=(tmp_path / "keys",))
    for name in ("keys/as.json", "keys/../elsewhere.json"):
        registry = changed(server={"jwks_file": f"{tmp_path}/{name}"})
        with pytest.raises(ActivationError, match="is in no trust anchor"):
            load([root(tmp_path / "policies", registry)], anchors=anchors)
