package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/backup/sheet"
)

// reportSheet tells what became of the sheet, and what to do with it. What is
// lacking on it, and what went wrong after it was made, is an error all the same.
func (p *program) reportSheet(made madeSheet, o sheetOptions, lacking, failed error) error {
	p.noteSheet(made, o.output, o.seal)
	var err error
	if o.json {
		err = p.printJSON(describeSheet(made, o))
	}
	if lacking != nil {
		lacking = fmt.Errorf("%w: the sheet lacks what could not be read:\n%w", errPartly, lacking)
	}
	return errors.Join(err, failed, lacking)
}

func (p *program) reportNothingNew(o sheetOptions, lacking error) error {
	p.note("There is nothing new since the last sheet. Nothing was printed.")
	if o.json {
		return errors.Join(p.printJSON(nothingNew), lacking)
	}
	return lacking
}

// noteSheet tells what is on a sheet, where it is, and what to do with it.
func (p *program) noteSheet(made madeSheet, to sheetOutput, seal sheetSeal) {
	name := fmt.Sprintf("Recovery sheet %d, with %s,", made.Number, contentsOf(made.Sheet))
	switch {
	case to.print:
		p.note("%s went to the printer: %s", name, printable(strings.Join(made.done, "; ")))
	case to.file != "-":
		p.note("%s is in %s.", name, printable(strings.Join(made.done, ", ")))
	}
	if n := countOnKeysAlone(made.Sheet); n > 0 {
		p.note("%s on keys alone, and not wholly on the sheet: a secret cannot be read back from a key.",
			plural(n, "1 account is", fmt.Sprintf("%d accounts are", n)))
	}
	p.noteKeeping(made, to, seal)
}

// noteKeeping tells how to keep a sheet.
func (p *program) noteKeeping(made madeSheet, to sheetOutput, seal sheetSeal) {
	switch {
	case seal.shares > 0:
		p.note("Any %d of the %d sheets open it. Keep them apart from each other.", seal.need, seal.shares)
	case seal.encrypt:
		p.note("Without its passphrase nobody can read it, and the passphrase is kept nowhere.")
	}
	switch {
	case to.print:
		p.note("Printers, and computers that print for others, may keep a copy of what they print.")
	case to.file != "-" && seal.isNone():
		p.note("Whoever has the file has what is on it. Delete it once it is printed.")
	}
	if made.Supersedes > 0 && !made.Partial {
		p.note("It takes the place of sheet %d, and of those kept with it: destroy them, once this one is checked.", made.Supersedes)
	}
	p.note("Scan it once it is on paper, and see that it can be read back: tokenctl sheet verify SCAN")
}

// contentsOf counts what is on a sheet.
func contentsOf(s sheet.Sheet) string {
	var codes int
	for _, e := range s.Entries {
		if generationOf(e.Codes) > 0 {
			codes++
		}
	}
	counted := []string{plural(len(s.Entries), "1 account", fmt.Sprintf("%d accounts", len(s.Entries)))}
	if s.VaultKey != "" {
		counted = append(counted, "the vault's key")
	}
	if codes > 0 {
		counted = append(counted, fmt.Sprintf("backup codes of %d", codes))
	}
	return enumerate(counted)
}

// countOnKeysAlone returns how many accounts are named on a sheet that no vault has
// the secret of.
func countOnKeysAlone(s sheet.Sheet) (n int) {
	for _, e := range s.Entries {
		if fingerprint(e.Key) == "" && len(e.Where) > 0 && !slices.Contains(e.Where, vaultName) {
			n++
		}
	}
	return n
}

// plural returns what to say of one, or of several.
func plural(n int, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}
