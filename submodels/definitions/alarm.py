"""The alarm: one message that asks for attention."""

from __future__ import annotations

from typing import Final

from submodels.authoring.declaration import (
    MANY,
    ONE,
    OPTIONAL,
    Collection,
    Meaning,
    MultiLanguageProperty,
    Property,
    ReferenceElement,
)

ALARM: Final = Collection(
    "Alarm",
    MANY,
    Meaning(
        "Alarm",
        "Alarm",
        "One message that asks for attention, from its coming to its going.",
        "Eine Meldung, die Aufmerksamkeit verlangt, vom Kommen bis zum Gehen.",
    ),
    elements=(
        Property(
            "AlarmId",
            ONE,
            Meaning(
                "Alarm identifier",
                "Alarmkennung",
                "Tells this occurrence of the alarm from all others.",
                "Unterscheidet dieses Auftreten des Alarms von allen anderen.",
            ),
        ),
        Property(
            "ErrorCode",
            OPTIONAL,
            Meaning(
                "Error code",
                "Fehlercode",
                "The machine's own code of what is wrong.",
                "Der Code der Maschine für das, was nicht stimmt.",
            ),
            semantic_id="0173-1#02-ABI766#001",
        ),
        Property(
            "Category",
            OPTIONAL,
            Meaning(
                "Category",
                "Kategorie",
                "Alarm category by NAMUR NE 129.",
                "Alarmkategorie nach NAMUR NE 129.",
            ),
            semantic_id="0173-1#02-AAV963#001",
        ),
        Property(
            "Severity",
            ONE,
            Meaning(
                "Severity",
                "Schwere",
                "Urgency as in OPC UA, from 1 for lowest to 1000 for highest.",
                "Dringlichkeit wie in OPC UA, von 1 für die niedrigste bis 1000 für die höchste.",
            ),
            value_type="xs:int",
            rules=(("AllowedRange", "[1,1000]"),),
        ),
        Property(
            "Active",
            ONE,
            Meaning(
                "Active",
                "Ansteht",
                "Whether the cause is still there.",
                "Ob die Ursache noch besteht.",
            ),
            value_type="xs:boolean",
        ),
        Property(
            "Acknowledged",
            OPTIONAL,
            Meaning(
                "Acknowledged",
                "Quittiert",
                "Whether somebody has taken note.",
                "Ob jemand davon Kenntnis genommen hat.",
            ),
            value_type="xs:boolean",
        ),
        Property(
            "StartTime",
            ONE,
            Meaning(
                "Start time",
                "Beginn",
                "When the alarm came.",
                "Wann der Alarm gekommen ist.",
            ),
            semantic_id="0173-1#02-ABI765#001",
            value_type="xs:dateTime",
        ),
        Property(
            "EndTime",
            OPTIONAL,
            Meaning(
                "End time",
                "Ende",
                "When the alarm went; absent while it is active.",
                "Wann der Alarm gegangen ist; fehlt, solange er ansteht.",
            ),
            value_type="xs:dateTime",
        ),
        MultiLanguageProperty(
            "Message",
            ONE,
            Meaning(
                "Message",
                "Meldetext",
                "What is wrong, in words for the people at the machine.",
                "Was nicht stimmt, in Worten für die Menschen an der Maschine.",
            ),
            semantic_id="0173-1#02-ABI764#001",
            rules=(("RequiredLang", "en"),),
        ),
        ReferenceElement(
            "SignalReference",
            OPTIONAL,
            Meaning(
                "Signal reference",
                "Verweis auf das Signal",
                "The signal whose value caused the alarm.",
                "Das Signal, dessen Wert den Alarm ausgelöst hat.",
            ),
        ),
    ),
)
