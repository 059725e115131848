"""What of aas-core makes an object of each kind of JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from aas_core3_1 import jsonization
from aas_core3_1.types import Class

Reader: TypeAlias = Callable[[Any], Class]

IDENTIFIABLE_READERS: Final[dict[str, Reader]] = {
    "AssetAdministrationShell": jsonization.asset_administration_shell_from_jsonable,
    "Submodel": jsonization.submodel_from_jsonable,
    "ConceptDescription": jsonization.concept_description_from_jsonable,
}
ELEMENT_READERS: Final[dict[str, Reader]] = {
    "AnnotatedRelationshipElement": jsonization.annotated_relationship_element_from_jsonable,
    "BasicEventElement": jsonization.basic_event_element_from_jsonable,
    "Blob": jsonization.blob_from_jsonable,
    "Capability": jsonization.capability_from_jsonable,
    "Entity": jsonization.entity_from_jsonable,
    "File": jsonization.file_from_jsonable,
    "MultiLanguageProperty": jsonization.multi_language_property_from_jsonable,
    "Operation": jsonization.operation_from_jsonable,
    "Property": jsonization.property_from_jsonable,
    "Range": jsonization.range_from_jsonable,
    "ReferenceElement": jsonization.reference_element_from_jsonable,
    "RelationshipElement": jsonization.relationship_element_from_jsonable,
    "SubmodelElementCollection": jsonization.submodel_element_collection_from_jsonable,
    "SubmodelElementList": jsonization.submodel_element_list_from_jsonable,
}
READERS: Final[dict[str, Reader]] = {
    **IDENTIFIABLE_READERS,
    **ELEMENT_READERS,
    "AdministrativeInformation": jsonization.administrative_information_from_jsonable,
    "AssetInformation": jsonization.asset_information_from_jsonable,
    "EmbeddedDataSpecification": jsonization.embedded_data_specification_from_jsonable,
    "Extension": jsonization.extension_from_jsonable,
    "LangStringNameType": jsonization.lang_string_name_type_from_jsonable,
    "LangStringTextType": jsonization.lang_string_text_type_from_jsonable,
    "OperationVariable": jsonization.operation_variable_from_jsonable,
    "Qualifier": jsonization.qualifier_from_jsonable,
    "Reference": jsonization.reference_from_jsonable,
    "Resource": jsonization.resource_from_jsonable,
    "SpecificAssetId": jsonization.specific_asset_id_from_jsonable,
}
