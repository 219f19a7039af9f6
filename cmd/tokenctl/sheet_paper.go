package main

import (
	"os"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/backup/sheet/layout"
)

// letterLands print on Letter, by the paper sizes of Unicode's CLDR
// (supplementalData.xml, paperSize type="US-Letter").
var letterLands = []string{"BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"}

// choosePaper returns the paper of that name, or the one that is usual where the
// user lives.
func choosePaper(name string) (layout.Paper, error) {
	if name == "" {
		return usualPaper(), nil
	}
	paper, err := layout.ParsePaper(strings.ToLower(name))
	if err != nil {
		return paper, usageError{err}
	}
	return paper, nil
}

// media returns what CUPS calls a paper.
func media(p layout.Paper) string {
	if p == layout.Letter {
		return "Letter"
	}
	return "A4"
}

// usualPaper goes by the locale: LC_ALL, LC_PAPER and LANG, of which the first
// that is set counts (locale(7)).
func usualPaper() layout.Paper {
	for _, variable := range []string{"LC_ALL", "LC_PAPER", "LANG"} {
		if locale := os.Getenv(variable); locale != "" {
			if slices.Contains(letterLands, landOf(locale)) {
				return layout.Letter
			}
			break
		}
	}
	return layout.A4
}

// landOf returns the territory of a locale: US in en_US.UTF-8@euro.
func landOf(locale string) string {
	_, land, _ := strings.Cut(locale, "_")
	if end := strings.IndexAny(land, ".@"); end >= 0 {
		land = land[:end]
	}
	return strings.ToUpper(land)
}
