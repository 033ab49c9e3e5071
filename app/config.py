"""Settings, read once from `PARAVENT_*` and frozen. The only file that knows the environment's names.

A process refuses to start on anything missing, malformed or unknown, and names every fault at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

from app.anchor_settings import Elsewhere, read_elsewhere
from app.db import SILOS, Silo
from app.setting_reader import PREFIX, Reader

Zone = Literal["patient", "clinic", "worker", "cli"]
ZONES: tuple[Zone, ...] = get_args(Zone)
ROOT = Path(__file__).resolve().parent.parent

SILOS_OF_ZONE: Mapping[Zone, tuple[Silo, ...]] = {
    "patient": ("front", "keys", "ledger"),
    "clinic": SILOS,
    "worker": SILOS,
    "cli": SILOS,
}
"""Which silos a zone may connect to at all; what it may do in each becomes database grants on PostgreSQL."""


class SettingsError(Exception):
    """The environment can't be used. `faults` holds one plain sentence for each thing wrong."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("settings refused:\n" + "\n".join(f"  - {fault}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Hosting:
    """Who hosts, and their HDS certificate, as `/confiance` says it. Empty when not stated."""

    name: str = ""
    hds_certificate: str = ""
    hds_scope: str = ""
    hds_expires: date | None = None


@dataclass(frozen=True, slots=True)
class WordsCost:
    """Argon2id cost of code words (RFC 9106): memory in KiB, passes, lanes."""

    memory_kib: int = 65536
    passes: int = 3
    lanes: int = 1


@dataclass(frozen=True, slots=True)
class Token:
    """An HSM's token that unlocks the keystore (PKCS#11): its library, its label or slot, the label of its key.

    `keeps_days` says that it keeps a key of its own for each key of a half-day too.
    """

    module: Path
    label: str | None
    slot: int | None
    pin: str = field(repr=False)
    key_label: str
    keeps_days: bool = False


@dataclass(frozen=True, slots=True)
class Siem:
    """The receiver of the ledger's events (syslog over TLS): where, whom to trust, and what we show and write.

    Without `key`, the certificate's file holds its key too, as those of `paravent pki` do.
    """

    host: str
    port: int
    authority: Path
    certificate: Path | None
    key: Path | None
    format: Literal["ecs", "cef"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a process needs to know from outside. Durations carry their unit in the name."""

    zone: Zone
    var: Path
    databases: Mapping[Silo, str]
    specialties: Path
    keystore: Path
    public_keys: Path
    verify_key: bytes
    words_salt: bytes
    keystore_passphrase: str | None = field(default=None, repr=False)
    keystore_key_file: Path | None = None
    token: Token | None = None
    words_cost: WordsCost = WordsCost()
    clinic_name: str = "Clinique"
    brand: str = "Mon espace"
    hosting: Hosting = Hosting()
    tls: bool = True
    proxy_hops: int = 0
    demo: bool = False
    db_connections: int = 8
    question_pages: int = 1
    draft_minutes: int = 60
    draft_days_with_words: int = 7
    hold_minutes: int = 15
    hold_extensions: int = 2
    hold_share_percent: int = 40
    grid_ms: int = 40
    words_grid_ms: int = 600
    staff_idle_minutes: int = 15
    staff_session_hours: int = 10
    space_idle_minutes: int = 20
    kept_days: int = 90
    keystore_backups: Path | None = None
    keystore_backup_days: int = 30
    anchors: Path = ROOT / "var" / "anchors"
    elsewhere: Elsewhere = Elsewhere()
    ledger_key: bytes | None = None
    ledger_months: int = 12
    patient_address: str = "http://localhost:8000"
    clinic_address: str = "http://localhost:8001"
    health: tuple[str, int] | None = None
    siem: Siem | None = None


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Build the settings of one process from an environment. Raises SettingsError with every fault."""
    reader = Reader({k.removeprefix(PREFIX): v for k, v in environ.items() if k.startswith(PREFIX)})
    values = _read_all(reader)
    faults = reader.faults + _contradictions(values, reader)
    if faults:
        raise SettingsError(faults)
    return Settings(**values)


def _read_all(reader: Reader) -> dict[str, Any]:
    zone = reader.choice("ZONE", ZONES)
    var = reader.path("VAR", ROOT / "var")
    silos = SILOS_OF_ZONE.get(zone, SILOS)
    return {
        "zone": zone,
        "var": var,
        "databases": {silo: reader.database(silo, f"sqlite:///{var}/{silo}.sqlite") for silo in silos},
        "specialties": reader.path("SPECIALTIES", ROOT / "specialties"),
        "keystore": reader.path("KEYSTORE", var / "keystore"),
        "public_keys": reader.path("PUBLIC_KEYS", var / "public"),
        "anchors": reader.path("ANCHORS", var / "anchors"),
        "elsewhere": read_elsewhere(reader, zone),
        "ledger_key": reader.optional_hexadecimal("LEDGER_KEY", 32),
        "verify_key": reader.hexadecimal("VERIFY_KEY", 32),
        "words_salt": reader.hexadecimal("WORDS_SALT", 16),
        "keystore_passphrase": reader.optional("KEYSTORE_PASSPHRASE"),
        "keystore_key_file": reader.optional_path("KEYSTORE_KEY_FILE"),
        "keystore_backups": reader.optional_path("KEYSTORE_BACKUPS"),
        "token": _token(reader),
        "words_cost": WordsCost(
            memory_kib=reader.integer("WORDS_MEMORY_KIB", 65536, 64, 1048576),
            passes=reader.integer("WORDS_PASSES", 3, 1, 10),
        ),
        "clinic_name": reader.text("CLINIC_NAME", "Clinique"),
        "brand": reader.text("BRAND", "Mon espace"),
        "hosting": Hosting(
            name=reader.text("HOST_NAME", ""),
            hds_certificate=reader.text("HDS_CERTIFICATE", ""),
            hds_scope=reader.text("HDS_SCOPE", ""),
            hds_expires=reader.day("HDS_EXPIRES"),
        ),
        "tls": reader.switch("TLS", default=True),
        "demo": reader.switch("DEMO", default=False),
        "patient_address": reader.text("PATIENT_ADDRESS", "http://localhost:8000").rstrip("/"),
        "clinic_address": reader.text("CLINIC_ADDRESS", "http://localhost:8001").rstrip("/"),
        "health": reader.private_address("HEALTH"),
        "siem": _siem(reader),
        **{name.lower(): reader.integer(name, *bounds) for name, bounds in _NUMBERS.items()},
    }


_NUMBERS = {
    "PROXY_HOPS": (0, 0, 3),
    "DB_CONNECTIONS": (8, 1, 64),
    "QUESTION_PAGES": (1, 1, 4),
    "DRAFT_MINUTES": (60, 5, 1440),
    "DRAFT_DAYS_WITH_WORDS": (7, 1, 30),
    "HOLD_MINUTES": (15, 1, 60),
    "HOLD_EXTENSIONS": (2, 0, 5),
    "HOLD_SHARE_PERCENT": (40, 5, 100),
    "GRID_MS": (40, 0, 2000),
    "WORDS_GRID_MS": (600, 0, 10000),
    "STAFF_IDLE_MINUTES": (15, 1, 120),
    "STAFF_SESSION_HOURS": (10, 1, 24),
    "SPACE_IDLE_MINUTES": (20, 1, 120),
    "LEDGER_MONTHS": (12, 6, 240),
    "KEPT_DAYS": (90, 1, 90),
    "KEYSTORE_BACKUP_DAYS": (30, 1, 30),
}
"""Each whole number's default, least and greatest value."""


def _token(reader: Reader) -> Token | None:
    """Read where an HSM is: none without a module; with one, a PIN and one way to tell the token."""
    module, label = reader.optional_path("PKCS11_MODULE"), reader.optional("PKCS11_TOKEN")
    pin, key_label = reader.optional("PKCS11_PIN"), reader.optional("PKCS11_KEY_LABEL")
    slot, days = reader.integer("PKCS11_SLOT", -1, 0, (1 << 32) - 1), reader.switch("PKCS11_EPOCHS", default=False)
    if module is None:
        if label or pin or key_label or slot >= 0 or days:
            reader.faults.append(f"{PREFIX}PKCS11_MODULE is missing: the other settings of an HSM need it")
        return None
    if (label is None) == (slot < 0):
        reader.faults.append(f"one of {PREFIX}PKCS11_TOKEN and {PREFIX}PKCS11_SLOT must name the token")
    if pin is None:
        reader.faults.append(f"{PREFIX}PKCS11_PIN is missing")
    return Token(module, label, None if slot < 0 else slot, pin or "", key_label or "paravent-root", days)


def _siem(reader: Reader) -> Siem | None:
    """Read where the ledger's events are sent: none without a receiver; with one, whose certificate to trust."""
    where, authority = reader.host_and_port("SIEM"), reader.optional_path("SIEM_CA")
    certificate, key = reader.optional_path("SIEM_CERT"), reader.optional_path("SIEM_KEY")
    written = reader.optional("SIEM_FORMAT")
    if written not in (None, "ecs", "cef"):
        reader.faults.append(f"{PREFIX}SIEM_FORMAT must be ecs or cef")
    if where is None:
        if (authority or certificate or key or written) and not reader.optional("SIEM"):
            reader.faults.append(f"{PREFIX}SIEM is missing: the other settings of a receiver need it")
        return None
    if authority is None:
        reader.faults.append(f"{PREFIX}SIEM_CA is missing: the certificate of who signed the receiver's")
    if key and not certificate:
        reader.faults.append(f"{PREFIX}SIEM_CERT is missing: the certificate that goes with {PREFIX}SIEM_KEY")
    return Siem(*where, authority or Path(), certificate, key, "cef" if written == "cef" else "ecs")


def _contradictions(values: Mapping[str, Any], reader: Reader) -> list[str]:
    """Say what is wrong with the settings taken together."""
    faults = [f"{PREFIX}{name} is not a setting of Paravent" for name in reader.unread()]
    unlocked = values["keystore_passphrase"] or values["keystore_key_file"] or values["token"]
    if values["zone"] in ("clinic", "worker") and not unlocked:
        faults.append(f"{PREFIX}KEYSTORE_PASSPHRASE or {PREFIX}KEYSTORE_KEY_FILE is missing, or an HSM")
    if values["zone"] == "patient" and unlocked:
        faults.append("the patient zone must not be given what unlocks the keystore")
    if values["demo"] and values["tls"] and values["hosting"].hds_certificate:
        faults.append(f"{PREFIX}DEMO can't be set where a certified host is named: it is production")
    return faults
