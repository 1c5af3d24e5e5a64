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
        AnalysisSettings,
        Context,
        EvidenceSettings,
        InlineMemory,
        PolicyAnalysis,
        PolicyRule,
        PortfolioColumns,
        RegimeAnalysis,
        RegimeColumns,
        RegimeTransition,
        SourceReport,
        StrategyAnalysis,
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

# Where each name lives. A name is imported when it is first used, so that importing a part of the package does not
# import gRPC: the command has to say what gRPC may write to the terminal before gRPC is there.
_HOMES = {
    "Analysis": "values.analysis",
    "AnalysisResult": "values.analysis",
    "AnalysisSettings": "values.analysis",
    "Context": "values.analysis",
    "EvidenceSettings": "values.analysis",
    "InlineMemory": "values.analysis",
    "PolicyAnalysis": "values.analysis",
    "PolicyRule": "values.analysis",
    "PortfolioColumns": "values.analysis",
    "RegimeAnalysis": "values.analysis",
    "RegimeColumns": "values.analysis",
    "RegimeTransition": "values.analysis",
    "SourceReport": "values.analysis",
    "StrategyAnalysis": "values.analysis",
    "TradeColumns": "values.analysis",
    "AdminState": "values.admin",
    "InterventionPart": "values.admin",
    "AsyncStrategicMemoryClient": "async_client",
    "Backoff": "values.backoff",
    "StrategicMemoryClient": "client",
    "AccessDeniedError": "values.errors",
    "CallCancelledError": "values.errors",
    "ClientClosedError": "values.errors",
    "DeadlineExceededError": "values.errors",
    "FieldViolation": "values.errors",
    "InterventionRefusedError": "values.errors",
    "InvalidAnswerError": "values.errors",
    "InvalidRequestError": "values.errors",
    "MessageTooLargeError": "values.errors",
    "ResourceExhaustedError": "values.errors",
    "ResumePointError": "values.errors",
    "RevisionGapError": "values.errors",
    "ServerFaultError": "values.errors",
    "ServiceUnavailableError": "values.errors",
    "SharedClientError": "values.errors",
    "SilentServerError": "values.errors",
    "StrategicMemoryError": "values.errors",
    "TooManySubscribersError": "values.errors",
    "UnknownPortfolioError": "values.errors",
    "UnsupportedOperationError": "values.errors",
    "Disconnected": "values.events",
    "EpochChanged": "values.events",
    "FeedbackReceived": "values.events",
    "HeartbeatReceived": "values.events",
    "SubscriptionEvent": "values.events",
    "Correlations": "values.figures",
    "Drawdown": "values.figures",
    "DrawdownGuard": "values.drawdown_guard",
    "Drift": "values.figures",
    "Interval": "values.figures",
    "IntervalMethod": "values.figures",
    "Performance": "values.figures",
    "PolicyCorrelation": "values.figures",
    "RegimeCorrelation": "values.figures",
    "RegimeCourse": "values.figures",
    "RegimeDynamics": "values.figures",
    "DEFAULT_ADDRESS": "values.options",
    "ClientOptions": "values.options",
    "TlsOptions": "values.options",
    "AdviceCalibration": "values.past_advice",
    "AdviceSubject": "values.past_advice",
    "AfterAdvice": "values.past_advice",
    "AfterRevision": "values.past_advice",
    "PastAdvice": "values.past_advice",
    "ReliabilityBin": "values.past_advice",
    "UNKNOWN_REGIME": "values.results",
    "Comparison": "values.results",
    "Evidence": "values.results",
    "Feedback": "values.results",
    "FeedbackStatus": "values.results",
    "Heartbeat": "values.heartbeats",
    "LeverageCap": "values.results",
    "Policy": "values.policy",
    "PolicyEvidence": "values.results",
    "Reason": "values.results",
    "RegimeAdvice": "values.results",
    "RegimePerformance": "values.results",
    "Rules": "values.results",
    "Freeze": "values.overrides",
    "Override": "values.overrides",
    "PortfolioState": "values.portfolios",
    "Problem": "values.problems",
    "ServiceHealth": "values.health",
    "Delivery": "streams.subscription_settings",
    "ResumePoint": "streams.subscription_settings",
}

logging.getLogger("strategic_memory_client").addHandler(logging.NullHandler())

if not TYPE_CHECKING:  # or no wrong name would be noticed
    __getattr__ = deferred(__name__, {name: f"{__name__}.{home}" for name, home in _HOMES.items()})


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
