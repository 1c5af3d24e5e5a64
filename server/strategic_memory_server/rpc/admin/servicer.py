"""Serves `strategic_memory.v1.StrategicMemoryAdminService`: each call goes to the portfolio that it is about."""

from __future__ import annotations

from strategic_memory.v1 import admin_pb2, admin_pb2_grpc
from strategic_memory_server.rpc.admin.portfolio_admin import PortfolioAdmin
from strategic_memory_server.rpc.behaviour import CallContext
from strategic_memory_server.rpc.served_portfolios import ServedPortfolios
from strategic_memory_server.rpc.wire.later_fields import refuse_later_fields

Request = (
    admin_pb2.SetOverrideRequest | admin_pb2.ClearOverrideRequest | admin_pb2.FreezeRequest | admin_pb2.GetStateRequest
)


class StrategicMemoryAdminServicer(admin_pb2_grpc.StrategicMemoryAdminServiceServicer):
    """Takes what operators say."""

    def __init__(self, portfolios: ServedPortfolios) -> None:
        self._portfolios = portfolios

    async def SetOverride(
        self, request: admin_pb2.SetOverrideRequest, context: CallContext
    ) -> admin_pb2.SetOverrideResponse:
        """Allow no more risk than this, or set it."""
        return await (await self._of(request)).set_override(request, context)

    async def ClearOverride(
        self, request: admin_pb2.ClearOverrideRequest, context: CallContext
    ) -> admin_pb2.ClearOverrideResponse:
        """Lift what was set."""
        return await (await self._of(request)).clear_override(request, context)

    async def Freeze(self, request: admin_pb2.FreezeRequest, context: CallContext) -> admin_pb2.FreezeResponse:
        """Hold the advice in force."""
        return await (await self._of(request)).freeze(request, context)

    async def GetState(self, request: admin_pb2.GetStateRequest, context: CallContext) -> admin_pb2.GetStateResponse:
        """Tell what operators have said."""
        return await (await self._of(request)).state()

    async def _of(self, request: Request) -> PortfolioAdmin:
        refuse_later_fields(request)
        return PortfolioAdmin(await self._portfolios.find(request.portfolio))
