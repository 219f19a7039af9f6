package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

// codeFields are what a codeFormat can show, by the names that JSON has for it; left, which
// JSON has not, is for how many seconds the code is still valid.
var codeFields = []string{"code", "id", "issuer", "name", "tokens", "period", "valid_until", "left", "reason"}

// A codeFormat is a template for the line of an account, as --format takes it.
type codeFormat string

func (f *codeFormat) String() string { return string(*f) }
func (f *codeFormat) Type() string   { return "TEMPLATE" }

// Set takes a template with fields as in {code}, and \n, \t, \\ and \{.
func (f *codeFormat) Set(template string) error {
	if template == "" {
		return errors.New("the template is empty")
	}
	unknown := strings.NewReplacer(`\\`, "_", `\{`, "_").Replace(template)
	unknown = fill(unknown, func(string) string { return "_" })
	switch at := strings.IndexAny(unknown, `\{`); {
	case at < 0:
		*f = codeFormat(template)
		return nil
	case unknown[at] == '\\':
		return errors.New("a backslash must be followed by n, t, { or another one")
	default:
		field, _, _ := strings.Cut(unknown[at+1:], "}")
		return fmt.Errorf("unknown field %q: it must be one of {%s}", field, strings.Join(codeFields, "}, {"))
	}
}

// fill replaces the fields and escapes of a template, all at once: what a field holds is
// not looked at again.
func fill(template string, value func(field string) string) string {
	pairs := []string{`\n`, "\n", `\t`, "\t", `\\`, `\`, `\{`, "{"}
	for _, field := range codeFields {
		pairs = append(pairs, "{"+field+"}", value(field))
	}
	return strings.NewReplacer(pairs...).Replace(template)
}

// line returns what the template makes of an account. What there is not is empty; what is
// not printable is escaped.
func (f codeFormat) line(h fleet.Holding, now time.Time) string {
	j := describeHolding(h)
	values := map[string]string{
		"code": j.Code, "id": j.ID, "issuer": j.Issuer, "name": j.Name, "tokens": strings.Join(j.Tokens, ","), "reason": j.Reason,
	}
	if j.Period > 0 {
		values["period"] = strconv.Itoa(j.Period)
	}
	if j.ValidUntil != nil {
		values["valid_until"] = j.ValidUntil.Format(time.RFC3339)
		values["left"] = strconv.Itoa(roundUp(h.Code.Remaining(now)))
	}
	return fill(string(f), func(field string) string { return term.Printable(values[field]) })
}

// completeFormat completes the last field of a template, or begins another.
func completeFormat(_ *cobra.Command, _ []string, word string) (templates []string, _ cobra.ShellCompDirective) {
	before := word
	if at := strings.LastIndexByte(word, '{'); at > strings.LastIndexByte(word, '}') {
		before = word[:at]
	}
	for _, field := range codeFields {
		templates = append(templates, before+"{"+field+"}")
	}
	return templates, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}
