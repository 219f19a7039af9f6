package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/shell"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

var scripts = map[string]string{"bash": shell.Bash, "zsh": shell.Zsh, "fish": shell.Fish, "powershell": shell.PowerShell}

func newCompletionCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash | zsh | fish | powershell",
		Short: "Print what completes command lines in a shell",
		Long: "Completion prints a script that makes the shell complete commands, flags, names of\n" +
			"accounts and serial numbers. It asks for no password and touches no key: names come\n" +
			"from the ledger and the vault's folder. Packages and \"make install\" put\n" +
			"the scripts where the shells look for them.",
		Example: "  source <(tokenctl completion bash)\n" +
			"  tokenctl completion fish > ~/.config/fish/completions/tokenctl.fish",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: slices.Sorted(maps.Keys(scripts)),
		RunE: func(c *cobra.Command, args []string) error {
			_, err := p.Out.Write([]byte(scripts[args[0]]))
			return err
		},
	}
}

// bashCommand is what the script for bash asks, with the line up to the cursor and
// $COMP_WORDBREAKS. Other shells take their lines apart themselves, and ask cobra.
const bashCommand = "__bash"

// completes reports whether a command line is a question of a shell.
func completes(args []string) bool {
	return len(args) > 0 && slices.Contains([]string{bashCommand, cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd}, args[0])
}

// completeBash prints what fits a line, as bash is to insert it. The first line of what it
// prints says whether files fit, too, and whether no space follows.
func (p *program) completeBash(args []string) {
	if len(args) != 2 {
		return
	}
	line := shell.ParseLine(args[0], args[1])
	if len(line.Words) == 0 {
		return
	}
	var answer bytes.Buffer
	root := newRootCommand(p)
	p.addCompletions(root)
	root.SetArgs(slices.Concat([]string{cobra.ShellCompNoDescRequestCmd}, line.Words[1:], []string{line.Word}))
	root.SetOut(&answer)
	root.SetErr(&bytes.Buffer{})
	if root.Execute() != nil {
		return
	}
	offered := strings.Split(strings.TrimSuffix(answer.String(), "\n"), "\n")
	last := len(offered) - 1
	number, _ := strconv.Atoi(strings.TrimPrefix(offered[last], ":"))
	flag := ""
	if strings.HasPrefix(line.Word, "-") {
		flag = line.Word[:strings.IndexByte(line.Word, '=')+1]
	}
	var fitting bytes.Buffer
	for _, name := range offered[:last] {
		if text, fits := line.Insert(flag + name); fits {
			fmt.Fprintln(&fitting, text)
		}
	}
	options := ""
	if directive := cobra.ShellCompDirective(number); fitting.Len() == 0 && directive&cobra.ShellCompDirectiveNoFileComp == 0 {
		options = "files"
	} else if directive&cobra.ShellCompDirectiveNoSpace != 0 {
		options = "nospace"
	}
	fmt.Fprintf(p.Out, "%s\n%s", options, fitting.String())
}

// accountArguments are the commands whose arguments are accounts, and how many of them.
var accountArguments = map[string]int{
	"code": 1, "rename": 1, "delete": 1, "export": 1000, "vault resolve": 1,
	"backup add": 1, "backup use": 1, "backup list": 1, "backup keep": 1, "backup forget": 1,
}

// addCompletions has commands complete what only this computer knows.
func (p *program) addCompletions(c *cobra.Command) {
	path := strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" ")
	switch n := accountArguments[path]; {
	case n > 0:
		c.ValidArgsFunction = func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) < n {
				return p.knownAccounts(c), cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveDefault
		}
	case path == "keys forget" || path == "vault remove-key":
		c.ValidArgsFunction = p.completeSerials
	case path == "compare":
		c.ValidArgsFunction = p.completeTokens
	case c.Args != nil && c.Args(c, []string{"any"}) != nil && c.ValidArgs == nil:
		c.ValidArgsFunction = cobra.NoFileCompletions
	}
	completeAccounts := func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return p.knownAccounts(c), cobra.ShellCompDirectiveNoFileComp
	}
	for flag, complete := range map[string]cobra.CompletionFunc{
		"device": p.completeSerials, "to": p.completeTokens, "select": completeAccounts, "account": completeAccounts,
	} {
		typed := flag == "account" && path != "sheet" || flag == "select" && path != "sync" // of what is not there yet
		if c.Flags().Lookup(flag) != nil && !typed {
			c.RegisterFlagCompletionFunc(flag, complete)
		}
	}
	for _, child := range c.Commands() {
		p.addCompletions(child)
	}
}

// knownAccounts returns the accounts that the ledger and the locked vault have, as far as
// a shell can show their names, and take them.
func (p *program) knownAccounts(c *cobra.Command) []string {
	known := make(map[oath.ID]bool)
	for _, id := range p.readLedger().IDs() {
		known[id] = true
	}
	for _, k := range p.open.KnownKeys() {
		for _, id := range k.IDs() {
			known[id] = true
		}
	}
	var options open.VaultOptions
	if f := c.Flags().Lookup("vault"); f != nil {
		options.Dir = f.Value.String()
	}
	if v, err := p.open.Vault(c.Context(), options); err == nil {
		accounts, _ := v.List() // those that can be read
		for _, a := range accounts {
			known[a.ID()] = true
		}
		v.Close()
	}
	var names []string
	for id := range known {
		name := string(id)
		shows := term.Printable(name) == name && strings.TrimSpace(name) == name && !strings.HasPrefix(name, "-")
		if shows && !fleet.IsLeftover(id.Account(oath.TypeUnknown)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (p *program) readLedger() *ledger.Ledger {
	path, err := open.LedgerPath()
	if err != nil {
		return new(ledger.Ledger)
	}
	l, err := ledger.Read(path)
	if err != nil {
		return new(ledger.Ledger)
	}
	return l
}

func (p *program) completeSerials(*cobra.Command, []string, string) (serials []string, _ cobra.ShellCompDirective) {
	for _, k := range p.open.KnownKeys() {
		serials = append(serials, fmt.Sprint(k.Serial))
	}
	return serials, cobra.ShellCompDirectiveNoFileComp
}

// completeTokens completes a list of tokens, separated by commas.
func (p *program) completeTokens(_ *cobra.Command, _ []string, word string) (lists []string, _ cobra.ShellCompDirective) {
	before := word[:strings.LastIndexByte(word, ',')+1]
	for _, k := range p.open.KnownKeys() {
		lists = append(lists, before+k.Name())
	}
	return append(lists, before+fleet.VaultName), cobra.ShellCompDirectiveNoFileComp
}
