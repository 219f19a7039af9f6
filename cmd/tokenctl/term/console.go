// Package term is where tokenctl meets its user. A [Console] writes results to
// standard output and all else to standard error; a [Terminal] asks questions of the
// person in front of it, wherever the standard streams lead. A [Remedy] is what to do
// about an error. The words for names, counts and lists are here as well.
package term

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/tokenctl/tokenctl/oath"
)

// A Console is what the commands share with the world.
type Console struct {
	In       io.Reader
	Out, Err io.Writer
	Now      func() time.Time
	Terminal *Terminal // nil if there is none

	Args     []string // of the command line: what of them may be secret, no error repeats
	Command  string   // as it was given: "tokenctl vault unlock"
	Vault    string   // the vault's folder, if it is known; hints name it instead of VaultPlace
	Remedies []Remedy // the first that fits counts

	// Unwritten is why a line of the result could not be written, if so.
	Unwritten error

	bar *Progress // that is shown, if one is
}

// secretIn is where a URI of an account, or of an export, has its secret.
var secretIn = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)((?:secret(?:=|%3d))|steam://|(?:otpauth-migration:\S*?data=))[^\s&"':]+`)
})

// Note writes lines that are not the result. A secret is left out of them, as where an
// error repeats what was pasted in the wrong place.
func (c *Console) Note(format string, args ...any) {
	c.bar.erase()
	text := secretIn().ReplaceAllString(printableLines(format, args...), "$1…")
	fmt.Fprintln(c.Err, Wrap(text, widthOf(c.Err)))
}

// PrintText writes sentences that are the result, wrapped for a person to read.
func (c *Console) PrintText(style Style, format string, args ...any) {
	text := Wrap(printableLines(format, args...), widthOf(c.Out))
	c.printRaw(Paint(c.Out, style, text))
}

// PrintLine writes a line of the result, [Printable]. An error ends up in Unwritten.
func (c *Console) PrintLine(line string) { c.printRaw(Printable(line)) }

func (c *Console) printRaw(line string) {
	if _, err := fmt.Fprintln(c.Out, line); err != nil {
		c.Unwritten = err
	}
}

// PrintJSON writes a result for other programs to read, and for a terminal to show: JSON
// leaves DEL, the control characters of ISO 6429 above it and marks of direction as they
// are; here they are written as \uXXXX, which means the same.
func (c *Console) PrintJSON(v any) error {
	var text, out bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return err
	}
	for _, r := range text.String() {
		if r == '\n' || unicode.IsGraphic(r) {
			out.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	_, err := c.Out.Write(out.Bytes())
	return err
}

// ShowsResults reports whether a person is looking at the results.
func (c *Console) ShowsResults() bool { return isTerminal(c.Out) }

// ShowsMessages reports whether a person is looking at what is not the result.
func (c *Console) ShowsMessages() bool {
	_, areKept := c.Err.(Notes)
	return areKept || isTerminal(c.Err)
}

// maxLine bounds a line of an error, in characters: what it names may have been refused
// because it is long.
const maxLine = 1000

// Report writes an error, with what to do about it, and returns the exit status.
func (c *Console) Report(err error) (status int) {
	if err == nil {
		return 0
	}
	for i, line := range strings.Split(Discreet(err.Error(), c.Args), "\n") {
		if i == 0 {
			line = "tokenctl: " + line
		}
		if runes := []rune(line); len(runes) > maxLine {
			line = string(runes[:maxLine]) + "…"
		}
		c.Note("%s", line)
	}
	var ambiguous *oath.AmbiguousError
	if errors.As(err, &ambiguous) {
		c.Note("  %s fits:", Discreet(strconv.Quote(ambiguous.Query), c.Args))
		for _, a := range ambiguous.Matches {
			c.Note("    %s", Printable(string(a.ID())))
		}
	}
	remedy := c.remedy(err)
	if remedy.Hint != "" {
		c.Note("  %s", strings.ReplaceAll(remedy.Hint, VaultPlace, Argument(oath.ID(c.Vault))))
	}
	if errors.Is(err, ErrPartly) { // the remedy is for the other part
		return ExitPartial
	}
	return remedy.Exit
}

func (c *Console) remedy(err error) Remedy {
	for _, r := range c.Remedies {
		if errors.Is(err, r.Of) {
			return r
		}
	}
	if errors.As(err, new(UsageError)) {
		return Remedy{err, ExitUsage, "See: " + c.Command + " --help"}
	}
	return Remedy{err, ExitFailure, ""}
}
