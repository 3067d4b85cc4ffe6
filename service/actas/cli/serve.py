"""`actas serve`: the gRPC service. Every flag has a setting of the same name in actas.toml and as ACTAS_*."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actas import config as configuration
from actas.cli import options
from actas.cli.exits import sentences

EXAMPLE = "Example: actas serve --listen 127.0.0.1:50051 --policies policies --watch"
app = typer.Typer()


@app.command(epilog=EXAMPLE)
@sentences
def serve(
    *,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The configuration.", show_default="actas.toml, if there")
    ] = None,
    listen: Annotated[
        list[str] | None, typer.Option(metavar="HOST:PORT|unix:PATH", help="Where to listen; repeatable.")
    ] = None,
    policies: options.Policies = None,
    engine: Annotated[
        str | None,
        typer.Option(metavar="wasm|sidecar", help="What evaluates: this process, or an OPA.", show_default="wasm"),
    ] = None,
    opa_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Use this OPA and its policies instead of an engine of our own.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", help="Processes that share the listeners.", show_default="the cores it may use"),
    ] = None,
    receipts: Annotated[
        str | None,
        typer.Option(
            metavar="URL|none", help="Where receipts are kept: sqlite:///PATH or postgresql://…", show_default="none"
        ),
    ] = None,
    audience: Annotated[
        str | None, typer.Option(metavar="NAME", help="The aud of approvals for this service.", show_default="actas")
    ] = None,
    state: Annotated[Path | None, typer.Option(metavar="FILE", help="The JSON file of revocations.")] = None,
    watch: Annotated[bool | None, typer.Option("--watch", help="Activate the policies again when they change.")] = None,
    reflection: Annotated[bool | None, typer.Option("--reflection", help="Offer gRPC reflection.")] = None,
    allow_untested: Annotated[
        bool | None, typer.Option("--allow-untested", help="Serve policies that bring no suites.")
    ] = None,
    insecure: Annotated[
        bool | None, typer.Option("--insecure", help="Listen beyond loopback without TLS or callers' tokens.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(metavar="FILE", help="The certificate chain, PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its private key, PEM.")] = None,
    tls_workload_api: Annotated[
        str | None,
        typer.Option(metavar="unix:///PATH", help="Take an X.509-SVID from this SPIFFE Workload API instead."),
    ] = None,
    tls_client_ca: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Authorities of callers' certificates, PEM; repeatable.")
    ] = None,
    metrics_listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where /metrics and /ready are; loopback only.")
    ] = None,
    pid_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For actas policy reload and workers restart.")
    ] = None,
    check_config: Annotated[bool, typer.Option("--check-config", help="Check the configuration and exit.")] = False,
) -> None:
    """Serve decisions over gRPC until SIGTERM; SIGHUP activates the policies again, SIGUSR2 replaces the workers.

    Flags win over ACTAS_* in the environment, and these over the configuration file.
    """
    flags = {
        "listen": listen,
        "policies": policies,
        "engine": engine,
        "opa_url": opa_url,
        "workers": workers,
        "receipts": receipts,
        "audience": audience,
        "state": state,
        "watch": watch,
        "reflection": reflection,
        "allow_untested": allow_untested,
        "insecure": insecure,
        "tls_cert": tls_cert,
        "tls_key": tls_key,
        "tls_workload_api": tls_workload_api,
        "tls_client_ca": tls_client_ca,
        "metrics_listen": metrics_listen,
        "pid_file": pid_file,
    }
    checked = configuration.load(flags, file=config)
    if check_config:
        typer.echo("the configuration is valid")
        return
    from actas.server.start import run  # noqa: PLC0415 - gRPC is slow to load, and --check-config needs none of it

    run(checked)
