"""The exchange document is read strictly, and every refusal names the member."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from actas.document import from_document, parse_document, to_document
from actas.errors import ProtocolError, Status
from actas.limits import RequestLimits
from actas.request import ACCESS_TOKEN, Client, Context, ExchangeRequest, JsonText, Token

BASE: dict[str, Any] = {"authorization_server": "https://as.example.com"}
VECTORS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "vectors" / "exchange.jsonl").read_text(encoding="utf-8").splitlines()
]
LIMITS = RequestLimits()


def read(**members: Any) -> ExchangeRequest:
    """Read a document with an authorization server and *members*."""
    return from_document({**BASE, **members}, LIMITS)


def refused(document: Any) -> ProtocolError:
    """Return the error that refuses *document*, given as a value or as text."""
    with pytest.raises(ProtocolError) as caught:
        from_document(document, LIMITS)
    return caught.value


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_every_vector_is_read_and_written_back(vector: dict[str, Any]) -> None:
    """A vector's request, read, written and read again, is the same request."""
    request = from_document(vector["request"], LIMITS)

    assert from_document(to_document(request), LIMITS) == request
    assert from_document(json.dumps(vector["request"]), LIMITS) == request


def test_a_minimal_document_has_the_defaults_of_the_contract() -> None:
    """Only the authorization server is required; nothing else is assumed."""
    assert read() == ExchangeRequest("https://as.example.com", client=Client(), context=Context())
    assert read().requested_token_type == ACCESS_TOKEN
    assert to_document(read()) == {**BASE, "requested_token_type": ACCESS_TOKEN}


@pytest.mark.parametrize(
    "name",
    ["request_id", "client", "subject_token", "actor_token", "actor_workload", "requested_token_type", "resource",
     "audience", "scope", "authorization_details", "requested_lifetime", "approvals", "consents", "code",
     "parent_decision_id", "context", "duplicate_parameters"],
)  # fmt: skip
def test_null_for_an_optional_member_means_absent(name: str) -> None:
    """Null and absent are the same request."""
    assert read(**{name: None}) == read()


@pytest.mark.parametrize("name", ["authorization_server", "grant_type"])
def test_null_for_a_required_member_is_refused(name: str) -> None:
    """A required member that is null was meant to be there."""
    assert refused({**BASE, name: None}).field == name


@pytest.mark.parametrize("document", [{}, {"authorization_server": ""}])
def test_the_authorization_server_is_required(document: Any) -> None:
    """Without the issuer there is no policy to ask."""
    assert (refused(document).field, refused(document).reason) == ("authorization_server", "MISSING_FIELD")


def test_a_missing_grant_type_is_left_to_the_policy() -> None:
    """A missing grant type is a denial, not a protocol error."""
    assert read().grant_type == ""


@pytest.mark.parametrize("document", [None, [], "", "[]", "7", '"x"', b"\xff", "{", {"a": 1, **BASE}.keys()])
def test_what_is_no_object_is_refused(document: Any) -> None:
    """A document is one JSON object."""
    assert refused(document).status is Status.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"scopes": "a"}, "scopes"),
        ({"client": {"id": "x"}}, "client.id"),
        ({"subject_token": {"claim": {}}}, "subject_token.claim"),
        ({"approvals": [{}, {"until": 1}]}, "approvals[1].until"),
        ({"consents": [{"approved_until": 1}]}, "consents[0].approved_until"),
        ({"code": {"actor": "x"}}, "code.actor"),
        ({"context": {"ua": "x"}}, "context.ua"),
        ({"actor_workload": {"svid": "x"}}, "actor_workload.svid"),
        ({"a\nb": 1}, "(unprintable name)"),
        ({7: 1}, "(unprintable name)"),
    ],
)
def test_an_unknown_member_is_refused_by_its_path(members: Any, field: str) -> None:
    """A newer caller's restriction must not be dropped; a name that could forge a log line is not repeated."""
    error = refused({**BASE, **members})

    assert (error.field, error.reason) == (field, "UNKNOWN_FIELD")


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"authorization_server": 7}, "authorization_server"),
        ({"grant_type": {}}, "grant_type"),
        ({"scope": 7}, "scope"),
        ({"scope": ["a", 7]}, "scope[1]"),
        ({"resource": "https://a"}, "resource"),
        ({"resource": ["https://a", None]}, "resource[1]"),
        ({"client": []}, "client"),
        ({"client": {"authenticated": "true"}}, "client.authenticated"),
        ({"client": {"confidential": 1}}, "client.confidential"),
        ({"subject_token": "eyJ"}, "subject_token"),
        ({"subject_token": {"verified": "yes"}}, "subject_token.verified"),
        ({"subject_token": {"header": []}}, "subject_token.header"),
        ({"subject_token": {"header": {"x": 2**53 + 1}}}, "subject_token.header"),
        ({"subject_token": {"header": {"x": float("nan")}}}, "subject_token.header"),
        ({"subject_token": {"header": {"x": "\ud800"}}}, "subject_token.header"),
        ({"subject_token": {"header": {"x": {7: 1}}}}, "subject_token.header"),
        ({"subject_token": {"header": {"x": {1}}}}, "subject_token.header"),
        ({"subject_token": {"header": json.loads('{"x":' + "[" * 16 + "]" * 16 + "}")}}, "subject_token.header"),
        ({"subject_token": {"claims_json": {}}}, "subject_token.claims_json"),
        ({"subject_token": {"claims_json": "{"}}, "subject_token.claims_json"),
        ({"subject_token": {"claims": {}, "claims_json": "{}"}}, "subject_token.claims_json"),
        ({"approvals": [{"jws": "a.b.c", "verified": True}]}, "approvals[0].verified"),
        ({"approvals": [{}, {"jws": "a.b.c", "approved_until": 0}]}, "approvals[1].approved_until"),
        ({"approvals": [{"jws": "a.b.c", "authorization_details": []}]}, "approvals[0].authorization_details"),
        ({"approvals": {}}, "approvals"),
        ({"approvals": [None]}, "approvals[0]"),
        ({"approvals": [{"approved_until": 1.5}]}, "approvals[0].approved_until"),
        ({"approvals": [{"approved_until": True}]}, "approvals[0].approved_until"),
        ({"approvals": [{"approved_until": "soon"}]}, "approvals[0].approved_until"),
        ({"approvals": [{"approved_until": "2027-01-15"}]}, "approvals[0].approved_until"),
        ({"approvals": [{"approved_until": "2027-02-30T08:00:00Z"}]}, "approvals[0].approved_until"),
        ({"consents": [{"until": 10**12}]}, "consents[0].until"),
        ({"consents": [{"until": "9999-12-31T23:59:59-01:00"}]}, "consents[0].until"),
        ({"actor_workload": {"x509_svid": ["*"]}}, "actor_workload.x509_svid[0]"),
        ({"context": {"request_path": "a"}}, "context.request_path"),
        ({"request_id": "\ud800"}, "request_id"),
        ({"requested_lifetime": {"a": {1}}}, "requested_lifetime"),
    ],
)
def test_a_wrong_type_is_refused_by_its_path(members: Any, field: str) -> None:
    """A type that does not fit is a protocol error, and nothing is converted."""
    assert refused({**BASE, **members}).field == field


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"authorization_server":"a","authorization_server":"b"}', "authorization_server"),
        ('{"authorization_server":"a","client":{"client_id":"x","client_id":"y"}}', "client.client_id"),
        ('{"authorization_server":"a","subject_token":{"header":{"alg":"x","alg":"y"}}}', "subject_token.header"),
    ],
)
def test_a_member_that_occurs_twice_is_refused(text: str, field: str) -> None:
    """Outside claims a repeated member has no meaning that could be denied."""
    assert refused(text).field == field


def test_repeated_claims_are_marked_and_their_text_is_kept() -> None:
    """Inside claims a repeated member is the policy's to deny, and survives being written."""
    request = from_document('{"authorization_server":"a","subject_token":{"claims":{"sub":"x","sub":"y"}}}', LIMITS)

    expected = JsonText('{"sub":"x","sub":"y"}', {"sub": "y"}, well_formed=False)
    assert request.subject_token == Token(claims=expected)
    assert to_document(request)["subject_token"] == {"claims_json": '{"sub":"x","sub":"y"}'}
    assert from_document(to_document(request), LIMITS) == request


def test_a_number_that_is_not_finite_is_marked_inside_authorization_details() -> None:
    """NaN is no JSON, so authorization details with it are not well-formed."""
    request = from_document('{"authorization_server":"a","authorization_details":[{"amount":NaN}]}', LIMITS)

    assert request.authorization_details == JsonText('[{"amount":NaN}]', [{"amount": None}], well_formed=False)
    assert from_document(to_document(request), LIMITS) == request


@pytest.mark.parametrize("claims", ["x", [], 7, False, [{}]])
def test_claims_that_are_no_object_are_not_well_formed(claims: Any) -> None:
    """Another JSON type is a decision, MALFORMED_CLAIMS."""
    token = read(subject_token={"claims": claims}).subject_token

    assert token is not None
    assert token.claims == JsonText(json.dumps(claims), claims, well_formed=False)


def test_claims_given_as_text_keep_their_text() -> None:
    """`claims_json` is kept byte for byte; empty text is no claims."""
    token = read(subject_token={"claims_json": ' {"a" : 1}'}).subject_token

    assert token == Token(claims=JsonText(' {"a" : 1}', {"a": 1}))
    assert read(subject_token={"claims_json": ""}).subject_token == Token()


@pytest.mark.parametrize("lifetime", [0, -1, 0.5, "600", True, False, "", [], {}, 10**30])
def test_any_requested_lifetime_is_kept(lifetime: Any) -> None:
    """A lifetime that is none is a decision, LIFETIME_INVALID, so its value and type are kept."""
    request = read(requested_lifetime=lifetime)

    assert request.requested_lifetime == lifetime
    assert type(request.requested_lifetime) is type(lifetime)
    assert from_document(to_document(request), LIMITS) == request


def test_a_lifetime_is_the_same_however_it_is_written() -> None:
    """600.0 is the integer 600 (RFC 8259, section 6), and NaN is text that no rule takes for a number."""
    text = '{"authorization_server":"a","requested_lifetime":%s}'

    assert isinstance(from_document(text % "600.0", LIMITS).requested_lifetime, int)
    assert from_document(text % "NaN", LIMITS).requested_lifetime == "nan"


@pytest.mark.parametrize("name", ["scope", "grant_type", "requested_token_type"])
def test_a_repeated_single_parameter_is_recorded(name: str) -> None:
    """Two values have no first or last: the name is recorded and neither value is used."""
    request = read(**{name: ["a", "b"]})

    assert request.duplicate_parameters == (name,)
    assert getattr(request, name) == (ACCESS_TOKEN if name == "requested_token_type" else "")
    assert from_document(to_document(request), LIMITS) == request


def test_empty_parameters_are_omitted_ones() -> None:
    """An empty value is treated as if it were not there (RFC 6749, section 3.2)."""
    assert read(scope="", resource=[""], audience=["", "b"], requested_token_type="") == read(audience=["b"])


@pytest.mark.parametrize(
    "until", ["2027-01-15T08:00:00Z", "2027-01-15T08:00:00.999Z", "2027-01-15t09:00:00+01:00", 1_800_000_000]
)
def test_times_are_whole_seconds_or_rfc_3339(until: Any) -> None:
    """Each way of writing a moment gives the same second, rounded down."""
    assert read(consents=[{"until": until}]).consents[0].until == 1_800_000_000


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"request_id": "x" * 129}, "request_id"),
        ({"scope": " ".join(f"s{n}" for n in range(101))}, "scope"),
        ({"resource": ["https://a"] * 11}, "resource"),
        ({"resource": ["https://a"] * 5, "audience": ["b"] * 6}, "audience"),
        ({"authorization_details": [{}] * 51}, "authorization_details"),
        ({"approvals": [{}] * 51}, "approvals"),
        ({"approvals": [{}, {"jws": "a" * (16 * 1024 + 1)}]}, "approvals[1].jws"),
        ({"approvals": [{"authorization_details": [{}] * 51}]}, "approvals[0].authorization_details"),
        ({"consents": [{}] * 51}, "consents"),
        ({"subject_token": {"claims": {"x": "y" * 65_536}}}, "subject_token.claims"),
        ({"subject_token": {"claims_json": '{"x":"' + "y" * 65_536 + '"}'}}, "subject_token.claims_json"),
    ],
)
def test_what_exceeds_a_limit_is_refused_by_name(members: Any, field: str) -> None:
    """Each limit of the contract names its field."""
    error = refused({**BASE, **members})

    assert (error.field, error.reason) == (field, "LIMIT_EXCEEDED")


def test_a_batch_has_a_limit_of_its_own() -> None:
    """A hundred requests may travel together, one more may not."""
    LIMITS.check_batch([None] * 100)
    with pytest.raises(ProtocolError, match="requests: more than 100 entries"):
        LIMITS.check_batch([None] * 101)


def test_claims_may_be_nested_as_deep_in_a_document_as_in_a_message() -> None:
    """64 levels of claims are read from a document, the 65th is refused."""

    def document(levels: int) -> str:
        nested = '{"a":' * levels + "1" + "}" * levels
        return f'{{"authorization_server":"a","subject_token":{{"claims":{nested}}}}}'

    assert from_document(document(64), LIMITS).subject_token is not None
    assert refused(document(65)).field == "subject_token.claims"
    assert "nested deeper" in refused(document(10_000)).message


def test_a_document_that_is_too_large_exhausts_the_resource() -> None:
    """Size is checked before anything is parsed, in JSON and in YAML."""
    for yaml in (False, True):
        with pytest.raises(ProtocolError) as caught:
            parse_document(b"x" * 262_145, yaml=yaml, limits=LIMITS)

        assert caught.value.status is Status.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("claims", [{"decision_id": "other"}, {}])
def test_a_parent_that_differs_from_the_tokens_is_refused(claims: dict[str, str]) -> None:
    """A token with claims says itself which decision issued it."""
    assert refused({**BASE, "parent_decision_id": "p", "subject_token": {"claims": claims}}).field == (
        "parent_decision_id"
    )


def test_a_parent_is_taken_for_a_token_without_claims() -> None:
    """An opaque token cannot say which decision issued it, so the caller does."""
    assert read(parent_decision_id="p", subject_token={}).parent_decision_id == "p"
    assert read(parent_decision_id="p", subject_token={"claims": {"decision_id": "p"}}).parent_decision_id == "p"


def test_raw_tokens_do_not_show_in_a_representation() -> None:
    """Secrets stay out of logs that print a request."""
    request = read(subject_token={"unverified_token": "SECRET"}, actor_workload={"jwt_svid": "SECRET"})

    assert "SECRET" not in repr(request)
    assert from_document(to_document(request), LIMITS) == request


def test_yaml_is_the_same_document() -> None:
    """YAML plain values, block text and timestamps give what JSON would."""
    text = b"""
    authorization_server: https://as.example.com
    client: {client_id: c, authenticated: true}
    subject_token:
      verified: yes-no
    """
    with pytest.raises(ProtocolError, match=r"subject_token\.verified"):
        parse_document(text, yaml=True, limits=LIMITS)
    request = parse_document(
        b"authorization_server: 'a'\nrequested_lifetime: 0x258\nscope: ~\nconsents:\n"
        b"  - until: 2027-01-15T08:00:00Z\nsubject_token:\n  claims: {exp: 1.5, x: .nan, on: yes}\n",
        yaml=True,
        limits=LIMITS,
    )

    assert request.requested_lifetime == 600
    assert request.consents[0].until == 1_800_000_000
    assert request.subject_token == Token(
        claims=JsonText('{"exp":1.5,"x":NaN,"on":"yes"}', {"exp": 1.5, "x": None, "on": "yes"}, well_formed=False)
    )


@pytest.mark.parametrize(
    "text",
    ["a: &x 1\nb: *x", "a: !!python/name:os.system x", "a: 1\n---\nb: 2", "1: 2", "a: [", "a: \x00", "[" * 10_000,
     "{" * 100_000, "[" + "a," * 100_000 + "]", "a: 1\na: 2", "", "- a"],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_yaml_that_an_exchange_document_does_not_need_is_refused(text: str) -> None:
    """Aliases, tags, several documents, names that are no strings, depth and bulk are protocol errors."""
    with pytest.raises(ProtocolError):
        parse_document(text.encode(), yaml=True, limits=LIMITS)
