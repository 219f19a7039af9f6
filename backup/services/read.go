package services

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup"
)

// columns are the names of all columns, and what each does to a service.
var columns = []struct {
	name string
	set  func(s *Service, cell string) error
}{
	{"name", func(s *Service, cell string) error { s.Name = cell; return nil }},
	{"domain", func(s *Service, cell string) error { s.Domain = cell; return nil }},
	{"aliases", func(s *Service, cell string) error { s.Aliases = listOf(cell); return nil }},
	{"codes", func(s *Service, cell string) error { return setAnswer(&s.Codes, cell) }},
	{"count", setCount},
	{"form", func(s *Service, cell string) error { s.Form = cell; return nil }},
	{"shape", func(s *Service, cell string) error { s.Shape = cell; return nil }},
	{"example", func(s *Service, cell string) error { s.Example = cell; return nil }},
	{"policy", setPolicy},
	{"adds", setAdds},
	{"shown", func(s *Service, cell string) error { return setAnswer(&s.ShownAgain, cell) }},
	{"files", setFiles},
	{"where", func(s *Service, cell string) error { s.Where = join(cell, s.Where); return nil }},
	{"address", func(s *Service, cell string) error { s.Where = join(s.Where, cell); return nil }},
	{"instead", func(s *Service, cell string) error { s.Instead = cell; return nil }},
	{"confidence", setConfidence},
	{"unsure", func(s *Service, cell string) error { s.Unsure = listOf(strings.ToLower(cell)); return nil }},
}

// Read reads a catalog in the form that the package comment tells. Errors tell the
// line.
func Read(r io.Reader) (Catalog, error) { return read(r, Service.check) }

// read reads a catalog whose services pass a check.
func read(r io.Reader, check func(Service) error) (Catalog, error) {
	var c Catalog
	var head []int // of columns
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimPrefix(lines.Text(), "\ufeff")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		err := errNotText
		if utf8.ValidString(line) {
			head, err = c.line(head, strings.Split(line, "\t"))
		}
		if n := len(c.list); err == nil && n > 0 {
			err = check(c.list[n-1])
		}
		if err != nil {
			return Catalog{}, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return Catalog{}, fmt.Errorf("behind %d services: %w", len(c.list), err)
	}
	return c, nil
}

var errNotText = errors.New("not UTF-8")

// line reads the line that names the columns, or one with a service.
func (c *Catalog) line(head []int, cells []string) ([]int, error) {
	if head == nil {
		return headOf(cells)
	}
	s, err := serviceOf(head, cells)
	if err == nil {
		c.list = append(c.list, s)
	}
	return head, err
}

func headOf(cells []string) ([]int, error) {
	var head []int
	for _, cell := range cells {
		name := strings.ToLower(strings.TrimSpace(cell))
		i := columnOf(name)
		if i < 0 {
			return nil, fmt.Errorf("no column is called %q; the first line names the columns, with tabs between them", name)
		}
		if slices.Contains(head, i) {
			return nil, fmt.Errorf("the column %q comes twice", name)
		}
		head = append(head, i)
	}
	if !slices.Contains(head, 0) {
		return nil, errors.New("the column name is missing")
	}
	return head, nil
}

func columnOf(name string) int {
	for i, c := range columns {
		if c.name == name {
			return i
		}
	}
	return -1
}

func serviceOf(head []int, cells []string) (Service, error) {
	if len(cells) > len(head) {
		return Service{}, fmt.Errorf("%d cells for %d columns", len(cells), len(head))
	}
	s := Service{Confidence: Fact}
	for i, cell := range cells {
		column := columns[head[i]]
		if cell = strings.TrimSpace(cell); cell == "" {
			continue
		}
		if err := column.set(&s, cell); err != nil {
			return Service{}, fmt.Errorf("%s: %w", column.name, err)
		}
	}
	return s, nil
}

// check reports what fits together badly in a row.
func (s Service) check() error {
	if s.Name == "" {
		return errors.New("name: there is none")
	}
	form, err := regexp.Compile(s.Form)
	if err != nil {
		return fmt.Errorf("form: %w", err)
	}
	if s.Form != "" && s.Example != "" && !backup.Fits(form, s.Example) {
		return errors.New("example: it is not of the form")
	}
	for _, name := range s.Unsure {
		if columnOf(name) < 0 {
			return fmt.Errorf("unsure: no column is called %q", name)
		}
	}
	return nil
}
