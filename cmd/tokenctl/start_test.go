package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// mostPackages is how many packages are in the program, on Linux, those of Go included.
// Each may do work at every start; docs/performance.md says which do much.
const mostPackages = 380

// slowPackages did too much of it, or lead to others that do.
var slowPackages = []string{"google.golang.org/protobuf", "github.com/russross/blackfriday", "net/http", "html/template",
	"github.com/makiuchi-d/gozxing", "golang.org/x/text/encoding/ianaindex"}

func TestPackagesAtStart(t *testing.T) {
	packages := strings.Fields(goList(t, "-deps"))
	t.Logf("%d packages", len(packages))
	if len(packages) > mostPackages {
		t.Errorf("%d packages are in the program, more than %d: is each worth its work at every start?", len(packages), mostPackages)
	}
	for _, p := range packages {
		for _, slow := range slowPackages {
			if p == slow || strings.HasPrefix(p, slow+"/") {
				t.Errorf("%s is in the program", p)
			}
		}
	}
	root, err := os.ReadFile("root.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, setter := range []string{"SetHelpTemplate", "SetUsageTemplate", "SetVersionTemplate"} {
		if strings.Contains(string(root), setter) {
			t.Errorf("%s keeps text/template in the program, and every method that it might call", setter)
		}
	}
}

// TestCodeAlone makes sure that code is made without the other commands, and is the same.
func TestCodeAlone(t *testing.T) {
	alone := newRootCommand(&program{}, "code", "github")
	if n := len(alone.Commands()); n != 1 {
		t.Fatalf("%d commands are made for one", n)
	}
	code := alone.Commands()[0]
	all, _, err := newRootCommand(&program{}).Find([]string{"code"})
	if err != nil {
		t.Fatal(err)
	}
	names := func(f *pflag.FlagSet) (names []string) {
		f.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		return names
	}
	if !slices.Equal(names(code.Flags()), names(all.Flags())) || code.CommandPath() != all.CommandPath() {
		t.Errorf("%s has the flags %q, want %q", code.CommandPath(), names(code.Flags()), names(all.Flags()))
	}
}
