"""What leads from node to node on a server: references, types, browse paths (OPC 10000-4 5.9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from aas_server.bindings.opcua.batches import Batches
from aas_server.bindings.opcua.variants import numeric

PATHS_AT_ONCE: Final = 4
"""Calls for browse paths that are under way side by side."""


class View:
    """The address space as the user of one session sees it.

    ``paths`` and ``browses`` are how much of each the server takes per call.
    """

    def __init__(self, client: Client, largest_batch: int) -> None:
        self._client = client
        self.paths = Batches(largest_batch, at_once=PATHS_AT_ONCE)
        self.browses = Batches(largest_batch)

    async def targets(self, paths: Sequence[ua.BrowsePath]) -> list[ua.NodeId | None]:
        """Return the node at the end of each path, None where there is none."""

        async def call(part: Sequence[ua.BrowsePath]) -> list[ua.NodeId | None]:
            results = await self._client.uaclient.session.translate_browsepaths_to_nodeids(
                list(part)
            )
            return [
                result.Targets[0].TargetId
                if result.StatusCode.is_good() and result.Targets
                else None
                for result in results
            ]

        return await self.paths.run(paths, call)

    async def supertype(self, data_type: ua.NodeId) -> ua.NodeId | None:
        """Return the type that ``data_type`` is derived from, None at the root."""
        return await self._neighbour(data_type, ObjectIds.HasSubtype, ua.BrowseDirection.Inverse)

    async def data_type_of(self, encoding: ua.NodeId) -> ua.NodeId | None:
        """Return the data type whose values are encoded as ``encoding``, None when it is none."""
        return await self._neighbour(encoding, ObjectIds.HasEncoding, ua.BrowseDirection.Inverse)

    async def encoding_of(self, data_type: ua.NodeId) -> ua.NodeId | None:
        """Return what the binary form of a structure is called, None when it has none."""
        return await self._neighbour(
            data_type, ObjectIds.HasEncoding, ua.BrowseDirection.Forward, name="Default Binary"
        )

    async def _neighbour(
        self,
        node: ua.NodeId,
        reference_type: int,
        direction: ua.BrowseDirection,
        *,
        name: str | None = None,
    ) -> ua.NodeId | None:
        description = ua.BrowseDescription(
            NodeId=node,
            BrowseDirection=direction,
            ReferenceTypeId=numeric(reference_type),
            IncludeSubtypes=False,
            ResultMask=ua.BrowseResultMask.BrowseName,
        )
        parameters = ua.BrowseParameters(NodesToBrowse=[description])
        results = await self._client.uaclient.session.browse(parameters)
        found = results[0].References if results[0].StatusCode.is_good() else None
        for each in found or ():
            if name is None or each.BrowseName.Name == name:
                # An expanded one would be another key of a table than the plain one.
                found_id = each.NodeId
                return ua.NodeId(found_id.Identifier, found_id.NamespaceIndex, found_id.NodeIdType)
        return None

    async def browse(
        self, nodes: Sequence[ua.BrowseDescription]
    ) -> list[list[ua.ReferenceDescription]]:
        """Return the references of each node, all of them; of one that cannot be browsed, none.

        What a server gives in parts is fetched before more nodes are asked about: servers keep few
        continuation points (OPC 10000-4 5.9.3).
        """

        async def call(
            part: Sequence[ua.BrowseDescription],
        ) -> list[list[ua.ReferenceDescription]]:
            parameters = ua.BrowseParameters(NodesToBrowse=list(part))
            results = await self._client.uaclient.session.browse(parameters)
            found = [list(result.References or ()) for result in results]
            await self._browse_on(results, found)
            short = [
                index
                for index, result in enumerate(results)
                if result.StatusCode.value == StatusCodes.BadNoContinuationPoints
            ]
            if len(part) > 1:
                for index in short:
                    found[index] = (await call([part[index]]))[0]
            return found

        return await self.browses.run(nodes, call)

    async def _browse_on(
        self, results: Sequence[ua.BrowseResult], found: list[list[ua.ReferenceDescription]]
    ) -> None:
        """Add to ``found`` what the continuation points of ``results`` lead to."""
        open_points = {
            index: result.ContinuationPoint
            for index, result in enumerate(results)
            if result.ContinuationPoint
        }
        while open_points:
            parameters = ua.BrowseNextParameters(
                ReleaseContinuationPoints=False,
                ContinuationPoints=list(open_points.values()),
            )
            more = await self._client.uaclient.session.browse_next(parameters)
            before, open_points = list(open_points), {}
            for index, result in zip(before, more, strict=False):
                if result.References:
                    found[index] += result.References
                    if result.ContinuationPoint:
                        open_points[index] = result.ContinuationPoint
