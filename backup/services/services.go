// Package services holds what is known of the backup codes of each service, as
// data: whether it has any, how many, of what form, what it does with them, and
// where new ones are made.
package services

import (
	"io"

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
	Example    string // of the right form, and no one's code
	Policy     backup.Policy
	Adds       bool     // new codes come beside the old ones; else they replace them
	ShownAgain Answer   // whether the service shows unused codes again
	Files      []string // names of the file that it offers for download
	Where      string   // menu path, and address, of where new codes are made
	Instead    string   // what to do where there are no codes, or beside them
	Confidence Confidence
}

// A Catalog is a list of services. Of several that fit a name the first counts.
type Catalog struct{ list []Service }

// Known returns the catalog that comes with tokenctl.
func Known() Catalog { return Catalog{} }

// Read reads a catalog in the form of the one that comes with tokenctl. Errors
// tell the line.
func Read(r io.Reader) (Catalog, error) { return Catalog{}, nil }

// Before returns a catalog in which those of c come before those of others.
func (c Catalog) Before(others Catalog) Catalog { return c }

// All returns all services of the catalog.
func (c Catalog) All() []Service { return c.list }

// Lookup finds a service by its name, domain or alias, whole, in any case.
func (c Catalog) Lookup(issuer string) (Service, bool) { return Service{}, false }

// Lookup finds a service among the Known ones.
func Lookup(issuer string) (Service, bool) { return Known().Lookup(issuer) }

// Check compares codes with what is known of the service's. It returns hints, in
// whole sentences, none of which quotes a code.
func (s Service) Check(codes []string) []string { return nil }

// Renew tells in one or two sentences where new codes are made, and what becomes
// of the old ones.
func (s Service) Renew() string { return "" }
