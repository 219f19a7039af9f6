package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/backup/sheet/layout"
)

// A sheetSeal is what keeps a sheet from those who find it.
type sheetSeal struct {
	encrypt bool
	source  passwordSource
	split   string // K-of-N

	need, shares int    // of split, set by check; 0 if it is not split
	passphrase   string // set by prepare
}

func (s *sheetSeal) addFlags(c *cobra.Command) {
	c.Flags().BoolVar(&s.encrypt, "encrypt", false, "seal the sheet with a passphrase, which is not printed on it")
	s.source.addFlags(c, "sheet-passphrase", "the sheet's new passphrase")
	c.Flags().StringVar(&s.split, "split", "", "make N sheets, any K of which open everything: `K-of-N`, as in 2-of-3")
	c.MarkFlagsMutuallyExclusive("encrypt", "split")
}

func (s *sheetSeal) check() error {
	if s.source.isGiven() && !s.encrypt {
		return usagef("the sheet's passphrase is for --encrypt")
	}
	if s.split == "" {
		return nil
	}
	numbers := regexp.MustCompile(`^([0-9]{1,4})-of-([0-9]{1,4})$`).FindStringSubmatch(s.split)
	if numbers == nil {
		return usagef("--split %q is not of the form K-of-N, as in 2-of-3", s.split)
	}
	s.need, _ = strconv.Atoi(numbers[1])
	s.shares, _ = strconv.Atoi(numbers[2])
	if s.need < 2 || s.shares < s.need || s.shares > sheet.MaxShares {
		return usagef("--split %s: K is 2 or more, and N at least K and at most %d", s.split, sheet.MaxShares)
	}
	return nil
}

// sheets returns how many sheets it makes of one.
func (s *sheetSeal) sheets() int { return max(1, s.shares) }

// isNone reports whether whoever has one sheet has what is on it.
func (s *sheetSeal) isNone() bool { return !s.encrypt && s.shares == 0 }

// prepare asks for the passphrase, if one is wanted.
func (s *sheetSeal) prepare(ctx context.Context, p *program, yes bool) (err error) {
	if s.encrypt {
		s.passphrase, err = p.newPassphraseOf(ctx, "the sheet", s.source, yes)
	}
	return err
}

// seal makes of a sheet the documents to be printed.
func (s *sheetSeal) seal(content sheet.Sheet, random io.Reader) (documents []layout.Document, err error) {
	var one layout.Document
	switch {
	case s.shares > 0:
		documents, err = content.Split(s.need, s.shares, random)
	case s.encrypt:
		one, err = content.Encrypt(s.passphrase, workFactor)
		documents = []layout.Document{one}
	default:
		one, err = content.Plain()
		documents = []layout.Document{one}
	}
	if err != nil {
		return nil, fmt.Errorf("making the sheet: %w", err)
	}
	return documents, nil
}
