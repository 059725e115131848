"""The functions that the operation table names, as ``module.function``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aas_server.api import (
    bulk,
    concept_descriptions,
    description,
    discovery,
    elements,
    files,
    history,
    invocation,
    packages,
    query,
    recent_changes,
    serialization,
    shell_descriptors,
    shells,
    signed,
    submodel_descriptors,
    submodels,
    templates,
    upload,
)
from aas_server.api.call import Handler

_FUNCTIONS: Final[tuple[Handler, ...]] = (
    bulk.delete_shell_descriptors,
    bulk.delete_submodel_descriptors,
    bulk.get_bulk_result,
    bulk.get_bulk_status,
    bulk.post_shell_descriptors,
    bulk.post_submodel_descriptors,
    bulk.put_shell_descriptors,
    bulk.put_submodel_descriptors,
    concept_descriptions.delete_concept_description,
    concept_descriptions.get_concept_description,
    concept_descriptions.list_concept_descriptions,
    concept_descriptions.post_concept_description,
    concept_descriptions.put_concept_description,
    description.get_description,
    discovery.delete_asset_links,
    discovery.get_asset_links,
    discovery.list_shell_ids,
    discovery.post_asset_links,
    discovery.search_shell_ids,
    elements.delete_element,
    elements.get_element,
    elements.list_elements,
    elements.patch_element,
    elements.post_element,
    elements.put_element,
    files.delete_attachment,
    files.delete_thumbnail,
    files.get_attachment,
    files.get_thumbnail,
    files.put_attachment,
    files.put_thumbnail,
    history.get_history,
    invocation.get_operation_result,
    invocation.get_operation_status,
    invocation.invoke,
    invocation.invoke_async,
    packages.delete_package,
    packages.get_package,
    packages.get_package_result,
    packages.get_package_status,
    packages.list_packages,
    packages.post_package,
    packages.post_package_async,
    packages.put_package,
    query.query,
    recent_changes.list_recent_changes,
    serialization.get_serialization,
    shell_descriptors.delete_shell_descriptor,
    shell_descriptors.get_shell_descriptor,
    shell_descriptors.list_shell_descriptors,
    shell_descriptors.post_shell_descriptor,
    shell_descriptors.put_shell_descriptor,
    shells.delete_shell,
    shells.delete_submodel_reference,
    shells.get_asset_information,
    shells.get_shell,
    shells.list_shells,
    shells.list_submodel_references,
    shells.post_shell,
    shells.post_submodel_reference,
    shells.put_asset_information,
    shells.put_shell,
    signed.get_signed,
    submodel_descriptors.delete_submodel_descriptor,
    submodel_descriptors.get_submodel_descriptor,
    submodel_descriptors.list_submodel_descriptors,
    submodel_descriptors.post_submodel_descriptor,
    submodel_descriptors.put_submodel_descriptor,
    submodels.delete_submodel,
    submodels.get_submodel,
    submodels.list_submodels,
    submodels.patch_submodel,
    submodels.post_submodel,
    submodels.put_submodel,
    templates.get_template,
    templates.instantiate,
    templates.list_templates,
    upload.upload,
)

HANDLERS: Final[Mapping[str, Handler]] = {
    f"{function.__module__.rpartition('.')[2]}.{function.__name__}": function
    for function in _FUNCTIONS
}
"""What answers, by its name in the operation table."""


def handler_of(name: str) -> Handler:
    """Return the function that ``name`` names; raises ``KeyError`` when there is none."""
    return HANDLERS[name]
