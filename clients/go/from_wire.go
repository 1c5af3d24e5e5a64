package strategicmemory

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	pb "github.com/strategic-memory/strategic-memory/clients/go/strategicmemoryv1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

var (
	policies = map[pb.Policy]Policy{
		pb.Policy_POLICY_CONSERVATIVE: Conservative,
		pb.Policy_POLICY_BALANCED:     Balanced,
		pb.Policy_POLICY_AGGRESSIVE:   Aggressive,
	}
	statuses = map[pb.FeedbackStatus]Status{
		pb.FeedbackStatus_FEEDBACK_STATUS_WARMING_UP: WarmingUp,
		pb.FeedbackStatus_FEEDBACK_STATUS_ACTIVE:     Active,
		pb.FeedbackStatus_FEEDBACK_STATUS_STALE:      Stale,
	}
	kindsOfRules = map[pb.Rules]Rules{
		pb.Rules_RULES_UNSPECIFIED: ReferenceRules, // a server that does not say it has no others
		pb.Rules_RULES_REFERENCE:   ReferenceRules,
		pb.Rules_RULES_EVIDENCE:    EvidenceRules,
	}
	toldUnknown sync.Map // the day on which each was told last
)

// feedbackFromWire returns a feedback; with the safe values where its status, policy or numbers are not understood.
func feedbackFromWire(wire *pb.Feedback, log *slog.Logger) Feedback {
	status, isStatus := statuses[wire.GetStatus()]
	if !isStatus {
		status = Stale
		tellUnknown(log, "status", wire.GetStatus(), time.Now())
	}
	policy, isPolicy := policies[wire.GetUpdatedPolicy()]
	if !isPolicy {
		policy = Conservative
		tellUnknown(log, "updated_policy", wire.GetUpdatedPolicy(), time.Now())
	}
	feedback := Feedback{
		Revision:          wire.GetRevision(),
		Epoch:             wire.GetEpoch(),
		Status:            status,
		PreferredRegime:   wire.GetPreferredRegime(),
		UpdatedPolicy:     policy,
		ConfidenceBoost:   wire.GetConfidenceBoost(),
		LeverageHint:      wire.GetLeverageHint(),
		RegimePerformance: performanceFromWire(wire.GetRegimePerformance()),
		CurrentRegime:     wire.GetCurrentRegime(),
		Timestamp:         timeFromWire(wire.GetTimestamp()),
		DataAsOf:          timeFromWire(wire.GetDataAsOf()),
		ValidUntil:        timeFromWire(wire.GetValidUntil()),
		Version:           wire.GetVersion(),
		Reasons:           each(wire.GetReasons(), reasonFromWire),
		BestPolicy:        policies[wire.GetBestPolicy()],
		Rules:             kindsOfRules[wire.GetRules()],
		Current:           currentFromWire(wire.GetCurrent(), log),
		LeverageBoundBy:   wire.GetLeverageBoundBy(),
		LeverageCaps:      each(wire.GetLeverageCaps(), capFromWire),
		Override:          overrideFromWire(wire.GetOverride()),
		Freeze:            freezeFromWire(wire.GetFreeze()),
		Guard:             guardFromWire(wire.GetGuard()),
	}
	feedback.Evidence = evidenceFromWire(wire.GetEvidence(), feedback.LeverageCaps, log)
	if status == Active && isPolicy && isFinite(feedback.ConfidenceBoost) && isFinite(feedback.LeverageHint) {
		return feedback
	}
	return feedback.asSafe()
}

// heartbeatFromWire returns a heartbeat; one with a status that is not understood is Stale.
func heartbeatFromWire(wire *pb.Heartbeat, log *slog.Logger) Heartbeat {
	status, isStatus := statuses[wire.GetStatus()]
	if !isStatus {
		status = Stale
		if wire.GetStatus() != pb.FeedbackStatus_FEEDBACK_STATUS_UNSPECIFIED { // one that says none is of no later version
			tellUnknown(log, "status", wire.GetStatus(), time.Now())
		}
	}
	return Heartbeat{
		Revision:     wire.GetRevision(),
		Epoch:        wire.GetEpoch(),
		Status:       status,
		DataAsOf:     timeFromWire(wire.GetDataAsOf()),
		ValidUntil:   timeFromWire(wire.GetValidUntil()),
		Timestamp:    timeFromWire(wire.GetTimestamp()),
		LeverageCaps: each(wire.GetLeverageCaps(), capFromWire),
	}
}

// timeFromWire returns the time; the zero time where there is none, of which AsTime would make 1970.
func timeFromWire(wire *timestamppb.Timestamp) time.Time {
	if wire == nil || !wire.IsValid() {
		return time.Time{}
	}
	return wire.AsTime()
}

func performanceFromWire(wire *pb.RegimePerformance) *RegimePerformance {
	if wire == nil {
		return nil
	}
	return &RegimePerformance{wire.GetAvgPnl(), wire.WinRate, wire.GetSampleCount(), wire.GetWins(), wire.GetLosses()}
}

func reasonFromWire(wire *pb.Reason) Reason {
	return Reason{wire.GetCode(), wire.GetSentence(), each(wire.GetComparisons(), func(c *pb.Comparison) Comparison {
		return Comparison{c.GetMeasurement(), c.Value, c.GetOperator(), c.GetThreshold(), c.GetHolds()}
	})}
}

func capFromWire(wire *pb.LeverageCap) LeverageCap {
	limit := LeverageCap{wire.GetSource(), wire.GetValue(), timeFromWire(wire.GetSince())}
	if !isFinite(limit.Value) || limit.Value < 0 {
		limit.Value = 0 // one that makes no sense is the strictest there is: to leave it out would lift it
	}
	return limit
}

func overrideFromWire(wire *pb.Override) *Override {
	if wire == nil {
		return nil
	}
	return &Override{
		policies[wire.GetPolicy()], wire.Leverage, wire.GetIsForced(), wire.GetReason(), wire.GetSetBy(),
		timeFromWire(wire.GetSetAt()), timeFromWire(wire.GetUntil()), policies[wire.GetRulesPolicy()], wire.RulesLeverageHint,
		policies[wire.GetRulesCurrentPolicy()], wire.RulesCurrentLeverageHint,
	}
}

func freezeFromWire(wire *pb.Freeze) *Freeze {
	if wire == nil {
		return nil
	}
	return &Freeze{
		wire.GetRevision(), wire.GetEpoch(), wire.GetReason(), wire.GetSetBy(),
		timeFromWire(wire.GetSetAt()), timeFromWire(wire.GetUntil()),
	}
}

func guardFromWire(wire *pb.DrawdownGuard) *DrawdownGuard {
	if wire == nil {
		return nil
	}
	return &DrawdownGuard{
		wire.GetFactor(), timeFromWire(wire.GetSince()), wire.GetResults(), wire.GetRecentSpread(), wire.GetUsualSpread(),
		wire.GetRecentLargestShare(), wire.GetUsualLargestShare(),
	}
}

func currentFromWire(wire *pb.RegimeAdvice, log *slog.Logger) *RegimeAdvice {
	if wire == nil {
		return nil
	}
	policy, isPolicy := policies[wire.GetPolicy()]
	if !isPolicy {
		tellUnknown(log, "current.policy", wire.GetPolicy(), time.Now())
	}
	advice := RegimeAdvice{
		wire.GetRegime(), policy, wire.GetConfidenceBoost(), wire.GetLeverageHint(), wire.GetLeverageBoundBy(), wire.GetIsProbe(),
	}
	if !isPolicy || !isFinite(advice.ConfidenceBoost) || !isFinite(advice.LeverageHint) {
		advice = advice.asSafe(nil)
	}
	return &advice
}

// evidenceFromWire returns the evidence under the caps, which may have changed since it was worked out.
func evidenceFromWire(wire *pb.Evidence, caps []LeverageCap, log *slog.Logger) *Evidence {
	if wire == nil {
		return nil
	}
	policy, isPolicy := policies[wire.GetRecommendedPolicy()]
	if !isPolicy {
		tellUnknown(log, "evidence.recommended_policy", wire.GetRecommendedPolicy(), time.Now())
	}
	evidence := Evidence{
		Regime:            wire.GetRegime(),
		RecommendedPolicy: policy,
		ConfidenceBoost:   wire.GetConfidenceBoost(),
		LeverageHint:      wire.GetLeverageHint(),
		LeverageBoundBy:   wire.GetLeverageBoundBy(),
		Policies:          each(wire.GetPolicies(), policyEvidenceFromWire),
		Cautions:          wire.GetCautions(),
		Observations:      wire.GetObservations(),
	}
	if !isPolicy || !isFinite(evidence.ConfidenceBoost) || !isFinite(evidence.LeverageHint) {
		evidence = evidence.asSafe(nil)
	}
	for _, limit := range caps {
		evidence.LeverageHint = min(evidence.LeverageHint, limit.Value)
	}
	return &evidence
}

func policyEvidenceFromWire(wire *pb.PolicyEvidence) PolicyEvidence {
	return PolicyEvidence{
		Policy:                       policies[wire.GetPolicy()],
		Observations:                 wire.GetObservations(),
		EffectiveObservations:        wire.EffectiveObservations,
		MeanPnl:                      wire.GetMeanPnl(),
		IntervalLow:                  wire.GetIntervalLow(),
		IntervalHigh:                 wire.GetIntervalHigh(),
		Utility:                      wire.GetUtility(),
		ProbabilityBest:              wire.GetProbabilityBest(),
		ProbabilityBeatsConservative: wire.ProbabilityBeatsConservative,
		ProbabilityMeanPositive:      wire.GetProbabilityMeanPositive(),
		MoreObservations:             wire.MoreObservations,
	}
}

func each[From, To any](all []From, read func(From) To) []To {
	if len(all) == 0 {
		return nil
	}
	values := make([]To, len(all))
	for index, one := range all {
		values[index] = read(one)
	}
	return values
}

// tellUnknown tells, once a day, that a server says what this library has no name for: a program runs on for months, and
// that server may be rolled back and come again meanwhile.
func tellUnknown(log *slog.Logger, field string, number fmt.Stringer, now time.Time) {
	day := now.Unix() / 86_400
	if told, _ := toldUnknown.Swap(field+number.String(), day); told != day {
		log.Warn("the service says what this version of the client does not know: the safe values are read in its place; "+
			"bring the library up to date", "field", field, "value", number.String())
	}
}
