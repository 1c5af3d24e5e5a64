package strategicmemory

import (
	"fmt"
	"strings"

	pb "github.com/strategic-memory/strategic-memory/clients/go/strategicmemoryv1"
)

const (
	// highestLeverage is what no rules go above, as a multiple of the base position.
	highestLeverage = 2.0
	// slack is by how much a hint may be rounded above a cap.
	slack = 1e-9
)

// requirePortfolio returns an error of kind UnsupportedOperation for an answer that is about another portfolio than was asked
// for: a server of before there were any does not know the field, and answers about the only memory that it has.
func requirePortfolio(told, asked, address string) *Error {
	if told == asked {
		return nil
	}
	return &Error{Kind: UnsupportedOperation, Address: address, Message: fmt.Sprintf(
		"the service at %s answers about portfolio %q where %q was asked for, and nothing of it is used: it knows no "+
			"portfolios; upgrade it, or ask for none", address, told, asked)}
}

// requireWithinContract returns an error of kind InvalidAnswer, which names the fields, for what no server may say.
func requireWithinContract(wire *pb.Feedback, address string) *Error {
	var found violations
	highest := highestLeverage
	for _, limit := range wire.GetLeverageCaps() {
		if isFinite(limit.GetValue()) && limit.GetValue() >= 0 {
			highest = min(highest, limit.GetValue())
		}
	}
	highest += slack
	found.advice("", wire.GetLeverageHint(), wire.GetConfidenceBoost(), highest)
	if current := wire.GetCurrent(); current != nil {
		found.advice("current.", current.GetLeverageHint(), current.GetConfidenceBoost(), highest)
	}
	if evidence := wire.GetEvidence(); evidence != nil { // what was seen, which nobody acts upon
		found.advice("evidence.", evidence.GetLeverageHint(), evidence.GetConfidenceBoost(), highestLeverage)
	}
	found.within("regime_performance.win_rate", wire.GetRegimePerformance().GetWinRate(), 1)
	if len(found) == 0 {
		return nil
	}
	epoch := wire.GetEpoch()
	if epoch == "" {
		epoch = "no epoch"
	}
	return &Error{Kind: InvalidAnswer, Address: address, Violations: found, Message: fmt.Sprintf(
		"the service at %s says what cannot be (revision %d of %s: %s); it is taken as not heard: look for another program "+
			"that writes the feedback log in Redis", address, wire.GetRevision(), epoch, found)}
}

type violations []FieldViolation

func (v *violations) advice(where string, leverage, confidence, highest float64) {
	v.within(where+"leverage_hint", leverage, highest)
	v.within(where+"confidence_boost", confidence, 1)
}

func (v *violations) within(field string, value, highest float64) {
	if !(value >= 0 && value <= highest) { // NaN is not within either
		*v = append(*v, FieldViolation{field, fmt.Sprintf("is %g, not 0 to %g", value, highest)})
	}
}

func (v violations) String() string {
	named := make([]string, len(v))
	for index, one := range v {
		named[index] = one.Field + " " + one.Description
	}
	return strings.Join(named, "; ")
}
