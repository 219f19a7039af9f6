package term

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Groups of flags that many commands have. A help topic explains them, once.
const (
	TokenFlags  = "Which tokens"
	SecretFlags = "Where secrets come from"
	SourceFlags = "Where to read from"
)

// Groups of flags that some commands have.
const (
	OwnSecretFlags = "Other secrets"
	AccountFlags   = "The account"
	ServerFlags    = "For a server of your own"
	PaperFlags     = "Where the sheet goes"
	FormFlags      = "The form of the codes"
)

// topics are the names of those help topics.
var topics = map[string]string{TokenFlags: "tokens", SecretFlags: "secrets", SourceFlags: "sources"}

const groupAnnotation = "tokenctl_group"

// GroupFlags puts flags into a group of the help, under its title.
func GroupFlags(f *pflag.FlagSet, group string, names ...string) {
	for _, name := range names {
		if err := f.SetAnnotation(name, groupAnnotation, []string{group}); err != nil {
			panic(err) // there is no such flag
		}
	}
}

// A FlagSection is a group of a command's flags.
type FlagSection struct {
	Title string
	Topic string // that explains them, but for the topic's own page; "" if they are explained here
	Flags []*pflag.Flag
}

// FlagSections returns the flags of a command by their groups: first its own, last those
// that it shares with many.
func FlagSections(c *cobra.Command) (sections []FlagSection) {
	sections = []FlagSection{{Title: "Options"}}
	isTopic := !c.Runnable() && !c.HasSubCommands()
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		group := sections[0].Title
		if annotated := f.Annotations[groupAnnotation]; len(annotated) > 0 {
			group = annotated[0]
		}
		topic := topics[group]
		switch {
		case f.Hidden || f.Name == "help" || isTopic && topic != c.Name():
			return
		case isTopic:
			topic = ""
		}
		i := slices.IndexFunc(sections, func(s FlagSection) bool { return s.Title == group })
		if i < 0 {
			i = len(sections)
			sections = append(sections, FlagSection{Title: group, Topic: topic})
		}
		sections[i].Flags = append(sections[i].Flags, f)
	})
	place := func(s FlagSection) int {
		return slices.Index([]string{"", topics[SourceFlags], topics[TokenFlags], topics[SecretFlags]}, s.Topic)
	}
	slices.SortStableFunc(sections, func(a, b FlagSection) int { return place(a) - place(b) })
	return slices.DeleteFunc(sections, func(s FlagSection) bool { return len(s.Flags) == 0 })
}

// FlagName returns a flag as it is typed, with the name of its value.
func FlagName(f *pflag.Flag) string {
	value, _ := pflag.UnquoteUsage(f)
	switch {
	case value == "":
		return "--" + f.Name
	case f.NoOptDefVal != "":
		return "--" + f.Name + "[=" + value + "]"
	}
	return "--" + f.Name + " " + value
}

// FlagUsage explains a flag.
func FlagUsage(f *pflag.Flag) string {
	_, usage := pflag.UnquoteUsage(f)
	usage = strings.ReplaceAll(usage, "\n", " ")
	if !slices.Contains([]string{"", "0", "0s", "[]", "false"}, f.DefValue) && !strings.Contains(usage, "default") {
		usage += " (default " + f.DefValue + ")"
	}
	return usage
}

// PrintHelp explains a command, in lines of [LineWidth] columns at most.
func (c *Console) PrintHelp(of *cobra.Command) {
	width := LineWidth
	if w := c.Width(); w > 0 {
		width = min(width, w)
	}
	head := func(title string) { c.printRaw("\n" + Paint(c.Out, Bold, title+":")) }
	table := func(rows [][]string) {
		for _, line := range (Table{Rows: rows}).Lines(width, c.Out) {
			c.printRaw(line)
		}
	}
	text := of.Long
	if text == "" {
		text = of.Short + "."
	}
	c.printRaw(Wrap(Reflow(text), width))
	if of.Runnable() || of.HasSubCommands() {
		head("Usage")
		if of.Runnable() {
			c.printRaw(Wrap("  "+of.UseLine(), width))
		}
		if of.HasAvailableSubCommands() {
			c.printRaw("  " + of.CommandPath() + " COMMAND")
		}
	}
	if of.HasExample() {
		head("Examples")
		c.printRaw(of.Example)
	}
	for _, group := range append(of.Groups(), &cobra.Group{Title: "More"}) {
		var rows [][]string
		for _, child := range of.Commands() {
			if child.GroupID == group.ID && child.IsAvailableCommand() {
				rows = append(rows, []string{"  " + child.Name(), child.Short})
			}
		}
		if len(rows) > 0 {
			title := group.Title
			if len(of.Groups()) == 0 {
				title = "Commands"
			}
			head(title)
			table(rows)
		}
	}
	for _, s := range FlagSections(of) {
		var rows [][]string
		var names []string
		for _, f := range s.Flags {
			name := "      "
			if f.Shorthand != "" {
				name = "  -" + f.Shorthand + ", "
			}
			rows = append(rows, []string{name + FlagName(f), FlagUsage(f)})
			names = append(names, "--"+f.Name)
		}
		if s.Topic == "" {
			head(s.Title)
			table(rows)
		} else {
			head(fmt.Sprintf("%s (see tokenctl help %s)", s.Title, s.Topic))
			c.printRaw(Wrap("  "+strings.Join(names, ", "), width))
		}
	}
	if of.HasHelpSubCommands() {
		var rows [][]string
		for _, child := range of.Commands() {
			if child.IsAdditionalHelpTopicCommand() {
				rows = append(rows, []string{"  tokenctl help " + child.Name(), child.Short})
			}
		}
		head("Explained once for all commands")
		table(rows)
	}
	if of.Runnable() {
		c.printRaw(Wrap("\nThe exit status is 0 if all was done; for others: tokenctl help exit-codes", width))
	}
}

// Reflow joins the lines of each paragraph, but of those that are indented, as lists are.
func Reflow(text string) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		if !strings.HasPrefix(p, " ") && !strings.Contains(p, "\n ") {
			paragraphs[i] = strings.ReplaceAll(p, "\n", " ")
		}
	}
	return strings.Join(paragraphs, "\n\n")
}
