package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/settings"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

func newConfigCommand(p *program) *cobra.Command {
	var asJSON bool
	meanings := term.Table{Rows: mapSlice(settings.Keys, func(k settings.Key) []string { return []string{"  " + k.String(), k.Meaning} })}
	c := &cobra.Command{
		Use:   "config",
		Short: "Show the settings, and where each comes from",
		Long: "Config shows what is set, and where. A setting is the value of a flag that is not\n" +
			"given. It is kept in a file, tokenctl/config.toml in $XDG_CONFIG_HOME, or else\n" +
			"in ~/.config (%LocalAppData% on Windows), in the table of the flag's command:\n\n" +
			"  [enroll]\n  to = [\"key:12345678\", \"key:23456789\", \"vault\"]\n\n" +
			"  [sheet]\n  paper = \"letter\"\n\n" +
			"A flag overrides the environment, the environment the file, and the file the\n" +
			"default. The file is refused if others can write to it, or if it has a key that\n" +
			"is not one of these:\n\n" + strings.Join(meanings.Lines(0, io.Discard), "\n"),
		Example: "  tokenctl config",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.config(c, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// configJSON is what is set, as other programs read it; docs/json.md describes it.
type configJSON struct {
	File     string        `json:"file"`
	Settings []settingJSON `json:"settings"`
}

type settingJSON struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
	From   string   `json:"from"` // "file", "default", or the environment's variable
	Line   int      `json:"line,omitempty"`
}

func (p *program) config(c *cobra.Command, asJSON bool) error {
	file, err := readSettings()
	if err != nil {
		return err
	}
	j := configJSON{File: file.Path}
	for _, k := range settings.Keys {
		of, _, err := c.Root().Find(strings.Fields(k.Command))
		if err == nil {
			_, err = file.Give(k.Command, of.Flags())
		}
		if err != nil {
			return err
		}
		row := settingJSON{Key: k.String(), Values: []string{}, From: "default"}
		if s := file.Get(k); s.Line > 0 {
			row.Values, row.From, row.Line = append(row.Values, s.Values...), "file", s.Line
		} else if usual := strings.Trim(of.Flag(k.Flag).DefValue, "[]"); usual != "" {
			row.Values = append(row.Values, usual)
		}
		j.Settings = append(j.Settings, row)
	}
	for _, place := range []struct {
		key, variable string
		path          func() (string, error)
	}{
		{"vault", "TOKENCTL_VAULT", open.VaultOptions{}.Folder},
		{"ledger", "TOKENCTL_LEDGER", open.LedgerPath},
	} {
		path, err := place.path()
		if err != nil {
			return err
		}
		row := settingJSON{Key: place.key, Values: []string{path}, From: "default"}
		if os.Getenv(place.variable) != "" {
			row.From = place.variable
		}
		j.Settings = append(j.Settings, row)
	}
	if asJSON {
		return p.PrintJSON(j)
	}
	p.PrintColumns(mapSlice(j.Settings, func(s settingJSON) []string {
		from := s.From
		if s.Line > 0 {
			from = fmt.Sprintf("line %d", s.Line)
		}
		return []string{s.Key, cmp.Or(strings.Join(s.Values, ","), "-"), from}
	}))
	p.Note("The settings file: %s", term.Printable(file.Path))
	return nil
}

func readSettings() (settings.File, error) {
	path, err := open.SettingsPath()
	if err != nil {
		return settings.File{}, err
	}
	return settings.Read(path)
}

// giveSettings gives a command's flags what the settings file says.
func (p *program) giveSettings(c *cobra.Command) error {
	name := strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" ")
	if !settings.Concern(name) {
		return nil
	}
	file, err := readSettings()
	if err == nil {
		p.settings, err = file.Give(name, c.Flags())
	}
	return err
}

// explainSettings names the settings whose values an error names: they are nowhere on the
// command line.
func (p *program) explainSettings(err error) {
	for _, s := range p.settings {
		named := func(value string) bool { return value != "" && strings.Contains(err.Error(), value) }
		if err != nil && slices.ContainsFunc(s.Values, named) {
			p.Note("  It is set as %s, in line %d of the settings file. See: tokenctl config", s.Key, s.Line)
		}
	}
}
