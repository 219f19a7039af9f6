package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

var update = flag.Bool("update", false, "write manual pages and documents anew")

// manual is the folder of the manual pages.
const manual = "../../docs/man"

// TestManual compares the manual pages with what the commands say of themselves.
func TestManual(t *testing.T) {
	var names []string
	walkCommands(newRootCommand(&program{}), func(c *cobra.Command) {
		name := pageName(c) + "." + sectionOf(c)
		names = append(names, name)
		path, want := filepath.Join(manual, name), renderPage(c)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the command says; go test -run Manual -update writes it anew", path)
		}
	})
	pages, err := os.ReadDir(manual)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if !slices.Contains(names, page.Name()) {
			t.Errorf("%s is of no command", page.Name())
		}
	}
}

// TestHelp makes sure that commands and flags are explained.
func TestHelp(t *testing.T) {
	walkCommands(newRootCommand(&program{}), func(c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: what it does is not said in a few words: %q", c.CommandPath(), c.Short)
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s --%s is not explained", c.CommandPath(), f.Name)
			}
		})
		for line := range strings.Lines(term.Reflow(c.Long) + "\n" + c.Example) {
			if strings.HasPrefix(line, " ") && len([]rune(line)) > term.LineWidth {
				t.Errorf("%s: a line of its help is too long: %q", c.CommandPath(), line)
			}
		}
	})
}

// mostFlags is how many flags of a group a reader can take in.
const mostFlags = 12

// TestFlagGroups makes sure that nobody has to read what is said of a flag on every page,
// or finds a long list without an order.
func TestFlagGroups(t *testing.T) {
	secret := regexp.MustCompile(`pass|\bpin\b|\bkey\b|secret|\bcode\b`)
	source := regexp.MustCompile(`-(file|command|stdin)$`)
	on := make(map[string][]string) // the commands that explain a flag, by its name and explanation
	walkCommands(newRootCommand(&program{}), func(c *cobra.Command) {
		for _, s := range term.FlagSections(c) {
			if len(s.Flags) > mostFlags && s.Topic == "" {
				t.Errorf("%s has %d flags under %q: put some that belong together into a group, with term.GroupFlags", c.CommandPath(), len(s.Flags), s.Title)
			}
			for _, f := range s.Flags {
				if secret.MatchString(f.Name) && source.MatchString(f.Name) && s.Title == "Options" {
					t.Errorf("%s --%s is where a secret comes from: put it into a group of such, with term.GroupFlags", c.CommandPath(), f.Name)
				}
				if s.Topic == "" && c.Runnable() && f.Name != "json" && f.Name != "yes" {
					explained := "--" + f.Name + ": " + f.Usage
					on[explained] = append(on[explained], c.CommandPath())
				}
			}
		}
	})
	for explained, commands := range on {
		if len(commands) > 4 {
			t.Errorf("%s\n  is on %d pages, of %s:\n  put it into term.TokenFlags, term.SecretFlags or term.SourceFlags, with term.GroupFlags, and into addSharedFlags", explained, len(commands), strings.Join(commands, ", "))
		}
	}
}

// TestExamples makes sure that each command has an example, whose flags and arguments it
// takes.
func TestExamples(t *testing.T) {
	walkCommands(newRootCommand(&program{}), func(c *cobra.Command) {
		if c.Runnable() && c.HasParent() && c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for line := range strings.Lines(c.Example) {
			_, command, isOurs := strings.Cut(line, "tokenctl ")
			command, _, _ = strings.Cut(command, " | ")
			words := strings.Fields(strings.ReplaceAll(command, "'", ""))
			if !isOurs || !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: an example is a line that begins with two spaces, and has tokenctl in it: %q", c.CommandPath(), line)
				continue
			}
			found, args, err := newRootCommand(&program{}).Find(words)
			if err != nil || found.CommandPath() != c.CommandPath() {
				t.Errorf("%s: its example is of another command: %q", c.CommandPath(), line)
				continue
			}
			if err := found.ParseFlags(args); err == nil {
				err = errors.Join(found.ValidateArgs(found.Flags().Args()), found.ValidateRequiredFlags(), found.ValidateFlagGroups())
			}
			if err != nil {
				t.Errorf("%s: %q: %v", c.CommandPath(), line, err)
			}
		}
	})
}

// walkCommands visits a command and all below it that are shown.
func walkCommands(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, child := range c.Commands() {
		if !child.Hidden {
			walkCommands(child, visit)
		}
	}
}

// sectionOf returns the section of the manual that a page is in: 7 is for what several
// commands have in common.
func sectionOf(c *cobra.Command) string {
	if c.IsAdditionalHelpTopicCommand() {
		return "7"
	}
	return "1"
}

func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// renderPage returns the manual page of a command, man(7).
func renderPage(c *cobra.Command) []byte {
	addSharedFlags(c)
	var b bytes.Buffer
	volume := map[string]string{"1": "User Commands", "7": "Miscellanea"}[sectionOf(c)]
	fmt.Fprintf(&b, ".TH %s %s \"\" tokenctl \"%s\"\n", strings.ToUpper(roff(pageName(c))), sectionOf(c), volume)
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(pageName(c)), roff(c.Short))
	if sectionOf(c) == "1" {
		arguments, _ := strings.CutPrefix(c.UseLine(), c.CommandPath())
		fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n%s\n", roff(c.CommandPath()), roff(synopsis(c, arguments)))
	}
	b.WriteString(".SH DESCRIPTION\n")
	renderParagraphs(&b, c)
	renderCommands(&b, c)
	renderFlags(&b, c)
	if c.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(c.Example))
	}
	if sectionOf(c) == "1" {
		b.WriteString(".SH EXIT STATUS\n0 if all was done; for others see\n.BR tokenctl\\-exit\\-codes (7).\n")
	}
	fmt.Fprintf(&b, ".SH SEE ALSO\n%s\n", strings.Join(seeAlso(c), ",\n"))
	return b.Bytes()
}

func synopsis(c *cobra.Command, arguments string) string {
	if c.HasAvailableSubCommands() && !c.Runnable() {
		return "COMMAND"
	}
	return strings.TrimSpace(arguments)
}

// renderParagraphs writes the help's text. Lines that are indented, as in lists,
// stay as they are.
func renderParagraphs(w io.Writer, c *cobra.Command) {
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	for i, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			fmt.Fprintln(w, ".PP")
		}
		if strings.HasPrefix(paragraph, "  ") {
			fmt.Fprintf(w, ".nf\n%s\n.fi\n", roff(paragraph))
		} else {
			fmt.Fprintln(w, roff(paragraph))
		}
	}
}

func renderCommands(w io.Writer, c *cobra.Command) {
	if !c.HasAvailableSubCommands() {
		return
	}
	fmt.Fprintln(w, ".SH COMMANDS")
	for _, child := range c.Commands() {
		if child.IsAvailableCommand() {
			fmt.Fprintf(w, ".TP\n.B %s\n%s\n", roff(child.Name()), roff(child.Short))
		}
	}
}

func renderFlags(w io.Writer, c *cobra.Command) {
	for i, s := range term.FlagSections(c) {
		if i == 0 {
			fmt.Fprintln(w, ".SH OPTIONS")
		}
		if s.Title != "Options" {
			fmt.Fprintf(w, ".SS %s\n", roff(s.Title))
		}
		if s.Topic != "" {
			names := strings.Join(mapSlice(s.Flags, func(f *pflag.Flag) string { return `\fB` + roff("--"+f.Name) + `\fR` }), ",\n")
			fmt.Fprintf(w, "%s; see\n.BR tokenctl\\-%s (7).\n", names, s.Topic)
			continue
		}
		for _, f := range s.Flags {
			name, value, _ := strings.Cut(term.FlagName(f), " ")
			name = `\fB` + roff(name) + `\fR`
			if value != "" {
				name += ` \fI` + roff(value) + `\fR`
			}
			if f.Shorthand != "" {
				name = `\fB` + roff("-"+f.Shorthand) + `\fR, ` + name
			}
			fmt.Fprintf(w, ".TP\n%s\n%s\n", name, roff(term.FlagUsage(f)))
		}
	}
}

// seeAlso returns the pages above and below a command's.
func seeAlso(c *cobra.Command) []string {
	var pages []string
	add := func(c *cobra.Command) {
		pages = append(pages, fmt.Sprintf(".BR %s (%s)", roff(pageName(c)), sectionOf(c)))
	}
	if c.HasParent() {
		add(c.Parent())
	} else {
		pages = append(pages, ".BR pcscd (8)", ".BR age (1)")
	}
	for _, child := range c.Commands() {
		if !child.Hidden {
			add(child)
		}
	}
	return pages
}

// roff escapes what would be a request, or another character, groff_char(7).
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`, `'`, `\(aq`, `~`, `\(ti`, `^`, `\(ha`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
