package strategicmemory

import "time"

// UnknownRegime is the name of the regime where none could be told.
const UnknownRegime = "UNKNOWN"

// Policy says how boldly to trade. The empty one is none: not known, or not named.
type Policy string

// The policies.
const (
	Conservative Policy = "CONSERVATIVE"
	Balanced     Policy = "BALANCED"
	Aggressive   Policy = "AGGRESSIVE"
)

// Status says whether a feedback may be acted upon: only an Active one may. The values of the others are the safe ones.
type Status string

// The statuses.
const (
	WarmingUp Status = "WARMING_UP"
	Active    Status = "ACTIVE"
	Stale     Status = "STALE"
)

// Rules says which rules are in charge of a feedback. Empty: some that this library does not know.
type Rules string

// The kinds of rules.
const (
	ReferenceRules Rules = "REFERENCE"
	EvidenceRules  Rules = "EVIDENCE"
)

// Feedback is what the memory advises, whole: no earlier one is needed to read it.
//
// A time that is not known is the zero time (ask IsZero), never 1970. Do not change what its slices and pointers lead to:
// copies of a feedback share that.
type Feedback struct {
	// Revision is its position in the feedback log of Epoch; 0: nothing was published yet.
	Revision uint64 `json:"revision"`
	// Epoch names the feedback log that Revision counts in. Empty: not known yet.
	Epoch string `json:"epoch"`
	// Status says whether the values may be acted upon, as far as the server knew when it sent them. See SafeAt.
	Status Status `json:"status"`
	// PreferredRegime is the regime with the highest mean pnl, upper case; UnknownRegime when there is none.
	PreferredRegime string `json:"preferred_regime"`
	// UpdatedPolicy is the policy advised for PreferredRegime. An unknown one reads as Conservative.
	UpdatedPolicy Policy `json:"updated_policy"`
	// ConfidenceBoost says how well the preferred regime has paid, from 0 (badly) over 0.5 (neutral) to 1 (well).
	ConfidenceBoost float64 `json:"confidence_boost"`
	// LeverageHint is the advised leverage as a multiple of the base position.
	LeverageHint float64 `json:"leverage_hint"`
	// RegimePerformance has the figures of PreferredRegime. Nil while warming up.
	RegimePerformance *RegimePerformance `json:"regime_performance,omitempty"`
	// CurrentRegime is the regime of the newest regime observation, upper case; UnknownRegime when there is none.
	CurrentRegime string `json:"current_regime"`
	// Timestamp is when this was computed.
	Timestamp time.Time `json:"timestamp,omitzero"`
	// DataAsOf is the time of the newest input that the last successful sync had seen.
	DataAsOf time.Time `json:"data_as_of,omitzero"`
	// ValidUntil is until when the values may be acted upon, as known when this was sent; heartbeats move it on.
	ValidUntil time.Time `json:"valid_until,omitzero"`
	// Version is that of the rules that produced the values, for example "1.0.0".
	Version string `json:"version"`
	// Reasons say why the values are what they are, in the order in which the rules were applied.
	Reasons []Reason `json:"reasons,omitempty"`
	// BestPolicy has the highest mean realised pnl in PreferredRegime. Empty: too few trades to tell.
	BestPolicy Policy `json:"best_policy,omitempty"`
	// Rules says which rules gave the advice.
	Rules Rules `json:"rules,omitempty"`
	// Current is what these rules advise for CurrentRegime. Nil: nothing is known of it.
	Current *RegimeAdvice `json:"current,omitempty"`
	// Evidence is what all trades so far say about CurrentRegime, whichever rules are in charge. Nil before there is any.
	Evidence *Evidence `json:"evidence,omitempty"`
	// LeverageBoundBy names the cap that lowered LeverageHint, for example "risk:leverage_limits". Empty: none did.
	LeverageBoundBy string `json:"leverage_bound_by,omitempty"`
	// LeverageCaps are the limits on leverage in force, lowest first: leverage is never above one, whatever the status.
	LeverageCaps []LeverageCap `json:"leverage_caps,omitempty"`
	// Override is what an operator allows at most, or has set. Nil: nothing.
	Override *Override `json:"override,omitempty"`
	// Freeze says which revision an operator holds. Nil: none.
	Freeze *Freeze `json:"freeze,omitempty"`
	// Guard says how the drawdown guard stands, which has multiplied every leverage above. Nil: it is off.
	Guard *DrawdownGuard `json:"guard,omitempty"`
	// SkippedRevisions counts the revisions of the same epoch that a stream passed over right before this one.
	SkippedRevisions uint64 `json:"skipped_revisions,omitempty"`
	// EpochChanged says that a stream came to this from another epoch: history was lost in between.
	EpochChanged bool `json:"epoch_changed,omitempty"`
	// SentAt is when the server sent it, by the server's clock.
	SentAt time.Time `json:"sent_at,omitzero"`
}

// Override is what an operator allows at most, or where it is forced, has set.
type Override struct {
	// Policy is the boldest one, or the one that is set. Empty: it is left to the rules.
	Policy Policy `json:"policy,omitempty"`
	// Leverage is the highest one, or the one that is set. Nil: it is left to the rules.
	Leverage *float64 `json:"leverage,omitempty"`
	// IsForced says that it raises risk above what the rules say where it is above that; never above a cap on leverage.
	IsForced bool `json:"is_forced"`
	// Reason says why, as the operator has it.
	Reason string `json:"reason"`
	// SetBy names who has set it.
	SetBy string `json:"set_by"`
	// SetAt is when.
	SetAt time.Time `json:"set_at,omitzero"`
	// Until is when it ends.
	Until time.Time `json:"until,omitzero"`
	// RulesPolicy is UpdatedPolicy without it. Empty: not known.
	RulesPolicy Policy `json:"rules_policy,omitempty"`
	// RulesLeverageHint is LeverageHint without it. Nil: not known.
	RulesLeverageHint *float64 `json:"rules_leverage_hint,omitempty"`
	// RulesCurrentPolicy is Current.Policy without it. Empty: not known.
	RulesCurrentPolicy Policy `json:"rules_current_policy,omitempty"`
	// RulesCurrentLeverageHint is Current.LeverageHint without it. Nil: not known.
	RulesCurrentLeverageHint *float64 `json:"rules_current_leverage_hint,omitempty"`
}

// DrawdownGuard lowers leverage while results that followed the advice spread more widely than they usually do.
type DrawdownGuard struct {
	// Factor is what every leverage of the feedback has been multiplied by, 0.5 to 1.
	Factor float64 `json:"factor"`
	// Since is when the factor moved last. Zero: it never did.
	Since time.Time `json:"since,omitzero"`
	// Results counts those of trades that followed the advice so far; up to 60 the factor is 1.
	Results uint64 `json:"results"`
	// RecentSpread is the root mean square of the newest of them, in the unit of pnl.
	RecentSpread float64 `json:"recent_spread"`
	// UsualSpread is the root mean square of all of them, in the unit of pnl.
	UsualSpread float64 `json:"usual_spread"`
	// RecentLargestShare is that of a single result in the square of RecentSpread, 0 to 1.
	RecentLargestShare float64 `json:"recent_largest_share"`
	// UsualLargestShare is that of a single result in the square of UsualSpread. Near 1 the guard hardly notices the others.
	UsualLargestShare float64 `json:"usual_largest_share"`
}

// Freeze is the advice of one revision, which an operator holds whatever the inputs say; caps and overrides bind it.
type Freeze struct {
	// Revision is the one whose advice is held.
	Revision uint64 `json:"revision"`
	// Epoch is the one that it counts in.
	Epoch string `json:"epoch"`
	// Reason says why, as the operator has it.
	Reason string `json:"reason"`
	// SetBy names who holds it.
	SetBy string `json:"set_by"`
	// SetAt is since when.
	SetAt time.Time `json:"set_at,omitzero"`
	// Until is when it ends.
	Until time.Time `json:"until,omitzero"`
}

// RegimePerformance has the figures of one regime over the windows.
type RegimePerformance struct {
	// AvgPnl is the mean pnl of every entry that carries the regime, in the unit of the inputs.
	AvgPnl float64 `json:"avg_pnl"`
	// WinRate is wins over wins and losses together, 0 to 1. Nil when nothing was won or lost.
	WinRate *float64 `json:"win_rate,omitempty"`
	// SampleCount is the number of entries of all three windows that carry the regime.
	SampleCount uint64 `json:"sample_count"`
	// Wins are regime observations and trades with a positive pnl.
	Wins uint64 `json:"wins"`
	// Losses are regime observations and trades with a negative pnl.
	Losses uint64 `json:"losses"`
}

// Reason is one step of the reasoning behind a feedback.
type Reason struct {
	// Code is the stable name of the step, for example "POLICY_RULE".
	Code string `json:"code"`
	// Sentence is the step as one plain English sentence.
	Sentence string `json:"sentence"`
	// Comparisons are the numbers that the step compared, in that order.
	Comparisons []Comparison `json:"comparisons,omitempty"`
}

// Comparison is a number that a rule looked at, and what it was held against.
type Comparison struct {
	// Measurement is its name, for example "win_rate".
	Measurement string `json:"measurement"`
	// Value is nil when the measurement is not defined.
	Value *float64 `json:"value,omitempty"`
	// Operator is one of ">", ">=", "<", "<=", "=".
	Operator string `json:"operator"`
	// Threshold is what the value was compared with.
	Threshold float64 `json:"threshold"`
	// Holds says whether the comparison holds.
	Holds bool `json:"holds"`
}

// LeverageCap is a limit on leverage that another module has set.
type LeverageCap struct {
	// Source is the input that it was read from, for example "risk:leverage_limits".
	Source string `json:"source"`
	// Value is the highest leverage as a multiple of the base position; at least 0.
	Value float64 `json:"value"`
	// Since is when this value was first read.
	Since time.Time `json:"since,omitzero"`
}

// RegimeAdvice is what is advised for one regime.
type RegimeAdvice struct {
	Regime string `json:"regime"`
	// Policy is the one advised for it. An unknown one reads as Conservative.
	Policy Policy `json:"policy"`
	// ConfidenceBoost says how sure that is, 0 to 1.
	ConfidenceBoost float64 `json:"confidence_boost"`
	// LeverageHint is the advised leverage as a multiple of the base position.
	LeverageHint float64 `json:"leverage_hint"`
	// LeverageBoundBy names the cap that lowered the leverage. Empty: none did.
	LeverageBoundBy string `json:"leverage_bound_by,omitempty"`
	// IsProbe says that the policy is tried because it may turn out better, in place of the one the evidence recommends.
	IsProbe bool `json:"is_probe,omitempty"`
}

// Evidence is what all trades so far say about one regime.
type Evidence struct {
	Regime string `json:"regime"`
	// RecommendedPolicy is the one that the evidence recommends there. An unknown one reads as Conservative.
	RecommendedPolicy Policy `json:"recommended_policy"`
	// ConfidenceBoost is the probability that the mean pnl of the recommended policy is above 0.
	ConfidenceBoost float64 `json:"confidence_boost"`
	// LeverageHint is the leverage that the evidence bears, as a multiple of the base position.
	LeverageHint float64 `json:"leverage_hint"`
	// LeverageBoundBy names the cap that lowered the leverage. Empty: none did.
	LeverageBoundBy string `json:"leverage_bound_by,omitempty"`
	// Policies are the three policies, in the order of the risk they take.
	Policies []PolicyEvidence `json:"policies,omitempty"`
	// Cautions are what to know before trusting this, as stable names such as "ONE_POLICY_ONLY".
	Cautions []string `json:"cautions,omitempty"`
	// Observations are the trades in all regimes that this rests on.
	Observations uint64 `json:"observations"`
}

// PolicyEvidence is what all trades so far say about one policy in one regime. Money is in the unit of pnl.
type PolicyEvidence struct {
	// Policy is empty for one that this library does not know.
	Policy Policy `json:"policy,omitempty"`
	// Observations are the trades seen.
	Observations uint64 `json:"observations"`
	// EffectiveObservations are the equally weighted trades that would say as much. Nil without any.
	EffectiveObservations *float64 `json:"effective_observations,omitempty"`
	// MeanPnl is the posterior mean of the pnl of a trade, and IntervalLow and IntervalHigh bound its 90 % interval.
	MeanPnl      float64 `json:"mean_pnl"`
	IntervalLow  float64 `json:"interval_low"`
	IntervalHigh float64 `json:"interval_high"`
	// Utility is the mean pnl less the price of its risk.
	Utility float64 `json:"utility"`
	// ProbabilityBest is the probability that its utility is the highest of the three.
	ProbabilityBest float64 `json:"probability_best"`
	// ProbabilityBeatsConservative is that of a utility above that of Conservative. Nil for Conservative.
	ProbabilityBeatsConservative *float64 `json:"probability_beats_conservative,omitempty"`
	// ProbabilityMeanPositive is the probability that its mean pnl is above 0.
	ProbabilityMeanPositive float64 `json:"probability_mean_positive"`
	// MoreObservations is how many more of the regime it may take until it is recommended. Nil where not defined.
	MoreObservations *uint64 `json:"more_observations,omitempty"`
}

// Heartbeat is the sign of life of a stream, with the validity of what it last sent. Times are as in Feedback.
type Heartbeat struct {
	// Revision is the newest of the log of Epoch when this was sent.
	Revision uint64 `json:"revision"`
	Epoch    string `json:"epoch"`
	// Status is that of the feedback in force.
	Status     Status    `json:"status"`
	DataAsOf   time.Time `json:"data_as_of,omitzero"`
	ValidUntil time.Time `json:"valid_until,omitzero"`
	// Timestamp is when it was sent, by the server's clock.
	Timestamp time.Time `json:"timestamp,omitzero"`
	// LeverageCaps are the limits in force, lowest first.
	LeverageCaps []LeverageCap `json:"leverage_caps,omitempty"`
}

// warmingUp returns the feedback of whoever has heard nothing yet.
func warmingUp() Feedback {
	return Feedback{
		Status:          WarmingUp,
		PreferredRegime: UnknownRegime,
		UpdatedPolicy:   Conservative,
		LeverageHint:    SafeLeverage,
		CurrentRegime:   UnknownRegime,
		Rules:           ReferenceRules,
	}
}

// IsProbe tells whether UpdatedPolicy is a probe: that of the current regime, where that is the preferred one.
func (f Feedback) IsProbe() bool {
	return f.Current != nil && f.Current.IsProbe && f.Current.Regime == f.PreferredRegime
}

// IsOverridden tells whether an operator has a hand in the feedback.
func (f Feedback) IsOverridden() bool {
	return f.Override != nil || f.Freeze != nil
}
