package services

import (
	_ "embed"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
)

// A Catalog is a list of services. Of several that fit a name the first counts.
type Catalog struct{ list []Service }

//go:embed services.tsv
var table string

var known = sync.OnceValue(readTable)

func readTable() Catalog {
	// A test checks it, which takes a hundred times as long as reading it.
	c, err := read(strings.NewReader(table), func(Service) error { return nil })
	if err != nil {
		panic("services.tsv, which is part of the program: " + err.Error())
	}
	return c
}

// Known returns the catalog that comes with tokenctl.
func Known() Catalog { return known() }

// Before returns a catalog in which those of c come before those of others.
func (c Catalog) Before(others Catalog) Catalog {
	return Catalog{append(slices.Clip(c.list), others.list...)}
}

// All returns all services of the catalog.
func (c Catalog) All() []Service { return slices.Clone(c.list) }

// Lookup finds a service by its name, domain or alias, whole and in any case. A
// domain may be given as an address, with https:// and www. before it.
func (c Catalog) Lookup(issuer string) (Service, bool) {
	name := strings.TrimSpace(issuer)
	host := hostOf(name)
	for _, s := range c.list {
		if s.isCalled(name) || s.isCalled(host) {
			return s, true
		}
	}
	return Service{}, false
}

// Of returns the service that an account is at: the one that the record of its
// codes names, or its issuer. One that the catalog does not know has but its Name.
func (c Catalog) Of(id oath.ID, record backup.Record) Service {
	a := id.Account(oath.TypeUnknown)
	issuer := a.Issuer
	if issuer == "" {
		issuer = a.Name
	}
	for _, name := range []string{record.Service, issuer} {
		if s, found := c.Lookup(name); found {
			return s
		}
	}
	return Service{Name: issuer}
}

func (s Service) isCalled(name string) bool {
	same := func(other string) bool { return strings.EqualFold(name, other) }
	return name != "" && (same(s.Name) || same(s.Domain) || slices.ContainsFunc(s.Aliases, same))
}

func hostOf(address string) string {
	for _, prefix := range []string{"https://", "http://", "www."} {
		if len(address) > len(prefix) && strings.EqualFold(address[:len(prefix)], prefix) {
			address = address[len(prefix):]
		}
	}
	host, _, _ := strings.Cut(address, "/")
	return host
}

// OfFile finds the service that offers a file of that name for download, as it is
// or with what browsers add to a second one: "github-recovery-codes (1).txt".
func (c Catalog) OfFile(name string) (Service, bool) {
	name = strings.ToLower(withoutCopy(name))
	for _, s := range c.list {
		for _, pattern := range s.Files {
			if ok, _ := path.Match(strings.ToLower(pattern), name); ok {
				return s, true
			}
		}
	}
	return Service{}, false
}

func withoutCopy(name string) string {
	extension := path.Ext(name)
	base := strings.TrimSuffix(name, extension)
	if open := strings.LastIndex(base, "("); open > 0 && strings.HasSuffix(base, ")") {
		if inner := base[open+1 : len(base)-1]; inner != "" && strings.Trim(inner, "0123456789") == "" {
			base = strings.TrimRight(base[:open], " ")
		}
	}
	return base + extension
}
