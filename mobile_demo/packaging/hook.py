"""What the app needs in its manifest and buildozer.spec cannot say, added just before Gradle runs.

- the call screening service, which Android binds to only when the person has given the app that role;
- that the app looks for Play services, which tells it whether codes can be read from messages;
- that no library may bring in a permission of the groups which Google Play restricts, unless the app itself
  asks for it: without READ_CALL_LOG in buildozer.spec there is none in the package.

The receiver of call states is registered while the app listens and needs nothing here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

from pythonforandroid.util import BuildInterruptingException

MANIFEST: Final = Path("src/main/AndroidManifest.xml")
"""Where python-for-android leaves it, seen from the folder of the distribution, in which hooks run."""

SCREENING_SERVICE: Final = "org.ringproof.android.CallScreening"
PLAY_SERVICES: Final = "com.google.android.gms"
RESTRICTED_PERMISSIONS: Final = tuple(
    f"android.permission.{name}"
    for name in (
        "READ_CALL_LOG",
        "WRITE_CALL_LOG",
        "PROCESS_OUTGOING_CALLS",
        "READ_SMS",
        "RECEIVE_SMS",
        "RECEIVE_MMS",
        "RECEIVE_WAP_PUSH",
        "SEND_SMS",
    )
)
"""The call-log and SMS groups (support.google.com/googleplay/android-developer/answer/10208820)."""

_SPACES: Final = {
    "android": "http://schemas.android.com/apk/res/android",
    "tools": "http://schemas.android.com/tools",
}


class ManifestError(ValueError):
    """The manifest is not one that this hook knows how to complete."""


def before_apk_assemble(toolchain: Any) -> None:  # noqa: ARG001 - the shape of python-for-android's hooks
    """Called by python-for-android in the folder of the distribution, before Gradle."""
    try:
        text = completed(MANIFEST.read_text(encoding="utf-8"))
    except (OSError, ManifestError) as problem:
        raise BuildInterruptingException(
            f"Ringproof's hook cannot complete the manifest: {problem}"
        ) from None
    MANIFEST.write_text(text, encoding="utf-8")


def completed(text: str) -> str:
    """The manifest with our parts; the same again when it has them already. Raises ManifestError."""
    for prefix, address in _SPACES.items():
        ET.register_namespace(prefix, address)
    try:
        manifest = ET.fromstring(text)  # noqa: S314 - written a moment ago by this very build
    except ET.ParseError as problem:
        raise ManifestError(f"it is not XML ({problem})") from None
    application = _checked(manifest)
    _put(application, _screening_service())
    _look_for_play_services(manifest)
    _keep_out_restricted(manifest)
    ET.indent(manifest)
    data: bytes = ET.tostring(manifest, encoding="utf-8", xml_declaration=True)
    return f"{data.decode()}\n"


def _checked(manifest: ET.Element) -> ET.Element:
    """The element of the application, when everything is there that the parts refer to."""
    if manifest.tag != "manifest":
        raise ManifestError(f"it begins with <{manifest.tag}> instead of <manifest>")
    applications = manifest.findall("application")
    if len(applications) != 1:
        raise ManifestError(f"it has {len(applications)} <application> elements instead of one")
    if applications[0].find("activity/intent-filter/action") is None:
        raise ManifestError("it has no activity that a person could start")
    asked_for = _permissions(manifest)
    if "android.permission.INTERNET" not in asked_for:
        raise ManifestError("without android.permission.INTERNET the app cannot reach any server")
    if (
        "android.permission.READ_CALL_LOG" in asked_for
        and "android.permission.READ_PHONE_STATE" not in asked_for
    ):
        raise ManifestError("it asks for READ_CALL_LOG without READ_PHONE_STATE, so no call would be told")
    return applications[0]


def _permissions(manifest: ET.Element) -> set[str]:
    """What the app itself asks for, without what it only keeps out."""
    return {
        element.get(_name("android:name"), "")
        for element in manifest.findall("uses-permission")
        if element.get(_name("tools:node")) != "remove"
    }


def _screening_service() -> ET.Element:
    """Exported, because the system's telephone app binds to it; nobody else may (BIND_SCREENING_SERVICE)."""
    service = _element(
        "service",
        {
            "android:name": SCREENING_SERVICE,
            "android:exported": "true",
            "android:permission": "android.permission.BIND_SCREENING_SERVICE",
        },
    )
    filter_ = ET.SubElement(service, "intent-filter")
    filter_.append(_element("action", {"android:name": "android.telecom.CallScreeningService"}))
    return service


def _look_for_play_services(manifest: ET.Element) -> None:
    queries = manifest.find("queries")
    if queries is None:
        queries = ET.Element("queries")
        manifest.insert(0, queries)
    _put(queries, _element("package", {"android:name": PLAY_SERVICES}))


def _keep_out_restricted(manifest: ET.Element) -> None:
    """Gradle's merge of manifests drops what a library brings under a name that is marked so."""
    asked_for = _permissions(manifest)
    for permission in RESTRICTED_PERMISSIONS:
        if permission not in asked_for:
            _put(manifest, _element("uses-permission", {"android:name": permission, "tools:node": "remove"}))


def _put(parent: ET.Element, part: ET.Element) -> None:
    """Add a part, in place of one of the same kind and name."""
    name = _name("android:name")
    for other in parent.findall(part.tag):
        if other.get(name) == part.get(name):
            parent.remove(other)
    parent.insert(0, part)


def _element(tag: str, attributes: dict[str, str]) -> ET.Element:
    return ET.Element(tag, {_name(name): value for name, value in attributes.items()})


def _name(prefixed: str) -> str:
    prefix, _, name = prefixed.partition(":")
    return f"{{{_SPACES[prefix]}}}{name}"
