package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

var update = flag.Bool("update", false, "write the manual pages anew")

// manual is the folder of the manual pages.
const manual = "../../docs/man"

// TestManual compares the manual pages with what the commands say of themselves.
func TestManual(t *testing.T) {
	var names []string
	walkCommands(newRootCommand(&program{}), func(c *cobra.Command) {
		name := pageName(c) + ".1"
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
			t.Errorf("%s: what it does is not told in a few words: %q", c.CommandPath(), c.Short)
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s --%s is not explained", c.CommandPath(), f.Name)
			}
		})
		for line := range strings.Lines(c.Long + "\n" + c.Example) {
			if len([]rune(line)) > 85 {
				t.Errorf("%s: a line of its help is too long: %q", c.CommandPath(), line)
			}
		}
	})
}

// walkCommands visits a command and all below it that are told of.
func walkCommands(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, child := range c.Commands() {
		if !child.Hidden {
			walkCommands(child, visit)
		}
	}
}

func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// renderPage returns the manual page of a command, man(7).
func renderPage(c *cobra.Command) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, ".TH %s 1 \"\" tokenctl \"User Commands\"\n", strings.ToUpper(roff(pageName(c))))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(pageName(c)), roff(c.Short))
	arguments, _ := strings.CutPrefix(c.UseLine(), c.CommandPath())
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n%s\n", roff(c.CommandPath()), roff(synopsis(c, arguments)))
	b.WriteString(".SH DESCRIPTION\n")
	renderParagraphs(&b, c)
	renderCommands(&b, c)
	renderFlags(&b, c)
	if c.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(c.Example))
	}
	fmt.Fprintf(&b, ".SH EXIT STATUS\n.nf\n%s.fi\n", roff(term.ExitStatuses))
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
		if !child.Hidden {
			fmt.Fprintf(w, ".TP\n.B %s\n%s\n", roff(child.Name()), roff(child.Short))
		}
	}
}

func renderFlags(w io.Writer, c *cobra.Command) {
	if !c.HasAvailableLocalFlags() {
		return
	}
	fmt.Fprintln(w, ".SH OPTIONS")
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		fmt.Fprintln(w, ".TP")
		name := `\fB` + roff("--"+f.Name) + `\fR`
		if f.Shorthand != "" {
			name = `\fB` + roff("-"+f.Shorthand) + `\fR, ` + name
		}
		value, usage := pflag.UnquoteUsage(f)
		if value != "" {
			name += ` \fI` + roff(value) + `\fR`
		}
		fmt.Fprintf(w, "%s\n%s\n", name, roff(usage))
	})
}

// seeAlso returns the pages above and below a command's.
func seeAlso(c *cobra.Command) []string {
	var pages []string
	add := func(c *cobra.Command) { pages = append(pages, fmt.Sprintf(".BR %s (1)", roff(pageName(c)))) }
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
