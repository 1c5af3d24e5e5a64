package strategicmemory

import (
	"encoding/json"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	pb "github.com/strategic-memory/strategic-memory/clients/go/strategicmemoryv1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

var quiet = slog.New(slog.DiscardHandler)

func active() *pb.Feedback {
	return &pb.Feedback{
		Revision: 7, Epoch: "e", Status: pb.FeedbackStatus_FEEDBACK_STATUS_ACTIVE, PreferredRegime: "BULL",
		UpdatedPolicy: pb.Policy_POLICY_AGGRESSIVE, ConfidenceBoost: 0.9, LeverageHint: 1.8,
		Current:  &pb.RegimeAdvice{Regime: "BULL", Policy: pb.Policy_POLICY_AGGRESSIVE, ConfidenceBoost: 0.9, LeverageHint: 1.8, IsProbe: true},
		Evidence: &pb.Evidence{Regime: "BULL", RecommendedPolicy: pb.Policy_POLICY_BALANCED, ConfidenceBoost: 0.8, LeverageHint: 1.9},
	}
}

func isSafe(t *testing.T, feedback Feedback, leverage float64) {
	t.Helper()
	if feedback.UpdatedPolicy != Conservative || feedback.ConfidenceBoost != 0 || feedback.LeverageHint != leverage {
		t.Errorf("not the safe values: %+v", feedback)
	}
	if current := feedback.Current; current != nil && (current.Policy != Conservative || current.LeverageHint > leverage || current.IsProbe) {
		t.Errorf("not the safe values of the current regime: %+v", current)
	}
	if evidence := feedback.Evidence; evidence != nil && (evidence.RecommendedPolicy != Conservative || evidence.LeverageHint > leverage) {
		t.Errorf("not the safe values of the evidence: %+v", evidence)
	}
}

func TestATimeThatIsNotToldIsNot1970(t *testing.T) {
	feedback := feedbackFromWire(active(), quiet)
	if !feedback.ValidUntil.IsZero() || !feedback.Timestamp.IsZero() || !feedback.DataAsOf.IsZero() {
		t.Errorf("times were made up: %+v", feedback)
	}
	isSafe(t, feedback.SafeAt(time.Unix(-1, 0)), 1)
	if line, err := json.Marshal(feedback); err != nil || strings.Contains(string(line), "valid_until") {
		t.Errorf("a time that is not known is written: %s, %v", line, err)
	}
}

func TestAPolicyThatIsNotKnownIsToldWhereverItStands(t *testing.T) {
	var told strings.Builder
	log := slog.New(slog.NewTextHandler(&told, nil))
	wire := active()
	wire.Current.Policy, wire.Evidence.RecommendedPolicy = 96, 96
	feedback := feedbackFromWire(wire, log)
	heartbeat := heartbeatFromWire(&pb.Heartbeat{Status: 96}, log)
	if feedback.Status != Active || feedback.Current.Policy != Conservative || heartbeat.Status != Stale {
		t.Errorf("not the safe values: %+v, %+v", feedback, heartbeat)
	}
	for _, field := range []string{"field=current.policy value=96", "field=evidence.recommended_policy value=96", "field=status value=96"} {
		if !strings.Contains(told.String(), field) {
			t.Errorf("%s is not told: %s", field, told.String())
		}
	}
}

func TestTheHandOfAnOperatorIsRead(t *testing.T) {
	if feedback := feedbackFromWire(active(), quiet); feedback.IsOverridden() {
		t.Errorf("nobody has a hand in it: %+v", feedback)
	}
	wire, leverage := active(), 0.5
	wire.Override = &pb.Override{Leverage: &leverage, Reason: "degraded", SetBy: "desk", RulesPolicy: pb.Policy_POLICY_BALANCED}
	held := feedbackFromWire(wire, quiet)
	if said := held.Override; !held.IsOverridden() || said.Policy != "" || *said.Leverage != 0.5 || said.RulesPolicy != Balanced {
		t.Errorf("the override was not read: %+v", held.Override)
	}
	raised, rules := 1.8, 0.7
	wire.Evidence = nil // which nobody raises
	wire.Override = &pb.Override{Leverage: &raised, IsForced: true, RulesLeverageHint: &rules, RulesCurrentLeverageHint: &rules}
	isSafe(t, feedbackFromWire(wire, quiet).AsStale(), 0.7)
	wire.Override, wire.Freeze = nil, &pb.Freeze{Revision: 6, Epoch: "e1", Reason: "held"}
	if frozen := feedbackFromWire(wire, quiet); !frozen.IsOverridden() || frozen.Freeze.Revision != 6 {
		t.Errorf("the freeze was not read: %+v", frozen.Freeze)
	}
}

func TestTheDrawdownGuardIsRead(t *testing.T) {
	wire := active()
	if feedback := feedbackFromWire(wire, quiet); feedback.Guard != nil {
		t.Errorf("a guard was made up: %+v", feedback.Guard)
	}
	wire.Guard = &pb.DrawdownGuard{Factor: 0.625, Results: 90, RecentSpread: 0.8, UsualSpread: 0.5, RecentLargestShare: 0.1}
	guard := feedbackFromWire(wire, quiet).Guard
	equal(t, *guard, DrawdownGuard{Factor: 0.625, Results: 90, RecentSpread: 0.8, UsualSpread: 0.5, RecentLargestShare: 0.1})
}

func TestWhatIsNotUnderstoodIsSafe(t *testing.T) {
	for name, change := range map[string]func(*pb.Feedback){
		"status":     func(f *pb.Feedback) { f.Status = 99 },
		"policy":     func(f *pb.Feedback) { f.UpdatedPolicy = 99 },
		"confidence": func(f *pb.Feedback) { f.ConfidenceBoost = math.NaN() },
		"leverage":   func(f *pb.Feedback) { f.LeverageHint = math.Inf(1) },
		"not active": func(f *pb.Feedback) { f.Status = pb.FeedbackStatus_FEEDBACK_STATUS_STALE },
	} {
		wire := active()
		change(wire)
		t.Run(name, func(t *testing.T) { isSafe(t, feedbackFromWire(wire, quiet), 1) })
	}
}

func TestWhatIsNotUnderstoodIsToldOnceADay(t *testing.T) {
	var told strings.Builder
	log, strange := slog.New(slog.NewTextHandler(&told, nil)), pb.Policy(98)
	for _, hours := range []int{0, 1, 24, 25} {
		tellUnknown(log, "updated_policy", strange, begin.Truncate(24*time.Hour).Add(time.Duration(hours)*time.Hour))
	}
	equal(t, strings.Count(told.String(), "does not know"), 2)
}

func TestTheSafeValuesObeyEveryCap(t *testing.T) {
	wire := active()
	wire.LeverageCaps = []*pb.LeverageCap{{Source: "risk:leverage_limits", Value: 0.4}}
	feedback := feedbackFromWire(wire, quiet)
	if feedback.Evidence.LeverageHint != 0.4 {
		t.Errorf("the cap does not bind the evidence: %+v", feedback.Evidence)
	}
	isSafe(t, feedback.AsStale(), 0.4)
	wire.LeverageCaps[0].Value = math.NaN()
	isSafe(t, feedbackFromWire(wire, quiet).AsStale(), 0)
}

func TestACopyMadeSafeLeavesTheOtherAsItWas(t *testing.T) {
	feedback := feedbackFromWire(active(), quiet)
	isSafe(t, feedback.AsStale(), 1)
	if !feedback.IsProbe() || feedback.Current.LeverageHint != 1.8 || feedback.Evidence.LeverageHint != 1.9 {
		t.Errorf("the other was changed: %+v", feedback)
	}
}

func TestAFeedbackHoldsUntilItsValidity(t *testing.T) {
	wire := active()
	wire.ValidUntil = timestamppb.New(time.Unix(1_000, 0))
	feedback := feedbackFromWire(wire, quiet)
	if feedback.SafeAt(time.Unix(999, 0)).Status != Active || feedback.SafeAt(time.Unix(1_000, 0)).Status != Stale {
		t.Error("the validity is read wrongly")
	}
}

func TestWhatIsAboutAnotherPortfolioIsRefused(t *testing.T) {
	if err := requirePortfolio("alpha", "alpha", "here"); err != nil {
		t.Error(err)
	}
	// A service of before there were any leaves the field empty.
	for _, told := range []string{"", "beta"} {
		if err := requirePortfolio(told, "alpha", "here"); err == nil || err.Kind != UnsupportedOperation {
			t.Errorf("%q: %v", told, err)
		}
	}
}

func TestWhatTheContractRulesOutIsRefusedWithItsField(t *testing.T) {
	for field, change := range map[string]func(*pb.Feedback){
		"leverage_hint":               func(f *pb.Feedback) { f.LeverageHint = 50 },
		"confidence_boost":            func(f *pb.Feedback) { f.ConfidenceBoost = math.NaN() },
		"current.leverage_hint":       func(f *pb.Feedback) { f.Current.LeverageHint = -1 },
		"evidence.confidence_boost":   func(f *pb.Feedback) { f.Evidence.ConfidenceBoost = 1.1 },
		"regime_performance.win_rate": func(f *pb.Feedback) { f.RegimePerformance = &pb.RegimePerformance{WinRate: new(2.0)} },
	} {
		wire := active()
		change(wire)
		err := requireWithinContract(wire, "here")
		if err == nil || err.Kind != InvalidAnswer || len(err.Violations) != 1 || err.Violations[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	wire := active()
	wire.LeverageCaps = []*pb.LeverageCap{{Value: 1.8 - slack/2}, {Value: math.NaN()}}
	if err := requireWithinContract(wire, "here"); err != nil {
		t.Error(err)
	}
	if err := requireWithinContract(nil, "here"); err != nil {
		t.Error(err)
	}
}
