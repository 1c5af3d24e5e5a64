"""Client of Strategic Memory Sync: what trading programs should do, going by what their own past has taught them.

An agent that must never wait follows the service and reads `newest` in every step:

    from strategic_memory_client import StrategicMemoryClient

    with StrategicMemoryClient("127.0.0.1:50051") as client:
        client.follow()
        while trading():
            advice = client.newest  # about 150 ns; safe values when there is no valid advice
            step(leverage=advice.leverage_hint, policy=advice.updated_policy)

Whoever wants the changes iterates over `client.stream_feedback()`, which survives restarts of the service;
`client.get_feedback()` asks once, and `client.analyze()` asks what it would say under other assumptions.
`AsyncStrategicMemoryClient` is the same for programs with an event loop.
"""

import logging
from typing import TYPE_CHECKING

from strategic_memory_client.values.deferred import deferred

if TYPE_CHECKING:
    from strategic_memory_client.async_client import AsyncStrategicMemoryClient
    from strategic_memory_client.client import StrategicMemoryClient
    from strategic_memory_client.streams.subscription_settings import Delivery, ResumePoint
    from strategic_memory_client.values.admin import AdminState, InterventionPart
    from strategic_memory_client.values.analysis import (
        Analysis,
        AnalysisResult,
        Context,
        PolicyAnalysis,
        RegimeAnalysis,
        RegimeTransition,
        SourceReport,
        StrategyAnalysis,
    )
    from strategic_memory_client.values.analysis_request import (
        AnalysisSettings,
        EvidenceSettings,
        InlineMemory,
        PolicyRule,
        PortfolioColumns,
        RegimeColumns,
        TradeColumns,
    )
    from strategic_memory_client.values.backoff import Backoff
    from strategic_memory_client.values.drawdown_guard import DrawdownGuard
    from strategic_memory_client.values.errors import (
        AccessDeniedError,
        CallCancelledError,
        ClientClosedError,
        DeadlineExceededError,
        FieldViolation,
        InterventionRefusedError,
        InvalidAnswerError,
        InvalidRequestError,
        MessageTooLargeError,
        ResourceExhaustedError,
        ResumePointError,
        RevisionGapError,
        ServerFaultError,
        ServiceUnavailableError,
        SharedClientError,
        SilentServerError,
        StrategicMemoryError,
        TooManySubscribersError,
        UnknownPortfolioError,
        UnsupportedOperationError,
    )
    from strategic_memory_client.values.events import (
        Disconnected,
        EpochChanged,
        FeedbackReceived,
        HeartbeatReceived,
        SubscriptionEvent,
    )
    from strategic_memory_client.values.figures import (
        Correlations,
        Drawdown,
        Drift,
        Interval,
        IntervalMethod,
        Performance,
        PolicyCorrelation,
        RegimeCorrelation,
        RegimeCourse,
        RegimeDynamics,
    )
    from strategic_memory_client.values.health import ServiceHealth
    from strategic_memory_client.values.heartbeats import Heartbeat
    from strategic_memory_client.values.options import DEFAULT_ADDRESS, ClientOptions, TlsOptions
    from strategic_memory_client.values.overrides import Freeze, Override
    from strategic_memory_client.values.past_advice import (
        AdviceCalibration,
        AdviceSubject,
        AfterAdvice,
        AfterRevision,
        PastAdvice,
        ReliabilityBin,
    )
    from strategic_memory_client.values.policy import Policy
    from strategic_memory_client.values.portfolios import PortfolioState
    from strategic_memory_client.values.problems import Problem
    from strategic_memory_client.values.results import (
        UNKNOWN_REGIME,
        Comparison,
        Evidence,
        Feedback,
        FeedbackStatus,
        LeverageCap,
        PolicyEvidence,
        Reason,
        RegimeAdvice,
        RegimePerformance,
        Rules,
    )

__all__ = [
    "DEFAULT_ADDRESS",
    "UNKNOWN_REGIME",
    "AccessDeniedError",
    "AdminState",
    "AdviceCalibration",
    "AdviceSubject",
    "AfterAdvice",
    "AfterRevision",
    "Analysis",
    "AnalysisResult",
    "AnalysisSettings",
    "AsyncStrategicMemoryClient",
    "Backoff",
    "CallCancelledError",
    "ClientClosedError",
    "ClientOptions",
    "Comparison",
    "Context",
    "Correlations",
    "DeadlineExceededError",
    "Delivery",
    "Disconnected",
    "Drawdown",
    "DrawdownGuard",
    "Drift",
    "EpochChanged",
    "Evidence",
    "EvidenceSettings",
    "Feedback",
    "FeedbackReceived",
    "FeedbackStatus",
    "FieldViolation",
    "Freeze",
    "Heartbeat",
    "HeartbeatReceived",
    "InlineMemory",
    "Interval",
    "IntervalMethod",
    "InterventionPart",
    "InterventionRefusedError",
    "InvalidAnswerError",
    "InvalidRequestError",
    "LeverageCap",
    "MessageTooLargeError",
    "Override",
    "PastAdvice",
    "Performance",
    "Policy",
    "PolicyAnalysis",
    "PolicyCorrelation",
    "PolicyEvidence",
    "PolicyRule",
    "PortfolioColumns",
    "PortfolioState",
    "Problem",
    "Reason",
    "RegimeAdvice",
    "RegimeAnalysis",
    "RegimeColumns",
    "RegimeCorrelation",
    "RegimeCourse",
    "RegimeDynamics",
    "RegimePerformance",
    "RegimeTransition",
    "ReliabilityBin",
    "ResourceExhaustedError",
    "ResumePoint",
    "ResumePointError",
    "RevisionGapError",
    "Rules",
    "ServerFaultError",
    "ServiceHealth",
    "ServiceUnavailableError",
    "SharedClientError",
    "SilentServerError",
    "SourceReport",
    "StrategicMemoryClient",
    "StrategicMemoryError",
    "StrategyAnalysis",
    "SubscriptionEvent",
    "TlsOptions",
    "TooManySubscribersError",
    "TradeColumns",
    "UnknownPortfolioError",
    "UnsupportedOperationError",
]

# Which names live where. A name is imported when it is first used, so that importing a part of the package does not
# import gRPC: the command has to say what gRPC may write to the terminal before gRPC is there.
_NAMES = {
    "values.analysis": (
        "Analysis AnalysisResult Context PolicyAnalysis RegimeAnalysis RegimeTransition SourceReport StrategyAnalysis"
    ),
    "values.analysis_request": (
        "AnalysisSettings EvidenceSettings InlineMemory PolicyRule PortfolioColumns RegimeColumns TradeColumns"
    ),
    "values.admin": "AdminState InterventionPart",
    "async_client": "AsyncStrategicMemoryClient",
    "values.backoff": "Backoff",
    "client": "StrategicMemoryClient",
    "values.errors": (
        "AccessDeniedError CallCancelledError ClientClosedError DeadlineExceededError FieldViolation "
        "InterventionRefusedError InvalidAnswerError InvalidRequestError MessageTooLargeError "
        "ResourceExhaustedError ResumePointError RevisionGapError ServerFaultError ServiceUnavailableError "
        "SharedClientError SilentServerError StrategicMemoryError TooManySubscribersError UnknownPortfolioError "
        "UnsupportedOperationError"
    ),
    "values.events": "Disconnected EpochChanged FeedbackReceived HeartbeatReceived SubscriptionEvent",
    "values.figures": (
        "Correlations Drawdown Drift Interval IntervalMethod Performance PolicyCorrelation RegimeCorrelation "
        "RegimeCourse RegimeDynamics"
    ),
    "values.drawdown_guard": "DrawdownGuard",
    "values.options": "ClientOptions DEFAULT_ADDRESS TlsOptions",
    "values.past_advice": "AdviceCalibration AdviceSubject AfterAdvice AfterRevision PastAdvice ReliabilityBin",
    "values.results": (
        "Comparison Evidence Feedback FeedbackStatus LeverageCap PolicyEvidence Reason RegimeAdvice "
        "RegimePerformance Rules UNKNOWN_REGIME"
    ),
    "values.heartbeats": "Heartbeat",
    "values.policy": "Policy",
    "values.overrides": "Freeze Override",
    "values.portfolios": "PortfolioState",
    "values.problems": "Problem",
    "values.health": "ServiceHealth",
    "streams.subscription_settings": "Delivery ResumePoint",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}

logging.getLogger("strategic_memory_client").addHandler(logging.NullHandler())

if not TYPE_CHECKING:  # or no wrong name would be noticed
    __getattr__ = deferred(__name__, {name: f"{__name__}.{home}" for name, home in _HOMES.items()})


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
