"""Maintenance: what is due on a machine, what has been done, and the counters that decide."""

from __future__ import annotations

from typing import Final

from submodels.authoring.declaration import (
    MANY,
    ONE,
    OPTIONAL,
    Collection,
    List,
    Meaning,
    MultiLanguageProperty,
    Property,
    ReferenceElement,
    Template,
    allowed,
)
from submodels.definitions.quantities import HOUR, PERCENT

_PLAN: Final = Meaning(
    "Plan reference",
    "Verweis auf den Plan",
    "The maintenance plan behind the task: an interval of a Maintenance Instructions submodel "
    "(IDTA 02018), or the plan's identifier in another system.",
    "Der Wartungsplan hinter der Aufgabe: ein Intervall eines Teilmodells Maintenance Instructions "
    "(IDTA 02018) oder die Kennung des Plans in einem anderen System.",
)

_COUNTERS: Final = Collection(
    "Counters",
    OPTIONAL,
    Meaning(
        "Usage counters",
        "Nutzungszähler",
        "What maintenance intervals are measured in.",
        "Woran Wartungsintervalle gemessen werden.",
    ),
    elements=(
        Property(
            "OperatingHours",
            OPTIONAL,
            Meaning(
                "Operating hours",
                "Betriebsstunden",
                "Time in operation that maintenance is counted by.",
                "Zeit in Betrieb, nach der die Wartung gezählt wird.",
            ),
            value_type="xs:double",
            unit=HOUR,
        ),
        Property(
            "CyclesSinceService",
            OPTIONAL,
            Meaning(
                "Cycles since service",
                "Zyklen seit der Wartung",
                "Work cycles completed since the last service.",
                "Seit der letzten Wartung abgeschlossene Arbeitszyklen.",
            ),
            value_type="xs:unsignedLong",
        ),
        Property(
            "WearIndicator",
            OPTIONAL,
            Meaning(
                "Wear indicator",
                "Verschleißanzeige",
                "Used share of the life of the part that wears out first: 0 is new, 100 is worn.",
                "Verbrauchter Anteil der Lebensdauer des Teils, das zuerst verschleißt: 0 ist neu, "
                "100 ist verschlissen.",
            ),
            value_type="xs:double",
            unit=PERCENT,
            rules=(("AllowedRange", "[0,100]"),),
        ),
    ),
)

_TASK: Final = Collection(
    "ScheduledTask",
    MANY,
    Meaning(
        "Scheduled task",
        "Geplante Aufgabe",
        "One task with its due date, its due counter reading, or both.",
        "Eine Aufgabe mit ihrem Fälligkeitstermin, ihrem fälligen Zählerstand oder beidem.",
    ),
    elements=(
        MultiLanguageProperty(
            "Task",
            ONE,
            Meaning(
                "Task",
                "Aufgabe",
                "What is to be done, in a few words.",
                "Was zu tun ist, in wenigen Worten.",
            ),
            rules=(("RequiredLang", "en"),),
        ),
        ReferenceElement("PlanReference", ONE, _PLAN),
        Property(
            "DueDate",
            OPTIONAL,
            Meaning(
                "Due date",
                "Fälligkeitstermin",
                "When the task is due at the latest.",
                "Wann die Aufgabe spätestens fällig ist.",
            ),
            value_type="xs:dateTime",
        ),
        Property(
            "DueCounter",
            OPTIONAL,
            Meaning(
                "Due counter reading",
                "Fälliger Zählerstand",
                "Operating hours at which the task is due at the latest.",
                "Betriebsstunden, bei denen die Aufgabe spätestens fällig ist.",
            ),
            value_type="xs:double",
            unit=HOUR,
        ),
        Property(
            "Status",
            ONE,
            Meaning(
                "Status",
                "Status",
                "How far the task has come.",
                "Wie weit die Aufgabe gediehen ist.",
            ),
            rules=(allowed("planned", "due", "overdue", "done", "cancelled"),),
        ),
    ),
)

_WORK: Final = Collection(
    "WorkRecord",
    MANY,
    Meaning(
        "Work record",
        "Arbeitsnachweis",
        "One piece of maintenance work: by whom, when, why and with what result.",
        "Eine Wartungsarbeit: von wem, wann, warum und mit welchem Ergebnis.",
    ),
    elements=(
        Property(
            "RecordId",
            ONE,
            Meaning(
                "Record identifier",
                "Nachweisnummer",
                "Tells this record from all others of the machine.",
                "Unterscheidet diesen Nachweis von allen anderen der Maschine.",
            ),
        ),
        ReferenceElement("PlanReference", OPTIONAL, _PLAN),
        Property(
            "Type",
            ONE,
            Meaning(
                "Type of maintenance",
                "Art der Instandhaltung",
                "What made the work necessary.",
                "Was die Arbeit nötig gemacht hat.",
            ),
            rules=(allowed("preventive", "corrective", "predictive", "inspection"),),
        ),
        Property(
            "StartTime",
            ONE,
            Meaning("Start time", "Beginn", "When the work began.", "Wann die Arbeit begann."),
            value_type="xs:dateTime",
        ),
        Property(
            "EndTime",
            OPTIONAL,
            Meaning(
                "End time",
                "Ende",
                "When the work was finished.",
                "Wann die Arbeit abgeschlossen war.",
            ),
            value_type="xs:dateTime",
        ),
        Property(
            "PerformedBy",
            OPTIONAL,
            Meaning(
                "Performed by",
                "Ausgeführt von",
                "Team or company that did the work.",
                "Gruppe oder Firma, die die Arbeit ausgeführt hat.",
            ),
        ),
        Property(
            "CounterReading",
            OPTIONAL,
            Meaning(
                "Counter reading",
                "Zählerstand",
                "Operating hours when the work began.",
                "Betriebsstunden bei Beginn der Arbeit.",
            ),
            value_type="xs:double",
            unit=HOUR,
        ),
        List(
            "PartsUsed",
            OPTIONAL,
            Meaning(
                "Parts used",
                "Verwendete Teile",
                "Spare parts that were built in.",
                "Eingebaute Ersatzteile.",
            ),
            item=ReferenceElement(
                "PartUsed",
                MANY,
                Meaning(
                    "Part used",
                    "Verwendetes Teil",
                    "A spare part, by its shell's asset, its bill of material or its order code.",
                    "Ein Ersatzteil, als Asset einer Verwaltungsschale, als Stücklistenposition "
                    "oder mit seinem Bestellcode.",
                ),
            ),
        ),
        MultiLanguageProperty(
            "Findings",
            OPTIONAL,
            Meaning(
                "Findings",
                "Befund",
                "What was found and what was done about it.",
                "Was vorgefunden und was dagegen getan wurde.",
            ),
        ),
        Property(
            "Result",
            ONE,
            Meaning(
                "Result",
                "Ergebnis",
                "Whether the machine is well again, needs more work, or the work failed.",
                "Ob die Maschine wieder in Ordnung ist, weitere Arbeit braucht oder die Arbeit "
                "misslang.",
            ),
            rules=(allowed("ok", "follow-up", "failed"),),
        ),
        ReferenceElement(
            "ServiceRequest",
            OPTIONAL,
            Meaning(
                "Service request",
                "Serviceanforderung",
                "The request to the supplier that led to the work (IDTA 02010).",
                "Die Anforderung an den Lieferanten, die zu der Arbeit führte (IDTA 02010).",
            ),
        ),
        List(
            "Documents",
            OPTIONAL,
            Meaning(
                "Documents",
                "Dokumente",
                "Reports and certificates of the work (IDTA 02004).",
                "Berichte und Bescheinigungen zu der Arbeit (IDTA 02004).",
            ),
            item=ReferenceElement(
                "Document",
                MANY,
                Meaning(
                    "Document",
                    "Dokument",
                    "A document about the work.",
                    "Ein Dokument zu der Arbeit.",
                ),
            ),
        ),
    ),
)

TEMPLATE: Final = Template(
    "Maintenance",
    (
        _COUNTERS,
        List(
            "Schedule",
            OPTIONAL,
            Meaning(
                "Schedule",
                "Wartungsplanung",
                "Tasks ahead, the next first.",
                "Anstehende Aufgaben, die nächste zuerst.",
            ),
            item=_TASK,
        ),
        List(
            "ExecutedWork",
            OPTIONAL,
            Meaning(
                "Executed work",
                "Ausgeführte Arbeiten",
                "Work done on the machine, the latest first.",
                "An der Maschine ausgeführte Arbeiten, die jüngste zuerst.",
            ),
            item=_WORK,
        ),
    ),
    Meaning(
        "Maintenance",
        "Instandhaltung",
        "How far a machine is used up, which maintenance is due, and which has been done.",
        "Wie weit eine Maschine abgenutzt ist, welche Wartung ansteht und welche getan ist.",
    ),
)
