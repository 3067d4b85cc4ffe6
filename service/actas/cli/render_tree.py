"""The tree of one user's authority for people: user, agents, resources, and what became narrower at each hop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from actas import timestamps
from actas.cli.render import line
from actas.receipts.kept import KeptReceipt
from actas.receipts.tree import Hop

# From how many hops on those that say the same are told once.
_ALIKE = 4


def show_tree(console: Console, first: Sequence[Hop], *, every: bool = False) -> None:
    """Print the tree that begins with *first*.

    Hops of one parent that led nowhere and say the same are told once, with their number, unless *every* one is wanted.
    """
    top = first[0].receipt.document
    heading = line(_subject(top), "bold")
    heading.append_text(line(f"  txn {top.get('root_decision_id', 'unreadable')}", "dim"))
    tree = Tree(heading, guide_style="dim")
    _grow(tree, first, _subject(top), every)
    console.print(tree)


def _grow(branch: Tree, hops: Iterable[Hop], subject: str, every: bool) -> None:
    waiting = [(branch, tuple(hops))]
    while waiting:
        above, siblings = waiting.pop()
        for group in [[hop] for hop in siblings] if every else _groups(siblings):
            below = above.add(_hop(group, subject))
            if group[0].children:
                waiting.append((below, tuple(group[0].children)))


def _groups(siblings: Iterable[Hop]) -> list[list[Hop]]:
    groups: dict[object, list[Hop]] = {}
    for hop in siblings:
        groups.setdefault(hop.receipt.decision_id if hop.children else _said(hop.receipt.document), []).append(hop)
    made = [[group] if len(group) >= _ALIKE else [[hop] for hop in group] for group in groups.values()]
    return sorted((group for part in made for group in part), key=lambda group: group[0].receipt.place)


def _said(document: Any) -> str:
    parts = ("subject", "actor", "target", "effect", "codes", "requested_scope", "requested_lifetime_seconds")
    issued = document.get("issued", {})
    return repr(
        [document.get(part) for part in parts] + [issued.get("scope"), issued.get("max_lifetime_seconds")],
    )


def _hop(group: Sequence[Hop], subject: str) -> Text:
    hop, receipt = group[0], group[0].receipt
    document = receipt.document
    told = line("✓ " if receipt.allowed else "✗ ", "green" if receipt.allowed else "red")
    told.append_text(line(actor_name(document), "bold"))
    told.append_text(line(f" → {', '.join(document.get('target', ())) or 'no target'}"))
    if len(group) > 1:
        told.append_text(line(f"  {len(group)} times", "bold yellow"))
    if _subject(document) != subject:
        told.append_text(line(f"  for {_subject(document)}", "yellow"))
    details = [_narrowing(document), _moments(group), outcome(receipt) if len(group) == 1 else _outcomes(group)]
    for detail in filter(None, details):
        told.append("\n  ").append_text(detail)
    if hop.parent_missing:
        told.append("\n  ").append_text(line(f"of decision {receipt.parent}, which is not kept here", "yellow"))
    return told


def _subject(document: Any) -> str:
    party = document.get("subject", {})
    issuer = f" at {party['iss']}" if party.get("iss") else ""
    return f"{party.get('sub', 'unknown subject')}{issuer}"


def actor_name(document: Any) -> str:
    """Name who acts: the agent with its version, else the workload, the actor's sub, or the impersonating client."""
    actor = document.get("actor", {})
    if actor.get("agent"):
        return " ".join(filter(None, (actor["agent"], actor.get("version"))))
    client = document.get("client", {}).get("client_id", "")
    return str(actor.get("spiffe_id") or actor.get("sub") or (f"client {client}" if client else "unknown actor"))


def scopes(document: Any) -> str:
    """Write what was asked for and, where that is less, what is issued."""
    asked, issued = document.get("requested_scope", ""), " ".join(document.get("issued", {}).get("scope", ()))
    if document.get("effect") != "ALLOW":
        return asked or "no scope asked"
    same = set(asked.split()) == set(issued.split())
    return issued if same else f"{asked or '(default)'} → {issued or 'none'}"


def _narrowing(document: Any) -> Text:
    if document.get("effect") != "ALLOW":
        denied = line(" ".join(document.get("codes", ())) or "denied", "red")
        return denied.append_text(line(f"  {scopes(document)}", "dim"))
    asked, issued = document.get("requested_lifetime_seconds"), document["issued"]["max_lifetime_seconds"]
    shorter = f" of {asked} s asked" if asked is not None and asked > issued else ""
    told = line(scopes(document), "" if not document.get("notes") else "yellow")
    return told.append_text(line(f"  at most {issued} s{shorter}"))


def _moments(group: Sequence[Hop]) -> Text:
    first, last = group[0].receipt, group[-1].receipt
    moment = timestamps.render(first.document["evaluated_at"])
    until = f" to {timestamps.render(last.document['evaluated_at'])}" if last is not first else ""
    return line(f"{moment}{until}  {first.decision_id}", "dim")


def _outcomes(group: Sequence[Hop]) -> Text | None:
    reported = sum(bool(hop.receipt.outcome) for hop in group)
    return line(f"outcome of {reported} reported", "yellow") if group[0].receipt.allowed else None


def outcome(receipt: KeptReceipt) -> Text | None:
    """Say what became of the decision; None where nothing can have become of it."""
    said = receipt.outcome
    if not said:
        return line("outcome not reported", "yellow") if receipt.allowed else None
    words = []
    if "issued" in said:
        token = said.get("issued_jti") or said.get("issued_digest", "")
        words.append(f"issued {token}".rstrip() if said["issued"] else "nothing issued")
    words += [said[name] for name in ("side_effect", "detail") if said.get(name)]
    return line(", ".join(words), "cyan")
