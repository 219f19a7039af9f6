// Package services holds what is known of the backup codes of each service, as
// data: whether it has any, how many, of what form, what it does with them, and
// where new ones are made. All of it may be out of date; it serves for hints, and
// never to refuse anything.
//
// The data is a table, services.tsv, and Read reads further ones of the same form:
// lines of cells with a tab between them, empty lines, and lines that begin with #.
// The first line names the columns, of which only the name is needed, in any order:
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
//	adds        yes if new codes come beside the old ones
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
	"regexp"
	"slices"

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
	Adds       bool     // new codes come beside the old ones; else they replace them
	ShownAgain Answer   // whether the service shows unused codes again
	Files      []string // names of the file that it offers for download, as patterns
	Where      string   // menu path and address of where new codes are made
	Instead    string   // whole sentences: what to do without codes, or what else to know
	Confidence Confidence

	// Unsure names columns that are hints though the rest is fact: "count", "form",
	// "policy", "where" and others.
	Unsure []string
}

// Sure reports whether what a column tells is a fact.
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
