package services

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup"
)

// A column is one of the table's, and sets what it is about.
type column struct {
	name string
	set  func(s *Service, cell string) error
}

var columns = []column{
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

// Read reads a catalog in the form that the package comment shows. Errors have the
// number of the line.
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
		var err error
		cells := strings.Split(line, "\t")
		switch {
		case !utf8.ValidString(line):
			err = errors.New("not UTF-8")
		case head == nil:
			head, err = headOf(cells)
		default:
			var s Service
			if s, err = serviceOf(head, cells); err == nil {
				err = check(s)
			}
			c.list = append(c.list, s)
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

// columnOf returns the place of a column, -1 if none has the name.
func columnOf(name string) int {
	return slices.IndexFunc(columns, func(c column) bool { return c.name == name })
}

func serviceOf(head []int, cells []string) (Service, error) {
	if len(cells) > len(head) {
		return Service{}, fmt.Errorf("%d cells for %d columns", len(cells), len(head))
	}
	s := Service{Confidence: Fact}
	for i, cell := range cells {
		if cell = strings.TrimSpace(cell); cell == "" {
			continue
		}
		c := columns[head[i]]
		if err := c.set(&s, cell); err != nil {
			return Service{}, fmt.Errorf("%s: %w", c.name, err)
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

func setAnswer(a *Answer, cell string) error {
	switch strings.ToLower(cell) {
	case "yes":
		*a = Yes
	case "no":
		*a = No
	default:
		return fmt.Errorf("%q is neither yes nor no", cell)
	}
	return nil
}

func setAdds(s *Service, cell string) error {
	var a Answer
	err := setAnswer(&a, cell)
	s.Adds = a == Yes
	return err
}

func setCount(s *Service, cell string) error {
	n, err := strconv.Atoi(cell)
	if err != nil || n < 1 || n > backup.MaxCodes {
		return fmt.Errorf("%q is no number from 1 to %d", cell, backup.MaxCodes)
	}
	s.Count = n
	return nil
}

func setPolicy(s *Service, cell string) (err error) {
	s.Policy, err = backup.ParsePolicy(strings.ToLower(cell))
	return err
}

func setFiles(s *Service, cell string) error {
	s.Files = listOf(cell)
	for _, pattern := range s.Files {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("%q: %w", pattern, err)
		}
	}
	return nil
}

func setConfidence(s *Service, cell string) error {
	switch strings.ToLower(cell) {
	case "fact":
		s.Confidence = Fact
	case "hint":
		s.Confidence = Hint
	default:
		return fmt.Errorf("%q is neither fact nor hint", cell)
	}
	return nil
}

// listOf parts a cell at its semicolons.
func listOf(cell string) []string {
	var list []string
	for _, element := range strings.Split(cell, ";") {
		if element = strings.TrimSpace(element); element != "" {
			list = append(list, element)
		}
	}
	return list
}

// join writes a path and an address behind each other.
func join(path, address string) string {
	if path == "" || address == "" {
		return path + address
	}
	return path + ", or " + address
}
