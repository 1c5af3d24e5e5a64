package strategicmemory

import (
	"math"
	"slices"
	"time"
)

// SafeLeverage is the highest leverage, as a multiple of the base position, that ever goes with the safe policy.
const SafeLeverage = 1.0

// SafeAt returns what may be acted upon at a time: this, or from ValidUntil on AsStale.
func (f Feedback) SafeAt(now time.Time) Feedback {
	if f.Status != Active || now.Before(f.ValidUntil) {
		return f
	}
	return f.AsStale()
}

// AsStale returns it as Stale with the safe values; what it was about stays readable.
func (f Feedback) AsStale() Feedback {
	f = f.asSafe()
	f.Status = Stale
	return f
}

// asSafe returns it with the safe values, whatever its status.
func (f Feedback) asSafe() Feedback {
	rules, rulesNow := f.LeverageCaps, f.LeverageCaps
	if f.Override != nil { // what is forced raises nothing here
		rules = withCap(rules, f.Override.RulesLeverageHint)
		rulesNow = withCap(rulesNow, f.Override.RulesCurrentLeverageHint)
	}
	f.UpdatedPolicy, f.ConfidenceBoost, f.LeverageHint = Conservative, 0, safeLeverage(f.LeverageHint, rules)
	if f.Current != nil {
		current := f.Current.asSafe(rulesNow)
		f.Current = &current
	}
	if f.Evidence != nil {
		evidence := f.Evidence.asSafe(f.LeverageCaps)
		f.Evidence = &evidence
	}
	if f.Override != nil { // what the rules say beside it holds no longer than their advice
		override := *f.Override
		override.RulesPolicy, override.RulesLeverageHint = "", nil
		override.RulesCurrentPolicy, override.RulesCurrentLeverageHint = "", nil
		f.Override = &override
	}
	return f
}

func (a RegimeAdvice) asSafe(caps []LeverageCap) RegimeAdvice {
	a.Policy, a.ConfidenceBoost, a.LeverageHint = Conservative, 0, safeLeverage(a.LeverageHint, caps)
	a.IsProbe = false
	return a
}

func (e Evidence) asSafe(caps []LeverageCap) Evidence {
	e.RecommendedPolicy, e.ConfidenceBoost, e.LeverageHint = Conservative, 0, safeLeverage(e.LeverageHint, caps)
	return e
}

// withCap returns the caps and a hint as one more, where there is one that makes sense.
func withCap(caps []LeverageCap, hint *float64) []LeverageCap {
	if hint == nil || !isFinite(*hint) || *hint < 0 {
		return caps
	}
	return append(slices.Clone(caps), LeverageCap{Value: *hint})
}

// safeLeverage returns the leverage that goes with the safe policy: the hint, at most 1.0 and every cap.
func safeLeverage(hint float64, caps []LeverageCap) float64 {
	bound := SafeLeverage
	for _, limit := range caps {
		bound = min(bound, limit.Value)
	}
	if isFinite(hint) {
		return min(hint, bound)
	}
	return bound
}

func isFinite(number float64) bool {
	return !math.IsNaN(number) && !math.IsInf(number, 0)
}
