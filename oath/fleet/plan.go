package fleet

import (
	"errors"
	"slices"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// A Fate is what enrolling an account on a token would come to.
type Fate int

const (
	Absent  Fate = iota // nothing of that ID is there: it would be stored
	Same                // it is there: the token computes the right code
	Taken               // another account has the ID: the token computes another code
	Present             // there is one of that ID, which could not be compared
	Unfit               // the token cannot hold it
	Moved               // it is there under another name; see [Fleet.ForeseeSync]
)

// A Forecast is what enrolling an account on one token would come to.
type Forecast struct {
	Member *Member
	Fate   Fate
	Err    error   // why it is Unfit, or Present and not compared
	From   oath.ID // where it is, if it is Moved
}

// A Plan is an account, with what enrolling it would come to on each token that could be
// asked.
type Plan struct {
	Account   oath.Account
	Secret    oath.Secret
	Forecasts []Forecast
}

// On returns what enrolling would come to on the token of that name.
func (p Plan) On(member string) (f Forecast, found bool) {
	i := slices.IndexFunc(p.Forecasts, func(f Forecast) bool { return f.Member.Name == member })
	if i < 0 {
		return Forecast{}, false
	}
	return p.Forecasts[i], true
}

// A Fitter is a token that knows, before it is given an account, whether it can hold such
// a one. Fits returns the error that Put would. It need not
// be safe for concurrent use.
type Fitter interface {
	Fits(a oath.Account) error
}

// Foresee fills in what enrolling the accounts would come to on each token. It asks each
// token once for all it has, and changes nothing: neither a counter nor what a token
// holds. The error is about tokens that could not be asked.
func (f Fleet) Foresee(plans []Plan, now Clock) error {
	var failures []error
	for _, m := range f {
		token, err := m.Token()
		if err != nil {
			failures = append(failures, &MemberError{m.Name, err})
			continue
		}
		at := now()
		there, err := held(token, at)
		if err != nil {
			failures = append(failures, &MemberError{m.Name, err})
		}
		if there == nil && err != nil {
			continue
		}
		fitter, _ := token.(Fitter)
		for i := range plans {
			p := &plans[i]
			forecast := Forecast{Member: m}
			entry, found := there[p.Account.ID()]
			switch {
			case found:
				forecast.Fate = p.compare(entry, at)
			case fitter != nil:
				if forecast.Err = fitter.Fits(p.Account); forecast.Err != nil {
					forecast.Fate = Unfit
				}
			}
			p.Forecasts = append(p.Forecasts, forecast)
		}
	}
	return errors.Join(failures...)
}

// held returns what a token has, with the codes that cost neither a touch nor a counter;
// of one that is locked, without codes.
func held(token oath.Token, at time.Time) (map[oath.ID]oath.Entry, error) {
	var entries []oath.Entry
	var err error
	if isLocked(token) {
		var accounts []oath.Account
		accounts, err = token.List()
		entries = entriesOf(accounts)
	} else {
		entries, err = token.Codes(at)
	}
	if err != nil && len(entries) == 0 {
		return nil, err
	}
	there := make(map[oath.ID]oath.Entry, len(entries))
	for _, e := range entries {
		there[e.Account.ID()] = e
	}
	return there, err
}

// compare compares the account that is there with the one that is wanted.
func (p *Plan) compare(there oath.Entry, at time.Time) Fate {
	expected, err := oath.Compute(p.Account, p.Secret, at)
	switch {
	case err != nil || there.Code.IsZero() || p.Account.Type == oath.HOTP:
		return Present
	case isSame(there.Code, expected):
		return Same
	}
	return Taken
}
