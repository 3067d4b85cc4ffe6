"""`actas approve`: a signed approval on standard output, and nothing else."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from approval_tokens import EC, RSA, jwk_set
from joserfc.jwk import ECKey, Key, OctKey, OKPKey
from typer import Typer
from typer.testing import CliRunner, Result

from actas.cli import approve as command
from actas.evidence import approvals
from actas.evidence.approvals import Circumstances
from actas.evidence.keys import TrustedIssuer, read_keys
from actas.request import Approval, ExchangeRequest

# The command alone: the whole `actas` would send the log of this process to the runner's own streams.
app = Typer()
app.command()(command.approve)
ISSUER = "https://approvals.example.com"
SAID = {
    "--issuer": ISSUER,
    "--approver": "bob",
    "--subject": "alice",
    "--actor": "mail-agent",
    "--client-id": "agent-mail",
    "--target": "https://mail.example.com/",
    "--scope": "mail.delete mail.purge",
}


def approve(*arguments: str | Path, **changes: str | None) -> Result:
    """Run `actas approve` with the usual options; *changes* replaces some, None takes one away."""
    options = {**SAID, **{f"--{name.replace('_', '-')}": value for name, value in changes.items()}}
    given = [word for name, value in options.items() if value is not None for word in (name, value)]
    return CliRunner().invoke(app, [*given, *map(str, arguments)])


def key_file(folder: Path, text: bytes) -> Path:
    """Write a private key."""
    path = folder / "key"
    path.write_bytes(text)
    path.chmod(0o600)
    return path


def verified(text: str, jwks: bytes, audience: str = "actas", algorithms: tuple[str, ...] = ("ES256",)) -> Approval:
    """Verify *text* as the service does."""
    issuer = TrustedIssuer(read_keys(jwks, algorithms), frozenset(algorithms))
    request = ExchangeRequest("as", approvals=(Approval(jws=text),))
    seen, _tickets = approvals.verified(request, {ISSUER: issuer}, Circumstances(audience, time.time(), 30, 0))
    return seen.approvals[0]


def test_a_new_key_signs_what_its_public_half_verifies(tmp_path: Path) -> None:
    """The private key is its owner's, and the public one is what a registry names."""
    made = CliRunner().invoke(app, ["--new-key", str(tmp_path / "keys")])
    assert made.exit_code == 0, made.output
    private, public = tmp_path / "keys" / "approvals.key.pem", tmp_path / "keys" / "approvals.jwks.json"
    assert private.stat().st_mode & 0o777 == 0o600
    assert "d" not in json.loads(public.read_text())["keys"][0]

    ran = approve(key=str(private))

    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout.count("\n") == 1
    approval = verified(ran.stdout.strip(), public.read_bytes())
    assert approval.verified
    assert (approval.approver, approval.subject, approval.scope) == ("bob", "alice", "mail.delete mail.purge")
    assert approval.approved_until == pytest.approx(time.time() + 300, abs=5)


def test_a_key_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    """Neither half of it, and no half is written alone."""
    for there, other in (("approvals.key.pem", "approvals.jwks.json"), ("approvals.jwks.json", "approvals.key.pem")):
        folder = tmp_path / there
        folder.mkdir()
        (folder / there).write_text("mine")
        ran = CliRunner().invoke(app, ["--new-key", str(folder)])
        assert ran.exit_code == 2
        assert there in ran.stderr
        assert ran.stdout == ""
        assert (folder / there).read_text() == "mine"
        assert not (folder / other).exists()


def test_each_approval_has_an_id_of_its_own(tmp_path: Path) -> None:
    """So each can be used once."""
    key = key_file(tmp_path, EC.as_pem(private=True))
    ids = {json.loads(approve("--json", key=str(key)).stdout)["claims"]["jti"] for _ in range(5)}
    assert len(ids) == 5


def test_json_shows_the_claims_beside_the_approval(tmp_path: Path) -> None:
    """For a person who wants to see what was signed."""
    key = key_file(tmp_path, EC.as_pem(private=True))
    shown = json.loads(approve("--json", "--for", "90s", "--audience", "other", key=str(key), kid="k1").stdout)
    claims = shown["claims"]
    assert claims["exp"] - claims["iat"] == 90
    assert verified(shown["approval"], jwk_set(k1=EC), audience="other").id == claims["jti"]
    assert not verified(shown["approval"], jwk_set(k1=EC)).verified


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(EC, "ES256"), (ECKey.generate_key("P-384"), "ES384"), (RSA, "PS256"), (OKPKey.generate_key("Ed25519"), "EdDSA")],
)
@pytest.mark.parametrize("form", ["pem", "jwk"])
def test_keys_of_every_kind_sign(tmp_path: Path, key: Key, algorithm: str, form: str) -> None:
    """As PEM or as JWK, named by their thumbprint where nothing names them."""
    plain: Any = key
    text = plain.as_pem(private=True) if form == "pem" else json.dumps(plain.as_dict(private=True)).encode()
    ran = approve(key=str(key_file(tmp_path, text)))
    jwks = jwk_set(**{plain.thumbprint(): plain})
    assert verified(ran.stdout.strip(), jwks, algorithms=(algorithm,)).verified, ran.output


def test_details_bind_an_approval(tmp_path: Path) -> None:
    """An approval of a payment is for exactly its details."""
    key = key_file(tmp_path, EC.as_pem(private=True))
    ran = approve("--authorization-details", '[{"type": "payment"}]', key=str(key), kid="k1")
    details = verified(ran.stdout.strip(), jwk_set(k1=EC)).authorization_details
    assert details is not None
    assert details.value == [{"type": "payment"}]


@pytest.mark.parametrize(
    ("arguments", "changes", "word"),
    [
        ([], {"key": None}, "--key"),
        ([], {"scope": None}, "--scope"),
        ([], {"client_id": ""}, "--client-id"),
        ([], {"scope": "mail.delete  mail.purge"}, "--scope"),
        (["--for", "5"], {}, "--for"),
        (["--for", "0m"], {}, "--for"),
        (["--for", "25h"], {}, "--for"),
        (["--for", "-5m"], {}, "--for"),
        (["--authorization-details", "{}"], {}, "--authorization-details"),
        (["--authorization-details", "x"], {}, "--authorization-details"),
        (["--authorization-details", "[NaN]"], {}, "--authorization-details"),
        (["--authorization-details", '[{"type": "a", "type": "b"}]'], {}, "--authorization-details"),
        (["--authorization-details", "[" * 3000 + "]" * 3000], {}, "--authorization-details"),
        ([], {"key": "missing.pem"}, "missing.pem"),
        ([], {"key": "."}, "--key"),
    ],
)
def test_bad_input_is_said_in_a_sentence(
    tmp_path: Path, arguments: list[str], changes: dict[str, str | None], word: str
) -> None:
    """On standard error, with exit status 2; standard output stays empty."""
    ran = approve(*arguments, **{"key": str(key_file(tmp_path, EC.as_pem(private=True))), **changes})
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert word in ran.stderr


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"", "no private key"),
        (b"junk", "no private key"),
        (b"{", "no JSON"),
        (jwk_set(k1=EC), "not one JWK"),
        (EC.as_pem(private=False), "public key"),
        (json.dumps(EC.as_dict(private=False)).encode(), "public key"),
        (json.dumps(OctKey.import_key(b"k" * 32).as_dict(private=True)).encode(), "symmetric"),
        (OKPKey.generate_key("X25519").as_pem(private=True), "kind"),
        (json.dumps(OKPKey.generate_key("X25519").as_dict(private=True)).encode(), "kind"),
    ],
)
def test_a_key_that_cannot_sign_is_refused(tmp_path: Path, text: bytes, word: str) -> None:
    """The sentence quotes nothing of it."""
    ran = approve(key=str(key_file(tmp_path, text)))
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert word in ran.stderr


def test_a_key_that_others_can_read_is_warned_of(tmp_path: Path) -> None:
    """It still signs: the warning is not in the way of the approval."""
    key = key_file(tmp_path, EC.as_pem(private=True))
    key.chmod(0o644)
    ran = approve(key=str(key), kid="k1")
    assert "chmod 600" in ran.stderr
    assert verified(ran.stdout.strip(), jwk_set(k1=EC)).verified
