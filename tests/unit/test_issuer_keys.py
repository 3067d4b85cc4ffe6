"""The keys of issuers: public, named, fit for their use, and files of the policy root."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from approval_tokens import EC, ISSUER, OTHER, RSA, jwk_set
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from actas.errors import ActivationError
from actas.evidence.anchors import TrustAnchors
from actas.evidence.keys import MAX_KEYS_BYTES, read_keys
from actas.policy.key_files import KeyFile, check_keys, read_key_files
from actas.policy.located import Located

PUBLIC: dict[str, Any] = {**EC.as_dict(private=False), "kid": "k1"}
ALGORITHMS = {"ES256", "RS256"}


def keys(*members: Any) -> bytes:
    """Write a JWK set."""
    return json.dumps({"keys": list(members)}).encode()


def weak() -> dict[str, Any]:
    """Give an RSA key of 1024 bits."""
    with pytest.warns(match="2048"):
        return {**RSAKey.generate_key(1024).as_dict(private=False), "kid": "r1"}


def test_public_keys_are_read_by_their_kid() -> None:
    """Each knows the algorithms that it can be used with, and no other."""
    found = read_keys(jwk_set(k1=EC, r1=RSA), ALGORITHMS)
    assert found["k1"].algorithms == {"ES256"}
    assert found["r1"].algorithms == {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "is no JWK set"),
        (b"\xff", "is no JWK set"),
        (b"[]", "is no JWK set"),
        (b'{"keys": {}}', "is no JWK set"),
        (b'{"keys": []}', "is no JWK set"),
        (b'{"keys": [], "keys": [1]}', "each member once"),
        (json.dumps(PUBLIC).encode(), "is no JWK set"),
        (keys(PUBLIC, 5), "key 2 has no kid"),
        (keys({**PUBLIC, "kid": ""}), "key 1 ('') has no kid"),
        (keys({**PUBLIC, "kid": 1}), "key 1 has no kid"),
        (keys(PUBLIC, PUBLIC), "key 2 ('k1') has the kid of another key"),
        (keys({**EC.as_dict(private=True), "kid": "k1"}), "key 1 ('k1') is a private key"),
        (keys({**RSA.as_dict(private=True), "kid": "r1"}), "is a private key"),
        (keys({**OctKey.import_key(b"k" * 32).as_dict(private=True), "kid": "s"}), "key 1 ('s') is symmetric"),
        (keys({**PUBLIC, "use": "enc"}), "is not for signatures"),
        (keys({**PUBLIC, "key_ops": ["sign"]}), "is not for signatures"),
        *[(keys({**PUBLIC, "key_ops": wrong}), "is not for signatures") for wrong in (None, 5, True, "verify")],
        (keys({**PUBLIC, "y": PUBLIC["x"]}), "is no valid key"),
        (keys({**PUBLIC, "x": None}), "is no valid key"),
        (keys({**PUBLIC, "kty": "XX"}), "is no valid key"),
        (keys({**weak()}), "is too weak"),
        (keys({**OKPKey.generate_key("X25519").as_dict(private=False), "kid": "x"}), "signs nothing here"),
        (
            keys({**ECKey.generate_key("P-384").as_dict(private=False), "kid": "e"}),
            "fits none of the issuer's algorithms",
        ),
        (keys({**PUBLIC, "alg": "ES384"}), "fits none of the issuer's algorithms"),
    ],
)
def test_a_key_that_cannot_be_trusted_is_named(text: bytes, sentence: str) -> None:
    """The sentence says which key it is, and never what is in it."""
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the sentence is looked at below
        read_keys(text, ALGORITHMS)
    assert sentence in str(raised.value)
    assert EC.as_dict(private=True)["d"] not in str(raised.value)


def test_a_problem_names_the_file_and_the_issuer() -> None:
    """Of each file that is wrong, not only of the first."""
    files = [KeyFile(ISSUER, "a.json", "root/a.json", b"{"), KeyFile(OTHER, "b.json", "root/b.json", keys(PUBLIC))]
    registry = {"issuers": {ISSUER: {"jwks_file": "a.json"}, OTHER: {"jwks_file": "b.json", "algorithms": ["RS256"]}}}
    found, problems = check_keys(files, registry)
    assert found == {}
    assert [problem.file for problem in problems] == ["root/a.json", "root/b.json"]
    assert ISSUER in problems[0].message
    assert "key 1 ('k1')" in problems[1].message


def registry_with(path: Any) -> Located:
    """Give a registry that names *path*."""
    value = {"issuers": {ISSUER: {"roles": ["approval"], "jwks_file": path}, OTHER: ["subject"]}}
    return Located("root/custom/actas/registry/data.yaml", value, json.dumps(value))


def test_a_file_is_read_below_its_root(tmp_path: Path) -> None:
    """A link within the root is fine: a Kubernetes ConfigMap is made of them."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "real.json").write_bytes(keys(PUBLIC))
    (tmp_path / "keys" / "link.json").symlink_to("real.json")
    for name in ("keys/real.json", "keys/link.json"):
        (file,) = read_key_files(tmp_path, "root", registry_with(name))
        assert (file.issuer, file.path, file.shown, file.text) == (ISSUER, name, f"root/{name}", keys(PUBLIC))


def test_what_names_no_file_is_left_to_the_registry_s_own_check(tmp_path: Path) -> None:
    """Only a path can be read."""
    for value in (None, "", 5, ["keys.json"]):
        assert read_key_files(tmp_path, "root", registry_with(value)) == ()
    assert read_key_files(tmp_path, "root", Located("f", {"issuers": ["a"]})) == ()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("/etc/hostname", "is in no trust anchor; add its directory to trust.directories"),
        ("../outside.json", "no path below the policy root"),
        ("keys/../../outside.json", "no path below the policy root"),
        ("keys\\..\\x", "no path below the policy root"),
        ("a\0b", "no path below the policy root"),
        ("escape.json", "leads out of the policy root"),
        ("away/outside.json", "leads out of the policy root"),
        ("circle.json", ""),
        ("missing.json", "is no file of the policy root"),
        ("folder", "is no file of the policy root"),
        ("a" * 300, ""),
        ("large.json", f"is larger than {MAX_KEYS_BYTES} bytes"),
    ],
)
def test_a_file_elsewhere_is_not_read(tmp_path: Path, name: str, sentence: str) -> None:
    """Whatever the registry names, and whatever links lie in the root."""
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "outside.json").write_bytes(keys(PUBLIC))
    (root / "escape.json").symlink_to(tmp_path / "outside.json")
    (root / "away").symlink_to(tmp_path)
    (root / "circle.json").symlink_to("circle.json")
    (root / "large.json").write_bytes(b" " * (MAX_KEYS_BYTES + 1))
    with pytest.raises(ActivationError) as raised:
        read_key_files(root, "root", registry_with(name), TrustAnchors())
    (problem,) = raised.value.problems
    assert problem.file == "root/custom/actas/registry/data.yaml"
    assert problem.message.startswith(f"registry.issuers.{ISSUER}.jwks_file:")
    assert sentence in problem.message
