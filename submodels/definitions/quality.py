"""Quality: what a machine's products say about the machine."""

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
    Range,
    ReferenceElement,
    Template,
)
from submodels.definitions.quantities import GOOD, PERCENT, PRODUCED, SCRAP

_YIELDS: Final = Collection(
    "Yields",
    OPTIONAL,
    Meaning(
        "Yields",
        "Ausbeute",
        "Pieces made in the present shift or order, and how many of them are good.",
        "Gefertigte Stücke der laufenden Schicht oder des laufenden Auftrags, und wie viele davon "
        "gut sind.",
    ),
    elements=(
        PRODUCED,
        GOOD,
        SCRAP,
        Property(
            "FirstPassYield",
            OPTIONAL,
            Meaning(
                "First-pass yield",
                "Erstausbeute",
                "Share of the produced pieces that were good without rework.",
                "Anteil der gefertigten Stücke, die ohne Nacharbeit gut waren.",
            ),
            value_type="xs:double",
            unit=PERCENT,
            rules=(("AllowedRange", "[0,100]"),),
        ),
    ),
)

_CHARACTERISTIC: Final = Collection(
    "Characteristic",
    MANY,
    Meaning(
        "Characteristic",
        "Merkmal",
        "One measured feature of the products and how capable the machine is of holding it.",
        "Ein gemessenes Merkmal der Produkte und wie fähig die Maschine ist, es einzuhalten.",
    ),
    elements=(
        Property(
            "FeatureName",
            ONE,
            Meaning(
                "Feature name",
                "Merkmalsname",
                "What the feature is called on drawings and in reports.",
                "Wie das Merkmal auf Zeichnungen und in Berichten heißt.",
            ),
        ),
        ReferenceElement(
            "FeatureReference",
            ONE,
            Meaning(
                "Feature reference",
                "Verweis auf das Merkmal",
                "Where nominal value and tolerance are given: a feature of a Quality Control for "
                "Machining submodel (IDTA 02049), or an identifier in another system.",
                "Wo Nennwert und Toleranz stehen: ein Merkmal eines Teilmodells Quality Control "
                "for Machining (IDTA 02049) oder eine Kennung in einem anderen System.",
            ),
        ),
        Property(
            "Cp",
            OPTIONAL,
            Meaning(
                "Process capability Cp",
                "Prozessfähigkeit Cp",
                "Width of the tolerance divided by six standard deviations.",
                "Breite der Toleranz geteilt durch sechs Standardabweichungen.",
            ),
            value_type="xs:double",
        ),
        Property(
            "Cpk",
            OPTIONAL,
            Meaning(
                "Process capability Cpk",
                "Prozessfähigkeit Cpk",
                "Distance of the mean from the nearer tolerance limit divided by three standard "
                "deviations.",
                "Abstand des Mittelwerts von der näheren Toleranzgrenze geteilt durch drei "
                "Standardabweichungen.",
            ),
            value_type="xs:double",
        ),
        Property(
            "Mean",
            OPTIONAL,
            Meaning(
                "Mean",
                "Mittelwert",
                "Arithmetic mean of the sample, in the characteristic's unit.",
                "Arithmetisches Mittel der Stichprobe, in der Einheit des Merkmals.",
            ),
            value_type="xs:double",
        ),
        Property(
            "StandardDeviation",
            OPTIONAL,
            Meaning(
                "Standard deviation",
                "Standardabweichung",
                "Standard deviation of the sample, in the characteristic's unit.",
                "Standardabweichung der Stichprobe, in der Einheit des Merkmals.",
            ),
            value_type="xs:double",
        ),
        Property(
            "Unit",
            OPTIONAL,
            Meaning(
                "Unit",
                "Einheit",
                "Unit of mean and standard deviation as a UCUM code.",
                "Einheit von Mittelwert und Standardabweichung als UCUM-Code.",
            ),
            semantic_id="0112/2///62720#UBA000",
        ),
        Property(
            "SampleSize",
            ONE,
            Meaning(
                "Sample size",
                "Stichprobenumfang",
                "Number of pieces measured.",
                "Anzahl der gemessenen Stücke.",
            ),
            value_type="xs:int",
        ),
        Range(
            "Window",
            ONE,
            Meaning(
                "Window",
                "Zeitraum",
                "From the first to the last piece of the sample.",
                "Vom ersten bis zum letzten Stück der Stichprobe.",
            ),
            value_type="xs:dateTime",
        ),
    ),
)

_DEFECT: Final = Collection(
    "Defect",
    MANY,
    Meaning(
        "Defect",
        "Fehlerart",
        "One way in which products fail, and how often it has happened.",
        "Eine Art, in der Produkte misslingen, und wie oft sie aufgetreten ist.",
    ),
    elements=(
        Property(
            "DefectCode",
            ONE,
            Meaning(
                "Defect code",
                "Fehlercode",
                "Code of the defect in the plant's own catalogue.",
                "Code der Fehlerart im Katalog des Werks.",
            ),
        ),
        MultiLanguageProperty(
            "Description",
            OPTIONAL,
            Meaning(
                "Description",
                "Beschreibung",
                "What the defect looks like.",
                "Woran man die Fehlerart erkennt.",
            ),
        ),
        Property(
            "Count",
            ONE,
            Meaning(
                "Count",
                "Anzahl",
                "Pieces with this defect in the present shift or order.",
                "Stücke mit dieser Fehlerart in der laufenden Schicht oder im laufenden Auftrag.",
            ),
            value_type="xs:long",
        ),
        Property(
            "LastOccurrence",
            OPTIONAL,
            Meaning(
                "Last occurrence",
                "Letztes Auftreten",
                "When the defect was last seen.",
                "Wann die Fehlerart zuletzt aufgetreten ist.",
            ),
            value_type="xs:dateTime",
        ),
    ),
)

_CALIBRATION: Final = Collection(
    "Calibration",
    MANY,
    Meaning(
        "Calibration",
        "Kalibrierung",
        "State of calibration of one measuring device of the machine.",
        "Kalibrierzustand eines Messgeräts der Maschine.",
    ),
    elements=(
        ReferenceElement(
            "DeviceReference",
            ONE,
            Meaning(
                "Device reference",
                "Verweis auf das Gerät",
                "The measuring device.",
                "Das Messgerät.",
            ),
        ),
        Property(
            "LastCalibration",
            ONE,
            Meaning(
                "Last calibration",
                "Letzte Kalibrierung",
                "Day of the last calibration.",
                "Tag der letzten Kalibrierung.",
            ),
            value_type="xs:date",
        ),
        Property(
            "DueDate",
            ONE,
            Meaning(
                "Due date",
                "Fälligkeitstermin",
                "Day on which the next calibration is due.",
                "Tag, an dem die nächste Kalibrierung fällig ist.",
            ),
            value_type="xs:date",
        ),
        ReferenceElement(
            "Certificate",
            OPTIONAL,
            Meaning(
                "Certificate",
                "Bescheinigung",
                "The calibration certificate (IDTA 02065-1).",
                "Die Kalibrierbescheinigung (IDTA 02065-1).",
            ),
        ),
    ),
)

TEMPLATE: Final = Template(
    "Quality",
    (
        _YIELDS,
        List(
            "Characteristics",
            OPTIONAL,
            Meaning(
                "Characteristics",
                "Merkmale",
                "Measured features of the products.",
                "Gemessene Merkmale der Produkte.",
            ),
            item=_CHARACTERISTIC,
        ),
        List(
            "Defects",
            OPTIONAL,
            Meaning(
                "Defects",
                "Fehlerarten",
                "Defects that have occurred, the most frequent first.",
                "Aufgetretene Fehlerarten, die häufigste zuerst.",
            ),
            item=_DEFECT,
        ),
        List(
            "Calibrations",
            OPTIONAL,
            Meaning(
                "Calibrations",
                "Kalibrierungen",
                "Measuring devices of the machine and when they are to be calibrated.",
                "Messgeräte der Maschine und wann sie zu kalibrieren sind.",
            ),
            item=_CALIBRATION,
        ),
    ),
    Meaning(
        "Quality",
        "Qualität",
        "What a machine's products say about it: yields, capability, defects, and the calibration "
        "of what measures them.",
        "Was die Produkte einer Maschine über sie sagen: Ausbeute, Fähigkeit, Fehler, und die "
        "Kalibrierung dessen, was sie misst.",
    ),
)
