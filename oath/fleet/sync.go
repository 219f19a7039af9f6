package fleet

import (
	"errors"
	"slices"

	"github.com/tokenctl/tokenctl/oath"
)

// A Stray is an account on a token that none of the plans is about.
type Stray struct {
	Member  *Member
	Account oath.Account
}

// errUncompared says that a token went away before it was compared.
var errUncompared = errors.New("it was not compared")

// sourceName is what the plans are called among the tokens that they are compared with.
const sourceName = "plans"

// ForeseeSync fills in what Foresee does, proved by challenges as in [Fleet.Compare]: what
// is the Same, what is Taken by another secret, and what is Moved, as the token has its
// secret under another name that no plan has. It returns what else is on the tokens. What
// could not be compared is Present. The plans have different IDs. The
// error joins those of Foresee and Compare.
func (f Fleet) ForeseeSync(plans []Plan, c Comparison) ([]Stray, error) {
	if c.Now == nil {
		return nil, ErrNoClock
	}
	failures := []error{f.Foresee(plans, c.Now)}
	asked := slices.DeleteFunc(slices.Clone(f), func(m *Member) bool {
		return !slices.ContainsFunc(plans, func(p Plan) bool { _, found := p.On(m.Name); return found }) && len(plans) > 0
	})
	source := &Member{Name: sourceName, Open: func() (oath.Token, error) { return NewSecrets(plans), nil }}
	rows, err := append(asked, source).Compare(c)
	failures = append(failures, err)
	for i := range plans { // unless the comparison comes to more
		for j := range plans[i].Forecasts {
			if forecast := &plans[i].Forecasts[j]; forecast.Fate == Present {
				forecast.Err = errUncompared
			}
		}
	}
	var strays []Stray
	planned := make(map[oath.ID]*Plan, len(plans))
	for i := range plans {
		planned[plans[i].Account.ID()] = &plans[i]
	}
	moved := make(map[*Member]map[oath.ID]bool)
	for _, row := range rows {
		p := planned[row.Account.ID()]
		if p == nil {
			continue
		}
		own := row.Answers[len(row.Answers)-1] // the source comes last
		for _, a := range row.Answers[:len(row.Answers)-1] {
			forecast := p.on(a.Member)
			switch {
			case forecast == nil:
			case a.Group == 0:
				forecast.Fate, forecast.Err = Present, a.Err
			case a.Group != own.Group || a.Digits() != own.Digits():
				forecast.Fate, forecast.Err = Taken, nil
			default:
				forecast.Fate, forecast.Err = Same, nil
			}
		}
		for _, twin := range row.Twins {
			forecast := p.on(twin.Member)
			if forecast == nil || forecast.Fate != Absent || planned[twin.ID] != nil || moved[twin.Member][twin.ID] ||
				twin.ID.Label() == row.Account.Label() {
				continue
			}
			forecast.Fate, forecast.From = Moved, twin.ID
			if moved[twin.Member] == nil {
				moved[twin.Member] = make(map[oath.ID]bool)
			}
			moved[twin.Member][twin.ID] = true
		}
	}
	for _, row := range rows {
		if planned[row.Account.ID()] != nil {
			continue
		}
		for _, a := range row.Answers {
			if !moved[a.Member][row.Account.ID()] {
				strays = append(strays, Stray{a.Member, a.Account})
			}
		}
	}
	return strays, errors.Join(failures...)
}

// on is On, to change it.
func (p *Plan) on(m *Member) *Forecast {
	i := slices.IndexFunc(p.Forecasts, func(f Forecast) bool { return f.Member == m })
	if i < 0 {
		return nil
	}
	return &p.Forecasts[i]
}
