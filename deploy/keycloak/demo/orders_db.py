"""The orders database as an MCP server: the resource at the end of the chain.

It speaks streamable HTTP, publishes its OAuth protected resource metadata (RFC 9728), and logs who acted for whom
in one JSON line per call on standard error; never a token.
"""

from __future__ import annotations

import argparse
import json
import logging
import socket
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.routes import create_protected_resource_routes
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from orders_keys import RealmKeys
from orders_tokens import NotAcceptedError, verify
from pydantic import AnyHttpUrl
from starlette.applications import Starlette

RESOURCE = "http://127.0.0.1:8931/mcp"
ISSUER = "http://127.0.0.1:8180/realms/agents"
SCOPES = {"query_orders": "orders:read", "delete_order": "orders:delete"}

_ORDERS = {
    1001: {"customer": "Vega", "state": "slow", "minutes": 94},
    1002: {"customer": "Lyra", "state": "shipped", "minutes": 3},
    1003: {"customer": "Vega", "state": "stuck", "minutes": 210},
}


class RealmTokens:
    """The verifier that `mcp` asks for every HTTP request."""

    def __init__(self, keys: RealmKeys, issuer: str, resource: str, names: Mapping[str, str]) -> None:
        """Accept tokens of *issuer* for *resource*; *names* are what people call a `sub`."""
        self._keys, self._issuer, self._resource, self._names = keys, issuer, resource, names

    async def verify_token(self, token: str) -> AccessToken | None:
        """Give what is known of *token*; None, which is answered with 401, where it is not accepted."""
        try:
            accepted = await verify(token, self._keys, issuer=self._issuer, resource=self._resource)
        except NotAcceptedError as why:
            log("refused", why=str(why))
            return None
        return AccessToken(
            # `mcp` keeps this member with the request, and nothing here needs it.
            token="",
            client_id=accepted.client,
            scopes=sorted(accepted.scope),
            expires_at=accepted.expires,
            resource=self._resource,
            subject=accepted.user,
            claims={
                "iss": accepted.issuer,
                "jti": accepted.jti,
                "decision_id": accepted.decision_id,
                "chain": [self._names.get(name, name) for name in accepted.chain],
            },
        )


def log(event: str, **members: Any) -> None:
    """Write one line."""
    print(json.dumps({"event": event, **members}), file=sys.stderr, flush=True)


def authorize(tool: str) -> None:
    """Log who calls *tool*, and refuse it where the token's scope lacks what the tool needs. Raises ToolError."""
    token, needed = get_access_token(), SCOPES[tool]
    allowed = token is not None and needed in token.scopes
    claims = (token.claims if token is not None else None) or {}
    log(
        "call" if allowed else "refused",
        tool=tool,
        chain=claims.get("chain", []),
        decision_id=claims.get("decision_id", ""),
        jti=claims.get("jti", ""),
        **({} if allowed else {"why": "scope"}),
    )
    if not allowed:
        raise ToolError(f"insufficient_scope: {tool} needs {needed}")


def application(issuer: str, jwks: str, resource: str, names: Mapping[str, str]) -> Starlette:
    """Give the MCP server as an ASGI application."""
    url = AnyHttpUrl(resource)
    server = MCPServer(
        "orders-db",
        title="Orders database",
        auth=AuthSettings(issuer_url=AnyHttpUrl(issuer), resource_server_url=url, validate_token_resource=True),
        token_verifier=RealmTokens(RealmKeys(jwks), issuer, resource, names),
        log_level="WARNING",
    )
    # A table of this process, so that each start of the demonstration has the same orders.
    orders = dict(_ORDERS)

    @server.tool()
    def query_orders(state: str = "") -> list[dict[str, Any]]:
        """List the orders, or those in one state. Needs the scope orders:read."""
        authorize("query_orders")
        return [{"order": number, **order} for number, order in orders.items() if state in ("", order["state"])]

    @server.tool()
    def delete_order(order: int) -> str:
        """Delete one order. Needs the scope orders:delete."""
        authorize("delete_order")
        if orders.pop(order, None) is None:
            raise ToolError(f"there is no order {order}")
        return f"order {order} is deleted"

    app = server.streamable_http_app(
        streamable_http_path=urlsplit(resource).path, json_response=True, stateless_http=True
    )
    # Before the route of `mcp`, whose document names the scopes of every tool or none.
    metadata = create_protected_resource_routes(
        url, [AnyHttpUrl(issuer)], sorted(SCOPES.values()), resource_name="Orders database"
    )
    app.router.routes[:0] = metadata
    return app


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="orders-db", description="The orders database as an MCP server.")
    parser.add_argument("--issuer", default=ISSUER, help="the realm, as `iss` names it")
    parser.add_argument("--jwks", default="", help="where its keys are, when not below the issuer")
    parser.add_argument("--resource", default=RESOURCE, help="our own identifier: the only `aud` that is accepted")
    parser.add_argument(
        "--port", type=int, help="listen here on the loopback interface, when not where --resource says"
    )
    parser.add_argument("--name", action="append", default=[], metavar="SUB=NAME", help="what the log calls a `sub`")
    wanted = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    names = dict(entry.split("=", 1) for entry in wanted.name)
    jwks = wanted.jwks or f"{wanted.issuer}/protocol/openid-connect/certs"
    app = application(wanted.issuer, jwks, wanted.resource, names)
    port = wanted.port if wanted.port is not None else urlsplit(wanted.resource).port or 80
    with socket.create_server(("127.0.0.1", port)) as listener:
        log("serving", url=f"http://127.0.0.1:{listener.getsockname()[1]}{urlsplit(wanted.resource).path}")
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2))
        server.run(sockets=[listener])


if __name__ == "__main__":
    main()
