package fleet

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

// A Responder is a token that proves which secret an account has without giving it away:
// by its response to a challenge that the token has not met before. Respond moves no
// counter. It returns oath.ErrUnsupported where it would have to, and Code's errors.
// It need not be safe for concurrent use.
type Responder interface {
	Respond(a oath.Account, challenge uint64) (oath.Response, error)
}

var (
	// ErrCounts says that an account was not compared on a key, as it counts: to ask for a
	// code would move its counter, and two counters need not agree.
	ErrCounts = errors.New("it counts its codes, and to compare them would move its counter")

	// ErrUntouched says that an account was not compared as that would take a touch.
	ErrUntouched = errors.New("it asks for a touch")

	// ErrNoChallenge says that a token has no way to prove what it holds.
	ErrNoChallenge = errors.New("the token answers no challenge")
)

// A Comparison is how tokens are compared.
type Comparison struct {
	Now    Clock
	Random io.Reader // the challenges are made of it; nil is crypto/rand

	// MayTouch is asked once, before the first of so many touches; false leaves out what
	// needs one. Nil is false.
	MayTouch func(touches int) bool
}

// A Verdict is what comparing one account came to.
type Verdict int

const (
	Alike      Verdict = iota // it is on every token, with the same secret
	Apart                     // tokens hold different secrets under the name
	Reshaped                  // the same secret yields other codes, by their number of digits
	Uncompared                // a token that has it could not be compared
	Lacking                   // it is not on every token
)

// An Answer is what a token that has an account showed of its secret.
type Answer struct {
	Member  *Member
	Account oath.Account // as the token reports it
	Group   int          // the same for the same secret, from 1; 0 if it was not compared
	Err     error        // why not

	first, last *oath.Response
}

// A Twin is an account of the same secret, and codes of the same length, under another ID.
type Twin struct {
	Member *Member
	ID     oath.ID
}

// A Compared is an account with what comparing it came to.
type Compared struct {
	Account oath.Account
	Answers []Answer  // of the tokens that have it, in their order
	Missing []*Member // these do not
	Twins   []Twin    // on those
	Chance  float64   // of tokens in one group to have different secrets all the same

	// AtPresent says that the challenge was the present time, which can be foreseen: a
	// token computes nothing for earlier times.
	AtPresent bool
}

// Verdict returns the gravest thing that there is to say of the account.
func (c Compared) Verdict() Verdict {
	verdict := Alike
	if len(c.Missing) > 0 {
		verdict = Lacking
	}
	group, digits := 0, 0
	for _, a := range c.Answers {
		switch {
		case a.Group == 0 && len(c.Answers) > 1:
			verdict = Uncompared
		case a.Group == 0:
			continue
		case group != 0 && a.Group != group:
			return Apart
		case digits != 0 && a.Digits() != 0 && a.Digits() != digits:
			return Reshaped
		}
		group, digits = cmp.Or(group, a.Group), cmp.Or(digits, a.Digits())
	}
	return verdict
}

// Digits returns how many a code has that the token computes, or 0 if it did not show.
// Of Steam's letters, no key says it.
func (a Answer) Digits() int {
	if a.first == nil || a.Account.IsSteam() {
		return 0
	}
	return a.first.Digits
}

// Compare finds out which tokens hold the same secrets. Every account that goes by the
// time is given the same challenge on each token, a random one, and computes its response:
// once, if tokens show responses as a whole. Where one shows truncated ones alone, or computes
// nothing for an earlier time than before, it is given a second challenge; never more.
//
// A challenge is a time step before the present one. So a token that only takes increasing
// ones is not made useless by it; and a response is no code that a service would take.
//
// The accounts come by label. The errors are about tokens that could not be asked; these
// are left out. It is ErrNoClock if there is none.
func (f Fleet) Compare(c Comparison) ([]Compared, error) {
	if c.Now == nil {
		return nil, ErrNoClock
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	p := comparing{
		Comparison: c, index: make(map[oath.ID]*Compared), challenges: make(map[int]uint64),
		lost: make(map[*Member]error), untouched: make(map[*Member]bool),
	}
	var failures []error
	for _, m := range f {
		if err := p.list(m); err != nil {
			failures = append(failures, &MemberError{m.Name, err})
		}
	}
	if p.now = c.Now().Unix(); p.now < minClock {
		return nil, errors.Join(append(failures, errClock)...)
	}
	for i := range p.rows {
		for _, m := range p.members {
			if !slices.ContainsFunc(p.rows[i].Answers, func(a Answer) bool { return a.Member == m }) {
				p.rows[i].Missing = append(p.rows[i].Missing, m)
			}
		}
	}
	slices.SortStableFunc(p.rows, func(a, b *Compared) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Account.Label()), strings.ToLower(b.Account.Label())),
			cmp.Compare(a.Account.ID(), b.Account.ID()))
	})
	if err := p.ask(); err != nil {
		return nil, errors.Join(append(failures, err)...)
	}
	rows := make([]Compared, len(p.rows))
	for i, row := range p.rows {
		row.group()
		p.findTwins(row)
		rows[i] = *row
	}
	return rows, errors.Join(failures...)
}

// minClock is a time before which no computer with a right clock runs this, in Unix time:
// the year 2020. Far before it, there would be few time steps to choose from.
const minClock = 1577836800

var errClock = errors.New("this computer's clock is years behind, and gives no challenges to compare with")

// A comparing is a comparison in progress.
type comparing struct {
	Comparison
	now        int64 // Unix time
	members    []*Member
	rows       []*Compared
	index      map[oath.ID]*Compared
	challenges map[int]uint64    // first ones, by the longest period under a label
	lost       map[*Member]error // why a token is asked no more
	untouched  map[*Member]bool  // no finger came
}

// list enters what a token has.
func (p *comparing) list(m *Member) error {
	token, err := m.Token()
	if err != nil {
		return err
	}
	entries, err := token.Codes(p.Now())
	if err != nil && entries == nil {
		return err
	}
	p.members = append(p.members, m)
	for _, e := range entries {
		id := e.Account.ID()
		row := p.index[id]
		if row == nil {
			row = &Compared{Account: e.Account}
			p.rows, p.index[id] = append(p.rows, row), row
		}
		row.Account = Complete(row.Account, e.Account)
		row.Answers = append(row.Answers, Answer{Member: m, Account: e.Account})
	}
	return err
}

// ask has the tokens respond.
func (p *comparing) ask() error {
	longest := make(map[string]int) // period under a label
	touches := 0
	for _, row := range p.rows {
		label := row.Account.Label()
		if row.Account.Period <= oath.MaxPeriod {
			longest[label] = max(longest[label], row.Account.Period, oath.DefaultPeriod)
		}
		for _, a := range row.Answers {
			if a.takesTouch() && len(row.Answers) > 1 {
				touches++
			}
		}
	}
	mayTouch := touches > 0 && p.MayTouch != nil && p.MayTouch(touches)
	for _, row := range p.rows {
		if row.Account.Period > oath.MaxPeriod { // there are too few time steps before the present one
			for i := range row.Answers {
				row.Answers[i].Err = fmt.Errorf("%w: its period is %d seconds", oath.ErrInvalid, row.Account.Period)
			}
			continue
		}
		period := longest[row.Account.Label()]
		challenge, drawn := p.challenges[period]
		if !drawn {
			var err error
			if challenge, err = p.draw(period, 0); err != nil {
				return err
			}
			p.challenges[period] = challenge
		}
		for i := range row.Answers {
			a := &row.Answers[i]
			if a.takesTouch() && (len(row.Answers) == 1 || !mayTouch || p.untouched[a.Member]) {
				a.Err = ErrUntouched
				continue
			}
			p.respond(a, challenge)
			a.first = a.last
		}
		if err := p.askAgain(row, period, challenge); err != nil {
			return err
		}
	}
	return nil
}

// takesTouch reports whether the token asks for a touch to respond. A vault and a sheet
// note what keys are to ask for, and ask for none.
func (a Answer) takesTouch() bool {
	token, _ := a.Member.Token()
	_, known := token.(Secrets)
	return a.Account.Touch && a.Account.Type != oath.HOTP && !a.Member.IsVault() && !known
}

// respond gives a token a challenge.
func (p *comparing) respond(a *Answer, challenge uint64) {
	if a.Err = p.lost[a.Member]; a.Err != nil {
		return
	}
	token, err := a.Member.Token()
	responder, ok := token.(Responder)
	var r oath.Response
	switch {
	case err != nil:
	case !ok:
		err = ErrNoChallenge
	default:
		r, err = responder.Respond(a.Account, challenge)
	}
	switch {
	case err == nil:
		a.last = &r
	case isLost(err) || errors.Is(err, oath.ErrSilent) || errors.Is(err, oath.ErrLocked):
		p.lost[a.Member] = err
	case errors.Is(err, oath.ErrTouchTimeout):
		p.untouched[a.Member] = true
	case a.Account.Type == oath.HOTP && errors.Is(err, oath.ErrUnsupported):
		err = ErrCounts
	}
	a.Err = err
}

// askAgain gives the tokens a second challenge if one has shown too little with the first.
func (p *comparing) askAgain(row *Compared, period int, first uint64) error {
	past, truncated, responses := false, false, 0
	for _, a := range row.Answers {
		past = past || errors.Is(a.Err, oath.ErrPast)
		truncated = truncated || a.last != nil && a.last.HMAC == nil
		if a.last != nil || errors.Is(a.Err, oath.ErrPast) {
			responses++
		}
	}
	if responses < 2 || !past && !truncated {
		return nil
	}
	second := row.Account.TimeStep(p.Now())
	if !past {
		var err error
		if second, err = p.draw(period, first); err != nil {
			return err
		}
	}
	row.AtPresent = past
	for i := range row.Answers {
		if a := &row.Answers[i]; a.Err == nil || errors.Is(a.Err, oath.ErrPast) {
			p.respond(a, second)
			if past {
				a.first = a.last
			}
		}
	}
	return nil
}

// draw returns a random time step of a period, before the present one, and not the one
// that was drawn before.
func (p *comparing) draw(period int, before uint64) (uint64, error) {
	for {
		n, err := rand.Int(p.Random, big.NewInt(p.now/int64(period)))
		if err != nil {
			return 0, fmt.Errorf("drawing a challenge: %w", err)
		}
		if challenge := n.Uint64(); challenge != 0 && challenge != before {
			return challenge, nil
		}
	}
}

// group finds out who has the same secret.
func (c *Compared) group() {
	groups := 0
	for i := range c.Answers {
		a := &c.Answers[i]
		if a.Err != nil || a.last == nil {
			continue
		}
		for _, other := range c.Answers[:i] {
			if other.Group == 0 {
				continue
			}
			same, chance := other.first.Equal(*a.first)
			same = same && other.Account.Type == a.Account.Type
			if a.first != a.last && other.first != other.last && same {
				var again float64
				same, again = other.last.Equal(*a.last)
				chance *= again
			}
			if same {
				a.Group, c.Chance = other.Group, max(c.Chance, chance)
				break
			}
		}
		if a.Group == 0 {
			groups++
			a.Group = groups
		}
	}
}

// findTwins looks on the tokens that lack an account for its secret under another ID:
// renamed, or with another period. Responses that are truncated do not show that.
func (p *comparing) findTwins(c *Compared) {
	for _, a := range c.Answers {
		if a.first == nil || a.first.HMAC == nil || c.AtPresent || len(c.Missing) == 0 {
			continue
		}
		for _, row := range p.rows {
			for _, other := range row.Answers {
				if other.first == nil || other.first.HMAC == nil || row.AtPresent || !slices.Contains(c.Missing, other.Member) {
					continue
				}
				if same, _ := a.first.Equal(*other.first); same && a.Account.Type == other.Account.Type && a.Digits() == other.Digits() {
					c.Twins = append(c.Twins, Twin{other.Member, other.Account.ID()})
				}
			}
		}
		return
	}
}
