"""Serves a bare servicer on a free port of loopback until the process is told to end."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any

import grpc

from strategic_memory.v1 import service_pb2, service_pb2_grpc

Context = grpc.aio.ServicerContext[Any, Any]


class BareServicer(service_pb2_grpc.StrategicMemoryServiceServicer):
    """Serves nothing; a floor implements the one method that it is about.

    The others raise as those of the generated class do, which type checkers take for abstract.
    """

    async def GetFeedback(
        self, request: service_pb2.GetFeedbackRequest, context: Context
    ) -> service_pb2.GetFeedbackResponse:
        """Not served."""
        raise NotImplementedError

    def StreamFeedback(
        self, request: service_pb2.StreamFeedbackRequest, context: Context
    ) -> AsyncIterator[service_pb2.StreamFeedbackResponse]:
        """Not served."""
        raise NotImplementedError

    async def Analyze(self, request: service_pb2.AnalyzeRequest, context: Context) -> service_pb2.AnalyzeResponse:
        """Not served."""
        raise NotImplementedError

    async def ListPortfolios(
        self, request: service_pb2.ListPortfoliosRequest, context: Context
    ) -> service_pb2.ListPortfoliosResponse:
        """Not served."""
        raise NotImplementedError


async def serve(
    servicer: service_pb2_grpc.StrategicMemoryServiceServicer,
    work: Sequence[Coroutine[object, object, None]] = (),
    shared_address: str = "",
) -> None:
    """Serve, with `work` beside it, until SIGTERM; print where, as a line of JSON.

    Args:
        servicer: serves.
        work: runs meanwhile.
        shared_address: where to listen together with others; empty: on a port of its own.
    """
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = grpc.aio.server(options=[("grpc.so_reuseport", int(bool(shared_address)))])
    service_pb2_grpc.add_StrategicMemoryServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port(shared_address or "127.0.0.1:0")
    await server.start()
    tasks = [asyncio.create_task(each) for each in work]
    sys.stdout.write(json.dumps({"grpc_address": f"127.0.0.1:{port}"}) + "\n")
    sys.stdout.flush()
    await asyncio.wait([asyncio.create_task(stop.wait()), *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await server.stop(0)
