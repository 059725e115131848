"""``aas-server sign`` and ``verify``: packages with signatures, and signed documents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from rich.console import Console

from aas_server.clock import Clock, to_datetime
from aas_server.errors import BadRequest, Finding
from aas_server.packages.report_view import finding_view
from aas_server.packages.signatures.report import (
    UNTRUSTED,
    PackageReport,
    SignatureReport,
    Signer,
    signer_of,
)
from aas_server.packages.signatures.signing import sign_package
from aas_server.packages.signatures.trust import TrustedSigners, read_trusted
from aas_server.packages.signatures.verifying import verify_package
from aas_server.signing.key_files import read_package_key
from aas_server.signing.verifier import VerifiedDocument, is_signed_document, verify_document

_MAX_DOCUMENT: Final = 64 * 1024**2
_SHOWN: Final = 20


def sign_file(
    source: Path, target: Path, key: Path, certificate: Path, password: str | None, clock: Clock
) -> None:
    """Write the package ``source`` to ``target``, signed by the owner of ``certificate``.

    Raises ``BadRequest`` for what is no package, ``ConfigurationError`` for key and certificate.
    """
    private, chain = read_package_key(key, certificate, password=password)
    sign_package(source, target, private, chain, to_datetime(clock.now()))


class _Anybody:
    """Trusts everybody whose signature holds: for when nobody is named."""

    def objection(self, _chain: Sequence[x509.Certificate]) -> str | None:
        return None


def verify_file(
    file: Path, trusted: Sequence[Path], out: Console, *, as_json: bool, clock: Clock
) -> bool:
    """Print who signed ``file`` and what is covered; return whether it may be believed.

    That is when a signature holds and covers everything, no other is broken, and the signer is
    among ``trusted``, certificates or folders of them; without any, whoever it is. ``file`` is a
    package or a document as compact JWS. Raises ``BadRequest`` for what is neither.
    """
    trust: TrustedSigners | _Anybody = read_trusted(trusted, clock) if trusted else _Anybody()
    with file.open("rb") as opened:
        head = opened.read(4096)
    if is_signed_document(head) or head[:2] == b"ey":
        if file.stat().st_size > _MAX_DOCUMENT:
            raise BadRequest(f"is larger than {_MAX_DOCUMENT} bytes", path=str(file))
        return _show_document(file, trust, out, as_json=as_json)
    report = verify_package(file, trust)
    if as_json:
        out.file.write(json.dumps(_package_view(file, report)) + "\n")
    else:
        _show_package(file, report, out, is_trust_asked=bool(trusted))
    return not report.objections


def _show_package(file: Path, report: PackageReport, out: Console, *, is_trust_asked: bool) -> None:
    out.print(f"{file}", markup=False)
    for each in report.signatures:
        _show_signature(each, out)
    for finding in report.findings:
        _show_finding(finding, out)
    if report.objections:
        out.print("  not to be believed", style="bold red")
    else:
        whom = "by a trusted signer" if is_trust_asked else "by the signer; nobody asked for trust"
        out.print(f"  signed {whom}, all of it is covered", style="green", markup=False)


def _show_signature(signature: SignatureReport, out: Console) -> None:
    if signature.signer is not None:
        _show_signer(signature.signer, signature.claimed_time, out)
    parts = f"{len(signature.covered)} parts covered, {len(signature.uncovered)} not"
    out.print(f"  {signature.part}: {parts}", markup=False)
    for finding in signature.findings[:_SHOWN]:
        _show_finding(finding, out)
    if len(signature.findings) > _SHOWN:
        out.print(f"  and {len(signature.findings) - _SHOWN} more: --json tells all of them")


def _show_signer(signer: Signer, claimed_time: str | None, out: Console) -> None:
    out.print(f"  signed by    {signer.subject}", markup=False)
    out.print(f"  issued by    {signer.issuer}, valid until {signer.not_after}", markup=False)
    out.print(f"  fingerprint  {signer.fingerprint}", markup=False)
    if claimed_time is not None:
        out.print(f"  at           {claimed_time}, as the signer says", markup=False)


def _show_finding(finding: Finding, out: Console) -> None:
    hint = f"; {finding.hint}" if finding.hint else ""
    out.print("  error        ", style="red", end="")
    out.print(f"{finding.path}: {finding.text}{hint} ({finding.code})", markup=False)


def _package_view(file: Path, report: PackageReport) -> dict[str, Any]:
    return {
        "file": str(file),
        "believed": not report.objections,
        "signatures": [
            {
                "part": each.part,
                "signer": _signer_view(each.signer),
                "time": each.claimed_time,
                "intact": each.is_intact,
                "trusted": each.is_trusted,
                "covered": list(each.covered),
                "uncovered": list(each.uncovered),
                "findings": [finding_view(one) for one in each.findings],
            }
            for each in report.signatures
        ],
        "findings": [finding_view(each) for each in report.findings],
    }


def _signer_view(signer: Signer | None) -> dict[str, str] | None:
    if signer is None:
        return None
    return {
        "subject": signer.subject,
        "issuer": signer.issuer,
        "serial": signer.serial,
        "fingerprint": signer.fingerprint,
        "notAfter": signer.not_after,
    }


def _show_document(
    file: Path, trust: TrustedSigners | _Anybody, out: Console, *, as_json: bool
) -> bool:
    document: VerifiedDocument | None
    try:
        document = verify_document(file.read_bytes(), trust)
        findings = [] if document.objection is None else [_untrusted(file, document.objection)]
    except BadRequest as error:
        document, findings = None, [Finding("signature-invalid", str(file), error.text)]
    signer = None if document is None else signer_of(document.chain[0])
    claimed = None if document is None else document.claimed_time
    if as_json:
        view = {
            "file": str(file),
            "believed": not findings,
            "signer": _signer_view(signer),
            "time": claimed,
            "findings": [finding_view(each) for each in findings],
        }
        out.file.write(json.dumps(view) + "\n")
        return not findings
    out.print(f"{file}", markup=False)
    if signer is not None:
        _show_signer(signer, claimed, out)
    for finding in findings:
        _show_finding(finding, out)
    if not findings:
        out.print("  the whole document is covered", style="green")
    return not findings


def _untrusted(file: Path, objection: str) -> Finding:
    return Finding(UNTRUSTED, str(file), objection)
