// Package services holds what is known of the backup codes of each service, as
// data: whether it has any, how many, of what form, what it does with them, and
// where new ones are made. All of it may be out of date; it serves for hints, and
// never to refuse anything.
//
// The data is a table, services.tsv, and Read reads further ones of the same form:
// lines of cells with a tab between them, empty lines, and lines that begin with #.
// The first line names the columns, in any order; only the name is needed:
//
//	name        "GitHub"
//	domain      "github.com"; empty for software that people run themselves
//	aliases     further names and domains, with semicolons between them
//	codes       yes, no, or nothing if that is not known
//	count       how many there are at once
//	form        a regular expression that each code fits
//	shape       the same in words
//	example     of that form, and nobody's code
//	policy      as backup.Policy says it; any order, if there is nothing
//	adds        yes if new codes come beside the old ones, no if they replace them
//	shown       yes or no: whether unused codes are shown again
//	files       names of the file that is offered for download, with * for
//	            anything, and semicolons between them
//	where       the menu path of where new codes are made
//	address     the same as an address on the web
//	instead     what to do without codes, or what else to know of them
//	confidence  fact or hint; fact, if there is nothing
//	unsure      columns that are but hints in a row of facts, with semicolons
package services

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/backup"
)

// An Answer is yes, no, or unknown, which is its zero value.
type Answer byte

const (
	Unknown Answer = iota
	Yes
	No
)

// A Confidence is how well founded a Service is.
type Confidence byte

const (
	Hint Confidence = iota // may be out of date or wrong; say so
	Fact                   // read in the service's own documents or source code
)

// A Service is what is known of one service.
type Service struct {
	Name    string   // "GitHub"
	Domain  string   // "github.com"; empty for software that people run themselves
	Aliases []string // further names and domains

	Codes      Answer // whether it hands out one-time codes
	Count      int    // how many at once; 0 if unknown
	Form       string // a regular expression that each code fits; empty if unknown
	Shape      string // the same in words: "8 digits"
	Example    string // of the right form, and nobody's code
	Policy     backup.Policy
	Adds       Answer   // whether new codes come beside the old ones, rather than replace them
	ShownAgain Answer   // whether the service shows unused codes again
	Files      []string // names of the file that it offers for download, as patterns
	Where      string   // menu path and address of where new codes are made
	Instead    string   // whole sentences: what to do without codes, or what else to know
	Confidence Confidence

	// Unsure names columns that are hints though the rest is fact: "count", "form",
	// "policy", "where" and others.
	Unsure []string
}

// Sure reports whether what a column says is a fact.
func (s Service) Sure(column string) bool {
	return s.Confidence == Fact && !slices.Contains(s.Unsure, column)
}

// Regexp returns the Form compiled, nil if it is not known.
func (s Service) Regexp() *regexp.Regexp {
	if s.Form == "" {
		return nil
	}
	form, err := regexp.Compile(s.Form)
	if err != nil {
		return nil // Read refuses such a form
	}
	return form
}

// Check compares codes with what is known of the service's. It returns hints, in
// whole sentences, and quotes no code.
func (s Service) Check(codes []string) []string {
	var hints []string
	if s.Codes == No && s.Form == "" {
		hints = append(hints, s.Name+s.verb("codes", " hands out no backup codes", " is not known to hand out backup codes")+".")
	}
	if s.Count > 0 && len(codes) != s.Count && s.Adds != Yes {
		given, are := "codes", "are"
		if s.Count == 1 {
			given = "code"
		}
		if len(codes) == 1 {
			are = "is"
		}
		handsOut := s.verb("count", " hands out ", " is thought to hand out ")
		hints = append(hints, fmt.Sprintf("%s%s%d %s; here %s %d.", s.Name, handsOut, s.Count, given, are, len(codes)))
	}
	form := s.Regexp()
	var odd []int // the places, from 1, of codes that have another form
	for i, code := range codes {
		if form != nil && code != "" && !backup.Fits(form, code) {
			odd = append(odd, i+1)
		}
	}
	if len(odd) > 0 {
		hints = append(hints, s.formHint(odd, len(codes)))
	}
	return hints
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

// Describe says in whole sentences what is known, before there are any codes: whether the
// service hands them out, how many and of what form, what using one costs, and where new
// ones are made.
func (s Service) Describe() (sentences []string) {
	switch {
	case s.Codes == No:
		return append(sentences, s.Name+s.verb("codes", " hands out no backup codes.", " is not known to hand out backup codes."), s.Instead)
	case s.Codes == Unknown:
		return append(sentences, "Whether "+s.Name+" hands out backup codes is not known.", s.Instead)
	}
	many := "backup codes"
	if s.Count > 0 {
		many = fmt.Sprintf("%s%d at once", s.verb("count", "", "probably "), s.Count)
	}
	sentences = append(sentences, s.Name+s.verb("codes", " hands out backup codes", " is thought to hand out backup codes")+strings.TrimSuffix(": "+many, ": backup codes")+".")
	if s.Shape != "" {
		sentences = append(sentences, "Each "+s.verb("form", "has ", "probably has ")+s.Shape+strings.TrimSuffix(", as in "+s.Example, ", as in ")+".")
	}
	switch s.ShownAgain {
	case Yes:
		sentences = append(sentences, "The service "+s.verb("shown", "shows", "probably shows")+" unused ones again.")
	case No:
		sentences = append(sentences, "They are "+s.verb("shown", "shown", "probably shown")+" once.")
	}
	if len(s.Files) > 0 {
		sentences = append(sentences, "The file that it offers for download is called "+strings.Join(s.Files, " or ")+".")
	}
	return append(sentences, s.Renew())
}

// Renew says in a few sentences where new codes are made, and what becomes of the
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

// fate says what becomes of the old codes, as far as it is known.
func (s Service) fate() string {
	switch {
	case s.Policy == backup.Replaced:
		return s.verb("policy", "The service itself replaces", "The service itself probably replaces") + " a used code by a new one."
	case s.Policy == backup.DisablesTwoFactor:
		return "Using a code " + s.verb("policy", "turns", "may turn") + " two-factor authentication off: turn it on again, and there is a new code."
	case s.Policy == backup.Reusable:
		return "The code " + s.verb("policy", "stays", "probably stays") + " good when it is used, until a new one replaces it."
	case s.Adds == Yes:
		return "A new code " + s.verb("adds", "comes", "probably comes") + " beside those before."
	case s.Adds == No:
		return "They " + s.verb("adds", "replace", "probably replace") + " the old ones, used or not."
	}
	return "Whether the old ones still work then is not known."
}

// verb returns one of two ways to say something: for a fact, and for a hint.
func (s Service) verb(column, fact, hint string) string {
	if s.Sure(column) {
		return fact
	}
	return hint
}

// enumerate writes numbers as "1, 2 and 5".
func enumerate(numbers []int) string {
	texts := strings.Fields(strings.Trim(fmt.Sprint(numbers), "[]"))
	last := len(texts) - 1
	return strings.Join(texts[:last], ", ") + " and " + texts[last]
}
