"""The signal: a live quantity of a machine with all that a reader needs to trust it."""

from __future__ import annotations

from typing import Final

from submodels.authoring.declaration import (
    MANY,
    ONE,
    OPTIONAL,
    Collection,
    Meaning,
    Property,
    Range,
    ReferenceElement,
    allowed,
)

_ECLASS_RANGE: Final = "0173-1#02-AAN807#002"
_ONE_VALUE: Final = ("EitherOr", "SignalValue")
_READ_ONLY: Final = ("AccessMode", "ReadOnly")

SIGNAL: Final = Collection(
    "Signal__00__",
    MANY,
    Meaning(
        "Signal",
        "Signal",
        "A quantity of the machine with its value, unit, quality, times and limits. The idShort is "
        "the signal's name, a supplemental semantic id the concept it stands for.",
        "Eine Größe der Maschine mit Wert, Einheit, Qualität, Zeiten und Grenzen. Die idShort ist "
        "der Name des Signals, eine ergänzende semantische Kennung sein Begriff.",
    ),
    supplemental=("https://admin-shell.io/SMT/General/Arbitrary",),
    rules=(("AllowedIdShort", "^[A-Za-z][A-Za-z0-9_]*$"),),
    elements=(
        Property(
            "Value",
            OPTIONAL,
            Meaning(
                "Value",
                "Wert",
                "The signal's last value as a floating-point number.",
                "Letzter Wert des Signals als Gleitkommazahl.",
            ),
            value_type="xs:double",
            rules=(_ONE_VALUE,),
        ),
        Property(
            "ValueInteger",
            OPTIONAL,
            Meaning(
                "Integer value",
                "Ganzzahliger Wert",
                "The signal's last value as a whole number.",
                "Letzter Wert des Signals als ganze Zahl.",
            ),
            value_type="xs:long",
            rules=(_ONE_VALUE,),
        ),
        Property(
            "ValueBoolean",
            OPTIONAL,
            Meaning(
                "Boolean value",
                "Binärer Wert",
                "The signal's last value when it is either on or off.",
                "Letzter Wert des Signals, wenn es nur an oder aus ist.",
            ),
            value_type="xs:boolean",
            rules=(_ONE_VALUE,),
        ),
        Property(
            "ValueText",
            OPTIONAL,
            Meaning(
                "Text value",
                "Textwert",
                "The signal's last value as a text, such as the name of a state.",
                "Letzter Wert des Signals als Text, etwa der Name eines Zustands.",
            ),
            rules=(_ONE_VALUE,),
        ),
        Property(
            "Unit",
            OPTIONAL,
            Meaning(
                "Unit",
                "Einheit",
                "Unit of the value as a UCUM code.",
                "Einheit des Werts als UCUM-Code.",
            ),
            semantic_id="0112/2///62720#UBA000",
            supplemental=("0173-1#02-AAV981#001",),
        ),
        ReferenceElement(
            "UnitId",
            OPTIONAL,
            Meaning(
                "Unit identifier",
                "Kennung der Einheit",
                "The same unit by its identifier in the IEC 62720 dictionary, if it has one.",
                "Dieselbe Einheit mit ihrer Kennung aus dem Wörterbuch IEC 62720, wenn sie eine "
                "hat.",
            ),
        ),
        Property(
            "Kind",
            OPTIONAL,
            Meaning(
                "Kind of quantity",
                "Größenart",
                "Kind of quantity, such as temperature or rotational frequency.",
                "Art der Größe, etwa Temperatur oder Drehfrequenz.",
            ),
            semantic_id="0112/2///62683#ACI144",
        ),
        Property(
            "Quality",
            ONE,
            Meaning(
                "Quality",
                "Qualität",
                "Whether the value can be trusted; bad until a first value has arrived.",
                "Ob man dem Wert trauen kann; bad, bis ein erster Wert eingetroffen ist.",
            ),
            semantic_id="0112/2///61360_7#CBA006",
            rules=(allowed("good", "uncertain", "bad"), ("InitialValue", "bad")),
        ),
        Property(
            "StatusCode",
            OPTIONAL,
            Meaning(
                "Status code",
                "Statuscode",
                "The OPC UA StatusCode behind the quality, as it came from the machine; its two "
                "highest bits are 00 for good, 01 for uncertain, 10 for bad.",
                "Der OPC UA StatusCode hinter der Qualität, wie er von der Maschine kam; die zwei "
                "höchsten Bits sind 00 für good, 01 für uncertain, 10 für bad.",
            ),
            value_type="xs:unsignedInt",
            rules=(_READ_ONLY,),
        ),
        Property(
            "SourceTimestamp",
            ONE,
            Meaning(
                "Source timestamp",
                "Zeitstempel der Quelle",
                "When the machine says it took the value.",
                "Wann die Maschine den Wert nach eigener Angabe erfasst hat.",
            ),
            semantic_id="0112/2///61360_7#CBA007",
            supplemental=("0173-1#02-ABF198#001",),
            value_type="xs:dateTime",
        ),
        Property(
            "ReceivedTimestamp",
            OPTIONAL,
            Meaning(
                "Received timestamp",
                "Zeitstempel des Empfangs",
                "When the value arrived at whoever keeps this submodel.",
                "Wann der Wert bei dem eingetroffen ist, der dieses Teilmodell führt.",
            ),
            value_type="xs:dateTime",
            rules=(_READ_ONLY,),
        ),
        Range(
            "PhysicalRange",
            OPTIONAL,
            Meaning(
                "Physical range",
                "Messbereich",
                "What the sensor or actuator can show or take.",
                "Was Sensor oder Stellglied anzeigen oder annehmen können.",
            ),
            supplemental=(_ECLASS_RANGE,),
        ),
        Range(
            "NormalRange",
            OPTIONAL,
            Meaning(
                "Normal range",
                "Normalbereich",
                "Where the value lies in undisturbed operation.",
                "Worin der Wert im ungestörten Betrieb liegt.",
            ),
            supplemental=(_ECLASS_RANGE,),
        ),
        Range(
            "WarningRange",
            OPTIONAL,
            Meaning(
                "Warning range",
                "Warnbereich",
                "Between normal range and its ends somebody should look; beyond it is an alarm.",
                "Zwischen Normalbereich und seinen Grenzen sollte jemand nachsehen; jenseits davon "
                "ist Alarm.",
            ),
            supplemental=(_ECLASS_RANGE,),
        ),
        Property(
            "Accuracy",
            OPTIONAL,
            Meaning(
                "Accuracy",
                "Genauigkeit",
                "Largest deviation of the shown from the true value, in the signal's unit.",
                "Größte Abweichung des angezeigten vom wahren Wert, in der Einheit des Signals.",
            ),
            semantic_id="0173-1#02-AAQ616#009",
            value_type="xs:double",
        ),
        Property(
            "SamplingInterval",
            OPTIONAL,
            Meaning(
                "Sampling interval",
                "Abtastintervall",
                "How often the value is taken.",
                "In welchem Abstand der Wert erfasst wird.",
            ),
            value_type="xs:duration",
        ),
        Property(
            "Tag",
            OPTIONAL,
            Meaning(
                "Tag",
                "Messstellenbezeichnung",
                "How the plant names the measuring point.",
                "Wie das Werk die Messstelle bezeichnet.",
            ),
            semantic_id="0112/2///61987#ABB271",
        ),
        ReferenceElement(
            "Source",
            OPTIONAL,
            Meaning(
                "Source",
                "Quelle",
                "The property of the machine's interface that the value is read from.",
                "Die Eigenschaft der Maschinenschnittstelle, aus der der Wert gelesen wird.",
            ),
        ),
        ReferenceElement(
            "History",
            OPTIONAL,
            Meaning(
                "History",
                "Historie",
                "Where the signal's past values are found.",
                "Wo die vergangenen Werte des Signals zu finden sind.",
            ),
        ),
    ),
)
