// Package settings gives flags the values that their owner always wants.
//
// A setting is a flag of a command, and has its name: paper, in the table [sheet] of
// the file, is what "tokenctl sheet --paper" takes. A flag on the command line goes
// before the file, and so does one that excludes it.
package settings

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/pelletier/go-toml/v2/unstable"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

// A Key names a setting: a flag of a command.
type Key struct {
	Command string // whose table of the file it is in
	Flag    string
	Also    []string // commands that have the same flag
	Meaning string
}

// Keys are all settings.
var Keys = []Key{
	{"enroll", "to", []string{"import"}, `tokens to put accounts on: ["key:12345678", "vault"]`},
	{"sheet", "paper", []string{"enroll"}, `size of the paper: "a4" or "letter"`},
	{"sheet", "owner", nil, `whose the sheet is: a name, or how to reach you`},
	{"sheet", "printer", nil, `printer to use: its name, as in lpstat -e`},
	{"code", "clear-after", nil, `seconds that a copied code stays: 20`},
	{"code", "touch-command", []string{"compare", "enroll", "import", "restore", "sheet verify", "sync"}, `command that says that a key waits for a touch`},
}

func (k Key) String() string { return k.Command + "." + k.Flag }

// of reports whether a command, by its path without the program, has the setting's flag.
func (k Key) of(command string) bool { return k.Command == command || slices.Contains(k.Also, command) }

// A Setting is what the file says of a key.
type Setting struct {
	Key    Key
	Values []string // several of a list
	Line   int
}

// A File is the settings that a person wrote down, by key.
type File struct {
	Path     string
	Settings []Setting
}

var (
	// ErrInvalid says that the file is not what it should be; the error names the line.
	ErrInvalid = errors.New("invalid setting")

	// ErrInsecure says that somebody else can write to the file, which may name a command.
	ErrInsecure = errors.New("others can write to the settings")
)

// Remedies are for what is wrong with the file.
var Remedies = []term.Remedy{
	{Of: ErrInvalid, Exit: term.ExitUsage, Hint: "What can be set, and how: tokenctl config --help"},
	{Of: ErrInsecure, Exit: term.ExitUsage, Hint: "See that nobody changed it. Then make it yours alone: chown and chmod go-w"},
}

// maxSize is how long the file can be, in bytes.
const maxSize = 64 << 10

// Read reads the file at a path. One that is not there has no settings.
func Read(path string) (File, error) {
	f := File{Path: path}
	text, err := read(path)
	if err == nil {
		err = f.parse(text)
	}
	if err != nil {
		return f, fmt.Errorf("%s: %w", term.Printable(path), err)
	}
	return f, nil
}

// read opens the file without waiting for who may write into a pipe of its name.
func read(path string) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w: not a regular file", ErrInvalid)
	case info.Size() > maxSize:
		return nil, fmt.Errorf("%w: longer than %d KiB", ErrInvalid, maxSize>>10)
	}
	folder, err := os.Stat(filepath.Dir(path))
	if err == nil {
		err = cmp.Or(secure(info), secure(folder))
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(file, maxSize))
}

// parse reads TOML 1.0, as far as settings go: tables of words, numbers and lists.
func (f *File) parse(text []byte) error {
	var p unstable.Parser
	p.Reset(slices.Clip(text))
	var table []string
	for p.NextExpression() {
		var err error
		switch e := p.Expression(); e.Kind {
		case unstable.Table:
			table = words(e)
		case unstable.KeyValue:
			err = f.add(&p, table, e)
		default:
			line, name := lineOf(&p, e.Child().Raw), strings.Join(words(e), ".")
			err = fmt.Errorf("line %d: %w: [[%s]] should be [%[3]s]", line, ErrInvalid, name)
		}
		if err != nil {
			return err
		}
	}
	if bad := new(unstable.ParserError); errors.As(p.Error(), &bad) {
		return fmt.Errorf("line %d: %w: %s", lineOf(&p, p.Range(bad.Highlight)), ErrInvalid, bad.Message)
	}
	return p.Error()
}

func lineOf(p *unstable.Parser, r unstable.Range) int { return p.Shape(r).Start.Line }

// add takes a key and its value, or those of a table within the line.
func (f *File) add(p *unstable.Parser, table []string, n *unstable.Node) error {
	path := append(slices.Clone(table), words(n)...)
	if n.Value().Kind == unstable.InlineTable {
		for it := n.Value().Children(); it.Next(); {
			if err := f.add(p, path, it.Node()); err != nil {
				return err
			}
		}
		return nil
	}
	name, s := strings.Join(path, "."), Setting{Line: lineOf(p, n.Raw)}
	at := fmt.Sprintf("line %d", s.Line)
	i := slices.IndexFunc(Keys, func(k Key) bool { return k.String() == name })
	if i < 0 {
		return fmt.Errorf("%s: %w: unknown key %q%s", at, ErrInvalid, name, near(name))
	}
	s.Key = Keys[i]
	if before := f.Get(s.Key); before.Line > 0 {
		return fmt.Errorf("%s: %w: %s is set in line %d, too", at, ErrInvalid, name, before.Line)
	}
	elements := []*unstable.Node{n.Value()}
	if n.Value().Kind == unstable.Array {
		elements = nil
		for it := n.Value().Children(); it.Next(); {
			elements = append(elements, it.Node())
		}
	}
	for _, e := range elements {
		switch e.Kind {
		case unstable.String, unstable.Integer, unstable.Bool:
			s.Values = append(s.Values, string(e.Data))
		default:
			return fmt.Errorf("%s: %w: %s: a value in quotes, or a list of them", at, ErrInvalid, name)
		}
	}
	f.Settings = append(f.Settings, s)
	return nil
}

// words returns the parts of a key, or of a table's name.
func words(n *unstable.Node) (parts []string) {
	for it := n.Key(); it.Next(); {
		parts = append(parts, string(it.Node().Data))
	}
	return parts
}

// near suggests what an unknown name may have been meant to be.
func near(name string) string {
	flag := name[strings.LastIndexByte(name, '.')+1:]
	for _, k := range Keys {
		known := &cobra.Command{SuggestionsMinimumDistance: 2}
		known.AddCommand(&cobra.Command{Use: k.Flag, Run: func(*cobra.Command, []string) {}})
		if len(known.SuggestionsFor(flag)) > 0 {
			return fmt.Sprintf("; did you mean %s?", k)
		}
	}
	return ""
}

// Get returns what the file says of a key; a line of 0 is for nothing.
func (f *File) Get(k Key) Setting {
	for _, s := range f.Settings {
		if s.Key.String() == k.String() {
			return s
		}
	}
	return Setting{}
}

// Concern reports whether there are settings of a command, which is named by its path
// without the program.
func Concern(command string) bool {
	return slices.ContainsFunc(Keys, func(k Key) bool { return k.of(command) })
}

// Give gives a command's flags what the file says, and returns the settings it used:
// not those whose flag was given, or one that excludes it.
func (f *File) Give(command string, flags *pflag.FlagSet) (used []Setting, err error) {
	for _, s := range f.Settings {
		if !s.Key.of(command) || isGiven(flags, s.Key.Flag) {
			continue
		}
		value := flags.Lookup(s.Key.Flag).Value // not flags.Set, by which it would count as given
		switch list, isList := value.(pflag.SliceValue); {
		case isList:
			err = list.Replace(s.Values)
		case len(s.Values) == 1:
			err = value.Set(s.Values[0])
		default:
			err = errors.New("one value, not a list")
		}
		if err != nil {
			return used, fmt.Errorf("%s: line %d: %w: %s: %w", term.Printable(f.Path), s.Line, ErrInvalid, s.Key, err)
		}
		used = append(used, s)
	}
	return used, nil
}

// isGiven reports whether a flag was given, or one that cobra knows to exclude it.
func isGiven(flags *pflag.FlagSet, name string) bool {
	for _, group := range append(flags.Lookup(name).Annotations["cobra_annotation_mutually_exclusive"], name) {
		if slices.ContainsFunc(strings.Fields(group), flags.Changed) {
			return true
		}
	}
	return false
}
