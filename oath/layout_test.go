package oath_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/tokenctl/tokenctl/"

// mayImport is what each package may import of this module.
var mayImport = map[string][]string{
	"oath":                   {},
	"oath/durable":           {},
	"oath/qr":                {"oath/qr/internal/page"},
	"oath/qr/internal/page":  {},
	"oath/otpauth":           {"oath"},
	"oath/ykoath":            {"oath"},
	"oath/vault":             {"oath", "oath/otpauth", "oath/durable"},
	"oath/virtualkey":        {"oath", "oath/durable"},
	"oath/fleet":             {"oath"},
	"oath/exchange":          {"oath", "oath/otpauth"},
	"oath/pcsc":              {"oath"},
	"oath/keys":              {"oath", "oath/pcsc", "oath/ykoath"},
	"oath/virtualkey/pcscd":  {"oath/virtualkey"},
	"oath/virtualkey/vktest": {"oath/oathtest", "oath/virtualkey", "oath/virtualkey/pcscd"},
	"oath/oathtest":          {"oath"},
	"oath/oathtest/pgtest":   {"oath/oathtest"},
	"backup":                 {"oath"},
	"backup/recognize":       {"backup", "oath"},
	"backup/services":        {"backup", "oath"},
	"backup/ledger":          {"oath", "backup", "oath/durable"},
	"backup/issuer":          {"oath/durable"},
	"backup/sheet":           {"oath", "oath/otpauth", "backup", "backup/sheet/line", "backup/sheet/layout"},
	"backup/sheet/line":      {},
	"backup/sheet/layout":    {"oath/qr", "backup/sheet/line"},
	"backup/sheet/sheettest": {"oath/qr"},
	"backup/store":           {"oath", "backup", "backup/ledger", "backup/services"},
	"backup/recovery": {
		"oath", "oath/fleet", "oath/otpauth",
		"backup", "backup/ledger", "backup/services", "backup/sheet", "backup/store",
	},
	"backup/issuer/issuertest": {"backup/issuer"},
	"cmd/virtualkey":           {"oath/virtualkey", "oath/virtualkey/pcscd"},
	"cmd/tokenctl/term":        {"oath"},
	"cmd/tokenctl/open": {
		"cmd/tokenctl/term", "backup", "backup/ledger", "backup/services", "backup/store",
		"oath", "oath/durable", "oath/fleet", "oath/keys", "oath/otpauth", "oath/pcsc", "oath/vault", "oath/ykoath",
	},
	"cmd/tokenctl/diagnose": {"cmd/tokenctl/open", "cmd/tokenctl/term", "backup/ledger", "oath", "oath/keys", "oath/pcsc", "oath/ykoath"},
	"cmd/tokenctl/capture":  {},
	"cmd/tokenctl/settings": {"cmd/tokenctl/term"},
	"cmd/tokenctl/shell":    {},
	"cmd/tokenctl/live":     {"cmd/tokenctl/term", "oath"},
	"cmd/tokenctl/paper":    {"cmd/tokenctl/capture", "cmd/tokenctl/term", "backup/sheet", "backup/sheet/layout", "oath/durable", "oath/otpauth", "oath/qr"},
}

// onlyImporter is who alone may import a module that needs hardware.
var onlyImporter = map[string]string{
	"github.com/ebfe/scard":        "oath/pcsc/*.go",
	"github.com/go-piv/piv-go/v2/": "oath/vault/piv*.go",
}

// forTests are packages that only tests import.
var forTests = []string{"oath/oathtest", "oath/virtualkey/vktest", "backup/sheet/sheettest", "backup/issuer/issuertest", "oath/oathtest/pgtest"}

// forbidden is what no package below cmd does: print, exit, start processes,
// read the environment or the clock.
var forbidden = []string{
	"os.Exit", "os.Getenv", "os.LookupEnv", "os.Environ", "os.ExpandEnv", "os.Stdin", "os.Stdout", "os.Stderr", "os.Args",
	"os.StartProcess", "os.UserHomeDir", "os.UserConfigDir", "os.UserCacheDir",
	"fmt.Print", "fmt.Printf", "fmt.Println", "fmt.Scan", "fmt.Scanf", "fmt.Scanln",
	"time.Now", "time.Since", "time.Until",
}

// startsProcesses is the package that is about running a program.
const startsProcesses = "oath/virtualkey/pcscd"

var forbiddenImports = []string{"os/exec", "log", "log/slog", "syscall/js", "testing", "flag"}

// A source is a Go file of this module that is no test.
type source struct {
	file string // its path in the module
	pkg  string // its folder
	ast  *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		file := filepath.ToSlash(strings.TrimPrefix(name, ".."+string(filepath.Separator)))
		hidden := strings.HasPrefix(d.Name(), ".") && name != ".."
		if d.IsDir() && (hidden || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, source{file, path.Dir(file), parsed})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("found %d files only", len(all))
	}
	return all
}

func (s source) imports() []string {
	var paths []string
	for _, spec := range s.ast.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, p)
	}
	return paths
}

func TestWhoImportsWhom(t *testing.T) {
	for _, s := range sources(t) {
		allowed, ruled := mayImport[s.pkg]
		if !ruled && s.pkg != "cmd/tokenctl" {
			t.Errorf("%s: no rule says what %s may import", s.file, s.pkg)
		}
		for _, imported := range s.imports() {
			ours, isOurs := strings.CutPrefix(imported, module)
			switch {
			case isOurs && slices.Contains(forTests, ours) && !slices.Contains(forTests, s.pkg):
				t.Errorf("%s imports %s, which is for tests", s.file, ours)
			case isOurs && s.pkg != "cmd/tokenctl" && !slices.Contains(allowed, ours):
				t.Errorf("%s imports %s; it may import %q", s.file, ours, allowed)
			}
			checkOnlyImporter(t, s.file, imported)
		}
	}
}

func checkOnlyImporter(t *testing.T, file, imported string) {
	t.Helper()
	for module, importer := range onlyImporter {
		if ok, _ := path.Match(importer, file); !ok && strings.HasPrefix(imported, module) {
			t.Errorf("%s imports %s, which only %s may", file, imported, importer)
		}
	}
}

func TestLibrariesLeaveTheProcessAlone(t *testing.T) {
	for _, s := range sources(t) {
		if strings.HasPrefix(s.pkg, "cmd/") || slices.Contains(forTests, s.pkg) {
			continue
		}
		for _, imported := range s.imports() {
			if slices.Contains(forbiddenImports, imported) && !(s.pkg == startsProcesses && imported == "os/exec") {
				t.Errorf("%s imports %s", s.file, imported)
			}
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && slices.Contains(forbidden, x.Name+"."+n.Sel.Name) {
					t.Errorf("%s uses %s.%s", s.file, x.Name, n.Sel.Name)
				}
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "print" || f.Name == "println") {
					t.Errorf("%s calls %s", s.file, f.Name)
				}
			}
			return true
		})
	}
}

// Whatever backup is made of, it reaches no network, no process and no reader.
func TestBackupIsOffline(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", module+"backup/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, dep := range strings.Fields(string(out)) {
		switch dep {
		case "net", "net/http", "os/exec", "github.com/ebfe/scard", module + "oath/pcsc":
			t.Errorf("backup depends on %s", dep)
		}
	}
}

// modulesOf are the modules of others that a program links with a package: what most
// programs use stays light, and to parse a URI takes no reader of QR codes. (pquerna/otp
// brings a writer of them along.)
var modulesOf = map[string][]string{
	"oath":         {"github.com/boombuler/barcode", "github.com/pquerna/otp", "golang.org/x/text"},
	"oath/ykoath":  {"github.com/boombuler/barcode", "github.com/pquerna/otp", "golang.org/x/text"},
	"oath/otpauth": {"github.com/boombuler/barcode", "github.com/pquerna/otp", "golang.org/x/text"},
	"oath/durable": {"golang.org/x/sys"},
}

// maxPackages bounds how many packages of others any of them links.
const maxPackages = 18

func TestLibrariesAreLight(t *testing.T) {
	for pkg, want := range modulesOf {
		out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", module+pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		linked := strings.Fields(string(out)) // one for each package
		linked = slices.DeleteFunc(linked, func(m string) bool { return m+"/" == module })
		count := len(linked)
		slices.Sort(linked)
		if linked = slices.Compact(linked); !slices.Equal(linked, want) || count > maxPackages {
			t.Errorf("%s links %d packages, of %q, want %q", pkg, count, linked, want)
		}
	}
}

// Every package says which of its types are safe for concurrent use: each that changes,
// as its methods show, in its own comment, and the others in that of the package.
func TestConcurrentUseIsDocumented(t *testing.T) {
	const word = "concurrent use"
	type kind struct{ doc, file string }
	says := make(map[string]bool)    // packages
	kinds := make(map[string]kind)   // types, by package and name
	changes := make(map[string]bool) // those with a method on a pointer, or that are interfaces
	for _, s := range sources(t) {
		if !strings.HasPrefix(s.pkg, "oath") && !strings.HasPrefix(s.pkg, "backup/issuer") || strings.Contains(s.pkg, "/internal/") {
			continue
		}
		says[s.pkg] = says[s.pkg] || strings.Contains(unwrapped(s.ast.Doc), word)
		for _, d := range s.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil || !d.Name.IsExported() || slices.Contains([]string{"Error", "Is", "Unwrap", "UnmarshalText"}, d.Name.Name) {
					continue
				}
				if star, ok := d.Recv.List[0].Type.(*ast.StarExpr); ok {
					changes[s.pkg+"."+star.X.(*ast.Ident).Name] = true
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					named, ok := spec.(*ast.TypeSpec)
					if !ok || !named.Name.IsExported() {
						continue
					}
					doc := named.Doc
					if doc == nil {
						doc = d.Doc
					}
					name := s.pkg + "." + named.Name.Name
					kinds[name] = kind{kinds[name].doc + unwrapped(doc), s.file} // of each system's file
					if _, ok := named.Type.(*ast.InterfaceType); ok {
						changes[name] = true
					}
				}
			}
		}
	}
	for pkg, said := range says {
		if !said {
			t.Errorf("%s: its comment does not say which types are safe for %s", pkg, word)
		}
	}
	for name, k := range kinds {
		if changes[name] && !strings.HasSuffix(name, "Error") && !strings.Contains(k.doc, word) {
			t.Errorf("%s: %s does not say whether it is safe for %s", k.file, name, word)
		}
	}
}

func unwrapped(doc *ast.CommentGroup) string { return strings.ReplaceAll(doc.Text(), "\n", " ") }
