"""OperationalData: what a machine is doing now, as live signals, states, counters and alarms."""

from __future__ import annotations

from typing import Final

from submodels.authoring.declaration import (
    ONE,
    OPTIONAL,
    Collection,
    List,
    Meaning,
    Property,
    Template,
    allowed,
)
from submodels.definitions.alarm import ALARM
from submodels.definitions.quantities import GOOD, HOUR, KILOWATT_HOUR, PRODUCED, SCRAP
from submodels.definitions.signal import SIGNAL

_STATE: Final = Collection(
    "State",
    ONE,
    Meaning(
        "State",
        "Zustand",
        "What the machine is doing, with what, and how it judges its own condition.",
        "Was die Maschine tut, womit, und wie sie ihren eigenen Zustand beurteilt.",
    ),
    elements=(
        Property(
            "OperatingState",
            ONE,
            Meaning(
                "Operating state",
                "Betriebszustand",
                "Present state of the machine by the names of PackML (ISA-TR88.00.02); Unknown "
                "while nobody can tell.",
                "Gegenwärtiger Zustand der Maschine mit den Namen von PackML (ISA-TR88.00.02); "
                "Unknown, solange ihn niemand kennt.",
            ),
            rules=(
                allowed(
                    "Off",
                    "Stopped",
                    "Idle",
                    "Starting",
                    "Execute",
                    "Held",
                    "Suspended",
                    "Completing",
                    "Aborted",
                    "Unknown",
                ),
                ("InitialValue", "Unknown"),
            ),
        ),
        Property(
            "OperatingMode",
            OPTIONAL,
            Meaning(
                "Operating mode",
                "Betriebsart",
                "Who or what decides the machine's next step.",
                "Wer oder was über den nächsten Schritt der Maschine entscheidet.",
            ),
            rules=(allowed("Automatic", "SemiAutomatic", "Manual", "Setup", "Maintenance"),),
        ),
        Property(
            "StateSince",
            ONE,
            Meaning(
                "State since",
                "Zustand seit",
                "When the machine entered its present operating state.",
                "Wann die Maschine in ihren gegenwärtigen Betriebszustand gewechselt ist.",
            ),
            value_type="xs:dateTime",
        ),
        Property(
            "ActiveProgram",
            OPTIONAL,
            Meaning(
                "Active program",
                "Aktives Programm",
                "Program or recipe that is loaded, as the machine names it.",
                "Geladenes Programm oder Rezept, wie die Maschine es nennt.",
            ),
        ),
        Property(
            "ActiveOrder",
            OPTIONAL,
            Meaning(
                "Active order",
                "Aktiver Auftrag",
                "Production order the machine works on.",
                "Fertigungsauftrag, an dem die Maschine arbeitet.",
            ),
        ),
        Property(
            "ConditionStatus",
            OPTIONAL,
            Meaning(
                "Condition status",
                "Gerätestatus",
                "Verdict of the machine's own diagnosis by the status signals of NAMUR NE 107; "
                "normal when none of them is set.",
                "Urteil der Eigendiagnose mit den Statussignalen der NAMUR NE 107; normal, wenn "
                "keines davon ansteht.",
            ),
            semantic_id="0173-1#02-AAV962#001",
            rules=(
                allowed(
                    "normal",
                    "failure",
                    "function check",
                    "out of specification",
                    "maintenance request",
                ),
            ),
        ),
    ),
)

_COUNTERS: Final = Collection(
    "Counters",
    OPTIONAL,
    Meaning(
        "Counters",
        "Zähler",
        "What the machine counts up: hours, energy, cycles and pieces.",
        "Was die Maschine hochzählt: Stunden, Energie, Zyklen und Stücke.",
    ),
    elements=(
        Property(
            "OperatingHours",
            OPTIONAL,
            Meaning(
                "Operating hours",
                "Betriebsstunden",
                "Time the machine has been in operation since it was built.",
                "Zeit, die die Maschine seit ihrem Bau in Betrieb war.",
            ),
            value_type="xs:double",
            unit=HOUR,
        ),
        Property(
            "PowerOnHours",
            OPTIONAL,
            Meaning(
                "Power-on hours",
                "Einschaltstunden",
                "Time the machine has been under power since it was built, working or not.",
                "Zeit, die die Maschine seit ihrem Bau unter Spannung stand, ob arbeitend oder "
                "nicht.",
            ),
            value_type="xs:double",
            unit=HOUR,
        ),
        Property(
            "EnergyConsumed",
            OPTIONAL,
            Meaning(
                "Energy consumed",
                "Verbrauchte Energie",
                "Electrical energy the machine has taken from the mains.",
                "Elektrische Energie, die die Maschine aus dem Netz bezogen hat.",
            ),
            value_type="xs:double",
            unit=KILOWATT_HOUR,
        ),
        Property(
            "CycleCount",
            OPTIONAL,
            Meaning(
                "Cycle count",
                "Zyklenzahl",
                "Work cycles completed since the machine was built.",
                "Seit dem Bau der Maschine abgeschlossene Arbeitszyklen.",
            ),
            value_type="xs:unsignedLong",
        ),
        PRODUCED,
        GOOD,
        SCRAP,
    ),
)

TEMPLATE: Final = Template(
    "OperationalData",
    (
        _STATE,
        Collection(
            "Signals",
            ONE,
            Meaning(
                "Signals",
                "Signale",
                "The machine's live quantities, one collection each.",
                "Die laufenden Größen der Maschine, je eine Sammlung.",
            ),
            elements=(SIGNAL,),
        ),
        _COUNTERS,
        List(
            "ActiveAlarms",
            OPTIONAL,
            Meaning(
                "Active alarms",
                "Anstehende Alarme",
                "Alarms that have not gone or are not acknowledged, the newest first.",
                "Alarme, die nicht gegangen oder nicht quittiert sind, der neueste zuerst.",
            ),
            item=ALARM,
        ),
    ),
    Meaning(
        "Operational data",
        "Betriebsdaten",
        "What a machine is doing now: its state, its live signals with quality and time, its "
        "counters and its alarms.",
        "Was eine Maschine gerade tut: ihr Zustand, ihre laufenden Signale mit Qualität und Zeit, "
        "ihre Zähler und ihre Alarme.",
    ),
)
