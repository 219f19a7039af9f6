package services

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/backup"
)

// Check compares codes with what is known of the service's. It returns hints, in
// whole sentences, none of which quotes a code.
func (s Service) Check(codes []string) []string {
	var hints []string
	if s.Codes == No && s.Form == "" {
		hints = append(hints, s.Name+s.verb("codes", " hands out no backup codes", " is not known to hand out backup codes")+".")
	}
	if s.Count > 0 && len(codes) != s.Count && !s.Adds {
		given := s.verb("count", " hands out ", " is thought to hand out ") + countOf(s.Count, "code")
		hints = append(hints, s.Name+given+"; here "+isAre(len(codes))+" "+strconv.Itoa(len(codes))+".")
	}
	if odd := s.odd(codes); len(odd) > 0 {
		hints = append(hints, s.formHint(odd, len(codes)))
	}
	return hints
}

// odd returns the places, from 1, of codes that have another form.
func (s Service) odd(codes []string) []int {
	form := s.Regexp()
	if form == nil {
		return nil
	}
	var places []int
	for i, code := range codes {
		if code != "" && !backup.Fits(form, code) {
			places = append(places, i+1)
		}
	}
	return places
}

func (s Service) formHint(odd []int, total int) string {
	which := "These codes do"
	switch {
	case len(odd) == 1:
		which = "Code " + strconv.Itoa(odd[0]) + " does"
	case len(odd) < total && len(odd) <= 5:
		which = "Codes " + enumerate(odd) + " do"
	case len(odd) < total:
		which = strconv.Itoa(len(odd)) + " of these codes do"
	}
	shape := ""
	if s.Shape != "" {
		shape = ", which have " + s.verb("form", "", "probably ") + s.Shape
	}
	return which + " not look like those of " + s.Name + shape + "."
}

// Renew tells in a few sentences where new codes are made, and what becomes of the
// old ones. It is empty if nothing is known.
func (s Service) Renew() string {
	return s.renew("New codes are made at: ", "New codes are probably made at: ")
}

// RenewAt is Renew to be put behind the words "New codes".
func (s Service) RenewAt() string { return s.renew("", "probably ") }

func (s Service) renew(fact, hint string) string {
	if s.Codes != Yes {
		return s.Instead
	}
	var sentences []string
	if s.Where != "" {
		sentences = append(sentences, s.verb("where", fact, hint)+s.Where+".")
	}
	sentences = append(sentences, s.fate())
	if s.Instead != "" {
		sentences = append(sentences, s.Instead)
	}
	return strings.Join(sentences, " ")
}

// fate tells what becomes of the old codes.
func (s Service) fate() string {
	switch {
	case s.Policy == backup.Replaced:
		return "The service itself puts a new code in the place of one that was used."
	case s.Policy == backup.DisablesTwoFactor:
		return "Using a code turns two-factor authentication off: turn it on again, and there is a new code."
	case s.Policy == backup.Reusable:
		return "The code stays good when it is used, until a new one replaces it."
	case s.Adds:
		return "A new code comes beside those before."
	}
	return "They replace the old ones, used or not."
}

// verb returns one of two ways to say something: for a fact, and for a hint.
func (s Service) verb(column, fact, hint string) string {
	if s.Sure(column) {
		return fact
	}
	return hint
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func countOf(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// enumerate writes numbers as "1, 2 and 5".
func enumerate(numbers []int) string {
	texts := strings.Fields(strings.Trim(fmt.Sprint(numbers), "[]"))
	last := len(texts) - 1
	return strings.Join(texts[:last], ", ") + " and " + texts[last]
}
