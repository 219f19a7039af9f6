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

var columns = []string{
	"name", "domain", "aliases", "codes", "count", "form", "shape", "example", "policy", "adds", "shown", "files", "where",
	"address", "instead", "confidence", "unsure",
}

// Read reads a catalog in the form that the package comment shows. Errors have the
// number of the line.
func Read(r io.Reader) (Catalog, error) { return read(r, Service.check) }

// read reads a catalog whose services pass a check.
func read(r io.Reader, check func(Service) error) (Catalog, error) {
	var c Catalog
	var head []string // the columns of this table
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

func headOf(cells []string) ([]string, error) {
	var head []string
	for _, cell := range cells {
		name := strings.ToLower(strings.TrimSpace(cell))
		if !slices.Contains(columns, name) {
			return nil, fmt.Errorf("unknown column %q; the first line names the columns, with tabs between them", name)
		}
		if slices.Contains(head, name) {
			return nil, fmt.Errorf("the column %q appears twice", name)
		}
		head = append(head, name)
	}
	if !slices.Contains(head, "name") {
		return nil, errors.New("the column name is missing")
	}
	return head, nil
}

func serviceOf(head, cells []string) (Service, error) {
	if len(cells) > len(head) {
		return Service{}, fmt.Errorf("%d cells for %d columns", len(cells), len(head))
	}
	s := Service{Confidence: Fact}
	for i, cell := range cells {
		if cell = strings.TrimSpace(cell); cell == "" {
			continue
		}
		if err := s.set(head[i], cell); err != nil {
			return Service{}, fmt.Errorf("%s: %w", head[i], err)
		}
	}
	return s, nil
}

// set takes over what a cell says.
func (s *Service) set(column, cell string) (err error) {
	switch column {
	case "name":
		s.Name = cell
	case "domain":
		s.Domain = cell
	case "aliases":
		s.Aliases = listOf(cell)
	case "codes":
		s.Codes, err = answerOf(cell)
	case "count":
		s.Count, err = strconv.Atoi(cell)
		if err != nil || s.Count < 1 || s.Count > backup.MaxCodes {
			err = fmt.Errorf("invalid number %q: must be from 1 to %d", cell, backup.MaxCodes)
		}
	case "form":
		s.Form = cell
	case "shape":
		s.Shape = cell
	case "example":
		s.Example = cell
	case "policy":
		s.Policy, err = backup.ParsePolicy(strings.ToLower(cell))
	case "adds":
		s.Adds, err = answerOf(cell)
	case "shown":
		s.ShownAgain, err = answerOf(cell)
	case "files":
		s.Files = listOf(cell)
	case "where":
		s.Where = strings.TrimSuffix(cell+", or "+s.Where, ", or ")
	case "address":
		s.Where = strings.TrimPrefix(s.Where+", or "+cell, ", or ")
	case "instead":
		s.Instead = cell
	case "confidence":
		switch strings.ToLower(cell) {
		case "fact":
		case "hint":
			s.Confidence = Hint
		default:
			err = fmt.Errorf("%q is neither fact nor hint", cell)
		}
	case "unsure":
		s.Unsure = listOf(strings.ToLower(cell))
	}
	return err
}

func answerOf(cell string) (Answer, error) {
	switch strings.ToLower(cell) {
	case "yes":
		return Yes, nil
	case "no":
		return No, nil
	}
	return Unknown, fmt.Errorf("%q is neither yes nor no", cell)
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

// check reports what fits together badly in a row.
func (s Service) check() error {
	if s.Name == "" {
		return errors.New("name: missing")
	}
	form, err := regexp.Compile(s.Form)
	if err != nil {
		return fmt.Errorf("form: %w", err)
	}
	if s.Form != "" && s.Example != "" && !backup.Fits(form, s.Example) {
		return errors.New("example: it is not of the form")
	}
	for _, pattern := range s.Files {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("files: %q: %w", pattern, err)
		}
	}
	for _, name := range s.Unsure {
		if !slices.Contains(columns, name) {
			return fmt.Errorf("unsure: unknown column %q", name)
		}
	}
	return nil
}
