package services

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/backup"
)

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
