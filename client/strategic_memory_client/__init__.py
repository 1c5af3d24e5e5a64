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

import importlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strategic_memory_client.analysis import (
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
    from strategic_memory_client.async_client import AsyncStrategicMemoryClient
    from strategic_memory_client.backoff import Backoff
    from strategic_memory_client.client import StrategicMemoryClient
    from strategic_memory_client.errors import (
        AccessDeniedError,
        CallCancelledError,
        ClientClosedError,
        DeadlineExceededError,
        FieldViolation,
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
        UnsupportedOperationError,
    )
    from strategic_memory_client.events import (
        Disconnected,
        EpochChanged,
        FeedbackReceived,
        HeartbeatReceived,
        SubscriptionEvent,
    )
    from strategic_memory_client.figures import (
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
    from strategic_memory_client.health import ServiceHealth
    from strategic_memory_client.options import DEFAULT_ADDRESS, ClientOptions, TlsOptions
    from strategic_memory_client.past_advice import (
        AdviceCalibration,
        AdviceSubject,
        AfterAdvice,
        AfterRevision,
        PastAdvice,
        ReliabilityBin,
    )
    from strategic_memory_client.problems import Problem
    from strategic_memory_client.results import (
        UNKNOWN_REGIME,
        Comparison,
        Evidence,
        Feedback,
        FeedbackStatus,
        Heartbeat,
        LeverageCap,
        Policy,
        PolicyEvidence,
        Reason,
        RegimeAdvice,
        RegimePerformance,
        Rules,
    )
    from strategic_memory_client.subscription_settings import Delivery, ResumePoint

__all__ = [
    "DEFAULT_ADDRESS",
    "UNKNOWN_REGIME",
    "AccessDeniedError",
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
    "Drift",
    "EpochChanged",
    "Evidence",
    "EvidenceSettings",
    "Feedback",
    "FeedbackReceived",
    "FeedbackStatus",
    "FieldViolation",
    "Heartbeat",
    "HeartbeatReceived",
    "InlineMemory",
    "Interval",
    "IntervalMethod",
    "InvalidAnswerError",
    "InvalidRequestError",
    "LeverageCap",
    "MessageTooLargeError",
    "PastAdvice",
    "Performance",
    "Policy",
    "PolicyAnalysis",
    "PolicyCorrelation",
    "PolicyEvidence",
    "PolicyRule",
    "PortfolioColumns",
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
    "UnsupportedOperationError",
]

# Where each name lives. A name is imported when it is first used, so that importing a part of the package does not
# import gRPC: the command has to say what gRPC may write to the terminal before gRPC is there.
_HOMES = {
    "Analysis": "analysis",
    "AnalysisResult": "analysis",
    "AnalysisSettings": "analysis",
    "Context": "analysis",
    "EvidenceSettings": "analysis",
    "InlineMemory": "analysis",
    "PolicyAnalysis": "analysis",
    "PolicyRule": "analysis",
    "PortfolioColumns": "analysis",
    "RegimeAnalysis": "analysis",
    "RegimeColumns": "analysis",
    "RegimeTransition": "analysis",
    "SourceReport": "analysis",
    "StrategyAnalysis": "analysis",
    "TradeColumns": "analysis",
    "AsyncStrategicMemoryClient": "async_client",
    "Backoff": "backoff",
    "StrategicMemoryClient": "client",
    "AccessDeniedError": "errors",
    "CallCancelledError": "errors",
    "ClientClosedError": "errors",
    "DeadlineExceededError": "errors",
    "FieldViolation": "errors",
    "InvalidAnswerError": "errors",
    "InvalidRequestError": "errors",
    "MessageTooLargeError": "errors",
    "ResourceExhaustedError": "errors",
    "ResumePointError": "errors",
    "RevisionGapError": "errors",
    "ServerFaultError": "errors",
    "ServiceUnavailableError": "errors",
    "SharedClientError": "errors",
    "SilentServerError": "errors",
    "StrategicMemoryError": "errors",
    "TooManySubscribersError": "errors",
    "UnsupportedOperationError": "errors",
    "Disconnected": "events",
    "EpochChanged": "events",
    "FeedbackReceived": "events",
    "HeartbeatReceived": "events",
    "SubscriptionEvent": "events",
    "Correlations": "figures",
    "Drawdown": "figures",
    "Drift": "figures",
    "Interval": "figures",
    "IntervalMethod": "figures",
    "Performance": "figures",
    "PolicyCorrelation": "figures",
    "RegimeCorrelation": "figures",
    "RegimeCourse": "figures",
    "RegimeDynamics": "figures",
    "DEFAULT_ADDRESS": "options",
    "ClientOptions": "options",
    "TlsOptions": "options",
    "AdviceCalibration": "past_advice",
    "AdviceSubject": "past_advice",
    "AfterAdvice": "past_advice",
    "AfterRevision": "past_advice",
    "PastAdvice": "past_advice",
    "ReliabilityBin": "past_advice",
    "UNKNOWN_REGIME": "results",
    "Comparison": "results",
    "Evidence": "results",
    "Feedback": "results",
    "FeedbackStatus": "results",
    "Heartbeat": "results",
    "LeverageCap": "results",
    "Policy": "results",
    "PolicyEvidence": "results",
    "Reason": "results",
    "RegimeAdvice": "results",
    "RegimePerformance": "results",
    "Rules": "results",
    "Problem": "problems",
    "ServiceHealth": "health",
    "Delivery": "subscription_settings",
    "ResumePoint": "subscription_settings",
}

logging.getLogger("strategic_memory_client").addHandler(logging.NullHandler())


if not TYPE_CHECKING:  # or no wrong name would be noticed

    def __getattr__(name: str) -> object:
        """Import a public name at its first use."""
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
